package plan

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"smpcheck/vectors"
)

func planCommands(b builder, g *vectors.Group, t *vectors.Test) ([]Call, error) {
	switch g.Name {
	case "parse", "mutated":
		return command.parsed(b, t)
	case "credentials":
		return planCredentials(b, t)
	}
	var in object
	if err := json.Unmarshal(t.Inputs, &in); err != nil {
		return nil, err
	}
	value, err := officialCommand(in.without("versions"))
	if err != nil {
		return nil, err
	}
	calls, versions, err := command.encoded(b, t, value)
	if err != nil {
		return nil, err
	}
	decoded, err := command.decoded(b, t)
	if err != nil {
		return nil, err
	}
	calls = append(calls, decoded...)
	if len(Unused("commands", t)) > 0 || in.has("command", "NEW") && guessesMode(versions, in.isNull("queue_req_data")) {
		return calls, nil
	}
	same, err := command.same(b, t, versions, value)
	return append(calls, same...), err
}

// guessesMode reports whether a queue without mode is taken for one of the mode contact,
// because the versions send only whether the mode is messaging.
func guessesMode(versions []uint16, none bool) bool {
	return none && len(versions) > 0 && versions[0] >= 9 && versions[0] < 15
}

func (o object) has(name, text string) bool {
	var found string
	return json.Unmarshal(o[name], &found) == nil && found == text
}

// officialCommand gives the inputs of an official test the form of the dictionary.
func officialCommand(in object) (object, error) {
	switch {
	case in.has("command", "SUBS"), in.has("command", "NSUBS"):
		in.nulls("count", "ids_hash")
	case in.has("command", "NEW"):
		var request object
		if err := in.take("queue_req_data", &request); err != nil {
			return nil, err
		}
		if request != nil {
			request.nulls("link_id", "sender_id", "link_data")
		}
		return in, in.set("queue_req_data", request)
	case in.has("command", "PRXY"):
		var address string
		if err := in.take("server", &address); err != nil {
			return nil, err
		}
		relay, err := officialRelay(address)
		if err != nil {
			return nil, err
		}
		return in, in.set("server", relay)
	}
	return in, nil
}

// officialRelay takes the address of a relay apart whose hosts are names.
func officialRelay(address string) (fields, error) {
	rest, ok := strings.CutPrefix(address, "smp://")
	hash, location, found := strings.Cut(rest, "@")
	if !ok || !found {
		return nil, fmt.Errorf("%w: the address is %q", errOfficial, address)
	}
	keyHash, err := base64.URLEncoding.Strict().DecodeString(hash)
	if err != nil {
		return nil, err
	}
	hosts, port, _ := strings.Cut(location, ":")
	return fields{"hosts": strings.Split(hosts, ","), "port": port, "key_hash": vectors.Hex(keyHash)}, nil
}

func planCredentials(b builder, t *vectors.Test) ([]Call, error) {
	var in struct {
		Group     string `json:"group"`
		Command   string `json:"command"`
		HasAuth   bool   `json:"has_authorization"`
		HasEntity bool   `json:"has_entity_id"`
	}
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	id := strings.Join([]string{"credentials", in.Command, given("auth", in.HasAuth), given("entity", in.HasEntity)}, "/")
	return command.presence(b, t, "check_credentials", id,
		fields{"tag": in.Command, "has_authorization": in.HasAuth, "has_entity_id": in.HasEntity})
}

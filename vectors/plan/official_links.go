package plan

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"smpcheck/vectors"
)

// linkGroups has the planner for each group of the official links.
var linkGroups = map[string]planner{
	"queue_uri":  planQueueURI,
	"contact":    planFullLink,
	"invitation": planFullLink,
	"short":      planShortLink,
	"parse":      planLinkText,
	"link_data":  planLinkData,
	"link_kdf":   planLinkSecrets,
}

func planLinks(b builder, g *vectors.Group, t *vectors.Test) ([]Call, error) {
	if plan, ok := linkGroups[g.Name]; ok {
		return plan(b, g, t)
	}
	return nil, ErrNoPlan
}

// step is a call that a planner wants: an operation with its values.
type step struct {
	operation string
	values    fields
}

// all makes calls that all have to be answered.
func (b builder) all(steps ...step) ([]Call, error) {
	calls := make([]Call, len(steps))
	for i, s := range steps {
		var err error
		if calls[i], err = b.expect(s.operation, s.values); err != nil {
			return nil, err
		}
	}
	return calls, nil
}

// merge returns the values of all sets; of a name that is in several the last counts.
func merge(sets ...fields) fields {
	merged := fields{}
	for _, set := range sets {
		for name, value := range set {
			merged[name] = value
		}
	}
	return merged
}

// officialQueue has the inputs of queue URIs, and of full links with one queue.
type officialQueue struct {
	ClientVersions [2]uint16   `json:"client_versions"`
	DHKey          vectors.Hex `json:"dh_key"`
	QueueMode      *string     `json:"queue_mode"`
	SenderID       vectors.Hex `json:"sender_id"`
	Server         string      `json:"server"`
}

func (q officialQueue) fields() (fields, error) {
	values, err := relayFields(q.Server)
	return merge(values, fields{
		"client_versions": q.ClientVersions, "dh_key": q.DHKey, "sender_id": q.SenderID, "queue_mode": q.QueueMode,
	}), err
}

// relayFields takes the address of a relay apart: "smp://[FINGERPRINT]@HOSTS[:PORT]".
func relayFields(text string) (fields, error) {
	rest, ok := strings.CutPrefix(text, "smp://")
	hash, location, found := strings.Cut(rest, "@")
	if !ok || !found {
		return nil, fmt.Errorf("expected the address of a relay, got %q", text)
	}
	keyHash, err := base64.URLEncoding.Strict().DecodeString(hash)
	if err != nil {
		return nil, err
	}
	hosts, port, _ := strings.Cut(location, ":")
	return fields{"key_hash": vectors.Hex(keyHash), "hosts": strings.Split(hosts, ","), "port": port}, nil
}

func planQueueURI(b builder, _ *vectors.Group, t *vectors.Test) ([]Call, error) {
	var in struct {
		officialQueue
		AgentVersions [2]uint16 `json:"agent_versions"` // of the link that the queue was made for
		Scheme        string    `json:"scheme"`         // the same
	}
	var text string
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	if err := t.Output.Decode(&text); err != nil {
		return nil, err
	}
	queue, err := in.fields()
	if err != nil {
		return nil, err
	}
	return b.all(
		step{"format_queue_uri", merge(queue, fields{"canonical": text})},
		step{"encode_queue_uri", merge(queue, fields{"encoded": t.Binary})},
		step{"parse_queue_uri", merge(queue, fields{"text": text, "canonical": t.DecodedAgain})},
		step{"decode_queue_uri", fields{
			"encoded": t.Binary, "recoded": t.BinaryDecodedAgain,
			"client_versions": in.ClientVersions, "sender_id": in.SenderID, "dh_key": in.DHKey, "hosts": queue["hosts"],
		}},
	)
}

// officialLink has the inputs of full links.
type officialLink struct {
	officialQueue
	AgentVersions [2]uint16   `json:"agent_versions"`
	Scheme        string      `json:"scheme"`
	E2EVersions   [2]uint16   `json:"e2e_versions"`
	Key1          vectors.Hex `json:"key1"`
	Key2          vectors.Hex `json:"key2"`
	KEMKey        vectors.Hex `json:"kem_key"`
	QueueURIs     []string    `json:"queue_uris"`
	ClientData    *string     `json:"client_data"`
}

// planFullLink plans full links. Queue and end-to-end parameters are given as fields,
// operations on links want their texts: these are taken from the link, and it is asked
// for that they belong to the fields.
func planFullLink(b builder, g *vectors.Group, t *vectors.Test) ([]Call, error) {
	var in officialLink
	var text string
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	if err := t.Output.Decode(&text); err != nil {
		return nil, err
	}
	_, query, _ := strings.Cut(text, "#/?")
	parameters, err := url.ParseQuery(query)
	if err != nil {
		return nil, err
	}
	var steps []step
	link := fields{
		"mode": g.Name, "web_server": nil, "e2e": nil, "queues": in.QueueURIs,
		"agent_versions": in.AgentVersions, "client_data": in.ClientData,
	}
	if in.QueueURIs == nil {
		queue, err := in.officialQueue.fields()
		if err != nil {
			return nil, err
		}
		link["queues"] = parameters["smp"]
		steps = append(steps, step{"format_queue_uri", merge(queue, fields{"canonical": parameters.Get("smp")})})
	}
	for _, uri := range in.QueueURIs {
		steps = append(steps, step{"parse_queue_uri", fields{"text": uri, "canonical": uri}})
	}
	if parameters.Has("e2e") {
		link["e2e"] = parameters.Get("e2e")
	}
	if in.Key1 != nil {
		steps = append(steps, step{"format_e2e_parameters", fields{
			"e2e_versions": in.E2EVersions, "key1": in.Key1, "key2": in.Key2,
			"kem_key": orNull(in.KEMKey), "canonical": link["e2e"],
		}})
	}
	if in.Scheme != "" && in.Scheme != "simplex" {
		link["web_server"] = in.Scheme
	}
	return b.all(append(steps,
		step{"format_connection_link", merge(link, fields{"text": text})},
		step{"encode_connection_link", merge(link, fields{"encoded": t.Binary})},
		step{"parse_connection_link", fields{
			"text": text, "canonical": t.DecodedAgain, "mode": g.Name,
			"web_server": link["web_server"], "e2e": link["e2e"], "client_data": in.ClientData,
		}},
		step{"decode_connection_link", fields{
			"encoded": t.Binary, "recoded": t.BinaryDecodedAgain, "mode": g.Name,
			"agent_versions": in.AgentVersions, "client_data": in.ClientData,
		}},
	)...)
}

// orNull returns bytes for a field that may be null.
func orNull(b vectors.Hex) any {
	if b == nil {
		return nil
	}
	return b
}

// officialTypes are the types of short links by the names that the official code has.
var officialTypes = map[string]string{"": "i", "CCTContact": "a", "CCTChannel": "c", "CCTGroup": "g", "CCTRelay": "r"}

func planShortLink(b builder, _ *vectors.Group, t *vectors.Test) ([]Call, error) {
	var in struct {
		LinkID  vectors.Hex `json:"link_id"`
		LinkKey vectors.Hex `json:"link_key"`
		Scheme  string      `json:"scheme"`
		Server  string      `json:"server"`
		Type    string      `json:"type"`
		Link    string      `json:"link"` // to be shortened
		Presets []string    `json:"presets"`
	}
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	if in.Link != "" {
		var out struct{ Restored, Shortened string }
		if err := t.Output.Decode(&out); err != nil {
			return nil, err
		}
		return b.all(
			step{"parse_short_link", fields{"text": in.Link, "canonical": in.Link}},
			step{"shorten_link", fields{
				"link": in.Link, "presets": in.Presets, "shortened": out.Shortened, "restored": out.Restored,
			}},
		)
	}
	var text string
	if err := t.Output.Decode(&text); err != nil {
		return nil, err
	}
	kind, known := officialTypes[in.Type]
	web := in.Scheme == "server"
	if !known || !web && in.Scheme != "simplex" {
		return nil, fmt.Errorf("unknown type %q or scheme %q", in.Type, in.Scheme)
	}
	relay, err := relayFields(in.Server)
	if err != nil {
		return nil, err
	}
	link := merge(relay, fields{"type": kind, "web": web, "link_id": orNull(in.LinkID), "link_key": in.LinkKey})
	return b.all(
		step{"format_short_link", merge(link, fields{"canonical": text})},
		step{"encode_short_link", merge(link, fields{"encoded": t.Binary})},
		step{"parse_short_link", merge(link, fields{"text": text, "canonical": t.DecodedAgain, "encoded": t.Binary})},
		step{"decode_short_link", merge(link, fields{"encoded": t.Binary, "canonical": t.BinaryDecodedAgain})},
	)
}

// planLinkText plans texts that were parsed and encoded again; the id tells those that
// were parsed as queue URIs.
func planLinkText(b builder, _ *vectors.Group, t *vectors.Test) ([]Call, error) {
	var in struct{ URI string }
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	operation := "parse_link"
	if strings.HasPrefix(t.ID, "parse/queue_uri/") || strings.HasPrefix(t.ID, "uri/queueUris/") {
		operation = "parse_queue_uri"
	}
	if t.Invalid() {
		call, err := b.refuse(operation, "", fields{"text": in.URI})
		return []Call{call}, err
	}
	var text string
	if err := t.Output.Decode(&text); err != nil {
		return nil, err
	}
	if in.URI != text && !slices.Contains(t.Flags, "ReencodedDifferently") {
		return nil, fmt.Errorf("the text comes back as another one, but there is no flag for it")
	}
	return b.all(step{operation, fields{"text": in.URI, "canonical": text}})
}

func planLinkSecrets(b builder, _ *vectors.Group, t *vectors.Test) ([]Call, error) {
	var in struct {
		LinkKey vectors.Hex `json:"link_key"`
	}
	var out struct {
		ContactLinkID    vectors.Hex `json:"contact_link_id"`
		ContactSecret    vectors.Hex `json:"contact_secretbox_key"`
		InvitationSecret vectors.Hex `json:"invitation_secretbox_key"`
	}
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	if err := t.Output.Decode(&out); err != nil {
		return nil, err
	}
	return b.all(step{"derive_link_secrets", fields{
		"link_key": in.LinkKey, "contact_link_id": out.ContactLinkID,
		"contact_secret": out.ContactSecret, "invitation_secret": out.InvitationSecret,
	}})
}

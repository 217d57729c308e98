package plan

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"smpcheck/vectors"
)

func planResponses(b builder, g *vectors.Group, t *vectors.Test) ([]Call, error) {
	switch g.Name {
	case "parse", "mutated":
		return response.parsed(b, t)
	case "entity":
		return planEntity(b, t)
	}
	var in object
	if err := json.Unmarshal(t.Inputs, &in); err != nil {
		return nil, err
	}
	value, err := officialResponse(in.without("versions"))
	if err != nil {
		return nil, err
	}
	calls, versions, err := response.encoded(b, t, value)
	if err != nil {
		return nil, err
	}
	if t.Decode != nil {
		decoded, err := planDecodedError(b, t, versions, value)
		return append(calls, decoded...), err
	}
	decoded, err := response.decoded(b, t)
	if err != nil {
		return nil, err
	}
	calls = append(calls, decoded...)
	substituted := in.has("response", "SOK") && versions[0] < 16 || in.has("response", "DELD") && versions[0] < 10
	guessed := in.has("response", "IDS") && guessesMode(versions, in.isNull("queue_mode"))
	if substituted || guessed || len(Unused("responses", t)) > 0 {
		return calls, nil
	}
	same, err := response.same(b, t, versions, value)
	return append(calls, same...), err
}

// officialResponse gives the inputs of an official test the form of the dictionary.
func officialResponse(in object) (object, error) {
	var tag string
	if err := json.Unmarshal(in["response"], &tag); err != nil {
		return nil, err
	}
	convert, ok := officialForms[tag]
	if !ok {
		return in, nil
	}
	return in, convert(in)
}

// officialForms are the responses that official files write in another way.
var officialForms = map[string]func(object) error{
	"IDS":  officialIDS,
	"LNK":  officialLNK,
	"SOKS": officialCount,
	"ENDS": officialCount,
	"PKEY": officialPKEY,
	"INFO": officialINFO,
	"ERR":  officialERR,
}

func officialIDS(in object) error {
	var mode *string
	if err := in.take("queue_mode", &mode); err != nil {
		return err
	}
	if mode != nil {
		name, ok := map[string]string{"M": "messaging", "C": "contact"}[*mode]
		if !ok {
			return fmt.Errorf("%w: the mode is %q", errOfficial, *mode)
		}
		mode = &name
	}
	return in.set("queue_mode", mode)
}

func officialLNK(in object) error {
	if sender, ok := in["snd_id"]; ok {
		delete(in, "snd_id")
		in["sender_id"] = sender
	}
	return nil
}

func officialCount(in object) error {
	in.nulls("ids_hash")
	var count int64
	if err := in.take("count", &count); err != nil {
		return err
	}
	return in.set("count", strconv.FormatInt(count, 10))
}

func officialPKEY(in object) error {
	var chainKey vectors.Hex
	var versionRange string
	if err := in.take("cert_chain_key", &chainKey); err != nil {
		return err
	}
	if err := in.take("version_range", &versionRange); err != nil {
		return err
	}
	low, high, _ := strings.Cut(versionRange, "-")
	lowest, err := strconv.ParseUint(low, 10, 16)
	if err != nil {
		return err
	}
	highest, err := strconv.ParseUint(high, 10, 16)
	if err != nil {
		return err
	}
	if err := in.set("version_range", []uint64{lowest, highest}); err != nil {
		return err
	}
	parts, err := largeStrings(chainKey)
	if err != nil {
		return err
	}
	last := len(parts) - 1
	if err := in.set("chain", parts[:last]); err != nil {
		return err
	}
	return in.set("signed_key", parts[last])
}

// largeStrings reads a list of strings with a length of 16 bits and one more such string.
func largeStrings(b []byte) ([]vectors.Hex, error) {
	malformed := fmt.Errorf("%w: chain and key are malformed", errOfficial)
	if len(b) == 0 {
		return nil, malformed
	}
	parts, count := []vectors.Hex{}, int(b[0])+1
	b = b[1:]
	for range count {
		if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
			return nil, malformed
		}
		end := 2 + int(binary.BigEndian.Uint16(b))
		parts, b = append(parts, b[2:end]), b[end:]
	}
	if len(b) > 0 {
		return nil, malformed
	}
	return parts, nil
}

func officialINFO(in object) error {
	var info, subscription object
	if err := in.take("info_json", &info); err != nil {
		return err
	}
	if err := info.take("qiSub", &subscription); err != nil {
		return err
	}
	if subscription != nil {
		subscription.nulls("qDelivered")
	}
	if err := info.set("qiSub", subscription); err != nil {
		return err
	}
	var size int64
	if err := info.take("qiSize", &size); err != nil {
		return err
	}
	if err := info.set("qiSize", strconv.FormatInt(size, 10)); err != nil {
		return err
	}
	info.nulls("qiMsg")
	return in.set("info", info)
}

func planEntity(b builder, t *vectors.Test) ([]Call, error) {
	var in struct {
		Group     string `json:"group"`
		Response  string `json:"response"`
		HasEntity bool   `json:"has_entity_id"`
	}
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	id := strings.Join([]string{"entity", in.Response, given("entity", in.HasEntity)}, "/")
	return response.presence(b, t, "check_entity", id, fields{"tag": in.Response, "has_entity_id": in.HasEntity})
}

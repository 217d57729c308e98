package plan

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"

	"smpcheck/vectors"
)

// planAgent plans the tests of what two agents write to each other.
func planAgent(b builder, g *vectors.Group, t *vectors.Test) ([]Call, error) {
	plan, ok := agentGroups[g.Name]
	if !ok {
		return nil, ErrNoPlan
	}
	c := &calls{builder: b}
	if err := plan(c, t); err != nil {
		return nil, err
	}
	return c.done()
}

var agentGroups = map[string]func(*calls, *vectors.Test) error{
	"envelope":      planAgentEnvelope,
	"e2e params":    planAgentParameters,
	"agent_message": planAgentMessage,
	"a_message":     planAMessage,
	"queue_info":    planQueueInfo,
}

// agentTestName returns the part of an id after the group, up to the next slash.
func agentTestName(t *vectors.Test) string {
	parts := strings.Split(t.ID, "/")
	if len(parts) < 2 {
		return ""
	}
	return parts[1]
}

// parse plans a test whose bytes a decoder accepts or refuses.
func (c *calls) parse(t *vectors.Test, decode, recode string) error {
	var in struct{ Bytes vectors.Hex }
	if err := t.Inputs.Decode(&in); err != nil {
		return err
	}
	given := fields{"encoded": in.Bytes}
	if t.Invalid() {
		c.refuse(decode, "", given)
		return nil
	}
	var out vectors.Hex
	if err := t.Output.Decode(&out); err != nil {
		return err
	}
	given["recoded"] = out
	c.expect(recode, given)
	return nil
}

// both adds encoding and decoding of the same fields.
func (c *calls) both(encode, decode string, in fields) {
	c.expect(encode, in)
	c.expect(decode, in)
}

type officialEnvelope struct {
	Kind            string
	Version         uint16       `json:"agent_version"`
	Parameters      *vectors.Hex `json:"e2e_params"`
	Key1, Key2      vectors.Hex
	EncConnInfo     vectors.Hex `json:"enc_conn_info"`
	EncAgentMessage vectors.Hex `json:"enc_agent_message"`
	Request         string      `json:"connection_request"`
	ConnInfo        vectors.Hex `json:"conn_info"`
	Info            vectors.Hex
}

// content returns the envelope's content in the form of the dictionary.
func (in officialEnvelope) content() (fields, bool) {
	switch in.Kind {
	case "C":
		return fields{"type": "AgentConfirmation", "parameters": in.Parameters, "encrypted": in.EncConnInfo}, true
	case "M":
		return fields{"type": "AgentMsgEnvelope", "encrypted": in.EncAgentMessage}, true
	case "I":
		return fields{"type": "AgentInvitation", "request": in.Request, "info": in.ConnInfo}, true
	case "R":
		return fields{"type": "AgentRatchetKey", "parameters": in.Parameters, "info": in.Info}, true
	}
	return nil, false
}

func planAgentEnvelope(c *calls, t *vectors.Test) error {
	if agentTestName(t) == "parse" {
		return c.parse(t, "decode_agent_envelope", "recode_agent_envelope")
	}
	var in officialEnvelope
	var out vectors.Hex
	if err := decodeBoth(t, &in, &out); err != nil {
		return err
	}
	content, ok := in.content()
	if !ok {
		return ErrNoPlan
	}
	c.both("encode_agent_envelope", "decode_agent_envelope", fields{"agent_version": in.Version, "content": content, "encoded": out})
	if in.Parameters != nil {
		c.parameterKeys(*in.Parameters, in.Key1, in.Key2, nil)
	} else if in.Key1 != nil {
		c.x448Key(in.Key1)
		c.x448Key(in.Key2)
	}
	return nil
}

// x448KeySize is the length of a bare X448 key, which ends its SubjectPublicKeyInfo.
const x448KeySize = 56

// x448Key adds the call that takes a key apart, and returns the bare key.
func (c *calls) x448Key(der vectors.Hex) vectors.Hex {
	raw := der[max(0, len(der)-x448KeySize):]
	c.expect("decode_public_key", fields{"public_der": der, "algorithm": "X448", "public_raw": raw})
	return raw
}

// parameterKeys adds the call that finds two keys in ratchet parameters, and what else is
// known of them.
func (c *calls) parameterKeys(parameters, key1, key2 vectors.Hex, more fields) {
	all := fields{"encoded": parameters, "key1": c.x448Key(key1), "key2": c.x448Key(key2)}
	maps.Copy(all, more)
	c.expect("decode_ratchet_parameters", all)
}

// planAgentParameters plans ratchet parameters, of which the id tells the version and
// whether they have a key encapsulation: its parts are taken from the output.
func planAgentParameters(c *calls, t *vectors.Test) error {
	var in struct{ Key1, Key2 vectors.Hex }
	var out vectors.Hex
	if err := decodeBoth(t, &in, &out); err != nil {
		return err
	}
	name, kem, _ := strings.Cut(agentTestName(t), " ")
	version, err := strconv.ParseUint(strings.TrimPrefix(name, "v"), 10, 16)
	if err != nil {
		return ErrNoPlan
	}
	known := fields{"version": version, "kem": nil}
	if kem != "" {
		known["kem"] = kemParameters(out, in.Key1, in.Key2)
	}
	c.parameterKeys(out, in.Key1, in.Key2, known)
	c.expect("encode_ratchet_parameters", merge(known, fields{
		"encoded": out, "key1": c.x448Key(in.Key1), "key2": c.x448Key(in.Key2),
	}))
	return nil
}

// kemParameters takes the KEM parameters from ratchet parameters, where they follow the
// version and two short strings: '1', then 'P' and the key, or 'A', the ciphertext and the
// key, each with its 16 bit length.
func kemParameters(parameters, key1, key2 vectors.Hex) fields {
	const word16 = 2
	rest := parameters[min(len(parameters), word16+1+len(key1)+1+len(key2)):]
	large := func() vectors.Hex {
		if len(rest) < word16 {
			return nil
		}
		n := min(len(rest), word16+int(rest[0])<<8+int(rest[1]))
		value := rest[word16:n]
		rest = rest[n:]
		return value
	}
	tag, found := strings.CutPrefix(string(rest[:min(len(rest), 2)]), "1")
	if !found {
		return nil
	}
	rest = rest[2:]
	kem := fields{"ciphertext": nil}
	if tag == "A" {
		kem["ciphertext"] = large()
	}
	kem["public_key"] = large()
	return kem
}

func planQueueInfo(c *calls, t *vectors.Test) error {
	var in struct {
		ClientVersion uint16      `json:"client_version"`
		DHKey         vectors.Hex `json:"dh_key"`
		QueueMode     *string     `json:"queue_mode"`
		officialAddress
	}
	var out vectors.Hex
	if err := decodeBoth(t, &in, &out); err != nil {
		return err
	}
	c.expect("encode_reply_queue", fields{
		"client_version": in.ClientVersion, "server": in.Server, "sender_id": in.SenderID, "dh_key": in.DHKey,
		"queue_mode": in.QueueMode, "encoded": out,
	})
	c.expect("recode_reply_queue", fields{"encoded": out, "recoded": t.DecodedAgain})
	return nil
}

type officialAddress struct {
	Server   string      `json:"server"`
	SenderID vectors.Hex `json:"sender_id"`
}

func (a officialAddress) fields() fields {
	return fields{"server": a.Server, "sender_id": a.SenderID}
}

// unusedByAgents returns the paths of values that a codec must not depend on: keys beside
// parameters that are not there; the key of a key encapsulation, which stands in the
// output alone; hosts that client version 1 does not write.
func unusedByAgents(t *vectors.Test) []string {
	var in struct {
		Parameters *vectors.Hex `json:"e2e_params"`
		Version    uint16       `json:"client_version"`
		Server     string
	}
	if json.Unmarshal(t.Inputs, &in) != nil {
		return nil
	}
	group, _, _ := strings.Cut(t.ID, "/")
	switch {
	case group == "envelope" && in.Parameters == nil:
		return []string{"inputs.key1", "inputs.key2"}
	case group == "e2e params" && strings.Contains(t.ID, " kem "):
		return []string{"output"}
	case group == "queue_info" && in.Version == 1 && strings.Contains(in.Server, ","):
		return []string{"inputs.server"}
	}
	return nil
}

package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"smpcheck/vectors"
)

// planTransmissions plans the tests of transmissions and of the contents of blocks.
func planTransmissions(b builder, g *vectors.Group, t *vectors.Test) ([]Call, error) {
	if plan, ok := transmissionGroups[g.Name]; ok {
		return plan(&calls{builder: b}, t)
	}
	return nil, ErrNoPlan
}

var transmissionGroups = map[string]func(*calls, *vectors.Test) ([]Call, error){
	"unsigned":        planUnsigned,
	"signed":          planSigned,
	"service command": planServiceCommand,
	"response":        planResponseTransmission,
	"batch":           planBatch,
	"decode":          planReceived,
}

// session are the inputs that all transmissions have.
type session struct {
	CorrelationID vectors.Hex `json:"correlation_id"`
	EntityID      vectors.Hex `json:"entity_id"`
	SessionID     vectors.Hex `json:"session_id"`
	Version       uint16      `json:"version"`
}

func (s session) fields(command vectors.Hex) fields {
	return fields{
		"version": s.Version, "session_id": s.SessionID, "correlation_id": s.CorrelationID,
		"entity_id": s.EntityID, "command": command,
	}
}

// with returns the fields and more of them.
func with(base, more fields) fields {
	all := fields{}
	for _, part := range []fields{base, more} {
		for name, value := range part {
			all[name] = value
		}
	}
	return all
}

// onlyTransmission returns the transmission in the content of a block that has one.
func onlyTransmission(content vectors.Hex) (vectors.Hex, error) {
	if len(content) < 3 || content[0] != 1 || int(content[1])<<8|int(content[2]) != len(content)-3 {
		return nil, fmt.Errorf("the content of a block is not one transmission: %d bytes", len(content))
	}
	return content[3:], nil
}

// inBlock adds the calls for the content of a block with one transmission.
func (c *calls) inBlock(content vectors.Hex) vectors.Hex {
	transmission, err := onlyTransmission(content)
	if err != nil && c.err == nil {
		c.err = err
	}
	all := fields{"transmissions": []vectors.Hex{transmission}, "content": content}
	c.expect("encode_block", all)
	c.expect("decode_block", all)
	return transmission
}

// versionInID makes sure that the version is the one that the test's id names: it changes
// nothing in some of the tests, and nobody would notice a wrong copy of it.
func (c *calls) versionInID(id string, version uint16) {
	for _, part := range strings.Split(id, "/") {
		if part == fmt.Sprintf("v%d", version) {
			return
		}
	}
	if c.err == nil {
		c.err = fmt.Errorf("the id %q does not name version %d", id, version)
	}
}

func planUnsigned(c *calls, t *vectors.Test) ([]Call, error) {
	var in struct {
		session
		Command vectors.Hex `json:"command"`
	}
	var out struct {
		Content vectors.Hex `json:"block_content"`
		ToSend  vectors.Hex `json:"to_send"`
	}
	if err := decodeBoth(t, &in, &out); err != nil {
		return nil, err
	}
	c.versionInID(t.ID, in.Version)
	bare := in.fields(in.Command)
	all := with(bare, fields{"authorization": "", "service_signature": nil, "transmission": c.inBlock(out.Content)})
	c.expect("unauthorized_part", with(bare, fields{"to_send": out.ToSend}))
	c.expect("encode_transmission", all)
	c.expect("decode_transmission", all)
	c.covered(in.session, in.Command, nil)
	return c.done()
}

// covered adds the call for the bytes that authorizations cover, given as a whole or, if
// nil, made of the parts.
func (c *calls) covered(s session, command, authorized vectors.Hex) {
	if authorized == nil {
		for _, part := range []vectors.Hex{s.SessionID, s.CorrelationID, s.EntityID} {
			authorized = append(append(authorized, byte(len(part))), part...)
		}
		authorized = append(authorized, command...)
	}
	c.expect("unauthorized_part", with(s.fields(command), fields{"authorized": authorized}))
}

func planSigned(c *calls, t *vectors.Test) ([]Call, error) {
	switch {
	case strings.Contains(t.ID, "/verify/"):
		return planVerdict(c, t)
	case t.Invalid():
		return planNoServerKey(c, t)
	}
	var in struct {
		session
		Command     vectors.Hex  `json:"command"`
		Key         vectors.Key  `json:"key"`
		KeyType     string       `json:"key_type"`
		ServerKey   vectors.Key  `json:"server_key"`
		Fingerprint *vectors.Hex `json:"service_cert_fingerprint"`
		ServiceKey  *vectors.Key `json:"service_key"`
	}
	var out struct {
		Authorization vectors.Hex  `json:"authorization"`
		Content       vectors.Hex  `json:"block_content"`
		ServiceSig    *vectors.Hex `json:"service_signature"`
		ServicePart   vectors.Hex  `json:"service_signed_part"`
		SignedPart    vectors.Hex  `json:"signed_part"`
		ToSend        vectors.Hex  `json:"to_send"`
	}
	if err := decodeBoth(t, &in, &out); err != nil {
		return nil, err
	}
	c.versionInID(t.ID, in.Version)
	c.typedPair(in.Key, keyTypes[in.KeyType])
	c.pair(in.ServerKey)
	bare := in.fields(in.Command)
	c.expect("unauthorized_part", with(bare, fields{"to_send": out.ToSend}))
	transmission := c.inBlock(out.Content)
	parts := with(bare, fields{"authorization": out.Authorization, "service_signature": out.ServiceSig, "transmission": transmission})
	c.expect("encode_transmission", parts)
	c.expect("decode_transmission", parts)
	authorize := with(parts, fields{
		"queue_private_key": in.Key.PrivateDER, "relay_public_key": in.ServerKey.PublicDER,
		"service_fingerprint": in.Fingerprint, "service_private_key": nil, "authorized": out.SignedPart,
	})
	verify := with(parts, fields{
		"queue_key": in.Key.PublicDER, "relay_private_key": in.ServerKey.PrivateDER,
		"service_fingerprint": in.Fingerprint, "service_key": nil,
	})
	if in.ServiceKey != nil {
		c.pair(*in.ServiceKey)
		authorize["service_private_key"], verify["service_key"] = in.ServiceKey.PrivateDER, in.ServiceKey.PublicDER
		c.covered(in.session, in.Command, out.ServicePart)
	}
	c.expect("authorize_transmission", authorize)
	c.expect("verify_transmission", verify)
	return c.done()
}

// keyTypes are the names of algorithms as the source writes them.
var keyTypes = map[string]string{"x25519": "X25519", "x448": "X448", "ed25519": "Ed25519", "ed448": "Ed448"}

// typedPair is pair for a key of a known algorithm.
func (c *calls) typedPair(k vectors.Key, algorithm string) {
	c.pair(k)
	c.expect("decode_public_key", fields{"public_der": k.PublicDER, "algorithm": algorithm})
}

// authorizationSchemes are the schemes by the length of the authorization.
var authorizationSchemes = map[int]string{0: "none", 64: "ed25519", 80: "authenticator", 114: "ed448"}

func planVerdict(c *calls, t *vectors.Test) ([]Call, error) {
	var in struct {
		Authorization vectors.Hex `json:"authorization"`
		CorrelationID vectors.Hex `json:"correlation_id"`
		QueueKey      vectors.Hex `json:"queue_key"`
		ServerKey     vectors.Key `json:"server_key"`
		SignedPart    vectors.Hex `json:"signed_part"`
		Version       uint16      `json:"version"`
	}
	var verdict bool
	if err := decodeBoth(t, &in, &verdict); err != nil {
		return nil, err
	}
	given := fields{
		"authorization": in.Authorization, "authorized": in.SignedPart, "correlation_id": in.CorrelationID,
		"queue_key": in.QueueKey, "relay_private_key": in.ServerKey.PrivateDER,
	}
	c.versionInID(t.ID, in.Version)
	if !verdict {
		c.refuse("verify_authorization", "", given)
		return c.done()
	}
	c.pair(in.ServerKey)
	if !strings.Contains(t.ID, "/other correlation id") { // which a signature does not cover
		c.idInPart(in.CorrelationID, in.SignedPart)
	}
	given["scheme"] = authorizationSchemes[len(in.Authorization)]
	c.expect("verify_authorization", given)
	return c.done()
}

// idInPart makes sure that the correlation id is the one in the signed part, which follows
// the session id: signatures do not depend on it otherwise.
func (c *calls) idInPart(id, signed vectors.Hex) {
	field := string(append([]byte{byte(len(id))}, id...))
	if c.err == nil && !strings.Contains(string(signed), field) {
		c.err = fmt.Errorf("the correlation id %s is not in what is signed", id)
	}
}

func planNoServerKey(c *calls, t *vectors.Test) ([]Call, error) {
	var in struct {
		Key vectors.Key `json:"key"`
	}
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	c.pair(in.Key)
	c.refuse("authorize_transmission", "NoServerKey", fields{
		"version": 18, "session_id": "", "correlation_id": "", "entity_id": "", "command": "",
		"queue_private_key": in.Key.PrivateDER, "relay_public_key": nil, "service_fingerprint": nil, "service_private_key": nil,
	})
	return c.done()
}

func planServiceCommand(c *calls, t *vectors.Test) ([]Call, error) {
	var in struct {
		session
		ServiceKey vectors.Key `json:"service_key"`
	}
	var out struct {
		Content    vectors.Hex `json:"block_content"`
		SignedPart vectors.Hex `json:"signed_part"`
	}
	if err := decodeBoth(t, &in, &out); err != nil {
		return nil, err
	}
	c.versionInID(t.ID, in.Version)
	c.pair(in.ServiceKey)
	name := strings.Split(t.ID, "/")[1]
	command := vectors.Hex(name) // SUBS and NSUBS have no parameters at the versions of the source
	transmission := c.inBlock(out.Content)
	c.expect("authorize_by_service", with(in.fields(command), fields{
		"service_private_key": in.ServiceKey.PrivateDER, "authorized": out.SignedPart, "transmission": transmission,
	}))
	c.expect("decode_transmission", with(in.fields(command), fields{"transmission": transmission}))
	return c.done()
}

func planResponseTransmission(c *calls, t *vectors.Test) ([]Call, error) {
	var in struct {
		session
		Response vectors.Hex `json:"response"`
	}
	var out vectors.Hex
	if err := decodeBoth(t, &in, &out); err != nil {
		return nil, err
	}
	c.versionInID(t.ID, in.Version)
	all := with(in.fields(in.Response), fields{"authorization": "", "service_signature": nil, "transmission": c.inBlock(out)})
	c.expect("encode_transmission", all)
	c.expect("decode_transmission", all)
	c.expect("check_session", all)
	c.covered(in.session, in.Response, nil)
	return c.done()
}

// officialLimit is the longest content of a block into which the source puts
// transmissions, encrypted or not.
const officialLimit = 16366

func planBatch(c *calls, t *vectors.Test) ([]Call, error) {
	var in struct {
		Sizes   []int  `json:"sizes"`
		Version uint16 `json:"version"`
	}
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	c.versionInID(t.ID, in.Version)
	c.expect("batch", fields{
		"transmissions": letterTransmissions(in.Sizes), "limit": officialLimit, "blocks": json.RawMessage(t.Output),
	})
	return c.done()
}

// letterTransmissions returns transmissions without authorization, each of one letter as
// often as its size says.
func letterTransmissions(sizes []int) []vectors.Hex {
	items := make([]vectors.Hex, len(sizes))
	for i, size := range sizes {
		letter := string(rune('A' + i%26))
		items[i] = vectors.Hex("\x00" + strings.Repeat(letter, size))
	}
	return items
}

func planReceived(c *calls, t *vectors.Test) ([]Call, error) {
	var in struct {
		Content   vectors.Hex `json:"content"`
		SessionID vectors.Hex `json:"session_id"`
		Version   uint16      `json:"version"`
	}
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	c.versionInID(t.ID, in.Version)
	c.expect("receive_commands", fields{
		"version": in.Version, "session_id": in.SessionID, "content": in.Content, "received": json.RawMessage(t.Output),
	})
	if transmission, err := onlyTransmission(in.Content); err == nil && !slices.Contains(t.Flags, "RefusedTransmission") {
		c.expect("decode_transmission", with(uniformAuthorization(transmission), fields{"version": in.Version, "transmission": transmission}))
	}
	return c.done()
}

// uniformAuthorization returns authorization and service signature of a transmission in
// the group "decode", of which the output shows nothing: their bytes are all the same.
func uniformAuthorization(transmission vectors.Hex) fields {
	r := transmission
	n := int(r[0])
	if n == 0 || len(r) <= n+2 {
		return fields{"authorization": "", "service_signature": nil}
	}
	found := fields{"authorization": vectors.Hex(bytes.Repeat(r[n:n+1], n))}
	if m := int(r[n+2]); r[n+1] == '1' && len(r) > n+2+m {
		found["service_signature"] = vectors.Hex(bytes.Repeat(r[n+2+m:n+3+m], m))
	}
	return found
}

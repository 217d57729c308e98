package plan

import (
	"encoding/json"
	"fmt"
	"strings"

	"smpcheck/vectors"
)

// planCrosschecked plans the values that the TypeScript code has in common with the
// Haskell code. The part of an id behind the group names the function.
func planCrosschecked(b builder, g *vectors.Group, t *vectors.Test) ([]Call, error) {
	var in crosschecked
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	if in.File != g.Name {
		return nil, fmt.Errorf("inputs.file is %q in the group %q", in.File, g.Name)
	}
	c := &calls{builder: b}
	switch g.Name {
	case "keys":
		return planCrossKeys(c, t, in.In)
	case "padding":
		return planCrossPadding(c, t, in.In)
	case "encoding":
		return planCrossEncoding(c, t, in.In)
	case "transmission":
		return planCrossTransmission(c, t, in.In)
	case "transport":
		return planCrossHello(c, t, in.In)
	case "fullstack":
		return planFullStack(c, t, in.In)
	}
	if plan, ok := crosscheckedGroups[g.Name]; ok {
		return plan(b, g, t)
	}
	return nil, ErrNoPlan
}

// crosscheckedGroups are the groups of other areas: whoever plans one adds it.
var crosscheckedGroups = map[string]planner{}

type crosschecked struct {
	File string        `json:"file"`
	In   vectors.Value `json:"in"`
}

// function returns the name of the function that a test is about.
func function(t *vectors.Test) string {
	parts := strings.Split(t.ID, "/")
	return strings.Join(parts[1:len(parts)-1], "/")
}

// Beginnings of keys in DER, in front of the bare key.
var (
	x25519Private = []byte{0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20}
	x25519Public  = []byte{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00}
)

// bareX25519 adds the calls that make DER of bare X25519 keys, and returns the DER.
func (c *calls) bareX25519(private, public vectors.Hex) (privateDER, publicDER vectors.Hex) {
	privateDER = append(append(vectors.Hex{}, x25519Private...), private...)
	publicDER = append(append(vectors.Hex{}, x25519Public...), public...)
	c.expect("private_key", fields{"algorithm": "X25519", "private_raw": private, "private_der": privateDER})
	c.expect("public_key", fields{"algorithm": "X25519", "public_raw": public, "public_der": publicDER})
	return privateDER, publicDER
}

func planCrossKeys(c *calls, t *vectors.Test, raw vectors.Value) ([]Call, error) {
	var in struct {
		Msg   vectors.Hex `json:"msg"`
		Seed  vectors.Hex `json:"seed"`
		Priv1 vectors.Hex `json:"priv1"`
		Priv2 vectors.Hex `json:"priv2"`
		DER   vectors.Hex `json:"der"`
	}
	if err := raw.Decode(&in); err != nil {
		return nil, err
	}
	if t.Invalid() {
		c.refuse("decode_x25519_key", "", fields{"public_der": in.DER})
		return c.done()
	}
	var out struct {
		Private64  vectors.Hex `json:"priv64"`
		PrivateDER vectors.Hex `json:"privDer"`
		Public     vectors.Hex `json:"pub"`
		PublicDER  vectors.Hex `json:"pubDer"`
		Signature  vectors.Hex `json:"sig"`
		Secret     vectors.Hex `json:"dh12"`
		Public1    vectors.Hex `json:"pub1"`
		Public1DER vectors.Hex `json:"pub1Der"`
		Public2    vectors.Hex `json:"pub2"`
	}
	if err := t.Output.Decode(&out); err != nil {
		return nil, err
	}
	algorithm := keyTypes[function(t)]
	if in.Seed != nil {
		if string(out.Private64) != string(in.Seed)+string(out.Public) {
			return nil, fmt.Errorf("priv64 is not the seed and the public key")
		}
		c.expect("private_key", fields{
			"algorithm": algorithm, "private_raw": in.Seed, "private_der": out.PrivateDER, "public_der": out.PublicDER, "public_raw": out.Public,
		})
		c.expect("sign", fields{"private_der": out.PrivateDER, "message": in.Msg, "signature": out.Signature})
		return c.done()
	}
	private, err := bareKey(algorithm, in.Priv1)
	if err != nil {
		return nil, err
	}
	public := append(append(vectors.Hex{}, out.Public1DER[:len(out.Public1DER)-len(out.Public1)]...), out.Public2...)
	c.expect("private_key", fields{"algorithm": algorithm, "private_raw": in.Priv1, "private_der": private, "public_der": out.Public1DER, "public_raw": out.Public1})
	c.expect("private_key", fields{"algorithm": algorithm, "private_raw": in.Priv2, "public_der": public, "public_raw": out.Public2})
	c.expect("agree", fields{"private_key": private, "public_key": public, "secret": out.Secret})
	return c.done()
}

// bareKey returns the PKCS #8 form of a bare private key of an algorithm for agreement.
func bareKey(algorithm string, raw vectors.Hex) (vectors.Hex, error) {
	number := map[string]byte{"X25519": 0x6e, "X448": 0x6f}[algorithm]
	if number == 0 {
		return nil, ErrNoPlan
	}
	n := byte(len(raw))
	prefix := vectors.Hex{0x30, n + 14, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, number, 0x04, n + 2, 0x04, n}
	return append(prefix, raw...), nil
}

func planCrossPadding(c *calls, t *vectors.Test, raw vectors.Value) ([]Call, error) {
	if function(t) == "unPad" {
		var padded vectors.Hex
		if err := json.Unmarshal(raw, &padded); err != nil {
			return nil, err
		}
		if t.Invalid() {
			c.refuse("unpad", "", fields{"padded": padded})
			return c.done()
		}
		var message vectors.Hex
		if err := t.Output.Decode(&message); err != nil {
			return nil, err
		}
		c.unpads(padded, message)
		return c.done()
	}
	var in struct {
		Msg    string `json:"msg"`
		Padded int    `json:"padded"`
	}
	if err := raw.Decode(&in); err != nil {
		return nil, err
	}
	given := fields{"message": vectors.Hex(in.Msg), "length": in.Padded}
	switch {
	case t.Invalid():
		c.refuse("pad", "", given)
	case function(t) == "pad":
		given["padded"] = json.RawMessage(t.Output)
		c.expect("pad", given)
	default:
		return planCrossBlock(c, t, vectors.Hex(in.Msg))
	}
	return c.done()
}

func planCrossBlock(c *calls, t *vectors.Test, message vectors.Hex) ([]Call, error) {
	var out struct {
		First  vectors.Hex `json:"first16"`
		Last   vectors.Hex `json:"last4"`
		Len    int         `json:"len"`
		SHA256 vectors.Hex `json:"sha256"`
	}
	if err := t.Output.Decode(&out); err != nil {
		return nil, err
	}
	given := fields{"message": message, "length": officialBlock, "padded_length": out.Len, "padded_sha256": out.SHA256}
	c.expect("digest_padded", with(given, fields{"ends": 16, "first": out.First}))
	c.expect("digest_padded", with(given, fields{"ends": 4, "last": out.Last}))
	return c.done()
}

// encodings are the operations for the functions of the group "encoding": one that
// encodes a value and one that decodes it.
var encodings = map[string][2]string{
	"word16":               {"encode_word16", "decode_word16"},
	"word32":               {"encode_word32", "decode_word32"},
	"int64":                {"encode_int64", "decode_int64"},
	"bool":                 {"encode_boolean", "decode_boolean"},
	"bytes(1-byte length)": {"encode_short_string", "decode_short_string"},
	"large(2-byte length)": {"encode_large_string", "decode_large_string"},
	"maybe bytes":          {"encode_optional", "decode_optional"},
	"nonEmpty bytes":       {"encode_list", "decode_list"},
	"list bytes":           {"encode_any_list", "decode_any_list"},
}

// decoders are the operations for functions that decode.
var decoders = map[string]string{
	"decodeBool":        "decode_boolean",
	"decodeMaybe bytes": "decode_optional",
	"decodeBytes":       "read_short_string",
	"decodeWord16":      "decode_word16",
	"decodeWord32":      "decode_word32",
	"decodeInt64":       "decode_int64",
	"decodeLarge":       "decode_large_string",
}

func planCrossEncoding(c *calls, t *vectors.Test, raw vectors.Value) ([]Call, error) {
	name := function(t)
	if operation, ok := decoders[name]; ok {
		given := fields{"encoded": json.RawMessage(raw)}
		if t.Invalid() {
			c.refuse(operation, "", given)
			return c.done()
		}
		given["value"] = json.RawMessage(t.Output)
		c.expect(operation, given)
		return c.done()
	}
	if name == "base64url" {
		c.expect("encode_base64url", fields{"value": json.RawMessage(raw), "text": json.RawMessage(t.Output)})
		return c.done()
	}
	operations, ok := encodings[name]
	if !ok {
		return nil, ErrNoPlan
	}
	value, err := plainValue(raw)
	if err != nil {
		return nil, err
	}
	if t.Invalid() {
		c.refuse(operations[0], "", fields{"value": value, "values": value})
		return c.done()
	}
	all := fields{"value": value, "values": value, "encoded": json.RawMessage(t.Output)}
	c.expect(operations[0], all)
	c.expect(operations[1], all)
	return c.done()
}

// plainValue returns a value; of bytes with their length it checks the length.
func plainValue(raw vectors.Value) (json.RawMessage, error) {
	var sized struct {
		Len   *int        `json:"len"`
		Value vectors.Hex `json:"value"`
	}
	if raw.Decode(&sized) != nil || sized.Len == nil {
		return json.RawMessage(raw), nil
	}
	if *sized.Len != len(sized.Value) {
		return nil, fmt.Errorf("expected %d bytes, the value has %d", *sized.Len, len(sized.Value))
	}
	return json.Marshal(sized.Value)
}

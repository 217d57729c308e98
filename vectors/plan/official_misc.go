package plan

import (
	"encoding/json"
	"strconv"
	"strings"

	"smpcheck/vectors"
)

// planMisc plans the tests of values that no message is about.
func planMisc(b builder, g *vectors.Group, t *vectors.Test) ([]Call, error) {
	if plan, ok := miscGroups[g.Name]; ok {
		return plan(b, t)
	}
	return nil, ErrNoPlan
}

var miscGroups = map[string]func(builder, *vectors.Test) ([]Call, error){
	"versions":      planVersions,
	"host":          planHost,
	"server":        planServer,
	"encoding":      planInt64,
	"key":           planKeyUses,
	"key pair":      planKeyPair,
	"dh":            planAgreement,
	"sign":          planSignature,
	"authenticator": planAuthenticator,
	"hash":          planHashes,
}

// calls collects calls; the first error stays.
type calls struct {
	builder
	list []Call
	err  error
}

// expect adds a call that has to be answered.
func (c *calls) expect(operation string, in fields) {
	if c.err == nil {
		c.add(c.builder.expect(operation, in))
	}
}

// refuse adds a call whose inputs have to be refused.
func (c *calls) refuse(operation, class string, in fields) {
	if c.err == nil {
		c.add(c.builder.refuse(operation, class, in))
	}
}

func (c *calls) add(call Call, err error) {
	c.list, c.err = append(c.list, call), err
}

func (c *calls) done() ([]Call, error) { return c.list, c.err }

// decodeBoth reads inputs and output of a test, each field of which has to have a place.
func decodeBoth(t *vectors.Test, in, out any) error {
	if err := t.Inputs.Decode(in); err != nil {
		return err
	}
	return t.Output.Decode(out)
}

// planVersions plans three forms of tests: two ranges, a range and a chosen version, a text.
func planVersions(b builder, t *vectors.Test) ([]Call, error) {
	var in struct {
		Range1, Range2, Range *[2]uint16
		Version               *uint16
		Text                  *string
	}
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	c := &calls{builder: b}
	switch {
	case in.Text != nil:
		return planVersionText(c, t, *in.Text)
	case in.Version != nil:
		given := fields{"range": in.Range, "version": in.Version}
		c.idIsRange(t.ID, 2, in.Range)
		c.idIsVersion(t.ID, 3, *in.Version)
		if t.Invalid() {
			c.refuse("cap_versions", "VersionOutside", given)
			return c.done()
		}
		given["capped"] = json.RawMessage(t.Output)
		c.expect("cap_versions", given)
		return c.done()
	}
	c.idIsRange(t.ID, 1, in.Range1)
	c.idIsRange(t.ID, 2, in.Range2)
	given, swapped := fields{"range1": in.Range1, "range2": in.Range2}, fields{"range1": in.Range2, "range2": in.Range1}
	if t.Invalid() {
		c.refuse("common_versions", "NoCommonVersion", given)
		c.refuse("common_versions", "NoCommonVersion", swapped)
		return c.done()
	}
	var out struct {
		Range   [2]uint16
		Version uint16
	}
	if err := t.Output.Decode(&out); err != nil {
		return nil, err
	}
	for _, given := range []fields{given, swapped} {
		given["common"], given["version"] = out.Range, out.Version
		c.expect("common_versions", given)
	}
	return c.done()
}

// idIsRange adds the call that finds a range in a part of the test's id, where it is
// written as text. Without it nobody would notice a wrong copy of a range that has the
// same versions in common with the other one.
func (c *calls) idIsRange(id string, part int, r *[2]uint16) {
	if parts := strings.Split(id, "/"); part < len(parts) {
		c.expect("parse_version_range", fields{"text": parts[part], "range": r})
	}
}

func (c *calls) idIsVersion(id string, part int, version uint16) {
	c.idIsRange(id, part, &[2]uint16{version, version})
}

func planVersionText(c *calls, t *vectors.Test, text string) ([]Call, error) {
	if t.Invalid() {
		c.refuse("parse_version_range", "", fields{"text": text})
		return c.done()
	}
	var out struct {
		Binary   vectors.Hex
		Min, Max uint16
		Text     string
	}
	if err := t.Output.Decode(&out); err != nil {
		return nil, err
	}
	all := fields{"text": text, "range": [2]uint16{out.Min, out.Max}, "canonical": out.Text, "encoded": out.Binary}
	c.expect("parse_version_range", all)
	c.expect("encode_version_range", all)
	c.expect("decode_version_range", all)
	return c.done()
}

func planHost(b builder, t *vectors.Test) ([]Call, error) {
	var in struct{ Text string }
	var out struct {
		Binary vectors.Hex
		Kind   string
		Text   string
	}
	if err := decodeBoth(t, &in, &out); err != nil {
		return nil, err
	}
	c := &calls{builder: b}
	given := fields{"text": latin1(in.Text)}
	if t.Invalid() {
		c.refuse("parse_host", "", given)
		return c.done()
	}
	given["kind"], given["canonical"], given["encoded"] = out.Kind, latin1(out.Text), out.Binary
	c.expect("parse_host", given)
	return c.done()
}

// latin1 returns the text that is encoded by the bytes that s stands for: the source
// writes one character for each byte.
func latin1(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteByte(byte(r))
	}
	return b.String()
}

func planServer(b builder, t *vectors.Test) ([]Call, error) {
	var in struct{ Text string }
	var out struct {
		Hosts    []string    `json:"hosts"`
		KeyHash  vectors.Hex `json:"key_hash"`
		Password *string     `json:"password"`
		Port     string      `json:"port"`
		Text     string      `json:"text"`
		Binary   vectors.Hex `json:"binary"`
		Legacy   vectors.Hex `json:"legacy_binary"`
	}
	if err := decodeBoth(t, &in, &out); err != nil {
		return nil, err
	}
	c := &calls{builder: b}
	switch {
	case t.Invalid():
		c.refuse("parse_server", "", fields{"text": in.Text})
	case out.Binary != nil:
		c.expect("parse_server", fields{"text": in.Text, "encoded": out.Binary, "legacy": out.Legacy})
	default:
		canonical := out.Text
		if out.Password != nil {
			canonical = strings.Replace(out.Text, ":"+*out.Password+"@", "@", 1)
		}
		c.expect("parse_server", fields{
			"text": in.Text, "hosts": out.Hosts, "key_hash": out.KeyHash, "password": out.Password,
			"port": out.Port, "canonical": canonical,
		})
	}
	return c.done()
}

func planInt64(b builder, t *vectors.Test) ([]Call, error) {
	var in struct{ Value string }
	var out vectors.Hex
	if err := decodeBoth(t, &in, &out); err != nil {
		return nil, err
	}
	if _, err := strconv.ParseInt(in.Value, 10, 64); err != nil {
		return nil, err
	}
	c := &calls{builder: b}
	c.expect("encode_int64", fields{"value": in.Value, "encoded": out})
	c.expect("decode_int64", fields{"value": in.Value, "encoded": out})
	return c.done()
}

func planHashes(b builder, t *vectors.Test) ([]Call, error) {
	var in struct{ Message vectors.Hex }
	var out struct {
		SHA256  vectors.Hex `json:"sha256"`
		SHA512  vectors.Hex `json:"sha512"`
		SHA3256 vectors.Hex `json:"sha3_256"`
		SHA3384 vectors.Hex `json:"sha3_384"`
	}
	if err := decodeBoth(t, &in, &out); err != nil {
		return nil, err
	}
	c := &calls{builder: b}
	c.expect("digests", fields{
		"message": in.Message, "sha256": out.SHA256, "sha512": out.SHA512, "sha3_256": out.SHA3256, "sha3_384": out.SHA3384,
	})
	return c.done()
}

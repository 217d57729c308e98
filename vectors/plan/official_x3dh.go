package plan

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"smpcheck/vectors"
)

// ratchetKey is an X448 key pair of the ratchet records.
type ratchetKey struct {
	Private   string `json:"private"`
	Public    string `json:"public"`
	PublicDER string `json:"public_der"`
}

// ratchetKEM is a key pair of the KEM in the ratchet records.
type ratchetKEM struct {
	Public string `json:"public"`
	Secret string `json:"secret"`
}

// ratchetAgreement are all keys of a key agreement of two ratchets.
type ratchetAgreement struct {
	Version    uint16      `json:"e2e_version"`
	State      string      `json:"kem"`
	Ciphertext *string     `json:"kem_ciphertext"`
	Shared     *string     `json:"kem_shared"`
	RcvKEM     *ratchetKEM `json:"rcv_kem"`
	RcvKey1    ratchetKey  `json:"rcv_key1"`
	RcvKey2    ratchetKey  `json:"rcv_key2"`
	SndKEM     *ratchetKEM `json:"snd_kem"`
	SndKey1    ratchetKey  `json:"snd_key1"`
	SndKey2    ratchetKey  `json:"snd_key2"`
	RatchetKey ratchetKey  `json:"snd_ratchet_key"`
}

// kemNames are what the records call the KEM at the start, by whether the joining side
// has a key, the initiating side has one, and the first accepted the second.
var kemNames = map[[3]bool]string{
	{}: "KNone", {true}: "KSndProposed", {false, true}: "KRcvProposed", {true, true}: "KBothProposed", {true, true, true}: "KAccepted",
}

// check refuses an agreement whose KEM is not what its name says.
func (a ratchetAgreement) check() error {
	name := kemNames[[3]bool{a.SndKEM != nil, a.RcvKEM != nil, a.Ciphertext != nil}]
	if name != a.State || (a.Ciphertext == nil) != (a.Shared == nil) {
		return fmt.Errorf("the keys of the KEM are %q, the record says %q", name, a.State)
	}
	return nil
}

// joiningKEM is the KEM of the joining side, of which the accepted part is given.
func (a ratchetAgreement) joiningKEM(accepted any) any {
	if a.SndKEM == nil {
		return nil
	}
	return fields{"self": a.SndKEM, "accepted": accepted}
}

func (a ratchetAgreement) accepted() any {
	if a.Ciphertext == nil {
		return nil
	}
	return fields{"ciphertext": a.Ciphertext, "received_public": a.RcvKEM.Public, "shared": a.Shared}
}

// initiatingKEM is the KEM of the initiating side before the agreement.
func (a ratchetAgreement) initiatingKEM() any {
	if a.RcvKEM == nil {
		return nil
	}
	return fields{"self": a.RcvKEM, "accepted": nil}
}

// initiating and joining are the public parameters of both sides.
func (a ratchetAgreement) initiating() fields {
	p := fields{"version": a.Version, "key1": a.RcvKey1.Public, "key2": a.RcvKey2.Public, "kem": nil}
	if a.RcvKEM != nil {
		p["kem"] = fields{"public_key": a.RcvKEM.Public, "ciphertext": nil}
	}
	return p
}

func (a ratchetAgreement) joining() fields {
	p := fields{"version": a.Version, "key1": a.SndKey1.Public, "key2": a.SndKey2.Public, "kem": nil}
	if a.SndKEM != nil {
		p["kem"] = fields{"public_key": a.SndKEM.Public, "ciphertext": a.Ciphertext}
	}
	return p
}

// joiningInputs and initiatingInputs are what each side has when it agrees; the
// parameters of the other one are encoded.
func (a ratchetAgreement) joiningInputs(peer string) fields {
	return fields{
		"joining_key1": a.SndKey1.Private, "joining_key2": a.SndKey2.Private, "joining_kem": a.joiningKEM(a.accepted()),
		"initiating_parameters": peer, "ratchet_key": a.RatchetKey.Private,
	}
}

func (a ratchetAgreement) initiatingInputs(peer string) fields {
	return fields{
		"initiating_key1": a.RcvKey1.Private, "initiating_key2": a.RcvKey2.Private, "initiating_kem": a.initiatingKEM(),
		"joining_parameters": peer,
	}
}

// ratchetCalls collects calls until the first that cannot be made.
type ratchetCalls struct {
	b     builder
	calls []Call
	err   error
}

func (c *ratchetCalls) expect(operation string, f fields) {
	c.add(c.b.expect(operation, f))
}

// refuse takes from the fields those that the operation has to refuse.
func (c *ratchetCalls) refuse(operation, class string, f fields) {
	inputs := fields{}
	for name := range c.b.Operations[operation].Inputs {
		inputs[name] = f[name]
	}
	c.add(c.b.refuse(operation, class, inputs))
}

func (c *ratchetCalls) add(call Call, err error) {
	if c.err == nil {
		c.calls, c.err = append(c.calls, call), err
	}
}

// keyPairs checks that the parts of each key pair belong together.
func (c *ratchetCalls) keyPairs(a ratchetAgreement) {
	for _, k := range []ratchetKey{a.RcvKey1, a.RcvKey2, a.SndKey1, a.SndKey2, a.RatchetKey} {
		c.expect("private_key", fields{"algorithm": "X448", "private_raw": k.Private, "public_raw": k.Public, "public_der": k.PublicDER})
	}
	for _, k := range []*ratchetKEM{a.RcvKEM, a.SndKEM} {
		if k != nil {
			c.expect("sntrup761_key_pair", fields{"secret": k.Secret, "public": k.Public})
		}
	}
}

// started are the first states of both sides in a record.
type started struct {
	Snd, Rcv json.RawMessage
}

// start makes the calls for the first states. The highest versions and whether the
// initiating side wants the KEM are in the states alone.
func (c *ratchetCalls) start(a ratchetAgreement, toJoining, toInitiating string, s started) {
	for _, side := range []struct {
		operation, answer string
		inputs            fields
		state             json.RawMessage
	}{
		{"ratchet_start_joining", "joining_state", a.joiningInputs(toJoining), s.Snd},
		{"ratchet_start_initiating", "initiating_state", a.initiatingInputs(toInitiating), s.Rcv},
	} {
		var state map[string]json.RawMessage
		if err := json.Unmarshal(side.state, &state); err != nil {
			c.err = err
			return
		}
		all := withFields(side.inputs, fields{"max_version": state["max_version"], "pq": state["support_kem"], side.answer: withSkipped(state, nil)})
		c.expect(side.operation, all)
	}
}

// withFields returns all fields of both.
func withFields(a, b fields) fields {
	all := fields{}
	for _, part := range []fields{a, b} {
		for name, value := range part {
			all[name] = value
		}
	}
	return all
}

func planX3DH(b builder, g *vectors.Group, t *vectors.Test) ([]Call, error) {
	c := &ratchetCalls{b: b}
	var err error
	switch {
	case g.Name == "x3dh":
		err = c.agreement(t)
	case g.Name == "header":
		err = c.header(t)
	case strings.HasPrefix(t.ID, "kdf/root/"):
		err = c.rootKDF(t)
	case strings.HasPrefix(t.ID, "kdf/chain/"):
		err = c.chainKDF(t)
	default:
		return nil, ErrNoPlan
	}
	if err != nil {
		return nil, err
	}
	return c.calls, c.err
}

// firstKeys are the keys that one side of an agreement has after it.
type firstKeys struct {
	AssociatedData string `json:"ad"`
	Accepted       any    `json:"kem_accepted"`
	RootKey        string `json:"ratchet_key"`
	NextHeaderKey  string `json:"rcv_next_header_key"`
	HeaderKey      string `json:"snd_header_key"`
}

func (k firstKeys) fields() fields {
	return fields{"associated_data": k.AssociatedData, "root_key": k.RootKey, "header_key": k.HeaderKey, "next_header_key": k.NextHeaderKey}
}

func (c *ratchetCalls) agreement(t *vectors.Test) error {
	var in struct {
		Params ratchetAgreement `json:"params"`
	}
	var out struct {
		InitRcv firstKeys       `json:"init_rcv"`
		InitSnd firstKeys       `json:"init_snd"`
		Rcv     json.RawMessage `json:"ratchet_rcv"`
		Snd     json.RawMessage `json:"ratchet_snd"`
		RcvText string          `json:"rcv_params_uri"`
		RcvPar  string          `json:"rcv_params"`
		SndPar  string          `json:"snd_params"`
	}
	if err := decodeBoth(t, &in, &out); err != nil {
		return err
	}
	a := in.Params
	if err := a.check(); err != nil {
		return err
	}
	c.keyPairs(a)
	for _, side := range []struct {
		parameters fields
		encoded    string
	}{{a.initiating(), out.RcvPar}, {a.joining(), out.SndPar}} {
		all := withFields(side.parameters, fields{"encoded": side.encoded})
		c.expect("encode_ratchet_parameters", all)
		c.expect("decode_ratchet_parameters", all)
	}
	offer := withFields(a.initiating(), fields{"versions": [2]uint16{a.Version, a.Version}, "text": out.RcvText})
	c.expect("encode_ratchet_offer_text", offer)
	c.expect("decode_ratchet_offer_text", offer)

	joining := withFields(a.joiningInputs(out.RcvPar), out.InitSnd.fields())
	c.expect("x3dh_joining", withFields(joining, fields{"joining_kem_after": a.joiningKEM(out.InitSnd.Accepted)}))
	initiating := withFields(a.initiatingInputs(out.SndPar), out.InitRcv.fields())
	var after any
	if out.InitRcv.Accepted != nil {
		after = fields{"self": a.RcvKEM, "accepted": out.InitRcv.Accepted}
	}
	c.expect("x3dh_initiating", withFields(initiating, fields{"initiating_kem_after": after}))
	c.start(a, out.RcvPar, out.SndPar, started{out.Snd, out.Rcv})
	return nil
}

func (c *ratchetCalls) rootKDF(t *vectors.Test) error {
	type derived struct {
		ChainKey      string `json:"chain_key"`
		KEMUsed       bool   `json:"kem_used"`
		NextHeaderKey string `json:"next_header_key"`
		RootKey       string `json:"root_key"`
	}
	var in struct {
		Private string `json:"dh_private"`
		Public  string `json:"dh_public"`
		Shared  string `json:"kem_shared"`
		RootKey string `json:"root_key"`
	}
	var out struct {
		DH         string  `json:"dh"`
		WithKEM    derived `json:"with_kem"`
		WithoutKEM derived `json:"without_kem"`
	}
	if err := decodeBoth(t, &in, &out); err != nil {
		return err
	}
	c.expect("x448_agree", fields{"private": in.Private, "public": in.Public, "dh": out.DH})
	for _, d := range []derived{out.WithKEM, out.WithoutKEM} {
		var shared any
		if d.KEMUsed {
			shared = in.Shared
		}
		c.expect("ratchet_root_kdf", fields{
			"root_key": in.RootKey, "dh": out.DH, "kem_shared": shared,
			"next_root_key": d.RootKey, "chain_key": d.ChainKey, "next_header_key": d.NextHeaderKey,
		})
	}
	return nil
}

func (c *ratchetCalls) chainKDF(t *vectors.Test) error {
	var in, out fields
	if err := decodeBoth(t, &in, &out); err != nil {
		return err
	}
	c.expect("ratchet_chain_kdf", withFields(in, out))
	return nil
}

// kemKeySize is the length of a public key of the KEM in bytes.
const kemKeySize = 1158

func (c *ratchetCalls) header(t *vectors.Test) error {
	var in struct {
		Version    uint16  `json:"current_version"`
		DHPublic   string  `json:"dh_public"`
		KEM        *string `json:"kem"` // encoded, without the byte that says it is there
		MaxVersion uint16  `json:"max_version"`
		Number     uint32  `json:"ns"`
		Previous   uint32  `json:"pn"`
		PQSupport  bool    `json:"pq_support"`
	}
	var out struct {
		EncryptedLength int         `json:"full_len"` // as if lengths had one byte at every version
		Header          vectors.Hex `json:"header"`
		Length          int         `json:"len"`
	}
	if err := decodeBoth(t, &in, &out); err != nil {
		return err
	}
	if len(out.Header) != out.Length {
		return fmt.Errorf("the header has %d bytes, the record says %d", len(out.Header), out.Length)
	}
	kem, err := headerKEM(in.KEM)
	if err != nil {
		return err
	}
	header := fields{
		"version": in.Version, "max_version": in.MaxVersion, "dh_public": in.DHPublic, "kem": kem,
		"previous_count": in.Previous, "number": in.Number, "header": out.Header,
	}
	c.expect("encode_ratchet_header", header)
	c.expect("decode_ratchet_header", header)
	if in.Version >= 3 {
		out.EncryptedLength++
	}
	c.expect("ratchet_header_length", fields{"version": in.Version, "pq_support": in.PQSupport, "encrypted_length": out.EncryptedLength})
	return nil
}

// headerKEM takes encoded KEM parameters apart: 'P' or 'A' and a ciphertext, then the
// key, with a length of 16 bits before each.
func headerKEM(encoded *string) (any, error) {
	if encoded == nil {
		return nil, nil
	}
	b, err := hex.DecodeString(*encoded)
	if err != nil {
		return nil, err
	}
	if len(b) < 1+2+kemKeySize {
		return nil, fmt.Errorf("KEM parameters of %d bytes", len(b))
	}
	at := len(b) - kemKeySize
	kem := fields{"public_key": vectors.Hex(b[at:]), "ciphertext": nil}
	want := "P\x04\x86"
	if b[0] == 'A' {
		ciphertext := b[3:max(3, at-2)]
		kem["ciphertext"] = vectors.Hex(ciphertext)
		want = fmt.Sprintf("A%c%c%s\x04\x86", len(ciphertext)>>8, len(ciphertext)&0xff, ciphertext)
	}
	if string(b[:at]) != want {
		return nil, fmt.Errorf("the lengths in the KEM parameters are wrong")
	}
	return kem, nil
}

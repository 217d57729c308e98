package plan

import (
	"smpcheck/vectors"
)

// pair adds the call that finds the public halves of a key pair.
func (c *calls) pair(k vectors.Key) {
	c.expect("key_pair", fields{"private_der": k.PrivateDER, "public_der": k.PublicDER, "public_raw": k.PublicRaw})
}

func planKeyUses(b builder, t *vectors.Test) ([]Call, error) {
	var in struct{ DER vectors.Hex }
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	given := fields{"public_der": in.DER}
	c := &calls{builder: b}
	if t.Invalid() {
		c.refuse("key_uses", "MalformedKey", given)
		c.refuse("decode_public_key", "MalformedKey", given)
		return c.done()
	}
	var out map[string]*vectors.Hex
	if err := t.Output.Decode(&out); err != nil {
		return nil, err
	}
	for use, der := range out {
		given[use] = der
	}
	c.expect("key_uses", given)
	return c.done()
}

func planKeyPair(b builder, t *vectors.Test) ([]Call, error) {
	var in struct {
		PrivateDER vectors.Hex `json:"private_der"`
	}
	var out vectors.Hex
	if err := decodeBoth(t, &in, &out); err != nil {
		return nil, err
	}
	c := &calls{builder: b}
	c.expect("key_pair", fields{"private_der": in.PrivateDER, "public_der": out})
	return c.done()
}

func planAgreement(b builder, t *vectors.Test) ([]Call, error) {
	var in struct {
		Private     vectors.Key
		OtherPublic vectors.Hex `json:"other_public"`
	}
	var out vectors.Hex
	if err := decodeBoth(t, &in, &out); err != nil {
		return nil, err
	}
	c := &calls{builder: b}
	c.pair(in.Private)
	c.expect("agree", fields{"private_key": in.Private.PrivateDER, "public_key": in.OtherPublic, "secret": out})
	return c.done()
}

// signers are the names of the algorithms by the length of their bare public keys.
var signers = map[int]string{32: "Ed25519", 57: "Ed448"}

func planSignature(b builder, t *vectors.Test) ([]Call, error) {
	var in struct {
		Private vectors.Key
		Message vectors.Hex
	}
	var out vectors.Hex
	if err := decodeBoth(t, &in, &out); err != nil {
		return nil, err
	}
	c := &calls{builder: b}
	c.pair(in.Private)
	all := fields{
		"private_der": in.Private.PrivateDER, "public_der": in.Private.PublicDER, "message": in.Message,
		"signature": out, "algorithm": signers[len(in.Private.PublicRaw)],
	}
	c.expect("sign", all)
	c.expect("verify_signature", all)
	return c.done()
}

func planAuthenticator(b builder, t *vectors.Test) ([]Call, error) {
	var in struct {
		Private     vectors.Key
		OtherPublic vectors.Hex `json:"other_public"`
		Nonce       vectors.Hex
		Message     vectors.Hex
	}
	var out vectors.Hex
	if err := decodeBoth(t, &in, &out); err != nil {
		return nil, err
	}
	c := &calls{builder: b}
	c.pair(in.Private)
	c.expect("make_authenticator", fields{
		"private_key": in.Private.PrivateDER, "public_key": in.OtherPublic, "correlation_id": in.Nonce,
		"authorized": in.Message, "authenticator": out,
	})
	return c.done()
}

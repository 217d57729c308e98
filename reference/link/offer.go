package link

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
)

// ErrOffer is in the chain of every error about the text of ratchet parameters.
var ErrOffer = errors.New("malformed e2e parameters")

// ParseOffer reads ratchet parameters as they stand in invitations:
// "v=VERSIONS&x3dh=KEY,KEY[&kem_key=KEY]" in any order; unknown ones are ignored. The
// keys are base64url: SubjectPublicKeyInfo of X448, and a bare KEM key. The KEM key is
// not looked at if the highest version is below ratchet.PQVersion. A ciphertext
// ("kem_ct") is ratchet.ErrKEMState: an invitation has no key to answer. Every error
// has ErrOffer in its chain. The form is that of the official implementation; the
// documents do not have it.
func ParseOffer(text string) (ratchet.Offer, error) { return new(scanner).offer(text) }

func (sc *scanner) offer(text string) (ratchet.Offer, error) {
	o, err := sc.offerParameters(text)
	if err != nil {
		return ratchet.Offer{}, fmt.Errorf("%w: %w", ErrOffer, err)
	}
	return o, nil
}

func (sc *scanner) offerParameters(text string) (ratchet.Offer, error) {
	var o ratchet.Offer
	list, err := sc.query(text)
	if err != nil {
		return o, err
	}
	v, err := list.require("v")
	if err != nil {
		return o, err
	}
	if o.Versions, err = sc.versions(v); err != nil {
		return o, err
	}
	x3dh, err := list.require("x3dh")
	if err != nil {
		return o, err
	}
	pair := strings.Split(x3dh, ",")
	if len(pair) != 2 {
		return o, fmt.Errorf("%w: %d keys in x3dh, expected 2", ErrKey, len(pair))
	}
	if o.Key1, err = parseKey(pair[0], keys.X448); err != nil {
		return o, err
	}
	if o.Key2, err = parseKey(pair[1], keys.X448); err != nil {
		return o, err
	}
	if o.Versions.Max < ratchet.PQVersion {
		return o, nil
	}
	if o.KEM, err = list.kem(); err != nil {
		return o, err
	}
	return o, o.Check()
}

// kem reads the parameters kem_key and kem_ct; a ciphertext without a key is ignored.
func (q query) kem() (*ratchet.KEMParameters, error) {
	text, ok := q.get("kem_key")
	if !ok {
		return nil, nil
	}
	var k ratchet.KEMParameters
	var err error
	if k.PublicKey, err = parseBase64(text); err != nil {
		return nil, fmt.Errorf("KEM key: %w", err)
	}
	if text, ok = q.get("kem_ct"); ok {
		if k.Ciphertext, err = parseBase64(text); err != nil {
			return nil, fmt.Errorf("KEM ciphertext: %w", err)
		}
	}
	return &k, nil
}

// OfferText returns the text of ratchet parameters. It has no KEM key if the highest
// version is below ratchet.PQVersion.
func OfferText(o ratchet.Offer) string {
	base64url := base64.URLEncoding.EncodeToString
	params := query{
		{"v", o.Versions.String()},
		{"x3dh", base64url(o.Key1.SPKI()) + "," + base64url(o.Key2.SPKI())},
	}
	if o.KEM != nil && o.Versions.Max >= ratchet.PQVersion {
		params = append(params, parameter{"kem_key", base64url(o.KEM.PublicKey)})
	}
	return params.plain()
}

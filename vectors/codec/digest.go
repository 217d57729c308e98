package codec

import (
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"

	"smpcheck/reference/keys"
	"smpcheck/vectors"
)

var digest = area{operations: map[string]handler{
	"digests":  operation(digests),
	"key_uses": operation(keyUses),
}}

type digestInput struct {
	Message vectors.Hex `json:"message"`
}

type digestOutput struct {
	SHA256  vectors.Hex `json:"sha256"`
	SHA512  vectors.Hex `json:"sha512"`
	SHA3256 vectors.Hex `json:"sha3_256"`
	SHA3384 vectors.Hex `json:"sha3_384"`
}

func digests(in digestInput) (digestOutput, error) {
	a, b := sha256.Sum256(in.Message), sha512.Sum512(in.Message)
	c, d := sha3.Sum256(in.Message), sha3.Sum384(in.Message)
	return digestOutput{a[:], b[:], c[:], d[:]}, nil
}

type keyUseOutput struct {
	Any    *vectors.Hex `json:"any"`
	Auth   *vectors.Hex `json:"auth"`
	DH     *vectors.Hex `json:"dh"`
	Verify *vectors.Hex `json:"verify"`
	X25519 *vectors.Hex `json:"x25519"`
}

func keyUses(in publicDER) (keyUseOutput, error) {
	k, err := keys.ParsePublic(in.PublicDER)
	if err != nil {
		return keyUseOutput{}, err
	}
	a := k.Algorithm()
	use := func(allowed bool) *vectors.Hex {
		if !allowed {
			return nil
		}
		der := vectors.Hex(k.SPKI())
		return &der
	}
	return keyUseOutput{
		Any: use(true), Auth: use(a.CanSign() || a == keys.X25519), DH: use(a.CanAgree()),
		Verify: use(a.CanSign()), X25519: use(a == keys.X25519),
	}, nil
}

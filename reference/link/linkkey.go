package link

import (
	"crypto/hkdf"
	"crypto/sha3"
	"crypto/sha512"
	"fmt"
	"io"

	"smpcheck/reference/box"
)

// Sizes in bytes.
const (
	// LinkKeySize is the length of a link key: SHA3-256.
	LinkKeySize = 32
	// LinkIDSize is the length of the link id of a contact address.
	LinkIDSize = 24
)

// LinkKey is the SHA3-256 hash of a link's fixed data. It opens the data and proves
// them; it stands in the link and the relay does not know it. It does not print.
type LinkKey []byte

// Format hides the key whatever the verb.
func (LinkKey) Format(f fmt.State, _ rune) { io.WriteString(f, "link key") }

// HashFixedData returns the link key of fixed data in binary form, without signature.
// Agent protocol, "Link key derivation".
func HashFixedData(fixed []byte) LinkKey {
	sum := sha3.Sum256(fixed)
	return sum[:]
}

// Secret is the symmetric key of link data. It does not print.
type Secret [box.KeySize]byte

// Format hides the secret whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { io.WriteString(f, "link data secret") }

// ContactSecret derives the link id, LinkIDSize bytes, and the secret of a contact
// address from its link key: HKDF-SHA512 without salt, info "SimpleXContactLink". Agent
// protocol, "Link key derivation", which does not name the hash.
func (k LinkKey) ContactSecret() (linkID []byte, secret Secret, err error) {
	out, err := hkdf.Key(sha512.New, k, nil, "SimpleXContactLink", LinkIDSize+len(secret))
	if err != nil {
		return nil, Secret{}, fmt.Errorf("deriving from the link key: %w", err)
	}
	return out[:LinkIDSize], Secret(out[LinkIDSize:]), nil
}

// InvitationSecret derives the secret of an invitation from its link key: HKDF-SHA512
// without salt, info "SimpleXInvLink".
func (k LinkKey) InvitationSecret() (secret Secret, err error) {
	out, err := hkdf.Key(sha512.New, k, nil, "SimpleXInvLink", len(secret))
	if err != nil {
		return Secret{}, fmt.Errorf("deriving from the link key: %w", err)
	}
	return Secret(out), nil
}

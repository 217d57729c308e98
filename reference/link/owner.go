package link

import (
	"bytes"
	"errors"
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
)

// Errors of the chain of owners.
var (
	// ErrOwnerIsRoot: an owner has the root key itself.
	ErrOwnerIsRoot = errors.New("key of an owner is the root key")
	// ErrOwnerTwice: two owners have the same id or the same key.
	ErrOwnerTwice = errors.New("two owners with the same id or key")
	// ErrOwnerUnauthorized: an owner is authorized neither by the root key nor by an
	// owner before it.
	ErrOwnerUnauthorized = errors.New("owner without authorization")
)

// signatureSize is the length of an Ed25519 signature.
const signatureSize = 64

// ErrSignatureSize: a signature is not 64 bytes.
var ErrSignatureSize = errors.New("signature is not 64 bytes")

// Owner is someone who may change the user data of a contact address.
type Owner struct {
	// ID is for the application and unique in the list; at most 255 bytes, and with
	// the rest of the owner in 255.
	ID []byte
	// Key verifies what the owner signs: Ed25519.
	Key keys.PublicKey
	// Signature is 64 bytes, by the root key or an owner before this one: of the id and
	// the SubjectPublicKeyInfo of the key, without lengths.
	Signature []byte
}

// AuthorizeOwner returns an owner signed with the root key or the key of an owner.
func AuthorizeOwner(id []byte, key keys.PublicKey, by keys.PrivateKey) (Owner, error) {
	o := Owner{ID: id, Key: key}
	if key.Algorithm() != keys.Ed25519 || by.Algorithm() != keys.Ed25519 {
		return Owner{}, fmt.Errorf("%w: %v authorized by %v, expected Ed25519", ErrKey, key.Algorithm(), by.Algorithm())
	}
	var err error
	o.Signature, err = by.Sign(o.signed())
	return o, err
}

// signed is what the signature covers.
func (o Owner) signed() []byte { return o.Key.AppendSPKI(bytes.Clone(o.ID)) }

// VerifyOwners checks that each owner is authorized by the root key or by an owner
// before it in the list, that none has the root key, and that no two have the same id
// or key. The errors are ErrOwnerIsRoot, ErrOwnerTwice and ErrOwnerUnauthorized; the
// first owner that is wrong decides. Agent protocol, "Link data encryption", has
// "previous owner" only; the rest is as in the official implementation.
func VerifyOwners(root keys.PublicKey, owners []Owner) error {
	for i, o := range owners {
		if err := o.verify(root, owners[:i]); err != nil {
			return fmt.Errorf("owner %d of %d: %w", i+1, len(owners), err)
		}
	}
	return nil
}

func (o Owner) verify(root keys.PublicKey, before []Owner) error {
	if o.Key == root {
		return ErrOwnerIsRoot
	}
	authorized := keys.Verify(root, o.signed(), o.Signature)
	for _, b := range before {
		if bytes.Equal(o.ID, b.ID) || o.Key == b.Key {
			return ErrOwnerTwice
		}
		authorized = authorized || keys.Verify(b.Key, o.signed(), o.Signature)
	}
	if !authorized {
		return ErrOwnerUnauthorized
	}
	return nil
}

// Write appends the binary form: a short string that holds id, key and signature as
// short strings.
func (o Owner) Write(w *wire.Writer) {
	if len(o.Signature) != signatureSize {
		w.Fail(fmt.Errorf("%w: %d", ErrSignatureSize, len(o.Signature)))
		return
	}
	inner := wire.NewWriter(nil)
	inner.Short(o.ID)
	writeKey(inner, o.Key, keys.Ed25519)
	inner.Short(o.Signature)
	b, err := inner.Bytes()
	if err != nil {
		w.Fail(err)
		return
	}
	w.Short(b)
}

// ReadOwner reads the form that Write appends. Bytes after the signature, in the outer
// string, are left to later versions.
func ReadOwner(r *wire.Reader) Owner {
	inner := wire.NewReader(r.Short())
	if r.Err() != nil {
		return Owner{}
	}
	o := Owner{ID: append([]byte{}, inner.Short()...), Key: readKey(inner, keys.Ed25519), Signature: readSignature(inner)}
	if err := inner.Err(); err != nil {
		r.Fail(fmt.Errorf("owner: %w", err))
		return Owner{}
	}
	return o
}

func readSignature(r *wire.Reader) []byte {
	sig := bytes.Clone(r.Short())
	if r.Err() == nil && len(sig) != signatureSize {
		r.Fail(fmt.Errorf("%w: %d", ErrSignatureSize, len(sig)))
	}
	return sig
}

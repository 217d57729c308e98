package link

import (
	"errors"
	"fmt"
	"io"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// Sizes of link data in bytes. They are the same for all links, so that the relay
// learns nothing from them.
const (
	// FixedPadded and UserPadded are the sizes before encryption, a word16 length
	// included.
	FixedPadded = 2008
	UserPadded  = 13784
	// FixedSize and UserSize are the sizes on the relay: nonce, tag and ciphertext.
	FixedSize = box.NonceSize + box.Overhead + FixedPadded
	UserSize  = box.NonceSize + box.Overhead + UserPadded
)

// Errors of link data; those of decryption are box.ErrOpen, of owners those of
// VerifyOwners, and malformed content has the errors of this package and of wire.
var (
	// ErrDataSize: encrypted link data are not FixedSize and UserSize bytes.
	ErrDataSize = errors.New("wrong size of encrypted link data")
	// ErrHash: the hash of the fixed data is not the link key.
	ErrHash = errors.New("hash of the fixed data is not the link key")
	// ErrFixedSignature: the fixed data are not signed with the root key.
	ErrFixedSignature = errors.New("fixed data without the signature of the root key")
	// ErrUserSignature: the user data are signed neither with the root key nor, for a
	// contact address, with that of an owner.
	ErrUserSignature = errors.New("user data without the signature of an owner")
)

// SignFixed returns the fixed data with the signature of the root key before them, as a
// short string, and the link key. Another key than d.RootKey is ErrKey.
func SignFixed(d FixedData, root keys.PrivateKey) (signed []byte, key LinkKey, err error) {
	if root.Public() != d.RootKey {
		return nil, nil, fmt.Errorf("%w: the private key is not that of the root key", ErrKey)
	}
	content, err := Encode(d)
	if err != nil {
		return nil, nil, fmt.Errorf("fixed data: %w", err)
	}
	signed, err = sign(content, root)
	return signed, HashFixedData(content), err
}

// SignUser returns the user data with a signature before them, as a short string: of
// the root key, or for contact addresses of an owner's key.
func SignUser(d UserData, by keys.PrivateKey) ([]byte, error) {
	content, err := Encode(d)
	if err != nil {
		return nil, fmt.Errorf("user data: %w", err)
	}
	return sign(content, by)
}

func sign(content []byte, by keys.PrivateKey) ([]byte, error) {
	if by.Algorithm() != keys.Ed25519 {
		return nil, fmt.Errorf("%w: %v, expected Ed25519", ErrKey, by.Algorithm())
	}
	sig, err := by.Sign(content)
	if err != nil {
		return nil, err
	}
	w := wire.NewWriter(nil)
	w.Short(sig)
	w.Raw(content)
	return w.Bytes()
}

// SealFixed encrypts signed fixed data to FixedSize bytes: a nonce of 24 bytes from
// rand, the tag, and the ciphertext of the padded data. Data that do not fit are
// wire.ErrPadTooLong. Agent protocol, "Link data encryption", which does not say where
// the nonce is; the box is that of package box and not NaCl's secretbox.
func SealFixed(signed []byte, secret Secret, rand io.Reader) ([]byte, error) {
	return seal(signed, FixedPadded, secret, rand)
}

// SealUser encrypts signed user data to UserSize bytes, as SealFixed does.
func SealUser(signed []byte, secret Secret, rand io.Reader) ([]byte, error) {
	return seal(signed, UserPadded, secret, rand)
}

func seal(signed []byte, padded int, secret Secret, rand io.Reader) ([]byte, error) {
	key, err := box.DeriveKey(secret[:])
	if err != nil {
		return nil, err
	}
	var nonce box.Nonce
	if _, err := io.ReadFull(rand, nonce[:]); err != nil {
		return nil, fmt.Errorf("randomness for a nonce: %w", err)
	}
	return box.SealPadded(nonce[:], signed, padded, &nonce, &key)
}

// OpenFixed decrypts what SealFixed made. Data of another size than FixedSize are
// ErrDataSize, those that do not decrypt are box.ErrOpen.
func OpenFixed(sealed []byte, secret Secret) (signed []byte, err error) {
	return open(sealed, FixedSize, secret)
}

// OpenUser decrypts what SealUser made, as OpenFixed does.
func OpenUser(sealed []byte, secret Secret) (signed []byte, err error) {
	return open(sealed, UserSize, secret)
}

func open(sealed []byte, size int, secret Secret) ([]byte, error) {
	if len(sealed) != size {
		return nil, fmt.Errorf("%w: %d bytes, expected %d", ErrDataSize, len(sealed), size)
	}
	key, err := box.DeriveKey(secret[:])
	if err != nil {
		return nil, err
	}
	nonce := box.Nonce(sealed)
	return box.OpenPadded(sealed[box.NonceSize:], &nonce, &key)
}

// OpenLinkData decrypts and verifies what a relay returned for a link: both parts
// decrypt, and VerifyLinkData accepts them. Agent protocol, "Short link resolution".
func OpenLinkData(data smp.LinkData, key LinkKey, secret Secret) (FixedData, UserData, error) {
	fixed, err := OpenFixed(data.Fixed, secret)
	if err != nil {
		return FixedData{}, UserData{}, fmt.Errorf("fixed link data: %w", err)
	}
	user, err := OpenUser(data.User, secret)
	if err != nil {
		return FixedData{}, UserData{}, fmt.Errorf("user link data: %w", err)
	}
	return VerifyLinkData(fixed, user, key)
}

// VerifyLinkData reads and verifies decrypted link data: the hash of the fixed data is
// the link key, the root key signed them, the owners are authorized, and one who may
// signed the user data. The user data have to be of the mode of the fixed data,
// otherwise ErrMode.
func VerifyLinkData(signedFixed, signedUser []byte, key LinkKey) (FixedData, UserData, error) {
	fixed, fixedContent, fixedSig, err := readSigned(signedFixed, ReadFixedData)
	if err != nil {
		return FixedData{}, UserData{}, fmt.Errorf("fixed link data: %w", err)
	}
	user, userContent, userSig, err := readSigned(signedUser, ReadUserData)
	if err != nil {
		return FixedData{}, UserData{}, fmt.Errorf("user link data: %w", err)
	}
	switch {
	case fixed.Connection.Mode != user.Mode:
		err = fmt.Errorf("%w: user data of %v, fixed data of %v", ErrMode, user.Mode, fixed.Connection.Mode)
	case !box.Equal(HashFixedData(fixedContent), key):
		err = ErrHash
	case !keys.Verify(fixed.RootKey, fixedContent, fixedSig):
		err = ErrFixedSignature
	default:
		err = verifyUser(fixed.RootKey, user, userContent, userSig)
	}
	if err != nil {
		return FixedData{}, UserData{}, err
	}
	return fixed, user, nil
}

// readSigned decodes one part of link data. It returns the content and its signature
// beside the value.
func readSigned[T any](signed []byte, read func(*wire.Reader) T) (v T, content, sig []byte, err error) {
	r := wire.NewReader(signed)
	sig = readSignature(r)
	content = r.Rest()
	if r.Err() != nil {
		return v, nil, nil, r.Err()
	}
	v, err = Decode(content, read)
	return v, content, sig, err
}

func verifyUser(root keys.PublicKey, d UserData, content, sig []byte) error {
	if err := VerifyOwners(root, d.Owners); err != nil {
		return err
	}
	signers := []keys.PublicKey{root}
	for _, o := range d.Owners {
		signers = append(signers, o.Key)
	}
	for _, k := range signers {
		if keys.Verify(k, content, sig) {
			return nil
		}
	}
	return ErrUserSignature
}

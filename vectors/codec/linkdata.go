package codec

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"io"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// linkData are the operations on the data behind short links.
var linkData = area{
	operations: map[string]handler{
		"derive_link_secrets": operation(deriveLinkSecrets),
		"encode_fixed_data":   operation(encodeFixedData),
		"decode_fixed_data":   operation(decodeFixedData),
		"sign_fixed_data":     operation(signFixedData),
		"encode_user_data":    operation(encodeUserData),
		"decode_user_data":    operation(decodeUserData),
		"sign_user_data":      operation(signUserData),
		"authorize_owner":     operation(authorizeOwner),
		"encode_owner":        operation(encodeOwner),
		"decode_owner":        operation(decodeOwner),
		"verify_owners":       operation(verifyOwners),
		"verify_link_data":    operation(verifyLinkData),
		"seal_fixed_data":     operation(sealFixedData),
		"open_fixed_data":     operation(openFixedData),
		"seal_user_data":      operation(sealUserData),
		"open_user_data":      operation(openUserData),
		"digest_user_data":    operation(digestUserData),
		"open_link_data":      operation(openLinkData),
		"resolve_link_data":   operation(resolveLinkData),
	},
	classes: []class{
		{link.ErrInvitationData, "NotForInvitations"},
		{link.ErrSignatureSize, "SignatureSize"},
		{link.ErrDataSize, "LinkDataSize"},
		{link.ErrHash, "LinkKeyMismatch"},
		{link.ErrFixedSignature, "NotSignedByRoot"},
		{link.ErrUserSignature, "NotSignedByOwner"},
		{link.ErrOwnerIsRoot, "OwnerIsRoot"},
		{link.ErrOwnerTwice, "OwnerTwice"},
		{link.ErrOwnerUnauthorized, "OwnerUnauthorized"},
	},
}

type linkKeyOnly struct {
	LinkKey vectors.Hex `json:"link_key"`
}

type linkSecrets struct {
	PRK              vectors.Hex `json:"prk"`
	ContactLinkID    vectors.Hex `json:"contact_link_id"`
	ContactSecret    vectors.Hex `json:"contact_secret"`
	InvitationSecret vectors.Hex `json:"invitation_secret"`
}

func deriveLinkSecrets(in linkKeyOnly) (linkSecrets, error) {
	key := link.LinkKey(in.LinkKey)
	prk, err := hkdf.Extract(sha512.New, key, nil)
	if err != nil {
		return linkSecrets{}, err
	}
	id, contact, err := key.ContactSecret()
	if err != nil {
		return linkSecrets{}, err
	}
	invitation, err := key.InvitationSecret()
	return linkSecrets{prk, id, contact[:], invitation[:]}, err
}

// signer returns a private key for signatures.
func signer(pkcs8 []byte) (keys.PrivateKey, error) {
	k, err := keys.ParsePrivate(pkcs8)
	if err == nil && k.Algorithm() != keys.Ed25519 {
		err = link.ErrKey
	}
	return k, err
}

type toSignFixed struct {
	FixedData  vectors.Hex `json:"fixed_data"`
	PrivateKey vectors.Hex `json:"private_key"`
}

type signedFixed struct {
	Signature       vectors.Hex `json:"signature"`
	SignedFixedData vectors.Hex `json:"signed_fixed_data"`
	LinkKey         vectors.Hex `json:"link_key"`
	PublicKey       vectors.Hex `json:"public_key"`
}

func signFixedData(in toSignFixed) (signedFixed, error) {
	d, err := link.Decode(in.FixedData, link.ReadFixedData)
	if err != nil {
		return signedFixed{}, asOffer(err)
	}
	k, err := signer(in.PrivateKey)
	if err != nil {
		return signedFixed{}, err
	}
	signed, key, err := link.SignFixed(d, k)
	if err != nil {
		return signedFixed{}, err
	}
	signature, content := splitSigned(signed)
	if !bytes.Equal(content, in.FixedData) {
		return signedFixed{}, badRequest("the fixed data are not as encode_fixed_data makes them")
	}
	return signedFixed{signature, signed, vectors.Hex(key), k.Public().SPKI()}, nil
}

// splitSigned takes signed data that are well-formed apart.
func splitSigned(signed []byte) (signature, content []byte) {
	r := wire.NewReader(signed)
	return r.Short(), r.Rest()
}

type toSignUser struct {
	UserData   vectors.Hex `json:"user_data"`
	PrivateKey vectors.Hex `json:"private_key"`
}

type signedUser struct {
	Signature      vectors.Hex `json:"signature"`
	SignedUserData vectors.Hex `json:"signed_user_data"`
	PublicKey      vectors.Hex `json:"public_key"`
}

func signUserData(in toSignUser) (signedUser, error) {
	d, err := link.Decode(in.UserData, link.ReadUserData)
	if err != nil {
		return signedUser{}, err
	}
	k, err := signer(in.PrivateKey)
	if err != nil {
		return signedUser{}, err
	}
	signed, err := link.SignUser(d, k)
	if err != nil {
		return signedUser{}, err
	}
	signature, content := splitSigned(signed)
	if !bytes.Equal(content, in.UserData) {
		return signedUser{}, badRequest("the user data are not as encode_user_data makes them")
	}
	return signedUser{signature, signed, k.Public().SPKI()}, nil
}

type decryptedLinkData struct {
	LinkKey         vectors.Hex `json:"link_key"`
	SignedFixedData vectors.Hex `json:"signed_fixed_data"`
	SignedUserData  vectors.Hex `json:"signed_user_data"`
}

type verifiedLinkData struct {
	FixedData vectors.Hex   `json:"fixed_data"`
	UserData  vectors.Hex   `json:"user_data"`
	Signers   []vectors.Hex `json:"signers"`
}

func verifyLinkData(in decryptedLinkData) (verifiedLinkData, error) {
	fixed, user, err := link.VerifyLinkData(in.SignedFixedData, in.SignedUserData, link.LinkKey(in.LinkKey))
	if err != nil {
		return verifiedLinkData{}, asOffer(err)
	}
	_, fixedContent := splitSigned(in.SignedFixedData)
	_, userContent := splitSigned(in.SignedUserData)
	return verifiedLinkData{fixedContent, userContent, signersOf(fixed.RootKey, user.Owners)}, nil
}

func secretFrom(b []byte) (link.Secret, error) {
	if len(b) != box.KeySize {
		return link.Secret{}, box.ErrSecretSize
	}
	return link.Secret(b), nil
}

// linkSealing is what both ways to encrypt a part of link data need.
type linkSealing struct {
	Secret vectors.Hex `json:"secret"`
	Nonce  vectors.Hex `json:"nonce"`
}

// seal encrypts a part of link data.
func (s linkSealing) seal(signed []byte, with func([]byte, link.Secret, io.Reader) ([]byte, error)) (key, sealed vectors.Hex, err error) {
	secret, err := secretFrom(s.Secret)
	if err != nil {
		return nil, nil, err
	}
	if len(s.Nonce) != box.NonceSize {
		return nil, nil, box.ErrNonceSize
	}
	derived, err := box.DeriveKey(secret[:])
	if err != nil {
		return nil, nil, err
	}
	b, err := with(signed, secret, bytes.NewReader(s.Nonce))
	return derived[:], b, err
}

type fixedToSeal struct {
	SignedFixedData vectors.Hex `json:"signed_fixed_data"`
	linkSealing
}

type sealedFixed struct {
	BoxKey          vectors.Hex `json:"box_key"`
	SealedFixedData vectors.Hex `json:"sealed_fixed_data"`
}

func sealFixedData(in fixedToSeal) (sealedFixed, error) {
	key, sealed, err := in.seal(in.SignedFixedData, link.SealFixed)
	return sealedFixed{key, sealed}, err
}

type userToSeal struct {
	SignedUserData vectors.Hex `json:"signed_user_data"`
	linkSealing
}

type sealedUser struct {
	BoxKey         vectors.Hex `json:"box_key"`
	SealedUserData vectors.Hex `json:"sealed_user_data"`
}

func sealUserData(in userToSeal) (sealedUser, error) {
	key, sealed, err := in.seal(in.SignedUserData, link.SealUser)
	return sealedUser{key, sealed}, err
}

type digestOfUser struct {
	BoxKey vectors.Hex `json:"box_key"`
	Size   int         `json:"sealed_size"`
	SHA256 vectors.Hex `json:"sealed_sha256"`
}

func digestUserData(in userToSeal) (digestOfUser, error) {
	key, sealed, err := in.seal(in.SignedUserData, link.SealUser)
	sum := sha256.Sum256(sealed)
	return digestOfUser{key, len(sealed), sum[:]}, err
}

type fixedToOpen struct {
	SealedFixedData vectors.Hex `json:"sealed_fixed_data"`
	Secret          vectors.Hex `json:"secret"`
}

type openedFixed struct {
	SignedFixedData vectors.Hex `json:"signed_fixed_data"`
	Nonce           vectors.Hex `json:"nonce"`
}

func openFixedData(in fixedToOpen) (openedFixed, error) {
	signed, err := openPart(in.SealedFixedData, in.Secret, link.OpenFixed)
	if err != nil {
		return openedFixed{}, err
	}
	return openedFixed{signed, in.SealedFixedData[:box.NonceSize]}, nil
}

type userToOpen struct {
	SealedUserData vectors.Hex `json:"sealed_user_data"`
	Secret         vectors.Hex `json:"secret"`
}

type openedUser struct {
	SignedUserData vectors.Hex `json:"signed_user_data"`
	Nonce          vectors.Hex `json:"nonce"`
}

func openUserData(in userToOpen) (openedUser, error) {
	signed, err := openPart(in.SealedUserData, in.Secret, link.OpenUser)
	if err != nil {
		return openedUser{}, err
	}
	return openedUser{signed, in.SealedUserData[:box.NonceSize]}, nil
}

func openPart(sealed, secret []byte, with func([]byte, link.Secret) ([]byte, error)) ([]byte, error) {
	s, err := secretFrom(secret)
	if err != nil {
		return nil, err
	}
	return with(sealed, s)
}

type sealedLinkData struct {
	SealedFixedData vectors.Hex `json:"sealed_fixed_data"`
	SealedUserData  vectors.Hex `json:"sealed_user_data"`
	LinkKey         vectors.Hex `json:"link_key"`
}

// open decrypts and verifies link data with the secret.
func (d sealedLinkData) open(secret link.Secret) (openedLinkData, error) {
	data := smp.LinkData{Fixed: d.SealedFixedData, User: d.SealedUserData}
	if _, _, err := link.OpenLinkData(data, link.LinkKey(d.LinkKey), secret); err != nil {
		return openedLinkData{}, asOffer(err)
	}
	fixed, err := link.OpenFixed(d.SealedFixedData, secret)
	if err != nil {
		return openedLinkData{}, err
	}
	user, err := link.OpenUser(d.SealedUserData, secret)
	if err != nil {
		return openedLinkData{}, err
	}
	_, fixedContent := splitSigned(fixed)
	_, userContent := splitSigned(user)
	return openedLinkData{fixedContent, userContent}, nil
}

type openedLinkData struct {
	FixedData vectors.Hex `json:"fixed_data"`
	UserData  vectors.Hex `json:"user_data"`
}

type linkDataToOpen struct {
	sealedLinkData
	Secret vectors.Hex `json:"secret"`
}

func openLinkData(in linkDataToOpen) (openedLinkData, error) {
	secret, err := secretFrom(in.Secret)
	if err != nil {
		return openedLinkData{}, err
	}
	return in.open(secret)
}

type linkDataToResolve struct {
	sealedLinkData
	Mode string `json:"mode"`
}

type resolvedLinkData struct {
	Secret vectors.Hex `json:"secret"`
	openedLinkData
}

func resolveLinkData(in linkDataToResolve) (resolvedLinkData, error) {
	key := link.LinkKey(in.LinkKey)
	var secret link.Secret
	var err error
	switch linkModes[in.Mode] {
	case link.Invitation:
		secret, err = key.InvitationSecret()
	case link.Contact:
		_, secret, err = key.ContactSecret()
	default:
		err = badRequest("%q is no mode of a link", in.Mode)
	}
	if err != nil {
		return resolvedLinkData{}, err
	}
	opened, err := in.open(secret)
	return resolvedLinkData{secret[:], opened}, err
}

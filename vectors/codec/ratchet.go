package codec

import (
	"crypto/sha256"
	"errors"

	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
	"smpcheck/vectors"
)

var doubleRatchet = area{
	operations: map[string]handler{
		"x448_agree":        operation(x448Agree),
		"x3dh_kdf":          operation(x3dhKDF),
		"ratchet_root_kdf":  operation(rootKDF),
		"ratchet_chain_kdf": operation(chainKDF),

		"encode_ratchet_parameters": operation(encodeRatchetParameters),
		"decode_ratchet_parameters": operation(decodeRatchetParameters),
		"encode_ratchet_offer":      operation(encodeRatchetOffer),
		"decode_ratchet_offer":      operation(decodeRatchetOffer),
		"encode_ratchet_offer_text": operation(encodeRatchetOfferText),
		"decode_ratchet_offer_text": operation(decodeRatchetOfferText),
		"key_agreement":             operation(keyAgreement),
		"x3dh_joining":              operation(x3dhJoining),
		"x3dh_initiating":           operation(x3dhInitiating),
		"ratchet_start_joining":     operation(startJoining),
		"ratchet_start_initiating":  operation(startInitiating),

		"encode_ratchet_header":   operation(encodeRatchetHeader),
		"decode_ratchet_header":   operation(decodeRatchetHeader),
		"ratchet_header_length":   operation(ratchetHeaderLength),
		"encrypt_ratchet_header":  operation(encryptRatchetHeader),
		"decrypt_ratchet_header":  operation(decryptRatchetHeader),
		"encode_encrypted_header": operation(encodeEncryptedHeader),
		"decode_encrypted_header": operation(decodeEncryptedHeader),
		"encrypt_ratchet_message": operation(encryptRatchetMessage),
		"decrypt_ratchet_message": operation(decryptRatchetMessage),
		"encode_ratchet_message":  operation(encodeRatchetMessage),
		"decode_ratchet_message":  operation(decodeRatchetMessage),

		"ratchet_encrypt":        operation(ratchetEncrypt),
		"ratchet_encrypt_digest": operation(ratchetEncryptDigest),
		"ratchet_drop":           operation(ratchetDrop),
		"ratchet_decrypt":        operation(ratchetDecrypt),
		"ratchet_refusal":        operation(ratchetRefusal),
	},
	classes: ratchetClasses,
}

// errRatchetLength says that a symmetric value has not the length of its place.
var errRatchetLength = errors.New("wrong length of a value of the ratchet")

var ratchetClasses = []class{
	{errRatchetLength, "RatchetLength"},
	{ratchet.ErrVersion, "RatchetVersion"},
	{keys.ErrAlgorithm, "WrongKeyType"},
	{ratchet.ErrKEMSize, "KemLength"},
	{ratchet.ErrParameters, "RatchetParameters"},
	{ratchet.ErrKEMTag, "KemTag"},
	{ratchet.ErrKEMState, "KemState"},
	{ratchet.ErrEncoding, "MalformedMessage"},
	{ratchet.ErrHeader, "RefusedHeader"},
	{ratchet.ErrBody, "RefusedBody"},
	{ratchet.ErrDuplicate, "DuplicateMessage"},
	{ratchet.ErrEarlier, "EarlierMessage"},
	{ratchet.ErrTooManySkipped, "TooManySkipped"},
	{ratchet.ErrNoSendingChain, "NoSendingChain"},
}

// ratchetClass returns the class of a failure of the ratchet, which is no malformed
// value of a request.
func ratchetClass(err error) string {
	for _, known := range append(append([]class{}, ratchetClasses...), padding.classes...) {
		if errors.Is(err, known.err) {
			return known.name
		}
	}
	return unclassified
}

// newKeys are the keys that a ratchet step makes.
type newKeys struct {
	DHPrivate vectors.Hex `json:"dh_private"`
	KEM       *kemState   `json:"kem"`
}

// errNoKeys says that a ratchet step needs keys that the request does not have.
var errNoKeys = badRequest("a ratchet step needs new keys, and the request has none for it")

// givenKeys is the source of the keys of one ratchet step.
type givenKeys struct{ *newKeys }

func (g *givenKeys) NewDH() (keys.PrivateKey, error) {
	if g.newKeys == nil {
		return keys.PrivateKey{}, errNoKeys
	}
	return keys.NewPrivate(keys.X448, g.DHPrivate)
}

func (g *givenKeys) NewKEM() (ratchet.KEMKeyPair, error) {
	if g.newKeys == nil || g.KEM == nil {
		return ratchet.KEMKeyPair{}, errNoKeys
	}
	return g.KEM.Self.pair(), nil
}

func (g *givenKeys) Encapsulate(public []byte) ([]byte, ratchet.Key, error) {
	if g.newKeys == nil || g.KEM == nil || g.KEM.Accepted == nil {
		return nil, ratchet.Key{}, errNoKeys
	}
	a := g.KEM.Accepted
	if string(a.ReceivedPublic) != string(public) {
		return nil, ratchet.Key{}, badRequest("the new KEM secret is for another key than the one that came")
	}
	shared, err := ratchetKey(a.Shared)
	return a.Ciphertext, shared, err
}

type stateInput struct {
	State ratchetState `json:"state"`
}

type stateAfter struct {
	State ratchetState `json:"state_after"`
}

type toEncrypt struct {
	stateInput
	Content      vectors.Hex `json:"content"`
	PaddedLength int         `json:"padded_length"`
	PQ           *bool       `json:"pq"`
	Supported    uint16      `json:"supported"`
}

// options are the wish of a sender for the KEM and the version that it announces.
func encryptOptions(pq *bool, supported uint16) ratchet.Options {
	o := ratchet.Options{Supported: supported}
	switch {
	case pq == nil:
	case *pq:
		o.PQ = ratchet.PQOn
	default:
		o.PQ = ratchet.PQOff
	}
	return o
}

type bodyKeyParts struct {
	encryptedHeader
	MessageKey vectors.Hex `json:"message_key"`
	MessageIV  vectors.Hex `json:"message_iv"`
}

type ratchetEncrypted struct {
	bodyKeyParts
	wholeMessage
	stateAfter
}

func ratchetEncrypt(in toEncrypt) (ratchetEncrypted, error) {
	key, next, err := in.State.ratchet.EncryptHeader(encryptOptions(in.PQ, in.Supported))
	if err != nil {
		return ratchetEncrypted{}, err
	}
	message, err := key.Encrypt(in.Content, in.PaddedLength)
	if err != nil {
		return ratchetEncrypted{}, err
	}
	parts := bodyKeyParts{encryptedHeader{key.Header}, key.MessageKey.Key[:], key.MessageKey.IV[:]}
	return ratchetEncrypted{parts, wholeMessage{message}, stateAfter{ratchetState{next}}}, nil
}

type ratchetDigest struct {
	bodyKeyParts
	Digest vectors.Hex `json:"message_sha256"`
}

func ratchetEncryptDigest(in toEncrypt) (ratchetDigest, error) {
	e, err := ratchetEncrypt(in)
	if err != nil {
		return ratchetDigest{}, err
	}
	digest := sha256.Sum256(e.Message)
	return ratchetDigest{e.bodyKeyParts, digest[:]}, nil
}

type toDrop struct {
	stateInput
	Count     int    `json:"count"`
	Supported uint16 `json:"supported"`
}

// maxDropped limits the work of one request.
const maxDropped = 100_000

func ratchetDrop(in toDrop) (stateAfter, error) {
	if in.Count < 0 || in.Count > maxDropped {
		return stateAfter{}, badRequest("%d messages to drop", in.Count)
	}
	s := in.State.ratchet
	for range in.Count {
		_, next, err := s.EncryptHeader(encryptOptions(nil, in.Supported))
		if err != nil {
			return stateAfter{}, err
		}
		s = next
	}
	return stateAfter{ratchetState{s}}, nil
}

type toDecrypt struct {
	stateInput
	NewKeys *newKeys `json:"new_keys"`
	wholeMessage
}

type ratchetDecrypted struct {
	Content vectors.Hex `json:"content"`
	stateAfter
}

func ratchetDecrypt(in toDecrypt) (ratchetDecrypted, error) {
	content, next, err := in.State.ratchet.Decrypt(&givenKeys{in.NewKeys}, in.Message)
	return ratchetDecrypted{content, stateAfter{ratchetState{next}}}, err
}

type refusedMessage struct {
	Error        string       `json:"error"`
	BehindHeader bool         `json:"behind_header"`
	Advanced     bool         `json:"official_advanced"`
	State        ratchetState `json:"official_state"`
}

func ratchetRefusal(in toDecrypt) (refusedMessage, error) {
	_, next, err := in.State.ratchet.Decrypt(&givenKeys{in.NewKeys}, in.Message)
	if err == nil {
		return refusedMessage{}, badRequest("the message decrypts")
	}
	if errors.Is(err, errBadRequest) {
		return refusedMessage{}, err
	}
	refused := refusedMessage{Error: ratchetClass(err), State: ratchetState{next}}
	var behind *ratchet.MessageError
	if !errors.As(err, &behind) {
		return refused, nil
	}
	before, err := in.State.MarshalJSON()
	if err != nil {
		return refusedMessage{}, err
	}
	refused.BehindHeader, refused.State = true, ratchetState{behind.Official}
	after, err := refused.State.MarshalJSON()
	refused.Advanced = string(before) != string(after)
	return refused, err
}

package codec

import (
	"errors"
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// headerFields are the fields of a message header.
type headerFields struct {
	MaxVersion    uint16         `json:"max_version"`
	DHPublic      vectors.Hex    `json:"dh_public"`
	KEM           *kemParameters `json:"kem"`
	PreviousCount uint32         `json:"previous_count"`
	Number        uint32         `json:"number"`
}

func (f headerFields) header() (ratchet.Header, error) {
	public, err := keys.NewPublic(keys.X448, f.DHPublic)
	return ratchet.Header{MaxVersion: f.MaxVersion, DH: public, KEM: f.KEM.parameters(), PreviousCount: f.PreviousCount, Number: f.Number}, err
}

func headerFieldsOf(h ratchet.Header) headerFields {
	return headerFields{h.MaxVersion, h.DH.Raw(), kemParametersOf(h.KEM), h.PreviousCount, h.Number}
}

type ratchetHeader struct {
	Version uint16 `json:"version"`
	headerFields
}

type plainHeader struct {
	Header vectors.Hex `json:"header"`
}

func encodeRatchetHeader(in ratchetHeader) (plainHeader, error) {
	h, err := in.header()
	if err != nil {
		return plainHeader{}, err
	}
	b, err := h.Encode(in.Version)
	return plainHeader{b}, err
}

type versionedHeader struct {
	Version uint16 `json:"version"`
	plainHeader
}

func decodeRatchetHeader(in versionedHeader) (headerFields, error) {
	h, err := ratchet.DecodeHeader(in.Version, in.Header)
	if err != nil {
		return headerFields{}, err
	}
	return headerFieldsOf(h), nil
}

type headerSupport struct {
	Version   uint16 `json:"version"`
	PQSupport bool   `json:"pq_support"`
}

type headerLength struct {
	PaddedLength    int `json:"padded_length"`
	EncryptedLength int `json:"encrypted_length"`
}

func ratchetHeaderLength(in headerSupport) (headerLength, error) {
	length := ratchet.PaddedHeaderLength(in.Version, in.PQSupport)
	b, err := ratchet.EncryptedHeader{Version: in.Version, Body: make([]byte, length)}.Encode()
	return headerLength{length, len(b)}, err
}

type headerToEncrypt struct {
	ratchetHeader
	HeaderKey      vectors.Hex `json:"header_key"`
	HeaderIV       vectors.Hex `json:"header_iv"`
	AssociatedData vectors.Hex `json:"associated_data"`
	PaddedLength   int         `json:"padded_length"`
}

// sealing are the values on the way from content to ciphertext.
type sealing struct {
	Padded       vectors.Hex `json:"padded"`
	CounterBlock vectors.Hex `json:"counter_block"`
}

type encryptedHeader struct {
	EncryptedHeader vectors.Hex `json:"encrypted_header"`
}

type headerEnvelope struct {
	HeaderTag  vectors.Hex `json:"header_tag"`
	HeaderBody vectors.Hex `json:"header_body"`
}

type headerEncrypted struct {
	plainHeader
	sealing
	headerEnvelope
	encryptedHeader
}

// sealWithSteps pads and encrypts, and tells the values on the way.
func sealWithSteps(key ratchet.Key, iv ratchet.IV, associatedData, content []byte, length int) (s sealing, sealed []byte, tag ratchet.Tag, err error) {
	if s.Padded, err = wire.Pad(nil, content, length); err != nil {
		return s, nil, tag, err
	}
	if s.CounterBlock, err = counterBlock(key, iv); err != nil {
		return s, nil, tag, err
	}
	sealed, tag, err = ratchet.Seal(key, iv, associatedData, content, length)
	return s, sealed, tag, err
}

func encryptRatchetHeader(in headerToEncrypt) (headerEncrypted, error) {
	plain, err := encodeRatchetHeader(in.ratchetHeader)
	if err != nil {
		return headerEncrypted{}, err
	}
	key, err := messageKey(in.HeaderKey, in.HeaderIV)
	if err != nil {
		return headerEncrypted{}, err
	}
	s, sealed, tag, err := sealWithSteps(key.Key, key.IV, in.AssociatedData, plain.Header, in.PaddedLength)
	if err != nil {
		return headerEncrypted{}, err
	}
	b, err := ratchet.EncryptedHeader{Version: in.Version, IV: key.IV, Tag: tag, Body: sealed}.Encode()
	return headerEncrypted{plain, s, headerEnvelope{tag[:], sealed}, encryptedHeader{b}}, err
}

type headerToDecrypt struct {
	HeaderKey      vectors.Hex `json:"header_key"`
	AssociatedData vectors.Hex `json:"associated_data"`
	encryptedHeader
}

type headerDecrypted struct {
	plainHeader
	ratchetHeader
	HeaderIV     vectors.Hex `json:"header_iv"`
	PaddedLength int         `json:"padded_length"`
}

func decryptRatchetHeader(in headerToDecrypt) (headerDecrypted, error) {
	key, err := ratchetKey(in.HeaderKey)
	if err != nil {
		return headerDecrypted{}, err
	}
	e, err := ratchet.DecodeEncryptedHeader(in.EncryptedHeader)
	if err != nil {
		return headerDecrypted{}, err
	}
	plain, err := ratchet.Open(key, e.IV, in.AssociatedData, e.Body, e.Tag)
	if err != nil {
		return headerDecrypted{}, opened(err, ratchet.ErrHeader)
	}
	h, err := ratchet.DecodeHeader(e.Version, plain)
	if err != nil {
		return headerDecrypted{}, err
	}
	return headerDecrypted{plainHeader{plain}, ratchetHeader{e.Version, headerFieldsOf(h)}, e.IV[:], len(e.Body)}, nil
}

// opened returns the failure to open a ciphertext: the padding inside is malformed, or
// else it does not authenticate.
func opened(err, otherwise error) error {
	if errors.Is(err, wire.ErrPadLength) || errors.Is(err, wire.ErrPadShort) {
		return err
	}
	return fmt.Errorf("%w: %w", otherwise, err)
}

type headerParts struct {
	Version  uint16      `json:"version"`
	HeaderIV vectors.Hex `json:"header_iv"`
	headerEnvelope
}

func decodeEncryptedHeader(in encryptedHeader) (headerParts, error) {
	h, err := ratchet.DecodeEncryptedHeader(in.EncryptedHeader)
	if err != nil {
		return headerParts{}, err
	}
	return headerParts{h.Version, h.IV[:], headerEnvelope{h.Tag[:], h.Body}}, nil
}

func encodeEncryptedHeader(in headerParts) (encryptedHeader, error) {
	h, err := in.envelope()
	if err != nil {
		return encryptedHeader{}, err
	}
	b, err := h.Encode()
	return encryptedHeader{b}, err
}

func (p headerParts) envelope() (h ratchet.EncryptedHeader, err error) {
	h.Version, h.Body = p.Version, p.HeaderBody
	if h.IV, err = ratchetIV(p.HeaderIV); err != nil {
		return h, err
	}
	h.Tag, err = ratchetTag(p.HeaderTag)
	return h, err
}

// ratchetTag returns an authentication tag of 16 bytes.
func ratchetTag(b []byte) (t ratchet.Tag, err error) {
	if len(b) != len(t) {
		return t, fmt.Errorf("%w: a tag of %d bytes, expected %d", errRatchetLength, len(b), len(t))
	}
	copy(t[:], b)
	return t, nil
}

type bodyToEncrypt struct {
	MessageKey     vectors.Hex `json:"message_key"`
	MessageIV      vectors.Hex `json:"message_iv"`
	AssociatedData vectors.Hex `json:"associated_data"`
	encryptedHeader
	Content      vectors.Hex `json:"content"`
	PaddedLength int         `json:"padded_length"`
}

type messageEnvelope struct {
	MessageTag vectors.Hex `json:"message_tag"`
	Body       vectors.Hex `json:"body"`
}

type wholeMessage struct {
	Message vectors.Hex `json:"message"`
}

type bodyEncrypted struct {
	sealing
	headerParts
	messageEnvelope
	wholeMessage
}

func encryptRatchetMessage(in bodyToEncrypt) (bodyEncrypted, error) {
	key, err := messageKey(in.MessageKey, in.MessageIV)
	if err != nil {
		return bodyEncrypted{}, err
	}
	parts, err := decodeEncryptedHeader(in.encryptedHeader)
	if err != nil {
		return bodyEncrypted{}, err
	}
	bound := append(append([]byte{}, in.AssociatedData...), in.EncryptedHeader...)
	s, sealed, tag, err := sealWithSteps(key.Key, key.IV, bound, in.Content, in.PaddedLength)
	if err != nil {
		return bodyEncrypted{}, err
	}
	message, err := ratchet.BodyKey{
		Version: parts.Version, MessageKey: key, AssociatedData: in.AssociatedData, Header: in.EncryptedHeader,
	}.Encrypt(in.Content, in.PaddedLength)
	return bodyEncrypted{s, parts, messageEnvelope{tag[:], sealed}, wholeMessage{message}}, err
}

type bodyToDecrypt struct {
	MessageKey     vectors.Hex `json:"message_key"`
	MessageIV      vectors.Hex `json:"message_iv"`
	AssociatedData vectors.Hex `json:"associated_data"`
	wholeMessage
}

type bodyDecrypted struct {
	encryptedHeader
	Content      vectors.Hex `json:"content"`
	PaddedLength int         `json:"padded_length"`
}

func decryptRatchetMessage(in bodyToDecrypt) (bodyDecrypted, error) {
	key, err := messageKey(in.MessageKey, in.MessageIV)
	if err != nil {
		return bodyDecrypted{}, err
	}
	m, err := ratchet.DecodeMessage(in.Message)
	if err != nil {
		return bodyDecrypted{}, err
	}
	header, err := m.Header.Encode()
	if err != nil {
		return bodyDecrypted{}, err
	}
	bound := append(append([]byte{}, in.AssociatedData...), header...)
	content, err := ratchet.Open(key.Key, key.IV, bound, m.Body, m.Tag)
	if err != nil {
		return bodyDecrypted{}, opened(err, ratchet.ErrBody)
	}
	return bodyDecrypted{encryptedHeader{header}, content, len(m.Body)}, nil
}

type messageParts struct {
	headerParts
	messageEnvelope
}

func decodeRatchetMessage(in wholeMessage) (messageParts, error) {
	m, err := ratchet.DecodeMessage(in.Message)
	if err != nil {
		return messageParts{}, err
	}
	return messageParts{
		headerParts{m.Header.Version, m.Header.IV[:], headerEnvelope{m.Header.Tag[:], m.Header.Body}},
		messageEnvelope{m.Tag[:], m.Body},
	}, nil
}

func encodeRatchetMessage(in messageParts) (wholeMessage, error) {
	header, err := in.envelope()
	if err != nil {
		return wholeMessage{}, err
	}
	tag, err := ratchetTag(in.MessageTag)
	if err != nil {
		return wholeMessage{}, err
	}
	b, err := ratchet.EncryptedMessage{Header: header, Tag: tag, Body: in.Body}.Encode()
	return wholeMessage{b}, err
}

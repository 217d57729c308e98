package codec

import (
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

type clientMessageParts struct {
	SenderKey *vectors.Hex `json:"sender_key"`
	Body      vectors.Hex  `json:"body"`
}

// optionalPublic parses a key that may be absent.
func optionalPublic(der *vectors.Hex) (keys.PublicKey, error) {
	if der == nil {
		return keys.PublicKey{}, nil
	}
	return keys.ParsePublic(*der)
}

type clientMessageBytes struct {
	ClientMessage vectors.Hex `json:"client_message"`
}

type encodedClientMessage struct {
	clientMessageBytes
	PrivateHeader vectors.Hex `json:"private_header"`
}

func encodeClientMessage(in clientMessageParts) (encodedClientMessage, error) {
	sender, err := optionalPublic(in.SenderKey)
	if err != nil {
		return encodedClientMessage{}, err
	}
	b, err := smp.ClientMessage{SenderKey: sender, Body: in.Body}.Encode()
	if err != nil {
		return encodedClientMessage{}, err
	}
	return encodedClientMessage{clientMessageBytes{b}, b[:len(b)-len(in.Body)]}, nil
}

type decodedClientMessage struct {
	clientMessageParts
	PrivateHeader vectors.Hex `json:"private_header"`
}

func decodeClientMessage(in clientMessageBytes) (decodedClientMessage, error) {
	if len(in.ClientMessage) == 0 {
		return decodedClientMessage{}, wire.ErrTruncated
	}
	m, err := smp.DecodeClientMessage(in.ClientMessage)
	if err != nil {
		return decodedClientMessage{}, err
	}
	parts := clientMessageParts{optional(m.SenderKey.SPKI()), m.Body}
	return decodedClientMessage{parts, in.ClientMessage[:len(in.ClientMessage)-len(m.Body)]}, nil
}

type publicHeaderParts struct {
	ClientVersion uint16       `json:"client_version"`
	DHKey         *vectors.Hex `json:"dh_key"`
	Nonce         vectors.Hex  `json:"nonce"`
}

type envelopeParts struct {
	publicHeaderParts
	Box vectors.Hex `json:"box"`
}

func (p envelopeParts) encode() ([]byte, error) {
	dh, err := optionalPublic(p.DHKey)
	if err != nil {
		return nil, err
	}
	nonce, err := box.NonceFrom(p.Nonce)
	if err != nil {
		return nil, err
	}
	return smp.Envelope{Version: p.ClientVersion, DHKey: dh, Nonce: nonce, Body: p.Box}.Encode()
}

type envelopeBytes struct {
	Envelope vectors.Hex `json:"envelope"`
}

type encodedEnvelope struct {
	envelopeBytes
	PublicHeader vectors.Hex `json:"public_header"`
}

func encodeEnvelope(in envelopeParts) (encodedEnvelope, error) {
	b, err := in.encode()
	if err != nil {
		return encodedEnvelope{}, err
	}
	return encodedEnvelope{envelopeBytes{b}, b[:len(b)-len(in.Box)-box.NonceSize]}, nil
}

type decodedEnvelope struct {
	envelopeParts
	PublicHeader vectors.Hex `json:"public_header"`
}

func decodeEnvelope(in envelopeBytes) (decodedEnvelope, error) {
	e, err := smp.DecodeEnvelope(in.Envelope)
	if err != nil {
		return decodedEnvelope{}, err
	}
	parts := envelopeParts{publicHeaderParts{e.Version, optional(e.DHKey.SPKI()), e.Nonce[:]}, e.Body}
	return decodedEnvelope{parts, in.Envelope[:len(in.Envelope)-len(e.Body)-box.NonceSize]}, nil
}

type envelopeToSeal struct {
	Secret vectors.Hex `json:"secret"`
	publicHeaderParts
	clientMessageParts
	Length int `json:"length"`
}

type envelopeSteps struct {
	BoxKey        vectors.Hex `json:"box_key"`
	ClientMessage vectors.Hex `json:"client_message"`
	encodedEnvelope
}

func sealEnvelope(in envelopeToSeal) (envelopeSteps, error) {
	m, err := encodeClientMessage(in.clientMessageParts)
	if err != nil {
		return envelopeSteps{}, err
	}
	sealed, err := sealPadded(in.Secret, in.Nonce, m.ClientMessage, in.Length)
	if err != nil {
		return envelopeSteps{}, err
	}
	e, err := encodeEnvelope(envelopeParts{in.publicHeaderParts, sealed.Box})
	return envelopeSteps{sealed.BoxKey, m.ClientMessage, e}, err
}

type envelopeToOpen struct {
	Secret vectors.Hex `json:"secret"`
	envelopeBytes
}

type openedEnvelope struct {
	publicHeaderParts
	clientMessageParts
	Padding vectors.Hex `json:"padding"`
}

func openEnvelope(in envelopeToOpen) (openedEnvelope, error) {
	e, err := decodeEnvelope(in.envelopeBytes)
	if err != nil {
		return openedEnvelope{}, err
	}
	u, err := openPaddedSecretBox(secretBoxToOpen{in.Secret, e.Nonce, e.Box})
	if err != nil {
		return openedEnvelope{}, err
	}
	m, err := decodeClientMessage(clientMessageBytes{u.Message})
	return openedEnvelope{e.publicHeaderParts, m.clientMessageParts, u.Padding}, err
}

type envelopeDigest struct {
	Length int         `json:"envelope_length"`
	SHA256 vectors.Hex `json:"envelope_sha256"`
}

func digestEnvelope(in envelopeToSeal) (envelopeDigest, error) {
	e, err := sealEnvelope(in)
	if err != nil {
		return envelopeDigest{}, err
	}
	return envelopeDigest{len(e.Envelope), sum(e.Envelope)}, nil
}

package store

import (
	"encoding/base64"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
)

// PrivateKey, PublicKey, Queue, Server and QueueInfo are values of the layers below
// in a form for JSON: base64 of their binary forms, a server as its address. The
// zero values are the empty text.
type (
	PrivateKey struct{ keys.PrivateKey }
	PublicKey  struct{ keys.PublicKey }
	Queue      struct{ client.Queue }
	Server     struct{ link.Server }
	QueueInfo  struct{ link.QueueInfo }
)

func encode(b []byte) []byte { return base64.RawStdEncoding.AppendEncode(nil, b) }

func decode(text []byte) ([]byte, error) { return base64.RawStdEncoding.AppendDecode(nil, text) }

// MarshalText returns the PKCS #8 form.
func (k PrivateKey) MarshalText() ([]byte, error) {
	if k.IsZero() {
		return nil, nil
	}
	return encode(k.PKCS8()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (k *PrivateKey) UnmarshalText(text []byte) error {
	*k = PrivateKey{}
	b, err := decode(text)
	if err != nil || len(b) == 0 {
		return err
	}
	k.PrivateKey, err = keys.ParsePrivate(b)
	return err
}

// MarshalText returns the SubjectPublicKeyInfo.
func (k PublicKey) MarshalText() ([]byte, error) {
	if k.IsZero() {
		return nil, nil
	}
	return encode(k.SPKI()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (k *PublicKey) UnmarshalText(text []byte) error {
	*k = PublicKey{}
	b, err := decode(text)
	if err != nil || len(b) == 0 {
		return err
	}
	k.PublicKey, err = keys.ParsePublic(b)
	return err
}

// MarshalText returns the stored form of the queue.
func (q Queue) MarshalText() ([]byte, error) {
	b, err := q.MarshalBinary()
	return encode(b), err
}

// UnmarshalText reads what MarshalText wrote.
func (q *Queue) UnmarshalText(text []byte) error {
	b, err := decode(text)
	if err != nil {
		return err
	}
	return q.UnmarshalBinary(b)
}

// MarshalText returns the address of the relay, with its password.
func (s Server) MarshalText() ([]byte, error) { return []byte(s.StringWithPassword()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Server) UnmarshalText(text []byte) (err error) {
	s.Server, err = link.ParseServer(string(text))
	return err
}

// MarshalText returns the binary form of the address.
func (q QueueInfo) MarshalText() ([]byte, error) {
	b, err := link.Encode(q.QueueInfo)
	return encode(b), err
}

// UnmarshalText reads what MarshalText wrote.
func (q *QueueInfo) UnmarshalText(text []byte) error {
	b, err := decode(text)
	if err != nil {
		return err
	}
	q.QueueInfo, err = link.Decode(b, link.ReadQueueInfo)
	return err
}

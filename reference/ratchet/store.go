package ratchet

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"smpcheck/reference/keys"
)

// hexBytes are public bytes in hexadecimal.
type hexBytes []byte

func (b hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, b), nil }

func (b *hexBytes) UnmarshalText(text []byte) error { return (*Secret)(b).UnmarshalText(text) }

// stateRecord is the storage form of a State. Its names are those of the known
// answers in vectors/official/ratchet.
type stateRecord struct {
	AssociatedData    hexBytes       `json:"ad"`
	Version           uint16         `json:"current_version"`
	MaxVersion        uint16         `json:"max_version"`
	DHSelf            Secret         `json:"dh_self_private"`
	KEM               *kemRecord     `json:"kem"`
	SupportKEM        bool           `json:"support_kem"`
	EnableKEM         bool           `json:"enable_kem"`
	SendKEM           bool           `json:"snd_kem"`
	ReceiveKEM        bool           `json:"rcv_kem"`
	RootKey           Key            `json:"root_key"`
	Send              *sendRecord    `json:"snd"`
	Receive           *receiveRecord `json:"rcv"`
	SendNumber        uint32         `json:"ns"`
	ReceiveNumber     uint32         `json:"nr"`
	PreviousCount     uint32         `json:"pn"`
	NextHeaderSend    Key            `json:"next_header_key_snd"`
	NextHeaderReceive Key            `json:"next_header_key_rcv"`
	Skipped           []SkippedChain `json:"skipped"`
}

type sendRecord struct {
	DHRemote  hexBytes `json:"dh_remote_public"`
	ChainKey  Key      `json:"chain_key"`
	HeaderKey Key      `json:"header_key"`
}

type receiveRecord struct {
	ChainKey  Key `json:"chain_key"`
	HeaderKey Key `json:"header_key"`
}

type kemRecord struct {
	Self     kemPairRecord      `json:"self"`
	Accepted *kemAcceptedRecord `json:"accepted"`
}

type kemPairRecord struct {
	Public hexBytes `json:"public"`
	Secret Secret   `json:"secret"`
}

type kemAcceptedRecord struct {
	ReceivedPublic hexBytes `json:"received_public"`
	Shared         Key      `json:"shared"`
	Ciphertext     hexBytes `json:"ciphertext"`
}

// privateRecord is the storage form of PrivateParameters.
type privateRecord struct {
	Key1 Secret     `json:"key1"`
	Key2 Secret     `json:"key2"`
	KEM  *kemRecord `json:"kem"`
}

func recordKEM(k *KEM) *kemRecord {
	if k == nil {
		return nil
	}
	record := &kemRecord{Self: kemPairRecord{Public: k.Self.Public, Secret: k.Self.Secret}}
	if a := k.Accepted; a != nil {
		record.Accepted = &kemAcceptedRecord{ReceivedPublic: a.ReceivedPublic, Shared: a.Shared, Ciphertext: a.Ciphertext}
	}
	return record
}

func (r *kemRecord) restore() *KEM {
	if r == nil {
		return nil
	}
	k := &KEM{Self: KEMKeyPair{Public: r.Self.Public, Secret: r.Self.Secret}}
	if a := r.Accepted; a != nil {
		k.Accepted = &KEMAccepted{ReceivedPublic: a.ReceivedPublic, Shared: a.Shared, Ciphertext: a.Ciphertext}
	}
	return k
}

// MarshalJSON returns the storage form, from which UnmarshalJSON restores the
// state completely. It holds all secrets, in hexadecimal.
func (s State) MarshalJSON() ([]byte, error) {
	record := stateRecord{
		AssociatedData: s.AssociatedData, Version: s.Version, MaxVersion: s.MaxVersion,
		DHSelf: s.DHSelf.Raw(), KEM: recordKEM(s.KEM),
		SupportKEM: s.SupportKEM, EnableKEM: s.EnableKEM, SendKEM: s.SendKEM, ReceiveKEM: s.ReceiveKEM,
		RootKey: s.RootKey, SendNumber: s.SendNumber, ReceiveNumber: s.ReceiveNumber, PreviousCount: s.PreviousCount,
		NextHeaderSend: s.NextHeaderSend, NextHeaderReceive: s.NextHeaderReceive, Skipped: s.Skipped,
	}
	if s.Send != nil {
		record.Send = &sendRecord{DHRemote: s.Send.DHRemote.Raw(), ChainKey: s.Send.ChainKey, HeaderKey: s.Send.HeaderKey}
	}
	if s.Receive != nil {
		record.Receive = &receiveRecord{ChainKey: s.Receive.ChainKey, HeaderKey: s.Receive.HeaderKey}
	}
	return json.Marshal(record)
}

// UnmarshalJSON reads the storage form. Unknown fields, keys of wrong sizes and
// states that contradict themselves are ErrState.
func (s *State) UnmarshalJSON(text []byte) error {
	var record stateRecord
	if err := unmarshalStrict(text, &record); err != nil {
		return err
	}
	restored, err := record.restore()
	if err == nil {
		err = restored.check()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	*s = restored
	return nil
}

func (r stateRecord) restore() (s State, err error) {
	s = State{
		AssociatedData: r.AssociatedData, Version: r.Version, MaxVersion: r.MaxVersion, KEM: r.KEM.restore(),
		SupportKEM: r.SupportKEM, EnableKEM: r.EnableKEM, SendKEM: r.SendKEM, ReceiveKEM: r.ReceiveKEM,
		RootKey: r.RootKey, SendNumber: r.SendNumber, ReceiveNumber: r.ReceiveNumber, PreviousCount: r.PreviousCount,
		NextHeaderSend: r.NextHeaderSend, NextHeaderReceive: r.NextHeaderReceive, Skipped: r.Skipped,
	}
	if s.DHSelf, err = keys.NewPrivate(keys.X448, r.DHSelf); err != nil {
		return State{}, fmt.Errorf("own ratchet key: %w", err)
	}
	if r.Send != nil {
		remote, err := keys.NewPublic(keys.X448, r.Send.DHRemote)
		if err != nil {
			return State{}, fmt.Errorf("remote ratchet key: %w", err)
		}
		s.Send = &SendChain{DHRemote: remote, ChainKey: r.Send.ChainKey, HeaderKey: r.Send.HeaderKey}
	}
	if r.Receive != nil {
		s.Receive = &ReceiveChain{ChainKey: r.Receive.ChainKey, HeaderKey: r.Receive.HeaderKey}
	}
	return s, nil
}

// check refuses what no ratchet can come to.
func (s State) check() error {
	if err := checkVersions(s.Version, s.MaxVersion); err != nil {
		return err
	}
	if len(s.AssociatedData) != AssociatedDataSize {
		return fmt.Errorf("associated data of %d bytes, expected %d", len(s.AssociatedData), AssociatedDataSize)
	}
	if err := s.KEM.check(); err != nil {
		return err
	}
	if s.Send == nil && s.Receive != nil {
		return errors.New("a receiving chain without a sending chain")
	}
	if s.Send == nil && s.SendNumber != 0 || s.Receive == nil && s.ReceiveNumber != 0 {
		return errors.New("a number of messages without their chain")
	}
	return checkSkipped(s.Skipped)
}

// checkSkipped refuses two chains of one header key, chains without keys and
// keys out of order.
func checkSkipped(chains []SkippedChain) error {
	seen := make(map[Key]bool, len(chains))
	for _, c := range chains {
		if seen[c.HeaderKey] || len(c.Keys) == 0 {
			return errors.New("skipped chains without keys or with one header key")
		}
		seen[c.HeaderKey] = true
		for i := 1; i < len(c.Keys); i++ {
			if c.Keys[i-1].Number >= c.Keys[i].Number {
				return fmt.Errorf("skipped keys out of order at %d", c.Keys[i].Number)
			}
		}
	}
	return nil
}

// unmarshalStrict reads one JSON value with no unknown fields. Its errors are
// ErrState and show nothing of the text.
func unmarshalStrict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		if errors.Is(err, ErrState) {
			return err
		}
		return fmt.Errorf("%w: other fields or types than expected", ErrState)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("%w: text after the JSON", ErrState)
	}
	return nil
}

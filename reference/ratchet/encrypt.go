package ratchet

import (
	"bytes"
	"fmt"
	"io"
	"math"
)

// PQEncryption is the wish of a sender about the KEM.
type PQEncryption uint8

// The wishes. They take effect with the next ratchet step; PQOn makes headers
// large at once.
const (
	PQUnchanged PQEncryption = iota // as it was
	PQOn                            // propose the KEM, or accept it if the peer did
	PQOff                           // drop the KEM
)

// Options of an encryption. The zero value changes nothing about the KEM and
// announces MaxVersion.
type Options struct {
	PQ PQEncryption
	// Supported is the highest version that is announced to the peer, and to
	// which the ratchet may rise; 0 is MaxVersion. PQOn announces at least
	// PQVersion, and no less than the agreed version is announced.
	Supported uint16
}

// BodyKey is what is needed to encrypt one message after its header. It must be
// used once.
type BodyKey struct {
	Version        uint16
	MessageKey     MessageKey
	AssociatedData []byte // of the ratchet
	Header         []byte // the encoded EncryptedHeader
}

// Format hides the key whatever the verb.
func (BodyKey) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) }

// Encrypt pads content to length bytes, encrypts it, and returns the message and
// the next state. Content longer than length-2 is wire.ErrPadTooLong. The other
// errors are those of EncryptHeader. RatchetEncryptPQ2HE in PQDR, "Encrypting
// messages".
func (s State) Encrypt(content []byte, length int, o Options) (message []byte, next State, err error) {
	key, next, err := s.EncryptHeader(o)
	if err != nil {
		return nil, s, err
	}
	message, err = key.Encrypt(content, length)
	if err != nil {
		return nil, s, err
	}
	return message, next, nil
}

// EncryptHeader takes the next message key from the sending chain and encrypts
// the header that goes with it. Without a sending chain it returns
// ErrNoSendingChain, after 2^32-1 messages ErrCounter, and ErrVersion if the
// options announce what this package does not speak.
//
// With PQOff the header still carries the ciphertext that was accepted before,
// the headers that follow in the chain do not. So does the official
// implementation. A peer that received nothing of the chain before these cannot
// follow the ratchet step that made it: their bodies fail until the message with
// PQOff, or one before it, comes.
func (s State) EncryptHeader(o Options) (BodyKey, State, error) {
	if s.Send == nil {
		return BodyKey{}, s, ErrNoSendingChain
	}
	if s.SendNumber == math.MaxUint32 {
		return BodyKey{}, s, ErrCounter
	}
	next, err := s.with(o)
	if err != nil {
		return BodyKey{}, s, err
	}
	chainKey, messageKey, iv := ChainKDF(s.Send.ChainKey)
	header := Header{
		MaxVersion: next.MaxVersion, DH: s.DHSelf.Public(), PreviousCount: s.PreviousCount, Number: s.SendNumber,
	}
	if s.Version >= PQVersion {
		header.KEM = s.KEM.parameters()
	}
	encoded, err := header.Encode(s.Version)
	if err != nil {
		return BodyKey{}, s, err
	}
	length := PaddedHeaderLength(s.Version, next.SupportKEM)
	sealed, tag, err := Seal(s.Send.HeaderKey, iv, s.AssociatedData, encoded, length)
	if err != nil {
		return BodyKey{}, s, fmt.Errorf("header: %w", err)
	}
	encrypted, err := EncryptedHeader{Version: s.Version, IV: iv, Tag: tag, Body: sealed}.Encode()
	if err != nil {
		return BodyKey{}, s, err
	}
	next.Send = &SendChain{DHRemote: s.Send.DHRemote, ChainKey: chainKey, HeaderKey: s.Send.HeaderKey}
	next.SendNumber++
	return BodyKey{Version: s.Version, MessageKey: messageKey, AssociatedData: s.AssociatedData, Header: encrypted}, next, nil
}

// with does to the state of the next message what was wished with this one.
func (s State) with(o Options) (State, error) {
	supported := o.Supported
	if supported == 0 {
		supported = MaxVersion
	}
	if err := checkVersions(supported, supported); err != nil {
		return s, err
	}
	announced := s.Version
	switch o.PQ {
	case PQOn:
		s.EnableKEM = true
		announced = PQVersion
	case PQOff:
		s.EnableKEM = false
		s.KEM = s.KEM.proposed()
	}
	s.MaxVersion = max(supported, announced)
	s.SupportKEM = s.SupportKEM || s.Version >= PQVersion && s.EnableKEM
	return s, nil
}

// Encrypt pads content to length bytes, encrypts it and returns the whole
// message. Content longer than length-2 is wire.ErrPadTooLong.
func (k BodyKey) Encrypt(content []byte, length int) ([]byte, error) {
	body, tag, err := Seal(k.MessageKey.Key, k.MessageKey.IV, concat(k.AssociatedData, k.Header), content, length)
	if err != nil {
		return nil, fmt.Errorf("message body: %w", err)
	}
	return encodeMessage(k.Version, k.Header, tag, body)
}

func concat(a, b []byte) []byte { return bytes.Join([][]byte{a, b}, nil) }

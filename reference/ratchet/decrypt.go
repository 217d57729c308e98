package ratchet

import (
	"errors"
	"fmt"
)

// Decrypt opens a message and returns its content and the next state. New keys
// for a ratchet step come from source.
//
// On every error next is the state as it was. Bytes that are no message, and a
// header that opens to none, are ErrEncoding; a header that no key opens is
// ErrHeader; KEM parameters that the state does not allow are ErrKEMState. What
// fails behind an authentic header is a MessageError, which says how the
// official implementation goes on. RatchetDecryptPQ2HE in PQDR, "Decrypting
// messages".
func (s State) Decrypt(source Keys, message []byte) (content []byte, next State, err error) {
	m, err := DecodeMessage(message)
	if err != nil {
		return nil, s, err
	}
	content, next, err = s.decrypt(source, m)
	if err != nil {
		return nil, s, err
	}
	return content, next, nil
}

func (s State) decrypt(source Keys, m EncryptedMessage) ([]byte, State, error) {
	for i, chain := range s.Skipped {
		header, err := s.openHeader(chain.HeaderKey, m.Header)
		if errors.Is(err, ErrHeader) {
			continue
		}
		if err != nil {
			return nil, s, err
		}
		if k, ok := chain.find(header.Number); ok {
			next := s
			next.Skipped = without(s.Skipped, i, k)
			return next.openBody(chain.Keys[k].MessageKey, m)
		}
		switch {
		case s.Receive != nil && chain.HeaderKey == s.Receive.HeaderKey:
			return s.decryptSame(header, m)
		case chain.HeaderKey == s.NextHeaderReceive:
			return s.decryptNext(source, header, m)
		}
		return nil, s, ErrHeader
	}
	if s.Receive != nil {
		header, err := s.openHeader(s.Receive.HeaderKey, m.Header)
		if err == nil {
			return s.decryptSame(header, m)
		}
		if !errors.Is(err, ErrHeader) {
			return nil, s, err
		}
	}
	header, err := s.openHeader(s.NextHeaderReceive, m.Header)
	if err != nil {
		return nil, s, err
	}
	return s.decryptNext(source, header, m)
}

// openHeader opens a header with one key; ErrHeader if the key is not its own,
// ErrEncoding if what it holds is no header.
func (s State) openHeader(key Key, h EncryptedHeader) (Header, error) {
	encoded, err := Open(key, h.IV, s.AssociatedData, h.Body, h.Tag)
	if err != nil {
		return Header{}, ErrHeader
	}
	header, err := receiveHeader(h.Version, encoded)
	if err != nil {
		return Header{}, fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	return header, nil
}

// decryptSame opens a message of the receiving chain.
func (s State) decryptSame(header Header, m EncryptedMessage) ([]byte, State, error) {
	return s.upgraded(header).decryptNumber(header, m)
}

// decryptNext opens a message of the chain after the receiving chain: a ratchet
// step comes first.
func (s State) decryptNext(source Keys, header Header, m EncryptedMessage) ([]byte, State, error) {
	next, err := s.upgraded(header).skip(header.PreviousCount)
	if err != nil {
		return nil, s, fmt.Errorf("previous chain: %w", err)
	}
	next, err = next.step(source, header)
	if err != nil {
		return nil, s, err
	}
	return next.decryptNumber(header, m)
}

// decryptNumber opens the body with the key of its number in the receiving
// chain.
func (s State) decryptNumber(header Header, m EncryptedMessage) ([]byte, State, error) {
	next, err := s.skip(header.Number)
	if err != nil {
		return nil, s, &MessageError{Err: err, Official: s}
	}
	chainKey, messageKey, _ := ChainKDF(next.Receive.ChainKey)
	next.Receive = &ReceiveChain{ChainKey: chainKey, HeaderKey: next.Receive.HeaderKey}
	next.ReceiveNumber++
	return next.openBody(messageKey, m)
}

// openBody opens the body; s is the state after the message.
func (s State) openBody(key MessageKey, m EncryptedMessage) ([]byte, State, error) {
	header, err := m.Header.Encode()
	if err != nil {
		return nil, s, fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	content, err := Open(key.Key, key.IV, concat(s.AssociatedData, header), m.Body, m.Tag)
	if err != nil {
		return nil, s, &MessageError{Err: fmt.Errorf("%w: %w", ErrBody, err), Official: s}
	}
	return content, s, nil
}

// upgraded raises the version to the highest that both sides support.
func (s State) upgraded(header Header) State {
	s.Version = max(s.Version, min(header.MaxVersion, s.MaxVersion))
	return s
}

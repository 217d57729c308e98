package ratchet

import "fmt"

// step is the ratchet step that a message with a new ratchet key makes: a new
// receiving chain from the received key, then new own keys and a sending chain
// from them. DHRatchetPQ2HE in PQDR, "Decrypting messages".
func (s State) step(source Keys, header Header) (State, error) {
	received, kem, err := s.stepKEM(source, header.KEM)
	if err != nil {
		return s, err
	}
	self, err := source.NewDH()
	if err != nil {
		return s, err
	}
	dhReceive, err := s.DHSelf.DH(header.DH)
	if err != nil {
		return s, fmt.Errorf("ratchet key of the message: %w", err)
	}
	dhSend, err := self.DH(header.DH)
	if err != nil {
		return s, fmt.Errorf("ratchet key of the message: %w", err)
	}
	var sent *Key
	if kem != nil && kem.Accepted != nil {
		sent = &kem.Accepted.Shared
	}

	next := s
	next.DHSelf, next.KEM = self, kem
	next.SendKEM, next.ReceiveKEM = sent != nil, received != nil
	next.EnableKEM = sent != nil || received != nil || kem != nil
	next.SupportKEM = s.SupportKEM || s.Version >= PQVersion && next.EnableKEM
	next.PreviousCount, next.SendNumber, next.ReceiveNumber = s.SendNumber, 0, 0

	next.Send = &SendChain{DHRemote: header.DH, HeaderKey: s.NextHeaderSend}
	next.Receive = &ReceiveChain{HeaderKey: s.NextHeaderReceive}
	next.RootKey, next.Receive.ChainKey, next.NextHeaderReceive = RootKDF(s.RootKey, dhReceive, received)
	next.RootKey, next.Send.ChainKey, next.NextHeaderSend = RootKDF(next.RootKey, dhSend, sent)
	return next, nil
}

// stepKEM is the part of the KEM in a ratchet step: the secret for the new
// receiving chain, nil for none, and the new state, nil for no KEM. Agent
// protocol, "End-to-end encryption", second table.
//
//	received   own wish on                    own wish off
//	nothing    propose, if nothing was sent   drop
//	proposed   accept                         drop
//	accepted   secret, and accept             secret, and drop
//
// The wish counts from PQVersion on. A ciphertext is an error when no key was
// sent for it. A proposal that crosses an own one, an error by that table, is
// taken as the official implementation takes it.
func (s State) stepKEM(source Keys, got *KEMParameters) (received *Key, next *KEM, err error) {
	on := s.EnableKEM && s.Version >= PQVersion
	if got == nil {
		if on && s.KEM == nil {
			next, err = propose(source)
		}
		return nil, next, err
	}
	if got.Accepted() {
		if s.KEM == nil {
			return nil, nil, fmt.Errorf("%w: ciphertext for a key that was not sent", ErrKEMState)
		}
		shared, err := s.KEM.decapsulate(got.Ciphertext)
		if err != nil {
			return nil, nil, err
		}
		received = &shared
	}
	if on {
		next, err = accept(source, got.PublicKey)
	}
	return received, next, err
}

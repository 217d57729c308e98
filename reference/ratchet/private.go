package ratchet

import (
	"encoding/json"
	"fmt"
	"io"

	"smpcheck/reference/keys"
)

// PrivateParameters are the private half of Parameters: what a side keeps
// between sending its own and receiving the other's.
type PrivateParameters struct {
	Key1, Key2 keys.PrivateKey // X448
	KEM        *KEM            // nil: no KEM
}

// Propose makes the parameters of the initiating side, and of both sides when a
// ratchet is negotiated again. With pq, from PQVersion on, they propose the KEM.
func Propose(source Keys, version uint16, pq bool) (PrivateParameters, error) {
	p, err := newPrivate(source)
	if err == nil && pq && version >= PQVersion {
		p.KEM, err = propose(source)
	}
	return p, err
}

// Reply makes the parameters of the joining side for those of the initiating
// side. With pq, from PQVersion on, they accept the KEM if it was proposed and
// propose it if it was not. Agent protocol, "End-to-end encryption", first
// table.
func Reply(source Keys, peer Parameters, pq bool) (PrivateParameters, error) {
	if err := peer.RequireProposal(); err != nil {
		return PrivateParameters{}, err
	}
	p, err := newPrivate(source)
	if err != nil || !pq || peer.Version < PQVersion {
		return p, err
	}
	if peer.KEM == nil {
		p.KEM, err = propose(source)
	} else {
		p.KEM, err = accept(source, peer.KEM.PublicKey)
	}
	return p, err
}

func newPrivate(source Keys) (p PrivateParameters, err error) {
	if p.Key1, err = source.NewDH(); err != nil {
		return PrivateParameters{}, err
	}
	p.Key2, err = source.NewDH()
	return p, err
}

// Public returns what the other side gets, at a version; below PQVersion it has
// no KEM parameters.
func (p PrivateParameters) Public(version uint16) Parameters {
	public := Parameters{Version: version, Key1: p.Key1.Public(), Key2: p.Key2.Public()}
	if version >= PQVersion {
		public.KEM = p.KEM.parameters()
	}
	return public
}

// Format hides the keys whatever the verb.
func (PrivateParameters) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) }

// MarshalJSON returns the storage form: private keys and KEM in hexadecimal.
func (p PrivateParameters) MarshalJSON() ([]byte, error) {
	return json.Marshal(privateRecord{Key1: p.Key1.Raw(), Key2: p.Key2.Raw(), KEM: recordKEM(p.KEM)})
}

// UnmarshalJSON reads the storage form. Anything else is ErrState.
func (p *PrivateParameters) UnmarshalJSON(text []byte) error {
	var record privateRecord
	err := unmarshalStrict(text, &record)
	if err != nil {
		return err
	}
	var q PrivateParameters
	if q.Key1, err = keys.NewPrivate(keys.X448, record.Key1); err != nil {
		return fmt.Errorf("%w: first key: %w", ErrState, err)
	}
	if q.Key2, err = keys.NewPrivate(keys.X448, record.Key2); err != nil {
		return fmt.Errorf("%w: second key: %w", ErrState, err)
	}
	q.KEM = record.KEM.restore()
	if err := q.KEM.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	*p = q
	return nil
}

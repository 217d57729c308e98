package ratchet

import (
	"bytes"
	"fmt"
	"io"

	"smpcheck/reference/keys"
)

// AssociatedDataSize is the length of the data that every message of a ratchet
// is bound to: two raw X448 keys.
const AssociatedDataSize = 112

// Agreement is the outcome of X3DH, the same on both sides but for KEM.
type Agreement struct {
	// AssociatedData are the raw first keys of the joining and of the
	// initiating side.
	AssociatedData []byte
	// DH1, DH2 and DH3 agree on the initiating side's first key with the
	// joining side's second, on the former's second with the latter's first,
	// and on both second keys; 56 bytes each.
	DH1, DH2, DH3 Secret
	// HeaderKey encrypts the headers of the first chain, NextHeaderKey those
	// of the initiating side's first chain.
	HeaderKey, NextHeaderKey Key
	RootKey                  Key
	// KEM is what the ratchet of this side starts with.
	KEM *KEM
}

// Format hides the secrets whatever the verb.
func (Agreement) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) }

// X3DHSender is the key agreement of the joining side, whose ratchet sends
// first, from its own parameters and those of the initiating side. Parameters
// that do not go together are ErrKEMState: a peer that accepts instead of
// proposing, or an own acceptance of another key than the peer's.
func X3DHSender(own PrivateParameters, peer Parameters) (Agreement, error) {
	if err := checkX3DH(own, peer); err != nil {
		return Agreement{}, err
	}
	if err := peer.RequireProposal(); err != nil {
		return Agreement{}, err
	}
	a := Agreement{}
	if peer.Version >= PQVersion && own.KEM != nil {
		a.KEM = own.KEM
		if accepted := own.KEM.Accepted; accepted != nil &&
			(peer.KEM == nil || !bytes.Equal(accepted.ReceivedPublic, peer.KEM.PublicKey)) {
			return Agreement{}, fmt.Errorf("%w: accepted a KEM key that the peer did not propose", ErrKEMState)
		}
	}
	var errs [3]error
	a.DH1, errs[0] = own.Key2.DH(peer.Key1)
	a.DH2, errs[1] = own.Key1.DH(peer.Key2)
	a.DH3, errs[2] = own.Key2.DH(peer.Key2)
	return a.derive(own.Key1.Public(), peer.Key1, errs[:])
}

// X3DHReceiver is the key agreement of the initiating side, from its own
// parameters and those of the joining side. If these accept the KEM the own
// ones must have proposed it, else it is ErrKEMState. If they do not accept it
// the ratchet starts without: a key that was proposed is dropped.
func X3DHReceiver(own PrivateParameters, peer Parameters) (Agreement, error) {
	if err := checkX3DH(own, peer); err != nil {
		return Agreement{}, err
	}
	if own.KEM != nil && own.KEM.Accepted != nil {
		return Agreement{}, fmt.Errorf("%w: the initiating side accepted where it can only propose", ErrKEMState)
	}
	a := Agreement{}
	if peer.KEM != nil && peer.KEM.Accepted() {
		if own.KEM == nil {
			return Agreement{}, fmt.Errorf("%w: a KEM was accepted that was not proposed", ErrKEMState)
		}
		shared, err := own.KEM.decapsulate(peer.KEM.Ciphertext)
		if err != nil {
			return Agreement{}, err
		}
		a.KEM = &KEM{Self: own.KEM.Self, Accepted: &KEMAccepted{
			ReceivedPublic: peer.KEM.PublicKey, Shared: shared, Ciphertext: peer.KEM.Ciphertext,
		}}
	}
	var errs [3]error
	a.DH1, errs[0] = own.Key1.DH(peer.Key2)
	a.DH2, errs[1] = own.Key2.DH(peer.Key1)
	a.DH3, errs[2] = own.Key2.DH(peer.Key2)
	return a.derive(peer.Key1, own.Key1.Public(), errs[:])
}

func checkX3DH(own PrivateParameters, peer Parameters) error {
	if err := checkVersions(peer.Version, MaxVersion); err != nil {
		return err
	}
	if err := peer.Check(); err != nil {
		return err
	}
	if err := checkKeys(own.Key1.Public(), own.Key2.Public()); err != nil {
		return fmt.Errorf("own parameters: %w", err)
	}
	return own.KEM.check()
}

// derive completes an agreement from its DH results.
func (a Agreement) derive(joining, initiating keys.PublicKey, errs []error) (Agreement, error) {
	for i, err := range errs {
		if err != nil {
			return Agreement{}, fmt.Errorf("X3DH agreement %d: %w", i+1, err)
		}
	}
	a.AssociatedData = append(joining.Raw(), initiating.Raw()...)
	var shared *Key
	if a.KEM != nil && a.KEM.Accepted != nil {
		shared = &a.KEM.Accepted.Shared
	}
	a.HeaderKey, a.NextHeaderKey, a.RootKey = X3DHKDF(a.DH1, a.DH2, a.DH3, shared)
	return a, nil
}

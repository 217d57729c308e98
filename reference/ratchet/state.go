package ratchet

import (
	"fmt"
	"io"

	"smpcheck/reference/keys"
)

// State is a ratchet of one side. It is a value: no method changes it, and what
// it points to is shared between states and must not be changed. Names in
// brackets are those of PQDR.
type State struct {
	// Version is the agreed version, which messages are encoded at; MaxVersion
	// is the highest one to which a message of the peer may raise it.
	Version, MaxVersion uint16
	AssociatedData      []byte // AD: AssociatedDataSize bytes

	DHSelf keys.PrivateKey // DHRs: X448
	KEM    *KEM            // PQRs, PQRr, PQRss, PQRct; nil: no KEM
	// SupportKEM makes headers large. Once on it stays on.
	SupportKEM bool
	// EnableKEM makes the next ratchet step propose or accept the KEM.
	EnableKEM bool
	// SendKEM and ReceiveKEM tell whether the secret of the KEM went into the
	// present sending and receiving chains.
	SendKEM, ReceiveKEM bool

	RootKey Key           // RK
	Send    *SendChain    // nil on the initiating side until it received
	Receive *ReceiveChain // nil until the first message

	// SendNumber and ReceiveNumber are the numbers of the next messages;
	// PreviousCount is the length of the previous sending chain.
	SendNumber, ReceiveNumber, PreviousCount uint32 // Ns, Nr, PN
	NextHeaderSend, NextHeaderReceive        Key    // NHKs, NHKr

	// Skipped are the keys of messages that have not come yet. A peer can make
	// their number grow by MaxSkip with each message it sends, and by twice
	// that with each ratchet step.
	Skipped []SkippedChain // MKSKIPPED
}

// SendChain is a sending chain.
type SendChain struct {
	DHRemote  keys.PublicKey // DHRr
	ChainKey  Key            // CKs
	HeaderKey Key            // HKs
}

// ReceiveChain is a receiving chain.
type ReceiveChain struct {
	ChainKey  Key // CKr
	HeaderKey Key // HKr
}

// Format hides the state whatever the verb.
func (State) Format(f fmt.State, _ rune) { io.WriteString(f, "ratchet state") }

// InitSender starts the ratchet of the joining side, which sends first, at the
// version of the peer's parameters. maxVersion is the highest version to which
// it may rise. It takes NewDH from source. The errors are those of X3DHSender
// and ErrVersion. RatchetInitAlicePQ2HE in PQDR, "Initialization".
func InitSender(source Keys, own PrivateParameters, peer Parameters, maxVersion uint16) (State, error) {
	if err := checkVersions(peer.Version, maxVersion); err != nil {
		return State{}, err
	}
	a, err := X3DHSender(own, peer)
	if err != nil {
		return State{}, err
	}
	self, err := source.NewDH()
	if err != nil {
		return State{}, err
	}
	dh, err := self.DH(peer.Key2)
	if err != nil {
		return State{}, fmt.Errorf("first agreement of the ratchet: %w", err)
	}
	var shared *Key
	if a.KEM != nil && a.KEM.Accepted != nil {
		shared = &a.KEM.Accepted.Shared
	}
	s := State{
		Version: peer.Version, MaxVersion: maxVersion, AssociatedData: a.AssociatedData,
		DHSelf: self, KEM: a.KEM, SupportKEM: a.KEM != nil, EnableKEM: a.KEM != nil, SendKEM: shared != nil,
		Send:              &SendChain{DHRemote: peer.Key2, HeaderKey: a.HeaderKey},
		NextHeaderReceive: a.NextHeaderKey,
	}
	s.RootKey, s.Send.ChainKey, s.NextHeaderSend = RootKDF(a.RootKey, dh, shared)
	return s, nil
}

// InitReceiver starts the ratchet of the initiating side, at the version of the
// peer's parameters. maxVersion is the highest version to which it may rise, pq
// whether KEM is supported and wanted. The errors are those of X3DHReceiver and
// ErrVersion. RatchetInitBobPQ2HE in PQDR, "Initialization".
func InitReceiver(own PrivateParameters, peer Parameters, maxVersion uint16, pq bool) (State, error) {
	if err := checkVersions(peer.Version, maxVersion); err != nil {
		return State{}, err
	}
	a, err := X3DHReceiver(own, peer)
	if err != nil {
		return State{}, err
	}
	return State{
		Version: peer.Version, MaxVersion: maxVersion, AssociatedData: a.AssociatedData,
		DHSelf: own.Key2, KEM: a.KEM, SupportKEM: pq, EnableKEM: pq,
		RootKey:        a.RootKey,
		NextHeaderSend: a.NextHeaderKey, NextHeaderReceive: a.HeaderKey,
	}, nil
}

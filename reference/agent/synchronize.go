package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
)

// maxRatchetKeys is how many hashes of the peer's ratchet keys are remembered.
const maxRatchetKeys = 16

// syncState is the state of synchronization, "ok" for what is stored as empty.
func (ch *change) syncState() SyncState {
	if ch.c.Sync == "" {
		return SyncOK
	}
	return SyncState(ch.c.Sync)
}

// setSync changes the state of synchronization and tells the application.
func (ch *change) setSync(state SyncState, reason string) error {
	ch.c.Sync = string(state)
	return ch.emit(Synchronization{State: state, Reason: reason})
}

// sendingProhibited reports whether messages must wait until both sides have agreed on
// a ratchet.
func sendingProhibited(state SyncState) bool {
	return state == SyncRequired || state == SyncStarted || state == SyncAgreed
}

// undecryptable takes a message that the ratchet does not decrypt. A repetition is
// nothing; anything else may mean that the two sides have lost each other.
func (ch *change) undecryptable(hash []byte, reason error) error {
	repeated, err := ch.tx.MarkReceived(ch.c.ID, hash, ch.now)
	if err != nil || repeated {
		return err
	}
	if errors.Is(reason, ratchet.ErrDuplicate) || errors.Is(reason, ratchet.ErrEncoding) || errors.Is(reason, ratchet.ErrKEMState) {
		return refuse(reason)
	}
	next := SyncAllowed
	if errors.Is(reason, ratchet.ErrHeader) || errors.Is(reason, ratchet.ErrTooManySkipped) {
		next = SyncRequired
	}
	switch ch.syncState() {
	case SyncOK, SyncAllowed, SyncRequired:
		return ch.setSync(next, reason.Error())
	}
	return nil
}

// synchronized notes that a message decrypted.
func (ch *change) synchronized() error {
	switch ch.syncState() {
	case SyncOK, SyncStarted:
		return nil
	}
	ch.c.Sync = ""
	if err := ch.emit(Synchronization{State: SyncOK}); err != nil {
		return err
	}
	return ch.sendReceipts()
}

// Resync negotiates a new ratchet with the peer. It is for connections in the state
// SyncAllowed or SyncRequired, or for any with force; otherwise it is ErrState.
func (a *Agent) Resync(ctx context.Context, id ConnID, force bool) error {
	return a.change(ctx, id, func(ch *change) error {
		state := ch.syncState()
		switch {
		case !ch.duplex() || ch.c.Deleted:
			return fmt.Errorf("%w: it is not connected", ErrState)
		case ch.c.Version < message.VersionRatchetSync:
			return fmt.Errorf("%w: the other side cannot negotiate encryption again", ErrState)
		case state != SyncAllowed && state != SyncRequired && !force:
			return fmt.Errorf("%w: encryption works, or is being negotiated", ErrState)
		}
		private, err := ratchet.Propose(ch.a.newKeys(), ratchet.MaxVersion, ch.c.PQ)
		if err != nil {
			return err
		}
		ch.c.Private = &private
		if err := ch.sendRatchetKey(private.Public(ratchet.MaxVersion)); err != nil {
			return err
		}
		return ch.setSync(SyncStarted, "")
	})
}

// sendRatchetKey sends new ratchet keys. The message takes a number of the chain,
// which no header shows to the peer.
func (ch *change) sendRatchetKey(p ratchet.Parameters) error {
	info, err := message.EncodeMessage(message.AgentRatchetInfo{})
	if err != nil {
		return err
	}
	envelope := message.Envelope{
		Version: agentVersions.Max,
		Content: message.AgentRatchetKey{Parameters: p, Info: info},
	}
	_, err = ch.store(info, envelope, sending{kind: kindRatchetKey})
	return err
}

// ratchetKey takes the peer's new ratchet keys: it answers with own ones if it has not
// sent any, and starts the new ratchet. Both sides know which of them is to send first
// by comparing hashes of the keys.
func (ch *change) ratchetKey(m message.AgentRatchetKey) error {
	peer := m.Parameters
	peerHash := keysHash(peer.Key1, peer.Key2)
	if slices.ContainsFunc(ch.c.RatchetKeys, func(h []byte) bool { return bytes.Equal(h, peerHash) }) {
		return nil
	}
	if err := peer.RequireProposal(); err != nil {
		return refuse(err)
	}
	if !ratchet.Versions().Contains(peer.Version) {
		return refuse(fmt.Errorf("%w: %d", ratchet.ErrVersion, peer.Version))
	}
	ch.c.KeyInfo = message.Hash(m.Info)
	ch.c.RatchetKeys = append(ch.c.RatchetKeys, peerHash)
	if n := len(ch.c.RatchetKeys); n > maxRatchetKeys {
		ch.c.RatchetKeys = ch.c.RatchetKeys[n-maxRatchetKeys:]
	}
	own := ch.c.Private
	switch ch.syncState() {
	case SyncAgreed:
		return ch.setSync(SyncRequired, "the other side sent ratchet keys again")
	case SyncStarted:
		if own == nil {
			return prohibited("ratchet keys were agreed already")
		}
	default:
		private, err := ratchet.Propose(ch.a.newKeys(), peer.Version, ch.c.PQ)
		if err != nil {
			return err
		}
		own = &private
		if err := ch.sendRatchetKey(private.Public(peer.Version)); err != nil {
			return err
		}
	}
	ch.c.Private = nil
	return ch.newRatchet(*own, peer, peerHash)
}

// newRatchet starts the ratchet that two AgentRatchetKey describe.
func (ch *change) newRatchet(own ratchet.PrivateParameters, peer ratchet.Parameters, peerHash []byte) error {
	public := own.Public(peer.Version)
	if bytes.Compare(keysHash(public.Key1, public.Key2), peerHash) <= 0 {
		state, err := ratchet.InitReceiver(own, peer, ratchet.MaxVersion, ch.c.PQ)
		if err != nil {
			return refuse(err)
		}
		ch.setRatchet(state)
		return ch.setSync(SyncAgreed, "")
	}
	state, err := ratchet.InitSender(ch.a.newKeys(), own, peer, ratchet.MaxVersion)
	if err != nil {
		return refuse(err)
	}
	ch.setRatchet(state)
	if err := ch.setSync(SyncAgreed, ""); err != nil {
		return err
	}
	_, err = ch.send(message.EREADY{LastDecrypted: ch.c.Received.ID}, sending{kind: kindReady})
	return err
}

// ready takes EREADY; last is the number of the message before it. The side whose ratchet
// started as receiving has sent none yet, and answers.
func (ch *change) ready(before ratchet.State, last int64) error {
	if before.Send != nil {
		return nil
	}
	_, err := ch.send(message.EREADY{LastDecrypted: last}, sending{kind: kindReady})
	return err
}

func keysHash(k1, k2 keys.PublicKey) []byte {
	h := sha256.New()
	h.Write(k1.Raw())
	h.Write(k2.Raw())
	return h.Sum(nil)
}

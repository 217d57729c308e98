package recorded_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/sntrup761"
	"smpcheck/vectors"
)

// end is one end of a connection between agents, as far as the walk came.
type end struct {
	*vectors.AgentEnd
	peer     *end
	dhKey    keys.PrivateKey // of the layer of the receive queue
	sendKey  box.Key         // of the layer of the send queue
	sendAuth keys.PublicKey
	offer    *ratchet.Offer // of the invitation, where it is recorded

	initial, state ratchet.State
	steps          int // of the ratchet
	out, in        message.Chain
	hashes         map[int64][]byte // of the messages sent
}

func (w *walk) startEnds() error {
	for i := range w.recording.Agents {
		e := &end{AgentEnd: &w.recording.Agents[i], hashes: map[int64][]byte{}}
		if err := e.start(); err != nil {
			return fmt.Errorf("%s: %w", e.Client, err)
		}
		w.ends = append(w.ends, e)
	}
	for _, e := range w.ends {
		if e.Ratchet == nil {
			continue
		}
		for _, other := range w.ends {
			if other != e && other.Ratchet != nil && bytes.Equal(other.state.AssociatedData, e.state.AssociatedData) {
				e.peer = other
			}
		}
		if e.peer == nil {
			return fmt.Errorf("%s: no peer has the same ratchet", e.Client)
		}
		if e.state.Send != nil {
			if err := agreed(e.state, e.peer.state); err != nil {
				return in(ratchetReceived, err)
			}
		}
	}
	return nil
}

func (e *end) start() (err error) {
	if e.dhKey, err = keys.ParsePrivate(e.ReceiveQueue.E2EPrivateDER); err != nil {
		return err
	}
	if e.SendQueue == nil {
		return expect(e.Ratchet == nil && e.Mode == "CON", "a connection without send queue")
	}
	auth, err := keys.ParsePrivate(e.SendQueue.AuthPrivateDER)
	if err != nil {
		return err
	}
	e.sendAuth = auth.Public()
	if e.sendKey, err = box.DeriveKey(e.SendQueue.E2ESecret); err != nil {
		return err
	}
	e.initial, err = stateFrom(e.Ratchet.Initial)
	e.state = e.initial
	return err
}

// agreed checks the states of both sides after X3DH against each other: keys of the
// headers, and the ratchet step with which the joining side began.
func agreed(joining, initiating ratchet.State) error {
	if initiating.Send != nil || joining.Send.DHRemote.Algorithm() != keys.X448 ||
		!bytes.Equal(joining.Send.DHRemote.Raw(), initiating.DHSelf.Public().Raw()) {
		return errors.New("the joining side began with another key")
	}
	secret, err := joining.DHSelf.DH(initiating.DHSelf.Public())
	if err != nil {
		return err
	}
	shared, err := agreedKEM(joining.KEM, initiating.KEM)
	if err != nil {
		return err
	}
	root, chain, header := ratchet.RootKDF(initiating.RootKey, secret, shared)
	if root != joining.RootKey || chain != joining.Send.ChainKey || header != joining.NextHeaderSend {
		return errors.New("the first step does not follow from the other side's root key")
	}
	return expect(joining.Send.HeaderKey == initiating.NextHeaderReceive && joining.NextHeaderReceive == initiating.NextHeaderSend,
		"header keys differ")
}

// agreedKEM returns the shared secret of X3DH, nil if the joining side did not accept the
// KEM. The initiating side has to find the secret in the ciphertext.
func agreedKEM(joining, initiating *ratchet.KEM) (*ratchet.Key, error) {
	if joining == nil || joining.Accepted == nil {
		return nil, expect(initiating == nil, "a KEM that the joining side did not accept")
	}
	if initiating == nil || initiating.Accepted == nil ||
		!bytes.Equal(joining.Accepted.ReceivedPublic, initiating.Self.Public) ||
		!bytes.Equal(initiating.Accepted.ReceivedPublic, joining.Self.Public) ||
		!bytes.Equal(initiating.Accepted.Ciphertext, joining.Accepted.Ciphertext) {
		return nil, errors.New("the joining side accepted another KEM key")
	}
	secret, err := sntrup761.Decapsulate(initiating.Self.Secret, joining.Accepted.Ciphertext)
	if err != nil {
		return nil, err
	}
	shared := ratchet.Key(secret)
	return &shared, expect(shared == joining.Accepted.Shared && shared == initiating.Accepted.Shared, "another shared secret")
}

// finish checks that every ratchet is where the client stored it, and that the chains of
// messages end with the last recorded ones.
func (w *walk) finish() error {
	for _, e := range w.ends {
		if e.Ratchet == nil {
			continue
		}
		if left := len(e.Ratchet.Steps) - e.steps; left > 0 {
			return fmt.Errorf("%s: %d messages of the ratchet are in no block", e.Client, left)
		}
		final, err := stateFrom(e.Ratchet.Final)
		if err != nil {
			return fmt.Errorf("%s: stored ratchet: %w", e.Client, err)
		}
		if err := sameState(final, e.state); err != nil {
			return fmt.Errorf("%s: stored ratchet: %w", e.Client, err)
		}
		sent := message.Chain{ID: e.SentID, Hash: e.SentHash}
		received := message.Chain{ID: e.ReceivedID, Hash: e.ReceivedHash}
		if !reflect.DeepEqual(e.out, sent) || !reflect.DeepEqual(e.in, received) {
			return fmt.Errorf("%s: chains end with %v and %v, recorded are %v and %v", e.Client, e.out.ID, e.in.ID, sent.ID, received.ID)
		}
	}
	return nil
}

// stateFrom reads a recorded state. Its form is that of our storage, but for the public
// key, which is checked, and skipped keys, of which there are none.
func stateFrom(v vectors.Value) (ratchet.State, error) {
	var form map[string]any
	if err := v.Decode(&form); err != nil {
		return ratchet.State{}, err
	}
	form["skipped"] = []any{}
	public := form["dh_self_public"]
	delete(form, "dh_self_public")
	text, err := json.Marshal(form)
	if err != nil {
		return ratchet.State{}, err
	}
	var s ratchet.State
	if err := json.Unmarshal(text, &s); err != nil {
		return ratchet.State{}, err
	}
	return s, expect(vectors.Hex(s.DHSelf.Public().Raw()).String() == public, "public ratchet key differs")
}

// sameState compares a state with a recorded one.
func sameState(want, got ratchet.State) error {
	wanted, err := json.Marshal(want)
	if err != nil {
		return err
	}
	text, err := json.Marshal(got)
	if err != nil {
		return err
	}
	return expect(bytes.Equal(wanted, text), "state of the ratchet differs")
}

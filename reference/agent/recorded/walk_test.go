// Package recorded_test opens what official clients and relays sent each other, layer by
// layer, with the keys that the recordings give: blocks, transmissions and their
// authorizations, forwarding by a proxy, delivery, the layer of the queue, the double
// ratchet, and the agent messages within. Where all inputs are known it also makes the
// ciphertext again and compares.
//
// What the recordings do not give:
//   - the private X3DH keys, which clients delete: ratchets start from the states before the
//     first message, and the two sides are checked against each other and against the public
//     parameters in the confirmation and, where it is recorded, the invitation;
//   - invitations that went outside the relays: one is recorded, in the contact request;
//   - the random bytes of KEM encapsulations: the recorded secret is taken, and the other
//     side has to find it in the ciphertext;
//   - the keys that clients make for one forwarded command or one contact request: these open
//     with the key of the other side, and the former are sealed with it again;
//   - the session keys of services: their signatures are verified and not made again.
package recorded_test

import (
	"bytes"
	"errors"
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/vectors"
)

// layer names one kind of ciphertext or authorization and the side that looks at it.
type layer string

const (
	blocks          layer = "encrypted block"
	plainBlocks     layer = "plain block"
	authorizations  layer = "authorization"
	serviceSigned   layer = "service signature"
	relayed         layer = "proxy to relay"
	relayedBack     layer = "relay to proxy"
	forwarded       layer = "client to relay through proxy"
	forwardedBack   layer = "relay to client through proxy"
	deliveries      layer = "delivery to recipient"
	notifications   layer = "notification"
	linkData        layer = "link data"
	queueSent       layer = "queue, by its sender"
	queueReceived   layer = "queue, by its recipient"
	ratchetSent     layer = "ratchet, encrypted"
	ratchetReceived layer = "ratchet, decrypted"
	requests        layer = "contact request"
	contents        layer = "agent message"
)

// layerError is a failure in one layer.
type layerError struct {
	layer layer
	err   error
}

func (e *layerError) Error() string { return string(e.layer) + ": " + e.err.Error() }
func (e *layerError) Unwrap() error { return e.err }

// in marks err as a failure of the layer, unless it is one of a layer within; nil stays
// nil.
func in(l layer, err error) error {
	var within *layerError
	if err == nil || errors.As(err, &within) {
		return err
	}
	return &layerError{l, err}
}

// expect is an error that says what differs, or nil.
func expect(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// remade compares what was made again of opened content with what was recorded; err is the
// failure to make it.
func remade(again, recorded []byte, err error) error {
	if err != nil {
		return err
	}
	return expect(bytes.Equal(again, recorded), "what is made again of the content differs")
}

// walk goes through one recording.
type walk struct {
	recording *vectors.Recording
	// change may return other bytes for the n-th ciphertext of a layer; nil changes none.
	change func(l layer, n int, ciphertext []byte) []byte

	opened   map[layer]int
	private  map[string]keys.PrivateKey // by SubjectPublicKeyInfo
	sessions map[string]*session        // by connection
	relays   map[string]*relay          // by name
	ends     []*end
	said     []string // what users wrote, in the order of arrival
}

// open walks through a recording and returns what it opened. The first
// thing that does not open, verify or agree is an error.
func open(r *vectors.Recording, change func(layer, int, []byte) []byte) (*walk, error) {
	w := &walk{
		recording: r, change: change, opened: map[layer]int{}, private: map[string]keys.PrivateKey{},
		sessions: map[string]*session{}, relays: map[string]*relay{},
	}
	for _, start := range []func() error{w.startKeys, w.startRelays, w.startSessions, w.startEnds} {
		if err := start(); err != nil {
			return nil, err
		}
	}
	for i := range r.Blocks {
		if err := w.block(&r.Blocks[i]); err != nil {
			return nil, fmt.Errorf("block %d: %w", r.Blocks[i].Number, err)
		}
	}
	for _, s := range w.sessions {
		if len(s.pending) > 0 {
			return nil, fmt.Errorf("connection %s: %d commands without response", s.ID, len(s.pending))
		}
	}
	return w, w.finish()
}

// ciphertext counts one ciphertext of a layer that is about to be opened.
func (w *walk) ciphertext(l layer, b []byte) []byte {
	n := w.opened[l]
	w.opened[l]++
	if w.change == nil {
		return b
	}
	return w.change(l, n, b)
}

// startKeys collects the private keys that authorize commands or agree on secrets.
func (w *walk) startKeys() error {
	add := func(private, public []byte) error {
		k, err := keys.ParsePrivate(private)
		if err != nil {
			return err
		}
		if public != nil && string(k.Public().SPKI()) != string(public) {
			return fmt.Errorf("a private key is not that of the public key beside it")
		}
		w.private[string(k.Public().SPKI())] = k
		return nil
	}
	for _, n := range w.recording.Notes {
		if n.Private == nil {
			continue
		}
		if err := add(n.Private, n.Public); err != nil {
			return fmt.Errorf("%s: %w", n.Key, err)
		}
	}
	for _, a := range w.recording.Agents {
		private := [][]byte{a.ReceiveQueue.AuthPrivateDER, a.ReceiveQueue.E2EPrivateDER}
		if a.ReceiveQueue.LinkPrivateDER != nil {
			private = append(private, a.ReceiveQueue.LinkPrivateDER)
		}
		if a.SendQueue != nil {
			private = append(private, a.SendQueue.AuthPrivateDER)
		}
		for _, der := range private {
			if err := add(der, nil); err != nil {
				return fmt.Errorf("keys of %s: %w", a.Client, err)
			}
		}
	}
	return nil
}

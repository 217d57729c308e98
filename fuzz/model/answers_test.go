package model_test

import (
	"crypto/rand"
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/model"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// session opens one of a proxy, with the identity that PRXY names or another one.
func (w *world) session(right bool) []byte {
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(w.t, err)
	identity, err := keys.Identity(credentials.Chain)
	require.NoError(w.t, err)
	hash := sha256.Sum256(identity)
	if !right {
		hash[0]++
	}
	id := w.fresh()
	c := w.send(0, nil, smp.PRXY{Server: smp.Server{KeyHash: hash[:]}}, nobody)
	w.answer(c, smp.PKEY{SessionID: id, Chain: credentials.Chain})
	return id
}

// forward sends a command through a proxy.
func (w *world) forward(c smp.Command, entity []byte, key keys.PublicKey) call {
	s := w.sent(w.session(true), smp.PFWD{Version: 20}, nobody)
	inner := w.sent(entity, c, key)
	s.Forwarded = &inner
	return w.sendBlock(0, s)[0]
}

// passOn answers a command that was forwarded.
func (w *world) passOn(c call, r smp.Response) {
	w.note(w.judge.Received(drive.Received{Conn: c.conn, Response: smp.PRES{}, Forwarded: &drive.Received{Response: r},
		Transmission: smp.Transmission{CorrelationID: c.correlation, EntityID: c.entity}}))
}

// answerPlays are of relays that answer wrongly.
var answerPlays = map[string]play{
	"relay-trouble": script(func(w *world) {
		q := w.queue(nil)
		w.do(0, q.recipientID, smp.SUB{}, q.recipient, smp.ERR{Err: smp.ErrInternal})
	}),
	"refused": script(func(w *world) {
		q := w.queue(nil)
		w.do(0, q.recipientID, smp.SUB{}, q.recipient, auth)
	}),
	"wrong-refusal": script(func(w *world) { w.do(0, w.fresh(), text("a"), nobody, smp.ERR{Err: smp.ErrQuota}) }),
	"wrong-answer": script(func(w *world) {
		q := w.queue(nil)
		w.do(0, q.recipientID, smp.SUB{}, q.recipient, ok)
	}),
	"wrong-ids": script(func(w *world) {
		q := w.queue(nil)
		key := newKey(w.t, keys.Ed25519)
		w.do(0, nil, smp.NEW{AuthKey: key, DHKey: newKey(w.t, keys.X25519)}, key,
			smp.IDS{RecipientID: q.recipientID, SenderID: w.fresh(), ServerDHKey: newKey(w.t, keys.X25519)})
	}),
	"wrong-queue": script(func(w *world) {
		key := newKey(w.t, keys.Ed25519)
		w.do(0, nil, smp.NEW{AuthKey: key, DHKey: newKey(w.t, keys.X25519)}, key,
			smp.IDS{RecipientID: w.fresh(), SenderID: w.fresh(), ServerDHKey: newKey(w.t, keys.X25519), Mode: smp.Contact})
	}),
	"wrong-link-data": script(func(w *world) {
		q := w.queue(contact(w))
		w.do(1, q.linkID, smp.LGET{}, nobody, smp.LNK{SenderID: q.senderID, Data: smp.LinkData{Fixed: []byte("other")}})
	}),
	"wrong-info": script(func(w *world) {
		q := w.queue(nil)
		w.do(1, q.senderID, text("a"), nobody, ok)
		w.do(0, q.recipientID, smp.QUE{}, q.recipient, smp.INFO{Queue: smp.QueueInfo{Size: 2}})
	}),
	"wrong-destination": script(func(w *world) { w.session(false) }),
	"connection-closed": script(func(w *world) {
		w.do(0, nil, smp.PING{}, nobody, smp.PONG{})
		w.note(w.judge.Closed(0, drive.ByRelay))
	}),
}

func TestForwardedCommandsActLikeOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 20, model.Config{Prompt: true})
	q := w.queue(subscribed)
	c := w.forward(text("a"), q.senderID, nobody)
	w.deliver(0, nil, q, w.message("a"))
	w.passOn(c, ok)
	w.settle()
	assert.Empty(t, w.rules())
	c = w.forward(smp.SKEY{SenderKey: q.sender}, q.senderID, newKey(t, keys.Ed25519))
	w.passOn(c, ok)
	assert.Equal(t, []string{"wrong-key-accepted"}, w.rules())
}

func TestAnswersAfterDamage(t *testing.T) {
	t.Parallel()
	for name, block := range map[string]drive.Block{
		"broken":    {Broken: true},
		"malformed": {Malformed: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 20, model.Config{Prompt: true})
			w.note(w.judge.Sent(block))
			w.event(0, nil, smp.ERR{Err: smp.ErrBlock})
			assert.Empty(t, w.rules())
			w.note(w.judge.Closed(0, drive.ByRelay))
			assert.Empty(t, w.rules(), "it may be closed")
		})
	}
	t.Run("desynchronised", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, 20, model.Config{Prompt: true})
		q := w.queue(subscribed)
		w.note(w.judge.Sent(drive.Block{Desynchronised: true}))
		w.do(1, q.senderID, text("a"), nobody, ok)
		w.settle()
		assert.Empty(t, w.rules(), "nobody knows whether the message can be read")
		w.do(1, q.recipientID, smp.SUB{}, q.recipient, sok)
		w.deliver(1, nil, q, w.message("a"))
		w.settle()
		assert.Empty(t, w.rules())
	})
}

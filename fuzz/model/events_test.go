package model_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"smpcheck/fuzz/model"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// notified asks for a notifier.
func notified(w *world) func(*smp.NEW) {
	return func(c *smp.NEW) {
		c.Notifier = &smp.NotifierKeys{AuthKey: newKey(w.t, keys.Ed25519), DHKey: newKey(w.t, keys.X25519)}
	}
}

var loud = smp.SEND{Notify: true, Body: []byte("a")}

// eventPlays are of relays whose events are wrong.
var eventPlays = map[string]play{
	"unknown-event": script(func(w *world) { w.event(0, w.fresh(), smp.END{}) }),
	"end-missing": script(func(w *world) {
		q := w.queue(subscribed)
		w.do(1, q.recipientID, smp.SUB{}, q.recipient, sok)
		w.settle()
	}),
	"end-unexpected": script(func(w *world) {
		q := w.queue(subscribed)
		w.event(0, q.recipientID, smp.END{})
	}),
	"deld-missing": script(func(w *world) {
		q := w.queue(subscribed)
		w.do(1, q.recipientID, smp.DEL{}, q.recipient, ok)
		w.settle()
	}),
	"deld-unexpected": script(func(w *world) {
		q := w.queue(subscribed)
		w.do(0, q.recipientID, smp.DEL{}, q.recipient, ok)
		w.event(0, q.recipientID, smp.DELD{})
	}),
	"notification-lost": script(func(w *world) {
		q := w.queue(notified(w))
		w.do(1, q.notifierID, smp.NSUB{}, q.notifier, sok)
		w.do(0, q.senderID, loud, nobody, ok)
		w.settle()
	}),
	"notification-unexpected": script(func(w *world) {
		q := w.queue(notified(w))
		w.do(1, q.notifierID, smp.NSUB{}, q.notifier, sok)
		w.do(0, q.senderID, text("a"), nobody, ok)
		w.event(1, q.notifierID, smp.NMSG{})
	}),
	"notifier-end-missing": script(func(w *world) {
		q := w.queue(notified(w))
		w.do(1, q.notifierID, smp.NSUB{}, q.notifier, sok)
		w.do(2, q.notifierID, smp.NSUB{}, q.notifier, sok)
		w.settle()
	}),
	"notification-nonce": script(func(w *world) {
		q := w.queue(notified(w))
		w.do(1, q.notifierID, smp.NSUB{}, q.notifier, sok)
		w.do(1, q.senderID, loud, nobody, ok)
		id := w.fresh()
		w.notifyWith(1, q.notifierID, box.Nonce(id), smp.NMsgMeta{MessageID: id})
	}),
	"notification-metadata": script(func(w *world) {
		q := w.queue(notified(w))
		w.do(0, q.recipientID, smp.SUB{}, q.recipient, sok)
		w.do(1, q.notifierID, smp.NSUB{}, q.notifier, sok)
		w.do(1, q.senderID, loud, nobody, ok)
		m := w.message("a")
		m.message.Notify = true
		w.deliver(0, nil, q, m)
		w.notify(1, q.notifierID, smp.NMsgMeta{MessageID: m.id, Timestamp: m.message.Timestamp + 1})
	}),
}

func TestEventsMayBeLateUnlessPrompt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 20, model.Config{})
	q := w.queue(subscribed)
	w.do(1, q.recipientID, smp.SUB{}, q.recipient, sok)
	w.settle()
	w.settle()
	w.event(0, q.recipientID, smp.END{})
	assert.Empty(t, w.rules())
	w.event(0, q.recipientID, smp.END{})
	assert.Equal(t, []string{"end-unexpected"}, w.rules())
}

func TestDeletedIsEndBelowVersion10(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 9, model.Config{Prompt: true})
	q := w.queue(subscribed)
	w.do(1, q.recipientID, smp.DEL{}, q.recipient, ok)
	w.event(0, q.recipientID, smp.END{})
	w.settle()
	assert.Empty(t, w.rules())
}

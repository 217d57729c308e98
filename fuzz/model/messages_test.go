package model_test

import (
	"smpcheck/reference/smp"
)

// messagePlays are of relays that spoil messages.
var messagePlays = map[string]play{
	"message-lost": script(func(w *world) {
		q := w.queue(subscribed)
		w.do(1, q.senderID, text("a"), nobody, ok)
		w.settle()
	}),
	"message-unknown": script(func(w *world) {
		q := w.queue(subscribed)
		w.do(1, q.senderID, text("a"), nobody, ok)
		w.deliver(0, nil, q, w.message("b"))
	}),
	"message-of-another-queue": script(func(w *world) {
		q, other := w.queue(subscribed), w.queue(nil)
		w.do(1, other.senderID, text("a"), nobody, ok)
		w.deliver(0, nil, q, w.message("a"))
	}),
	"refused-message-delivered": script(func(w *world) {
		q := w.queue(subscribed)
		w.do(0, q.recipientID, smp.OFF{}, q.recipient, ok)
		w.do(1, q.senderID, text("a"), nobody, auth)
		w.deliver(0, nil, q, w.message("a"))
	}),
	"message-flag": script(func(w *world) {
		q := w.queue(subscribed)
		w.do(1, q.senderID, smp.SEND{Notify: true, Body: []byte("a")}, nobody, ok)
		w.deliver(0, nil, q, w.message("a"))
	}),
	"message-id": script(func(w *world) {
		q := w.queue(subscribed)
		w.do(1, q.senderID, text("a"), nobody, ok)
		m := w.message("a")
		m.id = m.id[:16]
		w.deliver(0, nil, q, m)
	}),
	"message-changed": script(func(w *world) {
		q := w.queue(subscribed)
		w.do(1, q.senderID, text("a"), nobody, ok)
		m := w.message("a")
		w.deliver(0, nil, q, m)
		w.do(1, q.recipientID, smp.SUB{}, q.recipient, sok)
		w.event(0, q.recipientID, smp.END{})
		m.message.Timestamp++
		w.deliver(1, nil, q, m)
	}),
	"message-timestamp": script(func(w *world) {
		q := w.queue(subscribed)
		w.do(1, q.senderID, text("a"), nobody, ok)
		m := w.message("a")
		m.message.Timestamp += 3600
		w.deliver(0, nil, q, m)
	}),
	"delivered-after-acknowledgement": script(func(w *world) {
		q := w.queue(subscribed)
		w.do(1, q.senderID, text("a"), nobody, ok)
		m := w.message("a")
		w.deliver(0, nil, q, m)
		w.do(0, q.recipientID, smp.ACK{MsgID: m.id}, q.recipient, ok)
		w.deliver(0, nil, q, m)
	}),
	"delivered-twice": script(func(w *world) {
		q := w.queue(subscribed)
		w.do(1, q.senderID, text("a"), nobody, ok)
		m := w.message("a")
		w.deliver(0, nil, q, m)
		w.deliver(0, nil, q, m)
	}),
	"message-order": script(func(w *world) {
		q := w.queue(subscribed)
		w.do(1, q.senderID, text("a"), nobody, ok)
		w.do(1, q.senderID, text("b"), nobody, ok)
		w.deliver(0, nil, q, w.message("b"))
	}),
	"delivered-after-delete": script(func(w *world) {
		q := w.queue(subscribed)
		w.do(1, q.senderID, text("a"), nobody, ok)
		m := w.message("a")
		w.deliver(0, nil, q, m)
		w.do(0, q.recipientID, smp.DEL{}, q.recipient, ok)
		w.deliver(0, nil, q, m)
	}),
	"delivered-to-displaced": script(func(w *world) {
		q := w.queue(subscribed)
		w.do(1, q.recipientID, smp.SUB{}, q.recipient, sok)
		w.event(0, q.recipientID, smp.END{})
		w.do(1, q.senderID, text("a"), nobody, ok)
		w.deliver(0, nil, q, w.message("a"))
	}),
	"delivered-without-subscription": script(func(w *world) {
		q := w.queue(nil)
		w.do(1, q.senderID, text("a"), nobody, ok)
		w.deliver(0, nil, q, w.message("a"))
	}),
	"marker-lost": script(func(w *world) {
		q := w.queue(subscribed)
		last := w.fill(q)
		w.do(0, q.recipientID, smp.ACK{MsgID: last.id}, q.recipient, ok)
		w.settle()
	}),
	"marker-unexpected": script(func(w *world) {
		q := w.queue(subscribed)
		w.deliver(0, nil, q, delivery{w.fresh(), smp.RcvMessage{Quota: true, Timestamp: w.message("").message.Timestamp}})
	}),
}

// fill sends messages to a subscribed queue until it is full, two, and receives them. It
// returns the last, which is not acknowledged.
func (w *world) fill(q *testQueue) delivery {
	first, last := w.message("a"), w.message("b")
	w.do(1, q.senderID, text("a"), nobody, ok)
	w.deliver(0, nil, q, first)
	w.do(1, q.senderID, text("b"), nobody, ok)
	w.do(1, q.senderID, text("c"), nobody, smp.ERR{Err: smp.ErrQuota})
	c := w.send(0, q.recipientID, smp.ACK{MsgID: first.id}, q.recipient)
	w.deliver(0, c.correlation, q, last)
	return last
}

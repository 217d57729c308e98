package model_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/model"
	"smpcheck/reference/smp"
)

// TestBlocksMayBeExecutedInAnyOrder sends SEND and KEY in one block: the message may come
// before the key or after it, and what follows must agree with one of both.
func TestBlocksMayBeExecutedInAnyOrder(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]smp.Response{"before": ok, "after": auth} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 20, model.Config{Prompt: true})
			q := w.queue(subscribed)
			calls := w.sendBlock(0, w.sent(q.recipientID, smp.KEY{SenderKey: q.sender}, q.recipient), w.sent(q.senderID, text("a"), nobody))
			w.answer(calls[0], ok)
			w.answer(calls[1], answer)
			if answer == ok {
				w.deliver(0, nil, q, w.message("a"))
			}
			w.settle()
			assert.Empty(t, w.rules())
			w.do(0, q.senderID, text("b"), nobody, ok)
			assert.Equal(t, []string{"unsigned-accepted"}, w.rules())
		})
	}
}

// TestOrderOfMessagesIsThatOfTheRelay sends two messages at once: the recipient gets them
// in either order, and then each once.
func TestOrderOfMessagesIsThatOfTheRelay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 20, model.Config{Prompt: true})
	q := w.queue(subscribed)
	a, b := w.send(1, q.senderID, text("a"), nobody), w.send(2, q.senderID, text("b"), nobody)
	second := w.message("b")
	w.deliver(0, nil, q, second)
	w.answer(a, ok)
	w.answer(b, ok)
	c := w.send(0, q.recipientID, smp.ACK{MsgID: second.id}, q.recipient)
	w.deliver(0, c.correlation, q, w.message("a"))
	w.settle()
	assert.Empty(t, w.rules())
	w.deliver(0, nil, q, second)
	assert.Equal(t, []string{"delivered-after-acknowledgement"}, w.rules())
}

// TestEventsComeBeforeAnswers has a message delivered before the answer to SEND.
func TestEventsComeBeforeAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 20, model.Config{Prompt: true})
	q := w.queue(subscribed)
	c := w.send(0, q.senderID, text("a"), nobody)
	w.deliver(0, nil, q, w.message("a"))
	w.answer(c, ok)
	w.settle()
	assert.Empty(t, w.rules())
}

// TestCommandsWithoutAnswersMayHaveBeenExecuted closes a connection with DEL on its way.
func TestCommandsWithoutAnswersMayHaveBeenExecuted(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]smp.Response{"executed": auth, "not yet": ok} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 20, model.Config{Prompt: true})
			q := w.queue(nil)
			w.send(1, q.recipientID, smp.DEL{}, q.recipient)
			w.note(w.judge.Closed(1, drive.ByUs))
			w.do(0, q.senderID, text("a"), nobody, answer)
			w.settle()
			assert.Empty(t, w.rules())
			if answer == auth {
				w.do(0, q.senderID, text("a"), nobody, ok)
				assert.Equal(t, []string{"deleted-queue-accepted"}, w.rules())
			}
		})
	}
}

// TestMessageThatWaitsIsTheAnswerOrFollows covers both ways to answer SUB and ACK.
func TestMessageThatWaitsIsTheAnswerOrFollows(t *testing.T) {
	t.Parallel()
	for _, inPlace := range []bool{false, true} {
		w := newWorld(t, 20, model.Config{Prompt: true})
		q := w.queue(nil)
		w.do(1, q.senderID, text("a"), nobody, ok)
		w.do(1, q.senderID, text("b"), nobody, ok)
		first, second := w.message("a"), w.message("b")
		sub := w.send(0, q.recipientID, smp.SUB{}, q.recipient)
		w.hear(sub, inPlace, sok, q, first)
		ack := w.send(0, q.recipientID, smp.ACK{MsgID: first.id}, q.recipient)
		w.hear(ack, inPlace, ok, q, second)
		w.do(0, q.recipientID, smp.ACK{MsgID: second.id}, q.recipient, ok)
		w.settle()
		assert.Empty(t, w.rules(), "in place of the answer: %v", inPlace)
	}
}

// hear answers a command with a message, or with another answer that the message follows.
func (w *world) hear(c call, inPlace bool, other smp.Response, q *testQueue, m delivery) {
	if inPlace {
		w.deliver(c.conn, c.correlation, q, m)
		return
	}
	w.answer(c, other)
	w.deliver(c.conn, nil, q, m)
}

// TestManyCommandsAtOnceGiveUpTheQueue sends more at once than can be put in order: then
// nothing is judged, and nothing takes long.
func TestManyCommandsAtOnceGiveUpTheQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 20, model.Config{Prompt: true})
	q := w.queue(subscribed)
	var calls []call
	for range 20 {
		calls = append(calls, w.send(1, q.senderID, text("a"), nobody), w.send(2, q.recipientID, smp.SUB{}, q.recipient))
	}
	w.answer(calls[0], auth)
	assert.Empty(t, w.rules())
	w.do(0, q.recipientID, smp.QUE{}, q.recipient, auth)
	assert.Empty(t, w.rules())
	w.deliver(0, nil, q, w.message("never sent"))
	assert.Equal(t, []string{"message-unknown"}, w.rules(), "messages are looked at all the same")
}

// TestGhostsOfOneConnectionDoNotHideBreaches has commands under way on a connection that
// closes, and a breach in another queue.
func TestGhostsOfOneConnectionDoNotHideBreaches(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 20, model.Config{Prompt: true})
	q, other := w.queue(subscribed), w.queue(subscribed)
	w.send(1, q.senderID, text("a"), nobody)
	w.note(w.judge.Closed(1, drive.ByReset))
	w.do(2, other.senderID, text("b"), nobody, ok)
	w.settle()
	assert.Equal(t, []string{"message-lost"}, w.rules())
}

// TestNotificationsOfMessagesAtOnce has two messages announced before anybody can know
// which of them came first.
func TestNotificationsOfMessagesAtOnce(t *testing.T) {
	t.Parallel()
	for _, bodies := range [][]string{{"a", "b"}, {"b", "a"}} {
		w := newWorld(t, 20, model.Config{Prompt: true})
		q := w.queue(notified(w))
		w.do(2, q.notifierID, smp.NSUB{}, q.notifier, sok)
		a := w.send(0, q.senderID, smp.SEND{Notify: true, Body: []byte("a")}, nobody)
		b := w.send(1, q.senderID, smp.SEND{Notify: true, Body: []byte("b")}, nobody)
		var messages []delivery
		for _, body := range bodies {
			m := w.message(body)
			m.message.Notify = true
			w.notify(2, q.notifierID, smp.NMsgMeta{MessageID: m.id, Timestamp: m.message.Timestamp})
			messages = append(messages, m)
		}
		w.answer(a, ok)
		w.answer(b, ok)
		w.do(0, q.recipientID, smp.SUB{}, q.recipient, sok)
		w.deliver(0, nil, q, messages[0])
		c := w.send(0, q.recipientID, smp.ACK{MsgID: messages[0].id}, q.recipient)
		w.deliver(0, c.correlation, q, messages[1])
		w.settle()
		assert.Empty(t, w.rules())
	}
}

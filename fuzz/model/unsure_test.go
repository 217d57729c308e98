package model_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/model"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// size asks how many messages a queue has, and answers n.
func (w *world) size(q *testQueue, n int64) {
	w.do(0, q.recipientID, smp.QUE{}, q.recipient, smp.INFO{Queue: smp.QueueInfo{Size: n}})
}

func proxyError(code smp.ProxyCode) smp.ERR {
	return smp.ERR{Err: &smp.Error{Code: smp.CodeProxy, Proxy: &smp.ProxyError{Code: code, Broker: smp.BrokerError{Code: smp.BrokerTimeout}}}}
}

// TestCommandsOfWhichNobodyKnows has SENDs that may have been executed, or not: afterwards
// the queue may have their message, or not.
func TestCommandsOfWhichNobodyKnows(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func(w *world, q *testQueue){
		"answer that does not decode": func(w *world, q *testQueue) {
			c := w.send(1, q.senderID, text("a"), nobody)
			w.note(w.judge.Received(drive.Received{Conn: 1, Err: smp.ErrCmdSyntax, Transmission: smp.Transmission{CorrelationID: c.correlation}}))
		},
		"no answer": func(w *world, q *testQueue) {
			c := w.send(1, q.senderID, text("a"), nobody)
			w.note(w.judge.Missing(1, [][]byte{c.correlation}))
		},
		"trouble": func(w *world, q *testQueue) {
			w.do(1, q.senderID, text("a"), nobody, smp.ERR{Err: smp.StoreError("full")})
			assert.Equal(w.t, []string{"relay-trouble"}, w.rules())
			w.breaches = nil
		},
		"connection reset": func(w *world, q *testQueue) {
			w.send(1, q.senderID, text("a"), nobody)
			w.note(w.judge.Closed(1, drive.ByReset))
		},
		"proxy timeout": func(w *world, q *testQueue) {
			w.answer(w.forward(text("a"), q.senderID, nobody), proxyError(smp.ProxyBroker))
		},
		"forwarded response that does not open": func(w *world, q *testQueue) {
			w.answer(w.forward(text("a"), q.senderID, nobody), smp.PRES{})
		},
		"block that goes on": func(w *world, q *testQueue) {
			w.note(w.judge.Sent(drive.Block{Conn: 1, Desynchronised: true, Transmissions: []drive.Sent{w.sent(q.senderID, text("a"), nobody)}}))
		},
	} {
		for n := range int64(3) {
			w := newWorld(t, 20, model.Config{Quota: 9, Prompt: true})
			q := w.queue(nil)
			send(w, q)
			w.size(q, n)
			if n < 2 {
				assert.Empty(t, w.rules(), "%s, %d messages", name, n)
			} else {
				assert.Equal(t, []string{"wrong-info"}, w.rules(), name)
			}
		}
	}
}

func TestCommandsThatWereNotForwardedHaveNoEffect(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]smp.Response{
		"no session":  proxyError(smp.ProxyNoSession),
		"ciphertext":  smp.ERR{Err: smp.ErrCrypto},
		"destination": smp.ERR{Err: smp.ProxyProtocolError(smp.ErrCrypto)},
	} {
		w := newWorld(t, 20, model.Config{Prompt: true})
		q := w.queue(nil)
		w.answer(w.forward(text("a"), q.senderID, nobody), answer)
		w.size(q, 0)
		assert.Empty(t, w.rules(), name)
		w.size(q, 1)
		assert.Equal(t, []string{"wrong-info"}, w.rules(), name)
	}
}

// TestForwardedAtNoVersion forwards at a version that knows no forwarding: relays may
// execute it or refuse it, and who knows what they have done then.
func TestForwardedAtNoVersion(t *testing.T) {
	t.Parallel()
	for answer, sizes := range map[smp.Response][]int64{ok: {1}, smp.ERR{Err: smp.ErrSession}: {0, 1}} {
		for _, n := range sizes {
			w := newWorld(t, 20, model.Config{Prompt: true})
			q := w.queue(nil)
			s := w.sent(w.session(true), smp.PFWD{Version: 6}, nobody)
			inner := w.sent(q.senderID, text("a"), nobody)
			s.Forwarded, s.Mutated = &inner, true
			w.passOn(w.sendBlock(0, s)[0], answer)
			w.size(q, n)
			assert.Empty(t, w.rules())
			w.size(q, 2)
			assert.Equal(t, []string{"wrong-info"}, w.rules())
		}
	}
}

func TestSameCorrelationID(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 20, model.Config{Prompt: true})
	q, other := w.queue(nil), w.queue(nil)
	same := w.sent(q.senderID, text("a"), nobody)
	for range 2 { // the same twice
		w.sendBlock(1, same)
	}
	c := call{1, same.CorrelationID, same.EntityID}
	w.answer(c, ok)
	w.answer(c, ok)
	w.size(q, 2)
	assert.Empty(t, w.rules())
	a, b := w.sent(other.senderID, text("b"), nobody), w.sent(other.recipientID, smp.DEL{}, other.recipient)
	b.CorrelationID = a.CorrelationID
	w.sendBlock(1, a, b)
	w.answer(call{1, a.CorrelationID, a.EntityID}, ok)
	w.answer(call{1, a.CorrelationID, a.EntityID}, auth)
	w.size(other, 5)
	assert.Empty(t, w.rules(), "nobody knows which answer is whose")
}

// TestIDsThatTheClientChose uses a link and a sender id before the answer to NEW.
func TestIDsThatTheClientChose(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 20, model.Config{Prompt: true})
	q := &testQueue{linkID: w.fresh(), recipientID: w.fresh(), recipient: newKey(t, keys.Ed25519)}
	c := smp.NEW{AuthKey: q.recipient, DHKey: newKey(t, keys.X25519), Request: &smp.QueueRequest{Mode: smp.Contact,
		Link: &smp.QueueLink{LinkID: q.linkID, Data: linkData}}}
	s := w.sent(nil, c, q.recipient)
	q.senderID = smp.SenderID(s.CorrelationID)
	c.Request.Link.SenderID = q.senderID
	created := w.sendBlock(0, s)[0]
	early := []call{w.send(1, q.senderID, text("a"), nobody), w.send(1, q.linkID, smp.LGET{}, nobody)}
	w.answer(early[0], ok)
	w.answer(early[1], auth)
	w.answer(created, smp.IDS{RecipientID: q.recipientID, SenderID: q.senderID, LinkID: q.linkID, Mode: smp.Contact,
		ServerDHKey: newKey(t, keys.X25519)})
	w.size(q, 1)
	w.size(q, 0)
	assert.Empty(t, w.rules())
}

// TestLinkOfAnotherQueue sets the link of a queue to that of another: relays may refuse it
// or not, and afterwards nobody knows whose it is.
func TestLinkOfAnotherQueue(t *testing.T) {
	t.Parallel()
	for _, answer := range []smp.Response{ok, auth} {
		w := newWorld(t, 20, model.Config{Prompt: true})
		q, other := w.queue(contact(w)), w.queue(func(c *smp.NEW) { c.Request.Mode = smp.Contact })
		w.do(0, other.recipientID, smp.LSET{LinkID: q.linkID, Data: linkData}, other.recipient, answer)
		w.do(1, q.linkID, smp.LGET{}, nobody, smp.LNK{SenderID: other.senderID, Data: linkData})
		assert.Empty(t, w.rules())
	}
}

func TestServiceSignatures(t *testing.T) {
	t.Parallel()
	for rule, answer := range map[string]smp.Response{"": smp.ERR{Err: smp.ErrService}, "service-command-accepted": sok} {
		w := newWorld(t, 20, model.Config{Prompt: true})
		q := w.queue(nil)
		s := w.sent(q.recipientID, smp.SUB{}, q.recipient)
		s.ServiceSignature = make([]byte, 64)
		w.answer(w.sendBlock(0, s)[0], answer)
		assert.Equal(t, rule, strings.Join(w.rules(), " "))
	}
}

// TestBlockedQueue has the operator block a queue, of which the model knows nothing.
func TestBlockedQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 20, model.Config{Prompt: true})
	q := w.queue(subscribed)
	blocked := smp.ERR{Err: smp.BlockedError(smp.BlockedSpam, nil)}
	w.event(0, q.recipientID, blocked)
	w.do(1, q.senderID, text("a"), nobody, blocked)
	w.settle()
	assert.Empty(t, w.rules())
}

// TestWrongIDs has answers to NEW that do not fit it.
func TestWrongIDs(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]struct {
		rule   string
		change func(ids *smp.IDS)
	}{
		"short":            {"wrong-ids", func(ids *smp.IDS) { ids.RecipientID = ids.RecipientID[:15] }},
		"one for two":      {"wrong-ids", func(ids *smp.IDS) { ids.SenderID = ids.RecipientID }},
		"other sender id":  {"wrong-ids", func(ids *smp.IDS) { ids.SenderID = append([]byte{1}, ids.SenderID[1:]...) }},
		"other link id":    {"wrong-queue", func(ids *smp.IDS) { ids.LinkID = append([]byte{1}, ids.LinkID[1:]...) }},
		"no link id":       {"wrong-queue", func(ids *smp.IDS) { ids.LinkID = nil }},
		"no notifier":      {"wrong-queue", func(ids *smp.IDS) { ids.Notifier = nil }},
		"a service":        {"wrong-queue", func(ids *smp.IDS) { ids.ServiceID = ids.RecipientID }},
		"another mode":     {"wrong-queue", func(ids *smp.IDS) { ids.Mode = smp.Messaging }},
		"key of the other": {"wrong-ids", nil},
	} {
		w := newWorld(t, 20, model.Config{Prompt: true})
		var last smp.IDS
		for range 2 {
			key := newKey(t, keys.Ed25519)
			link := &smp.QueueLink{LinkID: w.fresh(), Data: linkData}
			s := w.sent(nil, smp.NEW{AuthKey: key, DHKey: newKey(t, keys.X25519), Request: &smp.QueueRequest{Mode: smp.Contact, Link: link},
				Notifier: &smp.NotifierKeys{AuthKey: key, DHKey: newKey(t, keys.X25519)}}, key)
			link.SenderID = smp.SenderID(s.CorrelationID)
			ids := smp.IDS{RecipientID: w.fresh(), SenderID: link.SenderID, LinkID: link.LinkID, Mode: smp.Contact,
				ServerDHKey: newKey(t, keys.X25519), Notifier: &smp.NotifierCredentials{NotifierID: w.fresh()}}
			if last.RecipientID != nil && wrong.change == nil {
				ids.ServerDHKey = last.ServerDHKey
			}
			if last.RecipientID != nil && wrong.change != nil {
				wrong.change(&ids)
			}
			w.answer(w.sendBlock(0, s)[0], ids)
			last = ids
		}
		assert.Equal(t, []string{wrong.rule}, w.rules(), name)
	}
}

// TestNotificationsForConnectionsThatEnd sends to a notifier whose connection the relay may
// have closed after a malformed block: the notification goes to it or waits for the next.
func TestNotificationsForConnectionsThatEnd(t *testing.T) {
	t.Parallel()
	for _, noticed := range []bool{false, true} {
		for _, waits := range []bool{false, true} {
			w := newWorld(t, 20, model.Config{Prompt: true})
			q := w.queue(notified(w))
			w.do(1, q.notifierID, smp.NSUB{}, q.notifier, sok)
			w.note(w.judge.Sent(drive.Block{Conn: 1, Malformed: true}))
			w.do(0, q.senderID, loud, nobody, ok)
			if noticed {
				w.note(w.judge.Closed(1, drive.ByRelay))
			}
			w.do(2, q.notifierID, smp.NSUB{}, q.notifier, sok)
			w.note(w.judge.Closed(1, drive.ByRelay))
			if waits {
				w.notify(2, q.notifierID, smp.NMsgMeta{MessageID: w.fresh()})
			}
			w.settle()
			assert.Empty(t, w.rules())
		}
	}
}

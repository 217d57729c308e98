package model_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/model"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// world tells a model about a conversation that never was.
type world struct {
	t        *testing.T
	judge    *model.Model
	version  uint16
	count    uint64
	breaches []drive.Breach
}

// newWorld has three connections.
func newWorld(t *testing.T, version uint16, config model.Config) *world {
	w := &world{t: t, judge: model.New(config), version: version}
	for conn := range 3 {
		w.note(w.judge.Opened(drive.Opened{Conn: conn, Version: version}))
	}
	return w
}

func (w *world) note(breaches []drive.Breach) { w.breaches = append(w.breaches, breaches...) }

// rules are the names of those that were broken, each once.
func (w *world) rules() []string {
	names := []string{}
	for _, b := range w.breaches {
		names = append(names, b.Rule)
	}
	return names
}

// fresh returns bytes that are new.
func (w *world) fresh() []byte {
	w.count++
	return binary.BigEndian.AppendUint64(make([]byte, 16), w.count)
}

func newKey(t *testing.T, alg keys.Algorithm) keys.PublicKey {
	k, err := keys.Generate(alg, keys.Shared(nil))
	require.NoError(t, err)
	return k.Public()
}

// call is a command that was sent.
type call struct {
	conn        int
	correlation []byte
	entity      []byte
}

// sent is a transmission of a command that a key authorizes, the zero key for none.
func (w *world) sent(entity []byte, c smp.Command, key keys.PublicKey) drive.Sent {
	s := drive.Sent{Command: c, Tag: c.Tag(), AuthorizedBy: func(k keys.PublicKey) bool { return k == key }}
	s.CorrelationID, s.EntityID = w.fresh(), entity
	s.Raw = s.CorrelationID
	if !key.IsZero() {
		s.Authorization = make([]byte, 64)
	}
	s.Refusal = smp.CheckCredentials(c, !key.IsZero(), len(entity) > 0)
	return s
}

// send sends one command in a block.
func (w *world) send(conn int, entity []byte, c smp.Command, key keys.PublicKey) call {
	return w.sendBlock(conn, w.sent(entity, c, key))[0]
}

func (w *world) sendBlock(conn int, list ...drive.Sent) []call {
	w.note(w.judge.Sent(drive.Block{Conn: conn, Transmissions: list}))
	calls := make([]call, len(list))
	for i, s := range list {
		calls[i] = call{conn, s.CorrelationID, s.EntityID}
	}
	return calls
}

// answer answers a command.
func (w *world) answer(c call, r smp.Response) {
	entity := c.entity
	if _, ok := r.(smp.IDS); ok {
		entity = nil
	}
	w.note(w.judge.Received(drive.Received{Conn: c.conn, Response: r,
		Transmission: smp.Transmission{CorrelationID: c.correlation, EntityID: entity}}))
}

// deliver answers a command with a message, or pushes it if correlation is nil.
func (w *world) deliver(conn int, correlation []byte, q *testQueue, m delivery) {
	w.note(w.judge.Received(drive.Received{Conn: conn, Response: smp.MSG{ID: m.id}, Message: &m.message,
		Transmission: smp.Transmission{CorrelationID: correlation, EntityID: q.recipientID}}))
}

func (w *world) event(conn int, entity []byte, r smp.Response) {
	w.note(w.judge.Received(drive.Received{Conn: conn, Response: r, Transmission: smp.Transmission{EntityID: entity}}))
}

func (w *world) notify(conn int, entity []byte, meta smp.NMsgMeta) {
	w.notifyWith(conn, entity, box.Nonce(w.fresh()), meta)
}

func (w *world) notifyWith(conn int, entity []byte, nonce box.Nonce, meta smp.NMsgMeta) {
	w.note(w.judge.Received(drive.Received{Conn: conn, Response: smp.NMSG{Nonce: nonce}, Meta: &meta, Transmission: smp.Transmission{EntityID: entity}}))
}

func (w *world) settle() { w.note(w.judge.Settled()) }

// do sends a command and answers it.
func (w *world) do(conn int, entity []byte, c smp.Command, key keys.PublicKey, r smp.Response) {
	w.answer(w.send(conn, entity, c, key), r)
}

// testQueue is a queue with the keys of its parties.
type testQueue struct {
	recipientID, senderID, linkID, notifierID []byte
	recipient, sender, notifier               keys.PublicKey
}

// queue makes one on connection 0, with NEW as change leaves it.
func (w *world) queue(change func(*smp.NEW)) *testQueue {
	q := &testQueue{recipientID: w.fresh(), senderID: w.fresh(), recipient: newKey(w.t, keys.Ed25519), sender: newKey(w.t, keys.Ed25519)}
	c := smp.NEW{AuthKey: q.recipient, DHKey: newKey(w.t, keys.X25519), Request: &smp.QueueRequest{Mode: smp.Messaging}}
	if change != nil {
		change(&c)
	}
	s := w.sent(nil, c, q.recipient)
	ids := smp.IDS{RecipientID: q.recipientID, SenderID: q.senderID, ServerDHKey: newKey(w.t, keys.X25519)}
	if c.Request != nil {
		ids.Mode = c.Request.Mode
		if l := c.Request.Link; l != nil {
			l.SenderID = smp.SenderID(s.CorrelationID)
			q.senderID, ids.SenderID = l.SenderID, l.SenderID
			q.linkID = w.fresh()
			if c.Request.Mode == smp.Contact {
				q.linkID = l.LinkID
			}
			ids.LinkID = q.linkID
		}
	}
	if c.Notifier != nil {
		q.notifierID, q.notifier = w.fresh(), c.Notifier.AuthKey
		ids.Notifier = &smp.NotifierCredentials{NotifierID: q.notifierID, ServerDHKey: newKey(w.t, keys.X25519)}
	}
	w.answer(w.sendBlock(0, s)[0], ids)
	require.Empty(w.t, w.breaches)
	return q
}

func subscribed(c *smp.NEW) { c.Subscribe = true }

// delivery is a message as it is delivered.
type delivery struct {
	id      []byte
	message smp.RcvMessage
}

// message is one with a body, now.
func (w *world) message(body string) delivery {
	return delivery{w.fresh(), smp.RcvMessage{Timestamp: time.Now().Unix(), Body: []byte(body)}}
}

func text(body string) smp.SEND { return smp.SEND{Body: []byte(body)} }

var (
	nobody keys.PublicKey
	ok     = smp.OK{}
	sok    = smp.SOK{}
	auth   = smp.ERR{Err: smp.ErrAuth}
)

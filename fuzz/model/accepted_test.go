package model_test

import (
	"bytes"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// acceptedPlays are of relays that accept what they have to refuse.
var acceptedPlays = map[string]play{
	"malformed-forward-accepted": script(func(w *world) {
		q := w.queue(nil)
		w.passOn(w.forward(text("a"), nil, q.sender), ok)
	}),
	"unknown-queue-accepted": script(func(w *world) { w.do(0, w.fresh(), text("a"), nobody, ok) }),
	"deleted-queue-accepted": script(func(w *world) {
		q := w.queue(nil)
		w.do(0, q.recipientID, smp.DEL{}, q.recipient, ok)
		w.do(0, q.senderID, text("a"), nobody, ok)
	}),
	"wrong-id-accepted": script(func(w *world) {
		q := w.queue(nil)
		w.do(0, q.senderID, smp.SUB{}, q.recipient, sok)
	}),
	"wrong-key-accepted": script(func(w *world) {
		q := w.queue(nil)
		w.do(0, q.recipientID, smp.OFF{}, newKey(w.t, keys.Ed25519), ok)
	}),
	"unsigned-accepted": script(func(w *world) {
		q := w.queue(nil)
		w.do(0, q.recipientID, smp.KEY{SenderKey: q.sender}, q.recipient, ok)
		w.do(1, q.senderID, text("a"), nobody, ok)
	}),
	"needless-authorization-accepted": script(func(w *world) {
		q := w.queue(nil)
		w.do(1, q.senderID, text("a"), q.sender, ok)
	}),
	"second-key-accepted": script(func(w *world) {
		q := w.queue(nil)
		w.do(1, q.senderID, smp.SKEY{SenderKey: q.sender}, q.sender, ok)
		other := newKey(w.t, keys.Ed25519)
		w.do(1, q.senderID, smp.SKEY{SenderKey: other}, other, ok)
	}),
	"not-securable-accepted": script(func(w *world) {
		q := w.queue(func(c *smp.NEW) { c.Request.Mode = smp.Contact })
		w.do(1, q.senderID, smp.SKEY{SenderKey: q.sender}, q.sender, ok)
	}),
	"suspended-queue-accepted": script(func(w *world) {
		q := w.queue(nil)
		w.do(0, q.recipientID, smp.OFF{}, q.recipient, ok)
		w.do(1, q.senderID, text("a"), nobody, ok)
	}),
	"large-message-accepted": script(func(w *world) {
		q := w.queue(nil)
		w.do(1, q.senderID, smp.SEND{Body: bytes.Repeat([]byte{1}, 16049)}, nobody, ok)
	}),
	"quota-exceeded-accepted": script(func(w *world) {
		q := w.queue(nil)
		for range 3 {
			w.do(1, q.senderID, text("a"), nobody, ok)
		}
	}),
	"full-queue-accepted": script(func(w *world) {
		q := w.queue(nil)
		for range 2 {
			w.do(1, q.senderID, text("a"), nobody, ok)
		}
		w.do(1, q.senderID, text("a"), nobody, smp.ERR{Err: smp.ErrQuota})
		w.do(1, q.senderID, text("a"), nobody, ok)
	}),
	"not-delivered-acknowledged": script(func(w *world) {
		q := w.queue(subscribed)
		w.do(0, q.recipientID, smp.ACK{MsgID: w.fresh()}, q.recipient, ok)
	}),
	"subscribed-get-accepted": script(func(w *world) {
		q := w.queue(subscribed)
		w.do(0, q.recipientID, smp.GET{}, q.recipient, ok)
	}),
	"link-accepted": script(func(w *world) {
		q := w.queue(linked)
		w.do(1, q.linkID, smp.LGET{}, nobody, smp.LNK{SenderID: q.senderID, Data: linkData})
	}),
	"link-sender-id-accepted": script(func(w *world) {
		key := newKey(w.t, keys.Ed25519)
		c := smp.NEW{AuthKey: key, DHKey: newKey(w.t, keys.X25519)}
		linked(&c)
		c.Request.Link.SenderID = w.fresh()
		w.do(0, nil, c, key, smp.IDS{RecipientID: w.fresh(), SenderID: c.Request.Link.SenderID, LinkID: w.fresh(),
			ServerDHKey: newKey(w.t, keys.X25519), Mode: smp.Messaging})
	}),
	"wrong-password-accepted": {password: "secret", script: func(w *world) {
		key := newKey(w.t, keys.Ed25519)
		w.do(0, nil, smp.NEW{AuthKey: key, DHKey: newKey(w.t, keys.X25519), Password: smp.Password("guess")}, key,
			smp.IDS{RecipientID: w.fresh(), SenderID: w.fresh(), ServerDHKey: newKey(w.t, keys.X25519)})
	}},
	"service-command-accepted": script(func(w *world) {
		w.do(0, w.fresh(), smp.SUBS{}, newKey(w.t, keys.Ed25519), smp.SOKS{})
	}),
	"later-version-accepted": {version: 19, script: func(w *world) {
		w.do(0, nil, smp.RSLV{Domain: "a.b"}, nobody, smp.RNAME{})
	}},
	"unknown-session-accepted": script(func(w *world) { w.do(0, w.fresh(), smp.PFWD{Version: 20}, nobody, smp.PRES{}) }),
	"forwarded-command-accepted": script(func(w *world) {
		w.passOn(w.forward(smp.PING{}, nil, nobody), smp.PONG{})
	}),
	"ciphertext-accepted": script(func(w *world) { w.do(0, nil, smp.RFWD{Body: []byte("x")}, nobody, smp.RRES{}) }),
}

var linkData = smp.LinkData{Fixed: []byte("fixed"), User: []byte("user")}

// linked asks for a queue with a link.
func linked(c *smp.NEW) {
	c.Request = &smp.QueueRequest{Mode: smp.Messaging, Link: &smp.QueueLink{Data: linkData}}
}

// contact asks for a contact queue with a link.
func contact(w *world) func(c *smp.NEW) {
	return func(c *smp.NEW) {
		linked(c)
		c.Request.Mode, c.Request.Link.LinkID = smp.Contact, w.fresh()
	}
}

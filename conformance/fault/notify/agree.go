package notify

import (
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// keyOf makes, or finds, the key of the relay that a secret for a queue is agreed with.
type keyOf = func(*relay.Queue) keys.PrivateKey

// oneKey is the same key for all queues.
func oneKey() keyOf {
	once := sync.OnceValue(func() keys.PrivateKey { return fault.NewKey(keys.X25519) })
	return func(*relay.Queue) keys.PrivateKey { return once() }
}

// keyPerQueue is the same key whenever it is asked for for one queue.
func keyPerQueue() keyOf {
	var made fault.Notes[*relay.Queue, keys.PrivateKey]
	return func(q *relay.Queue) keys.PrivateKey {
		if key, ok := made.Get(q); ok {
			return key
		}
		key := fault.NewKey(keys.X25519)
		made.Set(q, key)
		return key
	}
}

// agreesNotifiers has NKEY agree the secret of the metadata with a key of the relay.
func agreesNotifiers(private keyOf) func(*relay.Config) {
	return fault.Handles(func(s *relay.Session, r *relay.Request, c smp.NKEY, next fault.Execute) []relay.Output {
		outs := next(s, r)
		for i := range outs {
			nid, ok := outs[i].Response.(smp.NID)
			if !ok {
				continue
			}
			own := private(r.Queue)
			agreed, err := box.Agree(own, c.DHKey)
			if err != nil {
				return fault.Refuse(r, smp.ErrCrypto)
			}
			r.Queue.Notifier().MetaKey = agreed
			nid.ServerDHKey = own.Public()
			outs[i].Response = nid
		}
		return outs
	})
}

// messageKeys are what a faulty relay remembers of the key agreement in NEW.
type messageKeys struct {
	made     fault.Notes[keys.PublicKey, keys.PrivateKey]
	ofQueue  fault.Notes[string, keys.PrivateKey]
	messages fault.Notes[string, *box.Key] // secrets, by the id of the recipient
	meta     fault.Notes[string, *box.Key] // secrets of notifiers from NEW, by their ids
}

// agreesEverything uses the key in IDS for notifications too: for the agreement, so that
// NID has it again, or with underMessageKey also what is agreed for messages.
func agreesEverything(c *relay.Config, underMessageKey bool) {
	m := &messageKeys{}
	fault.Seals(func(x *fault.Sealer) {
		x.Key = func() keys.PrivateKey {
			key := fault.NewKey(keys.X25519)
			m.made.Set(key.Public(), key)
			return key
		}
	})(c)
	if underMessageKey {
		fault.Handles(m.remember)(c)
		m.sealNotifications()(c)
		return
	}
	fault.Handles(func(s *relay.Session, r *relay.Request, c smp.NEW, next fault.Execute) []relay.Output {
		outs := m.remember(s, r, c, next)
		for i := range outs {
			if ids, ok := outs[i].Response.(smp.IDS); ok {
				outs[i].Response = m.share(ids, c)
			}
		}
		return outs
	})(c)
	agreesNotifiers(func(q *relay.Queue) keys.PrivateKey {
		key, _ := m.ofQueue.Get(string(q.RecipientID()))
		return key
	})(c)
	fault.Announces(func(r *relay.Relay, q *relay.Queue, message *relay.Message, next fault.Announce) {
		if n := q.Notifier(); n != nil {
			if key, ok := m.meta.Take(string(n.ID)); ok {
				n.MetaKey = *key
			}
		}
		next(r, q, message)
	})(c)
}

// remember notes what was agreed in NEW.
func (m *messageKeys) remember(s *relay.Session, r *relay.Request, c smp.NEW, next fault.Execute) []relay.Output {
	outs := next(s, r)
	for i := range outs {
		ids, ok := outs[i].Response.(smp.IDS)
		if !ok {
			continue
		}
		own, _ := m.made.Take(ids.ServerDHKey)
		m.ofQueue.Set(string(ids.RecipientID), own)
		if key, err := box.Agree(own, c.DHKey); err == nil {
			m.messages.Set(string(ids.RecipientID), &key)
		}
	}
	return outs
}

// share agrees the secret of the notifier in NEW with the key in IDS.
func (m *messageKeys) share(ids smp.IDS, c smp.NEW) smp.Response {
	if ids.Notifier == nil || c.Notifier == nil {
		return ids
	}
	own, _ := m.ofQueue.Get(string(ids.RecipientID))
	if key, err := box.Agree(own, c.Notifier.DHKey); err == nil {
		m.meta.Set(string(ids.Notifier.NotifierID), &key)
	}
	ids.Notifier = &smp.NotifierCredentials{NotifierID: ids.Notifier.NotifierID, ServerDHKey: ids.ServerDHKey}
	return ids
}

// sealNotifications encrypts metadata as messages are.
func (m *messageKeys) sealNotifications() func(*relay.Config) {
	return fault.SealsMeta(func(out relay.Output, meta smp.NMsgMeta, nonce box.Nonce) (smp.NMSG, error) {
		key, ok := m.messages.Get(string(out.Queue.RecipientID()))
		if !ok {
			key = &out.Notification.Notifier.MetaKey
		}
		return meta.Seal(nonce, key)
	})
}

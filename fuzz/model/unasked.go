package model

import (
	"crypto/sha256"
	"slices"

	"smpcheck/fuzz/drive"
	"smpcheck/reference/smp"
)

// event judges what came unasked about a queue.
func (m *Model) event(c *connection, r drive.Received, about identity) []drive.Breach {
	q := about.queue
	if r.OpenErr != nil {
		q.giveUp() // which the driver reports
		return nil
	}
	var fits func(*state, event) *state
	var unexpected func() *Rule
	switch response := r.Response.(type) {
	case smp.MSG:
		if rule, expected, actual := q.inspect(response, r.Message); rule != nil {
			q.giveUp()
			return m.breach(rule, "", expected, actual)
		}
		fits = func(s *state, e event) *state {
			if about.party != recipientParty || e.kind != messageEvent {
				return nil
			}
			return q.isItem(s, e.item, response, r.Message)
		}
		unexpected = func() *Rule { return q.misdelivered(c.number, response, r.Message, about.party) }
	case smp.NMSG:
		if rule, expected, actual := m.announce(response, r.Meta); rule != nil {
			q.giveUp()
			return m.breach(rule, "", expected, actual)
		}
		fits = func(s *state, e event) *state {
			if e.kind != notificationEvent || e.notifier != about.maker {
				return nil
			}
			if r.Meta == nil {
				return s
			}
			return s.named(e.item, string(r.Meta.MessageID))
		}
		unexpected = func() *Rule { return notificationUnexpected }
	case smp.END, smp.DELD:
		deleted := response.Tag() == "DELD"
		fits = func(s *state, e event) *state {
			ends := e.kind == endEvent || e.kind == deletedEvent && c.version < smp.VersionDeleted
			if e.notifier != about.maker || about.party == senderParty || !(deleted && e.kind == deletedEvent || !deleted && ends) {
				return nil
			}
			return s
		}
		unexpected = func() *Rule {
			if deleted {
				return deldUnexpected
			}
			return endUnexpected
		}
	}
	if q.lost() {
		return nil
	}
	broken, command := unexpected(), ""
	if o, why := q.refusable(r.Message); o != nil {
		broken, command = why, name(o) // its answer comes on another connection, and later
	}
	ok := q.event(func(s *state, e event) *state {
		if e.conn != c.number {
			return nil
		}
		return fits(s, e)
	})
	if ok {
		return nil
	}
	return m.breach(broken, command, "no "+r.Response.Tag()+" on this connection now", r.Response.Tag())
}

// announce compares a notification with the message that it is about, if that was seen.
func (m *Model) announce(n smp.NMSG, meta *smp.NMsgMeta) (broken *Rule, expected, actual string) {
	if m.nonces[n.Nonce] {
		return notificationNonce, "a new nonce", "that of another notification"
	}
	m.nonces[n.Nonce] = true
	if meta == nil {
		return nil, "", ""
	}
	id := string(meta.MessageID)
	if len(id) != messageIDSize {
		return notificationMeta, "the id of a message", "something of another length"
	}
	if id == string(n.Nonce[:]) {
		return notificationNonce, "a nonce of its own", "the id of the message"
	}
	seen, ok := m.messages[id]
	if ok && seen.timestamp != meta.Timestamp {
		return notificationMeta, "the timestamp of the message", "another one"
	}
	m.announced[id] = meta.Timestamp
	return nil, "", ""
}

// misdelivered says what is wrong with a message that is not one that is due. It looks at
// one of the states in which the queue is.
func (q *queue) misdelivered(conn int, msg smp.MSG, message *smp.RcvMessage, party party) *Rule {
	if q.lost() || party != recipientParty {
		return unknownEvent
	}
	s := q.states[0]
	item := noItem
	for _, k := range s.ids {
		if k.id == string(msg.ID) {
			item = k.item
		}
	}
	waits := slices.Contains(s.messages, item)
	switch {
	case s.gone:
		return messageDeleted
	case item == noItem && q.wasRefused(message):
		return messageRefused
	case item != noItem && !waits:
		return messageAgain
	case s.subscriber.conn != conn && s.getter(conn) < 0 && q.subscribed[conn]:
		return messageDisplaced
	case s.subscriber.conn != conn && s.getter(conn) < 0:
		return messageUnsubscribed
	case s.subscriber.conn == conn && s.subscriber.delivered != noItem && s.subscriber.delivered == item:
		return messageRepeated
	}
	return messageOrder
}

// refusable returns the SEND of a message that waits for its answer and can have none but an
// error, with the rule that another one breaks; nil if there is none.
func (q *queue) refusable(message *smp.RcvMessage) (*operation, *Rule) {
	if message == nil {
		return nil, nil
	}
	sum := sha256.Sum256(message.Body)
	for _, o := range q.pending {
		if _, send := o.Command.(smp.SEND); !send || o.body != sum {
			continue
		}
		var why *Rule
		accepts := func(out outcome) bool {
			if why == nil {
				why = out.want.why
			}
			return out.want.tag != "ERR"
		}
		if !slices.ContainsFunc(q.states, func(s *state) bool { return slices.ContainsFunc(q.perform(s, o), accepts) }) && why != nil {
			return o, why
		}
	}
	return nil, nil
}

// wasRefused reports whether all who sent a message were answered with an error.
func (q *queue) wasRefused(message *smp.RcvMessage) bool {
	if message == nil {
		return false
	}
	sum, found := sha256.Sum256(message.Body), false
	for _, o := range q.sends {
		if o.body == sum && !o.failed {
			return false
		}
		found = found || o.body == sum
	}
	return found
}

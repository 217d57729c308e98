package model

import (
	"bytes"
	"errors"
	"fmt"

	"smpcheck/fuzz/drive"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// Lengths of the ids of queues, in bytes. SMP, "Create queue command".
const (
	minID = 16
	maxID = 24
)

// aimNew finds out what NEW may be answered.
func (m *Model) aimNew(o *operation, c smp.NEW) {
	var errs []*smp.Error
	refuse := func(why *Rule, also ...*smp.Error) { o.allowed = []want{refusal(why, append(errs, also...)...)} }
	if o.ServiceSignature != nil {
		errs = append(errs, smp.ErrService)
	}
	linked := c.Request != nil && c.Request.Link != nil
	mayFail := m.isWeak(c.DHKey) || c.Notifier != nil && m.isWeak(c.Notifier.DHKey)
	if linked && !bytes.Equal(c.Request.Link.SenderID, smp.SenderID(o.CorrelationID)) {
		errs = append(errs, smp.ErrCmdProhibited)
	}
	if mayFail {
		errs = append(errs, smp.ErrCrypto, smp.ErrCmdSyntax)
	}
	switch {
	case !o.by(m, m.key(c.AuthKey)):
		refuse(wrongKeyAccepted, smp.ErrAuth)
	case o.ServiceSignature != nil:
		refuse(serviceAccepted, smp.ErrAuth)
	case m.config.Password != "" && string(c.Password) != m.config.Password:
		refuse(passwordAccepted, smp.ErrAuth)
	case linked && !bytes.Equal(c.Request.Link.SenderID, smp.SenderID(o.CorrelationID)):
		refuse(linkIDAccepted, smp.ErrAuth)
	default:
		m.mayCreate(o, c, errs)
	}
}

// mayCreate allows NEW to be executed. A relay may be closed to new queues, unless it has
// made one already, and refuses ids that are taken.
func (m *Model) mayCreate(o *operation, c smp.NEW, errs []*smp.Error) {
	if !m.created {
		errs = append(errs, smp.ErrAuth)
	}
	if c.Request != nil && c.Request.Link != nil {
		for _, id := range [][]byte{c.Request.Link.LinkID, c.Request.Link.SenderID} {
			_, promised := m.promised[string(id)]
			_, taken := m.ids[string(id)]
			if promised || taken || len(m.linked[string(id)]) > 0 || len(id) > 0 && len(id) != linkIDSize {
				errs = append(errs, smp.ErrAuth, smp.ErrCmdSyntax)
			}
			if len(id) > 0 && !promised {
				m.promised[string(id)] = false
			}
		}
	}
	o.allowed = []want{success("IDS")}
	if len(errs) > 0 {
		o.allowed = append(o.allowed, refusal(nil, errs...))
	}
}

// isWeak reports whether nothing can be agreed with a key, which a relay may refuse.
func (m *Model) isWeak(k keys.PublicKey) bool {
	weak, known := m.weak[k]
	if !known {
		_, err := box.Agree(m.agreement, k)
		weak = errors.Is(err, keys.ErrLowOrder)
		m.weak[k] = weak
	}
	return weak
}

// create enters the queue that IDS is about.
func (m *Model) create(o *operation, ids smp.IDS) []drive.Breach {
	c := o.Command.(smp.NEW)
	if q := m.repeated(c, ids); q != nil {
		q.giveUp() // what else the repetition has changed nobody knows
		return nil
	}
	if rule, expected, actual := m.checkIDs(o, c, ids); rule != nil {
		m.nameless = true
		return m.breach(rule, "NEW", expected, actual)
	}
	m.created = true
	q := &queue{model: m, authKey: m.key(c.AuthKey), recipient: string(ids.RecipientID), sender: string(ids.SenderID), subscribed: make(map[int]bool)}
	if c.Request != nil {
		q.mode = c.Request.Mode
	}
	s := &state{
		recipients: m.keyList(c.AuthKey),
		notifier:   -1,
		subscriber: reader{delivered: noItem},
	}
	if c.Subscribe {
		s.subscriber.conn = o.here()
		q.subscribed[o.conn.number] = true
	}
	m.queues = append(m.queues, q)
	m.ids[q.recipient] = identity{q, recipientParty, -1}
	m.ids[q.sender] = identity{q, senderParty, -1}
	if ids.Notifier != nil {
		s.notifier = o.number
		m.notifierKeys[o.number] = m.key(c.Notifier.AuthKey)
		m.ids[string(ids.Notifier.NotifierID)] = identity{q, notifierParty, o.number}
	}
	q.states = []*state{s}
	if c.Request != nil && c.Request.Link != nil {
		m.createLink(q, s, ids.LinkID, c.Request.Link)
	}
	return nil
}

// repeated returns the queue of which IDS is, if that was created with the same key: clients
// make a new key for each queue, and whether a relay takes another NEW with an old one for
// another queue no document says.
func (m *Model) repeated(c smp.NEW, ids smp.IDS) *queue {
	q := m.ids[string(ids.RecipientID)].queue
	if q == nil || q.authKey != m.key(c.AuthKey) || q.recipient != string(ids.RecipientID) || q.sender != string(ids.SenderID) {
		return nil
	}
	return q
}

// createLink gives a new queue its link. Commands that used its ids before they were known
// may have been executed.
func (m *Model) createLink(q *queue, s *state, id []byte, l *smp.QueueLink) {
	s.link = m.addLink(linkOf(id, l.Data))
	m.claim(string(id), q)
	if m.promised[string(l.SenderID)] || m.promised[string(l.LinkID)] {
		q.giveUp()
	}
	delete(m.promised, string(l.SenderID))
	delete(m.promised, string(l.LinkID))
}

// checkIDs compares IDS with NEW.
func (m *Model) checkIDs(o *operation, c smp.NEW, ids smp.IDS) (broken *Rule, expected, actual string) {
	var link *smp.QueueLink
	if c.Request != nil {
		link = c.Request.Link
	}
	fresh := [][]byte{ids.RecipientID, ids.SenderID}
	if ids.Notifier != nil {
		fresh = append(fresh, ids.Notifier.NotifierID)
	}
	if link != nil && c.Request.Mode == smp.Messaging && ids.LinkID != nil {
		fresh = append(fresh, ids.LinkID)
	}
	if rule, expected, actual := m.checkFresh(fresh); rule != nil {
		return rule, expected, actual
	}
	switch {
	case m.serverKeys[ids.ServerDHKey]:
		return wrongIDs, "a new key of the relay", "that of another queue"
	case link != nil && !bytes.Equal(ids.SenderID, link.SenderID):
		return wrongIDs, "the sender id of NEW", "another one"
	case ids.ServiceID != nil:
		return wrongQueue, "no service id for who is no service", "one"
	case (ids.Notifier != nil) != (c.Notifier != nil):
		return wrongQueue, fmt.Sprintf("notifier credentials: %v", c.Notifier != nil), fmt.Sprint(ids.Notifier != nil)
	case (ids.LinkID != nil) != (link != nil):
		return wrongQueue, fmt.Sprintf("a link id: %v", link != nil), fmt.Sprint(ids.LinkID != nil)
	case link != nil && c.Request.Mode == smp.Contact && !bytes.Equal(ids.LinkID, link.LinkID):
		return wrongQueue, "the link id of NEW", "another one"
	case o.version >= smp.VersionShortLinks && ids.Mode != mode(c):
		return wrongQueue, "the mode " + mode(c).String(), ids.Mode.String()
	case o.version >= smp.VersionSenderKeys && (ids.Mode == smp.Messaging) != (mode(c) == smp.Messaging):
		return wrongQueue, "the mode " + mode(c).String(), ids.Mode.String()
	}
	m.serverKeys[ids.ServerDHKey] = true
	return nil, "", ""
}

func mode(c smp.NEW) smp.QueueMode {
	if c.Request == nil {
		return 0
	}
	return c.Request.Mode
}

// checkFresh checks ids that a relay has made.
func (m *Model) checkFresh(ids [][]byte) (broken *Rule, expected, actual string) {
	for i, id := range ids {
		if len(id) < minID || len(id) > maxID {
			return wrongIDs, fmt.Sprintf("ids of %d to %d bytes", minID, maxID), fmt.Sprintf("%d bytes", len(id))
		}
		if _, known := m.ids[string(id)]; known {
			return wrongIDs, "new ids", "that of another queue"
		}
		for _, other := range ids[:i] {
			if bytes.Equal(id, other) {
				return wrongIDs, "different ids for all parties", "one for two"
			}
		}
	}
	return nil, "", ""
}

package soak_test

import (
	"bytes"
	"cmp"
	"fmt"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// notifier is the model of a queue's notifier.
type notifier struct {
	topic
	key    keys.PrivateKey
	dh     keys.PrivateKey
	secret box.Key
}

// notification is what came in NMSG.
type notification struct {
	by   *notifier
	time int64
}

// newNotifier makes keys for a notifier of a queue, which a command is to make.
func newNotifier(q *queue) (*notifier, error) {
	n := &notifier{topic: newTopic("the notifications of queue")}
	n.queue, n.topic.notifier = q, n
	var err error
	if n.key, err = generate(keys.Ed25519); err != nil {
		return nil, err
	}
	n.dh, err = generate(keys.X25519)
	return n, err
}

func (n *notifier) keys() smp.NotifierKeys {
	return smp.NotifierKeys{AuthKey: n.key.Public(), DHKey: n.dh.Public()}
}

// replace enters a command after which the queue has another notifier, nil for none.
func (q *queue) replace(s *span, by *notifier) {
	for _, n := range q.notifiers {
		n.owner.write(s, nil)
	}
	q.notifier.write(s, by)
}

// made takes the credentials of a notifier that the command s has made: from now on it
// can be used.
func (m *model) made(n *notifier, s *span, c smp.NotifierCredentials) error {
	secret, err := box.Agree(n.dh, c.ServerDHKey)
	if err != nil {
		return err
	}
	n.id, n.secret = bytes.Clone(c.NotifierID), secret
	for _, w := range n.queue.notifier.writes {
		if w.span != s && !w.before(s.asked) {
			n.owner.write(w.span, nil)
		}
	}
	n.queue.notifiers = append(n.queue.notifiers, n)
	m.topics[string(n.id)] = &n.topic
	return nil
}

// notify notes a notification. It returns what is wrong with it.
func (n *notifier) notify(meta smp.NMsgMeta) error {
	q := n.queue
	id := string(meta.MessageID)
	if _, twice := q.notified[id]; twice {
		return fmt.Errorf("two notifications of one message of queue %d", q.number)
	}
	q.notified[id] = notification{n, meta.Timestamp}
	return q.compareNotification(id)
}

// compareNotification compares a message with the notification of it, once both came.
func (q *queue) compareNotification(id string) error {
	msg, told := q.byID[id], q.notified[id]
	switch {
	case msg == nil || told.by == nil:
		return nil
	case !msg.notify:
		return fmt.Errorf("a notification of a message of queue %d that has no flag for it", q.number)
	case msg.time != told.time:
		return fmt.Errorf("a notification with another time than the message of queue %d", q.number)
	case !q.notifier.may(told.by, msg.span.asked, cmp.Or(msg.span.answered, never)):
		return fmt.Errorf("a notification for a notifier that queue %d did not have", q.number)
	}
	return nil
}

// checkNotifications looks for messages that nobody was told about although there was
// somebody, and if everything was received, for those that nobody was told about later
// and for notifications of what is no message. It returns what is wrong.
func (q *queue) checkNotifications(all bool) (problems []string) {
	for id := range q.notified {
		if all && q.byID[id] == nil {
			problems = append(problems, fmt.Sprintf("a notification of a message that queue %d did not have", q.number))
		}
	}
	for key, msg := range q.messages {
		if _, told := q.notified[msg.id]; msg.state != accepted || !msg.notify || msg.first == 0 || told {
			continue
		}
		for _, n := range q.notifiers {
			attended := q.notifier.must(n, msg.span.asked, msg.span.answered) && n.attended(&msg.span)
			waited := all && !msg.gone && q.notifier.must(n, msg.span.asked, never) && n.unattended(&msg.span)
			if attended || waited {
				problems = append(problems, fmt.Sprintf("nobody was told of message %v of queue %d", key, q.number))
			}
		}
	}
	return problems
}

// attended reports whether a notification of a message must have been read: somebody
// was subscribed, by itself or as the service that the notifier belongs to.
func (n *notifier) attended(s *span) bool {
	for _, p := range n.periods {
		if p.holds(&n.topic, s) {
			return true
		}
	}
	for v := range n.owners() {
		for _, p := range v.periods {
			if p.holds(&n.topic, s) && n.owner.must(v, p.from, s.answered) {
				return true
			}
		}
	}
	return false
}

// unattended reports whether a notification of a message must have waited for whoever
// comes at the end: everybody who was subscribed was gone before.
func (n *notifier) unattended(s *span) bool {
	left := n.left
	for v := range n.owners() {
		left = max(left, v.left)
	}
	return left < s.asked
}

// owners are all services that the topic may ever have belonged to.
func (t *topic) owners() map[*service]struct{} {
	owners := map[*service]struct{}{}
	for _, w := range t.owner.writes {
		if w.value != nil && !w.void {
			owners[w.value] = struct{}{}
		}
	}
	return owners
}

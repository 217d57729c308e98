package model

import (
	"crypto/sha256"
	"fmt"
	"time"

	"smpcheck/reference/smp"
)

// messageIDSize is the length of the ids of messages.
const messageIDSize = 24

// Tolerances of timestamps: how far the clocks of relay and judge may be apart, and how
// much later a message may say that it came before the one before it, since a relay may
// look at its clock before it looks at the queue.
const (
	clockSkew  = 10 * time.Minute
	clockSlack = 5 // seconds
)

// content is a message as it was delivered.
type content struct {
	queue     *queue
	quota     bool
	notify    bool
	body      [sha256.Size]byte
	timestamp int64
}

// delivered is what a queue has delivered.
type delivered struct {
	latest int64 // the last timestamp
}

// inspect looks at a message by itself: whether it is one that the queue was given, and
// the same as when it was delivered before. It returns the rule that is broken, nil for
// none, and the values for people.
func (q *queue) inspect(msg smp.MSG, message *smp.RcvMessage) (broken *Rule, expected, actual string) {
	if len(msg.ID) != messageIDSize {
		return messageID, fmt.Sprintf("an id of %d bytes", messageIDSize), fmt.Sprintf("%d bytes", len(msg.ID))
	}
	if message == nil {
		return nil, "", ""
	}
	c := content{q, message.Quota, message.Notify, sha256.Sum256(message.Body), message.Timestamp}
	before, again := q.model.messages[string(msg.ID)]
	switch {
	case again && before.queue != q:
		return messageID, "an id that no other message has", "the id of a message of another queue"
	case again && before != c:
		return messageChanged, "the message as it was delivered before", "another one under its id"
	case again:
		return nil, "", ""
	}
	q.model.messages[string(msg.ID)] = c
	if at, ok := q.model.announced[string(msg.ID)]; ok && at != c.timestamp {
		return notificationMeta, "the timestamp of the notification", "another one"
	}
	if rule, expected, actual := q.compare(message, c); rule != nil {
		return rule, expected, actual
	}
	return q.checkTime(message)
}

// compare looks for the message among those that were sent to the queue.
func (q *queue) compare(message *smp.RcvMessage, c content) (broken *Rule, expected, actual string) {
	what := fmt.Sprintf("a message of %d bytes", len(message.Body))
	if message.Quota {
		if len(q.sends) == 0 {
			return markerUnexpected, "a message", "the marker of a full queue"
		}
		return nil, "", ""
	}
	sent := false
	for _, o := range q.sends {
		if o.body != c.body {
			continue
		}
		sent = true
		if o.Command.(smp.SEND).Notify == message.Notify {
			return nil, "", ""
		}
	}
	if sent {
		return messageFlag, fmt.Sprintf("the notification flag %v", !message.Notify), fmt.Sprint(message.Notify)
	}
	for _, other := range q.model.queues {
		for _, o := range other.sends {
			if o.body == c.body {
				return messageForeign, "a message that was sent to this queue", what + " that was sent to another"
			}
		}
	}
	return messageUnknown, "a message that was sent", what + " that nobody has sent"
}

// checkTime looks at the timestamp of a message that is delivered for the first time.
func (q *queue) checkTime(message *smp.RcvMessage) (broken *Rule, expected, actual string) {
	at, now := time.Unix(message.Timestamp, 0), q.model.config.Now()
	if difference := at.Sub(now); difference < -clockSkew-now.Sub(q.model.began) || difference > clockSkew {
		return messageTime, "about " + now.UTC().Format(time.RFC3339), at.UTC().Format(time.RFC3339)
	}
	if message.Timestamp < q.given.latest-clockSlack {
		return messageTime, fmt.Sprintf("no time before that of the message before, %d", q.given.latest), fmt.Sprint(message.Timestamp)
	}
	q.given.latest = max(q.given.latest, message.Timestamp)
	return nil, "", ""
}

// isItem returns the state in which an item is what was delivered, nil if that cannot be.
func (q *queue) isItem(s *state, i item, msg smp.MSG, message *smp.RcvMessage) *state {
	if message != nil && message.Quota != i.isMarker() {
		return nil
	}
	if message != nil && !message.Quota {
		o := q.model.operations[i.sender()]
		if o.body != sha256.Sum256(message.Body) || o.Command.(smp.SEND).Notify != message.Notify {
			return nil
		}
	}
	return s.named(i, string(msg.ID))
}

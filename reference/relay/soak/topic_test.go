package soak_test

// topic is what connections subscribe to: the messages of a queue, its notifications,
// or everything of a service.
type topic struct {
	name     string
	id       []byte // that of events
	queue    *queue
	notifier *notifier // nil for messages
	// claims are the commands of connections that make them the subscriber.
	claims []claim
	// owner is the service that the topic belongs to, nil for none.
	owner register[*service]
	// periods are those in which one connection was the subscriber, surely, and has
	// read what came.
	periods []period
	// left is when the last connection that had claimed the topic was over.
	left int64
}

type claim struct {
	*span
	conn int64
}

type period struct {
	from, to int64
	// except are topics of the connection: for those it has claimed by themselves, a
	// period of a service says nothing.
	except map[string]*use
}

// holds reports whether what was asked for and answered then, about a topic, is of the
// period.
func (p *period) holds(t *topic, s *span) bool {
	u := p.except[string(t.id)]
	return p.from < s.asked && s.before(p.to) && (u == nil || u.since == 0)
}

func newTopic(name string) topic {
	t := topic{name: name}
	t.owner.write(always(), nil)
	return t
}

// claim enters a command of a connection that makes it the subscriber, and the service
// that it is, if any, the owner.
func (t *topic) claim(conn int64, by *service, s *span) {
	t.claims = append(t.claims, claim{s, conn})
	t.owner.write(s, by)
	if by != nil {
		by.topics[t] = struct{}{}
	}
}

// mayDisplace reports whether a subscription of one connection, made by a command that
// was written at a moment, may have been ended by another connection.
func (t *topic) mayDisplace(conn, since int64) bool {
	return t.undisturbed(conn, since, never) != never
}

// never is a moment after all others.
const never = 1 << 62

// undisturbed is until when no other connection can have ended a subscription of one
// connection, made by a command that was written at a moment; end at the latest.
func (t *topic) undisturbed(conn, since, end int64) int64 {
	for _, s := range t.claims {
		if s.conn != conn && !s.void && !s.before(since) {
			end = min(end, s.asked)
		}
	}
	return end
}

// displaced reports whether another connection has surely ended a subscription of one
// connection, and that before a moment: the answer to the command that made the
// subscription was read at the moment since.
func (t *topic) displaced(conn, since, moment int64) bool {
	for _, s := range t.claims {
		if s.conn != conn && s.done && s.asked > since && s.before(moment) {
			return true
		}
	}
	return false
}

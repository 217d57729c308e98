package relay

import (
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// collection is the delivery of what waits in the queues of a service, messages
// or notifications, in no order of the queues.
type collection struct {
	service *service
	queues  []*Queue // those that were not looked at
}

// collectStep is how many queues the writer looks at before it looks at the
// session's output again.
const collectStep = 256

// collect notes that what waits in the queues of the service is to be delivered, from the end of this block of commands on. The lock of the
// service is held.
func (s *Session) collect(v *service) {
	c := &collection{service: v, queues: make([]*Queue, 0, len(v.queues))}
	for q := range v.queues {
		c.queues = append(c.queues, q)
	}
	s.mu.Lock()
	s.collected, s.collecting = c, nil
	s.mu.Unlock()
}

// startCollection lets the writer begin with what collect has noted.
func (s *Session) startCollection() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.collected != nil {
		s.collecting, s.collected = s.collected, nil
	}
}

// stopCollecting ends all collections of a session that has lost the subscription:
// should it take the service over again, what SUBS has begun before is over all the
// same. The lock of the service is held.
func (s *Session) stopCollecting() {
	s.mu.Lock()
	s.collected, s.collecting = nil, nil
	s.mu.Unlock()
}

// deliverCollection goes on with a collection as far as there is room. It is for
// the writer, which comes back when there is room again.
func (r *Relay) deliverCollection(s *Session) {
	s.mu.Lock()
	c := s.collecting
	s.mu.Unlock()
	if c == nil {
		return
	}
	for range collectStep {
		if !s.out.room() {
			return
		}
		if len(c.queues) == 0 {
			s.endCollection(c)
			return
		}
		q := c.queues[0]
		c.queues = c.queues[1:]
		r.lock(q)
		if r.alive(q) {
			r.deliverCollected(q, c.service)
		}
		q.mu.Unlock()
	}
	s.Flush()
}

// deliverCollected delivers what waits in a queue, whether there is room or not:
// what the writer has found room for is not to come after ALLS because others
// took the room meanwhile. The lock of q is held.
func (r *Relay) deliverCollected(q *Queue, v *service) {
	if v.Role == transport.RoleNotifier {
		if q.notifier != nil && q.notifier.service == v {
			r.notify(q)
		}
		return
	}
	if q.service() != v || r.stages.Head(q) == nil {
		return
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	q.follow(v)
	if sub := q.subscriber; sub != nil && sub.delivered == nil {
		sub.postponed = false
		r.push(q, sub)
	}
}

// endCollection sends ALLS to a messaging service, if the connection still has
// the subscription.
func (s *Session) endCollection(c *collection) {
	c.service.mu.RLock()
	defer c.service.mu.RUnlock()
	s.mu.Lock()
	last := s.collecting == c
	if last {
		s.collecting = nil
	}
	s.mu.Unlock()
	if last && c.service.Role == transport.RoleMessaging && c.service.subscriber.Load() == s {
		s.relay.stages.Push(s, nil, Output{Response: smp.ALLS{}})
	}
}

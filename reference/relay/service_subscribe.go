package relay

import "smpcheck/reference/smp"

// subscribeService executes SUBS and NSUBS: from now on the messages of all queues
// of the service, or the notifications, come to this connection. Those that wait
// follow, and ALLS after messages. The answer has count and hash of the relay,
// whatever those of the service are. On a connection that has sent the command
// already nothing but the answer comes. SMP, "Subscribe to multiple queues" and
// "Subscribe to multiple queue notifications".
func (s *Session) subscribeService() smp.Response {
	v := s.service
	if v == nil {
		return fail(smp.ErrService)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	s.relay.takeOverLocked(v, s)
	if !v.complete {
		v.complete = true
		s.collect(v)
	}
	return smp.SOKS{ServiceQueues: v.setLocked()}
}

// takesOver reports whether a command of a service makes its connection the one that
// gets everything.
func takesOver(c smp.Command) bool {
	switch c.(type) {
	case smp.NEW, smp.SUB, smp.NSUB, smp.SUBS, smp.NSUBS:
		return true
	}
	return false
}

// takeOver makes the session the one that gets everything for its service, if it is
// one.
func (s *Session) takeOver() {
	v := s.service
	if v == nil || v.subscriber.Load() == s {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	s.relay.takeOverLocked(v, s)
}

// takeOverLocked is takeOver. Another connection of the service that had the
// subscription gets ENDS. The subscriptions that it had of single queues are not
// looked for: see Queue.current.
func (r *Relay) takeOverLocked(v *service, s *Session) {
	previous := v.subscriber.Swap(s)
	if previous == s {
		return
	}
	v.complete = false
	if previous != nil {
		previous.stopCollecting()
		r.stages.Push(previous, nil, Output{EntityID: v.ID, Response: smp.ENDS{ServiceQueues: v.setLocked()}})
	}
}

// claim makes a queue belong to the service of the session, to none if the
// session is no service, and subscribes the session to it. It returns the session that was subscribed
// to the queue alone and is not any more, nil if there is none. The lock of q is
// held.
func (s *Session) claim(q *Queue) (displaced *Session) {
	if q.service() != s.service {
		s.relay.detach(q, s, smp.END{})
	}
	if s.service == nil {
		return q.subscribe(s)
	}
	displaced = q.subscribe(s)
	q.setService(s.service)
	s.service.add(q, q.recipientID)
	return displaced
}

// detach ends that a queue belongs to a service. The service's connection gets
// the event, unless it is by, the session that caused it. The lock of q is held.
func (r *Relay) detach(q *Queue, by *Session, event smp.Response) {
	v := q.service()
	if v == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.removeLocked(q, q.recipientID)
	q.setService(nil)
	q.Unsubscribe()
	if to := v.subscriber.Load(); to != nil && to != by {
		r.stages.Push(to, q, Output{EntityID: q.recipientID, Response: event})
	}
}

// serviceID is the id of the session's service, nil if it is none.
func (s *Session) serviceID() []byte {
	if s.service == nil {
		return nil
	}
	return s.service.ID
}

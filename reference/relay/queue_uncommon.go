package relay

// uncommon is what few queues have. It is a part of a queue and guarded by its
// lock.
type uncommon struct {
	// getters are the sessions that used GET.
	getters map[*Session]*Subscription
	// service is that which the queue belongs to, nil for none.
	service *service
}

// others returns what few queues have, and makes it.
func (q *Queue) others() *uncommon {
	if q.uncommon == nil {
		q.uncommon = &uncommon{}
	}
	return q.uncommon
}

// service is that which the queue belongs to, nil for none.
func (q *Queue) service() *service {
	if q.uncommon == nil {
		return nil
	}
	return q.uncommon.service
}

// setService is for those who also change the set of queues of the service.
func (q *Queue) setService(v *service) {
	switch {
	case v != nil:
		q.others().service = v
	case q.uncommon == nil:
	case len(q.uncommon.getters) == 0:
		q.uncommon = nil
	default:
		q.uncommon.service = nil
	}
}

// enterService enters a new queue into the set of its service, if it has one.
func (q *Queue) enterService() {
	if v := q.service(); v != nil {
		v.add(q, q.recipientID)
	}
}

// ServiceID is the id of the service that the queue belongs to, nil for none.
func (q *Queue) ServiceID() []byte {
	if v := q.service(); v != nil {
		return v.ID
	}
	return nil
}

// current returns the subscription of the queue, nil if there is none. One that
// a connection has lost with that to its service ends here.
func (q *Queue) current() *Subscription {
	v := q.service()
	if v != nil && q.subscriber != nil && q.subscriber.session != v.subscriber.Load() {
		q.Unsubscribe()
	}
	return q.subscriber
}

// follow gives the queue the subscription that its service has, except if the
// session uses GET. The lock of the service is held.
func (q *Queue) follow(v *service) {
	s := v.subscriber.Load()
	if q.current() == nil && s != nil && q.getter(s) == nil {
		q.subscribe(s)
	}
}

// getter returns what GET made for the session, nil if there is none.
func (q *Queue) getter(s *Session) *Subscription {
	if q.uncommon == nil {
		return nil
	}
	return q.uncommon.getters[s]
}

// get enters the session as one that uses GET. It is not told about messages.
func (q *Queue) get(s *Session) *Subscription {
	u := q.others()
	if u.getters == nil {
		u.getters = make(map[*Session]*Subscription)
	}
	sub := &Subscription{session: s}
	u.getters[s] = sub
	s.remember(q)
	return sub
}

// leaveGetters ends what sessions have with the queue by GET.
func (q *Queue) leaveGetters() {
	if q.uncommon == nil {
		return
	}
	for s := range q.uncommon.getters {
		s.forget(q)
	}
	q.uncommon.getters = nil
}

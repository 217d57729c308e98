package model

import (
	"slices"

	"smpcheck/reference/smp"
)

// here is the number of the connection of an operation, 0 if the connection is gone, so
// that nothing of it is left in a state.
func (o *operation) here() int {
	if o.conn.closed {
		return 0
	}
	return o.conn.number
}

// push delivers the next message to the subscriber if it has acknowledged all before.
func (q *queue) push(s *state) {
	if s.subscriber.conn == 0 || s.subscriber.delivered != noItem || len(s.messages) == 0 {
		return
	}
	s.subscriber.delivered = s.head()
	q.expect(s, event{conn: s.subscriber.conn, kind: messageEvent, item: s.head(), notifier: -1})
}

// subscribe executes SUB. The message that waits comes behind the answer or in its place.
// One that was delivered on the same connection need not come again: no document says so.
func (q *queue) subscribe(s *state, o *operation) []outcome {
	if s.getter(o.conn.number) >= 0 {
		return refuse(s, subscribedAccepted, smp.ErrCmdProhibited)
	}
	n := s.clone()
	again := s.subscriber.conn == o.conn.number
	if before := s.subscriber.conn; !again && before != 0 {
		n.excuse(func(e event) bool { return e.conn == before && e.kind == messageEvent })
		q.expect(n, event{conn: before, kind: endEvent, item: noItem, notifier: -1, optional: o.ghost})
	}
	if !again {
		n.subscriber = reader{conn: o.here(), delivered: noItem}
	}
	answer := success("SOK")
	if o.version < smp.VersionServices {
		answer = success("OK")
	}
	pushed := n.clone()
	if again && n.subscriber.delivered != noItem {
		if h := n.head(); h != noItem {
			pushed.subscriber.delivered = h
			q.expect(pushed, event{conn: o.conn.number, kind: messageEvent, item: h, notifier: -1, optional: true})
		}
	} else {
		q.push(pushed)
	}
	outs := one(answer, pushed)
	if h := n.head(); h != noItem && !o.ghost {
		n.subscriber.delivered = h
		outs = append(outs, outcome{want{tag: "MSG", item: h}, n})
	}
	return outs
}

// get executes GET.
func (q *queue) get(s *state, o *operation) []outcome {
	if s.subscriber.conn == o.conn.number {
		return refuse(s, subscribedAccepted, smp.ErrCmdProhibited)
	}
	h, n := s.head(), s.clone()
	if o.here() != 0 {
		i := n.getter(o.conn.number)
		if i < 0 {
			n.getters = append(n.getters, reader{conn: o.conn.number})
			slices.SortFunc(n.getters, func(a, b reader) int { return a.conn - b.conn })
			i = n.getter(o.conn.number)
		}
		n.getters[i].delivered = h
	}
	if h == noItem {
		return one(success("OK"), n)
	}
	return one(want{tag: "MSG", item: h}, n)
}

// acknowledge executes ACK.
func (q *queue) acknowledge(s *state, o *operation, id string) []outcome {
	subscribed, g := s.subscriber.conn == o.conn.number, s.getter(o.conn.number)
	delivered := noItem
	switch {
	case subscribed:
		delivered = s.subscriber.delivered
	case g >= 0:
		delivered = s.getters[g].delivered
	}
	refused := refuse(s, notDeliveredAccepted, smp.ErrNoMsg, smp.ErrCmdProhibited)
	switch {
	case delivered == noItem:
		// A relay may count what it has delivered by queue, and not by connection.
		if h := s.head(); h != noItem && id != "" && s.id(h) == id {
			return append(refused, q.acknowledged(s, o, h)...)
		}
		return refused
	case id == "":
		refused[0].want.errs = append(refused[0].want.errs, smp.ErrCmdSyntax)
		return slices.Concat(refused, q.acknowledged(s, o, delivered), q.acknowledged(s, o, noItem))
	case s.id(delivered) != id:
		return refused
	case s.head() != delivered:
		// Another connection has acknowledged it.
		return append(refused, q.acknowledged(s, o, delivered)...)
	}
	return q.acknowledged(s, o, delivered)
}

// acknowledged removes a message and delivers the next one to whoever subscribed.
func (q *queue) acknowledged(s *state, o *operation, i item) (outs []outcome) {
	n := s.clone()
	if i != noItem && n.head() == i {
		n.messages = n.messages[1:]
	}
	if g := n.getter(o.conn.number); g >= 0 {
		n.getters[g].delivered = noItem
	}
	if n.subscriber.conn != o.conn.number {
		outs = one(success("OK"), n)
		// The subscriber may have the next message now, or after its own ACK.
		if i != noItem && n.subscriber.delivered == i && n.subscriber.conn != 0 {
			early := n.clone()
			early.subscriber.delivered = noItem
			q.push(early)
			outs = append(outs, outcome{success("OK"), early})
		}
		return outs
	}
	n.subscriber.delivered = noItem
	h := n.head()
	if h == noItem {
		return one(success("OK"), n)
	}
	after := n.clone()
	q.push(after)
	n.subscriber.delivered = h
	return []outcome{{want{tag: "MSG", item: h}, n}, {success("OK"), after}}
}

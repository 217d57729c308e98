package model

import (
	"slices"

	"smpcheck/reference/smp"
)

// queue is what is known about one queue of the relay.
type queue struct {
	model     *Model
	recipient string
	sender    string
	mode      smp.QueueMode
	authKey   int // the key with which it was created

	// states are those that the queue may be in; none if it was given up.
	states  []*state
	pending []*operation // sent, in this order, and not answered
	sends   []*operation // all SENDs, whatever became of them
	given   delivered
	// subscribed are the connections that have asked for messages.
	subscribed map[int]bool
}

// lost reports whether the queue was given up.
func (q *queue) lost() bool { return len(q.states) == 0 }

// giveUp ends that the queue is judged.
func (q *queue) giveUp() { q.states, q.pending = nil, nil }

// begin says that an operation is under way.
func (q *queue) begin(o *operation) {
	o.queue = q
	switch o.Command.(type) {
	case smp.SEND:
		q.sends = append(q.sends, o)
	case smp.SUB:
		q.subscribed[o.conn.number] = true
	}
	if !q.lost() {
		q.pending = append(q.pending, o)
	}
}

// end says that an operation is under way no more.
func (q *queue) end(o *operation) {
	for i, p := range q.pending {
		if p == o {
			q.pending = append(q.pending[:i:i], q.pending[i+1:]...)
			return
		}
	}
}

// cancel says that an operation was not executed and will not be.
func (q *queue) cancel(o *operation) {
	q.end(o)
	q.states = slices.DeleteFunc(q.states, func(s *state) bool {
		_, did := s.did(o.number)
		return did
	})
}

// limits of a search: of executions tried, and of states that are kept.
const (
	maxExecutions = 3000
	maxStates     = 200
)

// search looks for the states in which something is explained, by executing operations
// that are under way in every order.
type search struct {
	q      *queue
	tried  states
	found  states
	budget int
	// answered is the operation whose answer is to be explained, and takes returns what
	// becomes of a state after it, if it may be answered as it was.
	answered *operation
	takes    func(*state, want) *state
	// fits returns what becomes of a state if an event of it is the one to be explained.
	fits func(*state, event) *state
}

// run searches from all states. It reports false if there is too much to try.
func (x *search) run() bool {
	x.budget = maxExecutions
	for _, s := range x.q.states {
		x.from(s, nil)
	}
	return x.budget > 0 && len(x.found.list) <= maxStates
}

// from searches from a state. The events in seen were there before: a state without one
// of them is found already, and what was executed since can be executed later.
func (x *search) from(s *state, seen []event) {
	if !x.tried.add(s) || x.budget <= 0 {
		return
	}
	if x.answered != nil {
		if w, ok := s.did(x.answered.number); ok {
			x.keep(x.takes(s.without(x.answered.number), w))
			return
		}
	} else {
		for _, n := range s.take(x.fits, seen) {
			x.keep(n)
		}
		seen = s.events
	}
	for _, o := range x.q.pending {
		if _, ok := s.did(o.number); !ok {
			x.try(s, o, seen)
		}
	}
}

func (x *search) try(s *state, o *operation, seen []event) {
	x.budget--
	for _, out := range x.q.perform(s, o) {
		switch {
		case o == x.answered:
			x.keep(x.takes(out.state, out.want))
		case o.ghost && out.state != s:
			x.from(out.state.with(o.number, anything), seen)
		case !o.ghost:
			x.from(out.state.with(o.number, out.want), seen)
		}
	}
}

func (x *search) keep(s *state) {
	if s != nil {
		x.found.add(s)
	}
}

// answer takes the answer to an operation: it keeps the states that explain it. Otherwise
// it gives the queue up and reports false, with what had been allowed.
func (q *queue) answer(o *operation, a answer) (allowed []want, ok bool) {
	x := &search{q: q, answered: o, takes: func(s *state, w want) *state {
		allowed = append(allowed, w)
		if !w.fits(a.response) {
			return nil
		}
		return q.explain(s, o, w, a)
	}}
	complete := x.run()
	q.end(o)
	if complete && len(x.found.list) > 0 {
		q.states = x.found.list
		return nil, true
	}
	q.giveUp()
	return allowed, !complete
}

// event takes an event: it keeps the states that explain it, otherwise it gives the queue
// up and reports false.
func (q *queue) event(fits func(*state, event) *state) bool {
	x := &search{q: q, fits: fits}
	complete := x.run()
	if complete && len(x.found.list) > 0 {
		q.states = x.found.list
		return true
	}
	q.giveUp()
	return !complete
}

// settle drops the states in which something that has not come had to come by now, and
// what need not come in the others. If none is left it gives the queue up and returns
// what is missing.
func (q *queue) settle() *event {
	if q.lost() {
		return nil
	}
	var kept states
	var missing *event
	for _, s := range q.states {
		if e := s.owed(); e != nil {
			missing = e
			continue
		}
		n := s.clone()
		n.events = nil
		kept.add(n)
	}
	if len(kept.list) > 0 {
		q.states = kept.list
		return nil
	}
	under := len(q.pending) > 0
	q.giveUp()
	if under {
		return nil
	}
	return missing
}

// disconnect forgets a connection that has ended.
func (q *queue) disconnect(conn int) {
	var kept states
	for _, s := range q.states {
		n := s.clone()
		n.events = nil
		for _, e := range s.events {
			switch {
			case e.conn != conn:
				n.events = append(n.events, e)
			case e.kind == notificationEvent && s.watcher == conn:
				n.wait(e.item) // if the relay knew before that the connection has ended
			}
		}
		if n.subscriber.conn == conn {
			n.subscriber = reader{delivered: noItem}
		}
		if i := n.getter(conn); i >= 0 {
			n.getters = append(n.getters[:i], n.getters[i+1:]...)
		}
		if n.watcher == conn {
			n.watcher, n.leaky = 0, true
		}
		for _, d := range s.done {
			if q.model.operations[d.number].conn.number == conn {
				n.forget(d.number)
			}
		}
		kept.add(n)
	}
	q.states = kept.list
}

package queue

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// answeredWith executes a command and answers something else than OK.
func answeredWith[C smp.Command](response smp.Response) func(*relay.Config) {
	return fault.Alters[C](func(*relay.Session, *relay.Request, smp.OK) smp.Response { return response })
}

// deliver answers a request with a message of its queue.
func deliver(r *relay.Request, m *relay.Message) []relay.Output {
	outs := fault.Reply(r, nil)
	outs[0].Message, outs[0].Queue = m, r.Queue
	return outs
}

// event is a message of a queue that nobody asked for.
func event(q *relay.Queue, m *relay.Message) relay.Output {
	return relay.Output{EntityID: q.RecipientID(), Message: m, Queue: q}
}

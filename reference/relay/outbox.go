package relay

import (
	"errors"
	"sync"

	"smpcheck/reference/smp"
)

// Output is one transmission on its way to a client: an answer, which has the
// correlation id of its command, or something that the relay sends by itself,
// which has none.
type Output struct {
	CorrelationID []byte
	EntityID      []byte
	// Response is what is sent. It is nil for a message and for a notification:
	// the stages Deliver and Notify make it from Message and Notification, just
	// before it is sent.
	Response smp.Response
	// Message is the message to deliver and Queue the queue that it is from.
	Message *Message
	Queue   *Queue
	// Notification is what a notifier is told.
	Notification *Notification

	commit *commit // that the answer waits for, nil for none
}

// pushed reports whether o is a message that nobody asked for.
func (o *Output) pushed() bool { return o.Message != nil && len(o.CorrelationID) == 0 }

// Bytes that an output is counted with: its encoding, or about that.
const (
	messageCost  = 16384
	responseCost = 256
)

func (o *Output) cost() int {
	if o.Message != nil {
		return messageCost
	}
	switch o.Response.(type) {
	case smp.LNK, smp.PKEY, smp.PRES, smp.RRES:
		return messageCost
	}
	return responseCost
}

// takeCost bounds what the writer takes at a time, in bytes: enough answers to
// fill some blocks.
const takeCost = 8 * messageCost

// errOverflow: a connection did not take what waits for it.
var errOverflow = errors.New("output limit of the connection reached")

// outbox holds what waits to be written to one connection. Putting never
// blocks: whoever puts for another connection must not depend on its speed.
// There is a writer only as long as it has something to do.
type outbox struct {
	limit int
	start func() // starts a writer; does not wait

	mu      sync.Mutex
	space   sync.Cond // signalled when bytes sinks, when the box is closed, and when the writer of a closed box ends
	queue   []Output
	ready   int // how many at the head of queue the writer may take
	bytes   int // of queue and of what the writer took and has not written
	closed  bool
	writing bool // there is a writer
	woken   bool // there may be something to do that the writer has not looked at
}

// newOutbox returns an empty box. start has to start, once for each call, what calls next
// until it is false.
func newOutbox(limit int, start func()) *outbox {
	b := &outbox{limit: limit, start: start}
	b.space.L = &b.mu
	return b
}

// put appends outputs, which wait for signal. It returns errOverflow at the limit.
// Outputs for a closed box vanish.
func (b *outbox) put(outs ...Output) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	for i := range outs {
		b.bytes += outs[i].cost()
	}
	if b.bytes > b.limit {
		return errOverflow
	}
	for i := range outs {
		outs[i].Message.hold()
	}
	b.queue = append(b.queue, outs...)
	return nil
}

// putWithRoom waits until there is room and appends an output.
func (b *outbox) putWithRoom(out Output) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.hasRoom() && !b.closed {
		b.signalLocked() // the writer may not know yet of what takes the room
		b.space.Wait()
	}
	if !b.closed {
		b.bytes += out.cost()
		out.Message.hold()
		b.queue = append(b.queue, out)
	}
}

// signal gives the writer everything that was put, and starts one if there is none. What one block of
// requests is answered with is put first and given as a whole, so that it goes into
// as few blocks as possible however busy the writer is.
func (b *outbox) signal() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.signalLocked()
}

func (b *outbox) signalLocked() {
	b.ready = len(b.queue)
	b.woken = true
	if !b.writing && !b.closed {
		b.writing = true
		b.start()
	}
}

// next reports whether there is something to do for the writer. If not, the writer ends.
func (b *outbox) next() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.woken && !b.closed {
		b.woken = false
		return true
	}
	b.writing = false
	if b.closed {
		b.space.Broadcast()
	}
	return false
}

// waitWriter waits until there is no writer any more. The box is closed.
func (b *outbox) waitWriter() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.writing {
		b.space.Wait()
	}
}

// take returns the next outputs, and whether the box is still open.
func (b *outbox) take() (outs []Output, open bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, false
	}
	n := 0
	for cost := 0; n < b.ready && cost < takeCost; n++ {
		cost += b.queue[n].cost()
	}
	outs = b.queue[:n:n]
	b.queue = b.queue[n:]
	b.ready -= n
	if len(b.queue) == 0 {
		b.queue = nil
	}
	return outs, true
}

// release says that outputs that were taken are written.
func (b *outbox) release(outs []Output) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range outs {
		b.bytes -= outs[i].cost()
		outs[i].Message.free()
	}
	b.space.Broadcast()
}

// room reports whether there is room for more than what cannot wait.
func (b *outbox) room() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.hasRoom()
}

func (b *outbox) hasRoom() bool { return b.bytes < b.limit/2 }

// waitRoom waits until there is room or the box is closed, and reports whether
// it is open.
func (b *outbox) waitRoom() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.hasRoom() && !b.closed {
		b.signalLocked() // the writer may not know yet of what takes the room
		b.space.Wait()
	}
	return !b.closed
}

// close drops everything; put and take do nothing from now on.
func (b *outbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for i := range b.queue {
		b.queue[i].Message.free()
	}
	b.queue = nil
	b.space.Broadcast()
}

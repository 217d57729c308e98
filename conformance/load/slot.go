package load

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"smpcheck/reference/client"
	"smpcheck/reference/smp"
)

// maxSpare is how many spare queues belong to a slot.
const maxSpare = 64

// arrivals is how many messages of a slot may wait to be taken. A relay delivers one
// and waits for its ACK.
const arrivals = 4

// slot is a queue with messages and all that is done with it: one operation at a time.
type slot struct {
	run        *run
	index      int
	recv, send *peer
	queue      client.Queue
	sender     client.SenderQueue

	ledger  ledger
	arrived chan smp.MSG
	choice  *rand.Rand
	body    []byte
	spare   []client.Queue
	begun   int64
}

// give passes a message on, without waiting. It is false if too many wait.
func (s *slot) give(message smp.MSG) bool {
	select {
	case s.arrived <- message:
		return true
	default:
		return false
	}
}

// work does one operation after the other until the pace or one of the connections ends.
func (s *slot) work(ctx context.Context, p *pace) {
	for p.wait(ctx, s) {
		begin := p.begin(s.index, s.begun)
		s.begun++
		switch o := s.operation(); o {
		case Send, Proxy:
			s.cycle(ctx, o, begin)
		default:
			s.run.record(ctx, s.run.meter, o, begin, s.do(ctx, o))
		}
	}
}

// lost reports whether a connection of the slot has ended.
func (s *slot) lost() bool {
	select {
	case <-s.recv.Done():
	case <-s.send.Done():
	default:
		return false
	}
	return true
}

// operation chooses what to do next.
func (s *slot) operation() Operation {
	switch o := s.run.Mix.choose(s.choice); {
	case o == Create && len(s.spare) >= maxSpare:
		return Delete
	case (o == Subscribe || o == Delete) && len(s.spare) == 0:
		return Create
	default:
		return o
	}
}

// do does an operation that is no message cycle.
func (s *slot) do(ctx context.Context, o Operation) error {
	switch o {
	case Create:
		q, err := s.recv.CreateQueue(ctx, s.run.queueOptions())
		if err == nil {
			s.spare = append(s.spare, q)
		}
		return err
	case Subscribe:
		return s.recv.Subscribe(ctx, s.spare[s.choice.IntN(len(s.spare))])
	case Delete:
		q := s.spare[0]
		s.spare = s.spare[1:]
		return s.recv.Delete(ctx, q)
	}
	c, err := s.run.dial(ctx, s.run.Target, 0)
	if err != nil {
		return err
	}
	return c.Close()
}

// cycle sends a message and waits until it has arrived and is acknowledged, which
// happens in receive.
func (s *slot) cycle(ctx context.Context, o Operation, begin time.Time) {
	f := s.ledger.start(begin)
	s.body = s.run.bodies.append(s.body[:0], uint32(s.index), f.number)
	err := s.deliver(ctx, o)
	s.run.record(ctx, s.run.meter, o, begin, err)
	switch {
	case err == nil:
		s.ledger.accept(f)
	case ctx.Err() == nil:
		s.ledger.refuse(f, isRefusal(err))
		return
	default:
		return // nobody has waited for the answer
	}
	patience := time.NewTimer(s.run.Patience)
	defer patience.Stop()
	select {
	case <-f.ended:
	case <-patience.C:
		s.ledger.delay(f)
		s.run.record(ctx, s.run.meter, Cycle, begin, errNoMessage)
	case <-ctx.Done():
		s.run.record(ctx, s.run.meter, Cycle, begin, context.Cause(ctx))
	case <-s.recv.Done():
		s.run.record(ctx, s.run.meter, Cycle, begin, s.recv.Err())
	}
}

// deliver sends the body.
func (s *slot) deliver(ctx context.Context, o Operation) error {
	if o == Proxy {
		return s.send.via.send(ctx, s.sender, s.body)
	}
	return s.send.SendMessage(ctx, s.sender, false, s.body)
}

// isRefusal reports whether the relay itself has answered that it does not take the
// message.
func isRefusal(err error) bool {
	var answer *smp.Error
	return errors.As(err, &answer) && !isProxyError(err)
}

func isProxyError(err error) bool {
	var forwarding *client.ProxyError
	return errors.As(err, &forwarding)
}

// receive takes messages until stop is closed.
func (s *slot) receive(ctx context.Context, stop <-chan struct{}) {
	for {
		select {
		case message := <-s.arrived:
			s.take(ctx, message)
		case <-stop:
			return
		}
	}
}

// take verifies a message and acknowledges it, whatever it is: the next one comes after
// the ACK.
func (s *slot) take(ctx context.Context, message smp.MSG) {
	f, marker := s.open(message)
	if f != nil {
		s.run.record(ctx, s.run.meter, Deliver, f.begin, nil)
	}
	began := time.Now()
	err := s.recv.Ack(ctx, s.queue, message.ID)
	if marker {
		return
	}
	s.run.record(ctx, s.run.meter, Ack, began, err)
	if f == nil {
		return
	}
	if err != nil {
		err = errNoAck
	}
	s.run.record(ctx, s.run.meter, Cycle, f.begin, err)
	close(f.ended)
}

// open finds the message that has arrived; nil for one that was not awaited. A marker of
// a full queue is no message.
func (s *slot) open(message smp.MSG) (f *flight, marker bool) {
	content, err := s.queue.Decrypt(message)
	if err != nil {
		return s.ledger.arrive(0, changed), false
	}
	if content.Quota {
		return nil, true
	}
	number, from := s.run.bodies.number(content.Body, uint32(s.index))
	return s.ledger.arrive(number, from), false
}

// close returns what became of the messages.
func (s *slot) close() Messages {
	m := s.ledger.close()
	if s.lost() {
		m.Abandoned, m.Lost = m.Abandoned+m.Lost, 0
	}
	return m
}

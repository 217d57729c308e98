package client

import (
	"fmt"

	"smpcheck/reference/smp"
)

// Event is a transmission that answers no command.
type Event struct {
	// EntityID is the id of the queue, the notifier or the service that the
	// event is about; empty if the relay sent none.
	EntityID []byte
	// Response is MSG, END, DELD, NMSG, ENDS or ALLS; with Err it is whatever
	// came, nil if it could not be decoded.
	Response smp.Response
	// Err is nil for the events that the protocol knows. Otherwise it matches
	// ErrUnexpected, or ErrSyntax for a transmission that could not be decoded,
	// or is the *smp.Error that the relay sent without a correlation id.
	Err error
}

// Events is the channel of what the relay sends without being asked, in the
// order of arrival. It is closed when the connection has ended; what had arrived
// before can still be taken.
//
// A message is an event whatever the relay sent it for: a new message, the
// answer to Subscribe or Ack, and also the answer to a SUB, ACK or GET whose
// caller has stopped waiting. Only Get and Do return messages.
//
// The channel holds Config.EventBuffer events. Responses never wait for room in
// it: an event that finds no room ends the connection with ErrEventOverflow, as
// nothing can be said any more about what was lost. A relay delivers one message
// of a queue and waits for its ACK, so a reader that is slow, or that waits for
// its own commands before it takes the next event, needs a buffer of twice the
// number of queues that it is subscribed to: a message and an END each. A
// notifier acknowledges nothing: it has to read, or to have room for as many
// notifications as come meanwhile. A client that only sends gets no events and
// need not read.
func (c *Client) Events() <-chan Event { return c.events }

// emit puts an event into the channel, or returns ErrEventOverflow.
func (c *Client) emit(e Event) error {
	select {
	case c.events <- e:
		return nil
	default:
		return fmt.Errorf("%w: %d events wait", ErrEventOverflow, cap(c.events))
	}
}

// unasked makes an event of a transmission without correlation id.
func unasked(r smp.ReceivedResponse) Event {
	e := Event{EntityID: r.Transmission.EntityID, Response: r.Response, Err: decodeError(r.Err)}
	if e.Err != nil {
		return e
	}
	switch response := r.Response.(type) {
	case smp.MSG, smp.END, smp.DELD, smp.NMSG, smp.ENDS, smp.ALLS:
	case smp.ERR:
		e.Err = response.Err
	default:
		e.Err = &UnexpectedError{
			Expected: "an event",
			Got:      response.Tag() + " without a correlation id",
		}
	}
	return e
}

// unknown makes an event of a transmission with a correlation id that belongs to
// no command; err is that of decoding it.
func unknown(r smp.ReceivedResponse, err error) Event {
	if err == nil {
		err = &UnexpectedError{
			Expected: "the correlation id of a command in flight",
			Got:      r.Response.Tag() + " with another one",
		}
	}
	return Event{EntityID: r.Transmission.EntityID, Response: r.Response, Err: err}
}

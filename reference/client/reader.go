package client

import (
	"errors"
	"fmt"
	"time"

	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// read takes blocks from the connection until it ends. How long a block may
// take is for keepAlive to judge.
func (c *Client) read() {
	defer close(c.events)
	for {
		if err := c.readBlock(); err != nil {
			c.end(err)
			return
		}
	}
}

func (c *Client) readBlock() error {
	content, err := c.conn.ReadBlock()
	if errors.Is(err, transport.ErrLargeMessage) {
		return fmt.Errorf("%w: %w", ErrBlock, err)
	}
	if err != nil {
		return lost(err)
	}
	c.arrived.Store(int64(time.Since(c.started)))
	transmissions, err := smp.DecodeBlock(content)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBlock, reasonOf(err))
	}
	for _, t := range transmissions {
		if err := c.receive(smp.ReceiveResponse(c.Version(), c.SessionID(), t)); err != nil {
			return err
		}
	}
	return nil
}

// receive gives a transmission to the command that it answers, or to the events.
// Its error ends the connection.
func (c *Client) receive(r smp.ReceivedResponse) error {
	t := &r.Transmission
	if len(t.CorrelationID) == 0 {
		return c.emit(unasked(r))
	}
	err := decodeError(r.Err)
	call, late := c.settle(t.CorrelationID)
	if call == nil {
		return c.emit(unknown(r, err))
	}
	if err == nil {
		err = call.fits(t, r.Response)
	}
	var overflow error
	if _, ok := r.Response.(smp.MSG); ok && err == nil && call.delivers && (call.asEvent || late) {
		overflow = c.emit(Event{EntityID: t.EntityID, Response: r.Response})
	}
	call.answer <- call.result(r.Response, err)
	return overflow
}

// result is what the caller gets.
func (c *call) result(response smp.Response, err error) Result {
	if answer, ok := response.(smp.ERR); err == nil && ok {
		err = answer.Err
	}
	if err != nil {
		return Result{Err: fmt.Errorf("%s: %w", c.tag, err)}
	}
	return Result{Response: response}
}

// decodeError turns the error of a decoder into ErrSyntax, or ErrUnexpected if it
// is about the entity id; nil stays nil.
func decodeError(err error) error {
	var d *smp.DecodeError
	switch {
	case !errors.As(err, &d):
		return err
	case d.Answer == smp.ErrCmdNoEntity:
		return &UnexpectedError{Expected: "an entity id", Got: d.What + " without"}
	case d.Answer == smp.ErrCmdHasAuth:
		return &UnexpectedError{Expected: "no entity id", Got: d.What + " with one"}
	}
	return fmt.Errorf("%w: %s: %w", ErrSyntax, d.What, d.Reason)
}

// reasonOf is the error of a decoder without the protocol error that a relay
// would answer: in a chain it would look like one that the relay has sent.
func reasonOf(err error) error {
	var d *smp.DecodeError
	if errors.As(err, &d) {
		return d.Reason
	}
	return err
}

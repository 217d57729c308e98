package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// Request is a command with what it is sent with.
type Request struct {
	// EntityID is the id of the queue, link, service or proxied session; empty
	// for none.
	EntityID []byte
	// Key authorizes the command: Ed25519 and Ed448 sign it, X25519 makes an
	// authenticator with the relay's session key, of which there is none at
	// version 6 (smp.ErrNoServerKey). Zero for no authorization.
	Key keys.PrivateKey
	// Command is what the relay is asked.
	Command smp.Command
	// CorrelationID is random if it is zero, as it should be; NEW with link
	// data needs a chosen one, since the sender id is made from it.
	CorrelationID box.Nonce
}

// Result is the answer to a Request: one of the two is nil.
type Result struct {
	Response smp.Response
	// Err has the *smp.Error in its chain if the relay answered ERR.
	Err error
}

// ErrCorrelationID: a chosen correlation id belongs to a command in flight.
var ErrCorrelationID = errors.New("correlation id is in use")

// call is a request on its way.
type call struct {
	id           box.Nonce
	tag          string
	entity       []byte
	transmission []byte
	delivers     bool // a MSG can answer it
	asEvent      bool // and goes to the events then
	answer       chan Result

	sent bool // guarded by Client.mu
}

// Do sends one command and waits for its answer. A relay's ERR is an error with
// the *smp.Error in its chain; other errors are those of a response that does
// not fit (ErrUnexpected, ErrSyntax), of the context, of the connection (see
// Client.Err) and of encoding. After an error of the context the command may or
// may not have been executed.
//
// Do does not check that the response is of a type that answers the command;
// the methods for single commands do.
func (c *Client) Do(ctx context.Context, entityID []byte, key keys.PrivateKey, command smp.Command) (smp.Response, error) {
	r := c.exchange(ctx, false, Request{EntityID: entityID, Key: key, Command: command})[0]
	return r.Response, r.Err
}

// DoAll sends many commands in as few blocks as they fit, and returns their
// results in the order of the requests. See Do.
func (c *Client) DoAll(ctx context.Context, requests ...Request) []Result {
	return c.exchange(ctx, false, requests...)
}

// exchange is DoAll; with asEvent a MSG goes to the events, besides being the
// result.
func (c *Client) exchange(ctx context.Context, asEvent bool, requests ...Request) []Result {
	ctx, cancel := timeoutOr(ctx, c.config.CommandTimeout)
	defer cancel()
	results := make([]Result, len(requests))
	calls := make([]*call, len(requests))
	queued := make([]*call, 0, len(requests))
	for i, request := range requests {
		call, err := c.newCall(request, asEvent)
		if err == nil {
			err = c.register(call)
		}
		if err != nil {
			results[i].Err = fmt.Errorf("%s: %w", tagOf(request.Command), err)
			continue
		}
		calls[i] = call
		queued = append(queued, call)
	}
	c.queue(ctx, queued)
	for i, call := range calls {
		if call != nil {
			results[i] = c.await(ctx, call)
		}
	}
	return results
}

// newCall encodes a request.
func (c *Client) newCall(r Request, asEvent bool) (*call, error) {
	if r.CorrelationID == (box.Nonce{}) {
		if _, err := io.ReadFull(c.config.Rand, r.CorrelationID[:]); err != nil {
			return nil, fmt.Errorf("randomness for a correlation id: %w", err)
		}
	}
	transmission, err := c.encode(r)
	if err != nil {
		return nil, err
	}
	made := &call{
		id:           r.CorrelationID,
		tag:          r.Command.Tag(),
		entity:       r.EntityID,
		transmission: transmission,
		asEvent:      asEvent,
		answer:       make(chan Result, 1),
	}
	switch r.Command.(type) {
	case smp.SUB, smp.ACK, smp.GET:
		made.delivers = true
	}
	return made, nil
}

func tagOf(command smp.Command) string {
	if command == nil {
		return "no command"
	}
	return command.Tag()
}

// register makes the call known to the reader.
func (c *Client) register(call *call) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	if c.pending[call.id] != nil {
		return ErrCorrelationID
	}
	c.pending[call.id] = call
	return nil
}

// queue gives calls to the writer. If it cannot, await reports why.
func (c *Client) queue(ctx context.Context, calls []*call) {
	if len(calls) == 0 {
		return
	}
	select {
	case c.out <- calls:
	case <-ctx.Done():
	case <-c.done:
	}
}

// await returns the answer to a call, or says why there is none.
func (c *Client) await(ctx context.Context, call *call) Result {
	var err error
	select {
	case r := <-call.answer:
		return r
	case <-c.done:
		err = c.Err()
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if !c.abandon(call) {
		return <-call.answer // it is arriving at this moment
	}
	return Result{Err: fmt.Errorf("%s: no answer: %w", call.tag, err)}
}

// abandon says that nobody waits for the call any more. If it was sent its
// answer is still known when it comes. It is false if the reader has settled the
// call, which then has an answer.
func (c *Client) abandon(call *call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending[call.id] != call {
		return false
	}
	delete(c.pending, call.id)
	if call.sent {
		c.late.add(call)
	}
	return true
}

// settle finds the call that a correlation id belongs to, and forgets it; nil if
// there is none. late says that nobody waits for it any more; all others have to
// get an answer.
func (c *Client) settle(correlationID []byte) (found *call, late bool) {
	id, err := box.NonceFrom(correlationID)
	if err != nil {
		return nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if found = c.pending[id]; found != nil {
		delete(c.pending, id)
		return found, false
	}
	return c.late.take(id), true
}

// maxLate is how many calls without a waiting caller are remembered.
const maxLate = 256

// lateCalls remembers the latest calls whose callers stopped waiting.
type lateCalls struct {
	calls map[box.Nonce]*call
	ring  [maxLate]box.Nonce
	next  int
}

func (l *lateCalls) add(c *call) {
	if l.calls == nil {
		l.calls = make(map[box.Nonce]*call)
	}
	delete(l.calls, l.ring[l.next])
	l.ring[l.next] = c.id
	l.next = (l.next + 1) % maxLate
	l.calls[c.id] = c
}

func (l *lateCalls) take(id box.Nonce) *call {
	c := l.calls[id]
	delete(l.calls, id)
	return c
}

// fits checks that a response is for the entity of its command.
func (c *call) fits(t *smp.Transmission, response smp.Response) error {
	if !bytes.Equal(c.entity, t.EntityID) {
		return &UnexpectedError{
			Expected: "the entity id of " + c.tag,
			Got:      response.Tag() + " with another entity id",
		}
	}
	return nil
}

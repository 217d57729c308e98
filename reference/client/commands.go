package client

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// Ping sends PING and waits for PONG. What the relay sent before it answered has
// arrived in Events when Ping returns.
func (c *Client) Ping(ctx context.Context) error {
	_, err := expect[smp.PONG](ctx, c, Request{Command: smp.PING{}})
	return err
}

// Subscribe sends SUB. A message that waits in the queue comes through Events,
// whether the relay answers SUB with it or sends it by itself. The subscription
// lasts as long as the connection; END in Events says that another one took it
// over.
func (c *Client) Subscribe(ctx context.Context, q Queue) error {
	return c.subscribe(ctx, []Queue{q})[0]
}

// subscribeBatch is how many queues SubscribeAll has in flight.
const subscribeBatch = 1024

// SubscribeAll sends SUB for many queues in as few blocks as they fit, and
// returns the error of each, nil if it is subscribed. If ctx has no deadline,
// Config.CommandTimeout holds for every 1024 queues. See Events for the buffer
// that the first messages of all these queues need.
func (c *Client) SubscribeAll(ctx context.Context, queues []Queue) []error {
	errs := make([]error, 0, len(queues))
	for some := range slices.Chunk(queues, subscribeBatch) {
		errs = append(errs, c.subscribe(ctx, some)...)
	}
	return errs
}

func (c *Client) subscribe(ctx context.Context, queues []Queue) []error {
	requests := make([]Request, len(queues))
	for i, q := range queues {
		requests[i] = q.request(smp.SUB{})
	}
	errs := make([]error, len(queues))
	for i, r := range c.exchange(ctx, true, requests...) {
		errs[i] = r.expectOneOf(requests[i], smp.SOK{}, smp.OK{}, smp.MSG{})
	}
	return errs
}

// Secure sends KEY: from now on only messages with an authorization by sender
// are accepted.
func (c *Client) Secure(ctx context.Context, q Queue, sender keys.PublicKey) error {
	return c.ok(ctx, q.request(smp.KEY{SenderKey: sender}))
}

// SecureBySender sends SKEY with the public part of q.Key, which authorizes it.
// Version 9 and later.
func (c *Client) SecureBySender(ctx context.Context, q SenderQueue) error {
	return c.ok(ctx, q.request(smp.SKEY{SenderKey: q.Key.Public()}))
}

// SetRecipientKeys sends RKEY, which replaces all keys that authorize
// recipients; the own key has to be among them. Contact queues only.
func (c *Client) SetRecipientKeys(ctx context.Context, q Queue, recipients ...keys.PublicKey) error {
	return c.ok(ctx, q.request(smp.RKEY{Keys: recipients}))
}

// SendMessage sends SEND with the body, which for the relay is any bytes, at
// most smp.MaxMessageLength of them. A queue that is full is smp.ErrQuota. notify
// is the message flag that asks the relay to notify the recipient.
func (c *Client) SendMessage(ctx context.Context, q SenderQueue, notify bool, body []byte) error {
	return c.ok(ctx, q.request(smp.SEND{Notify: notify, Body: body}))
}

// Ack sends ACK for the message that was delivered last. The next one comes
// through Events, whether the relay answers ACK with it or sends it by itself.
// A message that is not delivered, or not any more, is smp.ErrNoMsg.
func (c *Client) Ack(ctx context.Context, q Queue, messageID []byte) error {
	request := q.request(smp.ACK{MsgID: messageID})
	return c.exchange(ctx, true, request)[0].expectOneOf(request, smp.OK{}, smp.MSG{})
}

// Get sends GET, which asks for the first message of a queue without
// subscribing to it; nil if there is none. The message has to be acknowledged.
func (c *Client) Get(ctx context.Context, q Queue) (*smp.MSG, error) {
	request := q.request(smp.GET{})
	r := c.exchange(ctx, false, request)[0]
	if err := r.expectOneOf(request, smp.OK{}, smp.MSG{}); err != nil {
		return nil, err
	}
	if message, ok := r.Response.(smp.MSG); ok {
		return &message, nil
	}
	return nil, nil
}

// Suspend sends OFF: the queue takes no more messages and still delivers those
// that it has.
func (c *Client) Suspend(ctx context.Context, q Queue) error {
	return c.ok(ctx, q.request(smp.OFF{}))
}

// Delete sends DEL: the queue and its messages are gone.
func (c *Client) Delete(ctx context.Context, q Queue) error {
	return c.ok(ctx, q.request(smp.DEL{}))
}

// QueueInfo sends QUE and returns the state of the queue.
func (c *Client) QueueInfo(ctx context.Context, q Queue) (smp.QueueInfo, error) {
	info, err := expect[smp.INFO](ctx, c, q.request(smp.QUE{}))
	return info.Queue, err
}

// request is a command of the recipient.
func (q Queue) request(command smp.Command) Request {
	return Request{EntityID: q.RecipientID, Key: q.Key, Command: command}
}

// request is a command of the sender.
func (q SenderQueue) request(command smp.Command) Request {
	return Request{EntityID: q.SenderID, Key: q.Key, Command: command}
}

// ok sends a command that is answered with OK.
func (c *Client) ok(ctx context.Context, r Request) error {
	_, err := expect[smp.OK](ctx, c, r)
	return err
}

// expect sends a command that is answered with a T.
func expect[T smp.Response](ctx context.Context, c *Client, r Request) (T, error) {
	var want T
	result := c.exchange(ctx, false, r)[0]
	if err := result.expectOneOf(r, want); err != nil {
		return want, err
	}
	return result.Response.(T), nil
}

// expectOneOf returns the error of r, or an *UnexpectedError if the response has
// another tag than those that answer the request.
func (r Result) expectOneOf(request Request, answers ...smp.Response) error {
	if r.Err != nil {
		return r.Err
	}
	tags := make([]string, len(answers))
	for i, a := range answers {
		if tags[i] = a.Tag(); tags[i] == r.Response.Tag() {
			return nil
		}
	}
	return fmt.Errorf("%s: %w", request.Command.Tag(),
		&UnexpectedError{Expected: strings.Join(tags, " or "), Got: r.Response.Tag()})
}

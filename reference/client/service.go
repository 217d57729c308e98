package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"smpcheck/reference/smp"
)

// ErrNoService: the connection is not that of a service; Config.Service makes it
// one, if the relay speaks version 16 or later.
var ErrNoService = errors.New("connection is not that of a client service")

// ErrNotAssociated: the relay subscribed to a queue and did not say that it
// belongs to the service.
var ErrNotAssociated = errors.New("queue does not belong to the service")

// ServiceID is what the relay calls the service that the client is, nil if it is
// none.
func (c *Client) ServiceID() []byte {
	if s := c.conn.Service(); s != nil {
		return s.ID
	}
	return nil
}

// SubscribeService sends SUBS: the messages of all queues that belong to the
// service come through Events from now on, those that wait first, then ALLS. own
// is what the service takes for its queues; what the relay knows is returned, in
// which the hash is missing below version 19. ENDS in Events says that another
// connection of the service took the subscription over, END and DELD that one
// queue is not, or not any more, one of the service. See Events for the buffer
// that the first messages of all queues need.
//
// Queues belong to a service that has created them, or has used AssociateQueues.
func (c *Client) SubscribeService(ctx context.Context, own smp.ServiceQueues) (smp.ServiceQueues, error) {
	return c.subscribeService(ctx, smp.SUBS{ServiceQueues: own})
}

// SubscribeServiceNotifications sends NSUBS: for a notification service what
// SubscribeService is for one that receives messages, without ALLS.
func (c *Client) SubscribeServiceNotifications(ctx context.Context, own smp.ServiceQueues) (smp.ServiceQueues, error) {
	return c.subscribeService(ctx, smp.NSUBS{ServiceQueues: own})
}

func (c *Client) subscribeService(ctx context.Context, command smp.Command) (smp.ServiceQueues, error) {
	s := c.conn.Service()
	if s == nil {
		return smp.ServiceQueues{}, fmt.Errorf("%s: %w", command.Tag(), ErrNoService)
	}
	soks, err := expect[smp.SOKS](ctx, c, Request{EntityID: s.ID, Key: s.PrivateKey, Command: command})
	return soks.ServiceQueues, err
}

// AssociateQueues sends SUB for queues that are to belong to the service, as
// SubscribeAll does, and returns the error of each. They need it once: after
// that SubscribeService is enough, on every connection of the service.
func (c *Client) AssociateQueues(ctx context.Context, queues []Queue) []error {
	requests := make([]Request, len(queues))
	for i, q := range queues {
		requests[i] = q.request(smp.SUB{})
	}
	return c.associate(ctx, true, requests)
}

// AssociateNotifications sends NSUB for notifiers that are to belong to the
// service, and returns the error of each.
func (c *Client) AssociateNotifications(ctx context.Context, queues []NotifierQueue) []error {
	requests := make([]Request, len(queues))
	for i, q := range queues {
		requests[i] = Request{EntityID: q.NotifierID, Key: q.Key, Command: smp.NSUB{}}
	}
	return c.associate(ctx, false, requests)
}

func (c *Client) associate(ctx context.Context, delivers bool, requests []Request) []error {
	id, errs := c.ServiceID(), make([]error, 0, len(requests))
	for some := range slices.Chunk(requests, subscribeBatch) {
		if id == nil {
			errs = append(errs, slices.Repeat([]error{ErrNoService}, len(some))...)
			continue
		}
		for i, r := range c.exchange(ctx, delivers, some...) {
			errs = append(errs, associated(r, some[i], id))
		}
	}
	return errs
}

// associated returns nil if a result is SOK with the service id.
func associated(r Result, request Request, id []byte) error {
	if err := r.expectOneOf(request, smp.SOK{}); err != nil {
		return err
	}
	if !bytes.Equal(r.Response.(smp.SOK).ServiceID, id) {
		return fmt.Errorf("%s: %w", request.Command.Tag(), ErrNotAssociated)
	}
	return nil
}

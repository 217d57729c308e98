package network

import (
	"context"
	"errors"
	"fmt"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
)

// CreateQueue sends NEW and watches the new queue, whatever o.CreateOnly says.
// o.Password is taken from the configuration or the server if it is nil. A relay
// that wants another password, or takes no more queues, answers AUTH, for which
// the error matches ErrPassword too. If there is no answer the relay may have made a queue that
// nobody knows.
func (n *Network) CreateQueue(ctx context.Context, server link.Server, o client.QueueOptions) (client.Queue, error) {
	o.CreateOnly = false
	o.Password = n.passwordOr(o.Password, server)
	return recipient(ctx, n, server, "NEW", func(ctx context.Context, r *relay, c *client.Client) (client.Queue, error) {
		q, err := c.CreateQueue(ctx, o)
		if err != nil {
			return client.Queue{}, passwordError(err)
		}
		r.watch(c, q)
		return q, nil
	})
}

// CreateLinkQueue is CreateQueue with a short link. It returns the queue and the
// id of the link. The relay has to speak version 15 or later
// (transport.ErrVersion). Ids that are in use already are answered with AUTH as
// well, and so ErrPassword.
func (n *Network) CreateLinkQueue(ctx context.Context, server link.Server, o client.LinkQueueOptions) (client.Queue, []byte, error) {
	o.CreateOnly = false
	o.Password = n.passwordOr(o.Password, server)
	var linkID []byte
	q, err := recipient(ctx, n, server, "NEW", func(ctx context.Context, r *relay, c *client.Client) (q client.Queue, err error) {
		if q, linkID, err = c.CreateLinkQueue(ctx, o); err != nil {
			return client.Queue{}, passwordError(err)
		}
		r.watch(c, q)
		return q, nil
	})
	return q, linkID, err
}

// passwordError adds ErrPassword to the answer to NEW.
func passwordError(err error) error {
	if errors.Is(err, smp.ErrAuth) {
		return fmt.Errorf("%w: %w", ErrPassword, err)
	}
	return err
}

// passwordOr returns password, or the one that is known for the server if it is
// nil.
func (n *Network) passwordOr(password smp.Password, server link.Server) smp.Password {
	if password != nil {
		return password
	}
	text := server.Password
	if n.config.Passwords != nil {
		text = n.config.Passwords(server)
	}
	if text == "" {
		return nil
	}
	return smp.Password(text)
}

// Ack sends ACK for a message. The next one comes as an event. A message that is
// not the one delivered last on this connection, as after a reconnection, is
// smp.ErrNoMsg: it was acknowledged before, or comes again.
func (n *Network) Ack(ctx context.Context, server link.Server, q client.Queue, messageID []byte) error {
	return n.recipientOK(ctx, server, "ACK", func(ctx context.Context, _ *relay, c *client.Client) error {
		return c.Ack(ctx, q, messageID)
	})
}

// Secure sends KEY: only messages with an authorization by sender are accepted.
func (n *Network) Secure(ctx context.Context, server link.Server, q client.Queue, sender keys.PublicKey) error {
	return n.recipientOK(ctx, server, "KEY", func(ctx context.Context, _ *relay, c *client.Client) error {
		return c.Secure(ctx, q, sender)
	})
}

// Suspend sends OFF: the queue takes no more messages.
func (n *Network) Suspend(ctx context.Context, server link.Server, q client.Queue) error {
	return n.recipientOK(ctx, server, "OFF", func(ctx context.Context, _ *relay, c *client.Client) error {
		return c.Suspend(ctx, q)
	})
}

// Delete sends DEL and, when the relay has done it or does not know the queue
// (smp.ErrAuth), watches the queue no longer.
func (n *Network) Delete(ctx context.Context, server link.Server, q client.Queue) error {
	return n.recipientOK(ctx, server, "DEL", func(ctx context.Context, r *relay, c *client.Client) error {
		err := c.Delete(ctx, q)
		if err == nil || errors.Is(err, smp.ErrAuth) {
			r.unwatch(q.RecipientID)
		}
		return err
	})
}

// Info sends QUE and returns the state of the queue.
func (n *Network) Info(ctx context.Context, server link.Server, q client.Queue) (smp.QueueInfo, error) {
	return recipient(ctx, n, server, "QUE", func(ctx context.Context, _ *relay, c *client.Client) (smp.QueueInfo, error) {
		return c.QueueInfo(ctx, q)
	})
}

// SetLink sends LSET, which gives a queue a short link or changes its user data.
// See client.Client.SetLinkData.
func (n *Network) SetLink(ctx context.Context, server link.Server, q client.Queue, linkID []byte, data smp.LinkData) error {
	return n.recipientOK(ctx, server, "LSET", func(ctx context.Context, _ *relay, c *client.Client) error {
		return c.SetLinkData(ctx, q, linkID, data)
	})
}

// DeleteLink sends LDEL: the short link of the queue is gone.
func (n *Network) DeleteLink(ctx context.Context, server link.Server, q client.Queue) error {
	return n.recipientOK(ctx, server, "LDEL", func(ctx context.Context, _ *relay, c *client.Client) error {
		return c.DeleteLink(ctx, q)
	})
}

// recipientOK is recipient for commands that return nothing.
func (n *Network) recipientOK(ctx context.Context, server link.Server, op string, f func(context.Context, *relay, *client.Client) error) error {
	_, err := recipient(ctx, n, server, op, func(ctx context.Context, r *relay, c *client.Client) (struct{}, error) {
		return struct{}{}, f(ctx, r, c)
	})
	return err
}

// recipient does a command on the connection to the queue's own relay.
func recipient[T any](ctx context.Context, n *Network, server link.Server, op string,
	f func(context.Context, *relay, *client.Client) (T, error),
) (T, error) {
	var none T
	r, err := n.acquire(server)
	if err != nil {
		return none, err
	}
	defer r.release()
	c, err := r.connection(ctx)
	if err != nil {
		return none, err
	}
	v, err := f(ctx, r, c)
	if err != nil {
		return none, r.error(op, n.reason(err))
	}
	return v, nil
}

// reason is err, or ErrClosed if a connection has ended because of Close.
func (n *Network) reason(err error) error {
	if errors.Is(err, client.ErrClosed) && n.ctx.Err() != nil {
		return ErrClosed
	}
	return err
}

// Ping sends PING: it connects if need be, and returns when the relay answers.
func (n *Network) Ping(ctx context.Context, server link.Server) error {
	return n.recipientOK(ctx, server, "PING", func(ctx context.Context, _ *relay, c *client.Client) error {
		return c.Ping(ctx)
	})
}

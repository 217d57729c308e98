package main

import (
	"context"
	"errors"
	"time"

	"smpcheck/cmd/smpclient/book"
	"smpcheck/cmd/smpclient/session"
)

// errTimeout: what was waited for did not come in time.
var errTimeout = errors.New("timed out")

// limited returns a context that ends with errTimeout after a time, never if it is 0.
func limited(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, timeout, errTimeout)
}

func timedOut(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errTimeout) }

// follow calls f for each notice until it returns true or an error, or ctx ends.
func follow(ctx context.Context, sub *session.Subscription, f func(session.Notice) (bool, error)) error {
	for {
		n, err := sub.Next(ctx)
		if err != nil {
			return err
		}
		if done, err := f(n); done || err != nil {
			return err
		}
	}
}

// untilConnected prints what happens with a contact until messages can be sent.
func (a *app) untilConnected(ctx context.Context, sub *session.Subscription, c book.Contact) error {
	return follow(ctx, sub, func(n session.Notice) (bool, error) {
		if n.ContactID != c.ID {
			return false, nil
		}
		if n.Event == session.EventProblem && n.Fatal {
			return false, errors.New(n.Reason)
		}
		return n.Event == session.EventConnected, a.printNotice(n)
	})
}

package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"smpcheck/reference/client"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
)

// A relay that sends events now and then may take as long as eventLimit for one, at scale
// 1: the official one takes 15 seconds. Whoever waits no longer than shortLimit does not
// know that it never comes.
const (
	eventLimit = 25 * time.Second
	shortLimit = time.Second
)

// eventTries is how often each event has to be there at once.
const eventTries = 3

// arrival says when an event came.
type arrival int

const (
	atOnce arrival = iota // before the answer to a PING
	late
	never   // within the limit
	unknown // the relay could not be asked
)

// cause makes a relay send an event to a, and returns its tag and the queue that b can
// delete.
type cause func(ctx context.Context, a, b *client.Client) (tag string, q client.Queue, err error)

// promptness finds out when events come of which everything that causes them is answered:
// END when another connection takes over a queue, and NMSG when a message comes. It is the
// last of them that counts.
func (h *host) promptness(ctx context.Context, s link.Server, limit time.Duration) arrival {
	last := atOnce
	for _, c := range []cause{takeover, notification} {
		for range eventTries {
			came := h.await(ctx, s, c, limit)
			if came == late || came == unknown {
				return came
			}
			if last = max(last, came); came == never {
				break
			}
		}
	}
	return last
}

// await causes an event and waits for it. One that the relay refuses to cause counts as
// there at once.
func (h *host) await(ctx context.Context, s link.Server, c cause, limit time.Duration) arrival {
	a, err := dial(ctx, s, h.versions.Max, h.tls, h.options.scaled(canaryLimit))
	if err != nil {
		return unknown
	}
	defer a.Close()
	b, err := dial(ctx, s, h.versions.Max, h.tls, h.options.scaled(canaryLimit))
	if err != nil {
		return unknown
	}
	defer b.Close()
	tag, q, err := c(ctx, a, b)
	var refusal *smp.Error
	switch {
	case errors.As(err, &refusal):
		return atOnce
	case err != nil || a.Ping(ctx) != nil:
		return unknown
	}
	defer func() { _ = b.Delete(ctx, q) }() // what cannot be deleted stays
	return when(ctx, a.Events(), tag, limit)
}

// when says when an event comes.
func when(ctx context.Context, events <-chan client.Event, tag string, limit time.Duration) arrival {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	came := atOnce
	for {
		var e client.Event
		open := true
		select {
		case e, open = <-events:
		default:
			came = late
			select {
			case e, open = <-events:
			case <-timer.C:
				return never
			case <-ctx.Done():
				return unknown
			}
		}
		switch {
		case !open:
			return unknown
		case e.Response != nil && e.Response.Tag() == tag:
			return came
		}
	}
}

// takeover has b take over a queue of a, who is told END.
func takeover(ctx context.Context, a, b *client.Client) (string, client.Queue, error) {
	q, err := a.CreateQueue(ctx, client.QueueOptions{})
	if err != nil {
		return "", q, err
	}
	return smp.END{}.Tag(), q, b.Subscribe(ctx, q)
}

// notification has b send a message, of which a is told as the notifier.
func notification(ctx context.Context, a, b *client.Client) (string, client.Queue, error) {
	q, err := b.CreateQueue(ctx, client.QueueOptions{CreateOnly: true})
	if err != nil {
		return "", q, err
	}
	n, err := b.EnableNotifications(ctx, q, client.NotifierOptions{})
	if err != nil {
		return "", q, err
	}
	if err := a.SubscribeNotifications(ctx, n.NotifierQueue); err != nil {
		return "", q, err
	}
	return smp.NMSG{}.Tag(), q, b.SendMessage(ctx, client.SenderQueue{SenderID: q.SenderID}, true, []byte("x"))
}

// learn finds out whether the relay is prompt, which it counts as if events that do not
// come at once never come: what is missing is for the model to see then. That they come
// later is waited for beside the programs.
func (h *host) learn(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	server := h.server()
	came := h.promptness(ctx, server, h.options.scaled(shortLimit))
	h.prompt.Store(came == atOnce)
	var group sync.WaitGroup
	if came == never {
		group.Go(func() { h.prompt.Store(h.promptness(ctx, server, h.options.scaled(eventLimit)) == never) })
	}
	return func() {
		cancel()
		group.Wait()
	}
}

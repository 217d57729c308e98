package load

import (
	"context"
	"sync"
	"time"
)

// makeLoad runs all slots until the end of the measurement, and then waits until the
// operations that are due have ended, at most for the timeout.
func (r *run) makeLoad(ctx context.Context) {
	start := time.Now()
	from := start.Add(r.WarmUp)
	until := from.Add(r.Duration)
	r.meter = newMeter(from, until)
	p := &pace{start: start, until: until, rate: r.Rate, slots: len(r.slots), limit: r.Operations}

	working, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	drained := time.AfterFunc(time.Until(until.Add(r.Timeout)), func() { cancel(context.DeadlineExceeded) })
	defer drained.Stop()

	began := r.look()
	stop := make(chan struct{})
	var senders, recipients sync.WaitGroup
	for _, s := range r.slots {
		if s == nil || len(s.sender.SenderID) == 0 {
			continue
		}
		senders.Go(func() { s.work(working, p) })
		recipients.Go(func() { s.receive(working, stop) })
	}
	ended := make(chan struct{})
	go func() {
		senders.Wait()
		close(ended)
	}()
	_ = r.phase(phaseLoad, func() error { // returns nil
		r.measure(ctx, began, ended)
		<-ended
		_, good, bad := r.meter.ended(whole...)
		r.good.Store(good)
		r.bad.Store(bad)
		return nil
	})
	close(stop)
	recipients.Wait()
	r.load.Scheduled, r.load.Begun = r.schedule(p)
}

// look is what has been used up to a time.
type look struct {
	at             time.Time
	usage          []Usage
	sent, received int64
}

func (r *run) look() look {
	return look{time.Now(), r.watch.read(), r.traffic.sent.Load(), r.traffic.received.Load()}
}

// measure finds what was used from the beginning of the measurement, which is that of the
// load if there is no warm-up, to its end. It ends early if all senders have ended, as
// after a loss of all connections.
func (r *run) measure(ctx context.Context, began look, ended <-chan struct{}) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	total := int((r.WarmUp + r.Duration) / time.Second)
	show := func(left time.Duration) {
		r.Progress(Progress{phaseLoad, total - int(left/time.Second), total})
	}
	if r.WarmUp > 0 {
		waitUntil(ctx, r.meter.from, func(left time.Duration) { show(left + r.Duration) })
		began = r.look()
	}
	waitUntil(ctx, r.meter.until, show)
	end := r.look()
	r.load = newWindow(end.at.Sub(began.at), r.watch.pids, began.usage, end.usage)
	r.load.BytesSent = end.sent - began.sent
	r.load.BytesReceived = end.received - began.received
}

// schedule returns how many operations were due in the whole run and how many were
// begun. In a closed loop they are the same.
func (r *run) schedule(p *pace) (scheduled, begun int64) {
	for i, s := range r.slots {
		if s != nil {
			begun += s.begun
		}
		if p.rate > 0 {
			scheduled += p.scheduled(i)
		}
	}
	return max(scheduled, begun), begun
}

// progressInterval is how often somebody is told how far a measurement is.
const progressInterval = 250 * time.Millisecond

// waitUntil waits for a time or the end of ctx and says how long it still takes.
func waitUntil(ctx context.Context, end time.Time, show func(left time.Duration)) {
	timer := time.NewTimer(time.Until(end))
	defer timer.Stop()
	ticker := time.NewTicker(progressInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		case <-ticker.C:
			show(time.Until(end))
		}
	}
}

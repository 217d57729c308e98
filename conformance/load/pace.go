package load

import (
	"context"
	"math"
	"time"
)

// pace says when operations begin. In an open loop operation j of slot i of n begins
// (i + j·n)/rate seconds after the start, whatever happened before; one that is due
// while its slot is still busy begins late and is measured from when it was due.
type pace struct {
	start, until time.Time
	rate         float64 // operations a second of all slots; 0 is a closed loop
	slots        int
	limit        int // operations of all slots; 0 is no limit
}

// share is how many operations of the limit a slot has.
func (p *pace) share(index int) int64 {
	if p.limit == 0 {
		return math.MaxInt64
	}
	return part(int64(p.limit), index, p.slots)
}

// part is how many of n things slot i of all slots has if they are dealt out in turn.
func part(n int64, i, slots int) int64 { return (n + int64(slots-1-i)) / int64(slots) }

// due is when operation j of a slot has to begin, in an open loop.
func (p *pace) due(index int, j int64) time.Time {
	n := float64(j)*float64(p.slots) + float64(index)
	return p.start.Add(time.Duration(n / p.rate * float64(time.Second)))
}

// scheduled is how many operations of a slot are due before the end, in an open loop.
func (p *pace) scheduled(index int) int64 {
	total := int64(p.until.Sub(p.start).Seconds() * p.rate) // of all slots
	return min(part(total, index, p.slots), p.share(index))
}

// wait waits until the next operation of a slot may begin. It is false if there is none:
// the time or the slot's share is over, or ctx or a connection of the slot has ended.
func (p *pace) wait(ctx context.Context, s *slot) bool {
	if ctx.Err() != nil || s.lost() {
		return false
	}
	if p.rate == 0 {
		return s.begun < p.share(s.index) && time.Now().Before(p.until)
	}
	if s.begun >= p.scheduled(s.index) {
		return false
	}
	early := time.Until(p.due(s.index, s.begun))
	if early <= 0 {
		return true
	}
	timer := time.NewTimer(early)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// begin is the time from which operation j of a slot, which begins now, is measured.
func (p *pace) begin(index int, j int64) time.Time {
	if p.rate == 0 {
		return time.Now()
	}
	return p.due(index, j)
}

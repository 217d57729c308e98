package load

import (
	"context"
	"time"
)

// pace says when operations begin. In an open loop operation j of slot i of n begins
// (i + j·n)/rate seconds after the start, whatever happened before; one that is due
// while its slot is still busy begins late and is measured from when it was due.
type pace struct {
	start, until time.Time
	rate         float64 // operations a second of all slots; 0 is a closed loop
	slots        int
}

// due is when operation j of a slot has to begin, in an open loop.
func (p *pace) due(index int, j int64) time.Time {
	n := float64(j)*float64(p.slots) + float64(index)
	return p.start.Add(time.Duration(n / p.rate * float64(time.Second)))
}

// scheduled is how many operations of a slot are due before the end, in an open loop.
func (p *pace) scheduled(index int) int64 {
	total := int64(p.until.Sub(p.start).Seconds() * p.rate) // of all slots
	if total <= int64(index) {
		return 0
	}
	return (total-int64(index)-1)/int64(p.slots) + 1
}

// wait waits until the next operation of a slot may begin. It is false if there is none:
// the time is over, ctx has ended or a connection of the slot has.
func (p *pace) wait(ctx context.Context, s *slot) bool {
	if ctx.Err() != nil || s.lost() {
		return false
	}
	if p.rate == 0 {
		return time.Now().Before(p.until)
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

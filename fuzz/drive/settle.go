package drive

import (
	"fmt"
	"time"

	"smpcheck/fuzz/program"
	"smpcheck/reference/smp"
)

// fenceTime bounds the wait for a connection whose two sides may be out of step, at time
// scale 1.
const fenceTime = 3 * time.Second

// fence sends a PING, waits until it is answered or the connection has ended, and returns
// the answer. A connection on which neither happens is lost.
func (r *runner) fence(l *line) string {
	l.uncertain = false
	command := ""
	if len(l.pending) > 0 {
		command = l.pending[0].draft.tag
	}
	ping := r.ping(l)
	if ping == nil {
		return "none"
	}
	ping.optional = true
	patience := answerTime
	if l.outOfStep {
		patience = fenceTime
	}
	inTime := r.waitUntil(time.Now().Add(r.timeout(patience)), func() bool {
		return ping.answered() || !l.open() || l.outOfStep && l.excess > 0
	})
	switch {
	case ping.answered():
		return ping.answer
	case !l.open() || r.ctx.Err() != nil:
	case inTime || l.outOfStep:
		l.lost, l.maybe = true, true
	default:
		r.hung(l, command, "no-answer", "an answer to PING, or the end of the connection",
			fmt.Sprintf("neither within %v, after what was sent before", r.timeout(answerTime)))
	}
	return "none"
}

// ping sends a PING; nil if the connection is not open.
func (r *runner) ping(l *line) *pending {
	if !l.open() {
		return nil
	}
	d := r.draftOf(l, nil, noKey, smp.PING{})
	r.sendBlock(l, []*draft{d}, nil)
	for _, p := range l.pending {
		if p.draft == d {
			return p
		}
	}
	return nil
}

// settle waits until the relay has answered a PING on each connection, and reports whether
// everything that was caused before has arrived.
func (r *runner) settle() bool {
	settled := !r.maybe
	for _, l := range r.lines {
		if l == nil {
			continue
		}
		if !l.isStalled() {
			r.await(l)
		}
	}
	for _, l := range r.lines {
		switch {
		case l == nil || l.ending != "":
		case l.isStalled():
			settled = false
		case l.lost:
			settled = settled && !l.maybe && !l.unheard
		default:
			l.unsettled = false
			r.ping(l)
		}
	}
	for _, l := range r.lines {
		if l == nil || l.isStalled() {
			continue
		}
		r.await(l)
		settled = settled && (!l.lost || !l.maybe && !l.unheard)
	}
	return settled && len(r.later) == 0
}

// settleLine waits until the messages that the relay has sent on a connection are here, so
// that it does not depend on the moment which ones are known.
func (r *runner) settleLine(l *line) {
	if !l.open() || l.isStalled() || !l.unsettled {
		return
	}
	l.unsettled = false
	r.ping(l)
	r.await(l)
}

// awaitNeeded waits for the answers that the operation depends on.
func (r *runner) awaitNeeded(l *line, op program.Op) {
	if op.Kind == program.PFWD {
		for _, p := range l.pending {
			if p.draft.tag == "PRXY" {
				r.await(l)
				break
			}
		}
	}
	slots := []*slot{r.slots[op.Queue]}
	if concernsNext(op) {
		slots = append(slots, r.next(slots[0]))
	}
	for _, s := range slots {
		r.awaitSlot(s, func(p *pending) bool { return p.draft.maker || op.Kind == program.ACK })
		if op.Kind == program.ACK {
			r.settleLine(r.known(s).subscriber)
		}
	}
}

// awaitSlot waits for the answers to the commands for a slot that matter.
func (r *runner) awaitSlot(s *slot, matters func(*pending) bool) {
	for {
		var l *line
		for _, p := range s.inflight {
			if matters(p) && !p.line.isStalled() {
				l = p.line
				break
			}
		}
		if l == nil {
			return
		}
		r.await(l)
		if len(l.pending) > 0 {
			return // nothing more is to be had
		}
	}
}

package drive

import (
	"fmt"
	"slices"
	"time"

	"smpcheck/reference/smp"
)

// overtakeTime is how long an answer may be missing before a PING is sent, and after it
// was answered, at time scale 1.
const overtakeTime = 500 * time.Millisecond

// excusedTime is how long an answer is awaited that need not come, at time scale 1: one
// about a relay that does not exist.
const excusedTime = time.Second

// slowTimes is how many times longer a relay has that has to ask another one.
const slowTimes = 4

// pending is a transmission that was sent, until what came of it is known.
type pending struct {
	line  *line
	draft *draft
	op    int
	// sent is the transmission as it was sent; nil for a block that none can be read
	// from.
	sent     *Sent
	envelope *envelope
	// optional says that there need be no answer with its correlation id.
	optional bool
	// refusedBy is the requirement that a relay breaks which neither refuses it nor ends the
	// connection, empty for none.
	refusedBy string
	// givenUp says that nobody waits for the answer any more.
	givenUp bool
	// answer is what came, empty for nothing yet.
	answer string
	due    time.Time
}

func (p *pending) answered() bool { return p.answer != "" }

// correlation is the id that the answer has.
func (p *pending) correlation() []byte {
	if p.sent == nil {
		return nil
	}
	return p.sent.CorrelationID
}

// expect remembers what was sent, to find the answers.
func (r *runner) expect(o *outgoing) {
	l, b := o.line, &o.block
	due := time.Now().Add(r.timeout(answerTime))
	if b.Broken || b.Malformed || b.Desynchronised {
		l.abused = true
	}
	if b.Broken || b.Malformed {
		l.uncertain, l.outOfStep = true, l.outOfStep || b.Broken
		for i, d := range o.drafts {
			l.forbid(d, o.offence)
			p := &pending{line: l, draft: d, op: d.op, optional: true, due: due}
			if i == 0 && b.Malformed {
				p.refusedBy = o.offence.requirement
			}
			l.add(p)
		}
		return
	}
	for i := range b.Transmissions {
		s := &b.Transmissions[i]
		d := o.drafts[min(i, len(o.drafts)-1)]
		p := &pending{line: l, draft: d, op: d.op, sent: s, envelope: o.envelopes[i], due: due}
		switch {
		case d.excused:
			p.due = time.Now().Add(r.timeout(excusedTime))
		case d.slow:
			p.due = time.Now().Add(slowTimes * r.timeout(answerTime))
		}
		d.raced = d.raced || l.isStalled() // what is not read may have come all the same
		p.optional = d.excused || b.Desynchronised || s.Refusal.Equal(smp.ErrBlock) || len(s.CorrelationID) != smp.CorrelationIDSize
		if s.Refusal.Equal(smp.ErrBlock) && !b.Desynchronised {
			p.refusedBy = "SMP-TX-MALFORMED"
		}
		l.abused = l.abused || s.Refusal.Equal(smp.ErrBlock) || s.Refusal.Equal(smp.ErrSession)
		l.uncertain = l.uncertain || p.optional && !d.excused
		l.asked[string(s.CorrelationID)] = true
		l.add(p)
	}
	for _, d := range o.drafts {
		r.race(l, d)
	}
}

// add adds an entry, and counts it for its queues.
func (l *line) add(p *pending) {
	l.pending = append(l.pending, p)
	for _, s := range p.draft.slots {
		s.inflight = append(s.inflight, p)
	}
}

// forbid says that an answer to a draft would be wrong.
func (l *line) forbid(d *draft, rule servedRule) {
	t, err := smp.DecodeTransmission(l.version, d.encoded)
	if err == nil && len(t.CorrelationID) > 0 {
		l.forbidden[string(t.CorrelationID)] = forbidden{rule, d.tag}
	}
}

// race finds out whether commands for a queue are under way on two connections. What is
// forwarded is always on another one.
func (r *runner) race(l *line, d *draft) {
	for _, s := range d.slots {
		for _, p := range s.inflight {
			if p.draft == d || p.line == l && p.draft.parcel == nil && d.parcel == nil {
				continue
			}
			p.draft.raced, d.raced = true, true
			d.leaveOpen()
		}
	}
}

// conclude notes what became of everything that was sent on a connection, and forgets it.
func (r *runner) conclude(l *line) {
	if len(l.pending) == 0 {
		return
	}
	list, ending, lost := l.pending, l.fate(), l.lost
	l.pending = nil
	for _, p := range list {
		for _, s := range p.draft.slots {
			s.inflight = slices.DeleteFunc(s.inflight, func(q *pending) bool { return q == p })
		}
		answer := p.answer
		if answer == "" {
			answer = "none"
			if p.sent != nil {
				id := string(p.correlation())
				l.late[id] = append(l.late[id], p)
			}
			r.unknown = r.unknown || p.draft.tag == "NEW" || p.draft.tag == "NKEY"
		}
		switch d := p.draft; {
		case d.how == "":
		case d.varies:
			r.pair(d.tag, d.how, "varies", "varies")
		case lost:
			r.pair(d.tag, d.how, "lost", "lost")
		case d.raced || d.unsure || d.excused:
			r.pair(d.tag, d.how, "varies", ending)
		default:
			r.pair(d.tag, d.how, answer, ending)
		}
		if p.draft.varies {
			l.lost, l.unheard = true, true // its fate may be another in the next run
		}
		if p.draft.varies || lost {
			p.draft.leaveOpen()
		}
	}
}

// leaveOpen says that what a draft has done to its queues is not known.
func (d *draft) leaveOpen() {
	for _, s := range d.slots {
		if s.queue != nil {
			s.queue.raced = true
		}
	}
}

// await waits until everything that was sent on a connection has been answered, and finds
// out what became of the connection if that is uncertain.
func (r *runner) await(l *line) {
	if l == nil || len(l.pending) == 0 {
		return
	}
	if l.isStalled() {
		return
	}
	if l.lost || l.ending != "" {
		r.drain()
		r.conclude(l)
		return
	}
	if l.uncertain {
		r.fence(l)
		r.awaitRefusals(l)
	}
	r.awaitAnswers(l)
	r.conclude(l)
}

// awaitRefusals waits for the errors that a relay has to answer if it goes on.
func (r *runner) awaitRefusals(l *line) {
	for _, p := range l.pending {
		if p.refusedBy == "" || p.answered() {
			continue
		}
		r.waitUntil(time.Now().Add(r.timeout(overtakeTime)), func() bool { return p.answered() || !l.open() })
		if p.answered() || !l.open() || r.ctx.Err() != nil {
			continue
		}
		r.unanswered++
		r.stuck = r.stuck || r.unanswered >= maxUnanswered
		r.breach(Breach{Kind: Hang, Rule: "refusal-missing", Requirement: p.refusedBy, Op: r.op, Command: p.draft.tag,
			Expected: "ERR BLOCK, or the end of the connection", Actual: "neither, and a PING that was sent after it is answered"})
	}
}

// awaitAnswers waits for the answers that have to come.
func (r *runner) awaitAnswers(l *line) {
	for l.open() {
		p := l.oldest()
		if p == nil {
			return
		}
		done := func() bool { return p.answered() || !l.open() }
		if r.waitUntil(p.soon(r), done) {
			continue
		}
		served := !p.draft.slow && r.overtaken(l, p)
		if r.ctx.Err() != nil {
			return
		}
		if served || !r.waitUntil(p.due, done) {
			r.missing(l, p, served)
		}
	}
}

// soon is when one wonders where an answer is: at once only after it is due if the relay
// has to ask another one.
func (p *pending) soon(r *runner) time.Time {
	if p.draft.slow {
		return p.due
	}
	return p.due.Add(r.timeout(overtakeTime - answerTime))
}

// overtaken sends a PING and reports whether it is answered although the answer to what
// was sent before is missing, and stays so. Relays answer in order, or nearly so.
func (r *runner) overtaken(l *line, p *pending) bool {
	ping := r.ping(l)
	if ping == nil {
		return false
	}
	ping.optional = true
	r.waitUntil(p.due, func() bool { return p.answered() || ping.answered() || !l.open() })
	if !ping.answered() || p.answered() {
		return false
	}
	r.waitUntil(time.Now().Add(r.timeout(overtakeTime)), func() bool { return p.answered() || !l.open() })
	return l.open() && !p.answered() && r.ctx.Err() == nil
}

// oldest is the first entry that has to be answered, nil for none.
func (l *line) oldest() *pending {
	for _, p := range l.pending {
		if !p.answered() && !p.givenUp && (!p.optional || p.draft.excused && p.sent != nil && p.sent.Refusal == nil) {
			return p
		}
	}
	return nil
}

// missing says that an answer has not come in time; served says that the relay answers
// others on the connection. If it does not, nothing more is awaited there.
func (r *runner) missing(l *line, p *pending, served bool) {
	var ids [][]byte
	for _, q := range l.pending {
		if !q.answered() && !q.optional && !q.givenUp && (q == p || !served) {
			ids = append(ids, q.correlation())
		}
	}
	p.givenUp = true
	p.draft.leaveOpen()
	if len(ids) == 0 {
		return // it may be missing
	}
	tag := p.draft.tag
	if served {
		r.unanswered++
		r.stuck = r.stuck || r.unanswered >= maxUnanswered
		r.breach(Breach{Kind: Hang, Rule: "answer-missing", Requirement: "SMP-TX-CORRELATION", Op: r.op, Command: tag,
			Expected: "an answer to " + tag, Actual: "none comes, and a PING that was sent after it is answered"})
	} else {
		r.hung(l, tag, "no-answer", "an answer to "+tag,
			fmt.Sprintf("none came within %v, and the connection is open", r.timeout(answerTime)))
	}
	if j := r.judge(l); j != nil {
		r.breach(j.Missing(l.slot, ids)...)
	}
}

// hung keeps that the relay does nothing, after which nobody waits for the connection.
func (r *runner) hung(l *line, command, rule, expected, actual string) {
	r.stuck = true
	l.lost, l.maybe = true, true
	r.breach(Breach{Kind: Hang, Rule: rule, Op: r.op, Command: command, Expected: expected, Actual: actual})
}

// waitUntil looks at what comes until done, and reports whether it was in time. The end of
// the run ends it too.
func (r *runner) waitUntil(due time.Time, done func() bool) bool {
	r.drain()
	if done() {
		return true
	}
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	for {
		select {
		case e := <-r.inbox:
			r.look(e)
			r.drain()
			if done() {
				return true
			}
		case <-timer.C:
			r.drain()
			return done()
		case <-r.ctx.Done():
			return false
		}
	}
}

// drain looks at what has come.
func (r *runner) drain() {
	for {
		select {
		case e := <-r.inbox:
			r.look(e)
		default:
			return
		}
	}
}

package drive

import (
	"time"

	"smpcheck/fuzz/program"
	"smpcheck/reference/smp"
)

// cleanUp deletes the queues of the run, in blocks of as many as fit, so that a long run
// of programs does not fill the relay. What the relay answers is nobody's concern.
func (r *runner) cleanUp() {
	r.closing = true
	if r.ctx.Err() != nil || r.stuck {
		return
	}
	var l *line
	for _, q := range r.queues.all {
		if q.deleted || q.recipientKey.IsZero() {
			continue
		}
		if l == nil {
			if l = r.cleaner(); l == nil {
				return
			}
		}
		r.hold(l, r.draftOf(l, q.recipientID, q.recipientKey, smp.DEL{}), nil)
	}
	if l == nil {
		return
	}
	r.flush(l)
	r.waitUntil(time.Now().Add(r.timeout(answerTime)), func() bool {
		return !l.open() || l.answeredAll()
	})
}

// cleaner is a connection on which queues can be deleted: one that is in step, or a new
// one.
func (r *runner) cleaner() *line {
	for _, l := range r.lines {
		if l.open() && !l.isStalled() && len(l.pending) == 0 {
			return l
		}
	}
	r.close(r.lines[0], 1)
	l, err := r.open(program.Op{Kind: program.Connect})
	if err != nil {
		return nil // the relay is gone, and its queues with it or not
	}
	return l
}

// answeredAll reports whether everything that was sent has an answer.
func (l *line) answeredAll() bool {
	for _, p := range l.pending {
		if !p.answered() {
			return false
		}
	}
	return true
}

package probe

import (
	"time"

	"smpcheck/conformance"
	"smpcheck/reference/smp"
)

// Time sends transmissions in one block and returns how long it took until all were
// answered, and the answers. They were encoded, encrypted and authorized before. A relay
// that leaves one unanswered blocks the case.
func (c *Conn) Time(trs ...smp.Transmission) (time.Duration, []Received) {
	content := c.Content(trs...)
	c.t.Record(conformance.Sent, "block", content)
	block := c.seal(content)
	waiting := make(map[string]bool, len(trs))
	for _, tr := range trs {
		waiting[string(tr.CorrelationID)] = true
	}
	c.takeAll()
	end := c.deadline(answerTime)
	var answers []Received
	begin := time.Now()
	c.SendBlock(block)
	for len(waiting) > 0 {
		if err := c.receive(end); err != nil {
			Blocked(c.t, "%d of %d commands in a block were not answered: %s", len(waiting), len(trs), c.explain(answerTime, err))
		}
		for _, r := range c.takeAll() {
			if waiting[string(r.CorrelationID)] {
				delete(waiting, string(r.CorrelationID))
				answers = append(answers, r)
			}
		}
	}
	return time.Since(begin), answers
}

package drive

import (
	"fmt"
	"slices"

	"smpcheck/reference/smp"
)

// isEvent reports whether a relay may send a response without having been asked.
func isEvent(resp smp.Response) bool {
	switch resp := resp.(type) {
	case smp.MSG, smp.NMSG, smp.END, smp.ENDS, smp.DELD, smp.ALLS:
		return true
	case smp.ERR:
		return resp.Err.Code == smp.CodeBlocked // the operator has blocked a queue
	}
	return false
}

// match finds what a transmission answers, nil for an event and for what answers nothing,
// which is kept as a breach.
func (r *runner) match(l *line, t smp.Transmission, resp smp.Response) *pending {
	if len(t.CorrelationID) == 0 {
		return r.matchBare(l, resp)
	}
	id := string(t.CorrelationID)
	for _, p := range l.pending {
		if p.sent != nil && !p.answered() && string(p.sent.CorrelationID) == id {
			return p
		}
	}
	if list := l.late[id]; len(list) > 0 { // several, if a block was sent twice
		p := list[0]
		l.late[id] = list[1:]
		return p
	}
	_, refused := resp.(smp.ERR)
	// An error that does not decode is one all the same; what else does not is breach enough.
	refused = refused || resp == nil
	if f, known := l.forbidden[id]; known {
		if l.asked[id] {
			f.rule = replayServed
		}
		if !refused {
			r.breach(Breach{Kind: Accepted, Rule: f.rule.name, Requirement: f.rule.requirement, Op: r.op, Command: f.tag,
				Expected: "the block is not served", Actual: describe(resp)})
		}
		return nil
	}
	switch {
	case refused && l.optional() != nil:
		return l.optional()
	case l.asked[id]:
		r.protocol("answered-twice", "SMP-TX-CORRELATION", "", "one answer to each command", nameOf(resp))
	case !(refused && l.abused):
		l.garbled()
		r.protocol("unknown-correlation", "SMP-TX-CORRELATION", "", "the correlation id of a command", fmt.Sprintf("%s with one of %d bytes", nameOf(resp), len(t.CorrelationID)))
	}
	return nil
}

func nameOf(resp smp.Response) string {
	if resp == nil {
		return "what does not decode"
	}
	return describe(resp)
}

// optional is the first entry whose answer may have another correlation id, nil for none.
func (l *line) optional() *pending {
	i := slices.IndexFunc(l.pending, func(p *pending) bool {
		return p.optional && !p.answered() && (p.sent == nil || p.sent.Refusal != nil || len(p.sent.CorrelationID) != smp.CorrelationIDSize)
	})
	if i < 0 {
		return nil
	}
	return l.pending[i]
}

// matchBare is match without a correlation id.
func (r *runner) matchBare(l *line, resp smp.Response) *pending {
	bare := slices.IndexFunc(l.pending, func(p *pending) bool {
		return p.sent != nil && !p.answered() && len(p.sent.CorrelationID) == 0 && fits(p.sent.Command, resp)
	})
	_, refused := resp.(smp.ERR)
	switch {
	case resp == nil:
		return nil // that it does not decode is breach enough
	case isEvent(resp):
		return nil
	case refused && l.optional() != nil:
		return l.optional()
	case bare >= 0:
		return l.pending[bare]
	case refused && l.abused:
		l.excess++
	default:
		r.protocol("unasked", "SMP-TX-CORRELATION", "", "an event, or an answer with a correlation id", describe(resp))
	}
	return nil
}

// answers are the tags of the responses to each command, besides ERR.
var answers = map[string][]string{
	"NEW": {"IDS"}, "SUB": {"OK", "SOK", "MSG"}, "KEY": {"OK"}, "SKEY": {"OK"}, "RKEY": {"OK"}, "SEND": {"OK"},
	"ACK": {"OK", "MSG"}, "GET": {"OK", "MSG"}, "OFF": {"OK"}, "DEL": {"OK"}, "QUE": {"INFO"}, "NKEY": {"NID"},
	"NDEL": {"OK"}, "NSUB": {"OK", "SOK"}, "LSET": {"OK"}, "LDEL": {"OK"}, "LKEY": {"LNK"}, "LGET": {"LNK"},
	"PRXY": {"PKEY"}, "PFWD": {"PRES"}, "RFWD": {"RRES"}, "SUBS": {"SOKS"}, "NSUBS": {"SOKS"}, "RSLV": {"RNAME"},
	"PING": {"PONG"},
}

// fits reports whether a response may answer a command.
func fits(cmd smp.Command, resp smp.Response) bool {
	if _, refused := resp.(smp.ERR); refused || cmd == nil || resp == nil {
		return true
	}
	return slices.Contains(answers[cmd.Tag()], resp.Tag())
}

// answer looks at the answer to what was sent.
func (r *runner) answer(l *line, p *pending, got *Received) {
	p.answer = answerName(got.Response, got.Forwarded)
	if p.sent == nil || got.Response == nil {
		return
	}
	sent := p.sent
	_, refused := got.Response.(smp.ERR)
	if !refused && sent.Refusal != nil {
		rule := refusalRule(l.version, sent)
		r.breach(Breach{Kind: Accepted, Rule: rule.name, Requirement: rule.requirement, Op: r.op, Command: p.draft.tag,
			Expected: "ERR " + sent.Refusal.Error(), Actual: describe(got.Response)})
		return
	}
	if !fits(sent.Command, got.Response) {
		r.protocol("answer-of-another-command", "SMP-TX-CORRELATION", p.draft.tag,
			fmt.Sprintf("an answer to %s", sent.Command.Tag()), describe(got.Response))
		return
	}
	id := string(got.Transmission.EntityID)
	if id != "" && id != string(sent.EntityID) && !isIDS(got.Response) && !sent.Refusal.Equal(smp.ErrBlock) {
		r.protocol("entity-of-another", "SMP-TX-ENTITY", p.draft.tag, "the entity id of the command", describe(got.Response)+" with another one")
	}
}

func isIDS(resp smp.Response) bool {
	_, ok := resp.(smp.IDS)
	return ok
}

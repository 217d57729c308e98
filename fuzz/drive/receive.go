package drive

import (
	"errors"
	"fmt"

	"smpcheck/conformance/trace"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// look looks at what a reader has seen. What comes on a connection that the driver has
// given up is nobody's concern.
func (r *runner) look(e event) {
	l := e.line
	if l.isStalled() {
		l.early = append(l.early, e)
		return
	}
	if l.ending != "" || r.wrong >= maxWrong && e.content != nil {
		return
	}
	if e.content != nil {
		l.record(trace.Received, trace.Content, e.content)
		r.received(l, e.content)
		return
	}
	if e.rule != "" && !l.lost {
		r.unreadable(l, e)
	}
	if e.ending != "" {
		r.ended(l, e)
	}
}

// unreadable keeps that what the relay sends is no block.
func (r *runner) unreadable(l *line, e event) {
	l.note("reading: " + e.err.Error())
	b := Breach{Kind: Protocol, Rule: e.rule, Op: r.op, Actual: e.err.Error()}
	switch e.rule {
	case ruleFlood:
		b.Expected = "no more blocks than the commands cause"
	case ruleBlockStuck:
		b.Kind, b.Requirement, b.Expected = Hang, "SMP-BLOCK-SIZE", "the rest of the block"
		r.stuck = true
	case ruleUndecrypted:
		b.Requirement, b.Expected = "SMP-BLOCK-ENCRYPTION", "a block that decrypts with the next key"
	default:
		b.Requirement, b.Expected = "SMP-BLOCK-SIZE", "blocks of 16384 bytes"
	}
	if e.rule == ruleBlockCut && l.abused {
		return // the relay may end the connection, and nothing has to come whole before that
	}
	r.breach(b)
	l.lost, l.maybe = true, true
}

// ended keeps that a connection has ended.
func (r *runner) ended(l *line, e event) {
	if l.stream != nil {
		l.stream.Ended(trace.Received, "the relay ends the connection", e.err)
	}
	l.ending = e.ending
	if !l.abused && !l.lost {
		b := Breach{Kind: Protocol, Rule: "closed-on-valid", Requirement: "SMP-ERR-SESSION-CONTINUES", Op: r.op,
			Expected: "the relay serves the connection as long as its blocks are well-formed",
			Actual:   fmt.Sprintf("it ends the connection: %v", e.err)}
		if len(l.pending) > 0 {
			b.Command = l.pending[0].draft.tag
		}
		r.breach(b)
	}
	if j := r.judge(l); j != nil {
		r.breach(j.Closed(l.slot, l.ending)...)
	}
}

// received looks at the transmissions of a block.
func (r *runner) received(l *line, content []byte) {
	raws, err := smp.DecodeBlock(content)
	if err != nil {
		r.breach(Breach{Kind: Protocol, Rule: "block-malformed", Requirement: "SMP-BLOCK-BATCH", Op: r.op,
			Expected: "a block of transmissions", Actual: err.Error()})
		l.garbled()
		return
	}
	for _, raw := range raws {
		r.transmission(l, raw)
	}
}

// transmission looks at one transmission.
func (r *runner) transmission(l *line, raw []byte) {
	got := Received{Conn: l.slot, Op: r.op}
	var err error
	if got.Transmission, err = smp.DecodeTransmission(l.version, raw); err != nil {
		r.protocol("transmission-malformed", "SMP-TX-FIELDS", "", "a transmission", err.Error())
		l.garbled()
		return
	}
	t := got.Transmission
	if l.version < smp.VersionAuthenticators && string(t.SessionID) != string(l.conn.SessionID) {
		r.protocol("session-id", "SMP-TX-SESSION-ID-V6", "", "the session identifier of the connection", fmt.Sprintf("%x", t.SessionID))
	}
	if len(t.Authorization) > 0 {
		r.protocol("response-authorized", "SMP-TX-RESPONSE-UNSIGNED", "", "no authorization", fmt.Sprintf("one of %d bytes", len(t.Authorization)))
	}
	got.Response, got.Err = smp.DecodeResponse(l.version, t.Command)
	p := r.match(l, t, got.Response)
	command := ""
	if p != nil {
		command = p.draft.tag
	}
	if got.Err != nil {
		r.undecoded(l, command, t, got.Err)
	} else {
		r.form(l, command, t, got.Response)
		r.unseal(l, p, &got)
	}
	if p != nil && !l.lost {
		r.answer(l, p, &got)
		r.effects(l, p, &got)
	}
	if j := r.judge(l); j != nil {
		r.breach(j.Received(got)...)
	}
}

// garbled takes what nobody can tell the meaning of for the answer that is due.
func (l *line) garbled() {
	if p := l.oldest(); p != nil {
		p.answer = "malformed"
	}
}

// protocol keeps bytes outside the protocol.
func (r *runner) protocol(rule, requirement, command, expected, actual string) {
	r.breach(Breach{Kind: Protocol, Rule: rule, Requirement: requirement, Op: r.op, Command: command, Expected: expected, Actual: actual})
}

// undecoded keeps that a response does not decode.
func (r *runner) undecoded(l *line, command string, t smp.Transmission, err error) {
	if smp.AnswerTo(err).Equal(smp.ErrCmdUnknown) {
		r.protocol("unknown-tag", "SMP-TX-FIELDS", command, "a response of the protocol", err.Error())
		return
	}
	rule, requirement := "response-malformed", "SMP-VERSION-OWN-FORM"
	if string(firstWord(t.Command)) == "ERR" {
		rule, requirement = "error-malformed", "SMP-ERR-FORM"
	}
	if errors.Is(err, wire.ErrTrailing) {
		rule += "-trailing"
	}
	r.protocol(rule, requirement, command, fmt.Sprintf("the form of version %d", l.version), err.Error())
}

func firstWord(b []byte) []byte {
	for i, c := range b {
		if c == ' ' {
			return b[:i]
		}
	}
	return b
}

// form looks at what a response must not be at its version, and at its entity id.
func (r *runner) form(l *line, command string, t smp.Transmission, resp smp.Response) {
	v := l.version
	early := func(since uint16, requirement string) {
		if v < since {
			r.protocol("response-too-new", requirement, command, fmt.Sprintf("what version %d has for it", v), describe(resp))
		}
	}
	switch resp := resp.(type) {
	case smp.SOK:
		early(smp.VersionServices, "SMP-SUB-OK")
	case smp.DELD:
		early(smp.VersionDeleted, "SMP-DELD-OLD")
	case smp.ERR:
		if resp.Err.Blocking != nil {
			early(smp.VersionBlocked, "SMP-ERR-BLOCKED-OLD")
			if resp.Err.Blocking.Notice != nil {
				early(smp.VersionNotices, "SMP-ERR-BLOCKED-NOTICE-OLD")
			}
		}
	}
	switch answer := smp.CheckEntity(resp, len(t.EntityID) > 0); {
	case answer == nil:
	case answer.Equal(smp.ErrCmdNoEntity):
		r.protocol("entity-missing", "SMP-TX-ENTITY", command, "an entity id", describe(resp)+" without one")
	default:
		r.protocol("entity-needless", "SMP-TX-ENTITY", command, "no entity id", describe(resp)+" with one")
	}
}

// describe names a response for people.
func describe(resp smp.Response) string {
	if e, ok := resp.(smp.ERR); ok {
		return "ERR " + e.Err.Error()
	}
	return resp.Tag()
}

package model

import (
	"slices"
	"strings"

	"smpcheck/fuzz/drive"
	"smpcheck/reference/smp"
)

// answer is a response to an operation, with what could be opened in it.
type answer struct {
	response  smp.Response
	message   *smp.RcvMessage
	forwarded *drive.Received
}

// Received is of drive.Judge.
func (m *Model) Received(r drive.Received) []drive.Breach {
	m.op = r.Op
	c := m.slots[r.Conn]
	if c == nil {
		return nil
	}
	breaches := m.receive(c, r)
	if c.lost {
		return nil
	}
	return breaches
}

func (m *Model) receive(c *connection, r drive.Received) []drive.Breach {
	id := string(r.CorrelationID)
	if r.Response == nil {
		// What it is the driver says; what it does to a queue nobody knows.
		if o := c.leave(id); o != nil {
			m.abandon(o)
		}
		return nil
	}
	if id == "" && isEvent(r.Response) {
		if found, ok := m.ids[string(r.EntityID)]; ok && len(c.pending[""]) == 0 {
			return m.event(c, r, found)
		}
	}
	if o := c.leave(id); o != nil {
		return m.reply(o, r)
	}
	return m.unasked(r)
}

// isEvent reports whether a relay sends the response unasked.
func isEvent(r smp.Response) bool {
	switch r.(type) {
	case smp.MSG, smp.END, smp.DELD, smp.NMSG:
		return true
	}
	return false
}

// unasked judges what answers no command, as far as the driver does not.
func (m *Model) unasked(r drive.Received) []drive.Breach {
	found, known := m.ids[string(r.EntityID)]
	switch response := r.Response.(type) {
	case smp.ERR:
		if known && response.Err.Code == smp.CodeBlocked {
			found.queue.giveUp() // the operator has blocked it
		}
		if isTrouble(response) {
			return m.breach(relayTrouble, "", "no failure of the relay", describe(response))
		}
	case smp.END, smp.DELD:
		if !known && !m.nameless {
			return m.breach(unknownEvent, "", "events about queues that the connection knows", describe(response))
		}
	}
	return nil
}

// reply judges what has the correlation id of an operation.
func (m *Model) reply(o *operation, r drive.Received) []drive.Breach {
	a := answer{response: r.Response, message: r.Message, forwarded: r.Forwarded}
	if o.unsure {
		m.abandon(o)
		return nil
	}
	if o.isOdd(r) {
		m.abandon(o)
		return nil
	}
	return m.answered(o, a)
}

// isOdd reports whether the driver has something to say about an answer: it is one that no
// relay gives to the command, or not about its queue.
func (o *operation) isOdd(r drive.Received) bool {
	if _, ok := r.Response.(smp.ERR); ok {
		return false
	}
	if o.Refusal != nil || r.OpenErr != nil || !slices.Contains(answers[o.Command.Tag()], r.Response.Tag()) {
		return true
	}
	_, created := r.Response.(smp.IDS)
	return !created && len(r.EntityID) > 0 && string(r.EntityID) != string(o.EntityID)
}

// answers are those that a command can have, besides ERR.
var answers = map[string][]string{
	"NEW": {"IDS"}, "SUB": {"OK", "SOK", "MSG"}, "KEY": {"OK"}, "SKEY": {"OK"}, "RKEY": {"OK"}, "SEND": {"OK"},
	"ACK": {"OK", "MSG"}, "GET": {"OK", "MSG"}, "OFF": {"OK"}, "DEL": {"OK"}, "QUE": {"INFO"}, "NKEY": {"NID"},
	"NDEL": {"OK"}, "NSUB": {"OK", "SOK"}, "LSET": {"OK"}, "LDEL": {"OK"}, "LKEY": {"LNK"}, "LGET": {"LNK"},
	"PRXY": {"PKEY"}, "PFWD": {"PRES"}, "RFWD": {"RRES"}, "SUBS": {"SOKS"}, "NSUBS": {"SOKS"}, "RSLV": {"RNAME"},
	"PING": {"PONG"},
}

// answered judges the answer to an operation.
func (m *Model) answered(o *operation, a answer) []drive.Breach {
	if isTrouble(a.response) {
		m.abandon(o)
		return m.breach(relayTrouble, name(o), "no failure of the relay", describe(a.response))
	}
	if o.queue != nil {
		return m.answeredByQueue(o, a)
	}
	if len(o.allowed) == 0 { // given up
		return nil
	}
	if !slices.ContainsFunc(o.allowed, func(w want) bool { return w.fits(a.response) }) {
		if o.mayLack(a) {
			return nil
		}
		m.abandon(o)
		return m.notAllowed(o, o.allowed, a, wrongAnswer)
	}
	switch response := a.response.(type) {
	case smp.IDS:
		if _, ok := o.Command.(smp.NEW); ok {
			return m.create(o, response)
		}
	case smp.PKEY:
		if rule, expected, actual := m.session(o, response); rule != nil {
			return m.breach(rule, name(o), expected, actual)
		}
	}
	if o.isForward() {
		return m.passedOn(o, a)
	}
	return nil
}

// answeredByQueue judges the answer to an operation that a queue is for.
func (m *Model) answeredByQueue(o *operation, a answer) []drive.Breach {
	q, misdelivered := o.queue, wrongAnswer
	_, o.failed = a.response.(smp.ERR)
	if msg, ok := a.response.(smp.MSG); ok {
		misdelivered = q.misdelivered(o.conn.number, msg, a.message, recipientParty)
		if rule, expected, actual := q.inspect(msg, a.message); rule != nil {
			q.giveUp()
			return m.breach(rule, name(o), expected, actual)
		}
	}
	m.learn(o, a.response)
	if q.lost() {
		return nil
	}
	if nid, ok := a.response.(smp.NID); ok {
		if rule, expected, actual := m.checkFresh([][]byte{nid.NotifierID}); rule != nil {
			q.giveUp()
			return m.breach(rule, name(o), expected, actual)
		}
		m.ids[string(nid.NotifierID)] = identity{q, notifierParty, o.number}
	}
	ghost := o.ghost
	if allowed, ok := q.answer(o, a); !ok && !ghost {
		return m.notAllowed(o, allowed, a, misdelivered)
	}
	return nil
}

// learn notes ids that a queue which was given up has all the same.
func (m *Model) learn(o *operation, r smp.Response) {
	if nid, ok := r.(smp.NID); ok && o.queue.lost() {
		m.ids[string(nid.NotifierID)] = identity{o.queue, notifierParty, o.number}
	}
}

// explain returns what becomes of a state if an operation was answered as it is wanted,
// nil if what is in the answer is not what the state has.
func (q *queue) explain(s *state, o *operation, w want, a answer) *state {
	switch r := a.response.(type) {
	case smp.MSG:
		if w.tag == "MSG" {
			return q.isItem(s, w.item, r, a.message)
		}
	case smp.SOK:
		if r.ServiceID != nil {
			return nil
		}
	case smp.LNK:
		if w.tag == "LNK" && (string(r.SenderID) != q.sender || linkOf(o.EntityID, r.Data) != q.model.links[w.link]) {
			return nil
		}
	case smp.INFO:
		if w.tag == "INFO" && !w.info.is(r.Queue) {
			return nil
		}
	}
	return s
}

func (i info) is(q smp.QueueInfo) bool {
	return q.Secured == i.secured && q.Notifier == i.notifier && q.Size >= int64(i.least) && q.Size <= int64(i.most)
}

// notAllowed says which rule an answer breaks that is none of those that are allowed;
// misdelivered is the one that it breaks as a message.
func (m *Model) notAllowed(o *operation, allowed []want, a answer, misdelivered *Rule) []drive.Breach {
	_, failed := a.response.(smp.ERR)
	refusals, success := 0, ""
	var why *Rule
	for _, w := range allowed {
		if w.tag == "ERR" {
			refusals++
			if why == nil {
				why = w.why
			}
		} else {
			success = w.tag
		}
	}
	r := wrongAnswer
	switch {
	case failed && refusals == len(allowed):
		r = wrongRefusal
	case failed:
		r = refused
	case refusals == len(allowed) && why != nil:
		r = why
	case success == a.response.Tag():
		r = wrongContent(a.response, misdelivered)
	case success == "MSG" && a.response.Tag() == "OK":
		r = messageLost
	}
	breaches := m.breach(r, name(o), describeAll(allowed), describe(a.response))
	if r == wrongRefusal && len(allowed[0].errs) > 0 {
		breaches[0].Requirement = r.requirement(strings.TrimPrefix(anyOf(allowed[0].errs[:1]), "ERR "))
	}
	if old, ok := older[r]; ok && o.version < old.below {
		breaches[0].Requirement = old.requirement
	}
	return breaches
}

// wrongContent is the rule that an answer of the right kind breaks.
func wrongContent(r smp.Response, misdelivered *Rule) *Rule {
	switch r.(type) {
	case smp.LNK:
		return wrongLink
	case smp.INFO:
		return wrongInfo
	case smp.MSG:
		return misdelivered
	}
	return wrongAnswer
}

// name is the tag of a command as the relay saw it.
func name(o *operation) string {
	if o.Command != nil {
		return o.Command.Tag()
	}
	return o.Tag
}

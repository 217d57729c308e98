package model

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"

	"smpcheck/fuzz/drive"
	"smpcheck/reference/smp"
)

// sorted returns operations in the order in which they were sent.
func sorted(list []*operation) []*operation {
	slices.SortFunc(list, func(a, b *operation) int { return a.number - b.number })
	return list
}

// operation makes one that is sent.
func (m *Model) operation(c *connection, version uint16, t drive.Sent) *operation {
	o := &operation{number: len(m.operations), conn: c, version: version, Sent: t, maker: -1}
	m.operations = append(m.operations, o)
	if send, ok := t.Command.(smp.SEND); ok {
		o.body = sha256.Sum256(send.Body)
	}
	return o
}

// aim finds out what an operation is about, or else what it is answered.
func (m *Model) aim(o *operation) {
	if o.Refusal != nil {
		o.conn.corrected = true
		o.allowed = []want{o.refused()}
		return
	}
	switch c := o.Command.(type) {
	case smp.NEW:
		m.aimNew(o, c)
	case smp.PING:
		o.allowed = []want{success("PONG")}
	case smp.SUBS, smp.NSUBS:
		o.allowed = []want{refusal(serviceAccepted, smp.ErrService, smp.ErrAuth, smp.ErrCmdProhibited, smp.ErrCmdUnknown)}
	case smp.RSLV:
		o.allowed = resolved(o)
	case smp.PRXY:
		o.allowed = m.opened(o, c)
	case smp.PFWD:
		o.allowed = m.passed(o)
	case smp.RFWD:
		o.allowed = forwarded(o)
	default:
		m.aimQueue(o)
	}
}

// aimForwarded is aim for what a PFWD carries.
func (m *Model) aimForwarded(o *operation) {
	if o.Refusal != nil {
		o.allowed = []want{o.refused(), refusal(malformedAccepted, smp.ErrCmdProhibited)}
		if o.Refusal.Code == smp.CodeBlock || o.Refusal.Code == smp.CodeSession {
			o.allowed = []want{refusal(malformedAccepted)}
		}
		return
	}
	switch o.Command.(type) {
	case smp.SEND, smp.SKEY, smp.LKEY, smp.LGET:
		m.aimQueue(o)
	case smp.RSLV:
		o.allowed = resolved(o)
	default:
		o.allowed = []want{refusal(forwardAccepted, smp.ErrCmdProhibited)}
	}
}

// aimQueue finds the queue that a command is for.
func (m *Model) aimQueue(o *operation) {
	o.party = partyOf(o.Command)
	id := string(o.EntityID)
	if lset, ok := o.Command.(smp.LSET); ok {
		o.links = m.addLink(linkOf(lset.LinkID, lset.Data))
	}
	if o.party == linkParty {
		m.aimLink(o)
		return
	}
	found, ok := m.ids[id]
	if ok && found.party == o.party {
		o.maker = found.maker
		if lset, ok := o.Command.(smp.LSET); ok {
			m.claim(string(lset.LinkID), found.queue)
		}
		found.queue.begin(o)
		return
	}
	if _, ok := m.promised[id]; ok {
		m.promised[id] = true
		o.allowed = []want{anything}
		return
	}
	why := unknownQueueAccepted
	if ok {
		why = wrongIDAccepted
	}
	o.allowed = []want{refusal(why, gone(o)...)}
}

// aimLink finds the queue that a link is for.
func (m *Model) aimLink(o *operation) {
	id := string(o.EntityID)
	queues := m.linked[id]
	_, promised := m.promised[id]
	switch {
	case promised:
		m.promised[id] = true
		o.allowed = []want{anything}
	case len(queues) == 1:
		queues[0].begin(o)
	case len(queues) > 1:
		for _, q := range queues {
			q.giveUp()
		}
		o.allowed = []want{anything}
	default:
		o.allowed = []want{refusal(unknownQueueAccepted, gone(o)...)}
	}
}

// claim says that a queue may have a link.
func (m *Model) claim(id string, q *queue) {
	if !slices.Contains(m.linked[id], q) {
		m.linked[id] = append(m.linked[id], q)
	}
}

// refused is the answer to what is wrong in itself. Where there are several mistakes a
// relay may name any of them.
func (o *operation) refused() want {
	if o.Refusal.Cmd == smp.CmdNoAuth || o.Refusal.Cmd == smp.CmdHasAuth || o.Refusal.Cmd == smp.CmdNoEntity {
		return o.wrongCredentials()
	}
	w := refusal(malformedAccepted, o.Refusal)
	tag, _, _ := bytes.Cut(o.Transmission.Command, []byte{' '})
	switch {
	case o.Refusal.Cmd == smp.CmdUnknown:
		if suffixed(string(tag)) {
			w.errs = append(w.errs, smp.ErrCmdSyntax)
		}
	case slices.Contains(loose, string(tag)):
		w.errs = nil
	default:
		w.errs = append(w.errs, smp.ErrCmdNoAuth, smp.ErrCmdHasAuth, smp.ErrCmdNoEntity)
	}
	return w
}

// loose are commands that are refused with an error that the documents do not name, if
// their parameters are malformed.
var loose = []string{"NEW", "PING", "PRXY", "PFWD", "RFWD", "RSLV", "SUBS", "NSUBS"}

// wrongCredentials is the answer to a command with a part too much or too few.
func (o *operation) wrongCredentials() want {
	w := refusal(malformedAccepted, o.Refusal)
	if o.Command == nil {
		return refusal(malformedAccepted, smp.ErrCmdNoAuth, smp.ErrCmdHasAuth, smp.ErrCmdNoEntity)
	}
	auth, entity := o.signed(), len(o.EntityID) > 0
	for _, other := range []*smp.Error{smp.CheckCredentials(o.Command, !auth, entity), smp.CheckCredentials(o.Command, auth, !entity)} {
		if other != nil {
			w.errs = append(w.errs, other)
		}
	}
	return w
}

// suffixed reports whether a word is the name of a command with something behind it.
func suffixed(word string) bool {
	return slices.ContainsFunc(commandNames, func(name string) bool { return strings.HasPrefix(word, name) })
}

var commandNames = []string{"NEW", "SUB", "KEY", "RKEY", "LSET", "LDEL", "NKEY", "NDEL", "GET", "ACK", "OFF", "DEL", "QUE",
	"SEND", "SKEY", "PING", "LKEY", "LGET", "PRXY", "PFWD", "RFWD", "NSUB", "RSLV"}

// resolved are the answers to RSLV.
func resolved(o *operation) []want {
	if o.version < smp.VersionNames {
		return []want{refusal(laterVersionAccepted, smp.ErrCmdUnknown, anyNameError)}
	}
	return []want{success("RNAME"), refusal(nil, anyNameError, smp.ErrCmdSyntax)}
}

package model

import (
	"crypto/sha256"

	"smpcheck/reference/smp"
)

// linkIDSize is the length of the ids of links.
const linkIDSize = 24

// linkVersion is what a link was set to once.
type linkVersion struct {
	id          string
	fixed, user [sha256.Size]byte
}

func linkOf(id []byte, d smp.LinkData) linkVersion {
	return linkVersion{string(id), sha256.Sum256(d.Fixed), sha256.Sum256(d.User)}
}

// links are all that any queue was given; the first one is none.
func (m *Model) addLink(v linkVersion) int {
	for i := 1; i < len(m.links); i++ {
		if m.links[i] == v {
			return i
		}
	}
	m.links = append(m.links, v)
	return len(m.links) - 1
}

// setLink executes LSET. What the official relay refuses besides, another id and other
// fixed data, the documents leave open.
func (q *queue) setLink(s *state, o *operation, c smp.LSET) []outcome {
	if s.sender != 0 && q.mode != smp.Contact {
		return refuse(s, linkAccepted, smp.ErrAuth)
	}
	n := s.clone()
	n.link, n.linkFades = o.links, false
	outs := one(success("OK"), n)
	before, after := q.model.links[s.link], q.model.links[o.links]
	differs := s.link != 0 && (before.id != after.id || before.fixed != after.fixed)
	if differs || s.linkFades || len(c.LinkID) != linkIDSize || len(q.model.linked[after.id]) > 1 {
		outs = append(outs, refuse(s, nil, smp.ErrAuth, smp.ErrCmdSyntax)...)
	}
	return outs
}

// hasLink reports whether the link by which an operation addresses the queue is there.
func (q *queue) hasLink(s *state, o *operation) bool {
	return s.link != 0 && q.model.links[s.link].id == string(o.EntityID)
}

// secureByLink executes LKEY.
func (q *queue) secureByLink(s *state, o *operation, c smp.LKEY) []outcome {
	key := q.model.key(c.SenderKey)
	switch {
	case !q.hasLink(s, o):
		return refuse(s, unknownQueueAccepted, smp.ErrAuth)
	case !o.by(q.model, key):
		return refuse(s, wrongKeyAccepted, smp.ErrAuth)
	case q.mode != smp.Messaging:
		return refuse(s, notSecurableAccepted, smp.ErrAuth)
	}
	outs := q.secure(s, key, want{tag: "LNK", link: s.link})
	if s.linkFades {
		outs = append(outs, refuse(s, nil, smp.ErrAuth)...)
	}
	return outs
}

// readLink executes LGET. Whether a queue without mode is an address no document says.
func (q *queue) readLink(s *state, o *operation) []outcome {
	switch {
	case !q.hasLink(s, o):
		return refuse(s, unknownQueueAccepted, smp.ErrAuth)
	case q.mode == smp.Messaging:
		return refuse(s, linkAccepted, smp.ErrAuth)
	}
	outs := one(want{tag: "LNK", link: s.link}, s)
	if q.mode == 0 {
		outs = append(outs, refuse(s, nil, smp.ErrAuth)...)
	}
	return outs
}

package relay

import (
	"bytes"

	"smpcheck/reference/smp"
)

// Link is the short link of a queue. It does not change: LSET makes a new one.
type Link struct {
	// ID is the id by which senders ask for the data; chosen by the relay for a
	// messaging queue that is created with its link, by the client otherwise.
	ID []byte
	// Data are what the recipient stored, encrypted for whoever has the link.
	Data smp.LinkData
}

// Link is the short link of the queue, nil if it has none.
func (q *Queue) Link() *Link { return q.link }

// linkID is the id of the queue's link, nil if it has none.
func (q *Queue) linkID() []byte {
	if q.link == nil {
		return nil
	}
	return q.link.ID
}

// newLink returns a link with its own copies: those in a command are parts of a
// whole block.
func newLink(id []byte, data smp.LinkData) *Link {
	return &Link{ID: bytes.Clone(id), Data: smp.LinkData{Fixed: bytes.Clone(data.Fixed), User: bytes.Clone(data.User)}}
}

// requestLink gives a new queue the link that NEW asks for, if it does. The
// sender id comes from the client, since it stands inside of the link data, but
// has to be the hash of the correlation id: otherwise NEW would tell which ids
// exist. SMP, "Create queue command".
func (s *Session) requestLink(q *Queue, r *Request, request *smp.QueueRequest) *smp.Error {
	if request.Link == nil {
		return nil
	}
	if !bytes.Equal(request.Link.SenderID, smp.SenderID(r.Transmission.CorrelationID)) {
		return smp.ErrCmdProhibited
	}
	q.senderID = bytes.Clone(request.Link.SenderID)
	q.link = newLink(request.Link.LinkID, request.Link.Data)
	return nil
}

// addLinkedQueue gives a queue with a link the ids that the relay chooses, and
// enters it into the store. There is one attempt: other ids would not help
// against one of the client that is taken.
func (s *Session) addLinkedQueue(q *Queue, r *Request) (err error) {
	if q.recipientID, err = s.relay.stages.NewID(s, r, RecipientID); err != nil {
		return err
	}
	if q.record.Mode == smp.Messaging {
		if q.link.ID, err = s.relay.stages.NewID(s, r, LinkID); err != nil {
			return err
		}
	}
	if err = s.nameNotifier(q, r); err != nil {
		return err
	}
	return s.relay.store.add(q)
}

// setLink executes LSET. SMP, "Set short link"; the restrictions are those of
// the official relay: a link keeps its id and its fixed data as long as it
// exists, and the link of a secured messaging queue has been used.
func (r *Relay) setLink(q *Queue, c smp.LSET) smp.Response {
	if q.record.securedMessaging() {
		return fail(smp.ErrAuth)
	}
	if q.link == nil {
		if !r.store.addLink(q, c.LinkID) {
			return fail(smp.ErrAuth)
		}
	} else if !bytes.Equal(q.link.ID, c.LinkID) || !bytes.Equal(q.link.Data.Fixed, c.Data.Fixed) {
		return fail(smp.ErrAuth)
	}
	q.link = newLink(c.LinkID, c.Data)
	return smp.OK{}
}

// deleteLink forgets the link of a queue, if it has one. With a store, its id is
// free when the store knows. The lock of q is held.
func (r *Relay) deleteLink(q *Queue) {
	if q.link == nil {
		return
	}
	if r.journal == nil {
		r.store.links.delete(q.link.ID)
	}
	q.link = nil
}

// secureLink executes LKEY. Whoever comes first with a key has the queue; this
// key may ask again as long as the data are there. Authorise found a messaging
// queue. SMP, "Set link key".
func secureLink(r *Request, c smp.LKEY) smp.Response {
	q := r.Queue
	if !q.isLinkedAs(r.Transmission.EntityID) || !q.secure(c.SenderKey) {
		return fail(smp.ErrAuth)
	}
	return smp.LNK{SenderID: q.senderID, Data: q.link.Data}
}

// readLink executes LGET. Authorise found a contact address. SMP, "Get link
// data".
func readLink(r *Request) smp.Response {
	q := r.Queue
	if !q.isLinkedAs(r.Transmission.EntityID) {
		return fail(smp.ErrAuth)
	}
	return smp.LNK{SenderID: q.senderID, Data: q.link.Data}
}

// isLinkedAs reports whether the queue still has the link by which Authorise
// found it, when it was not locked.
func (q *Queue) isLinkedAs(id []byte) bool {
	return q.link != nil && bytes.Equal(q.link.ID, id)
}

// takenInvitation reports whether the queue has link data that nobody needs any
// more once its sender, who has read them, sends a message.
func (q *Queue) takenInvitation() bool {
	return q.link != nil && q.record.securedMessaging()
}

// securedMessaging reports whether a queue of one connection has its sender. A
// queue without mode counts as such, as in the official relay.
func (r *Record) securedMessaging() bool {
	return r.Mode != smp.Contact && !r.SenderKey.IsZero()
}

// isContact reports whether anybody may read the link data. A queue without
// mode, which may have been made before there were modes, is a contact address
// as long as it has no sender key.
func (r *Record) isContact() bool {
	return r.Mode == smp.Contact || r.Mode == 0 && r.SenderKey.IsZero()
}

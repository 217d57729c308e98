package link

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"sync/atomic"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

var newFaults = []fault.Fault{
	mistake("new-data-dropped", "The link data of NEW are parsed and not stored.",
		"SMP-LINK-CREATES", "new-contact new-messaging",
		creates(func(x *call, c smp.NEW, _ *smp.QueueLink) []relay.Output {
			outs := x.does(c)
			if ids, ok := outs[0].Response.(smp.IDS); ok {
				x.r.Queue = x.find(ids.RecipientID, smp.SUB{})
				x.does(smp.LDEL{})
				x.r.Queue = nil
			}
			return outs
		})),
	mistake("new-data-swapped", "NEW stores the user data in the place of the fixed data.",
		"SMP-LINK-CREATES", "new-contact new-messaging",
		creates(func(x *call, c smp.NEW, link *smp.QueueLink) []relay.Output {
			link.Data.Fixed, link.Data.User = link.Data.User, link.Data.Fixed
			return x.does(c)
		})),
	mistake("new-contact-id-made", "The relay makes the link id of a contact queue too, and ignores that of the client.",
		"SMP-LINK-ID-CONTACT", "new-contact",
		creates(func(x *call, c smp.NEW, link *smp.QueueLink) []relay.Output {
			link.LinkID = fault.Random(smp.SenderIDSize)
			return x.does(c)
		})),
	mistake("new-messaging-id-hidden", "IDS has a link id for contact queues only, whose client knows it.",
		"SMP-LINK-ID-MESSAGING", "new-messaging",
		answers(func(_ *relay.Request, ids *smp.IDS) {
			if ids.Mode == smp.Messaging {
				ids.LinkID = nil
			}
		})),
	mistake("new-modes-confused", "The link data of a contact are taken for those of an invitation, and the other way round.",
		"SMP-LINK-ID-CONTACT SMP-LINK-ID-MESSAGING", "new-contact new-messaging",
		creates(func(x *call, c smp.NEW, _ *smp.QueueLink) []relay.Output {
			if c.Request.Mode == smp.Contact {
				c.Request.Mode = smp.Messaging
			} else {
				c.Request.Mode = smp.Contact
			}
			return x.does(c)
		})),
	mistake("new-sender-id-made", "The relay makes the sender id of every queue itself.",
		"SMP-LINK-SENDER-ID-KEPT", "new-contact new-messaging",
		creates(func(x *call, c smp.NEW, link *smp.QueueLink) []relay.Output { return x.createsAs(c, link) })),
	mistake("new-linked-unsendable", "The sender id of a queue with a link is good for the link only.",
		"SMP-LINK-SENDER-ID-KEPT", "messages new-contact new-messaging",
		executes(func(x *call, c smp.SEND) []relay.Output {
			if x.r.Queue.Link() != nil {
				return x.refuses(smp.ErrAuth)
			}
			return x.does(c)
		})),
	mistake("linked-not-suspended", "A queue with a link is an address for everybody, so that OFF does not touch it.",
		"SMP-OFF-SEND", "messages",
		executes(func(x *call, c smp.OFF) []relay.Output {
			if x.r.Queue.Link() != nil {
				return x.answers(smp.OK{})
			}
			return x.does(c)
		})),
	mistake("linked-not-deleted", "DEL for a queue with a link deletes the link and leaves the queue.",
		"SMP-DEL-GONE", "messages",
		executes(func(x *call, c smp.DEL) []relay.Output {
			if x.r.Queue.Link() != nil {
				return x.does(smp.LDEL{})
			}
			return x.does(c)
		})),

	mistake("id-is-sender-id", "The link id of an invitation is the sender id of its queue.",
		"SMP-LINK-ID-FRESH", "new-ids",
		ids(func(r *relay.Request) []byte { return smp.SenderID(r.Transmission.CorrelationID) })),
	mistake("id-hashed", "The link id of an invitation is a hash of the sender id.",
		"SMP-LINK-ID-FRESH", "new-ids",
		ids(func(r *relay.Request) []byte {
			sum := sha256.Sum256(smp.SenderID(r.Transmission.CorrelationID))
			return sum[:smp.SenderIDSize]
		})),
	mistake("id-counted", "Link ids of invitations are counted.",
		"SMP-LINK-ID-FRESH", "new-ids", countedIDs()),
	mistake("id-short", "The link id of an invitation is short, since it travels in links.",
		"SMP-LINK-ID-FRESH", "new-ids",
		ids(func(*relay.Request) []byte { return fault.Random(8) })),

	mistake("sizes-limited", "User data of more than 8 kB are refused, although clients pad them to more.",
		"SMP-LINK-SIZES", "sizes",
		creates(func(x *call, c smp.NEW, link *smp.QueueLink) []relay.Output {
			if len(link.Data.User) > 8192 {
				return x.refuses(smp.ErrLargeMsg)
			}
			return x.does(c)
		})),
	mistake("sizes-checked", "Link data are refused unless they have the sizes to which clients pad them.",
		"SMP-LINK-SIZE-UNCHECKED", "sizes",
		creates(func(x *call, c smp.NEW, link *smp.QueueLink) []relay.Output {
			if len(link.Data.Fixed) != fixedSize || len(link.Data.User) != userSize {
				return x.refuses(smp.ErrCmdSyntax)
			}
			return x.does(c)
		})),
	mistake("sizes-padded", "Link data are stored in a field of fixed size and come back with zeros behind them.",
		"SMP-LINK-SIZE-UNCHECKED", "sizes",
		creates(func(x *call, c smp.NEW, link *smp.QueueLink) []relay.Output {
			if missing := fixedSize - len(link.Data.Fixed); missing > 0 {
				link.Data.Fixed = append(bytes.Clone(link.Data.Fixed), make([]byte, missing)...)
			}
			return x.does(c)
		})),
	mistake("sizes-empty", "Link data that are empty are taken for none.",
		"SMP-LINK-SIZE-UNCHECKED", "sizes",
		creates(func(x *call, c smp.NEW, link *smp.QueueLink) []relay.Output {
			if len(link.Data.Fixed) == 0 {
				c.Request.Link = nil
			}
			return x.does(c)
		})),
	mistake("unasked-id", "Every queue gets a link id, also one that has no link data.",
		"SMP-LINK-MESSAGING-FIELDS SMP-LINK-CONTACT-FIELDS", "new-without",
		answers(func(_ *relay.Request, ids *smp.IDS) {
			if len(ids.LinkID) == 0 {
				ids.LinkID = fault.Random(smp.SenderIDSize)
			}
		})),
}

// Sizes to which clients pad link data, in bytes.
const fixedSize, userSize = 2048, 13824

// creates changes how NEW with link data is executed; c and link may be changed.
func creates(f func(x *call, c smp.NEW, link *smp.QueueLink) []relay.Output) func(*relay.Config) {
	return executes(func(x *call, c smp.NEW) []relay.Output {
		if c.Request == nil || c.Request.Link == nil {
			return x.does(c)
		}
		request, link := *c.Request, *c.Request.Link
		request.Link = &link
		c.Request = &request
		return f(x, c, &link)
	})
}

// createsAs executes NEW with another sender id, of the relay.
func (x *call) createsAs(c smp.NEW, link *smp.QueueLink) []relay.Output {
	own := x.r.Transmission.CorrelationID
	x.r.Transmission.CorrelationID = fault.Random(smp.CorrelationIDSize)
	link.SenderID = smp.SenderID(x.r.Transmission.CorrelationID)
	outs := x.does(c)
	x.r.Transmission.CorrelationID = own
	for i := range outs {
		outs[i].CorrelationID = own
	}
	return outs
}

// ids makes the link ids of invitations.
func ids(id func(*relay.Request) []byte) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next := st.NewID
		st.NewID = func(s *relay.Session, r *relay.Request, kind relay.IDKind) ([]byte, error) {
			if kind == relay.LinkID {
				return id(r), nil
			}
			return next(s, r, kind)
		}
	})
}

func countedIDs() func(*relay.Config) {
	var n atomic.Uint64
	start := fault.Random(smp.SenderIDSize - 8)
	return ids(func(*relay.Request) []byte { return binary.BigEndian.AppendUint64(bytes.Clone(start), n.Add(1)) })
}

package probe

import (
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// Sizes of link data as clients make them, in bytes.
const (
	FixedDataSize = 2048
	UserDataSize  = 13824
)

// Linked is a queue with the short link that it was created with.
type Linked struct {
	*Queue
	LinkID []byte
	Data   smp.LinkData
}

// LinkData returns random link data of the usual sizes.
func (c *Conn) LinkData() smp.LinkData {
	return smp.LinkData{Fixed: c.t.Rand().Bytes(FixedDataSize), User: c.t.Rand().Bytes(UserDataSize)}
}

// LinkRequest returns the NEW of a queue with link data, the correlation id from
// which its sender id follows, and the keys in it.
func (c *Conn) LinkRequest(mode smp.QueueMode, opts ...QueueOption) (smp.NEW, []byte, *Queue) {
	cmd, q := c.NewQueueRequest(opts...)
	id := c.t.Fresh().Bytes(smp.CorrelationIDSize)
	link := &smp.QueueLink{SenderID: smp.SenderID(id), Data: c.LinkData()}
	if mode == smp.Contact {
		link.LinkID = c.t.Fresh().Bytes(smp.SenderIDSize)
	}
	cmd.Request = &smp.QueueRequest{Mode: mode, Link: link}
	return cmd, id, q
}

// AskAs is Ask with a correlation id that the case chooses.
func (c *Conn) AskAs(correlationID, entity []byte, key keys.PrivateKey, cmd smp.Command) Answer {
	tr := smp.Transmission{CorrelationID: correlationID, EntityID: entity, Command: c.EncodeCommand(cmd)}
	return c.AskTransmission(cmd.Tag(), c.Authorize(tr, key))
}

// NewLinkedQueue creates a queue with link data; a relay that refuses blocks the
// case.
func (c *Conn) NewLinkedQueue(mode smp.QueueMode, opts ...QueueOption) *Linked {
	cmd, id, q := c.LinkRequest(mode, opts...)
	q.Created(RequireA[smp.IDS](c.AskAs(id, nil, q.Key, cmd)))
	if len(q.IDS.LinkID) == 0 {
		Blocked(c.t, "IDS has no link id")
	}
	if cmd.Subscribe {
		c.Settle()
	}
	return &Linked{Queue: q, LinkID: q.IDS.LinkID, Data: cmd.Request.Link.Data}
}

// LNK is the answer to whoever may read the link.
func (l *Linked) LNK() smp.LNK { return smp.LNK{SenderID: l.SenderID, Data: l.Data} }

// Read asks for the data of a link with LGET.
func (c *Conn) Read(linkID []byte) Answer { return c.Ask(linkID, NoKey, smp.LGET{}) }

// Take asks for the data of a link with LKEY, authorized by the key in it.
func (c *Conn) Take(linkID []byte, key keys.PrivateKey) Answer {
	return c.Ask(linkID, key, smp.LKEY{SenderKey: key.Public()})
}

// RequireReadable blocks the case unless the link can be read as its mode allows:
// an address with LGET, an invitation with LKEY and the returned key, which then
// secures the queue.
func (l *Linked) RequireReadable(c *Conn) (key keys.PrivateKey) {
	if l.IDS.Mode == smp.Contact {
		c.Read(l.LinkID).Require(l.LNK())
		return NoKey
	}
	key = c.generate(keys.Ed25519)
	c.Take(l.LinkID, key).Require(l.LNK())
	return key
}

package program

// stories are what happens to queues, each told with the parties that the generator has
// chosen.
var stories = []func(*generator){
	(*generator).conversation, (*generator).takeover, (*generator).fullQueue, (*generator).slowReader,
	(*generator).deletion, (*generator).suspension, (*generator).invitation, (*generator).address,
	(*generator).notification, (*generator).forwarding, (*generator).batch, (*generator).reconnection,
	(*generator).polling, (*generator).deafness, (*generator).neighbours, (*generator).handover,
	(*generator).strangers, (*generator).anything,
}

// conversation: a queue is made, secured, and used.
func (g *generator) conversation() {
	g.create(subscribe | oneOf[uint16](g, 0, messaging, contact))
	g.secure()
	for range 1 + g.IntN(6) {
		g.add(g.send())
		if !g.chance(3) {
			g.add(g.ack())
		}
	}
	g.add(g.by(g.recipient, QUE, 0))
}

// takeover: another connection subscribes while a message is not acknowledged, and the
// first one goes on as if nothing had happened.
func (g *generator) takeover() {
	g.create(subscribe | messaging)
	g.secure()
	g.add(g.send(), g.by(g.third, SUB, 0))
	if g.chance(2) {
		g.add(g.ack())
	}
	g.add(g.send(), g.by(g.third, ACK, 0), g.send(), g.ack())
	g.add(g.by(g.recipient, SUB, 0), g.by(g.third, Close, uint16(g.IntN(3))), g.send(), g.ack(), g.ack())
}

// fullQueue: a queue is filled to its quota, and drained.
func (g *generator) fullQueue() {
	g.create(messaging)
	g.secure()
	small := g.by(g.sender, SEND, uint16(g.IntN(100)))
	g.repeat(1+g.IntN(9), often(held(small)))
	g.add(small, small, g.by(g.recipient, SUB, 0))
	g.repeat(1+g.IntN(10), often(g.by(g.recipient, ACK, 0)))
	g.add(small, g.by(g.recipient, ACK, 0), small, g.by(g.recipient, ACK, 0), g.by(g.recipient, QUE, 0))
}

// slowReader: many messages, of which some are acknowledged, late, twice, or not in turn.
func (g *generator) slowReader() {
	g.create(subscribe | messaging)
	g.secure()
	for range 3 + g.IntN(5) {
		g.repeat(1+g.IntN(4), g.send())
		g.repeat(1+g.IntN(4), g.by(g.recipient, ACK, 0))
		if g.chance(3) {
			g.add(g.by(g.recipient, ACK, uint16(g.IntN(5))))
		}
	}
	g.repeat(g.IntN(8), g.by(g.recipient, ACK, 0))
}

// deletion: a queue is deleted with messages in it, and used as before.
func (g *generator) deletion() {
	g.create(subscribe | messaging)
	g.secure()
	g.add(g.send(), g.send())
	g.add(g.by(oneOf(g, g.recipient, g.third), DEL, 0))
	g.add(g.send(), g.by(g.recipient, SUB, 0), g.ack(), g.by(g.recipient, DEL, 0), g.by(g.recipient, QUE, 0))
	g.create(subscribe)
	g.add(g.send(), g.ack())
}

// suspension: a queue takes no more messages, and gives what it has.
func (g *generator) suspension() {
	g.create(messaging)
	g.secure()
	g.add(g.send(), g.send(), g.by(g.recipient, OFF, 0), g.send(), g.by(g.recipient, SUB, 0))
	g.add(g.ack(), g.ack(), g.by(g.recipient, OFF, 0), g.by(g.sender, SKEY, 1), g.by(g.recipient, KEY, 2))
}

// invitation: a link that may be read once.
func (g *generator) invitation() {
	g.create(withLink | uint16(g.IntN(2)))
	g.add(g.by(g.third, LKEY, 0), g.by(g.sender, LKEY, oneOf[uint16](g, 0, 1)), g.by(g.third, LGET, 0))
	g.add(g.send(), g.by(g.recipient, LSET, uint16(g.IntN(2000))), g.by(g.sender, LKEY, 0), g.by(g.recipient, LDEL, 0))
	g.add(g.by(g.sender, LKEY, 0), g.by(g.sender, SKEY, 0))
}

// address: a link that everybody may read.
func (g *generator) address() {
	if g.chance(2) {
		g.create(contactLink | uint16(g.IntN(2)))
	} else {
		g.create(contact)
		g.add(g.by(g.recipient, LSET, uint16(g.IntN(300))))
	}
	g.add(g.by(g.sender, LGET, 0), g.by(g.recipient, LSET, uint16(g.IntN(16000))), g.by(g.third, LGET, 0))
	g.add(g.by(g.sender, LKEY, 0), g.by(g.recipient, RKEY, uint16(g.IntN(4))), g.by(g.recipient, LDEL, 0), g.by(g.sender, LGET, 0))
	g.add(g.by(g.recipient, LSET, 10), g.by(g.recipient, DEL, 0), g.by(g.sender, LGET, 0))
}

// notification: somebody is told of messages, and is told no more.
func (g *generator) notification() {
	if g.chance(2) {
		g.create(subscribe | messaging | withNotifier)
	} else {
		g.create(messaging)
		g.add(g.by(g.recipient, NKEY, 0))
	}
	g.secure()
	message := g.by(g.sender, SEND, notify|uint16(g.IntN(300)))
	g.add(g.by(g.third, NSUB, 0), message, message)
	switch g.IntN(4) {
	case 0:
		g.add(g.by(g.recipient, NKEY, 0), g.by(g.third, NSUB, 0))
	case 1:
		g.add(g.by(g.sender, NSUB, 0))
	case 2:
		g.add(g.by(g.recipient, DEL, 0))
	}
	g.add(g.by(g.recipient, NDEL, 0), message, g.by(g.third, NSUB, 0), g.by(g.recipient, NDEL, 0))
}

// forwarding: messages come through a proxy.
func (g *generator) forwarding() {
	g.create(subscribe | messaging)
	g.add(g.by(g.sender, PRXY, uint16(g.pick(10, 2, 1, 0))))
	for range 1 + g.IntN(4) {
		g.add(g.by(g.sender, PFWD, uint16(g.IntN(3))), g.by(g.recipient, ACK, 0))
	}
	g.add(g.by(g.third, Connect, uint16(g.IntN(13))|0x40))
	g.add(g.by(g.third, RFWD, uint16(g.IntN(3))), g.by(g.third, PFWD, 1), g.by(g.sender, PRXY, 0), g.by(g.sender, PFWD, 1))
}

// batch: many commands in one block, for several queues.
func (g *generator) batch() {
	g.create(messaging)
	g.add(Op{Kind: NEW, Conn: g.recipient, Queue: g.other, Arg: subscribe | messaging})
	for range 2 + g.IntN(12) {
		op := g.by(oneOf(g, g.recipient, g.recipient, g.sender), oneOf(g, SUB, SEND, ACK, GET, PING, QUE, KEY, SKEY, LGET, OFF, NKEY), uint16(g.IntN(4)))
		op.Queue = oneOf(g, g.queue, g.other)
		if g.chance(8) {
			op = often(op)
		}
		g.add(held(op))
	}
	g.add(g.by(g.recipient, PING, 0), g.by(g.sender, PING, 0))
}

// reconnection: connections end and begin in the middle of things, at other versions.
func (g *generator) reconnection() {
	g.create(subscribe | messaging)
	g.secure()
	for range 2 + g.IntN(3) {
		g.add(g.send(), g.send())
		if g.chance(2) {
			g.add(g.ack())
		}
		g.add(g.by(g.recipient, Close, uint16(g.IntN(3))))
		if g.chance(2) {
			g.add(g.by(g.recipient, Connect, uint16(g.IntN(15))))
		}
		g.add(g.by(g.recipient, SUB, 0), g.ack())
	}
}

// polling: messages are fetched one by one, and subscribed to in between.
func (g *generator) polling() {
	g.create(messaging)
	g.secure()
	g.add(g.by(g.recipient, GET, 0), g.send(), g.send(), g.send())
	for range 2 + g.IntN(6) {
		g.add(g.by(oneOf(g, g.recipient, g.recipient, g.third), oneOf(g, GET, GET, ACK, ACK, SUB, QUE), 0))
	}
}

// deafness: a connection takes nothing while others go on.
func (g *generator) deafness() {
	g.create(subscribe | messaging)
	g.add(g.by(g.recipient, Stall, 0))
	if g.chance(2) { // more answers than the buffers hold
		g.repeat(2+g.IntN(5), often(g.by(g.recipient, PING, 0)))
	}
	g.repeat(1+g.IntN(3), often(g.by(g.sender, SEND, uint16(g.IntN(16000)))))
	g.repeat(g.IntN(4), g.by(g.recipient, QUE, 0))
	g.add(g.by(g.sender, Settle, 0), g.by(g.recipient, ACK, 0), g.send(), g.ack())
}

// neighbours: two queues whose ids, keys and messages must not be mixed up.
func (g *generator) neighbours() {
	g.other = (g.queue + 1) % Queues
	g.create(subscribe | messaging)
	g.add(Op{Kind: NEW, Conn: oneOf(g, g.recipient, g.third), Queue: g.other, Arg: subscribe | messaging})
	g.secure()
	g.add(g.send())
	for range 2 + g.IntN(8) {
		op := g.by(oneOf(g, g.recipient, g.sender, g.third), oneOf(g, SEND, SEND, ACK, SUB, GET, KEY, SKEY, DEL, OFF, QUE, NKEY, LSET), uint16(g.IntN(5)))
		op.Queue = oneOf(g, g.queue, g.queue, g.other)
		if g.chance(2) {
			op.Entity = oneOf(g, OtherQueue, PrefixID, SenderID, RecipientID)
		}
		if g.chance(3) {
			op.Signer = oneOf(g, OtherSigner, Stranger, OldSession, Recipient, Sender)
		}
		g.add(op)
	}
	g.add(g.send(), g.ack())
}

// handover: commands for one queue on several connections at a time.
func (g *generator) handover() {
	g.create(messaging)
	g.secure()
	for range 3 + g.IntN(8) {
		op := g.by(byte(g.IntN(Connections)), oneOf(g, SEND, SEND, SUB, SUB, ACK, GET, DEL, KEY, SKEY), uint16(g.IntN(3)))
		g.add(ahead(op))
	}
	g.add(g.by(0, Settle, 0), g.by(g.recipient, SUB, 0), g.send(), g.ack())
}

// strangers: commands for queues that are not there, and those that few clients send.
func (g *generator) strangers() {
	for range 3 + g.IntN(6) {
		g.add(g.by(oneOf(g, g.recipient, g.sender), PING+Kind(g.IntN(int(Kinds-PING))), uint16(g.IntN(12))))
	}
}

// anything: operations that nobody has thought of.
func (g *generator) anything() {
	for range 2 + g.IntN(16) {
		kind := Kind(g.IntN(int(Kinds)))
		op := Op{Kind: kind, Conn: byte(g.IntN(Connections)), Queue: byte(g.IntN(2)), Arg: g.arg(kind)}
		op.Flags = oneOf(g, 0, 0, 0, Hold, Ahead)
		g.add(op)
	}
}

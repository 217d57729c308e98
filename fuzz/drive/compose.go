package drive

import (
	"fmt"
	"strings"

	"smpcheck/fuzz/program"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// draft is a transmission that is to be sent.
type draft struct {
	op  int
	tag string
	// slots are the queues that it is about.
	slots []*slot
	// encoded is the transmission as it stands in the block.
	encoded []byte
	mutated bool
	// varies says that what it is read as depends on bytes that differ between runs of the
	// program, unsure that what it forwards does.
	varies, unsure bool
	// raced says that another connection was sent a command for the same queue before it
	// was answered.
	raced bool
	// how describes it for a Pair, brief does as soon as it is changed.
	how, brief string
	// changes are the mutations of it and its block in words.
	changes []string
	parcel  *parcel
	makes   *queue
	// maker says that later operations on the slot need the answer, slow that the relay
	// has to ask another one before it answers, excused that it need not answer at all.
	maker, slow, excused bool
}

// command carries out an operation that sends a command.
func (r *runner) command(l *line, op program.Op) {
	r.awaitNeeded(l, op)
	if !l.open() {
		return // it has ended meanwhile
	}
	changes := r.changes(op)
	d := r.compose(l, op, changes)
	r.hold(l, d, outside(changes))
	if op.Flags&program.Hold != 0 {
		return
	}
	r.flush(l)
	if op.Flags&program.Ahead == 0 || l.uncertain {
		r.await(l)
	}
}

// compose makes the transmission of an operation.
func (r *runner) compose(l *line, op program.Op, changes []change) *draft {
	s := r.slots[op.Queue]
	rec := r.recipe(l, op)
	d := &draft{op: r.op, tag: rec.tag, slots: []*slot{s}, parcel: rec.parcel, makes: rec.makes,
		maker: rec.maker, slow: rec.slow, excused: rec.excused}
	if rec.party == nobody && rec.parcel == nil {
		d.slots = nil
	}
	if concernsNext(op) {
		d.slots = append(d.slots, r.next(s))
	}
	for _, s := range d.slots {
		d.raced = d.raced || s.queue != nil && s.queue.raced
	}
	d.how, d.brief = r.how(l, op, s, rec)
	var command []byte
	switch {
	case rec.parcel != nil:
		command = r.changeParcel(d, rec.parcel, changes)
	case rec.cmd != nil:
		command = encodeCommand(l.version, rec.cmd)
	default:
		command = rec.bytes
	}
	command = r.changeCommand(d, l, command, changes)
	t := smp.Transmission{CorrelationID: rec.correlation, EntityID: r.entity(op, s, rec), Command: command}
	if t.CorrelationID == nil {
		t.CorrelationID = fresh(smp.CorrelationIDSize)
	}
	r.authorize(l, op, &t, r.signer(op, s, rec))
	r.changeCipher(d, l.version, &t, changes)
	d.encode(l, t)
	r.changeTransmission(d, l.version, changes)
	if limit := l.maxContent() - 3; len(d.encoded) > limit {
		d.encoded = d.encoded[:limit]
	}
	return d
}

// concernsNext reports whether an operation is about the queue in the next slot too.
func concernsNext(op program.Op) bool {
	return op.Entity == program.OtherQueue || op.Signer == program.OtherSigner || op.Kind == program.ACK && op.Arg%ackChoices == ackForeign
}

// encodeCommand encodes a command that can be encoded.
func encodeCommand(version uint16, cmd smp.Command) []byte {
	b, err := smp.EncodeCommand(version, cmd)
	if err != nil {
		panic(fmt.Sprintf("encoding %s: %v", cmd.Tag(), err)) // recipes make what can be encoded
	}
	return b
}

// encode sets what stands in the block.
func (d *draft) encode(l *line, t smp.Transmission) {
	if l.version < smp.VersionAuthenticators {
		t.SessionID = l.conn.SessionID
	}
	var err error
	if d.encoded, err = t.Encode(l.version); err != nil {
		panic(fmt.Sprintf("encoding %s: %v", d.tag, err)) // its parts have lengths that fit
	}
}

// draftOf is a transmission outside of the operations of the program.
func (r *runner) draftOf(l *line, entity []byte, key keys.PrivateKey, cmd smp.Command) *draft {
	t := smp.Transmission{CorrelationID: fresh(smp.CorrelationIDSize), EntityID: entity, Command: encodeCommand(l.version, cmd)}
	r.authorize(l, program.Op{}, &t, key)
	d := &draft{op: r.op, tag: cmd.Tag()}
	d.encode(l, t)
	return d
}

// entity is the entity id of an operation.
func (r *runner) entity(op program.Op, s *slot, rec recipe) []byte {
	own := func(s *slot) []byte {
		q := r.known(s)
		switch rec.party {
		case recipient:
			return q.recipientID
		case sender:
			return q.senderID
		case notifier:
			return orGhost(q.notifierID, func() []byte { return r.ghost(s).notifierID })
		case linkReader:
			return orGhost(q.linkID, func() []byte { return r.ghost(s).linkID })
		case other:
			return rec.id
		}
		return nil
	}
	q := r.known(s)
	switch op.Entity {
	case program.None:
		return nil
	case program.RecipientID:
		return q.recipientID
	case program.SenderID:
		return q.senderID
	case program.NotifierID:
		return orGhost(q.notifierID, func() []byte { return r.ghost(s).notifierID })
	case program.LinkID:
		return orGhost(q.linkID, func() []byte { return r.ghost(s).linkID })
	case program.OtherQueue:
		return own(r.next(s))
	case program.RandomID:
		return fresh(idSize)
	case program.PrefixID:
		id := append([]byte{}, own(s)...)
		if len(id) == 0 {
			return fresh(idSize)
		}
		id[len(id)-1]++
		return id
	}
	return own(s)
}

func orGhost(id []byte, ghost func() []byte) []byte {
	if len(id) == 0 {
		return ghost()
	}
	return id
}

// signer is the key that authorizes an operation, zero for none.
func (r *runner) signer(op program.Op, s *slot, rec recipe) keys.PrivateKey {
	right := func(s *slot) keys.PrivateKey {
		q := r.known(s)
		switch {
		case !rec.key.IsZero():
			return rec.key
		case rec.party == recipient:
			return q.recipientKey
		case rec.party == sender:
			return q.senderKey
		case rec.party == notifier:
			return q.notifierKey
		}
		return noKey
	}
	q := r.known(s)
	switch op.Signer {
	case program.Nobody:
		return noKey
	case program.Recipient:
		return q.recipientKey
	case program.Sender:
		if q.senderKey.IsZero() {
			return r.sender(s, 0)
		}
		return q.senderKey
	case program.Notifier:
		return q.notifierKey
	case program.OtherSigner:
		return right(r.next(s))
	case program.Stranger:
		return r.newKey(keys.Ed25519)
	}
	return right(s)
}

// authorize signs a transmission, for the session of another connection if the operation
// says so. A key that cannot authorize in this session leaves it without authorization.
func (r *runner) authorize(l *line, op program.Op, t *smp.Transmission, key keys.PrivateKey) {
	if key.IsZero() {
		return
	}
	a := l.authorizer(key)
	if a == nil {
		return
	}
	session := l.conn.SessionID
	if op.Signer == program.OldSession {
		session = fresh(len(session))
		if elsewhere := r.lines[(l.slot+1)%len(r.lines)]; elsewhere != nil {
			session = elsewhere.conn.SessionID
		}
	}
	if err := t.Authorize(session, a); err != nil {
		t.Authorization = nil // its ids are too long for any signature
	}
}

// how describes an operation for a Pair: the command with the state of its queue, or in
// brief, for a command that will be changed, since what is changed matters more.
func (r *runner) how(l *line, op program.Op, s *slot, rec recipe) (full, brief string) {
	parts := []string{versionClass(l.version)}
	add := func(is bool, word string) {
		if is {
			parts = append(parts, word)
		}
	}
	brief = parts[0]
	if rec.party != nobody {
		brief += " " + s.presence()
	}
	add(rec.variant != "", rec.variant)
	add(rec.party != nobody, s.state(l))
	add(op.Entity != program.Own, op.Entity.String())
	add(op.Signer != program.Right, "by-"+op.Signer.String())
	add(len(l.held) > 0, "batch")
	add(l.encrypted() != (l.version >= smp.VersionBlockEncryption), "plain")
	return strings.Join(parts, " "), brief
}

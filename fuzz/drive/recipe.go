package drive

import (
	"fmt"
	"math/rand/v2"

	"smpcheck/fuzz/program"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// party is whose id and key a command needs.
type party int

const (
	nobody party = iota
	recipient
	sender
	notifier
	linkReader
	// other is an id and a key that the recipe has itself.
	other
)

// recipe is a command as it is intended.
type recipe struct {
	tag string
	// cmd is nil for what no codec encodes: then there are the bytes.
	cmd   smp.Command
	bytes []byte
	party party
	// id and key are those of the party other; key goes before that of other parties.
	id  []byte
	key keys.PrivateKey
	// correlation is the id that the command needs; nil for a random one.
	correlation []byte
	// variant tells the arguments of the command for a Pair.
	variant string
	// parcel is what a PFWD or RFWD carries.
	parcel *parcel
	// maker, slow and excused as in draft.
	maker, slow, excused bool
	// makes is the queue that a NEW makes.
	makes *queue
}

// Sources of randomness of an operation.
const (
	fromBody uint64 = iota
	fromMutations
	fromInner
)

// recipe makes the command of an operation.
func (r *runner) recipe(l *line, op program.Op) recipe {
	s := r.slots[op.Queue]
	q := r.known(s)
	random := r.random(r.op, fromBody)
	switch op.Kind {
	case program.PING:
		return recipe{tag: "PING", cmd: smp.PING{}}
	case program.NEW:
		return r.recipeNEW(l, s, op.Arg, random)
	case program.SUB:
		return recipe{tag: "SUB", cmd: smp.SUB{}, party: recipient}
	case program.KEY:
		key := r.sender(s, op.Arg)
		return recipe{tag: "KEY", maker: true, cmd: smp.KEY{SenderKey: key.Public()}, party: recipient, variant: algorithmName(key)}
	case program.SKEY:
		key := r.sender(s, op.Arg)
		return recipe{tag: "SKEY", maker: true, cmd: smp.SKEY{SenderKey: key.Public()}, party: sender, key: key, variant: algorithmName(key)}
	case program.LKEY:
		key := r.sender(s, op.Arg)
		return recipe{tag: "LKEY", maker: true, cmd: smp.LKEY{SenderKey: key.Public()}, party: linkReader, key: key, variant: algorithmName(key)}
	case program.RKEY:
		return r.recipeRKEY(op.Arg)
	case program.SEND:
		return recipeSEND(l, op.Arg, random)
	case program.ACK:
		return r.recipeACK(s, q, op.Arg)
	case program.GET:
		return recipe{tag: "GET", cmd: smp.GET{}, party: recipient}
	case program.OFF:
		return recipe{tag: "OFF", cmd: smp.OFF{}, party: recipient}
	case program.DEL:
		return recipe{tag: "DEL", cmd: smp.DEL{}, party: recipient}
	case program.QUE:
		return recipe{tag: "QUE", cmd: smp.QUE{}, party: recipient}
	case program.NKEY:
		return recipe{tag: "NKEY", cmd: smp.NKEY{NotifierKeys: r.notifierKeys()}, party: recipient, maker: true}
	case program.NDEL:
		return recipe{tag: "NDEL", cmd: smp.NDEL{}, party: recipient}
	case program.NSUB:
		return recipe{tag: "NSUB", cmd: smp.NSUB{}, party: notifier}
	case program.LSET:
		return r.recipeLSET(s, q, op.Arg, random)
	case program.LDEL:
		return recipe{tag: "LDEL", cmd: smp.LDEL{}, party: recipient}
	case program.LGET:
		return recipe{tag: "LGET", cmd: smp.LGET{}, party: linkReader, key: noKey}
	case program.PRXY:
		return r.recipePRXY(op.Arg)
	case program.PFWD:
		return r.recipePFWD(l, s, op)
	case program.RFWD:
		return r.recipeRFWD(l, s, op)
	case program.SUBS:
		return r.recipeService("SUBS", smp.SUBS{ServiceQueues: smp.ServiceQueues{Count: int64(op.Arg)}})
	case program.NSUBS:
		return r.recipeService("NSUBS", smp.NSUBS{ServiceQueues: smp.ServiceQueues{Count: int64(op.Arg)}})
	}
	return recipeRSLV(op.Arg)
}

// noKey says that nobody signs.
var noKey keys.PrivateKey

func algorithmName(k keys.PrivateKey) string { return k.Algorithm().String() }

// Bits of the Arg of NEW.
const (
	newSubscribe   = 1
	newModeShift   = 1
	newNotifier    = 8
	newKeyShift    = 4
	newContactLink = 64
)

// modes of NEW by the two bits of Arg.
const (
	modeNone = iota
	modeMessaging
	modeContact
	modeMessagingLink
)

// recipientAlgorithms are the algorithms of recipient keys by the two bits of Arg.
var recipientAlgorithms = [4]keys.Algorithm{keys.Ed25519, keys.X25519, keys.Ed448, keys.Ed25519}

// fixedDataSize is the size of fixed link data in bytes.
const fixedDataSize = 200

func (r *runner) recipeNEW(l *line, s *slot, arg uint16, random *rand.Rand) recipe {
	alg := recipientAlgorithms[arg>>newKeyShift&3]
	if alg == keys.X25519 && (l.version < smp.VersionAuthenticators || l.relayKey.IsZero()) {
		alg = keys.Ed25519
	}
	key := r.newKey(alg)
	c := smp.NEW{AuthKey: key.Public(), DHKey: r.newKey(keys.X25519).Public(), Subscribe: arg&newSubscribe != 0, Password: r.password()}
	rec := recipe{tag: "NEW", party: other, key: key, correlation: fresh(smp.CorrelationIDSize), maker: true,
		makes: &queue{slot: s, recipientKey: key}}
	mode := arg >> newModeShift & 3
	rec.variant = [...]string{"plain", "messaging", "contact", "messaging-link"}[mode]
	if arg&newContactLink != 0 {
		rec.variant = "contact-link"
	}
	switch {
	case arg&newContactLink != 0 || mode == modeMessagingLink:
		link := &smp.QueueLink{SenderID: smp.SenderID(rec.correlation),
			Data: smp.LinkData{Fixed: r.fixedData(s), User: fill(random, 100)}}
		c.Request = &smp.QueueRequest{Mode: smp.Messaging, Link: link}
		if arg&newContactLink != 0 {
			c.Request.Mode, link.LinkID = smp.Contact, fresh(idSize)
		}
	case mode == modeMessaging:
		c.Request = &smp.QueueRequest{Mode: smp.Messaging}
	case mode == modeContact:
		c.Request = &smp.QueueRequest{Mode: smp.Contact}
	}
	if arg&newNotifier != 0 {
		k := r.notifierKeys()
		c.Notifier = &k
		rec.variant += "+notifier"
	}
	if c.Subscribe {
		rec.variant += "+subscribe"
	}
	rec.variant += "+" + algorithmName(key)
	rec.cmd = c
	return rec
}

// password is that of the relay, nil for none.
func (r *runner) password() smp.Password {
	if r.cfg.Server.Password == "" {
		return nil
	}
	return smp.Password(r.cfg.Server.Password)
}

// notifierKeys makes new keys of a notifier.
func (r *runner) notifierKeys() smp.NotifierKeys {
	return smp.NotifierKeys{AuthKey: r.newKey(keys.Ed25519).Public(), DHKey: r.newKey(keys.X25519).Public()}
}

func (r *runner) recipeRKEY(arg uint16) recipe {
	n := int(arg+1) % 4
	rec := recipe{tag: "RKEY", party: recipient, variant: "no-keys", bytes: []byte("RKEY \x00"), maker: true}
	if n == 0 {
		return rec
	}
	c := smp.RKEY{}
	for range n {
		c.Keys = append(c.Keys, r.newKey(keys.Ed25519).Public())
	}
	rec.cmd, rec.variant = c, fmt.Sprintf("%d-keys", n)
	return rec
}

// Limits of the size of messages.
const (
	sendSizes  = 16100
	sendNotify = 0x8000
)

func recipeSEND(l *line, arg uint16, random *rand.Rand) recipe {
	n := int(arg&^sendNotify) % sendSizes
	rec := recipe{tag: "SEND", cmd: smp.SEND{Notify: arg&sendNotify != 0, Body: fill(random, n)}, party: sender}
	limit := smp.MaxMessageLength(l.version)
	switch {
	case n == 0:
		rec.variant = "empty"
	case n > limit:
		rec.variant = "over"
	case n == limit:
		rec.variant = "limit"
	default:
		rec.variant = "some"
	}
	if arg&sendNotify != 0 {
		rec.variant += "+notify"
	}
	return rec
}

// The messages that ACK acknowledges, by Arg.
const (
	ackLast = iota
	ackEarlier
	ackForeign
	ackRandom
	ackNoID
	ackChoices
)

// recipeACK chooses the id of a message.
func (r *runner) recipeACK(s *slot, q *queue, arg uint16) recipe {
	rec := recipe{tag: "ACK", party: recipient}
	back := func(q *queue, n int) []byte {
		if i := len(q.received) - n; i >= 0 {
			return q.received[i]
		}
		return fresh(idSize)
	}
	var id []byte
	switch arg % ackChoices {
	case ackLast:
		id, rec.variant = back(q, 1), "last"
	case ackEarlier:
		id, rec.variant = back(q, 2), "earlier"
	case ackForeign:
		id, rec.variant = back(r.known(r.next(s)), 1), "foreign"
	case ackRandom:
		id, rec.variant = fresh(idSize), "random"
	default:
		rec.variant = "no-id"
	}
	if len(q.received) == 0 && !q.raced {
		rec.variant += "-of-none"
	}
	rec.cmd = smp.ACK{MsgID: id}
	return rec
}

// next is the slot after s.
func (r *runner) next(s *slot) *slot { return r.slots[(s.index+1)%len(r.slots)] }

// fixedData is the fixed link data of all queues of a slot.
func (r *runner) fixedData(s *slot) []byte {
	return fill(rand.New(rand.NewPCG(r.cfg.Seed, uint64(s.index))), fixedDataSize)
}

// maxUserData is the most user data that fits a block with the rest of LSET.
const maxUserData = 15900

func (r *runner) recipeLSET(s *slot, q *queue, arg uint16, random *rand.Rand) recipe {
	id := q.linkID
	if id == nil {
		id = fresh(idSize)
	}
	n := int(arg) % maxUserData
	rec := recipe{tag: "LSET", party: recipient, maker: true,
		cmd: smp.LSET{LinkID: id, Data: smp.LinkData{Fixed: r.fixedData(s), User: fill(random, n)}}}
	switch {
	case n == 0:
		rec.variant = "empty"
	case n > maxUserData-100:
		rec.variant = "large"
	default:
		rec.variant = "some"
	}
	return rec
}

func (r *runner) recipeService(tag string, cmd smp.Command) recipe {
	return recipe{tag: tag, cmd: cmd, party: other, id: fresh(idSize), key: r.newKey(keys.Ed25519)}
}

// resolvable are the names that RSLV asks for, by Arg; the last have no encoding in the codec.
var resolvable = []string{
	"smpcheck.testing", "SMPCHECK.testing", "no.such.name.testing", "a.b", "smpcheck.testing more",
	"testing", "", ".", "-a.testing", "a..testing", "\x00.testing", "é.testing",
}

func recipeRSLV(arg uint16) recipe {
	name := resolvable[int(arg)%len(resolvable)]
	return recipe{tag: "RSLV", slow: true, bytes: []byte("RSLV " + name), variant: name}
}

// fill returns n bytes from random.
func fill(random *rand.Rand, n int) []byte {
	b := make([]byte, 0, n+8)
	for len(b) < n {
		x := random.Uint64()
		b = append(b, byte(x), byte(x>>8), byte(x>>16), byte(x>>24), byte(x>>32), byte(x>>40), byte(x>>48), byte(x>>56))
	}
	return b[:n]
}

package relaycases

import (
	"bytes"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// scene is a queue with those who deal with it, for one command that is refused.
type scene struct {
	t *T
	// queue belongs to the connection owner.
	queue *probe.Queue
	owner *probe.Conn
	// stranger and strangerKey try what the case is about.
	stranger    *probe.Conn
	strangerKey keys.PrivateKey
	// delivered is the message that owner has not acknowledged, for ACK.
	delivered probe.Delivery
}

// queueCommand is a command for a queue, with what shows that it had no effect.
type queueCommand struct {
	// name is the command as it stands in ids of cases.
	name string
	tag  string
	// requirement is the rule that the command has to be authorized.
	requirement string
	versions    wire.VersionRange
	options     []probe.QueueOption
	// sender says that the command is the sender's.
	sender bool
	// bringsKey says that the command is authorized by the key in it, which is that
	// of the stranger.
	bringsKey bool
	// prepare brings the queue into the state in which the command has an effect.
	prepare func(*scene)
	// command is what the stranger sends.
	command func(*scene) smp.Command
	// from is the connection that sends it; nil for the stranger's.
	from func(*scene) *probe.Conn
	// unharmed fails the case if the command had an effect.
	unharmed func(*scene)
	// unharmedText completes "… is refused and".
	unharmedText string
}

// queueCommands are the commands that the recipient and the sender of a queue
// authorize.
var queueCommands = []queueCommand{
	{
		name: "sub", tag: "SUB", requirement: "SMP-SUB-AUTHORIZED",
		command:      func(*scene) smp.Command { return smp.SUB{} },
		unharmed:     (*scene).expectOwnerReceives,
		unharmedText: "takes the subscription from nobody",
	},
	{
		name: "key", tag: "KEY", requirement: "SMP-KEY-AUTHORIZED",
		command:      func(s *scene) smp.Command { return smp.KEY{SenderKey: s.strangerKey.Public()} },
		unharmed:     (*scene).expectOwnerReceives,
		unharmedText: "leaves the queue unsecured",
	},
	{
		name: "rkey", tag: "RKEY", requirement: "SMP-RKEY-AUTHORIZED",
		versions: from(smp.VersionShortLinks), options: []probe.QueueOption{probe.ContactQueue},
		command: func(s *scene) smp.Command {
			return smp.RKEY{Keys: []keys.PublicKey{s.strangerKey.Public()}}
		},
		unharmed:     (*scene).expectOwnerKeepsKey,
		unharmedText: "leaves the recipient the key",
	},
	{
		name: "ack", tag: "ACK", requirement: "SMP-ACK-AUTHORIZED",
		prepare: func(s *scene) {
			s.queue.Fill(s.stranger, s.t.Rand().Bytes(40))
			s.delivered = s.queue.RequireMessage(s.owner)
		},
		command:      func(s *scene) smp.Command { return smp.ACK{MsgID: s.delivered.MsgID} },
		from:         func(s *scene) *probe.Conn { return s.owner },
		unharmed:     (*scene).expectMessageStays,
		unharmedText: "leaves the message in the queue",
	},
	{
		name: "get", tag: "GET", requirement: "SMP-GET-AUTHORIZED", options: []probe.QueueOption{probe.OnlyCreate},
		prepare: func(s *scene) { s.queue.Fill(s.owner, s.t.Rand().Bytes(40)) },
		command: func(*scene) smp.Command { return smp.GET{} },
		unharmed: func(s *scene) {
			s.queue.ExpectNoMessage(s.stranger, "GET was refused")
		},
		unharmedText: "delivers nothing",
	},
	{
		name: "off", tag: "OFF", requirement: "SMP-OFF-AUTHORIZED",
		command:      func(*scene) smp.Command { return smp.OFF{} },
		unharmed:     (*scene).expectOwnerReceives,
		unharmedText: "does not suspend the queue",
	},
	{
		name: "del", tag: "DEL", requirement: "SMP-DEL-AUTHORIZED",
		command:      func(*scene) smp.Command { return smp.DEL{} },
		unharmed:     (*scene).expectOwnerReceives,
		unharmedText: "does not delete the queue",
	},
	{
		name: "que", tag: "QUE", requirement: "SMP-QUE-AUTHORIZED",
		command:      func(*scene) smp.Command { return smp.QUE{} },
		unharmed:     (*scene).expectOwnerReceives,
		unharmedText: "tells nothing",
	},
	{
		name: "skey", tag: "SKEY", requirement: "SMP-SKEY-AUTHORIZED", sender: true, bringsKey: true,
		versions: from(smp.VersionSenderKeys), options: []probe.QueueOption{probe.SenderCanSecure},
		command:      func(s *scene) smp.Command { return smp.SKEY{SenderKey: s.strangerKey.Public()} },
		unharmed:     (*scene).expectOwnerReceives,
		unharmedText: "leaves the queue unsecured",
	},
	{
		name: "send", tag: "SEND", requirement: "SMP-SEND-SECURED-WRONG-KEY", sender: true,
		prepare: func(s *scene) { s.queue.Secure() },
		command: func(s *scene) smp.Command { return smp.SEND{Body: s.t.Rand().Bytes(40)} },
		unharmed: func(s *scene) {
			s.queue.ExpectNoMessage(s.owner, "the SEND was refused")
			s.expectOwnerReceives()
		},
		unharmedText: "delivers nothing",
	},
}

// set makes the scene for the command.
func (qc *queueCommand) set(t *T) *scene {
	s := &scene{t: t, owner: probe.Dial(t), stranger: probe.Dial(t), strangerKey: probe.NewKey(t, keys.Ed25519)}
	qc.newQueue(s)
	return s
}

// newQueue gives the scene a queue in the state for the command.
func (qc *queueCommand) newQueue(s *scene) {
	s.queue = s.owner.NewQueue(qc.options...)
	if qc.prepare != nil {
		qc.prepare(s)
	}
}

// works tries the command on another queue with everything as it should be, and
// reports whether the relay does it at all. If not, the answer says what it did.
func (qc *queueCommand) works(s *scene) (probe.Answer, bool) {
	other := *s
	qc.newQueue(&other)
	a := qc.ask(&other, qc.entity(&other), qc.key(&other))
	return a, a.OK() && !isError(a.Received)
}

// requireWorks blocks the case unless the command works: only then does a
// refusal show what the case is about.
func (qc *queueCommand) requireWorks(s *scene) {
	if a, ok := qc.works(s); !ok {
		probe.Blocked(s.t, "%s that is authorized as it should be was answered %s", qc.tag, a)
	}
}

// guarded reports whether the command is refused, for another queue, to a stranger.
func (qc *queueCommand) guarded(s *scene) bool {
	other := *s
	qc.newQueue(&other)
	return isRefusal(qc.ask(&other, qc.entity(&other), qc.wrongKeys(&other)[0]))
}

// ask sends the command to an entity with a key and returns the answer.
func (qc *queueCommand) ask(s *scene, entity []byte, key keys.PrivateKey) probe.Answer {
	c := s.stranger
	if qc.from != nil {
		c = qc.from(s)
	}
	return c.Ask(entity, key, qc.command(s))
}

// entity is the id that the command has to have.
func (qc *queueCommand) entity(s *scene) []byte {
	if qc.sender {
		return s.queue.SenderID
	}
	return s.queue.RecipientID
}

// otherEntity is the id of the same queue that the command must not have.
func (qc *queueCommand) otherEntity(s *scene) []byte {
	requireTwoIDs(s.t, s.queue)
	if qc.sender {
		return s.queue.RecipientID
	}
	return s.queue.SenderID
}

// requireTwoIDs blocks the case if recipient and sender have the same id.
func requireTwoIDs(t *T, q *probe.Queue) {
	if bytes.Equal(q.RecipientID, q.SenderID) {
		probe.Blocked(t, "recipient and sender have the same id")
	}
}

// key is the one that has to authorize the command.
func (qc *queueCommand) key(s *scene) keys.PrivateKey {
	switch {
	case qc.bringsKey:
		return s.strangerKey
	case qc.sender:
		return s.queue.SenderKey
	}
	return s.queue.Key
}

// wrongKeys are keys that must not authorize the command.
func (qc *queueCommand) wrongKeys(s *scene) []keys.PrivateKey {
	unknown := probe.NewKey(s.t, keys.Ed25519)
	if qc.bringsKey {
		return []keys.PrivateKey{unknown, s.queue.Key}
	}
	return []keys.PrivateKey{unknown, s.strangerKey}
}

// concerns reports whether the command exists at the version.
func (qc *queueCommand) concerns(version uint16) bool {
	return qc.versions.Max == 0 || qc.versions.Contains(version)
}

// expectOwnerReceives fails the case unless a message that the sender sends now,
// authorized if the queue was secured before, arrives at the owner alone.
func (s *scene) expectOwnerReceives() {
	body := s.t.Rand().Bytes(50)
	s.queue.Sender(s.stranger, smp.SEND{Body: body}).Expect(smp.OK{})
	s.queue.ExpectMessage(s.owner, body)
	s.queue.ExpectNoMessage(s.stranger, "the command was refused")
}

// expectOwnerKeepsKey fails the case unless the owner's key is good and that of
// the stranger no better than another one.
func (s *scene) expectOwnerKeepsKey() {
	if a := s.queue.Recipient(s.owner, smp.SUB{}); !isSubscribed(a) {
		s.t.Fail("SUB with the key of the recipient → OK or SOK", a.String())
	}
	unknown := s.stranger.Ask(s.queue.RecipientID, probe.NewKey(s.t, keys.Ed25519), smp.SUB{})
	if isError(unknown.Received) {
		s.stranger.Ask(s.queue.RecipientID, s.strangerKey, smp.SUB{}).ExpectRefused()
	}
}

// expectMessageStays fails the case unless the message that was not acknowledged
// is delivered again to a new subscriber.
func (s *scene) expectMessageStays() {
	again := probe.Dial(s.t)
	s.queue.Subscribe(again)
	s.queue.ExpectRedelivery(again, s.delivered.Message.Body)
}

// refusalCases returns a case for each command of the table at which refuse is
// kept: it has the command refused, and then the command must have had no
// effect. The id and title are completed by the command.
func refusalCases(id, title string, requirements []string, refuse func(*queueCommand, *scene), table []queueCommand) []conformance.Case {
	cases := make([]conformance.Case, len(table))
	for i := range table {
		qc := &table[i]
		cases[i] = must(conformance.Case{
			ID:           "relay/authorization/" + id + "-" + qc.name,
			Title:        qc.tag + " " + title + " is refused and " + qc.unharmedText,
			Requirements: withRequirement(requirements, qc.requirement),
			Versions:     qc.versions,
			Run: func(t *T) {
				s := qc.set(t)
				qc.requireWorks(s)
				refuse(qc, s)
				qc.unharmed(s)
			},
		})
	}
	return cases
}

// withRequirement appends a requirement that is not in the list yet.
func withRequirement(list []string, id string) []string {
	for _, known := range list {
		if known == id {
			return list
		}
	}
	return append(list[:len(list):len(list)], id)
}

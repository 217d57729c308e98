package relaycases

import (
	"bytes"
	"cmp"
	"strings"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// What a command is not about stays as it is. The document lets a subscription last until
// the connection closes, the queue is deleted or another connection subscribes, and a
// message until it is acknowledged, expires or goes with its queue.
var undisturbedCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/sub/continues",
		Title:        "No other command of the recipient, on whichever connection, ends the subscription to a queue",
		Requirements: []string{"SMP-SUB-CONTINUES"},
		Edges:        true,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			q, sender, other := changeable(t), probe.Dial(t), probe.Dial(t)
			q.Subscribe(q.Conn)
			for _, c := range []*probe.Conn{q.Conn, other} {
				for _, command := range append(bystanders(t, q), notifierCommands(q)...) {
					perform(q, c, command)
					expectStillReceives(t, q, sender, command)
				}
			}
			q.ExpectNoEvent(q.Conn, smp.END{}, "nobody else has subscribed")
		},
	}),
	must(conformance.Case{
		ID:           "relay/notify/nsub-continues",
		Title:        "No command of the recipient but NKEY, NDEL and DEL ends the subscription to notifications",
		Requirements: []string{"SMP-NTF-NSUB-CONTINUES"},
		Edges:        true,
		Timeout:      notifyTimeout,
		Run: func(t *T) {
			q, watcher := changeable(t), probe.Dial(t)
			n := q.Notify()
			n.Subscribe(watcher)
			other, fetching := probe.Dial(t), probe.Dial(t)
			expectStillTold := func() {
				q.Announce(other, t.Rand().Bytes(60))
				n.Expect(watcher)
			}
			for _, command := range append(bystanders(t, q), smp.SUB{}) {
				perform(q, other, command)
				expectStillTold()
			}
			perform(q, fetching, smp.GET{})
			expectStillTold()
			n.ExpectNoEvent(watcher, smp.END{}, "nobody else has subscribed")
		},
	}),
	must(conformance.Case{
		ID:           "relay/delivery/undisturbed",
		Title:        "No command of the recipient but ACK and DEL removes a message",
		Requirements: []string{"SMP-MSG-KEPT"},
		Edges:        true,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			q, sender, other := changeable(t), probe.Dial(t), probe.Dial(t)
			bodies := sender.Bodies(4)
			q.Fill(sender, bodies...)
			commands := append(bystanders(t, q), notifierCommands(q)...)
			tags := make([]string, len(commands))
			for i, command := range commands {
				perform(q, other, command)
				tags[i] = command.Tag()
			}
			recipient := probe.Dial(t)
			q.Subscribe(recipient)
			for i, body := range bodies {
				d, missing := q.Await(recipient)
				if missing != "" || !bytes.Equal(d.Message.Body, body) {
					t.Failf("all 4 messages, after "+strings.Join(tags, ", "), "in the place of message %d: %s", i+1, cmp.Or(missing, d.Describe()))
				}
				q.Acknowledge(recipient, d)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/link/undisturbed",
		Title:        "No command of the recipient but LSET, LDEL and DEL changes or removes the data of an address",
		Requirements: []string{"SMP-LINK-UNDISTURBED"},
		Versions:     from(smp.VersionShortLinks),
		Run: func(t *T) {
			c, reader := probe.Dial(t), probe.Dial(t)
			l := readable(t, c)
			l.Fill(probe.Dial(t), t.Rand().Bytes(60))
			request, _ := l.NotifierRequest(keys.Ed25519)
			for _, command := range []smp.Command{
				smp.QUE{}, smp.NKEY{NotifierKeys: request}, smp.NDEL{}, smp.RKEY{Keys: []keys.PublicKey{l.Key.Public()}},
				smp.ACK{MsgID: t.Fresh().Bytes(24)}, smp.SUB{},
			} {
				l.Recipient(c, command)
				reader.Read(l.LinkID).Expect(l.LNK())
			}
			l.Secure()
			l.Fill(probe.Dial(t), t.Rand().Bytes(60))
			reader.Read(l.LinkID).Expect(l.LNK())
		},
	}),
}

// changeable is a queue of the mode that takes most commands, to which nobody is
// subscribed.
func changeable(t *T) *probe.Queue {
	if t.Version() >= smp.VersionShortLinks {
		return probe.Dial(t).NewQueue(probe.OnlyCreate, probe.ContactQueue)
	}
	return probe.Dial(t).NewQueue(probe.OnlyCreate)
}

// bystanders are commands of the recipient that have nothing to do with who receives
// the messages and notifications of the queue. KEY is the last one.
func bystanders(t *T, q *probe.Queue) []smp.Command {
	commands := []smp.Command{smp.QUE{}, smp.ACK{MsgID: t.Fresh().Bytes(24)}}
	if t.Version() >= smp.VersionShortLinks {
		link := smp.LSET{LinkID: t.Fresh().Bytes(24), Data: smp.LinkData{Fixed: t.Rand().Bytes(30), User: t.Rand().Bytes(30)}}
		commands = append(commands, link, smp.LDEL{}, smp.RKEY{Keys: []keys.PublicKey{q.Key.Public()}})
	}
	return append(commands, smp.KEY{SenderKey: probe.NewKey(t, keys.Ed25519).Public()})
}

// notifierCommands give the queue a notifier, another one, and take it away.
func notifierCommands(q *probe.Queue) []smp.Command {
	first, _ := q.NotifierRequest(keys.Ed25519)
	second, _ := q.NotifierRequest(keys.Ed25519)
	return []smp.Command{smp.NKEY{NotifierKeys: first}, smp.NKEY{NotifierKeys: second}, smp.NDEL{}}
}

// perform has the recipient send a command on c, whatever the answer. KEY has the queue
// secured with a key that the sender has.
func perform(q *probe.Queue, c *probe.Conn, command smp.Command) {
	if _, ok := command.(smp.KEY); !ok {
		q.Recipient(c, command)
		return
	}
	if q.SenderKey.IsZero() {
		q.Secure()
	}
	q.Recipient(c, smp.KEY{SenderKey: q.SenderKey.Public()})
}

// expectStillReceives fails the case unless a message that is sent after a command comes
// to the connection that created the queue, which is subscribed.
func expectStillReceives(t *T, q *probe.Queue, sender *probe.Conn, after smp.Command) {
	q.Fill(sender, t.Rand().Bytes(60))
	d, missing := q.Await(q.Conn)
	if missing != "" {
		t.Fail("after "+after.Tag()+" a message on the subscribed connection", missing)
	}
	q.Acknowledge(q.Conn, d)
}

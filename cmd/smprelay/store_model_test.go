//go:build unix

package main

import (
	"crypto/rand"
	"errors"
	randv2 "math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// state is what a relay stores about a queue, as far as one can ask for it.
type state struct {
	deleted   bool
	owners    [2]bool // which of the two recipient keys the relay takes
	secured   bool
	suspended bool
	link      string // user data, empty for none
	notifier  int    // which of kept.notifiers, counted from 1; 0 for none
}

// kept is a queue with the states that it may have.
type kept struct {
	mode     smp.QueueMode
	rcvID    []byte
	sndID    []byte
	linkID   []byte
	owners   [2]keys.PrivateKey
	sender   keys.PrivateKey
	possible []state
	// notifiers are all that the queue had; without id those of which no answer came.
	notifiers []client.NotifierQueue
}

// step is one command, with the state that it makes.
type step struct {
	queue   *kept // nil for NEW
	request client.Request
	after   state
	made    func(smp.IDS) // for NEW
	named   func(smp.NID) // for NKEY
}

// worker changes queues of its own.
type worker struct {
	t      *testing.T
	random *randv2.Rand
	queues []*kept
	lost   int // how many NEW were not answered

	service *serviceWorker // nil for an ordinary client
}

// work sends blocks of changes until the connection is lost.
func (w *worker) work(c *client.Client, answered *countdown) {
	for lost := false; !lost; {
		steps := w.plan()
		requests := make([]client.Request, len(steps))
		for i, s := range steps {
			requests[i] = s.request
		}
		for i, result := range c.DoAll(w.t.Context(), requests...) {
			if !w.note(steps[i], result) {
				lost = true
				continue
			}
			answered.add()
		}
	}
}

// note enters what is known after a step. It is false if the step was not answered.
func (w *worker) note(s step, result client.Result) bool {
	var refusal *smp.Error
	switch {
	case errors.As(result.Err, &refusal):
		w.t.Errorf("%T is refused: %v", s.request.Command, refusal)
	case result.Err != nil && s.queue == nil:
		w.lost++
		return false
	case result.Err != nil:
		s.queue.possible = append(s.queue.possible, s.after)
		return false
	case s.queue == nil:
		s.made(result.Response.(smp.IDS))
	default:
		s.queue.possible = []state{s.after}
		if s.named != nil {
			s.named(result.Response.(smp.NID))
		}
	}
	return true
}

// plan chooses some steps, each for another queue.
func (w *worker) plan() []step {
	var steps []step
	for range 1 + w.random.IntN(8) {
		if len(w.queues) < 20 || w.random.IntN(4) == 0 {
			steps = append(steps, w.create())
		}
	}
	for _, i := range w.random.Perm(len(w.queues))[:min(len(w.queues), w.random.IntN(12))] {
		q := w.queues[i]
		if len(q.possible) == 1 && !q.possible[0].deleted {
			steps = append(steps, w.change(q))
		}
	}
	return steps
}

func (w *worker) key(algorithm keys.Algorithm) keys.PrivateKey {
	key, err := keys.Generate(algorithm, rand.Reader)
	require.NoError(w.t, err)
	return key
}

// create makes a queue of any mode, with or without link.
func (w *worker) create() step {
	q := &kept{owners: [2]keys.PrivateKey{w.key(keys.Ed25519), w.key(keys.X25519)}, sender: w.key(keys.X25519)}
	after := state{owners: [2]bool{true, false}}
	command := smp.NEW{AuthKey: q.owners[0].Public(), DHKey: w.key(keys.X25519).Public(), Subscribe: w.service != nil || w.random.IntN(2) == 0}
	s := step{request: client.Request{Key: q.owners[0]}}
	q.mode = []smp.QueueMode{0, smp.Messaging, smp.Contact}[w.random.IntN(3)]
	if q.mode != 0 {
		command.Request = &smp.QueueRequest{Mode: q.mode}
	}
	if q.mode != 0 && w.random.IntN(2) == 0 {
		_, _ = rand.Read(s.request.CorrelationID[:])
		link := &smp.QueueLink{SenderID: smp.SenderID(s.request.CorrelationID[:]), Data: w.data()}
		if q.mode == smp.Contact {
			link.LinkID = newLinkID()
		}
		command.Request.Link = link
		after.link = string(link.Data.User)
	}
	s.request.Command = command
	s.made = func(ids smp.IDS) {
		q.rcvID, q.sndID, q.linkID = ids.RecipientID, ids.SenderID, ids.LinkID
		q.possible = []state{after}
		w.queues = append(w.queues, q)
	}
	return s
}

func newLinkID() []byte {
	var id box.Nonce
	_, _ = rand.Read(id[:])
	return id[:]
}

// data are link data that differ in what LSET may change.
func (w *worker) data() smp.LinkData {
	return smp.LinkData{Fixed: []byte("fixed"), User: []byte{byte('a' + w.random.IntN(26)), byte('a' + w.random.IntN(26))}}
}

// change chooses a command that the queue takes in its state.
func (w *worker) change(q *kept) step {
	now := q.possible[0]
	after := now
	byOwner := client.Request{EntityID: q.rcvID, Key: q.owners[slices.Index(now.owners[:], true)]}
	switch w.random.IntN(11) {
	case 8, 9:
		return w.enable(q, byOwner)
	case 10:
		byOwner.Command, after.notifier = smp.NDEL{}, 0
	case 0:
		byOwner.Command, after = smp.DEL{}, state{deleted: true}
	case 1:
		byOwner.Command, after.suspended = smp.OFF{}, true
	case 2:
		byOwner.Command, after.secured = smp.KEY{SenderKey: q.sender.Public()}, true
	case 3:
		if q.mode != smp.Contact {
			byOwner.Command = smp.SUB{}
			break
		}
		byOwner.Command, after.link = smp.LDEL{}, ""
	case 4:
		if q.mode == smp.Messaging {
			skey := client.Request{EntityID: q.sndID, Key: q.sender, Command: smp.SKEY{SenderKey: q.sender.Public()}}
			return step{queue: q, request: skey, after: secured(now)}
		}
		byOwner.Command = smp.SUB{}
	case 5:
		if q.mode == smp.Messaging && now.link != "" {
			lkey := client.Request{EntityID: q.linkID, Key: q.sender, Command: smp.LKEY{SenderKey: q.sender.Public()}}
			return step{queue: q, request: lkey, after: secured(now)}
		}
		byOwner.Command = smp.QUE{}
	case 6:
		if q.mode != smp.Contact {
			byOwner.Command = smp.QUE{}
			break
		}
		if now.link == "" {
			q.linkID = newLinkID()
		}
		data := w.data()
		byOwner.Command, after.link = smp.LSET{LinkID: q.linkID, Data: data}, string(data.User)
	default:
		if q.mode != smp.Contact {
			byOwner.Command = smp.SUB{}
			break
		}
		after.owners = [][2]bool{{true, false}, {false, true}, {true, true}}[w.random.IntN(3)]
		var list []keys.PublicKey
		for i, is := range after.owners {
			if is {
				list = append(list, q.owners[i].Public())
			}
		}
		byOwner.Command = smp.RKEY{Keys: list}
	}
	return step{queue: q, request: byOwner, after: after}
}

// enable gives a queue another notifier.
func (w *worker) enable(q *kept, byOwner client.Request) step {
	n := client.NotifierQueue{Key: w.key(keys.Ed25519)}
	q.notifiers = append(q.notifiers, n)
	after := q.possible[0]
	after.notifier = len(q.notifiers)
	byOwner.Command = smp.NKEY{NotifierKeys: smp.NotifierKeys{AuthKey: n.Key.Public(), DHKey: w.key(keys.X25519).Public()}}
	named := func(nid smp.NID) { q.notifiers[after.notifier-1].NotifierID = nid.NotifierID }
	return step{queue: q, request: byOwner, after: after, named: named}
}

func secured(s state) state {
	s.secured = true
	return s
}

// check asks for the state of every queue, which has to be a possible one, and
// returns how many queues there are.
func (w *worker) check(c *client.Client) (alive int) {
	w.t.Helper()
	var queues []*kept
	for _, q := range w.queues {
		got := w.ask(c, q)
		require.Contains(w.t, q.possible, got, "mode %v", q.mode)
		if got.deleted {
			continue
		}
		q.possible = []state{got}
		if q.mode == smp.Messaging && got.secured && !got.suspended && got.link != "" {
			// The message that ask sent deletes the link, now or later.
			gone := got
			gone.link = ""
			q.possible = append(q.possible, gone)
		}
		queues = append(queues, q)
	}
	w.queues = queues
	return len(queues)
}

// ask finds the state of a queue.
func (w *worker) ask(c *client.Client, q *kept) state {
	w.t.Helper()
	got := state{deleted: true}
	for i, key := range q.owners {
		if answer, ok := w.do(c, q.rcvID, key, smp.QUE{}).(smp.INFO); ok {
			got.owners[i], got.deleted, got.secured = true, false, answer.Queue.Secured
			got.notifier = 0
			if answer.Queue.Notifier {
				got.notifier = len(q.notifiers) // if it is none of which the id is known
			}
		}
	}
	if got.deleted {
		got.notifier = w.askNotifier(c, q, 0)
		return got
	}
	got.notifier = w.askNotifier(c, q, got.notifier)
	if got.secured {
		same := w.do(c, q.rcvID, q.owners[slices.Index(got.owners[:], true)], smp.KEY{SenderKey: q.sender.Public()})
		require.Equal(w.t, smp.OK{}, same, "another sender key")
	}
	if link, ok := w.askLink(c, q, got.secured).(smp.LNK); ok {
		require.Equal(w.t, q.sndID, link.SenderID)
		require.Equal(w.t, "fixed", string(link.Data.Fixed))
		got.link = string(link.Data.User)
	}
	got.suspended = !w.takes(c, q, got)
	return got
}

// askNotifier returns which notifier can subscribe, otherwise if it is none of which
// the id is known.
func (w *worker) askNotifier(c *client.Client, q *kept, otherwise int) (notifier int) {
	notifier = otherwise
	for i, n := range q.notifiers {
		if n.NotifierID == nil {
			continue
		}
		if answer, ok := w.do(c, n.NotifierID, n.Key, smp.NSUB{}).(smp.SOK); ok {
			require.Empty(w.t, answer.ServiceID)
			notifier = 1 + i
		}
	}
	return notifier
}

// askLink asks for the link data of a queue. Those of an invitation are for its
// sender only: before it has one they are not asked for, and nothing changes them.
func (w *worker) askLink(c *client.Client, q *kept, secured bool) smp.Response {
	switch {
	case q.linkID == nil:
		return nil
	case q.mode == smp.Contact:
		return w.do(c, q.linkID, keys.PrivateKey{}, smp.LGET{})
	case secured:
		return w.do(c, q.linkID, q.sender, smp.LKEY{SenderKey: q.sender.Public()})
	}
	return smp.LNK{SenderID: q.sndID, Data: smp.LinkData{Fixed: []byte("fixed"), User: []byte(q.possible[0].link)}}
}

// takes reports whether a queue takes a message.
func (w *worker) takes(c *client.Client, q *kept, s state) bool {
	var key keys.PrivateKey
	if s.secured {
		key = q.sender
		require.Equal(w.t, smp.ERR{Err: smp.ErrAuth}, w.do(c, q.sndID, keys.PrivateKey{}, smp.SEND{Body: []byte("unsigned")}))
	}
	answer := w.do(c, q.sndID, key, smp.SEND{Body: []byte("signed")})
	return answer == smp.Response(smp.OK{})
}

// do returns the answer to a command, which has to come.
func (w *worker) do(c *client.Client, entity []byte, key keys.PrivateKey, command smp.Command) smp.Response {
	w.t.Helper()
	answer, err := c.Do(w.t.Context(), entity, key, command)
	var refusal *smp.Error
	if errors.As(err, &refusal) {
		require.Equal(w.t, smp.ErrAuth, refusal, "%T", command)
		return smp.ERR{Err: refusal}
	}
	require.NoError(w.t, err, "%T", command)
	return answer
}

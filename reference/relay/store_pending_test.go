package relay_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// answerOf sends a command and returns where its answer will be.
func (c *client) answerOf(key keys.PrivateKey, entity []byte, command smp.Command) <-chan smp.Response {
	answer := make(chan smp.Response, 1)
	_, encoded := c.request(key, entity, command)
	c.write(encoded)
	go func() { answer <- c.next().Response }()
	return answer
}

// within returns what comes, which has to.
func within(t testing.TB, answer <-chan smp.Response) smp.Response {
	t.Helper()
	select {
	case r := <-answer:
		return r
	case <-time.After(patience):
		t.Fatal("no answer")
		return nil
	}
}

// Nothing is answered before it is stored, and other connections are served
// meanwhile.
func TestAnswersWaitForTheStore(t *testing.T) {
	t.Parallel()
	e, m := startStored(t)
	c, other := connect(t, e, 20), connect(t, e, 20)
	q, unchanged := c.newQueue(contact), other.newQueue()
	dh := newKey(t, keys.X25519).Public()
	for _, command := range []smp.Command{
		smp.LSET{LinkID: newID(), Data: someData}, smp.LDEL{}, smp.KEY{SenderKey: newKey(t, keys.Ed25519).Public()}, smp.OFF{},
		smp.NEW{AuthKey: q.rcvKey.Public(), DHKey: dh}, smp.DEL{},
	} {
		entity := q.rcvID
		if _, ok := command.(smp.NEW); ok {
			entity = nil
		}
		release := m.hold()
		answer := c.answerOf(q.rcvKey, entity, command)
		m.waiting(t)
		other.takes(unchanged)
		other.quiet()
		select {
		case got := <-answer:
			t.Fatalf("%T is answered with %#v before it is stored", command, got)
		default:
		}
		before := m.count()
		release()
		_, failed := within(t, answer).(smp.ERR)
		require.False(t, failed, "%T", command)
		require.Equal(t, before+1, m.count())
	}
}

// Nobody sees a change before it is stored, and so nobody sees one that failed.
func TestChangesAreInvisibleUntilStored(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 100)
	e, m := startStored(t, func(c *relay.Config) {
		authorise := relay.DefaultStages().Authorise
		c.Stages.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			arrived <- struct{}{}
			return authorise(s, r)
		}
	})
	c, other := connect(t, e, 20), connect(t, e, 20)
	plain, deleted, suspended, invitation := c.newQueue(messaging), c.newQueue(), c.newQueue(), c.newLinked(smp.Messaging)
	address, linkless, linkID := c.newLinked(smp.Contact), c.newQueue(contact), newID()
	first, second := newKey(t, keys.X25519), newKey(t, keys.X25519)
	for _, test := range []struct {
		name    string
		key     keys.PrivateKey
		entity  []byte
		command smp.Command
		// what another client asks meanwhile, and is answered if the change fails
		asksKey keys.PrivateKey
		asks    []byte
		ask     smp.Command
		want    smp.Response
	}{
		{"SKEY", first, plain.sndID, smp.SKEY{SenderKey: first.Public()}, noKey, plain.sndID, smp.SEND{Body: []byte("x")}, smp.OK{}},
		{"KEY", plain.rcvKey, plain.rcvID, smp.KEY{SenderKey: first.Public()}, second, plain.sndID, smp.SKEY{SenderKey: second.Public()}, internal},
		{"DEL", deleted.rcvKey, deleted.rcvID, smp.DEL{}, noKey, deleted.sndID, smp.SEND{Body: []byte("x")}, smp.OK{}},
		{"OFF", suspended.rcvKey, suspended.rcvID, smp.OFF{}, noKey, suspended.sndID, smp.SEND{Body: []byte("x")}, smp.OK{}},
		{"LKEY", first, invitation.linkID, smp.LKEY{SenderKey: first.Public()}, noKey, invitation.sndID, smp.SEND{Body: []byte("x")}, smp.OK{}},
		{"LDEL", address.rcvKey, address.rcvID, smp.LDEL{}, noKey, address.linkID, smp.LGET{}, address.lnk()},
		{"LSET", linkless.rcvKey, linkless.rcvID, smp.LSET{LinkID: linkID, Data: someData}, noKey, linkID, smp.LGET{}, refused(smp.ErrAuth)},
	} {
		for len(arrived) > 0 {
			<-arrived
		}
		release := m.hold()
		m.fail(errDiskFull)
		answer := c.answerOf(test.key, test.entity, test.command)
		m.waiting(t)
		<-arrived
		asked := other.answerOf(test.asksKey, test.asks, test.ask)
		<-arrived
		connect(t, e, 20).quiet()
		release()
		require.Equal(t, internal, within(t, answer), test.name)
		require.Equal(t, test.want, within(t, asked), test.name)
		m.fail(nil)
		c.drain()
	}
}

// drain reads until nothing is on its way.
func (c *client) drain() {
	c.t.Helper()
	sent, encoded := c.request(noKey, nil, smp.PING{})
	c.write(encoded)
	for string(c.next().Transmission.CorrelationID) != string(sent.CorrelationID) {
	}
}

// The order of answers is that of the commands, whether they wait or not; a command
// sees what one before it did to the same queue.
func TestOrderWithStore(t *testing.T) {
	t.Parallel()
	e, _ := startStored(t)
	c := connect(t, e, 20)
	q := c.newQueue(onlyCreate)
	key := newKey(t, keys.X25519)
	var block [][]byte
	var order []smp.Transmission
	for _, step := range []struct {
		key     keys.PrivateKey
		entity  []byte
		command smp.Command
	}{
		{noKey, nil, smp.PING{}},
		{noKey, q.sndID, smp.SEND{Body: []byte("unsecured")}},
		{q.rcvKey, q.rcvID, smp.KEY{SenderKey: key.Public()}},
		{noKey, q.sndID, smp.SEND{Body: []byte("refused")}},
		{key, q.sndID, smp.SEND{Body: []byte("secured")}},
		{q.rcvKey, q.rcvID, smp.OFF{}},
		{key, q.sndID, smp.SEND{Body: []byte("refused")}},
		{q.rcvKey, nil, smp.NEW{AuthKey: q.rcvKey.Public(), DHKey: newKey(t, keys.X25519).Public()}},
		{noKey, nil, smp.PING{}},
		{q.rcvKey, q.rcvID, smp.DEL{}},
		{q.rcvKey, q.rcvID, smp.SUB{}},
	} {
		sent, encoded := c.request(step.key, step.entity, step.command)
		block, order = append(block, encoded), append(order, sent)
	}
	c.write(block...)
	for i, want := range []smp.Response{
		smp.PONG{}, smp.OK{}, smp.OK{}, refused(smp.ErrAuth), smp.OK{}, smp.OK{}, refused(smp.ErrAuth), nil, smp.PONG{}, smp.OK{},
		refused(smp.ErrAuth),
	} {
		got := c.next()
		require.Equal(t, order[i].CorrelationID, got.Transmission.CorrelationID, "answer %d", i)
		if want == nil {
			require.IsType(t, smp.IDS{}, got.Response)
		} else {
			require.Equal(t, want, got.Response, "answer %d", i)
		}
	}
}

// What comes from all connections while the store is busy is one commit.
func TestChangesAreStoredTogether(t *testing.T) {
	t.Parallel()
	const clients, each = 5, 40
	var executed atomic.Int64
	all := make(chan struct{})
	e, m := startStored(t, func(c *relay.Config) {
		execute := relay.DefaultStages().Execute
		c.Stages.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			outs := execute(s, r)
			if _, ok := r.Command.(smp.NEW); ok && executed.Add(1) == 1+clients*each {
				close(all)
			}
			return outs
		}
	})
	release := m.hold()
	c := connect(t, e, 20)
	key := newKey(t, keys.Ed25519)
	create := smp.NEW{AuthKey: key.Public(), DHKey: newKey(t, keys.X25519).Public()}
	first := c.answerOf(key, nil, create)
	m.waiting(t)
	var connections []*client
	for range clients {
		c := connect(t, e, 20)
		var block [][]byte
		for range each {
			_, encoded := c.request(key, nil, create)
			block = append(block, encoded)
		}
		c.write(block...)
		connections = append(connections, c)
	}
	select {
	case <-all:
	case <-time.After(patience):
		t.Fatal("commands wait for the store one by one")
	}
	release()
	require.IsType(t, smp.IDS{}, within(t, first))
	for _, c := range connections {
		for range each {
			require.IsType(t, smp.IDS{}, c.next().Response)
		}
	}
	require.Equal(t, 2, m.count())
	require.Len(t, m.all(), 1+clients*each)
}

// The subscriber of a queue that somebody else deletes learns it when it is gone for
// good.
func TestDELDWithStore(t *testing.T) {
	t.Parallel()
	e, m := startStored(t)
	owner, other := connect(t, e, 20), connect(t, e, 20)
	second := newKey(t, keys.Ed25519)
	q := owner.newQueue(contact)
	require.Equal(t, smp.OK{}, owner.recipient(q, smp.RKEY{Keys: []keys.PublicKey{q.rcvKey.Public(), second.Public()}}))
	m.fail(errDiskFull)
	require.Equal(t, internal, other.do(second, q.rcvID, smp.DEL{}))
	owner.quiet()
	owner.takes(q)
	m.fail(nil)
	require.Equal(t, smp.OK{}, other.do(second, q.rcvID, smp.DEL{}))
	require.Equal(t, smp.DELD{}, owner.event(q.rcvID))
}

// A forwarded command is answered when its change is stored.
func TestForwardedWithStore(t *testing.T) {
	t.Parallel()
	e, m := startStored(t)
	c := connect(t, e, 20)
	q := c.newQueue(messaging)
	p := behind(t, e, 20, 20)
	first, key := newKey(t, keys.X25519), newKey(t, keys.X25519)
	inner := p.inner(first, q.sndID, smp.SKEY{SenderKey: first.Public()})
	content, err := inner.AppendBlock(nil, p.version)
	require.NoError(t, err)
	m.fail(errDiskFull)
	_, answer := p.forward(inner.CorrelationID, content)
	require.Equal(t, internal, answer)
	m.fail(nil)
	require.Equal(t, smp.OK{}, p.do(key, q.sndID, smp.SKEY{SenderKey: key.Public()}))
	q.sndKey = key
	c.takes(q)
}

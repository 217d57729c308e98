package ratchet_test

import (
	"math/rand/v2"
	"slices"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/ratchet"
)

// source returns keys that a seed decides about.
func source(seed uint64) ratchet.Keys { return ratchet.NewKeys(stream(seed)) }

func stream(seed uint64) *rand.ChaCha8 {
	var s [32]byte
	for i := range 8 {
		s[i] = byte(seed >> (8 * i))
	}
	return rand.NewChaCha8(s)
}

// setup is how two sides start.
type setup struct {
	version, maxVersion uint16
	propose, accept     bool // the initiating, the joining side wants the KEM
}

// pair starts the ratchets of a joining and an initiating side.
func (o setup) pair(t require.TestingT, keys ratchet.Keys) (joining, initiating ratchet.State) {
	initiator, err := ratchet.Propose(keys, o.version, o.propose)
	require.NoError(t, err)
	offer := initiator.Public(o.version)
	joiner, err := ratchet.Reply(keys, offer, o.accept)
	require.NoError(t, err)
	joining, err = ratchet.InitSender(keys, joiner, offer, o.maxVersion)
	require.NoError(t, err)
	initiating, err = ratchet.InitReceiver(initiator, joiner.Public(o.version), o.maxVersion, o.propose)
	require.NoError(t, err)
	return joining, initiating
}

var (
	plainV2   = setup{version: 2, maxVersion: 3}
	plainV3   = setup{version: 3, maxVersion: 3}
	pqAgreed  = setup{version: 3, maxVersion: 3, propose: true, accept: true}
	pqOffered = setup{version: 3, maxVersion: 3, propose: true}
	pqReplied = setup{version: 3, maxVersion: 3, accept: true}
	onlyV2    = setup{version: 2, maxVersion: 2}
)

var allSetups = []setup{plainV2, plainV3, pqAgreed, pqOffered, pqReplied, onlyV2}

// setups are all the ways to start.
var setups = rapid.SampledFrom(allSetups)

// sent is a message on its way.
type sent struct {
	content, message []byte
	chain            string // the sender's ratchet key
	kem              string // what its header says of the KEM
	delivered        bool
}

// side is one side of a conversation with what was sent to it.
type side struct {
	state  ratchet.State
	inbox  []*sent
	chains map[string]bool // of which a message was received
}

// conversation is two sides and a network between them that does as it likes.
type conversation struct {
	t     *rapid.T
	keys  ratchet.Keys
	sides [2]*side
}

// length is what contents are padded to.
const length = 100

func converse(t *rapid.T, o setup) *conversation {
	c := &conversation{t: t, keys: pooledSource(rapid.Uint64().Draw(t, "seed"))}
	start := rapid.IntRange(0, startsOfSetup-1).Draw(t, "start")
	for i, s := range starts()[o][start] {
		c.sides[i] = &side{state: s, chains: map[string]bool{}}
		if s.Receive != nil {
			c.sides[i].chains[string(s.Send.DHRemote.Raw())] = true
		}
	}
	return c
}

func (c *conversation) canSend(from int) bool { return c.sides[from].state.Send != nil }

// kemOf names what a state sends of the KEM, as the agent protocol does.
func kemOf(s ratchet.State) string {
	switch {
	case s.KEM == nil || s.Version < ratchet.PQVersion:
		return "no-pq"
	case s.KEM.Accepted == nil:
		return "pq"
	}
	return "pq+ct"
}

// send encrypts a message of random content and puts it on its way.
func (c *conversation) send(from int, o ratchet.Options) *sent {
	content := rapid.SliceOfN(rapid.Byte(), 0, length-2).Draw(c.t, "content")
	s := c.sides[from]
	message, next, err := s.state.Encrypt(content, length, o)
	require.NoError(c.t, err)
	m := &sent{content: content, message: message, chain: string(s.state.DHSelf.Public().Raw()), kem: kemOf(s.state)}
	s.state = next
	to := c.sides[1-from]
	to.inbox = append(to.inbox, m)
	return m
}

// deliver decrypts a message for the first time.
func (c *conversation) deliver(to int, m *sent) {
	s := c.sides[to]
	content, next, err := s.state.Decrypt(c.keys, m.message)
	require.NoError(c.t, err)
	require.Equal(c.t, m.content, append([]byte{}, content...))
	s.state = next
	s.chains[m.chain] = true
	m.delivered = true
}

// lose takes a message off its way.
func (c *conversation) lose(to int, m *sent) {
	s := c.sides[to]
	s.inbox = slices.DeleteFunc(s.inbox, func(other *sent) bool { return other == m })
}

// skip lets a side send messages that nobody ever sees.
func (c *conversation) skip(from, n int) {
	s := &c.sides[from].state
	send := *s.Send
	for range n {
		send.ChainKey, _, _ = ratchet.ChainKDF(send.ChainKey)
	}
	s.Send, s.SendNumber = &send, s.SendNumber+uint32(n)
}

// refuse checks that a message does not decrypt, and that nothing changes.
func (c *conversation) refuse(to int, message []byte) error {
	s := c.sides[to]
	content, next, err := s.state.Decrypt(c.keys, message)
	require.Error(c.t, err)
	require.Nil(c.t, content)
	require.Equal(c.t, s.state, next)
	return err
}

// waiting are the messages to a side that have not come.
func (c *conversation) waiting(to int) (all []*sent) {
	for _, m := range c.sides[to].inbox {
		if !m.delivered {
			all = append(all, m)
		}
	}
	return all
}

// talk sends a message each way and delivers it, so that both sides make a
// ratchet step.
func (c *conversation) talk(o ratchet.Options) {
	for from := range 2 {
		c.deliver(1-from, c.send(from, o))
	}
}

// act lets something happen: a side sends, or a message comes, in no order.
// choose picks among the messages that wait for a side.
func (c *conversation) act(wish *rapid.Generator[ratchet.PQEncryption], choose func(to int, waiting []*sent) *sent) {
	one := rapid.IntRange(0, 1).Draw(c.t, "side")
	if waiting := c.waiting(one); len(waiting) > 0 && rapid.Bool().Draw(c.t, "deliver") {
		c.deliver(one, choose(one, waiting))
	} else if c.canSend(one) {
		c.send(one, ratchet.Options{PQ: wish.Draw(c.t, "PQ")})
	}
}

// any picks any message that waits.
func (c *conversation) any(_ int, waiting []*sent) *sent {
	return rapid.SampledFrom(waiting).Draw(c.t, "message")
}

// firstOfChain picks any message that waits, but of a chain that has not begun
// the first.
func (c *conversation) firstOfChain(to int, waiting []*sent) *sent {
	m := c.any(to, waiting)
	for _, first := range waiting {
		if first.chain == m.chain && !c.sides[to].chains[m.chain] {
			return first
		}
	}
	return m
}

var (
	notOff   = rapid.SampledFrom([]ratchet.PQEncryption{ratchet.PQUnchanged, ratchet.PQOn})
	anything = rapid.SampledFrom([]ratchet.PQEncryption{ratchet.PQUnchanged, ratchet.PQOn, ratchet.PQOff})
)

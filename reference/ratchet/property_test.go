package ratchet_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/ratchet"
	"smpcheck/reference/wire"
)

// refusals are the errors of a message that comes again.
var refusals = []error{ratchet.ErrDuplicate, ratchet.ErrEarlier, ratchet.ErrHeader}

func isRefusal(err error) bool {
	for _, r := range refusals {
		if errors.Is(err, r) {
			return true
		}
	}
	return false
}

// Whatever the network delays, reorders, repeats and loses: each message that
// comes decrypts to its content the first time, and never again. What is lost
// leaves a key behind and changes nothing else.
func TestPropertyExactlyOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := converse(t, setups.Draw(t, "setup"))
		for range rapid.IntRange(1, 20).Draw(t, "actions") {
			c.act(notOff, c.any)
			again := c.sides[rapid.IntRange(0, 1).Draw(t, "again")]
			for _, m := range again.inbox {
				if m.delivered && rapid.IntRange(0, 3).Draw(t, "repeat") == 0 {
					to := 0
					if again == c.sides[1] {
						to = 1
					}
					require.True(t, isRefusal(c.refuse(to, m.message)))
				}
			}
		}
		for to := range 2 { // what was late comes at last, or never
			lost := 0
			for waiting := c.waiting(to); len(waiting) > 0; waiting = c.waiting(to) {
				m := c.any(to, waiting)
				if rapid.IntRange(0, 3).Draw(t, "lost") == 3 {
					c.lose(to, m)
					lost++
				} else {
					c.deliver(to, m)
				}
			}
			require.LessOrEqual(t, keysKept(c.sides[to].state), lost, "keys of messages that came")
		}
		c.talk(ratchet.Options{})
	})
}

// keysKept is the number of keys that a state keeps for messages to come.
func keysKept(s ratchet.State) (n int) {
	for _, c := range s.Skipped {
		n += len(c.Keys)
	}
	return n
}

// Both sides turn the KEM on and off as they like; they never lose each other,
// and each ratchet step follows the table of the agent protocol. The first
// message of a chain is not lost here: see TestPQOffNeedsItsMessage.
func TestPropertyPQSwitching(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := converse(t, setups.Draw(t, "setup"))
		for range rapid.IntRange(1, 16).Draw(t, "actions") {
			c.act(anything, func(to int, waiting []*sent) *sent {
				return c.checked(to, c.firstOfChain(to, waiting))
			})
		}
		for to := range 2 {
			for waiting := c.waiting(to); len(waiting) > 0; waiting = c.waiting(to) {
				c.deliver(to, c.firstOfChain(to, waiting))
			}
		}
		on := rapid.Bool().Draw(t, "last wish")
		wish := map[bool]ratchet.PQEncryption{true: ratchet.PQOn, false: ratchet.PQOff}[on]
		for range 4 {
			c.talk(ratchet.Options{PQ: wish})
		}
		for _, s := range c.sides {
			require.Equal(t, on, s.state.SendKEM, "sending with KEM")
			require.Equal(t, on, s.state.ReceiveKEM, "receiving with KEM")
			require.Equal(t, ratchet.MaxVersion, s.state.Version)
		}
	})
}

// table is what goes into the receiving and the sending chain for each message
// received and each reply. Agent protocol, "End-to-end encryption". What it
// calls an error is not there.
var table = map[[2]string][2]bool{
	{"no-pq", "no-pq"}: {false, false},
	{"no-pq", "pq"}:    {false, false},
	{"pq", "no-pq"}:    {false, false},
	{"pq", "pq+ct"}:    {false, true},
	{"pq+ct", "no-pq"}: {true, false},
	{"pq+ct", "pq+ct"}: {true, true},
}

// checked compares the ratchet step that a message would make with the table.
func (c *conversation) checked(to int, m *sent) *sent {
	s := c.sides[to]
	if s.chains[m.chain] {
		return m
	}
	_, next, err := s.state.Decrypt(c.keys, m.message)
	require.NoError(c.t, err)
	want, ok := table[[2]string{m.kem, kemOf(next)}]
	require.True(c.t, ok, "%s in reply to %s", kemOf(next), m.kem)
	require.Equal(c.t, want, [2]bool{next.ReceiveKEM, next.SendKEM}, "%s in reply to %s", kemOf(next), m.kem)
	return m
}

// An altered message is refused wherever it is altered, nothing changes, and
// then the true one decrypts, or another one that waits, which may be of a later chain.
func TestPropertyAltered(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := converse(t, setups.Draw(t, "setup"))
		for range rapid.IntRange(0, 8).Draw(t, "actions") {
			c.act(notOff, c.any)
		}
		for to := range 2 {
			if c.canSend(1 - to) {
				c.send(1-to, ratchet.Options{})
			}
			for waiting := c.waiting(to); len(waiting) > 0; waiting = c.waiting(to) {
				m := c.any(to, waiting)
				for range 8 {
					c.refuse(to, c.altered(to, m))
				}
				c.deliver(to, c.any(to, waiting))
			}
		}
	})
}

// altered returns a message that is not m.
func (c *conversation) altered(to int, m *sent) []byte {
	b := append([]byte{}, m.message...)
	switch rapid.SampledFrom([]string{"byte", "byte", "byte", "early byte", "cut", "longer", "body", "lengths"}).Draw(c.t, "alteration") {
	case "early byte":
		b[rapid.IntRange(0, 60).Draw(c.t, "at")] ^= rapid.ByteRange(1, 255).Draw(c.t, "xor")
	case "cut":
		return b[:rapid.IntRange(0, len(b)-1).Draw(c.t, "at")]
	case "longer":
		return append(b, rapid.SliceOfN(rapid.Byte(), 1, 3).Draw(c.t, "more")...)
	case "body": // the header of one message with the body of another
		other := c.any(to, c.sides[to].inbox)
		if other != m {
			x, err := ratchet.DecodeMessage(m.message)
			require.NoError(c.t, err)
			y, err := ratchet.DecodeMessage(other.message)
			require.NoError(c.t, err)
			x.Tag, x.Body = y.Tag, y.Body
			b, err = x.Encode()
			require.NoError(c.t, err)
			return b
		}
		b[len(b)-1] ^= 1
	case "lengths": // the length of the header in one byte instead of two
		if b[0] == 0 {
			return b[1:]
		}
		return append([]byte{0}, b...)
	default:
		b[rapid.IntRange(0, len(b)-1).Draw(c.t, "at")] ^= rapid.ByteRange(1, 255).Draw(c.t, "xor")
	}
	return b
}

// The size of an encrypted message tells the padded length, the version and PQ
// support, and nothing else.
func TestPropertyUniformSize(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := converse(t, setups.Draw(t, "setup"))
		for range rapid.IntRange(1, 8).Draw(t, "actions") {
			c.act(anything, c.firstOfChain)
		}
		s := c.sides[0].state
		s.SendNumber = rapid.Uint32Max(1<<32-2).Draw(t, "number")
		s.PreviousCount = rapid.Uint32().Draw(t, "previous count")
		padded := rapid.SampledFrom([]int{
			ratchet.MessageLength, ratchet.PQMessageLength, ratchet.ConnectionInfoLength, ratchet.PQConnectionInfoLength,
		}).Draw(t, "padded length")
		n := rapid.OneOf(rapid.Just(0), rapid.Just(padded-2), rapid.IntRange(0, padded-2)).Draw(t, "content length")
		content := bytes.Repeat([]byte{rapid.Byte().Draw(t, "content")}, n)
		message, next, err := s.Encrypt(content, padded, ratchet.Options{PQ: anything.Draw(t, "PQ")})
		require.NoError(t, err)
		m, err := ratchet.DecodeMessage(message)
		require.NoError(t, err)
		require.Len(t, m.Body, padded)
		lengths := 1 + 1
		if s.Version >= ratchet.PQVersion {
			lengths = 2 + 2
		}
		header := ratchet.HeaderLength
		if s.Version >= ratchet.PQVersion && next.SupportKEM {
			header = ratchet.PQHeaderLength
		}
		require.Len(t, message, lengths+2+16+16+header+16+padded)

		_, _, err = s.Encrypt(make([]byte, padded-1), padded, ratchet.Options{})
		require.ErrorIs(t, err, wire.ErrPadTooLong)
	})
}

// A state that was stored and restored does exactly what the state before does.
func TestPropertyStoreRestore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := converse(t, setups.Draw(t, "setup"))
		for range rapid.IntRange(1, 12).Draw(t, "actions") {
			c.act(anything, c.firstOfChain)
			one := rapid.IntRange(0, 1).Draw(t, "restored side")
			state := c.sides[one].state
			restored := restore(t, state)
			require.Equal(t, state, restored)
			if state.Send != nil {
				a, nextA, errA := state.Encrypt([]byte("same"), length, ratchet.Options{})
				b, nextB, errB := restored.Encrypt([]byte("same"), length, ratchet.Options{})
				require.NoError(t, errors.Join(errA, errB))
				require.Equal(t, a, b)
				require.Equal(t, nextA, nextB)
			}
			for _, m := range c.sides[one].inbox {
				_, nextA, errA := state.Decrypt(pooledSource(1), m.message)
				_, nextB, errB := restored.Decrypt(pooledSource(1), m.message)
				require.Equal(t, errA, errB)
				require.Equal(t, nextA, nextB)
			}
			c.sides[one].state = restored
		}
	})
}

func restore(t require.TestingT, s ratchet.State) (restored ratchet.State) {
	require.NoError(t, json.Unmarshal([]byte(encoded(t, s)), &restored))
	return restored
}

// A ratchet rises to the version that both sides announce and never falls.
func TestPropertyVersions(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := converse(t, rapid.SampledFrom([]setup{plainV2, onlyV2, plainV3}).Draw(t, "setup"))
		for range rapid.IntRange(1, 16).Draw(t, "actions") {
			before := [2]uint16{c.sides[0].state.Version, c.sides[1].state.Version}
			one := rapid.IntRange(0, 1).Draw(t, "side")
			if waiting := c.waiting(one); len(waiting) > 0 {
				c.deliver(one, c.any(one, waiting))
			} else if c.canSend(one) {
				c.send(one, ratchet.Options{Supported: rapid.Uint16Range(2, 3).Draw(t, "supported")})
			}
			for i, s := range c.sides {
				require.GreaterOrEqual(t, s.state.Version, before[i])
				require.LessOrEqual(t, s.state.Version, s.state.MaxVersion)
			}
		}
		c.talk(ratchet.Options{})
		c.talk(ratchet.Options{})
		for _, s := range c.sides {
			require.Equal(t, ratchet.MaxVersion, s.state.Version)
		}
	})
}

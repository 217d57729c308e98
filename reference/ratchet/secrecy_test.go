package ratchet_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/ratchet"
)

// reader opens messages with the secrets of states. It derives the keys of a chain once.
type reader struct {
	derived map[ratchet.Key][]ratchet.MessageKey
}

func newReader() reader { return reader{map[ratchet.Key][]ratchet.MessageKey{}} }

// reach is how many keys of a chain a reader derives: more than any message here needs.
const reach = 20

func (r reader) chain(key ratchet.Key) []ratchet.MessageKey {
	if all, ok := r.derived[key]; ok {
		return all
	}
	all, next := make([]ratchet.MessageKey, reach), key
	for i := range all {
		next, all[i], _ = ratchet.ChainKDF(next)
	}
	r.derived[key] = all
	return all
}

// opens reports whether the secrets of a state open the body of a message: its
// skipped keys, and every key that its chains come to. It looks at no counter.
func (r reader) opens(s ratchet.State, message []byte) bool {
	m, err := ratchet.DecodeMessage(message)
	if err != nil {
		return false
	}
	header, err := m.Header.Encode()
	if err != nil {
		return false
	}
	associated := append(append([]byte{}, s.AssociatedData...), header...)
	try := func(k ratchet.MessageKey) bool {
		_, err := ratchet.Open(k.Key, k.IV, associated, m.Body, m.Tag)
		return err == nil
	}
	for _, c := range s.Skipped {
		for _, k := range c.Keys {
			if try(k.MessageKey) {
				return true
			}
		}
	}
	return s.Receive != nil && slices.ContainsFunc(r.chain(s.Receive.ChainKey), try) ||
		s.Send != nil && slices.ContainsFunc(r.chain(s.Send.ChainKey), try)
}

// Forward secrecy: whoever takes the state of a side can open nothing that it
// received or sent before.
func TestPropertyForwardSecrecy(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, thief := converse(t, setups.Draw(t, "setup")), newReader()
		for range rapid.IntRange(1, 16).Draw(t, "actions") {
			c.act(notOff, c.any)
			for one, s := range c.sides {
				for _, m := range s.inbox {
					require.False(t, m.delivered && thief.opens(s.state, m.message), "received")
				}
				for _, m := range c.sides[1-one].inbox {
					require.False(t, thief.opens(s.state, m.message), "sent")
				}
			}
		}
	})
}

// Break-in recovery: whoever took the state of a side and follows the
// conversation can open nothing that is sent, either way, after two ratchet
// steps of both sides.
func TestPropertyBreakInRecovery(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := converse(t, setups.Draw(t, "setup"))
		for range rapid.IntRange(0, 6).Draw(t, "actions") {
			c.act(notOff, c.any)
		}
		c.talk(ratchet.Options{})
		victim := rapid.IntRange(0, 1).Draw(t, "victim")
		thief := newThief(c.sides[victim].state, strangeSource(rapid.Uint64().Draw(t, "thief")))

		m := c.send(1-victim, ratchet.Options{})
		require.True(t, thief.reads(m.message), "the present chain is lost")
		c.deliver(victim, m)
		for range 2 {
			for _, from := range []int{victim, 1 - victim} {
				m := c.send(from, ratchet.Options{PQ: notOff.Draw(t, "PQ")})
				thief.reads(m.message)
				c.deliver(1-from, m)
			}
		}
		for from := range 2 {
			m := c.send(from, ratchet.Options{})
			require.False(t, thief.reads(m.message))
			c.deliver(1-from, m)
		}
	})
}

// thief reads along from a state that it took. It keeps every state that it
// comes to, with new keys of its own.
type thief struct {
	reader
	keys  ratchet.Keys
	known []ratchet.State
}

func newThief(took ratchet.State, keys ratchet.Keys) *thief {
	return &thief{newReader(), keys, []ratchet.State{took}}
}

// opensAny reports whether one of the states opens a message.
func (f *thief) opensAny(message []byte) bool {
	return slices.ContainsFunc(f.known, func(s ratchet.State) bool { return f.opens(s, message) })
}

// reads reports whether the thief reads a message, and takes the states to which it leads.
func (f *thief) reads(message []byte) bool {
	read := f.opensAny(message)
	for _, s := range f.known {
		if _, next, err := s.Decrypt(f.keys, message); err == nil {
			read = true
			f.known = append(f.known, next)
		}
	}
	return read
}

// No key and no initialization vector is used twice: not for bodies, not for
// headers, not for ratchets.
func TestPropertyKeysNeverRepeat(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := converse(t, setups.Draw(t, "setup"))
		c.keys = source(rapid.Uint64().Draw(t, "seed of keys"))
		seen := map[string]bool{}
		fresh := func(what string, b []byte) {
			require.False(t, seen[string(b)], what)
			seen[string(b)] = true
		}
		remember := func(s ratchet.State) {
			fresh("root key", s.RootKey[:])
			fresh("own ratchet key", s.DHSelf.Raw())
			fresh("next header key", s.NextHeaderSend[:])
			if s.KEM != nil {
				fresh("own KEM key", s.KEM.Self.Secret)
			}
		}
		remember(c.sides[0].state)
		for range rapid.IntRange(1, 8).Draw(t, "actions") {
			one := rapid.IntRange(0, 1).Draw(t, "side")
			s := c.sides[one]
			if waiting := c.waiting(one); len(waiting) > 0 && rapid.Bool().Draw(t, "deliver") {
				m := c.any(one, waiting)
				steps := !s.chains[m.chain]
				c.deliver(one, m)
				if steps {
					remember(s.state)
				}
			} else if c.canSend(one) {
				key, _, err := s.state.EncryptHeader(ratchet.Options{})
				require.NoError(t, err)
				fresh("message key", key.MessageKey.Key[:])
				fresh("message IV", key.MessageKey.IV[:])
				header, err := ratchet.DecodeEncryptedHeader(key.Header)
				require.NoError(t, err)
				fresh("header IV", header.IV[:])
				fresh("chain key", s.state.Send.ChainKey[:])
				c.send(one, ratchet.Options{})
			}
		}
	})
}

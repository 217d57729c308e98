package ratchet_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/ratchet"
)

// opens reports whether the secrets of a state open the body of a message: its
// skipped keys, and every key that its chains come to. It looks at no counter.
func opens(s ratchet.State, message []byte) bool {
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
	var chains []ratchet.Key
	if s.Receive != nil {
		chains = append(chains, s.Receive.ChainKey)
	}
	if s.Send != nil {
		chains = append(chains, s.Send.ChainKey)
	}
	for _, chain := range chains {
		for range 20 {
			next, key, _ := ratchet.ChainKDF(chain)
			if try(key) {
				return true
			}
			chain = next
		}
	}
	return false
}

// Forward secrecy: whoever takes the state of a side can open nothing that it
// received or sent before.
func TestPropertyForwardSecrecy(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := converse(t, setups.Draw(t, "setup"))
		for range rapid.IntRange(1, 16).Draw(t, "actions") {
			c.act(notOff, c.any)
			for one, s := range c.sides {
				for _, m := range s.inbox {
					require.Equal(t, false, m.delivered && opens(s.state, m.message), "received")
				}
				for _, m := range c.sides[1-one].inbox {
					require.False(t, opens(s.state, m.message), "sent")
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
		thief := &thief{t: t, keys: pooledSource(rapid.Uint64().Draw(t, "thief")), known: []ratchet.State{c.sides[victim].state}}

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
		for range 2 {
			for from := range 2 {
				m := c.send(from, ratchet.Options{})
				require.False(t, thief.reads(m.message))
				c.deliver(1-from, m)
			}
		}
	})
}

// thief reads along from a state that it took. It keeps every state that it
// comes to, with new keys of its own.
type thief struct {
	t     *rapid.T
	keys  ratchet.Keys
	known []ratchet.State
}

func (f *thief) reads(message []byte) (read bool) {
	for _, s := range f.known {
		if opens(s, message) {
			read = true
		}
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

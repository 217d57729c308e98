package ratchet_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/ratchet"
)

// gaps are numbers of messages that never come, most of them at the limit.
var gaps = rapid.OneOf(
	rapid.IntRange(0, 3), rapid.IntRange(ratchet.MaxSkip-1, ratchet.MaxSkip+1), rapid.IntRange(0, 2*ratchet.MaxSkip),
)

// As many as MaxSkip messages may be missing at the end of a chain, and as many again at the
// start of the next one. One more is refused and changes nothing.
func TestPropertySkipLimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := converse(t, setups.Draw(t, "setup"))
		c.talk(ratchet.Options{})
		from := rapid.IntRange(0, 1).Draw(t, "from")
		to := 1 - from
		c.deliver(to, c.send(from, ratchet.Options{}))
		before := gaps.Draw(t, "missing at the end of a chain")
		c.skip(from, before)
		kept, missing, tooFar := keysKept(c.sides[to].state), before, before > ratchet.MaxSkip
		if rapid.Bool().Draw(t, "next chain") {
			c.deliver(from, c.send(to, ratchet.Options{}))
			after := gaps.Draw(t, "missing at the start of the next")
			c.skip(from, after)
			missing += after
			tooFar = tooFar || after > ratchet.MaxSkip
		}
		m := c.send(from, ratchet.Options{})
		if tooFar {
			require.ErrorIs(t, c.refuse(to, m.message), ratchet.ErrTooManySkipped)
			return
		}
		c.deliver(to, m)
		require.Equal(t, missing, keysKept(c.sides[to].state)-kept)
	})
}

// A message at any distance within the limit decrypts after any that came before it, in any
// order, and its key is gone then.
func TestPropertyLateMessages(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := converse(t, setups.Draw(t, "setup"))
		c.deliver(1, c.send(0, ratchet.Options{}))
		for range rapid.IntRange(1, 4).Draw(t, "messages") {
			c.skip(0, rapid.SampledFrom([]int{0, 1, 2, 100, ratchet.MaxSkip/4 - 1}).Draw(t, "missing"))
			c.send(0, ratchet.Options{})
		}
		for waiting := c.waiting(1); len(waiting) > 0; waiting = c.waiting(1) {
			m := c.any(1, waiting)
			c.deliver(1, m)
			require.True(t, isRefusal(c.refuse(1, m.message)))
		}
		s := c.sides[0].state
		require.Equal(t, int(s.SendNumber)-len(c.sides[1].inbox), keysKept(c.sides[1].state))
	})
}

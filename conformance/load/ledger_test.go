package load

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Whatever becomes of messages, each is counted in the one place where it belongs.
func TestPropertyLedgerCountsEveryMessage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l ledger
		var want Messages
		for i := range rapid.IntRange(0, 30).Draw(t, "messages") {
			f := l.start(time.Now())
			require.EqualValues(t, i, f.number)
			switch rapid.SampledFrom([]string{"arrives", "arrives first", "twice", "late", "lost", "abandoned", "refused", "unanswered", "changed", "foreign"}).Draw(t, "fate") {
			case "arrives":
				l.accept(f)
				require.Same(t, f, l.arrive(f.number, own))
				want.Accepted, want.Delivered = want.Accepted+1, want.Delivered+1
			case "arrives first":
				require.Same(t, f, l.arrive(f.number, own))
				l.accept(f)
				want.Accepted, want.Delivered = want.Accepted+1, want.Delivered+1
			case "twice":
				l.accept(f)
				require.Same(t, f, l.arrive(f.number, own))
				require.Nil(t, l.arrive(f.number, own))
				want.Accepted, want.Delivered, want.Duplicated = want.Accepted+1, want.Delivered+1, want.Duplicated+1
			case "late":
				l.accept(f)
				l.delay(f)
				require.Same(t, f, l.arrive(f.number, own))
				want.Accepted, want.Delivered, want.Late = want.Accepted+1, want.Delivered+1, want.Late+1
			case "lost":
				l.accept(f)
				l.delay(f)
				want.Accepted, want.Lost = want.Accepted+1, want.Lost+1
			case "abandoned":
				l.accept(f)
				want.Accepted, want.Abandoned = want.Accepted+1, want.Abandoned+1
			case "refused":
				l.refuse(f, true)
				require.Nil(t, l.arrive(f.number, own))
				want.Refused, want.Duplicated = want.Refused+1, want.Duplicated+1
			case "unanswered":
				l.refuse(f, false)
				require.Same(t, f, l.arrive(f.number, own), "it may have been taken all the same")
				want.Refused, want.Delivered = want.Refused+1, want.Delivered+1
			case "changed":
				require.Nil(t, l.arrive(f.number, changed))
				want.Corrupted++
			case "foreign":
				require.Nil(t, l.arrive(f.number, foreign))
				require.Nil(t, l.arrive(f.number+1, own), "not sent yet")
				want.Foreign += 2
			}
		}
		require.Equal(t, want, l.close())
		require.Equal(t, want.Lost+want.Duplicated+want.Foreign+want.Corrupted, want.Wrong())
		var sum Messages
		sum.add(want)
		require.Equal(t, want, sum)
	})
}

// A body is recognised for what it is.
func TestPropertyBodies(t *testing.T) {
	made := newBodies(1, 7, 200)
	rapid.Check(t, func(t *rapid.T) {
		queue, number := rapid.Uint32().Draw(t, "queue"), rapid.Uint64Range(0, 1<<40).Draw(t, "number")
		body := made.append(nil, queue, number)
		require.Len(t, body, 200)
		got, from := made.number(body, queue)
		require.Equal(t, own, from)
		require.Equal(t, number, got)

		_, from = made.number(body, queue+1)
		require.Equal(t, foreign, from)
		_, from = newBodies(1, 8, 200).number(body, queue)
		require.Equal(t, foreign, from, "another run")
		body[rapid.IntRange(MinSize, 199).Draw(t, "changed byte")] ^= 1
		_, from = made.number(body, queue)
		require.Equal(t, changed, from)
		_, from = made.number(body[:rapid.IntRange(0, 199).Draw(t, "length")], queue)
		require.Equal(t, changed, from)
	})
}

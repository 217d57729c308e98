package network

import (
	"fmt"
	"io"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/smp"
)

// Whatever arrives and whenever it is read: what is read is what arrived, in its
// order, without what a later event of its kind replaced; and no more waits than
// there are kinds.
func TestPropertyInbox(t *testing.T) {
	const queues = 3
	rapid.Check(t, func(t *rapid.T) {
		b := newInbox()
		var expected []Event
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			id := fmt.Append(nil, rapid.IntRange(1, queues).Draw(t, "queue"))
			arrived := rapid.SampledFrom([]Event{
				nil, nil, // something is read instead
				Up{}, Down{Err: &Error{Op: fmt.Sprint(i)}},
				Message{RecipientID: id, Message: smp.MSG{ID: fmt.Append(nil, i)}},
				Ended{RecipientID: id}, Deleted{RecipientID: id},
				SubscriptionFailed{RecipientID: id, Err: &Error{Op: fmt.Sprint(i)}},
			}).Draw(t, "event")
			if arrived != nil {
				b.put(arrived)
				expected = append(without(expected, arrived), arrived)
				require.LessOrEqual(t, b.order.Len(), 2+3*queues)
				continue
			}
			e, ok := b.take()
			require.Equal(t, len(expected) > 0, ok)
			if ok {
				require.Equal(t, expected[0], e)
				expected = expected[1:]
			}
		}
		for _, want := range expected {
			e, ok := b.take()
			require.True(t, ok)
			require.Equal(t, want, e)
			require.False(t, b.empty(), "it may not have been read yet")
		}
		_, ok := b.take()
		require.False(t, ok)
		require.True(t, b.empty())
		require.Empty(t, b.slots)
	})
}

// without leaves out what the arrival of e makes obsolete.
func without(events []Event, e Event) []Event {
	var rest []Event
	for _, old := range events {
		_, up := old.(Up)
		_, down := e.(Down)
		if keyOf(old) != keyOf(e) && !(up && down) {
			rest = append(rest, old)
		}
	}
	return rest
}

// What is known to be of no interest any more does not wait.
func TestInboxForgets(t *testing.T) {
	t.Parallel()
	b := newInbox()
	message := Message{RecipientID: []byte("q")}
	for _, e := range []Event{Up{}, message, Ended{RecipientID: []byte("q")}, SubscriptionFailed{RecipientID: []byte("q")}} {
		b.put(e)
	}
	b.drop("q")
	e, _ := b.take()
	require.Equal(t, Up{}, e)
	_, more := b.take()
	require.False(t, more)
}

// Pauses grow to the limit, and chance shortens them by a quarter at most.
func TestPropertyBackoff(t *testing.T) {
	b := Backoff{First: time.Second, Max: time.Minute, Factor: 2}
	rapid.Check(t, func(t *rapid.T) {
		failures := rapid.IntRange(0, 100).Draw(t, "failures")
		random := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "random")
		whole := min(math.Pow(2, float64(max(failures, 1)-1)), 60)
		pause := b.pause(failures, readerOf(random)).Seconds()
		require.LessOrEqual(t, pause, whole)
		require.GreaterOrEqual(t, pause, whole*0.7499)
	})
	require.Equal(t, time.Second, b.pause(1, readerOf(nil)), "without randomness")
	require.Zero(t, randomBelow(readerOf(nil), 5))
}

// readerOf is a source of randomness that ends.
func readerOf(b []byte) io.Reader { return &source{b} }

type source struct{ rest []byte }

func (s *source) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

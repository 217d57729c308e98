package relay

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/smp"
)

// What may fill a block is counted as one.
func TestCostOfOutputs(t *testing.T) {
	t.Parallel()
	require.Equal(t, messageCost, (&Output{Message: &Message{}}).cost())
	for _, large := range []smp.Response{smp.LNK{}, smp.PKEY{}, smp.PRES{}, smp.RRES{}} {
		require.Equal(t, messageCost, (&Output{Response: large}).cost(), large.Tag())
	}
	require.Equal(t, responseCost, (&Output{Response: smp.OK{}}).cost())
}

// An output that waits for room is put as soon as there is some, and vanishes
// when the box is closed.
func TestPutWithRoom(t *testing.T) {
	t.Parallel()
	b := newOutbox(2 * messageCost)
	full := []Output{{Response: smp.PRES{}}}
	require.NoError(t, b.put(full...))
	done := make(chan struct{})
	go func() {
		b.putWithRoom(Output{Response: smp.OK{}})
		close(done)
	}()
	<-b.wake // so that the writer knows
	taken, open := b.take()
	require.True(t, open)
	require.Len(t, taken, 1)
	require.Equal(t, full, taken)
	b.release(taken)
	<-done
	b.signal()
	taken, _ = b.take()
	require.Equal(t, []Output{{Response: smp.OK{}}}, taken)

	require.NoError(t, b.put(full...))
	done = make(chan struct{})
	go func() {
		b.putWithRoom(Output{Response: smp.OK{}})
		close(done)
	}()
	<-b.wake
	b.close()
	<-done
}

// The writer gets what was put once it is told, so that the answers to one block stay
// together even if it is awake for another reason.
func TestOutputsWaitForSignal(t *testing.T) {
	t.Parallel()
	b := newOutbox(100 * messageCost)
	take := func() (tags []string) {
		outs, open := b.take()
		require.True(t, open)
		for _, o := range outs {
			tags = append(tags, o.Response.Tag())
		}
		return tags
	}
	require.NoError(t, b.put(Output{Response: smp.OK{}}))
	require.Empty(t, take())
	b.signal()
	require.NoError(t, b.put(Output{Response: smp.PONG{}}))
	require.Equal(t, []string{"OK"}, take())
	require.Empty(t, take())
	b.signal()
	require.Equal(t, []string{"PONG"}, take())
}

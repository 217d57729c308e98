package relay

import (
	"sync/atomic"
	"testing"
	"testing/synctest"

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

// testOutbox returns a box whose writer is the test: wake holds an element when one is to
// start.
func testOutbox(limit int) (b *outbox, wake chan struct{}) {
	wake = make(chan struct{}, 1)
	return newOutbox(limit, func() { wake <- struct{}{} }), wake
}

// An output that waits for room is put as soon as there is some, and vanishes
// when the box is closed.
func TestPutWithRoom(t *testing.T) {
	t.Parallel()
	b, wake := testOutbox(2 * messageCost)
	full := []Output{{Response: smp.PRES{}}}
	require.NoError(t, b.put(full...))
	done := make(chan struct{})
	go func() {
		b.putWithRoom(Output{Response: smp.OK{}})
		close(done)
	}()
	<-wake // so that the writer knows
	taken, open := b.take()
	require.True(t, open)
	require.Len(t, taken, 1)
	require.Equal(t, full, taken)
	b.release(taken)
	<-done
	b.signal()
	taken, _ = b.take()
	require.Equal(t, []Output{{Response: smp.OK{}}}, taken)
	require.True(t, b.next())
	require.False(t, b.next(), "the writer ends")

	require.NoError(t, b.put(full...))
	done = make(chan struct{})
	go func() {
		b.putWithRoom(Output{Response: smp.OK{}})
		close(done)
	}()
	<-wake
	b.close()
	<-done
}

// The writer gets what was put once it is told, so that the answers to one block stay
// together even if it is awake for another reason.
func TestOutputsWaitForSignal(t *testing.T) {
	t.Parallel()
	b, _ := testOutbox(100 * messageCost)
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

// There is one writer at a time, none while there is nothing to do, and none is started
// for a closed box, whose end can be waited for.
func TestWriterIsStartedWhenNeeded(t *testing.T) {
	t.Parallel()
	b, wake := testOutbox(100 * messageCost)
	require.NoError(t, b.put(Output{Response: smp.OK{}}))
	require.Empty(t, wake)
	b.signal()
	require.Len(t, wake, 1)
	b.signal()
	require.Len(t, wake, 1, "one writer")
	require.True(t, b.next())
	b.signal()
	require.True(t, b.next(), "signalled since it looked")
	require.False(t, b.next())
	<-wake
	b.signal()
	require.Len(t, wake, 1, "a new writer")

	b.close()
	require.False(t, b.next(), "closed")
	<-wake
	b.signal()
	require.Empty(t, wake)
}

// The end of the writer of a closed box can be waited for.
func TestWaitingForTheWriter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, _ := testOutbox(100 * messageCost)
		b.signal()
		b.close()
		var ended atomic.Bool
		go func() {
			b.waitWriter()
			ended.Store(true)
		}()
		synctest.Wait()
		require.False(t, ended.Load())
		require.False(t, b.next())
		synctest.Wait()
		require.True(t, ended.Load())
		b.waitWriter()
	})
}

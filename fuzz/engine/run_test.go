package engine

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/program"
)

func TestASeedDecidesTheSequence(t *testing.T) {
	t.Parallel()
	sequence := func(o Options) string {
		o.MaxPrograms = 200
		return runFake(t, &fakeRelay{}, o).Sequence
	}
	first := sequence(Options{Seed: 7})
	assert.Equal(t, first, sequence(Options{Seed: 7}))
	assert.Equal(t, first, sequence(Options{Seed: 7, Shard: 1, Shards: 1}))
	assert.NotEqual(t, first, sequence(Options{Seed: 8}))
	assert.NotEqual(t, first, sequence(Options{Seed: 7, Shard: 2, Shards: 2}))
	assert.Len(t, first, 64)
}

func TestFindingsDoNotChangeTheSequence(t *testing.T) {
	t.Parallel()
	b := has(program.NEW, program.SEND, 0)
	found := runFake(t, b, Options{Seed: 7, MaxPrograms: 200})
	require.NotEmpty(t, found.Found)
	assert.Greater(t, b.runs, 200, "shrinking takes runs")
	assert.Equal(t, runFake(t, &fakeRelay{}, Options{Seed: 7, MaxPrograms: 200}).Sequence, found.Sequence)
}

func TestWhatDependsOnTimeTeachesNothing(t *testing.T) {
	t.Parallel()
	late := &fakeRelay{broken: func([]input, input) []drive.Breach {
		return []drive.Breach{{Kind: drive.Hang, Rule: "no-answer"}}
	}}
	assert.Zero(t, runFake(t, late, Options{MaxPrograms: 20}).Pairs)
	wrong := &fakeRelay{broken: func([]input, input) []drive.Breach {
		return []drive.Breach{{Kind: drive.Protocol, Rule: "unknown-tag"}}
	}}
	assert.NotZero(t, runFake(t, wrong, Options{MaxPrograms: 20}).Pairs)
}

func TestARunEnds(t *testing.T) {
	t.Parallel()
	r := runFake(t, &fakeRelay{}, Options{MaxPrograms: 17})
	assert.Equal(t, 17, r.Programs)
	assert.False(t, r.Interrupted)
	assert.NotZero(t, r.Operations)
	assert.NotZero(t, r.LastNewPairProg)

	r = runFake(t, &fakeRelay{}, Options{Duration: time.Millisecond})
	assert.GreaterOrEqual(t, r.Elapsed, time.Millisecond)
	assert.False(t, r.Interrupted)

	r = runFake(t, has(program.NEW, program.SEND, 0), Options{MaxFindings: 1})
	assert.Len(t, r.Found, 1)
	assert.False(t, r.Interrupted)
}

func TestARunIsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	b := &fakeRelay{cancel: func(n int) {
		if n == 30 {
			cancel()
		}
	}}
	r, err := fake(t, b, Options{}).run(ctx)
	require.NoError(t, err)
	assert.True(t, r.Interrupted)
	assert.Equal(t, 29, r.Programs, "one that was cut off does not count")
}

func TestTheRelayIsGone(t *testing.T) {
	t.Parallel()
	lost := &fakeRelay{unreachable: func(int) bool { return true }}
	_, err := fake(t, lost, Options{MaxPrograms: 100}).run(t.Context())
	assert.ErrorIs(t, err, ErrUnreachable)
	assert.Equal(t, maxFailures, lost.renewals)

	now := &fakeRelay{unreachable: func(n int) bool { return n%5 == 0 }}
	r := runFake(t, now, Options{MaxPrograms: 100})
	assert.Equal(t, 100, r.Programs)
	assert.Equal(t, 20, now.renewals)

	dead := &fakeRelay{gone: true, unreachable: func(n int) bool { return n > 10 }}
	r, err = fake(t, dead, Options{MaxPrograms: 100}).run(t.Context())
	assert.ErrorIs(t, err, ErrUnreachable)
	assert.Equal(t, 11, r.Programs)
}

func TestTheStatusIsTold(t *testing.T) {
	t.Parallel()
	var told []Status
	r := runFake(t, has(program.NEW, program.SEND, 0), Options{MaxFindings: 1, Status: func(s Status) { told = append(told, s) }})
	require.NotEmpty(t, told)
	last := told[len(told)-1]
	assert.Equal(t, r.Programs, last.Programs)
	assert.Equal(t, 1, last.Findings)
	assert.Positive(t, last.OperationsASec)
}

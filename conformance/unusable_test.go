package conformance

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"smpcheck/conformance/target"
	"smpcheck/reference/wire"
)

// One of the versions at which a target serves nothing stands for all of them.
func TestACaseRunsAtOneUnusableVersion(t *testing.T) {
	t.Parallel()
	var runs atomic.Int32
	c := testCase("relay/x/y", func(t *T) {
		runs.Add(1)
		if t.Version() == 9 {
			t.Fail("an answer", "none")
		}
	})
	c.Versions = wire.Versions(8, 20)
	info := target.Info{
		Versions: wire.Versions(6, 20),
		Unusable: map[uint16]string{7: "silence", 9: "silence", 11: "silence", 20: "another silence"},
	}
	outcome := Execute(t.Context(), registered(t, c), fakeTarget{}, info, Options{Versions: []uint16{8, 9, 11, 12, 20}})
	verdicts := make(map[uint16]Verdict)
	for _, run := range outcome.Results[0].Runs {
		verdicts[run.Version] = run.Verdict
	}
	assert.Equal(t, map[uint16]Verdict{8: Pass, 9: Fail, 11: Skip, 12: Pass, 20: Skip}, verdicts)
	assert.EqualValues(t, 3, runs.Load())
	assert.Contains(t, outcome.Results[0].Runs[4].Detail, "as at version 9: another silence")
	assert.Equal(t, Fail, outcome.Results[0].Verdict)
}

package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// watched is a watch over a process whose memory, in MiB, was this after each window.
func watched(mib ...int64) (w *watch, now time.Time) {
	w, now = &watch{}, time.Unix(0, 0)
	for _, used := range append(make([]int64, watchWarm), mib...) {
		for range watchPrograms {
			w.add(now, used<<20)
			now = now.Add(watchWindow)
		}
	}
	return w, now
}

func TestGrowthIsSuspicious(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mib  []int64
		want bool
	}{
		"fast":                  {[]int64{30, 31, 32, 33, 34}, true},
		"too little":            {[]int64{30, 30, 31, 31, 32}, false},
		"up and down":           {[]int64{30, 34, 31, 35, 30, 34, 31, 35, 30, 34, 31, 35}, false},
		"slow, in pairs":        {[]int64{30, 32, 31, 33, 32, 34, 33, 35, 34, 36}, true},
		"slow, in fours":        {[]int64{30, 33, 32, 31, 31, 34, 33, 32, 32, 35, 34, 33, 33, 36, 35, 34, 34, 37, 36, 35}, true},
		"a step, and no more":   {[]int64{30, 30, 30, 36, 36, 36, 36, 36, 36, 36, 36, 36}, false},
		"before enough is seen": {[]int64{30, 34, 38, 42}, false},
	} {
		w, now := watched(c.mib...)
		assert.Equal(t, c.want, w.suspicious(now), name)
		w.patience = now.Add(time.Second)
		assert.False(t, w.suspicious(now), name)
	}
}

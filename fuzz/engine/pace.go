package engine

import (
	"context"
	"sync"
	"time"
)

// pace returns a function that waits so that it returns at most rate times in a second; nil
// if rate is 0. What was not used for a time is not made up for.
func pace(rate float64) func(context.Context) error {
	if rate <= 0 {
		return nil
	}
	var mu sync.Mutex
	var next time.Time
	step := time.Duration(float64(time.Second) / rate)
	return func(ctx context.Context) error {
		mu.Lock()
		now := time.Now()
		at := now
		if next.After(now) {
			at = next
		}
		next = at.Add(step)
		mu.Unlock()
		if at == now {
			return ctx.Err()
		}
		timer := time.NewTimer(at.Sub(now))
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

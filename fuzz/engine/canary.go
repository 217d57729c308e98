package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"smpcheck/fuzz/drive"
	"smpcheck/reference/link"
	"smpcheck/reference/wire"
)

// canaryInterval is how often the canary is checked beside the programs.
const canaryInterval = 500 * time.Millisecond

// canary is a lane at the newest and one at the oldest version, which are checked all the
// time: what happens to them happens to people who have nothing to do with the fuzzer.
type canary struct {
	lanes []*lane
	end   context.CancelFunc
	ended sync.WaitGroup

	mu sync.Mutex // held by whoever checks
	// damage is the first thing that went wrong; nothing is checked after it.
	damage *drive.Breach
	// took is how long a check takes, last when one was done.
	took time.Duration
	last time.Time
}

// newCanary opens the lanes and begins to check them.
func newCanary(ctx context.Context, s link.Server, versions wire.VersionRange, tls string, scale float64) (*canary, error) {
	c := &canary{}
	limit := time.Duration(scale * float64(canaryLimit))
	for _, v := range slices.Compact([]uint16{versions.Max, versions.Min}) {
		l, err := openLane(ctx, s, v, tls, limit)
		if err != nil {
			c.closeLanes()
			return nil, fmt.Errorf("two ordinary clients cannot be connected at version %d: %w", v, err)
		}
		c.lanes = append(c.lanes, l)
	}
	watch, end := context.WithCancel(context.WithoutCancel(ctx))
	c.end = end
	c.ended.Go(func() {
		ticker := time.NewTicker(time.Duration(scale * float64(canaryInterval)))
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				c.check(watch)
			case <-watch.Done():
				return
			}
		}
	})
	return c, nil
}

// check sends messages on all lanes and returns what is wrong with them, or was before.
// If ctx ends it returns what is known until then.
func (c *canary) check(ctx context.Context) *drive.Breach {
	c.mu.Lock()
	defer c.mu.Unlock()
	began := time.Now()
	for _, l := range c.lanes {
		if c.damage != nil {
			break
		}
		if b := l.check(ctx); ctx.Err() == nil {
			c.damage = b
		}
	}
	c.last = time.Now()
	c.took = c.last.Sub(began)
	return c.damage
}

// checkDue is check if there was none for some time, so that checks take a small part of
// all time.
func (c *canary) checkDue(ctx context.Context) *drive.Breach {
	c.mu.Lock()
	due := c.damage != nil || time.Since(c.last) > canaryShare*c.took
	c.mu.Unlock()
	if !due {
		return nil
	}
	return c.check(ctx)
}

// canaryShare is how many times longer than a check there is none.
const canaryShare = 4

// disturbed reports, without asking the relay, whether something is wrong.
func (c *canary) disturbed() bool {
	if c.lost() {
		return true
	}
	if !c.mu.TryLock() {
		return false
	}
	defer c.mu.Unlock()
	return c.damage != nil
}

// lost reports whether a connection has ended.
func (c *canary) lost() bool { return slices.ContainsFunc(c.lanes, (*lane).lost) }

// close ends the connections.
func (c *canary) close() {
	c.end()
	c.ended.Wait()
	c.closeLanes()
}

func (c *canary) closeLanes() {
	var group sync.WaitGroup
	for _, l := range c.lanes {
		group.Go(l.close)
	}
	group.Wait()
}

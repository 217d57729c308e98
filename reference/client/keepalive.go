package client

import (
	"context"
	"fmt"
	"time"
)

// keepAlive sends PING while nothing arrives, and ends the connection when
// Config.MissedPings in a row had no effect. Whatever block arrives shows that
// the relay is there; one that never becomes complete does not.
func (c *Client) keepAlive() {
	timer := time.NewTimer(c.config.KeepAlive)
	defer timer.Stop()
	for {
		select {
		case <-c.done:
			return
		case <-timer.C:
		}
		for missed := 0; c.quiet() >= c.config.KeepAlive; missed++ {
			if missed == c.config.MissedPings {
				c.end(fmt.Errorf("%w: nothing arrived in %v", ErrKeepAlive, c.quiet().Round(time.Millisecond)))
				return
			}
			c.probe()
		}
		timer.Reset(c.config.KeepAlive - c.quiet())
	}
}

// probe sends PING and waits for the answer, or as long as the answer may take.
func (c *Client) probe() {
	ctx, cancel := context.WithTimeout(context.Background(), c.config.KeepAlive)
	defer cancel()
	if c.Ping(ctx) != nil {
		// Whether something arrived is what counts, and it must not be asked
		// again before it had the time.
		select {
		case <-ctx.Done():
		case <-c.done:
		}
	}
}

// quiet is how long nothing has arrived.
func (c *Client) quiet() time.Duration {
	return time.Since(c.started) - time.Duration(c.arrived.Load())
}

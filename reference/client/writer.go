package client

import (
	"slices"
	"time"

	"smpcheck/reference/smp"
)

// Bounds of what the writer does at a time.
const (
	gatherBytes    = 16 * smp.BlockSize // no more calls are taken beyond
	blocksPerWrite = 16                 // share one write and its deadline
)

// write sends what is queued until the connection ends. Everything that waits
// when it wakes up is packed into as few blocks as possible.
func (c *Client) write() {
	for {
		select {
		case <-c.done:
			return
		case calls := <-c.out:
			if err := c.send(c.gather(calls)); err != nil {
				c.end(lost(err))
				return
			}
		}
	}
}

// gather adds to calls what else is queued.
func (c *Client) gather(calls []*call) []*call {
	size := sizeOf(calls)
	for size < gatherBytes {
		select {
		case more := <-c.out:
			calls = append(calls, more...)
			size += sizeOf(more)
		default:
			return calls
		}
	}
	return calls
}

func sizeOf(calls []*call) (n int) {
	for _, call := range calls {
		n += len(call.transmission)
	}
	return n
}

// send writes the transmissions of those calls that somebody still waits for.
func (c *Client) send(calls []*call) error {
	var contents [][]byte
	for _, block := range smp.Batch(c.claim(calls), blockContent) {
		if block.Err != nil {
			return block.Err
		}
		contents = append(contents, block.Content)
	}
	for some := range slices.Chunk(contents, blocksPerWrite) {
		if err := c.conn.SetWriteDeadline(time.Now().Add(c.config.WriteTimeout)); err != nil {
			return err
		}
		if err := c.conn.WriteBlocks(some...); err != nil {
			return err
		}
	}
	return nil
}

// claim marks the calls that are still waited for as sent and returns their
// transmissions.
func (c *Client) claim(calls []*call) [][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	transmissions := make([][]byte, 0, len(calls))
	for _, call := range calls {
		if c.pending[call.id] == call {
			call.sent = true
			transmissions = append(transmissions, call.transmission)
			call.transmission = nil
		}
	}
	return transmissions
}

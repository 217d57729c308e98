package relay

import (
	"math"
	"sync/atomic"

	"smpcheck/reference/smp"
)

// A body that was acknowledged, has expired, or whose queue was deleted is overwritten as
// soon as no delivery of it waits to be written: the garbage collector leaves bytes where
// they are until the memory is used again, and who gets a copy of the memory could read
// them. A message may have deliveries on several connections; uses counts them.

// forgotten is added to the uses of a message that is in no queue any more.
const forgotten = math.MinInt32 / 2

// newUses counts the deliveries of a new message.
func newUses() *atomic.Int32 { return new(atomic.Int32) }

// hold says that a delivery of the message waits to be written.
func (m *Message) hold() {
	if m != nil && m.uses != nil {
		m.uses.Add(1)
	}
}

// free says that a delivery was written or dropped.
func (m *Message) free() {
	if m != nil && m.uses != nil && m.uses.Add(-1) == forgotten {
		clear(m.Body)
	}
}

// forget says that the message was removed from its queue.
func (m *Message) forget() {
	if m != nil && m.uses != nil && m.uses.Add(forgotten) == forgotten {
		clear(m.Body)
	}
}

// wipe overwrites the bodies in a block that was executed, as far as queues have copies of
// them: see kept.
func wipe(requests []Request) {
	for i := range requests {
		if c, ok := requests[i].Command.(smp.SEND); ok && isCopied(c.Body) {
			clear(c.Body)
		}
	}
}

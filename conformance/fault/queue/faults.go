// Package queue holds the mistakes with queues and their messages: creating, subscribing,
// securing, sending, delivering, acknowledging, and what else a recipient does with a queue.
package queue

import (
	"slices"

	"smpcheck/conformance/fault"
)

// Faults returns them.
func Faults() []fault.Fault {
	return slices.Concat(
		createFaults,
		subscribeFaults,
		secureFaults,
		sendFaults,
		deliveryFaults,
		acknowledgeFaults,
		manageFaults,
		infoFaults,
	)
}

// Package all brings the faults of all topics together.
package all

import (
	"slices"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/authorization"
	"smpcheck/conformance/fault/block"
	"smpcheck/conformance/fault/circumstance"
	"smpcheck/conformance/fault/link"
	"smpcheck/conformance/fault/names"
	"smpcheck/conformance/fault/notify"
	"smpcheck/conformance/fault/privacy"
	"smpcheck/conformance/fault/proxy"
	"smpcheck/conformance/fault/queue"
	"smpcheck/conformance/fault/service"
	"smpcheck/conformance/fault/session"
)

// Faults returns the faults of every topic, always in the same order.
func Faults() []fault.Fault {
	return slices.Concat(
		authorization.Faults(),
		session.Faults(),
		block.Faults(),
		queue.Faults(),
		proxy.Faults(),
		notify.Faults(),
		service.Faults(),
		link.Faults(),
		names.Faults(),
		circumstance.Faults(),
		privacy.Faults(),
	)
}

package fault

import (
	"slices"

	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// serviceFaults are mistakes with client services.
var serviceFaults = slices.Concat(
	serviceIdentityFaults, serviceRoleFaults, serviceQueueFaults, serviceAccountFaults,
	serviceSubscribeFaults, serviceTakeoverFaults, serviceNotifyFaults,
	serviceSignatureFaults, serviceCommandFaults,
)

// Versions that have services, and those that have SUBS.
var (
	withServices = wire.Versions(smp.VersionServices, smp.MaxVersion)
	withSUBS     = wire.Versions(smp.VersionServiceCounts, smp.MaxVersion)
)

package fault

import (
	"slices"

	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// serviceFaults are mistakes with client services.
var serviceFaults = slices.Concat(
	serviceIdentityFaults, serviceRoleFaults, serviceQueueFaults, serviceAccountFaults,
	serviceSubscribeFaults, serviceTakeoverFaults, serviceSingleFaults, serviceNotifyFaults,
	serviceSignatureFaults, serviceCommandFaults,
)

// withSUBS is where SUBS exists.
var withSUBS = wire.Versions(smp.VersionServiceCounts, smp.MaxVersion)

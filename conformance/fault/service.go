package fault

import (
	"slices"
)

// serviceFaults are mistakes with client services.
var serviceFaults = slices.Concat(
	serviceIdentityFaults, serviceRoleFaults, serviceQueueFaults, serviceAccountFaults,
	serviceSubscribeFaults, serviceTakeoverFaults, serviceSingleFaults, serviceNotifyFaults,
	serviceSignatureFaults, serviceCommandFaults,
)

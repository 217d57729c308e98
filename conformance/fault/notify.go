package fault

import (
	"slices"
)

// notifyFaults are mistakes in notifications.
var notifyFaults = slices.Concat(
	notifierIDFaults, notifierKeyFaults, notifierNewFaults, notifierDeleteFaults,
	notifierSubscribeFaults, notifierRightFaults,
	notificationFaults, notificationSealFaults, notificationKeepFaults,
)

package fault

import (
	"slices"

	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// notifyFaults are mistakes in notifications.
var notifyFaults = slices.Concat(
	notifierIDFaults, notifierKeyFaults, notifierNewFaults, notifierDeleteFaults,
	notifierSubscribeFaults, notifierRightFaults,
	notificationFaults, notificationSealFaults, notificationKeepFaults,
)

// notifierInNew is where NEW can have the keys of a notifier.
var notifierInNew = wire.Versions(smp.VersionNotifierKeys, smp.MaxVersion)

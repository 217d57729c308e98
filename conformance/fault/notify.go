package fault

// notifyFaults are mistakes in notifications.
var notifyFaults = []Fault{}

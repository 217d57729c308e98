package fault

// subscribeFaults are mistakes in subscriptions.
var subscribeFaults = []Fault{}

package fault

// limitFaults are mistakes in limits.
var limitFaults = []Fault{}

package fault

// proxyFaults are mistakes in private routing.
var proxyFaults = []Fault{}

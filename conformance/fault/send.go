package fault

// sendFaults are mistakes in sending and quotas.
var sendFaults = []Fault{}

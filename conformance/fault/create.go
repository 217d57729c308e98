package fault

// createFaults are mistakes in creating queues and their ids.
var createFaults = []Fault{}

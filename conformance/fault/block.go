package fault

// blockFaults are mistakes in blocks and their encryption.
var blockFaults = []Fault{}

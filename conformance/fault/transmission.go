package fault

// transmissionFaults are mistakes in transmissions and commands in blocks.
var transmissionFaults = []Fault{}

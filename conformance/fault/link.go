package fault

// linkFaults are mistakes in short links.
var linkFaults = []Fault{}

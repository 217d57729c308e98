package fault

// certificateFaults are mistakes in certificates.
var certificateFaults = []Fault{}

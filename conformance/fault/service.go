package fault

// serviceFaults are mistakes in client services.
var serviceFaults = []Fault{}

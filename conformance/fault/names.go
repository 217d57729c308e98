package fault

// namesFaults are mistakes in names.
var namesFaults = []Fault{}

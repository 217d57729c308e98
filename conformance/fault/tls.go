package fault

// tlsFaults are mistakes in TLS parameters and sessions.
var tlsFaults = []Fault{}

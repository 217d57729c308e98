package fault

// handshakeFaults are mistakes in hellos, keys and versions of the handshake.
var handshakeFaults = []Fault{}

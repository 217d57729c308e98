package fault

// manageFaults are mistakes in managing queues: RKEY, OFF, DEL, QUE.
var manageFaults = []Fault{}

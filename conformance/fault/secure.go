package fault

// secureFaults are mistakes in securing queues: KEY and SKEY.
var secureFaults = []Fault{}

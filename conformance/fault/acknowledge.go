package fault

// acknowledgeFaults are mistakes in acknowledging and GET.
var acknowledgeFaults = []Fault{}

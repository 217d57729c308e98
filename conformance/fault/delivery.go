package fault

// deliveryFaults are mistakes in delivery of messages.
var deliveryFaults = []Fault{}

package fault

// errorsFaults are mistakes in error answers.
var errorsFaults = []Fault{}

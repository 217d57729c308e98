package program

import "errors"

// ErrText: a text is not that of a program.
var ErrText = errors.New("malformed text of a program")

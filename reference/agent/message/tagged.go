package message

import (
	"fmt"

	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// tagged is one form of T: the tag that announces it and the reader of what follows.
type tagged[T any] struct {
	tag  string
	read func(*wire.Reader) T
}

// readTagged reads the form whose tag comes next; what names T in errors. No tag of a
// list of forms is the start of another.
func readTagged[T any](r *wire.Reader, forms []tagged[T], what string) T {
	for _, form := range forms {
		if r.Literal(form.tag) {
			return form.read(r)
		}
	}
	if b, ok := r.Peek(); ok {
		r.Fail(fmt.Errorf("%w: 0x%02x at the start of %s", smp.ErrUnknownTag, b, what))
	} else {
		r.Fail(fmt.Errorf("%w: no tag of %s", wire.ErrTruncated, what))
	}
	var none T
	return none
}

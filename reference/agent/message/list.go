package message

import (
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// putList writes a list that must not be empty: a one-byte count and the elements.
func putList[T any](w *wire.Writer, items []T, put func(*wire.Writer, T)) {
	if len(items) == 0 {
		w.Fail(smp.ErrEmptyList)
	}
	w.Count(len(items))
	for _, item := range items {
		put(w, item)
	}
}

// readList reads what putList writes.
func readList[T any](r *wire.Reader, read func(*wire.Reader) T) []T {
	count := int(r.Byte())
	if r.Err() == nil && count == 0 {
		r.Fail(smp.ErrEmptyList)
	}
	var items []T
	for range count {
		items = append(items, read(r))
		if r.Err() != nil {
			return nil
		}
	}
	return items
}

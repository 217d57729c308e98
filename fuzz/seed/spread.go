package seed

import "flag"

// enough is how many seeds of one list a fuzzer gets.
const enough = 100

// Spread returns all items, or while a fuzzer runs some of them, evenly spread: before it
// begins, the fuzzer of Go runs all seeds, at a millisecond each, which would be most of a
// short run.
func Spread[T any](items []T) []T {
	if f := flag.Lookup("test.fuzz"); f == nil || f.Value.String() == "" {
		return items
	}
	return spread(items, enough)
}

// spread returns n of the items, the first one among them, or all if there are no more.
func spread[T any](items []T, n int) []T {
	if len(items) <= n {
		return items
	}
	some := make([]T, n)
	for i := range some {
		some[i] = items[i*len(items)/n]
	}
	return some
}

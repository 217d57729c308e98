package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"maps"
	"slices"

	"smpcheck/fuzz/seed"
)

// pack returns the file: the items sorted, so that like stands beside like.
func (c collection) pack() ([]byte, error) {
	items := slices.SortedFunc(maps.Values(c), func(a, b seed.Item) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Version, b.Version), bytes.Compare(a.Data, b.Data))
	})
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if err := seed.Write(w, items); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

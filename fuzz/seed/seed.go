// Package seed hands out what fuzz targets start from: what official clients and relays have
// sent one another (the recordings of package vectors), what the conformance run and the
// reference relay have, both in items.gz, which the command in gen makes, and the values of
// the vectors. Only one of several items that look alike is there.
//
// All results are fresh lists of shared bytes, which must not be changed.
package seed

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"slices"
	"sync"

	"smpcheck/reference/smp"
)

//go:embed items.gz
var packed []byte

// Of returns all items of a kind.
func Of(kind Kind) []Item { return slices.Clone(items()[kind]) }

// Blocks returns the contents of blocks of both directions.
func Blocks() []Item { return append(Of(CommandBlock), Of(ResponseBlock)...) }

// items are all items, by kind. A broken file is a mistake of this package.
var items = sync.OnceValue(func() map[Kind][]Item {
	list, err := readPacked()
	if err != nil {
		panic(fmt.Sprintf("seed: items.gz: %v", err))
	}
	all := map[Kind][]Item{}
	for _, i := range list {
		all[i.Kind] = append(all[i.Kind], i)
	}
	for _, kind := range []Kind{CommandBlock, ResponseBlock} {
		inside := Command
		if kind == ResponseBlock {
			inside = Response
		}
		for _, i := range all[kind] {
			transmissions, commands := parts(i, inside)
			all[Transmission] = append(all[Transmission], transmissions...)
			all[inside] = append(all[inside], commands...)
		}
	}
	for kind := range all {
		all[kind] = Distinct(all[kind])
	}
	return all
})

func readPacked() ([]Item, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return Read(r)
}

// parts returns the transmissions of a block, and the commands or responses in them.
func parts(block Item, inside Kind) (transmissions, commands []Item) {
	content, err := smp.DecodeBlock(block.Data)
	if err != nil {
		return nil, nil // sent on purpose; there is nothing in it
	}
	for _, b := range content {
		transmissions = append(transmissions, Item{Transmission, block.Version, block.SessionID, b})
		if t, err := smp.DecodeTransmission(block.Version, b); err == nil {
			commands = append(commands, Item{Kind: inside, Version: block.Version, Data: t.Command})
		}
	}
	return transmissions, commands
}

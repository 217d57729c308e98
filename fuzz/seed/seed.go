// Package seed hands out what fuzz targets start from: what official clients and relays
// have sent one another (the recordings of package vectors), what the conformance run and
// the reference relay have (conformance.gz, made by the command in gen), and the values of
// the vectors. Only the first of several items that look alike is there.
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
	"smpcheck/vectors"
)

//go:embed conformance.gz
var packed []byte

// Of returns all items of a kind.
func Of(kind Kind) []Item { return slices.Clone(items()[kind]) }

// Blocks returns the contents of blocks of both directions.
func Blocks() []Item { return append(Of(CommandBlock), Of(ResponseBlock)...) }

// items are all items, by kind. Broken files are a mistake of this package.
var items = sync.OnceValue(func() map[Kind][]Item {
	conformance, err := readConformance()
	if err != nil {
		panic(fmt.Sprintf("seed: conformance.gz: %v", err))
	}
	official, err := recorded()
	if err != nil {
		panic(fmt.Sprintf("seed: recordings: %v", err))
	}
	all := map[Kind][]Item{}
	for _, i := range append(conformance, official...) {
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
		all[kind] = distinct(all[kind])
	}
	return all
})

func readConformance() ([]Item, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return Read(r)
}

// recorded returns what the recordings of the official implementation hold.
func recorded() ([]Item, error) {
	var found []Item
	for _, name := range vectors.RecordingNames() {
		r, err := vectors.LoadRecording(name)
		if err != nil {
			return nil, err
		}
		for n := range r.Blocks {
			b := &r.Blocks[n]
			c, ok := r.Connection(b.Connection)
			if !ok {
				return nil, fmt.Errorf("%s: block %d is of no connection", name, b.Number)
			}
			i := Item{Kind: recordedKind(b), Version: c.Version, Data: b.Content}
			if c.Version < smp.VersionAuthenticators {
				i.SessionID = c.SessionID
			}
			found = append(found, i)
		}
	}
	return found, nil
}

func recordedKind(b *vectors.Block) Kind {
	client := b.Sender == "client"
	switch {
	case b.Index == 0 && client:
		return ClientHello
	case b.Index == 0:
		return ServerHello
	case b.Index == 1 && !client && bytes.HasPrefix(b.Content, []byte("R")) && len(b.Content) < 64:
		return ServiceResponse // no block begins with 82 transmissions and is that short
	case client:
		return CommandBlock
	}
	return ResponseBlock
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

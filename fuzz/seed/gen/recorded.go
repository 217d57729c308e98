package main

import (
	"bytes"
	"fmt"
	"slices"

	"smpcheck/fuzz/seed"
	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

// mostLong is how many items of each kind may be longer than longest.
const mostLong = 3

// recorded returns what the recordings of the official implementation hold, without what
// looks alike, and few of the long ones.
func recorded() ([]seed.Item, error) {
	var found []seed.Item
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
			i := seed.Item{Kind: recordedKind(b), Version: c.Version, Data: b.Content}
			if c.Version < smp.VersionAuthenticators {
				i.SessionID = c.SessionID
			}
			found = append(found, i)
		}
	}
	long := map[seed.Kind]int{}
	return slices.DeleteFunc(seed.Distinct(found), func(i seed.Item) bool {
		if len(i.Data) <= longest {
			return false
		}
		long[i.Kind]++
		return long[i.Kind] > mostLong
	}), nil
}

func recordedKind(b *vectors.Block) seed.Kind {
	client := b.Sender == "client"
	switch {
	case b.Index == 0 && client:
		return seed.ClientHello
	case b.Index == 0:
		return seed.ServerHello
	case b.Index == 1 && !client && bytes.HasPrefix(b.Content, []byte("R")) && len(b.Content) < 64:
		return seed.ServiceResponse // no block begins with 82 transmissions and is that short
	case client:
		return seed.CommandBlock
	}
	return seed.ResponseBlock
}

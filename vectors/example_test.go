package vectors_test

import (
	"bytes"
	"fmt"
	"log"

	"smpcheck/vectors"
)

// A codec under test: padding as SMP does it.
func pad(message []byte, length int) ([]byte, bool) {
	if len(message) > min(length-2, 65533) {
		return nil, false
	}
	padded := append([]byte{byte(len(message) >> 8), byte(len(message))}, message...)
	return append(padded, bytes.Repeat([]byte{'#'}, length-len(padded))...), true
}

// How the author of another implementation checks a function against a group of
// known answers, valid and invalid ones alike.
func ExampleLoad() {
	f, err := vectors.Load("blocks")
	if err != nil {
		log.Fatal(err)
	}
	g, _ := f.Group("pad")
	for _, test := range g.Tests {
		var in struct {
			Message   vectors.Value `json:"message"`
			PaddedLen int           `json:"padded_len"`
		}
		if err := test.Inputs.Decode(&in); err != nil {
			log.Fatal(err)
		}
		var message vectors.Hex
		if in.Message.Decode(&message) != nil {
			continue // a long message, given by its digest
		}
		got, ok := pad(message, in.PaddedLen)
		switch {
		case test.Invalid():
			fmt.Printf("%s: refused: %t (%s)\n", test.ID, !ok, f.Flags[test.Flags[0]])
		default:
			var want vectors.Hex
			if err := test.Output.Decode(&want); err != nil {
				log.Fatal(err)
			}
			fmt.Printf("%s: equal: %t\n", test.ID, ok && bytes.Equal(got, want))
		}
	}
	// Output:
	// pad/0/16: equal: true
	// pad/3/5: equal: true
	// pad/3/4: refused: true (The message is longer than the padded length less 2, or than 65533 bytes.)
	// pad/3/16: equal: true
}

// Reading the handshake of a recorded connection.
func ExampleLoadRecording() {
	r, err := vectors.LoadRecording("raw-v9")
	if err != nil {
		log.Fatal(err)
	}
	for _, b := range r.Blocks {
		if b.Connection == "c1" && b.Index == 0 {
			fmt.Printf("%s hello: %d bytes, starts with %s\n", b.Sender, len(b.Content), b.Content[:4])
		}
	}
	// Output:
	// server hello: 906 bytes, starts with 00060012
	// client hello: 80 bytes, starts with 00092063
}

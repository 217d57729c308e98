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
	wrong := 0
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
		var want vectors.Hex
		if !test.Invalid() {
			if err := test.Output.Decode(&want); err != nil {
				log.Fatal(err)
			}
		}
		if ok == test.Invalid() || !bytes.Equal(got, want) {
			wrong++
			fmt.Println("wrong:", test.ID)
		}
	}
	fmt.Println(wrong, "wrong")
	// Output:
	// 0 wrong
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

package smp_test

import (
	"bytes"
	"reflect"
	"testing"

	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

// addOutputs gives the fuzzer the encodings of a vector file.
func addOutputs(f *testing.F, file string) {
	f.Helper()
	v, err := vectors.Load(file)
	if err != nil {
		f.Fatal(err)
	}
	for _, test := range v.All() {
		var b vectors.Hex
		if len(test.Output) > 4096 || test.Output.Decode(&b) != nil || b == nil {
			continue // long, or no bytes
		}
		for _, version := range []uint16{6, 9, 15, 16, 18, 20} {
			f.Add(version, []byte(b))
		}
	}
}

// FuzzDecodeCommand: what decodes encodes at the same version, and decodes to
// the same command.
func FuzzDecodeCommand(f *testing.F) {
	addOutputs(f, "commands")
	f.Add(uint16(20), []byte("RSLV a.b x"))
	f.Fuzz(func(t *testing.T, version uint16, b []byte) {
		c, err := smp.DecodeCommand(version, b)
		if err != nil {
			if smp.AnswerTo(err) == nil {
				t.Fatalf("no answer to %v", err)
			}
			return
		}
		encoded, err := smp.EncodeCommand(version, c)
		if err != nil {
			t.Fatalf("%#v does not encode: %v", c, err)
		}
		again, err := smp.DecodeCommand(version, encoded)
		if err != nil || !reflect.DeepEqual(c, again) {
			t.Fatalf("%#v became %#v, %v", c, again, err)
		}
	})
}

// FuzzDecodeResponse: what decodes encodes at the same version; as encoding may
// lose something, that is where the values have to be the same.
func FuzzDecodeResponse(f *testing.F) {
	addOutputs(f, "responses")
	f.Add(uint16(20), []byte(`RNAME {"name":"","nickname":"","website":"","location":"","simplexContact":[],"simplexChannel":[],"owner":"0x0000000000000000000000000000000000000000","resolver":"0x0000000000000000000000000000000000000000"}`))
	f.Add(uint16(20), []byte("ERR NAME RESOLVER x"))
	f.Fuzz(func(t *testing.T, version uint16, b []byte) {
		c, err := smp.DecodeResponse(version, b)
		if err != nil {
			if smp.AnswerTo(err) == nil {
				t.Fatalf("no answer to %v", err)
			}
			return
		}
		encoded, err := smp.EncodeResponse(version, c)
		if err != nil {
			t.Fatalf("%#v does not encode: %v", c, err)
		}
		second, err := smp.DecodeResponse(version, encoded)
		if err != nil {
			t.Fatalf("%q does not decode: %v", encoded, err)
		}
		if c.Tag() == second.Tag() && c.Tag() != "ERR" && !reflect.DeepEqual(c, second) {
			t.Fatalf("%#v became %#v", c, second)
		}
		again, err := smp.EncodeResponse(version, second)
		if err != nil || !bytes.Equal(encoded, again) {
			t.Fatalf("%q became %q, %v", encoded, again, err)
		}
	})
}

// FuzzDecodeBlock: what a relay decodes encodes to the same bytes, transmission
// by transmission.
func FuzzDecodeBlock(f *testing.F) {
	v, err := vectors.Load("transmissions")
	if err != nil {
		f.Fatal(err)
	}
	for g, test := range v.All() {
		var in struct {
			Content   vectors.Hex `json:"content"`
			SessionID vectors.Hex `json:"session_id"`
			Version   uint16      `json:"version"`
		}
		if g.Name == "decode" && test.Inputs.Decode(&in) == nil {
			f.Add(in.Version, []byte(in.SessionID), []byte(in.Content))
		}
	}
	f.Fuzz(func(t *testing.T, version uint16, sessionID, content []byte) {
		for _, r := range smp.DecodeResponses(version, sessionID, content) {
			if (r.Err == nil) == (r.Response == nil) {
				t.Fatalf("response %#v and error %v", r.Response, r.Err)
			}
		}
		received := smp.DecodeCommands(version, sessionID, content)
		items, err := smp.DecodeBlock(content)
		if err != nil {
			if len(received) != 1 || smp.AnswerTo(received[0].Err) != smp.ErrBlock {
				t.Fatalf("block with %v gave %v", err, received)
			}
			return
		}
		block, err := smp.EncodeBlock(items...)
		if err != nil || !bytes.Equal(block, content) || len(received) != len(items) {
			t.Fatalf("%x became %x, %v", content, block, err)
		}
		for i, r := range received {
			if (r.Err == nil) == (r.Command == nil) || r.Err != nil && smp.AnswerTo(r.Err) == nil {
				t.Fatalf("command %#v and error %v", r.Command, r.Err)
			}
			if r.Err != nil {
				continue
			}
			b, err := r.Transmission.Encode(version)
			if err != nil || !bytes.Equal(b, items[i]) {
				t.Fatalf("%x became %x, %v", items[i], b, err)
			}
		}
	})
}

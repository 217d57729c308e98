package smp_test

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/fill"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/smp"
)

// addItems gives the fuzzer versions and bytes: items of a kind, and the bytes of vector files
// at the versions at which encodings change.
func addItems(f *testing.F, kind seed.Kind, files ...string) {
	f.Helper()
	for _, i := range seed.Spread(seed.Of(kind)) {
		f.Add(i.Version, i.Data)
	}
	versions := []uint16{6, 9, 15, 16, 17, 19, 20}
	for i, b := range seed.Spread(seed.Hex(files...)) {
		f.Add(versions[i%len(versions)], b)
	}
}

// FuzzDecodeCommand: what decodes has nothing that the version lacks, and encodes to the same
// bytes. Only SEND, without the flags of later versions, RSLV in lower case and without what
// follows the name, and PRXY with each host in its one form become others, which decode to
// the same command.
func FuzzDecodeCommand(f *testing.F) {
	addItems(f, seed.Command, "commands", "smp_command")
	f.Add(uint16(20), []byte("RSLV a.b x"))
	f.Add(uint16(20), []byte("SEND Txyz body"))
	f.Fuzz(func(t *testing.T, version uint16, b []byte) {
		var c smp.Command
		var err error
		bound.Check(t, len(b), func() { c, err = smp.DecodeCommand(version, b) })
		if err != nil {
			requireAnswer(t, err, smp.ErrCmdUnknown, smp.ErrCmdSyntax)
			return
		}
		if !reflect.DeepEqual(c, fill.CommandAt(version, c)) {
			t.Fatalf("version %d: %#v has what the version lacks", version, c)
		}
		encoded, err := smp.EncodeCommand(version, c)
		if err != nil {
			t.Fatalf("%#v does not encode: %v", c, err)
		}
		switch c.(type) {
		case smp.SEND, smp.RSLV, smp.PRXY:
		default:
			if !bytes.Equal(encoded, b) {
				t.Fatalf("%x became %x", b, encoded)
			}
		}
		again, err := smp.DecodeCommand(version, encoded)
		if err != nil || !reflect.DeepEqual(c, again) {
			t.Fatalf("%#v became %#v, %v", c, again, err)
		}
	})
}

// requireAnswer checks that an error says what a relay answers, which is one of the given.
func requireAnswer(t *testing.T, err error, answers ...*smp.Error) {
	t.Helper()
	answer := smp.AnswerTo(err)
	if answer == nil || !slices.ContainsFunc(answers, answer.Equal) {
		t.Fatalf("%v is answered %v, expected one of %v", err, answer, answers)
	}
}

// FuzzDecodeResponse: what decodes has nothing that the version lacks, and encodes to the same
// bytes. JSON and errors have one form each, to which others become; responses that a version
// does not have are known, but others are sent in their place.
func FuzzDecodeResponse(f *testing.F) {
	addItems(f, seed.Response, "responses", "smp_response")
	f.Add(uint16(20), []byte("ERR NAME RESOLVER x"))
	f.Add(uint16(20), []byte("ERR PROXY BROKER NETWORK CONNECT \x01x"))
	f.Add(uint16(20), append([]byte("ERR "), bytes.Repeat([]byte("PROXY PROTOCOL "), 500)...))
	f.Fuzz(func(t *testing.T, version uint16, b []byte) {
		var c smp.Response
		var err error
		bound.Check(t, len(b), func() { c, err = smp.DecodeResponse(version, b) })
		if err != nil {
			requireAnswer(t, err, smp.ErrCmdUnknown, smp.ErrCmdSyntax)
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
		again, err := smp.EncodeResponse(version, second)
		if err != nil || !bytes.Equal(encoded, again) {
			t.Fatalf("%q became %q, %v", encoded, again, err)
		}
		at := fill.ResponseAt(version, c)
		switch c.(type) {
		case smp.ERR: // its reasons may be lost
			return
		case smp.SOK, smp.DELD:
			if at.Tag() != c.Tag() {
				return
			}
		}
		if !reflect.DeepEqual(c, at) {
			t.Fatalf("version %d: %#v has what the version lacks", version, c)
		}
		if !reflect.DeepEqual(c, second) {
			t.Fatalf("%#v became %#v", c, second)
		}
		switch c.(type) {
		case smp.INFO, smp.RNAME:
		default:
			if !bytes.Equal(encoded, b) {
				t.Fatalf("%x became %x", b, encoded)
			}
		}
	})
}

package smp_test

import (
	"bytes"
	"reflect"
	"testing"

	"smpcheck/fuzz/fill"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/smp"
)

// addData gives the fuzzer bytes to fill from.
func addData(f *testing.F) {
	f.Helper()
	for n := range 64 {
		data := make([]byte, 8*n)
		for i := range data {
			data[i] = byte(i*n + n)
		}
		f.Add(data, uint8(n))
	}
	for _, i := range seed.Spread(seed.Of(seed.Notification)) {
		f.Add(i.Data, uint8(len(i.Data))) // any bytes
	}
}

// versionOf maps a number to a version of the protocol.
func versionOf(n uint8) uint16 { return smp.MinVersion + uint16(n)%(smp.MaxVersion-smp.MinVersion+1) }

// FuzzCommandFields: at each version a command comes back with the parts that the version has.
// A reader at another version than the writer's refuses it, or finds no part that its own
// version lacks.
func FuzzCommandFields(f *testing.F) {
	addData(f)
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		c := fill.Valid(data, smp.MaxVersion).Command()
		version := versionOf(n)
		b, err := smp.EncodeCommand(version, c)
		if err != nil {
			t.Fatalf("version %d: %#v does not encode: %v", version, c, err)
		}
		want := fill.CommandAt(version, c)
		got, err := smp.DecodeCommand(version, b)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("version %d: %#v became %#v, expected %#v, %v", version, c, got, want, err)
		}
		for reader := smp.MinVersion; reader <= smp.MaxVersion; reader++ {
			got, err := smp.DecodeCommand(reader, b)
			if err == nil && !reflect.DeepEqual(got, fill.CommandAt(reader, got)) {
				t.Fatalf("%x of version %d is %#v at %d", b, version, got, reader)
			}
		}
	})
}

// FuzzResponseFields is FuzzCommandFields for responses.
func FuzzResponseFields(f *testing.F) {
	addData(f)
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		c := fill.Valid(data, smp.MaxVersion).Response()
		version := versionOf(n)
		b, err := smp.EncodeResponse(version, c)
		if err != nil {
			t.Fatalf("version %d: %#v does not encode: %v", version, c, err)
		}
		want := fill.ResponseAt(version, c)
		got, err := smp.DecodeResponse(version, b)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("version %d: %#v became %#v, expected %#v, %v", version, c, got, want, err)
		}
		for reader := smp.MinVersion; reader <= smp.MaxVersion; reader++ {
			got, err := smp.DecodeResponse(reader, b)
			switch got.(type) {
			case smp.SOK, smp.DELD, smp.ERR: // known at every version
				continue
			}
			if err == nil && !reflect.DeepEqual(got, fill.ResponseAt(reader, got)) {
				t.Fatalf("%x of version %d is %#v at %d", b, version, got, reader)
			}
		}
	})
}

// FuzzArbitraryFields: commands and responses with any values are refused by the encoder, or
// decode to something with the same encoding. Texts that are no UTF-8 change once: then they are.
func FuzzArbitraryFields(f *testing.F) {
	addData(f)
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		filler, version := fill.Arbitrary(data), versionOf(n)
		c := filler.Command()
		if b, err := smp.EncodeCommand(version, c); err == nil {
			got, err := smp.DecodeCommand(version, b)
			if err != nil {
				t.Fatalf("version %d: %#v encodes to %x, which does not decode: %v", version, c, b, err)
			}
			if again, err := smp.EncodeCommand(version, got); err != nil || !bytes.Equal(b, again) {
				t.Fatalf("version %d: %x became %x, %v", version, b, again, err)
			}
		}
		r := filler.Response()
		b, err := smp.EncodeResponse(version, r)
		if err != nil {
			return
		}
		got, err := smp.DecodeResponse(version, b)
		if err != nil {
			t.Fatalf("version %d: %#v encodes to %q, which does not decode: %v", version, r, b, err)
		}
		again, err := smp.EncodeResponse(version, got)
		switch r.(type) {
		case smp.ERR, smp.INFO, smp.RNAME:
			if final, decodeErr := smp.DecodeResponse(version, again); decodeErr != nil || !reflect.DeepEqual(got, final) {
				t.Fatalf("version %d: %#v became %#v, %v", version, got, final, decodeErr)
			}
		default:
			if err != nil || !bytes.Equal(b, again) {
				t.Fatalf("version %d: %q became %q, %v", version, b, again, err)
			}
		}
	})
}

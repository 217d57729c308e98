package smp_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/fill"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/box"
	"smpcheck/reference/smp"
)

// addContents gives the fuzzer items of a kind and the bytes of vector files.
func addContents(f *testing.F, kind seed.Kind, files ...string) {
	f.Helper()
	for _, i := range seed.Spread(seed.Of(kind)) {
		f.Add(i.Data)
	}
	for _, b := range seed.Spread(seed.Hex(files...)) {
		f.Add(b)
	}
}

// checkCodec checks a decoder against its encoder: what decodes encodes to the bytes that
// canonical makes of the input, and to the same value again. What does not has an error with
// want in its chain, and no value.
func checkCodec[T any](t *testing.T, b []byte, decode func([]byte) (T, error), encode func(T) ([]byte, error), canonical func([]byte, T) []byte, want error) {
	t.Helper()
	var v T
	var err error
	bound.Check(t, len(b), func() { v, err = decode(b) })
	if err != nil {
		if !errors.Is(err, want) || !reflect.ValueOf(v).IsZero() {
			t.Fatalf("%#v and %v", v, err)
		}
		return
	}
	encoded, err := encode(v)
	if wanted := canonical(b, v); err != nil || !bytes.Equal(encoded, wanted) {
		t.Fatalf("%x became %x, expected %x, %v", b, encoded, wanted, err)
	}
	if again, err := decode(encoded); err != nil || !reflect.DeepEqual(v, again) {
		t.Fatalf("%#v became %#v, %v", v, again, err)
	}
}

// same is the canonical form of encodings that have but one.
func same[T any](b []byte, _ T) []byte { return b }

// checkValue checks that a value comes back as it was.
func checkValue[T any](t *testing.T, v T, encode func(T) ([]byte, error), decode func([]byte) (T, error)) {
	t.Helper()
	b, err := encode(v)
	if err != nil {
		t.Fatalf("%#v does not encode: %v", v, err)
	}
	if got, err := decode(b); err != nil || !reflect.DeepEqual(got, v) {
		t.Fatalf("%#v became %#v, %v", v, got, err)
	}
}

// FuzzDecodeRcvMessage: the content of MSG has one form, but for flags of later versions,
// which are left out.
func FuzzDecodeRcvMessage(f *testing.F) {
	addContents(f, seed.Message, "delivery")
	f.Add([]byte("QUOTA \x00\x00\x00\x00\x00\x00\x00\x01"))
	f.Add([]byte("QUOTA \x00\x00T body"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > smp.MaxRcvBody+100 {
			return // it fits no block
		}
		withoutFlags := func(b []byte, m smp.RcvMessage) []byte {
			if m.Quota || len(m.Body) > smp.MaxRcvBody {
				return b
			}
			end := len(b) - len(m.Body)
			return append(bytes.Clone(b[:9]), b[end-1:]...)
		}
		decode := func(b []byte) (smp.RcvMessage, error) {
			m, err := smp.DecodeRcvMessage(b)
			if len(m.Body) > smp.MaxRcvBody {
				return smp.RcvMessage{}, smp.ErrRcvMessage // longer than a relay makes it
			}
			return m, err
		}
		checkCodec(t, b, decode, smp.RcvMessage.Encode, withoutFlags, smp.ErrRcvMessage)
	})
}

// FuzzDecodeNMsgMeta: the content of NMSG has one form, but for what follows it in later
// versions.
func FuzzDecodeNMsgMeta(f *testing.F) {
	addContents(f, seed.Notification, "notification")
	f.Fuzz(func(t *testing.T, b []byte) {
		start := func(b []byte, m smp.NMsgMeta) []byte { return b[:1+len(m.MessageID)+8] }
		checkCodec(t, b, smp.DecodeNMsgMeta, smp.NMsgMeta.Encode, start, smp.ErrRcvMessage)
	})
}

// FuzzDecodeEnvelope: the body of SEND has one form.
func FuzzDecodeEnvelope(f *testing.F) {
	for _, i := range seed.Spread(seed.Of(seed.Command)) {
		if body, ok := bytes.CutPrefix(i.Data, []byte("SEND T ")); ok {
			f.Add(body)
		}
	}
	addContents(f, seed.Message, "queue_envelope")
	f.Fuzz(func(t *testing.T, b []byte) {
		checkCodec(t, b, smp.DecodeEnvelope, smp.Envelope.Encode, same, smp.ErrEnvelope)
	})
}

// FuzzDecodeClientMessage: the content of an envelope has one form.
func FuzzDecodeClientMessage(f *testing.F) {
	addContents(f, seed.Message, "queue_envelope")
	f.Add([]byte("_body"))
	f.Fuzz(func(t *testing.T, b []byte) {
		checkCodec(t, b, smp.DecodeClientMessage, smp.ClientMessage.Encode, same, smp.ErrEnvelope)
	})
}

// FuzzDecodeForwardedCommand: the content of RFWD has one form.
func FuzzDecodeForwardedCommand(f *testing.F) {
	addContents(f, seed.ForwardedCommand, "proxy")
	f.Fuzz(func(t *testing.T, b []byte) {
		checkCodec(t, b, smp.DecodeForwardedCommand, smp.ForwardedCommand.Encode, same, smp.ErrCrypto)
	})
}

// FuzzDecodeForwardedResponse: the content of RRES has one form.
func FuzzDecodeForwardedResponse(f *testing.F) {
	addContents(f, seed.ForwardedResponse, "proxy")
	f.Fuzz(func(t *testing.T, b []byte) {
		checkCodec(t, b, smp.DecodeForwardedResponse, smp.ForwardedResponse.Encode, same, smp.ErrCrypto)
	})
}

// FuzzContentFields: what is sealed for MSG, NMSG, RFWD, RRES and between clients is opened as
// it was, in the one size that it has, and not by another key or after a change of any bit.
func FuzzContentFields(f *testing.F) {
	addData(f)
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		filler := fill.Valid(data, smp.MaxVersion)
		key, err := box.DeriveKey(bytes.Repeat([]byte{n}, 32))
		if err != nil {
			t.Fatal(err)
		}
		m := fill.Value[smp.RcvMessage](filler)
		if m.Quota {
			checkValue(t, m, smp.RcvMessage.Encode, smp.DecodeRcvMessage)
		}
		id := fill.Value[[24]byte](filler)
		body, err := m.Seal(id[:], &key)
		if err != nil || len(body) != smp.PaddedRcvMessage+box.Overhead {
			t.Fatalf("%d bytes, %v", len(body), err)
		}
		if got, err := smp.OpenRcvMessage(smp.MSG{ID: id[:], Body: body}, &key); err != nil || !reflect.DeepEqual(got, m) {
			t.Fatalf("%#v became %#v, %v", m, got, err)
		}
		body[int(n)*60] ^= n | 1
		if _, err := smp.OpenRcvMessage(smp.MSG{ID: id[:], Body: body}, &key); !errors.Is(err, box.ErrOpen) {
			t.Fatalf("a changed body: %v", err)
		}
		meta := smp.NMsgMeta{MessageID: id[:], Timestamp: m.Timestamp}
		notification, err := meta.Seal(id, &key)
		if err != nil || len(notification.Meta) != smp.PaddedNMsgMeta+box.Overhead {
			t.Fatalf("%d bytes, %v", len(notification.Meta), err)
		}
		if got, err := smp.OpenNMsgMeta(notification, &key); err != nil || !reflect.DeepEqual(got, meta) {
			t.Fatalf("%#v became %#v, %v", meta, got, err)
		}
		checkValue(t, fill.Value[smp.ForwardedCommand](filler), smp.ForwardedCommand.Encode, smp.DecodeForwardedCommand)
		checkValue(t, fill.Value[smp.ForwardedResponse](filler), smp.ForwardedResponse.Encode, smp.DecodeForwardedResponse)
		checkEnvelope(t, filler, &key)
	})
}

func checkEnvelope(t *testing.T, filler *fill.Filler, key *box.Key) {
	t.Helper()
	e, m := fill.Value[smp.Envelope](filler), fill.Value[smp.ClientMessage](filler)
	checkValue(t, e, smp.Envelope.Encode, smp.DecodeEnvelope)
	if err := e.Seal(m, key); err != nil {
		return // too long with its key
	}
	b, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	received, err := smp.DecodeEnvelope(b)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := received.Open(key); err != nil || !reflect.DeepEqual(got, m) {
		t.Fatalf("%#v became %#v, %v", m, got, err)
	}
}

package smp_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/fill"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// FuzzCanonicalName: what is a name is so in lower case too, and fits a message.
func FuzzCanonicalName(f *testing.F) {
	for _, i := range seed.Of(seed.Command) {
		if name, ok := bytes.CutPrefix(i.Data, []byte("RSLV ")); ok {
			f.Add(string(name))
		}
	}
	f.Add(strings.Repeat("a.", 126) + "b")
	f.Add("A--b.c")
	f.Fuzz(func(t *testing.T, text string) {
		var name string
		var err error
		bound.Check(t, len(text), func() { name, err = smp.CanonicalName(text) })
		if err != nil {
			if !errors.Is(err, smp.ErrName) || name != "" {
				t.Fatalf("%q: %q, %v", text, name, err)
			}
			return
		}
		if name != strings.ToLower(text) || len(name) > smp.MaxNameLength || !strings.Contains(name, ".") ||
			strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" || strings.HasPrefix(name, "-") {
			t.Fatalf("%q became %q", text, name)
		}
		if again, err := smp.CanonicalName(name); err != nil || again != name {
			t.Fatalf("%q became %q, %v", name, again, err)
		}
		checkValue(t, smp.RSLV{Domain: name},
			func(c smp.RSLV) ([]byte, error) { return smp.EncodeCommand(smp.MaxVersion, c) },
			func(b []byte) (smp.RSLV, error) {
				c, err := smp.DecodeCommand(smp.MaxVersion, b)
				r, _ := c.(smp.RSLV)
				return r, err
			})
	})
}

// FuzzParseNameRecord: what is a record fits the limits of the document, and has one form in
// JSON, which is the same record.
func FuzzParseNameRecord(f *testing.F) {
	for _, i := range seed.Of(seed.Response) {
		if record, ok := bytes.CutPrefix(i.Data, []byte("RNAME ")); ok {
			f.Add([]byte(record))
		}
	}
	record := `{"name":"a.b","nickname":"\u0000","website":"","location":"","simplexContact":["x"],"simplexChannel":[],"eth":null,` +
		`"owner":"0x0000000000000000000000000000000000000000","resolver":"0xabcdefabcdefabcdefabcdefabcdefabcdefabcd","other":[[[{}]]]}`
	f.Add([]byte(record))
	f.Add([]byte(strings.Replace(record, `"x"`, `null`, 1)))
	f.Add([]byte(strings.Repeat(`{"a":`, 2000)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r smp.NameRecord
		var err error
		bound.Check(t, len(b), func() { r, err = smp.ParseNameRecord(b) })
		if err != nil {
			if !reflect.ValueOf(r).IsZero() {
				t.Fatalf("%#v and %v", r, err)
			}
			return
		}
		for _, text := range []string{r.Name, r.Nickname, r.Website, r.Location, r.Owner, r.Resolver} {
			if len(text) > smp.MaxRecordText || !utf8.ValidString(text) {
				t.Fatalf("text %q", text)
			}
		}
		encoded, err := smp.EncodeResponse(smp.MaxVersion, smp.RNAME{Record: r})
		if err != nil {
			t.Fatalf("%#v does not encode: %v", r, err)
		}
		again, err := smp.ParseNameRecord(bytes.TrimPrefix(encoded, []byte("RNAME ")))
		if err != nil || !reflect.DeepEqual(r, again) {
			t.Fatalf("%#v became %#v, %v", r, again, err)
		}
	})
}

// FuzzQueueInfo: what is the state of a queue has one form in JSON, which is the same state.
func FuzzQueueInfo(f *testing.F) {
	for _, i := range seed.Of(seed.Response) {
		if info, ok := bytes.CutPrefix(i.Data, []byte("INFO ")); ok {
			f.Add([]byte(info))
		}
	}
	f.Add([]byte(`{"qiSnd":true,"qiNtf":false,"qiSize":1e2,"qiSub":{"qSubThread":"noSub"},"qiMsg":{"msgId":"","msgTs":"2020-01-01T00:00:00+01:00","msgType":"quota"}}`))
	f.Add([]byte(`{"qiSnd":true,"qiNtf":false,"qiSize":-0.1e1}`))
	f.Add([]byte(`{"qiSnd":true,"qiNtf":false,"qiSize":1e99999999999}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		encoded := append([]byte("INFO "), b...)
		var c smp.Response
		var err error
		bound.Check(t, len(b), func() { c, err = smp.DecodeResponse(smp.MaxVersion, encoded) })
		if err != nil {
			requireAnswer(t, err, smp.ErrCmdSyntax)
			return
		}
		if encoded, err = smp.EncodeResponse(smp.MaxVersion, c); err != nil {
			t.Fatalf("%#v does not encode: %v", c, err)
		}
		again, err := smp.DecodeResponse(smp.MaxVersion, encoded)
		if err != nil || !reflect.DeepEqual(c, again) {
			t.Fatalf("%#v became %#v, %v", c, again, err)
		}
	})
}

// FuzzErrors: what is an error of the protocol has one form, which is the same error but for
// what is not sent, and a text for people without the bytes of lengths. One that a proxy
// passes on comes back inside of the proxy's.
func FuzzErrors(f *testing.F) {
	for _, i := range seed.Of(seed.Response) {
		if text, ok := bytes.CutPrefix(i.Data, []byte("ERR ")); ok {
			f.Add([]byte(text))
		}
	}
	f.Add([]byte("CMD NO_QUEUE"))
	f.Add([]byte("STORE \xff\xfe text"))
	f.Add([]byte(`BLOCKED reason=spam,notice={"ttl":1.0e1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > smp.BlockSize {
			return // errors inside of errors go as deep as the block is long
		}
		decode := func(b []byte) (smp.Response, error) {
			return smp.DecodeResponse(smp.MaxVersion, append([]byte("ERR "), b...))
		}
		var c smp.Response
		var err error
		bound.Check(t, len(b), func() { c, err = decode(b) })
		if err != nil {
			requireAnswer(t, err, smp.ErrCmdSyntax)
			return
		}
		found := c.(smp.ERR).Err
		encoded, err := smp.EncodeResponse(smp.MaxVersion, c)
		if err != nil {
			t.Fatalf("%#v does not encode: %v", c, err)
		}
		once, err := decode(encoded[len("ERR "):])
		if err != nil {
			t.Fatalf("%q does not decode: %v", encoded, err)
		}
		sent := once.(smp.ERR).Err
		if twice, err := smp.EncodeResponse(smp.MaxVersion, once); err != nil || !bytes.Equal(encoded, twice) || sent.Error() != found.Error() {
			t.Fatalf("%q became %q, %v", encoded, twice, err)
		}
		wrapped, err := smp.EncodeResponse(smp.MaxVersion, smp.ERR{Err: smp.ProxyProtocolError(sent)})
		if err != nil {
			t.Fatal(err)
		}
		passed, err := smp.DecodeResponse(smp.MaxVersion, wrapped)
		if err != nil || !passed.(smp.ERR).Err.Proxy.Protocol.Equal(sent) {
			t.Fatalf("%v became %#v, %v", sent, passed, err)
		}
	})
}

// FuzzReadTransportError: what is an error of the transport has one text.
func FuzzReadTransportError(f *testing.F) {
	for _, text := range []string{"BLOCK", "HANDSHAKE PARSE", "HANDSHAKE", "HANDSHAKE  PARSE", "NO_AUTH more"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var e smp.TransportError
		var r *wire.Reader
		bound.Check(t, len(b), func() { r = wire.NewReader(b); e = smp.ReadTransportError(r) })
		w := wire.NewWriter(nil)
		e.Put(w)
		written, err := w.Bytes()
		if r.Err() != nil {
			if e != "" || err == nil {
				t.Fatalf("%q is %q, %v", b, e, err)
			}
			return
		}
		if err != nil || !bytes.Equal(written, b[:len(b)-r.Len()]) {
			t.Fatalf("%q became %q, %v", b, written, err)
		}
	})
}

// FuzzErrorFields: every error is written so that it is read again.
func FuzzErrorFields(f *testing.F) {
	addData(f)
	f.Fuzz(func(t *testing.T, data []byte, n uint8) {
		e := fill.Value[*smp.Error](fill.Valid(data, versionOf(n)))
		b, err := smp.EncodeResponse(smp.MaxVersion, smp.ERR{Err: e})
		if err != nil {
			t.Fatalf("%#v does not encode: %v", e, err)
		}
		c, err := smp.DecodeResponse(smp.MaxVersion, b)
		if err != nil || !c.(smp.ERR).Err.Equal(e) || !errors.Is(e, c.(smp.ERR).Err) {
			t.Fatalf("%q became %#v, %v", b, c, err)
		}
		if text := e.Error(); !strings.HasPrefix(text, string(e.Code)) {
			t.Fatalf("%#v is %q", e, text)
		}
	})
}

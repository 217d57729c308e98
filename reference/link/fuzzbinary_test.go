package link_test

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/fill"
	"smpcheck/fuzz/fill/upper"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// addBinary gives the fuzzer the bytes of the vectors and, without their first bytes, the
// binary forms of a group of the official ones.
func addBinary(f *testing.F, cut int, groups ...string) {
	f.Helper()
	for _, b := range seed.Hex("connection_link", "queue_uri", "short_link", "server_address", "link_data") {
		if len(b) < 2000 {
			f.Add(b)
		}
	}
	file, err := vectors.Load("links")
	require.NoError(f, err)
	for _, name := range groups {
		g, ok := file.Group(name)
		require.True(f, ok, name)
		for _, test := range g.Tests {
			if len(test.Binary) > cut && len(test.Binary) < 2000 {
				f.Add([]byte(test.Binary[cut:]))
			}
		}
	}
}

// writer is what every value with a binary form has.
type writer interface{ Write(*wire.Writer) }

// named are the errors of binary forms.
var named = []error{
	wire.ErrTruncated, wire.ErrTrailing, wire.ErrHost, wire.ErrBadMaybe, wire.ErrBadBool, wire.ErrRange,
	link.ErrServer, link.ErrKey, link.ErrMode, link.ErrNoQueues, link.ErrLinkType, link.ErrSignatureSize,
	ratchet.ErrParameters, ratchet.ErrKEMTag, ratchet.ErrKEMState, keys.ErrEncoding,
}

// fuzzBinary: bytes are refused by name or give a value. Its encoding is canonical: hosts in
// their one form, modes as the versions tell them, nothing after the last field. It gives the
// value as the versions have it, and is stable from then on: a queue that is taken for a contact queue is written as one.
func fuzzBinary[T writer](t *testing.T, b []byte, read func(*wire.Reader) T, at func(T) T) {
	t.Helper()
	var v T
	var err error
	bound.Check(t, len(b), func() { v, err = link.Decode(b, read) })
	if err != nil {
		if !slices.ContainsFunc(named, func(e error) bool { return errors.Is(err, e) }) {
			t.Fatalf("no error of the package: %v", err)
		}
		require.Zero(t, v)
		return
	}
	requireCanonical(t, v, read, at)
}

// requireCanonical checks what fuzzBinary says of the encoding of a value, unless the value
// cannot be encoded because queues run into each other.
func requireCanonical[T writer](t *testing.T, v T, read func(*wire.Reader) T, at func(T) T) {
	t.Helper()
	encoded, err := link.Encode(v)
	if errors.Is(err, link.ErrAmbiguous) {
		return
	}
	require.NoError(t, err)
	second, err := link.Decode(encoded, read)
	require.NoError(t, err)
	require.Equal(t, at(v), second)
	again, err := link.Encode(second)
	require.NoError(t, err)
	third, err := link.Decode(again, read)
	require.NoError(t, err)
	require.Equal(t, second, third)
	if reflect.DeepEqual(v, second) {
		require.Equal(t, encoded, again)
	}
}

func same[T any](v T) T { return v }

// FuzzReadServer: only the text of a host can be another one in the encoding.
func FuzzReadServer(f *testing.F) {
	addBinary(f, 1, "short")
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzBinary(t, b, link.ReadServer, same)
		if s, err := link.Decode(b, link.ReadServer); err == nil {
			encoded, err := link.Encode(s)
			require.NoError(t, err)
			require.Equal(t, encoded, oneForm(t, b))
		}
	})
}

// oneForm returns a server in binary form with the one text of each host.
func oneForm(t *testing.T, b []byte) []byte {
	t.Helper()
	r := wire.NewReader(b)
	w := wire.NewWriter(nil)
	count := r.Byte()
	w.Byte(count)
	for range count {
		h, err := wire.ParseHost(string(r.Short()))
		require.NoError(t, err)
		w.String(string([]byte{byte(len(h.String()))}) + h.String())
	}
	w.Raw(r.Rest())
	again, err := w.Bytes()
	require.NoError(t, err)
	return again
}

// legacyServer is a server in the form of client version 1.
type legacyServer struct{ link.Server }

func (s legacyServer) Write(w *wire.Writer) { s.WriteLegacy(w) }

func readLegacy(r *wire.Reader) legacyServer { return legacyServer{link.ReadLegacyServer(r)} }

func FuzzReadLegacyServer(f *testing.F) {
	addBinary(f, 2, "short")
	f.Fuzz(func(t *testing.T, b []byte) { fuzzBinary(t, b, readLegacy, same) })
}

func FuzzReadQueueURI(f *testing.F) {
	addBinary(f, 0, "queue_uri")
	f.Fuzz(func(t *testing.T, b []byte) { fuzzBinary(t, b, link.ReadQueueURI, upper.QueueURIAt) })
}

func FuzzReadQueueInfo(f *testing.F) {
	addBinary(f, 2, "queue_uri")
	f.Fuzz(func(t *testing.T, b []byte) { fuzzBinary(t, b, link.ReadQueueInfo, upper.QueueInfoAt) })
}

func FuzzReadConnection(f *testing.F) {
	addBinary(f, 0, "contact", "invitation")
	f.Fuzz(func(t *testing.T, b []byte) { fuzzBinary(t, b, link.ReadConnection, upper.ConnectionAt) })
}

func FuzzReadShortLink(f *testing.F) {
	addBinary(f, 0, "short")
	f.Fuzz(func(t *testing.T, b []byte) { fuzzBinary(t, b, link.ReadShortLink, same) })
}

// addLinkData gives the fuzzer one of the two signed parts of link data, without the
// signature.
func addLinkData(f *testing.F, part func(dataOutput) []byte) {
	f.Helper()
	addBinary(f, 0)
	eachLinkData(f, func(out dataOutput) {
		if len(part(out)) > 65 {
			f.Add(part(out)[65:])
		}
	})
}

// eachLinkData calls do with the link data of the official vectors.
func eachLinkData(f *testing.F, do func(dataOutput)) {
	f.Helper()
	file, err := vectors.Load("links")
	require.NoError(f, err)
	g, ok := file.Group("link_data")
	require.True(f, ok)
	for _, test := range g.Tests {
		var out dataOutput
		if test.Output.Decode(&out) == nil {
			do(out)
		}
	}
}

func fixedDataAt(d link.FixedData) link.FixedData {
	d.Connection = upper.ConnectionAt(d.Connection)
	return d
}

func FuzzReadFixedData(f *testing.F) {
	addLinkData(f, func(out dataOutput) []byte { return out.SignedFixedData })
	f.Fuzz(func(t *testing.T, b []byte) { fuzzBinary(t, b, link.ReadFixedData, fixedDataAt) })
}

func FuzzReadUserData(f *testing.F) {
	addLinkData(f, func(out dataOutput) []byte { return out.SignedUserData })
	f.Fuzz(func(t *testing.T, b []byte) { fuzzBinary(t, b, link.ReadUserData, same) })
}

func FuzzReadOwner(f *testing.F) {
	addLinkData(f, func(out dataOutput) []byte { return out.SignedUserData })
	f.Fuzz(func(t *testing.T, b []byte) { fuzzBinary(t, b, link.ReadOwner, same) })
}

// FuzzLinkValues: a value of any type comes back from its text as it was, and from its binary
// form as its versions have it.
func FuzzLinkValues(f *testing.F) {
	for i := range 72 {
		f.Add(uint8(i), bytes.Repeat([]byte{byte(i), byte(7 * i), 3}, 40))
	}
	checks := []func(*testing.T, *fill.Filler){
		func(t *testing.T, from *fill.Filler) {
			q := fill.Value[link.QueueURI](from)
			requireText(t, q, link.ParseQueueURI)
			requireCanonical(t, q, link.ReadQueueURI, upper.QueueURIAt)
		},
		func(t *testing.T, from *fill.Filler) {
			requireCanonical(t, fill.Value[link.QueueInfo](from), link.ReadQueueInfo, upper.QueueInfoAt)
		},
		func(t *testing.T, from *fill.Filler) {
			requireCanonical(t, legacyServer{fill.Value[link.Server](from)}, readLegacy,
				func(s legacyServer) legacyServer { s.Hosts = s.Hosts[:1]; return s })
		},
		func(t *testing.T, from *fill.Filler) {
			c := fill.Value[link.Connection](from)
			requireText(t, c, link.ParseConnection)
			requireText[link.Link](t, c, link.ParseLink)
			requireCanonical(t, c, link.ReadConnection, upper.ConnectionAt)
		},
		func(t *testing.T, from *fill.Filler) {
			l := fill.Value[link.ShortLink](from)
			requireText(t, l, link.ParseShortLink)
			requireText[link.Link](t, l, link.ParseLink)
			requireCanonical(t, l, link.ReadShortLink, func(l link.ShortLink) link.ShortLink { l.Web = true; return l })
		},
		func(t *testing.T, from *fill.Filler) {
			requireCanonical(t, fill.Value[link.FixedData](from), link.ReadFixedData, fixedDataAt)
		},
		func(t *testing.T, from *fill.Filler) {
			requireCanonical(t, fill.Value[link.UserData](from), link.ReadUserData, same)
		},
		func(t *testing.T, from *fill.Filler) {
			requireCanonical(t, fill.Value[link.Owner](from), link.ReadOwner, same)
		},
		func(t *testing.T, from *fill.Filler) {
			offer := fill.Value[ratchet.Offer](from)
			got, err := link.ParseOffer(link.OfferText(offer))
			require.NoError(t, err)
			require.Equal(t, offer, got)
		},
	}
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		checks[int(kind)%len(checks)](t, upper.Filler(data))
	})
}

// requireText checks that a value comes back from its text, which Check has nothing against.
func requireText[T interface{ Text() string }](t *testing.T, v T, parse func(string) (T, error)) {
	t.Helper()
	require.NoError(t, link.Check(v.Text()))
	got, err := parse(v.Text())
	require.NoError(t, err)
	require.Equal(t, v, got)
}

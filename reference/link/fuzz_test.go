package link_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/reference/link"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// addTexts gives the fuzzer the texts of the vectors: inputs called "uri" and outputs.
func addTexts(f *testing.F, more ...string) {
	f.Helper()
	for _, name := range []string{"links", "test_uris"} {
		file, err := vectors.Load(name)
		require.NoError(f, err)
		for _, test := range file.All() {
			var in struct{ URI string }
			var out string
			if test.Inputs.Decode(&in) == nil {
				f.Add(in.URI)
			}
			if test.Output.Decode(&out) == nil && len(out) < 1000 {
				f.Add(out)
			}
		}
	}
	for _, s := range more {
		f.Add(s)
	}
}

// addBinary gives the fuzzer the binary forms of groups of the vectors, each without
// the given number of bytes before what the target reads.
func addBinary(f *testing.F, cut int, groups ...string) {
	f.Helper()
	file, err := vectors.Load("links")
	require.NoError(f, err)
	for _, name := range groups {
		g, ok := file.Group(name)
		require.True(f, ok, name)
		for _, test := range g.Tests {
			if len(test.Binary) > cut && len(test.Binary) < 1000 {
				f.Add([]byte(test.Binary[cut:]))
			}
		}
	}
}

// fuzzText: what a parser accepts has a text that gives the same value again. Hosts are looked at because the text of
// an IPv6 address has no end before a port.
func fuzzText[T any](t *testing.T, in string, parse func(string) (T, error), text func(T) string, hosts func(T) []link.Host, sentinel error) {
	t.Helper()
	v, err := parse(in)
	if err != nil {
		require.ErrorIs(t, err, sentinel)
		return
	}
	for _, h := range hosts(v) {
		if h.Kind() == wire.IPv6 {
			return
		}
	}
	again, err := parse(text(v))
	require.NoError(t, err)
	require.Equal(t, v, again)
}

func FuzzParseQueueURI(f *testing.F) {
	addTexts(f)
	f.Fuzz(func(t *testing.T, in string) {
		fuzzText(t, in, link.ParseQueueURI, link.QueueURI.Text,
			func(q link.QueueURI) []link.Host { return q.Server.Hosts }, link.ErrQueue)
	})
}

func FuzzParseConnection(f *testing.F) {
	addTexts(f)
	f.Fuzz(func(t *testing.T, in string) {
		fuzzText(t, in, link.ParseConnection, link.Connection.Text, connectionHosts, link.ErrConnection)
	})
}

func connectionHosts(c link.Connection) []link.Host {
	var hosts []link.Host
	for _, q := range c.Queues {
		hosts = append(hosts, q.Server.Hosts...)
	}
	return hosts
}

func FuzzParseShortLink(f *testing.F) {
	addTexts(f)
	f.Fuzz(func(t *testing.T, in string) {
		// No port follows a host in short links.
		fuzzText(t, in, link.ParseShortLink, link.ShortLink.Text,
			func(link.ShortLink) []link.Host { return nil }, link.ErrShortLink)
	})
}

func FuzzParseOffer(f *testing.F) {
	const key = "MEIwBQYDK2VvAzkAmKuSYeQ_m0SixPDS8Wq8VBaTS1cW-Lp0n0h4Diu-kUpR-qXx4SDJ32YGEFoGFGSbGPry5Ychr6U="
	f.Add("v=2-3&x3dh=" + key + "," + key)
	f.Add("x3dh=" + key + "%2C" + key + ";v=3;kem_key=AAAA;kem_ct=AAAA")
	f.Fuzz(func(t *testing.T, in string) {
		o, err := link.ParseOffer(in)
		if err != nil {
			require.ErrorIs(t, err, link.ErrOffer)
			return
		}
		again, err := link.ParseOffer(link.OfferText(o))
		require.NoError(t, err)
		require.Equal(t, o, again)
	})
}

func FuzzParseAppServer(f *testing.F) {
	for _, s := range []string{"simplex.chat", "example.com:8443", "[::1]:443", "::1", "a:", "1.2.3.400:0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		fuzzText(t, in, link.ParseAppServer, link.AppServer.String,
			func(link.AppServer) []link.Host { return nil }, link.ErrAppServer)
	})
}

// FuzzCheck: Check refuses what the parsers refuse, and what it passes they accept.
func FuzzCheck(f *testing.F) {
	addTexts(f, "smp://AAAA@host", "smp://AAAA:pass@1.2.3.300:99999")
	f.Fuzz(func(t *testing.T, in string) {
		err := link.Check(in)
		_, server := link.ParseServer(in)
		_, queue := link.ParseQueueURI(in)
		_, whole := link.ParseLink(in)
		accepted := server == nil || queue == nil || whole == nil
		require.Equal(t, accepted, err == nil || errors.Is(err, link.ErrLax), "%v", err)
	})
}

// writer is what every value with a binary form has.
type writer interface{ Write(*wire.Writer) }

// fuzzBinary: what decodes encodes, except queues that run into each other; the result
// decodes, and after that nothing changes any more. The first encoding may lose what
// its versions do not have.
func fuzzBinary[T writer](t *testing.T, b []byte, read func(*wire.Reader) T) {
	t.Helper()
	first, err := link.Decode(b, read)
	if err != nil {
		return
	}
	encoded, err := link.Encode(first)
	if errors.Is(err, link.ErrAmbiguous) {
		return
	}
	require.NoError(t, err)
	second, err := link.Decode(encoded, read)
	require.NoError(t, err)
	again, err := link.Encode(second)
	require.NoError(t, err)
	third, err := link.Decode(again, read)
	require.NoError(t, err)
	require.Equal(t, second, third)
}

func FuzzReadServer(f *testing.F) {
	addBinary(f, 1, "short")
	f.Fuzz(func(t *testing.T, b []byte) { fuzzBinary(t, b, link.ReadServer) })
}

// legacyServer is a server in the form of client version 1.
type legacyServer struct{ link.Server }

func (s legacyServer) Write(w *wire.Writer) { s.WriteLegacy(w) }

func FuzzReadLegacyServer(f *testing.F) {
	addBinary(f, 2, "short")
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzBinary(t, b, func(r *wire.Reader) legacyServer { return legacyServer{link.ReadLegacyServer(r)} })
	})
}

func FuzzReadQueueURI(f *testing.F) {
	addBinary(f, 0, "queue_uri")
	f.Fuzz(func(t *testing.T, b []byte) { fuzzBinary(t, b, link.ReadQueueURI) })
}

func FuzzReadQueueInfo(f *testing.F) {
	addBinary(f, 2, "queue_uri")
	f.Fuzz(func(t *testing.T, b []byte) { fuzzBinary(t, b, link.ReadQueueInfo) })
}

func FuzzReadConnection(f *testing.F) {
	addBinary(f, 0, "contact", "invitation")
	f.Fuzz(func(t *testing.T, b []byte) { fuzzBinary(t, b, link.ReadConnection) })
}

func FuzzReadShortLink(f *testing.F) {
	addBinary(f, 0, "short")
	f.Fuzz(func(t *testing.T, b []byte) { fuzzBinary(t, b, link.ReadShortLink) })
}

// addLinkData gives the fuzzer one of the two signed parts of link data, without the
// signature.
func addLinkData(f *testing.F, part func(dataOutput) []byte) {
	f.Helper()
	file, err := vectors.Load("links")
	require.NoError(f, err)
	g, ok := file.Group("link_data")
	require.True(f, ok)
	for _, test := range g.Tests {
		var out dataOutput
		if test.Output.Decode(&out) == nil && len(part(out)) > 65 {
			f.Add(part(out)[65:])
		}
	}
}

func FuzzReadFixedData(f *testing.F) {
	addLinkData(f, func(out dataOutput) []byte { return out.SignedFixedData })
	f.Fuzz(func(t *testing.T, b []byte) { fuzzBinary(t, b, link.ReadFixedData) })
}

func FuzzReadUserData(f *testing.F) {
	addLinkData(f, func(out dataOutput) []byte { return out.SignedUserData })
	f.Fuzz(func(t *testing.T, b []byte) { fuzzBinary(t, b, link.ReadUserData) })
}

func FuzzReadOwner(f *testing.F) {
	addLinkData(f, func(out dataOutput) []byte { return out.SignedUserData })
	f.Fuzz(func(t *testing.T, b []byte) { fuzzBinary(t, b, link.ReadOwner) })
}

// FuzzOpenLinkData: whatever a holder of the keys seals, opening neither panics nor
// accepts it for another link.
func FuzzOpenLinkData(f *testing.F) {
	f.Add([]byte{}, []byte{1, 2})
	f.Fuzz(func(t *testing.T, signedFixed, signedUser []byte) {
		var secret link.Secret
		var zero [24]byte
		data, err := sealBoth(signedFixed, signedUser, secret, zero[:])
		if err != nil {
			require.ErrorIs(t, err, wire.ErrPadTooLong)
			return
		}
		_, _, err = link.OpenLinkData(data, make(link.LinkKey, link.LinkKeySize), secret)
		assert.Error(t, err)
	})
}

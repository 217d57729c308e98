package link_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/link"
	"smpcheck/reference/wire"
)

// addTexts gives the fuzzer the texts of the vectors that may be addresses or links.
func addTexts(f *testing.F, more ...string) {
	f.Helper()
	for _, s := range append(seed.Texts("links", "test_uris", "connection_link", "queue_uri", "short_link", "server_address"), more...) {
		if strings.Contains(s, ":") && len(s) < 4000 {
			f.Add(s)
		}
	}
}

// fuzzText: what a parser accepts has one text, which gives the same value again. endless
// tells of values whose text has no end before the port: those with an IPv6 address there,
// which official clients write without brackets.
func fuzzText[T any](t *testing.T, in string, parse func(string) (T, error), text func(T) string, endless func(T) bool, sentinel error) {
	t.Helper()
	var v T
	var err error
	bound.Check(t, len(in), func() { v, err = parse(in) })
	if err != nil {
		require.ErrorIs(t, err, sentinel)
		require.Zero(t, v)
		return
	}
	if endless(v) {
		return
	}
	again, err := parse(text(v))
	require.NoError(t, err, text(v))
	require.Equal(t, v, again)
}

func noneEndless[T any](T) bool { return false }

// serverEndless reports whether the text of the address, of which it has the first hosts
// alone, has no end before the port.
func serverEndless(s link.Server, hosts int) bool {
	return s.Port != "" && s.Hosts[min(hosts, len(s.Hosts))-1].Kind() == wire.IPv6
}

func queueEndless(q link.QueueURI) bool {
	if q.ClientVersions.Min < link.HostsClientVersion {
		return serverEndless(q.Server, 1)
	}
	return serverEndless(q.Server, len(q.Server.Hosts))
}

func connectionEndless(c link.Connection) bool {
	for _, q := range c.Queues {
		if queueEndless(q) {
			return true
		}
	}
	return false
}

func FuzzParseServer(f *testing.F) {
	addTexts(f, "smp://AAAA:pass@1.2.3.300:99999", "ntf://AAAA@::1,a.onion,b", "xftp://AAAA@[::1]:443")
	f.Fuzz(func(t *testing.T, in string) {
		fuzzText(t, in, link.ParseServer, link.Server.StringWithPassword,
			func(s link.Server) bool { return serverEndless(s, len(s.Hosts)) }, link.ErrServer)
		s, err := link.ParseServer(in)
		if err == nil {
			require.NotEmpty(t, s.Hosts)
			require.NotEmpty(t, s.Address())
			s.Password = "" // what String writes is the address without
			require.Equal(t, s.StringWithPassword(), s.String())
			return
		}
		// The password of a malformed address does not get into logs.
		identity, _, _ := strings.Cut(in, "@")
		_, rest, _ := strings.Cut(identity, "://")
		_, password, _ := strings.Cut(rest, ":")
		if len(password) > 5 && strings.Count(in, password) == 1 {
			require.NotContains(t, err.Error(), password)
		}
	})
}

func FuzzParseHost(f *testing.F) {
	for _, text := range seed.Texts("server_address") {
		f.Add(text)
	}
	for _, text := range []string{"1.2.3.300", "::1", "[::]", "::ffff:1.2.3.4", "a.onion", ".onion", "fe80::1%eth0", "256.0.0.1", "1:2:3:4:5:6:1.2.3.4"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, in string) {
		fuzzText(t, in, link.ParseHost, link.Host.String, noneEndless, link.ErrHost)
	})
}

func FuzzParseQueueURI(f *testing.F) {
	addTexts(f)
	f.Fuzz(func(t *testing.T, in string) {
		fuzzText(t, in, link.ParseQueueURI, link.QueueURI.Text, queueEndless, link.ErrQueue)
	})
}

func FuzzParseConnection(f *testing.F) {
	addTexts(f)
	web := link.AppServer{Host: parsedHost(f, "::1"), Port: "443"}
	f.Fuzz(func(t *testing.T, in string) {
		fuzzText(t, in, link.ParseConnection, link.Connection.Text, connectionEndless, link.ErrConnection)
		fuzzText(t, in, link.ParseConnection, func(c link.Connection) string { return c.WebText(web) }, connectionEndless, link.ErrConnection)
	})
}

func parsedHost(t testing.TB, text string) link.Host {
	t.Helper()
	h, err := link.ParseHost(text)
	require.NoError(t, err)
	return h
}

func FuzzParseShortLink(f *testing.F) {
	addTexts(f)
	f.Fuzz(func(t *testing.T, in string) {
		// No port follows a host in short links.
		fuzzText(t, in, link.ParseShortLink, link.ShortLink.Text, noneEndless, link.ErrShortLink)
	})
}

func FuzzParseOffer(f *testing.F) {
	const key = "MEIwBQYDK2VvAzkAmKuSYeQ_m0SixPDS8Wq8VBaTS1cW-Lp0n0h4Diu-kUpR-qXx4SDJ32YGEFoGFGSbGPry5Ychr6U="
	f.Add("v=2-3&x3dh=" + key + "," + key)
	f.Add("x3dh=" + key + "%2C" + key + ";v=3;kem_key=AAAA;kem_ct=AAAA")
	for _, text := range seed.Texts("connection_link", "key_agreement") {
		if strings.Contains(text, "x3dh=") && len(text) < 4000 {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, in string) {
		fuzzText(t, in, link.ParseOffer, link.OfferText, noneEndless, link.ErrOffer)
	})
}

func FuzzParseAppServer(f *testing.F) {
	for _, s := range []string{"simplex.chat", "example.com:8443", "[::1]:443", "::1", "a:", "1.2.3.400:0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		fuzzText(t, in, link.ParseAppServer, link.AppServer.String, noneEndless, link.ErrAppServer)
	})
}

// FuzzCheck: Check refuses what the parsers refuse, and what it passes they accept. What it
// passes without ErrLax it passes in the form that Text writes too.
func FuzzCheck(f *testing.F) {
	addTexts(f, "smp://AAAA@host", "smp://AAAA:pass@1.2.3.300:99999")
	f.Fuzz(func(t *testing.T, in string) {
		var err error
		bound.Check(t, len(in), func() { err = link.Check(in) })
		_, server := link.ParseServer(in)
		queue, queueErr := link.ParseQueueURI(in)
		whole, wholeErr := link.ParseLink(in)
		accepted := server == nil || queueErr == nil || wholeErr == nil
		require.Equal(t, accepted, err == nil || errors.Is(err, link.ErrLax), "%v", err)
		switch c, full := whole.(link.Connection); {
		case err != nil, full && connectionEndless(c), queueErr == nil && queueEndless(queue):
		case queueErr == nil:
			require.NoError(t, link.Check(queue.Text()))
		case wholeErr == nil:
			require.NoError(t, link.Check(whole.Text()))
		}
	})
}

// FuzzErrorsKeepSecrets: whatever is wrong with a link, the error does not tell its keys: not
// sixteen characters of one, where the text has them.
func FuzzErrorsKeepSecrets(f *testing.F) {
	escaper := strings.NewReplacer(":", "%3A", "/", "%2F", "#", "%23", "?", "%3F", "&", "%26", "=", "%3D", "@", "%40")
	offer := "v=3&x3dh=" + testX448 + "," + testX448
	texts := []string{
		testQueue, testShort, "simplex:/i#" + testID + "/" + testKey + "?h=smp.example.com&c=" + testHash,
		"simplex:/contact#/?v=2-7&smp=" + escaper.Replace(testQueue),
		"https://smp.example.com/invitation#/?v=2-7&smp=" + escaper.Replace(testQueue) + "&e2e=" + escaper.Replace(offer),
	}
	for i := range texts {
		f.Add(uint8(i), uint16(0), uint8(1), "", uint16(9), uint8(1), "x")
		f.Add(uint8(i), uint16(40), uint8(0), " ", uint16(90), uint8(2), ":")
	}
	change := func(text string, at uint16, cut uint8, put string) string {
		i := int(at) % len(text)
		return text[:i] + put + text[min(len(text), i+int(cut%4)):]
	}
	f.Fuzz(func(t *testing.T, which uint8, at uint16, cut uint8, put string, at2 uint16, cut2 uint8, put2 string) {
		text := change(texts[int(which)%len(texts)], at, cut, put)
		text = change(text, at2, cut2, put2)
		for _, parse := range []func(string) error{
			func(s string) error { _, err := link.ParseQueueURI(s); return err },
			func(s string) error { _, err := link.ParseLink(s); return err },
			link.Check,
		} {
			if err := parse(text); err != nil {
				require.Empty(t, secretIn(err.Error()), text)
			}
		}
	})
}

// window is how many characters of a key nobody may see.
const window = 16

// windows are all parts of that length of the keys in the links of this package's tests.
var windows = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for _, secret := range []string{testKey, testID, testDH, testX448} {
		for i := 0; i+window <= len(secret); i++ {
			all[secret[i:i+window]] = true
		}
	}
	return all
})

// secretIn returns a part of a key that stands in text, empty for none.
func secretIn(text string) string {
	for i := 0; i+window <= len(text); i++ {
		if windows()[text[i:i+window]] {
			return text[i : i+window]
		}
	}
	return ""
}

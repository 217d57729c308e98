package link_test

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// each runs a function on all tests of a group of a file, at least as many as given.
func each(t *testing.T, file, name string, atLeast int, run func(*testing.T, vectors.Test)) {
	t.Helper()
	f, err := vectors.Load(file)
	require.NoError(t, err)
	g, ok := f.Group(name)
	require.True(t, ok, name)
	require.GreaterOrEqual(t, len(g.Tests), atLeast)
	for _, test := range g.Tests {
		t.Run(test.ID, func(t *testing.T) {
			t.Parallel()
			run(t, test)
		})
	}
}

// outputText returns the output of a test that is a text.
func outputText(t *testing.T, test vectors.Test) string {
	t.Helper()
	var s string
	require.NoError(t, test.Output.Decode(&s))
	return s
}

// fullInputs are the inputs of queue URIs and full links.
type fullInputs struct {
	AgentVersions  [2]uint16   `json:"agent_versions"`
	ClientVersions [2]uint16   `json:"client_versions"`
	DHKey          vectors.Hex `json:"dh_key"`
	QueueMode      string      `json:"queue_mode"`
	Scheme         string      `json:"scheme"`
	SenderID       vectors.Hex `json:"sender_id"`
	Server         string      `json:"server"`
	E2EVersions    [2]uint16   `json:"e2e_versions"`
	Key1           vectors.Hex `json:"key1"`
	Key2           vectors.Hex `json:"key2"`
	KEMKey         vectors.Hex `json:"kem_key"`
	QueueURIs      []string    `json:"queue_uris"`
	ClientData     *string     `json:"client_data"`
}

func publicKey(t *testing.T, der []byte) keys.PublicKey {
	t.Helper()
	k, err := keys.ParsePublic(der)
	require.NoError(t, err)
	return k
}

func versions(v [2]uint16) wire.VersionRange { return wire.Versions(v[0], v[1]) }

func (in fullInputs) queue(t *testing.T) link.QueueURI {
	t.Helper()
	server, err := link.ParseServer(in.Server)
	require.NoError(t, err)
	q := link.QueueURI{ClientVersions: versions(in.ClientVersions)}
	q.Server, q.SenderID, q.DHKey = server, in.SenderID, publicKey(t, in.DHKey)
	if in.QueueMode != "" {
		q.Mode = smp.QueueMode(in.QueueMode[0])
	}
	return q
}

func (in fullInputs) queues(t *testing.T) []link.QueueURI {
	t.Helper()
	if in.QueueURIs == nil {
		return []link.QueueURI{in.queue(t)}
	}
	var list []link.QueueURI
	for _, uri := range in.QueueURIs {
		q, err := link.ParseQueueURI(uri)
		require.NoError(t, err)
		list = append(list, q)
	}
	return list
}

// offer returns the ratchet parameters; some tests do not give them, they are those of
// the link text.
func (in fullInputs) offer(t *testing.T, text string) *ratchet.Offer {
	t.Helper()
	if in.Key1 == nil {
		c, err := link.ParseConnection(text)
		require.NoError(t, err)
		return c.Ratchet
	}
	o := &ratchet.Offer{Versions: versions(in.E2EVersions), Key1: publicKey(t, in.Key1), Key2: publicKey(t, in.Key2)}
	if in.KEMKey != nil {
		o.KEM = &ratchet.KEMParameters{PublicKey: in.KEMKey}
	}
	return o
}

func encode(t *testing.T, v interface{ Write(*wire.Writer) }) string {
	t.Helper()
	b, err := link.Encode(v)
	require.NoError(t, err)
	return hex.EncodeToString(b)
}

func TestQueueURIsAgreeWithTheOfficialImplementation(t *testing.T) {
	t.Parallel()
	each(t, "links", "queue_uri", 30, func(t *testing.T, test vectors.Test) {
		var in fullInputs
		require.NoError(t, test.Inputs.Decode(&in))
		q := in.queue(t)
		text := outputText(t, test)
		assert.Equal(t, text, q.Text())
		assert.Equal(t, test.Binary.String(), encode(t, q))
		assert.NoError(t, link.Check(text))

		again, err := link.ParseQueueURI(text)
		require.NoError(t, err)
		assert.Equal(t, test.DecodedAgain, again.Text())
		assert.True(t, again.Equal(q))
		fromBinary, err := link.Decode(test.Binary, link.ReadQueueURI)
		require.NoError(t, err)
		assert.Equal(t, test.BinaryDecodedAgain, encode(t, fromBinary))
	})
}

func TestFullLinksAgreeWithTheOfficialImplementation(t *testing.T) {
	t.Parallel()
	for name, atLeast := range map[string]int{"contact": 36, "invitation": 59} {
		each(t, "links", name, atLeast, func(t *testing.T, test vectors.Test) { checkFullLink(t, name, test) })
	}
}

func checkFullLink(t *testing.T, mode string, test vectors.Test) {
	t.Helper()
	var in fullInputs
	require.NoError(t, test.Inputs.Decode(&in))
	text := outputText(t, test)
	c := link.Connection{Mode: link.Contact, AgentVersions: versions(in.AgentVersions), Queues: in.queues(t)}
	if mode == "invitation" {
		c.Mode, c.Ratchet = link.Invitation, in.offer(t, text)
	}
	if in.ClientData != nil {
		c.ClientData = []byte(*in.ClientData)
	}
	if in.Scheme == "" || in.Scheme == "simplex" {
		assert.Equal(t, text, c.Text())
	} else {
		server, err := link.ParseAppServer(in.Scheme)
		require.NoError(t, err)
		assert.Equal(t, text, c.WebText(server))
	}
	assert.Equal(t, test.Binary.String(), encode(t, c))
	assert.NoError(t, link.Check(text))

	again, err := link.ParseLink(text)
	require.NoError(t, err)
	assert.Equal(t, test.DecodedAgain, again.Text())
	fromBinary, err := link.Decode(test.Binary, link.ReadConnection)
	require.NoError(t, err)
	assert.Equal(t, test.BinaryDecodedAgain, encode(t, fromBinary))
}

// linkTypes are the types of short links by their names in the vectors.
var linkTypes = map[string]link.LinkType{
	"":           link.InvitationLink,
	"CCTContact": link.ContactLink,
	"CCTChannel": link.ChannelLink,
	"CCTGroup":   link.GroupLink,
	"CCTRelay":   link.RelayLink,
}

func TestShortLinksAgreeWithTheOfficialImplementation(t *testing.T) {
	t.Parallel()
	each(t, "links", "short", 31, func(t *testing.T, test vectors.Test) {
		if strings.HasPrefix(test.ID, "short/shorten/") {
			checkShortening(t, test)
			return
		}
		var in struct {
			LinkID  vectors.Hex `json:"link_id"`
			LinkKey vectors.Hex `json:"link_key"`
			Scheme  string
			Server  string
			Type    string
		}
		require.NoError(t, test.Inputs.Decode(&in))
		kind, ok := linkTypes[in.Type]
		require.True(t, ok, in.Type)
		l := link.ShortLink{
			Type: kind, Web: in.Scheme == "server", Server: shortServer(t, in.Server),
			LinkID: in.LinkID, Key: link.LinkKey(in.LinkKey),
		}
		text := outputText(t, test)
		assert.Equal(t, text, l.Text())
		assert.Equal(t, test.Binary.String(), encode(t, l))
		assert.NoError(t, link.Check(text))

		again, err := link.ParseLink(text)
		require.NoError(t, err)
		assert.Equal(t, test.DecodedAgain, again.Text())
		fromBinary, err := link.Decode(test.Binary, link.ReadShortLink)
		require.NoError(t, err)
		assert.Equal(t, test.BinaryDecodedAgain, fromBinary.Text())
		assert.Equal(t, test.Binary.String(), encode(t, fromBinary))
	})
}

// shortServer returns a server whose text may have no fingerprint.
func shortServer(t *testing.T, text string) link.Server {
	t.Helper()
	if host, ok := strings.CutPrefix(text, "smp://@"); ok {
		h, err := link.ParseHost(host)
		require.NoError(t, err)
		return link.Server{Scheme: link.SMP, Hosts: []link.Host{h}}
	}
	s, err := link.ParseServer(text)
	require.NoError(t, err)
	return s
}

func checkShortening(t *testing.T, test vectors.Test) {
	t.Helper()
	var in struct {
		Link    string
		Presets []string
	}
	var out struct{ Restored, Shortened string }
	require.NoError(t, test.Inputs.Decode(&in))
	require.NoError(t, test.Output.Decode(&out))
	var presets []link.Server
	for _, p := range in.Presets {
		presets = append(presets, shortServer(t, p))
	}
	l, err := link.ParseShortLink(in.Link)
	require.NoError(t, err)
	short := l.Shorten(presets)
	assert.Equal(t, out.Shortened, short.Text())
	assert.Equal(t, out.Restored, short.Restore(presets).Text())
}

func TestTextsOfOthersAgreeWithTheOfficialImplementation(t *testing.T) {
	t.Parallel()
	each(t, "links", "parse", 41, checkParsing)
	each(t, "test_uris", "uri", 26, checkParsing)
}

// checkParsing parses a text and encodes the result. Texts of queue URIs start with a
// scheme that no link has, or stand in a part of the group for them.
func checkParsing(t *testing.T, test vectors.Test) {
	t.Helper()
	var in struct{ URI string }
	require.NoError(t, test.Inputs.Decode(&in))
	var got interface{ Text() string }
	var err error
	errs := []error{link.ErrLink, link.ErrConnection, link.ErrShortLink}
	if strings.HasPrefix(test.ID, "parse/queue_uri/") || strings.HasPrefix(test.ID, "uri/queueUris/") {
		got, err = link.ParseQueueURI(in.URI)
		errs = []error{link.ErrQueue}
	} else {
		got, err = link.ParseLink(in.URI)
	}
	if test.Invalid() {
		requireOneOf(t, err, errs)
		assert.Error(t, link.Check(in.URI))
		return
	}
	require.NoError(t, err)
	assert.Equal(t, outputText(t, test), got.Text())
}

func requireOneOf(t *testing.T, err error, errs []error) {
	t.Helper()
	is := func(target error) bool { return errors.Is(err, target) }
	require.True(t, slices.ContainsFunc(errs, is), "expected an error of the parser, got %v", err)
}

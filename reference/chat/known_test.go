package chat_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/chat"
	"smpcheck/reference/wire"
)

const image = `"image":"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAIAQMAAAD+wSzI",`

var (
	version1 = wire.Versions(1, 1)
	alice    = chat.Profile{DisplayName: "alice", FullName: "Alice"}
	hello    = chat.Content{Type: "text", Text: "hello"}
	fourID   = chat.ID("\x01\x02\x03\x04")
)

// knownMessages are messages of the official protocol tests, some with shorter pictures.
var knownMessages = []struct {
	name, body string
	want       chat.Message
}{
	{"text", `{"v":"1","event":"x.msg.new","params":{"content":{"text":"hello","type":"text"}}}`,
		chat.Message{Kind: chat.KindText, Event: "x.msg.new", Content: hello}},
	{"live text", `{"v":"1","event":"x.msg.new","params":{"content":{"text":"hello","type":"text"},"live":true}}`,
		chat.Message{Kind: chat.KindText, Event: "x.msg.new", Content: hello}},
	{"link", `{"v":"1","event":"x.msg.new","params":{"content":{"text":"https://simplex.chat","type":"link","preview":{"description":"SimpleX Chat",` + image + `"title":"SimpleX Chat","uri":"https://simplex.chat"}}}}`,
		chat.Message{Kind: chat.KindText, Event: "x.msg.new", Content: chat.Content{Type: "link", Text: "https://simplex.chat"}}},
	{"image without text", `{"v":"1","event":"x.msg.new","params":{"content":{` + image + `"text":"","type":"image"}}}`,
		chat.Message{Kind: chat.KindText, Event: "x.msg.new", Content: chat.Content{Type: "image"}}},
	{"versions and identifier", `{"v":"1-5","msgId":"AQIDBA==","event":"x.msg.new","params":{"content":{"text":"hello","type":"text"}}}`,
		chat.Message{Kind: chat.KindText, Event: "x.msg.new", Versions: wire.Versions(1, 5), ID: fourID, Content: hello}},
	{"quote", `{"v":"1","msgId":"AQIDBA==","event":"x.msg.new","params":{"content":{"text":"hello to you too","type":"text"},"quote":{"content":{"text":"hello there!","type":"text"},"msgRef":{"msgId":"BQYHCA==","sent":true,"sentAt":"1970-01-01T00:00:01.000000001Z"}},"ttl":3600}}`,
		chat.Message{Kind: chat.KindText, Event: "x.msg.new", ID: fourID, Content: chat.Content{Type: "text", Text: "hello to you too"}}},
	{"file", `{"v":"1","event":"x.msg.new","params":{"content":{"text":"","type":"file"},"file":{"fileSize":12345,"fileName":"file.txt"}}}`,
		chat.Message{Kind: chat.KindText, Event: "x.msg.new", Content: chat.Content{Type: "file"}, File: true}},
	{"update", `{"v":"1","event":"x.msg.update","params":{"msgId":"AQIDBA==", "content":{"text":"hello","type":"text"}}}`,
		chat.Message{Kind: chat.KindUpdate, Event: "x.msg.update", Reference: fourID, Content: hello}},
	{"deletion", `{"v":"1","event":"x.msg.del","params":{"msgId":"AQIDBA=="}}`,
		chat.Message{Event: "x.msg.del", Reference: fourID}},
	{"file accepted", `{"v":"1","event":"x.file.acpt","params":{"fileName":"photo.jpg"}}`,
		chat.Message{Event: "x.file.acpt"}},
	{"profile", `{"v":"1","event":"x.info","params":{"profile":{"fullName":"Alice",` + image + `"displayName":"alice","preferences":{"voice":{"allow":"yes"}}}}}`,
		chat.Message{Kind: chat.KindProfile, Event: "x.info", Profile: alice}},
	{"group left", `{"v":"1","event":"x.grp.leave","params":{}}`,
		chat.Message{Event: "x.grp.leave"}},
	{"contact deleted", `{"v":"1","event":"x.direct.del","params":{}}`,
		chat.Message{Kind: chat.KindContactDeleted, Event: "x.direct.del"}},
	{"ok", `{"v":"1","event":"x.ok","params":{}}`,
		chat.Message{Kind: chat.KindOK, Event: "x.ok"}},
}

func TestKnownMessages(t *testing.T) {
	t.Parallel()
	for _, test := range knownMessages {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.want.Versions == (wire.VersionRange{}) {
				test.want.Versions = version1
			}
			got, err := chat.Decode([]byte(test.body))
			require.NoError(t, err)
			require.Equal(t, []chat.Message{test.want}, got)
		})
	}
}

func TestKnownContactRequests(t *testing.T) {
	t.Parallel()
	const start = `{"v":"1","event":"x.contact","params":{`
	const profile = `"profile":{"fullName":"Alice",` + image + `"displayName":"alice"}}}`
	for _, test := range []struct {
		name, params string
		want         chat.ContactRequest
	}{
		{"with identifier", `"contactReqId":"AQIDBA==",`, chat.ContactRequest{Profile: alice, ID: fourID}},
		{"without identifier", ``, chat.ContactRequest{Profile: alice}},
		{"content null", `"content":null,`, chat.ContactRequest{Profile: alice}},
		{"content without its identifier", `"content":{"text":"hello","type":"text"},`, chat.ContactRequest{Profile: alice}},
		{"content", `"msgId":"AQIDBA==","content":{"text":"hello","type":"text"},`,
			chat.ContactRequest{Profile: alice, MessageID: fourID, Text: "hello"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := chat.DecodeInfo([]byte(start + test.params + profile))
			require.NoError(t, err)
			require.Equal(t, chat.Info{Kind: chat.KindContactRequest, Event: "x.contact", Versions: version1, Request: test.want}, got)
		})
	}
}

func TestKnownInfo(t *testing.T) {
	t.Parallel()
	got, err := chat.DecodeInfo([]byte(`{"event":"x.info","params":{"profile":{"fullName":"","displayName":"alice"}}}`))
	require.NoError(t, err)
	require.Equal(t, chat.Info{Kind: chat.KindProfile, Event: "x.info", Versions: version1,
		Request: chat.ContactRequest{Profile: chat.Profile{DisplayName: "alice"}}}, got)

	for event, kind := range map[string]chat.Kind{"x.ok": chat.KindOK, "x.grp.mem.info": chat.KindOther, "x.new": chat.KindOther} {
		got, err = chat.DecodeInfo([]byte(`{"v":"1-18","event":"` + event + `","params":{}}`))
		require.NoError(t, err)
		require.Equal(t, chat.Info{Kind: kind, Event: event, Versions: wire.Versions(1, 18)}, got)
	}
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	equal := func(want string) func([]byte, error) {
		return func(got []byte, err error) {
			require.NoError(t, err)
			require.Equal(t, want, string(got))
		}
	}
	equal(`{"v":"1-16","event":"x.info","params":{"profile":{"displayName":"alice","fullName":"Alice"}}}`)(chat.EncodeInfo(alice))
	equal(`{"v":"1-16","event":"x.contact","params":{"profile":{"displayName":"alice","fullName":"Alice"}}}`)(
		chat.EncodeContact(chat.ContactRequest{Profile: alice}))
	equal(`{"v":"1-16","event":"x.contact","params":{"profile":{"displayName":"alice","fullName":"Alice"},"contactReqId":"AQIDBA==","msgId":"_w==","content":{"type":"text","text":"hello"}}}`)(
		chat.EncodeContact(chat.ContactRequest{Profile: alice, ID: fourID, MessageID: "\xff", Text: "hello"}))
	equal(`{"v":"1-16","msgId":"AQIDBA==","event":"x.msg.new","params":{"content":{"type":"text","text":"1 < 2 & \"3\"\n"}}}`)(
		chat.EncodeText(fourID, "1 < 2 & \"3\"\n"))
	equal(`{"v":"1-16","event":"x.direct.del","params":{}}`)(chat.EncodeDeleted())
}

// TestNames: the cases of the official tests of names.
func TestNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"alice": "alice", " alice": "alice", "?alice": "alice", "алиса": "алиса",
		"John Doe": "John Doe", "J.Doe": "JDoe", "J. Doe": "J Doe", "J ..Doe": "J Doe",
		"J . . Doe": "J Doe", "@alice": "alice", "#alice": "alice", "'alice": "alice",
		"alice ": "alice", "John  Doe": "John Doe", "\"John Doe\"": "John Doe",
		"John `Doe`": "John Doe", "alice/bob": "alicebob", "alice / bob": "alice bob",
		"alice >>= bob": "alice >>= bob", "alice@example.com": "aliceexamplecom",
		"alice <> bob": "alice <> bob", "alice -> bob": "alice -> bob", "alice && bob": "alice & bob",
		"alice & & bob": "alice & bob", "alice--bob": "alice-bob", "alice -- bob": "alice - bob",
		"alice \\ bob": "alice bob", "alice (bob)": "alice bob", "alice: bob": "alice: bob",
		"alice 👍": "alice 👍", "👍": "👍", "alice >": "alice >", "> alice": "alice", "123 alice": "123 alice",
		strings.Repeat("0123456789", 5) + "extra":       strings.Repeat("0123456789", 5),
		strings.Repeat("0123456789", 5)[:49] + " extra": strings.Repeat("0123456789", 5)[:49],
		"\x1b[31mmallory\x07\u202e":                     "31mmallory",
		"a\u0301lice\xff":                               "a\u0301lice",
		"a-\u0301b":                                     "a-b",
		"\ufffd\u0301":                                  "",
	} {
		require.Equal(t, want, chat.CleanDisplayName(name), "%q", name)
		require.Equal(t, name == want, chat.ValidDisplayName(name), "%q", name)
	}
}

// Frames that zstd 1.5.4 made at level 3, without checksum.
const (
	// helloFrame is the text "hello " 400 times; streamFrame does not state its size.
	helloFrame  = "28b52ffd60ca084503005246161c708b1a03f31ba1aa2276b3db5245450989cd3fb55d48c2a6f0ff871befbd8fc7717471e23be99e2bd4d8ddb227b1cbdb6a180d342e2943545bc874be4c231d37342528286921209465c01c947305a3da1a0f2480e43cda0503005749f19c0a5665b42a0a"
	streamFrame = "28b52ffd00584503005246161c708b1a03f31ba1aa2276b3db5245450989cd3fb55d48c2a6f0ff871befbd8fc7717471e23be99e2bd4d8ddb227b1cbdb6a180d342e2943545bc874be4c231d37342528286921209465c01c947305a3da1a0f2480e43cda0503005749f19c0a5665b42a0a"
	// edgeFrame is x.ok and spaces, 65536 bytes; overFrame has one more.
	edgeFrame = "28b52ffd6000ff2d0100e87b226576656e74223a22782e6f6b222c22706172616d73223a7b7d7d20010081ff75e004"
	overFrame = "28b52ffd6001ff2d0100e87b226576656e74223a22782e6f6b222c22706172616d73223a7b7d7d20010085ff75e004"
	// bombFrame is an array with a million spaces.
	bombFrame = "28b52ffda042420f00540000105b200100fbff39c00202001020020010200200102002001020020010200200102055000010205d01003d42391002"
)

// compressedBody returns the body with the parts, each a mark and hex.
func compressedBody(t require.TestingT, parts ...string) []byte {
	w := wire.NewWriter(nil)
	w.Byte('X')
	w.Count(len(parts))
	for _, part := range parts {
		content, err := hex.DecodeString(part[1:])
		require.NoError(t, err)
		w.Byte(part[0])
		if part[0] == '0' {
			w.Short(content)
		} else {
			w.Large(content)
		}
	}
	body, err := w.Bytes()
	require.NoError(t, err)
	return body
}

func TestKnownFrames(t *testing.T) {
	t.Parallel()
	want := chat.Message{Kind: chat.KindText, Event: "x.msg.new", Versions: wire.Versions(1, 16),
		ID: "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c", Content: chat.Content{Type: "text", Text: strings.Repeat("hello ", 400)}}
	got, err := chat.Decode(compressedBody(t, "1"+helloFrame))
	require.NoError(t, err)
	require.Equal(t, []chat.Message{want}, got)

	got, err = chat.Decode(compressedBody(t, "1"+edgeFrame))
	require.NoError(t, err)
	require.Equal(t, []chat.Message{{Kind: chat.KindOK, Event: "x.ok", Versions: version1}}, got)

	okPart := "0" + hex.EncodeToString([]byte(`{"event":"x.ok","params":{}}`))
	for name, test := range map[string]struct {
		parts []string
		want  error
	}{
		"no size":            {[]string{"1" + streamFrame}, chat.ErrCompressed},
		"one byte more":      {[]string{"1" + overFrame}, chat.ErrTooLarge},
		"bomb":               {[]string{"1" + bombFrame}, chat.ErrTooLarge},
		"two make too much":  {[]string{"1" + edgeFrame, "1" + helloFrame}, chat.ErrTooLarge},
		"too much and plain": {[]string{"1" + edgeFrame, okPart}, chat.ErrTooLarge},
		"cut":                {[]string{"1" + helloFrame[:len(helloFrame)-2]}, chat.ErrCompressed},
		"two frames":         {[]string{"1" + helloFrame + helloFrame}, chat.ErrCompressed},
		"skippable":          {[]string{"1502a4d1800000000" + helloFrame}, chat.ErrCompressed},
		"no content":         {[]string{"128b52ffd2000010000"}, chat.ErrCompressed},
		"not zstd":           {[]string{"100"}, chat.ErrCompressed},
		"empty frame":        {[]string{"1"}, chat.ErrCompressed},
		"compressed twice":   {[]string{"0" + hex.EncodeToString(compressedBody(t, okPart))}, chat.ErrNotChat},
		"empty part":         {[]string{"0"}, chat.ErrNotChat},
		"unknown mark":       {[]string{"200"}, chat.ErrNotChat},
	} {
		_, err := chat.Decode(compressedBody(t, test.parts...))
		require.ErrorIs(t, err, test.want, name)
	}
}

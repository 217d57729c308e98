package chat_test

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/chat"
	"smpcheck/reference/wire"
)

const okMessage = `{"v":"1","event":"x.ok","params":{}}`

// zeros returns s and n zero bytes.
func zeros(s string, n int) string { return s + strings.Repeat("\x00", n) }

// batch returns a binary batch.
func batch(t require.TestingT, elements ...string) []byte {
	w := wire.NewWriter(nil)
	w.Byte('=')
	w.Count(len(elements))
	for _, element := range elements {
		w.Large([]byte(element))
	}
	b, err := w.Bytes()
	require.NoError(t, err)
	return b
}

// TestNotChat: what no chat client sends is told apart, so that it can be shown.
func TestNotChat(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"", "hello", "Fine, thanks", "Xylophone", "X", "X\x00", "{hello}", "[hello]", "[", "=", "=1", "/help", "> quoted",
		"/G\x00" + okMessage, " " + okMessage, "\x00", "\xff", okMessage + "x", zeros(">C", 8) + zeros(">C", 8) + okMessage, "F\x00", "F\x00\x00",
	} {
		got, err := chat.Decode([]byte(body))
		require.ErrorIs(t, err, chat.ErrNotChat, "%q", body)
		require.Empty(t, got, "%q", body)
		_, err = chat.DecodeInfo([]byte(body))
		require.ErrorIs(t, err, chat.ErrNotChat, "%q", body)
	}
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no event":               `{"params":{}}`,
		"event null":             `{"event":null,"params":{}}`,
		"event in capitals":      `{"EVENT":"x.ok","params":{}}`,
		"event not a string":     `{"event":1e999999,"params":{}}`,
		"event of another name":  `{"event":"y.ok","params":{}}`,
		"event with a space":     `{"event":"x.ok ","params":{}}`,
		"binary event":           `{"event":"F","params":{}}`,
		"no parameters":          `{"event":"x.ok"}`,
		"parameters null":        `{"event":"x.ok","params":null}`,
		"parameters an array":    `{"event":"x.ok","params":[]}`,
		"versions a number":      `{"v":1,"event":"x.ok","params":{}}`,
		"versions reversed":      `{"v":"5-1","event":"x.ok","params":{}}`,
		"identifier not padded":  `{"msgId":"AQIDBA","event":"x.ok","params":{}}`,
		"identifier with bits":   `{"msgId":"AQIDBB==","event":"x.ok","params":{}}`,
		"identifier with a line": `{"msgId":"AQID\nBA==","event":"x.ok","params":{}}`,
		"identifier empty":       `{"msgId":"","event":"x.ok","params":{}}`,
		"not UTF-8":              "{\"event\":\"x.ok\xff\",\"params\":{}}",
		"no content":             `{"event":"x.msg.new","params":{}}`,
		"content a string":       `{"event":"x.msg.new","params":{"content":"hello"}}`,
		"no type":                `{"event":"x.msg.new","params":{"content":{"text":"hello"}}}`,
		"no text":                `{"event":"x.msg.new","params":{"content":{"type":"text"}}}`,
		"text null":              `{"event":"x.msg.new","params":{"content":{"type":"image","text":null}}}`,
		"update of nothing":      `{"event":"x.msg.update","params":{"content":{"type":"text","text":"hello"}}}`,
		"deletion of nothing":    `{"event":"x.msg.del","params":{}}`,
		"no profile":             `{"event":"x.info","params":{}}`,
		"no name":                `{"event":"x.info","params":{"profile":{"fullName":"Alice"}}}`,
		"full name a number":     `{"event":"x.info","params":{"profile":{"displayName":"alice","fullName":1}}}`,
		"items no objects":       `[1,null,"hello"]`,
		"deep":                   `{"event":"x.ok","params":{"a":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `},"v":0}`,
	} {
		got, err := chat.Decode([]byte(body))
		require.ErrorIs(t, err, chat.ErrMalformed, name)
		require.NotErrorIs(t, err, chat.ErrNotChat, name)
		require.Empty(t, got, name)
	}
	for _, kind := range []string{"text", "link", "image", "video", "voice", "file", "report", "chat"} {
		_, err := chat.Decode([]byte(`{"event":"x.msg.new","params":{"content":{"type":"` + kind + `"}}}`))
		require.ErrorIs(t, err, chat.ErrMalformed, kind)
	}
	for _, params := range []string{
		`"contactReqId":1`, `"msgId":1`, `"msgId":"AQIDBA==","content":{}`,
	} {
		_, err := chat.DecodeInfo([]byte(`{"event":"x.contact","params":{"profile":{"displayName":"alice"},` + params + `}}`))
		require.ErrorIs(t, err, chat.ErrMalformed, params)
	}
}

// TestUnknownContent: content of a later version is shown if it has a text.
func TestUnknownContent(t *testing.T) {
	t.Parallel()
	got, err := chat.Decode([]byte(`[{"event":"x.msg.new","params":{"content":{"type":"poll","text":"which?","options":[1e999]}}},` +
		`{"event":"x.msg.new","params":{"content":{"type":"poll"}}}]`))
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Equal(t, chat.Content{Type: "poll", Text: "which?"}, got[0].Content)
	require.Equal(t, chat.Content{Type: "poll"}, got[1].Content)
}

// TestBatches: what cannot be read does not hide what can.
func TestBatches(t *testing.T) {
	t.Parallel()
	ok := chat.Message{Kind: chat.KindOK, Event: "x.ok", Versions: version1}
	left := chat.Message{Event: "x.grp.leave", Versions: version1}
	const leave = `{"event":"x.grp.leave","params":{}}`
	for name, test := range map[string]struct {
		body []byte
		want []chat.Message
		err  error
	}{
		"array":        {[]byte("[" + okMessage + "," + leave + "]"), []chat.Message{ok, left}, nil},
		"empty array":  {[]byte("[]"), []chat.Message{}, nil},
		"part bad":     {[]byte("[" + okMessage + ",{}," + leave + "]"), []chat.Message{ok, left}, chat.ErrMalformed},
		"event bad":    {[]byte(`[{"event":"x.info","params":{}},` + okMessage + "]"), []chat.Message{ok}, chat.ErrMalformed},
		"binary":       {batch(t, okMessage, leave), []chat.Message{ok, left}, nil},
		"empty binary": {batch(t), []chat.Message{}, nil},
		"binary bad":   {batch(t, okMessage, "", "["+leave+"]", leave), []chat.Message{ok, left}, chat.ErrNotChat},
		"binary rest":  {append(batch(t, okMessage), 0), []chat.Message{}, chat.ErrNotChat},
		"file":         {batch(t, "F\x00\x04\x01\x02\x03\x04\x01chunk"), []chat.Message{{Event: "F", Versions: version1}}, nil},
		"signed":       {batch(t, "/G\x01M\x02ab"+okMessage), []chat.Message{{Event: "x.ok", Versions: version1}}, nil},
		"forwarded":    {batch(t, ">M\x02id\x03bob\x00\x00\x00\x00\x00\x00\x00\x01"+leave), []chat.Message{left}, nil},
		"both":         {batch(t, ">C\x00\x00\x00\x00\x00\x00\x00\x01/G\x01M\x00"+leave), []chat.Message{left}, nil},
	} {
		got, err := chat.Decode(test.body)
		if test.err == nil {
			require.NoError(t, err, name)
		} else {
			require.ErrorIs(t, err, test.err, name)
		}
		require.Equal(t, test.want, got, name)
	}
	_, err := chat.DecodeInfo([]byte("[" + okMessage + "," + okMessage + "]"))
	require.ErrorIs(t, err, chat.ErrMalformed)
}

// TestGroupInfo: information that a group forwards is nobody's profile.
func TestGroupInfo(t *testing.T) {
	t.Parallel()
	const info = `{"event":"x.info","params":{"profile":{"displayName":"alice"}}}`
	got, err := chat.DecodeInfo([]byte("/G\x01M\x00" + info))
	require.NoError(t, err)
	require.Equal(t, chat.Info{Event: "x.info", Versions: version1}, got)
}

func TestLimits(t *testing.T) {
	t.Parallel()
	require.Equal(t, []int{15602, 13380, 14694, 10968, 65536},
		[]int{chat.MaxMessage, chat.MaxMessagePQ, chat.MaxInfo, chat.MaxInfoPQ, chat.MaxDecompressed})
	empty, err := chat.EncodeText("", "a")
	require.NoError(t, err)
	room := chat.MaxMessage - len(empty) + 1
	_, err = chat.EncodeText("", strings.Repeat("a", room))
	require.NoError(t, err)
	_, err = chat.EncodeText("", strings.Repeat("a", room+1))
	require.ErrorIs(t, err, chat.ErrTooLarge)
	_, err = chat.EncodeInfo(chat.Profile{DisplayName: "a", FullName: strings.Repeat("a", chat.MaxInfo)})
	require.ErrorIs(t, err, chat.ErrTooLarge)
	_, err = chat.Decode(make([]byte, chat.MaxDecompressed+1))
	require.ErrorIs(t, err, chat.ErrTooLarge)
}

func TestRefusedToSend(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\xff"} {
		_, err := chat.EncodeText("", text)
		require.ErrorIs(t, err, chat.ErrText)
		_, err = chat.EncodeContact(chat.ContactRequest{Profile: alice, MessageID: "1", Text: text})
		require.ErrorIs(t, err, chat.ErrText)
	}
	_, err := chat.EncodeContact(chat.ContactRequest{Profile: alice, Text: "hello"})
	require.ErrorIs(t, err, chat.ErrText)
	_, err = chat.EncodeInfo(chat.Profile{DisplayName: "alice", FullName: "\xff"})
	require.ErrorIs(t, err, chat.ErrText)
	_, err = chat.EncodeInfo(chat.Profile{DisplayName: "#alice"})
	require.ErrorIs(t, err, chat.ErrDisplayName)
	_, err = chat.EncodeContact(chat.ContactRequest{})
	require.ErrorIs(t, err, chat.ErrDisplayName)
}

func TestIdentifiers(t *testing.T) {
	t.Parallel()
	random := strings.NewReader("0123456789abcdefghijklmnopqr")
	id, err := chat.NewMessageID(random)
	require.NoError(t, err)
	require.Equal(t, chat.ID("0123456789ab"), id)
	require.Equal(t, "MDEyMzQ1Njc4OWFi", id.String())
	id, err = chat.NewRequestID(random)
	require.NoError(t, err)
	require.Equal(t, chat.ID("cdefghijklmnopqr"), id)
	broken := errors.New("broken")
	_, err = chat.NewMessageID(iotest.ErrReader(broken))
	require.ErrorIs(t, err, broken)
}

func TestCompress(t *testing.T) {
	t.Parallel()
	body, err := chat.EncodeText(fourID, strings.Repeat("hello ", 2500))
	require.NoError(t, err)
	same, err := chat.Compress(body, len(body))
	require.NoError(t, err)
	require.Equal(t, body, same)

	small, err := chat.Compress(body, chat.MaxMessagePQ)
	require.NoError(t, err)
	require.Less(t, len(small), 1000)
	require.Equal(t, "X\x011", string(small[:3]))
	require.Equal(t, "\x28\xb5\x2f\xfd\x60", string(small[5:10]), "a frame with a content size and no checksum")
	tiny, err := chat.Compress([]byte(strings.Repeat("ab", 95)), 150)
	require.NoError(t, err)
	require.Equal(t, "\x28\xb5\x2f\xfd\x20\xbe", string(tiny[5:11]), "the same with a content size of one byte")
	want, err := chat.Decode(body)
	require.NoError(t, err)
	got, err := chat.Decode(small)
	require.NoError(t, err)
	require.Equal(t, want, got)

	_, err = chat.Compress(body, len(small)-1)
	require.ErrorIs(t, err, chat.ErrTooLarge)
	_, err = chat.Compress(make([]byte, chat.MaxDecompressed+1), chat.MaxMessage)
	require.ErrorIs(t, err, chat.ErrTooLarge)
	short, err := chat.Compress([]byte(okMessage), len(okMessage)-1)
	require.ErrorIs(t, err, chat.ErrTooLarge)
	require.Empty(t, short)
}

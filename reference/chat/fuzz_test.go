package chat_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/gofuzz"
	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/fill"
	"smpcheck/reference/chat"
)

// perByte is how much memory a byte of a body may take, in bytes: a batch can have an element
// for every second byte.
const perByte = 256

// room is how much memory the body may take, in bytes. Whatever was compressed has at most
// MaxDecompressed bytes.
func room(body []byte) int {
	n := min(len(body), chat.MaxDecompressed)
	if len(body) > 0 && body[0] == 'X' {
		n = chat.MaxDecompressed
	}
	return bound.Base + perByte*n
}

// errorsOf are the errors of bodies that are received.
var errorsOf = []error{chat.ErrNotChat, chat.ErrMalformed, chat.ErrCompressed, chat.ErrTooLarge}

func requireNamed(t *testing.T, err error) {
	t.Helper()
	if err != nil && !slices.ContainsFunc(errorsOf, func(e error) bool { return errors.Is(err, e) }) {
		t.Fatalf("no error of the package: %v", err)
	}
}

// addBodies gives the fuzzer bodies of every form.
func addBodies(f *testing.F) {
	f.Helper()
	for _, test := range knownMessages {
		f.Add([]byte(test.body))
		f.Add([]byte("[" + test.body + " ,\n" + test.body + "]"))
		f.Add(batch(f, test.body, "/G\x01M\x02ab"+test.body))
		f.Add(batch(f, ">M\x02id\x03bob\x00\x00\x00\x00\x00\x00\x00\x01"+test.body))
	}
	f.Add([]byte("F\x00\x04\x01\x02\x03\x04\x01chunk"))
	f.Add([]byte("[" + strings.Repeat("{},", 9000) + "1]"))
	for _, frame := range []string{helloFrame, streamFrame, edgeFrame, overFrame, bombFrame} {
		f.Add(compressedBody(f, "1"+frame))
	}
}

// FuzzDecode: every body is read or refused by name, in bounded memory; texts are UTF-8, and a
// text that is read can be sent and is read again, unless JSON makes it longer than a message
// can be.
func FuzzDecode(f *testing.F) {
	addBodies(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		var messages []chat.Message
		var err error
		bound.Memory(t, room(body), func() { messages, err = chat.Decode(body) })
		requireNamed(t, err)
		for _, m := range messages {
			require.NotEmpty(t, m.Event)
			require.True(t, utf8.ValidString(m.Content.Text))
			again, err := chat.EncodeText(m.ID, m.Content.Text)
			if err != nil {
				require.True(t, m.Content.Text == "" || errors.Is(err, chat.ErrTooLarge))
				continue
			}
			got, err := chat.Decode(again)
			require.NoError(t, err)
			require.Equal(t, m.Content.Text, got[0].Content.Text)
			require.Equal(t, m.ID, got[0].ID)
		}
	})
}

// FuzzDecodeInfo: connection information is exactly one message that Decode reads too; a
// profile that can be sent is read again.
func FuzzDecodeInfo(f *testing.F) {
	addBodies(f)
	for _, text := range []string{"", `,"content":{"type":"text","text":"hi"}`, `,"content":{"type":"text"}`} {
		f.Add([]byte(`{"v":"1-16","event":"x.contact","params":{"profile":{"displayName":"a","fullName":""},"contactReqId":"AQID","msgId":"BAUG"` + text + `}}`))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var info chat.Info
		var err error
		bound.Memory(t, room(body), func() { info, err = chat.DecodeInfo(body) })
		requireNamed(t, err)
		messages, messagesErr := chat.Decode(body)
		if err != nil {
			require.Zero(t, info)
			return
		}
		require.NotEmpty(t, info.Event)
		require.Equal(t, info.Request.MessageID == "", info.Request == chat.ContactRequest{Profile: info.Request.Profile, ID: info.Request.ID})
		if messagesErr == nil {
			require.Len(t, messages, 1)
			require.Equal(t, info.Event, messages[0].Event)
		}
		if again, err := chat.EncodeContact(info.Request); err == nil {
			got, err := chat.DecodeInfo(again)
			require.NoError(t, err)
			require.Equal(t, info.Request, got.Request)
		}
	})
}

// FuzzChatValues: requests and texts are received as they were sent, also compressed; what
// cannot be sent is refused by name.
func FuzzChatValues(f *testing.F) {
	for i := range 24 {
		f.Add(bytes.Repeat([]byte{byte(i), byte(3 * i)}, 100), uint16(i*700))
	}
	f.Fuzz(func(t *testing.T, data []byte, room uint16) {
		from := fill.Valid(data, 20, func(id *chat.ID, c fuzz.Continue) { *id = chat.ID(fill.Bytes(c, 1, 30)) },
			func(p *chat.Profile, c fuzz.Continue) {
				*p = chat.Profile{DisplayName: chat.CleanDisplayName(c.RandString()), FullName: fill.Text(c, 15000)}
			},
			func(r *chat.ContactRequest, c fuzz.Continue) {
				c.Fuzz(&r.Profile)
				c.Fuzz(&r.ID)
				if c.RandBool() {
					c.Fuzz(&r.MessageID)
					r.Text = strings.Repeat(fill.Text(c, 15000), 1+c.Intn(3))
				}
			})
		r := fill.Value[chat.ContactRequest](from)
		body, err := chat.EncodeContact(r)
		switch {
		case r.Profile.DisplayName == "":
			require.ErrorIs(t, err, chat.ErrDisplayName)
			return
		case r.MessageID != "" && r.Text == "":
			require.ErrorIs(t, err, chat.ErrText)
			return
		case errors.Is(err, chat.ErrTooLarge):
			return
		}
		require.NoError(t, err)
		require.LessOrEqual(t, len(body), chat.MaxInfo)
		requireInfo(t, r, body)
		small, err := chat.Compress(body, int(room))
		if err != nil {
			require.ErrorIs(t, err, chat.ErrTooLarge)
			return
		}
		require.LessOrEqual(t, len(small), int(room))
		requireInfo(t, r, small)
	})
}

func requireInfo(t *testing.T, want chat.ContactRequest, body []byte) {
	t.Helper()
	got, err := chat.DecodeInfo(body)
	require.NoError(t, err)
	require.Equal(t, chat.Info{Kind: chat.KindContactRequest, Event: "x.contact", Versions: chat.Versions(), Request: want}, got)
}

// FuzzCleanDisplayName: a cleaned name is valid or empty, cleaning it again changes nothing,
// and no character in it can do anything to a terminal.
func FuzzCleanDisplayName(f *testing.F) {
	for _, name := range []string{"alice", " a  b ", "'a'", "a\u0301", "\u202eevil", "a\x1b[31m", "👍\u200d", "\xff", "a -- b", strings.Repeat("я", 60)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		var clean string
		bound.Check(t, len(name), func() { clean = chat.CleanDisplayName(name) })
		require.Equal(t, clean, chat.CleanDisplayName(clean))
		require.Equal(t, clean != "", chat.ValidDisplayName(clean))
		require.Equal(t, clean == name && name != "", chat.ValidDisplayName(name))
		require.True(t, utf8.ValidString(clean))
		require.LessOrEqual(t, utf8.RuneCountInString(clean), chat.MaxDisplayName)
		for _, c := range clean {
			if c != ' ' && !unicode.IsGraphic(c) {
				t.Fatalf("%q has %q", clean, c)
			}
		}
	})
}

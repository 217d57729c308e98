package chat_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/chat"
)

var (
	texts = rapid.StringN(1, 60, -1)
	ids   = rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, 20), func(b []byte) chat.ID { return chat.ID(b) })
	names = rapid.StringMatching(`[a-zа-я0-9]( ?[a-zа-я0-9]){0,20}`)
)

// TestPropertyChatRoundTrip: what is sent is received, alone, in batches, and compressed.
func TestPropertyChatRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id, text := ids.Draw(t, "id"), texts.Draw(t, "text")
		body, err := chat.EncodeText(id, text)
		require.NoError(t, err)
		want := chat.Message{Kind: chat.KindText, Event: "x.msg.new", Versions: chat.Versions(), ID: id,
			Content: chat.Content{Type: chat.TypeText, Text: text}}
		for _, form := range [][]byte{body, []byte("[" + string(body) + "]"), batch(t, string(body))} {
			got, err := chat.Decode(form)
			require.NoError(t, err)
			require.Equal(t, []chat.Message{want}, got)
		}
	})
}

// TestPropertyChatCompressedRoundTrip: a compressed text is received, whatever its length.
func TestPropertyChatCompressedRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Repeat(texts.Draw(t, "text"), rapid.IntRange(40, 100).Draw(t, "count"))[:40]
		text = strings.Repeat(strings.ToValidUTF8(text, "?"), 8)
		body, err := chat.EncodeText("", text)
		require.NoError(t, err)
		small, err := chat.Compress(body, len(body)-1)
		require.NoError(t, err)
		require.Equal(t, byte('X'), small[0])
		got, err := chat.Decode(small)
		require.NoError(t, err)
		require.Len(t, got, 1)
		require.Equal(t, text, got[0].Content.Text)
	})
}

// TestPropertyChatInfoRoundTrip: profiles and contact requests are received as sent.
func TestPropertyChatInfoRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		request := chat.ContactRequest{Profile: chat.Profile{DisplayName: names.Draw(t, "name"), FullName: texts.Draw(t, "full name")}}
		body, err := chat.EncodeInfo(request.Profile)
		require.NoError(t, err)
		got, err := chat.DecodeInfo(body)
		require.NoError(t, err)
		require.Equal(t, chat.Info{Kind: chat.KindProfile, Event: "x.info", Versions: chat.Versions(), Request: request}, got)

		request.ID = ids.Draw(t, "request")
		if rapid.Bool().Draw(t, "with text") {
			request.MessageID, request.Text = ids.Draw(t, "message"), texts.Draw(t, "text")
		}
		body, err = chat.EncodeContact(request)
		require.NoError(t, err)
		got, err = chat.DecodeInfo(body)
		require.NoError(t, err)
		require.Equal(t, chat.Info{Kind: chat.KindContactRequest, Event: "x.contact", Versions: chat.Versions(), Request: request}, got)
	})
}

// TestPropertyChatNames: a cleaned name is valid, and has no more than was there.
func TestPropertyChatNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.StringN(0, 80, -1), rapid.StringOfN(rapid.RuneFrom([]rune("aя1 -")), 40, 80, -1), rapid.StringOf(rapid.SampledFrom([]rune("a1 -_.:&@'\"`>\u0301👍\u200d\n")))).Draw(t, "name")
		clean := chat.CleanDisplayName(name)
		require.Equal(t, clean, chat.CleanDisplayName(clean))
		require.Equal(t, clean != "", chat.ValidDisplayName(clean))
		require.LessOrEqual(t, len([]rune(clean)), chat.MaxDisplayName)
		require.NotContains(t, clean, "\n")
		require.Equal(t, strings.TrimSpace(clean), clean)
	})
}

// TestPropertyChatHostile: bytes that start like a message are read or refused.
func TestPropertyChatHostile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.SampledFrom([]string{"{", "[", "=", "X", "F", "/", ">", ""}).Draw(t, "first")
		body := append([]byte(first), rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "rest")...)
		messages, err := chat.Decode(body)
		if err == nil {
			for _, m := range messages {
				require.NotEmpty(t, m.Event)
			}
		}
	})
}

package chat_test

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/chat"
)

// FuzzDecode: every body is read or refused; texts are UTF-8, and a text that is read can be
// sent and is read again, unless JSON makes it longer than a message can be.
func FuzzDecode(f *testing.F) {
	for _, test := range knownMessages {
		f.Add([]byte(test.body))
		f.Add([]byte("[" + test.body + "]"))
		f.Add(batch(f, test.body, "/G\x01M\x02ab"+test.body))
		f.Add(batch(f, ">M\x02id\x03bob\x00\x00\x00\x00\x00\x00\x00\x01"+test.body))
	}
	f.Add([]byte("F\x00\x04\x01\x02\x03\x04\x01chunk"))
	for _, frame := range []string{helloFrame, streamFrame, edgeFrame, overFrame, bombFrame} {
		f.Add(compressedBody(f, "1"+frame))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		messages, err := chat.Decode(body)
		info, infoErr := chat.DecodeInfo(body)
		if infoErr == nil {
			require.NotEmpty(t, info.Event)
			require.True(t, utf8.ValidString(info.Request.Text))
		}
		if err == nil && len(messages) != 1 {
			require.Error(t, infoErr)
		}
		for _, m := range messages {
			require.NotEmpty(t, m.Event)
			require.True(t, utf8.ValidString(m.Content.Text))
			again, err := chat.EncodeText(m.ID, m.Content.Text)
			if err != nil {
				continue
			}
			got, err := chat.Decode(again)
			require.NoError(t, err)
			require.Equal(t, m.Content.Text, got[0].Content.Text)
			require.Equal(t, m.ID, got[0].ID)
		}
	})
}

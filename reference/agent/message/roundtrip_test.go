package message_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/agent/message"
)

// What is encoded decodes to the same value, and no shorter start of it decodes to that
// value.

func TestPropertyEnvelopesRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := genEnvelope().Draw(t, "envelope")
		b, err := e.Encode()
		require.NoError(t, err)
		decoded, err := message.DecodeEnvelope(b)
		require.NoError(t, err)
		require.Equal(t, e, decoded)
		requireStartDiffers(t, b, e, message.DecodeEnvelope)
	})
}

func TestPropertyMessagesRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := genMessage().Draw(t, "message")
		b, err := message.EncodeMessage(m)
		require.NoError(t, err)
		decoded, err := message.DecodeMessage(b)
		require.NoError(t, err)
		require.Equal(t, m, decoded)
		requireStartDiffers(t, b, m, message.DecodeMessage)
	})
}

func TestPropertyAMessagesRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := genAMessage().Draw(t, "message")
		b, err := message.EncodeAMessage(m)
		require.NoError(t, err)
		decoded, err := message.DecodeAMessage(b)
		require.NoError(t, err)
		require.Equal(t, m, decoded)
		requireStartDiffers(t, b, m, message.DecodeAMessage)
		if _, open := m.(message.A_MSG); !open {
			_, err = message.DecodeAMessage(append(b, '1'))
			require.ErrorIs(t, err, message.ErrMessage)
		}
	})
}

// requireStartDiffers cuts b somewhere; what is left decodes to another value or not.
func requireStartDiffers[T any](t *rapid.T, b []byte, whole T, decode func([]byte) (T, error)) {
	t.Helper()
	cut := rapid.IntRange(0, len(b)-1).Draw(t, "cut")
	if start, err := decode(b[:cut]); err == nil {
		require.NotEqual(t, whole, start)
	}
}

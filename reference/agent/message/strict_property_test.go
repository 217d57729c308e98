package message_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/agent/message"
)

// A change of any byte of an agent message is refused or gives another message. The letters
// for the mode of a queue have two spellings each.
func TestPropertyMessagesAreStrict(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := genMessage().Draw(t, "message")
		b, err := message.EncodeMessage(m)
		require.NoError(t, err)
		requireOther(t, b, m, message.DecodeMessage)
	})
}

// So it is with the messages in them.
func TestPropertyAMessagesAreStrict(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := genAMessage().Draw(t, "message")
		b, err := message.EncodeAMessage(m)
		require.NoError(t, err)
		requireOther(t, b, m, message.DecodeAMessage)
	})
}

// So it is with envelopes, but for the text of the link in an invitation: its parts have
// several spellings and orders.
func TestPropertyEnvelopesAreStrict(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := genEnvelope().Filter(func(e message.Envelope) bool { return e.Content.Tag() != "I" }).Draw(t, "envelope")
		b, err := e.Encode()
		require.NoError(t, err)
		requireOther(t, b, e, message.DecodeEnvelope)
	})
}

// sameMode are the letters that stand for the same mode of a queue.
var sameMode = map[[2]byte]bool{{'M', 'T'}: true, {'T', 'M'}: true, {'C', 'F'}: true, {'F', 'C'}: true}

// requireOther changes a byte, or cuts or extends what encodes v, several times; no result is
// an encoding of v.
func requireOther[T any](t *rapid.T, encoded []byte, v T, decode func([]byte) (T, error)) {
	for range 8 {
		changed := drawOther(t, encoded)
		if got, err := decode(changed); err == nil {
			require.NotEqual(t, v, got, "%x", changed)
		}
	}
}

func drawOther(t *rapid.T, encoded []byte) []byte {
	changed := bytes.Clone(encoded)
	first, last := 0, len(encoded)-1
	switch rapid.SampledFrom([]string{"byte", "early byte", "last byte", "cut", "longer"}).Draw(t, "change") {
	case "cut":
		return changed[:rapid.IntRange(0, last).Draw(t, "at")]
	case "longer":
		return append(changed, rapid.Byte().Draw(t, "more"))
	case "early byte":
		last = min(last, 20)
	case "last byte":
		first = last
	}
	at := rapid.IntRange(first, last).Draw(t, "at")
	for changed[at] == encoded[at] || sameMode[[2]byte{encoded[at], changed[at]}] {
		changed[at] = encoded[at] ^ rapid.ByteRange(1, 255).Draw(t, "xor")
	}
	return changed
}

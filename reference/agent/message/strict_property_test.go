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

// requireOther changes a byte, or cuts or extends what encodes v; the result is no encoding
// of v.
func requireOther[T any](t *rapid.T, encoded []byte, v T, decode func([]byte) (T, error)) {
	changed := bytes.Clone(encoded)
	last := len(encoded) - 1
	switch rapid.SampledFrom([]string{"byte", "byte", "early byte", "cut", "longer"}).Draw(t, "change") {
	case "cut":
		changed = changed[:rapid.IntRange(0, last).Draw(t, "at")]
	case "longer":
		changed = append(changed, rapid.Byte().Draw(t, "more"))
	case "early byte":
		last = min(last, 20)
		fallthrough
	default:
		at := rapid.IntRange(0, last).Draw(t, "at")
		changed[at] ^= rapid.ByteRange(1, 255).Draw(t, "xor")
		if sameMode[[2]byte{encoded[at], changed[at]}] {
			return
		}
	}
	if got, err := decode(changed); err == nil {
		require.NotEqual(t, v, got)
	}
}

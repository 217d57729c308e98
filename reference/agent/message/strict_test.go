package message_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

func TestDecodersNameWhatIsWrong(t *testing.T) {
	t.Parallel()
	header := string(make([]byte, 9))
	for text, want := range map[string]error{
		"":                        wire.ErrTruncated,
		"X":                       smp.ErrUnknownTag,
		"i":                       smp.ErrUnknownTag,
		"D":                       wire.ErrTruncated,
		"D\x00info":               smp.ErrEmptyList,
		"M" + header:              wire.ErrTruncated,
		"M" + header + "Z":        smp.ErrUnknownTag,
		"M" + header + "Q":        smp.ErrUnknownTag,
		"M" + header + "QZ":       smp.ErrUnknownTag,
		"M" + header + "Hx":       wire.ErrTrailing,
		"M" + header + "V\x00":    smp.ErrEmptyList,
		"M" + header + "QA\x00":   smp.ErrEmptyList,
		"M" + header + "QK\x00":   smp.ErrEmptyList,
		"M" + header + "QU\x00":   smp.ErrEmptyList,
		"M" + header + "QT\x00":   smp.ErrEmptyList,
		"M" + header + "QT\x01":   wire.ErrTruncated,
		"M" + header + "E1234567": wire.ErrTruncated,
	} {
		m, err := message.DecodeMessage([]byte(text))
		assert.Nil(t, m, "%q", text)
		assert.ErrorIs(t, err, message.ErrMessage, "%q", text)
		assert.ErrorIs(t, err, want, "%q", text)
	}
	for text, want := range map[string]error{
		"":                                    wire.ErrTruncated,
		"\x00":                                wire.ErrTruncated,
		"\x00\x07":                            wire.ErrTruncated,
		"\x00\x07X":                           smp.ErrUnknownTag,
		"\x00\x07C":                           wire.ErrTruncated,
		"\x00\x07C2":                          wire.ErrBadMaybe,
		"\x00\x07C1":                          wire.ErrTruncated,
		"\x00\x07R":                           wire.ErrTruncated,
		"\x00\x07I\x00\x09":                   wire.ErrTruncated,
		"\x00\x07I\x00\x03abc":                link.ErrConnection,
		"\x00\x07I\x00\x08simplex:":           link.ErrConnection,
		"\x00\x07I\x00\x12simplex:/contact#/": link.ErrConnection,
	} {
		e, err := message.DecodeEnvelope([]byte(text))
		assert.Zero(t, e, "%q", text)
		assert.ErrorIs(t, err, message.ErrEnvelope, "%q", text)
		assert.ErrorIs(t, err, want, "%q", text)
	}
}

// queue returns a queue address and a copy of its key's encoding.
func exampleQueue(t *testing.T) (message.QueueAddress, link.QueueAddress) {
	t.Helper()
	server, err := link.ParseServer("smp://AAAA@relay.example")
	require.NoError(t, err)
	key, err := keys.NewPublic(keys.X25519, make([]byte, 32))
	require.NoError(t, err)
	return message.QueueAddress{Server: server, SenderID: []byte("id")},
		link.QueueAddress{Server: server, SenderID: []byte("id"), DHKey: key, Mode: smp.Contact}
}

func TestSenderKeysOfQKEYAuthorize(t *testing.T) {
	t.Parallel()
	_, address := exampleQueue(t)
	for algorithm, allowed := range map[keys.Algorithm]bool{keys.X25519: true, keys.Ed25519: true, keys.Ed448: true, keys.X448: false} {
		key, err := keys.NewPublic(algorithm, make([]byte, algorithm.PublicSize()))
		require.NoError(t, err)
		m := message.QKEY{Queues: []message.QueueKey{{Queue: link.QueueInfo{Version: 4, QueueAddress: address}, SenderKey: key}}}
		encoded, err := message.EncodeAMessage(m)
		if allowed {
			require.NoError(t, err, algorithm)
			decoded, err := message.DecodeAMessage(encoded)
			require.NoError(t, err, algorithm)
			require.Equal(t, m, decoded, algorithm)
			continue
		}
		require.ErrorIs(t, err, smp.ErrKeyAlgorithm, algorithm)
		w := wire.NewWriter([]byte("QK\x01"))
		m.Queues[0].Queue.Write(w)
		w.Short(key.SPKI())
		encoded, err = w.Bytes()
		require.NoError(t, err)
		_, err = message.DecodeAMessage(encoded)
		require.ErrorIs(t, err, smp.ErrKeyAlgorithm, algorithm)
	}
}

// A contact address has no place in an invitation envelope, and an invitation is whole.
func TestInvitationEnvelopesCarryInvitations(t *testing.T) {
	t.Parallel()
	_, address := exampleQueue(t)
	contact := link.Connection{
		Mode: link.Contact, AgentVersions: message.Supported,
		Queues: []link.QueueURI{{ClientVersions: wire.Versions(1, 4), QueueAddress: address}},
	}
	w := wire.NewWriter([]byte{0, 7, 'I'})
	w.Large([]byte(contact.Text()))
	b, err := w.Bytes()
	require.NoError(t, err)
	_, err = message.DecodeEnvelope(b)
	require.ErrorIs(t, err, link.ErrMode)

	withoutRatchet, withoutQueues := contact, contact
	withoutRatchet.Mode = link.Invitation
	withoutQueues.Mode, withoutQueues.Ratchet, withoutQueues.Queues = link.Invitation, new(ratchet.Offer), nil
	for want, c := range map[error]link.Connection{link.ErrMode: contact, link.ErrNoQueues: withoutQueues} {
		_, err = message.Envelope{Version: 7, Content: message.AgentInvitation{Request: c}}.Encode()
		require.ErrorIs(t, err, want)
	}
	_, err = message.Envelope{Version: 7, Content: message.AgentInvitation{Request: withoutRatchet}}.Encode()
	require.ErrorIs(t, err, link.ErrMode)
}

func TestEncodersRefuseWhatHasNoForm(t *testing.T) {
	t.Parallel()
	queue, _ := exampleQueue(t)
	numbered := func(m message.AMessage) message.Message { return message.AgentMessage{Body: m} }
	for name, test := range map[string]struct {
		message message.Message
		want    error
	}{
		"no message":          {nil, message.ErrNoContent},
		"no body":             {message.AgentMessage{}, message.ErrNoContent},
		"no reply queues":     {message.AgentConnInfoReply{Info: []byte("info")}, smp.ErrEmptyList},
		"no receipts":         {numbered(message.A_RCVD{}), smp.ErrEmptyList},
		"no queues":           {numbered(message.QTEST{}), smp.ErrEmptyList},
		"256 receipts":        {numbered(message.A_RCVD{Receipts: make([]message.Receipt, 256)}), wire.ErrTooLong},
		"256 queues":          {numbered(message.QTEST{Queues: repeatQueue(queue, 256)}), wire.ErrTooLong},
		"hash of 256 bytes":   {message.AgentMessage{Header: message.Header{PreviousHash: make([]byte, 256)}, Body: message.HELLO{}}, wire.ErrTooLong},
		"info of 64 KiB":      {numbered(message.A_RCVD{Receipts: []message.Receipt{{Info: make([]byte, 65536)}}}), wire.ErrTooLong},
		"server without host": {numbered(message.A_QCONT{}), link.ErrServer},
	} {
		_, err := message.EncodeMessage(test.message)
		assert.ErrorIs(t, err, test.want, name)
	}
	_, err := message.Envelope{Version: 7}.Encode()
	require.ErrorIs(t, err, message.ErrNoContent)
	_, err = message.EncodeAMessage(message.QTEST{Queues: repeatQueue(queue, 255)})
	require.NoError(t, err)
}

func repeatQueue(q message.QueueAddress, n int) []message.QueueAddress {
	all := make([]message.QueueAddress, n)
	for i := range all {
		all[i] = q
	}
	return all
}

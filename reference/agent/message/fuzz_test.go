package message_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// addRecords gives the fuzzer the bytes of the records of a group: outputs of encoders
// and inputs of decoders.
func addRecords(f *testing.F, group string) {
	f.Helper()
	file, err := vectors.Load("agent")
	if err != nil {
		f.Fatal(err)
	}
	for g, test := range file.All() {
		var b vectors.Hex
		var in struct{ Bytes vectors.Hex }
		switch {
		case g.Name != group:
		case test.Inputs.Decode(&in) == nil:
			f.Add([]byte(in.Bytes))
		case test.Output.Decode(&b) == nil:
			f.Add([]byte(b))
		}
	}
}

// requireStable: what decodes encodes, and that decodes and encodes to the same bytes. The
// text of a link can become too long for its length prefix, because it is escaped where it
// was not.
func requireStable[T any](t *testing.T, value T, encode func(T) ([]byte, error), decode func([]byte) (T, error)) {
	t.Helper()
	first, err := encode(value)
	if err != nil {
		if !errors.Is(err, wire.ErrTooLong) {
			t.Fatalf("%#v does not encode: %v", value, err)
		}
		return
	}
	again, err := decode(first)
	if err != nil {
		t.Fatalf("%#v became %x, which does not decode: %v", value, first, err)
	}
	second, err := encode(again)
	if err != nil || !bytes.Equal(first, second) {
		t.Fatalf("%x became %x, %v", first, second, err)
	}
}

func FuzzDecodeAMessage(f *testing.F) {
	addRecords(f, "a_message")
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := message.DecodeAMessage(b)
		if err != nil {
			requireIs(t, err, message.ErrMessage)
			return
		}
		requireStable(t, m, message.EncodeAMessage, message.DecodeAMessage)
	})
}

func FuzzDecodeMessage(f *testing.F) {
	addRecords(f, "agent_message")
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := message.DecodeMessage(b)
		if err != nil {
			requireIs(t, err, message.ErrMessage)
			return
		}
		if reply, ok := m.(message.AgentConnInfoReply); ok && !allSafe(reply.Queues) {
			return // the mode is not written, and something else may be taken for it
		}
		requireStable(t, m, message.EncodeMessage, message.DecodeMessage)
	})
}

// allSafe reports whether every queue is written with a mode.
func allSafe(queues []link.QueueInfo) bool {
	for _, q := range queues {
		if q.Version < link.SenderSecureClientVersion || q.Mode == 0 ||
			q.Version < link.ShortLinksClientVersion && q.Mode != smp.Messaging {
			return false
		}
	}
	return true
}

func FuzzDecodeEnvelope(f *testing.F) {
	addRecords(f, "envelope")
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := message.DecodeEnvelope(b)
		if err != nil {
			requireIs(t, err, message.ErrEnvelope)
			return
		}
		if invitation, ok := e.Content.(message.AgentInvitation); ok && hasIPv6(invitation.Request) {
			return // written without brackets, its end cannot be told from a port
		}
		requireStable(t, e, message.Envelope.Encode, message.DecodeEnvelope)
	})
}

func hasIPv6(c link.Connection) bool {
	for _, q := range c.Queues {
		for _, host := range q.Server.Hosts {
			if strings.Contains(host.String(), ":") {
				return true
			}
		}
	}
	return false
}

func requireIs(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%v, expected %v in its chain", err, want)
	}
}

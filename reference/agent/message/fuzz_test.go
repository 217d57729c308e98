package message_test

import (
	"bytes"
	"errors"
	"reflect"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/fill"
	"smpcheck/fuzz/fill/upper"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/agent/message"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// addMessages gives the fuzzer what decodes among the bytes of the vectors and what the
// ratchets of official clients encrypted and decrypted, and some that does not.
func addMessages[T any](f *testing.F, decode func([]byte) (T, error)) {
	f.Helper()
	const long, short = 4000, 40
	for _, b := range append(seed.Hex("agent", "agent_message", "agent_envelope"), recordedMessages()...) {
		if _, err := decode(b); err == nil && len(b) < long || len(b) < short {
			f.Add(b)
		}
	}
}

// recordedMessages are what the ratchets of official clients encrypted and decrypted.
var recordedMessages = sync.OnceValue(func() (found [][]byte) {
	for _, name := range []string{"contact-link-v18", "duplex-v18-pq", "duplex-v6-nopq"} {
		r, err := vectors.LoadRecording(name)
		if err != nil {
			panic(err)
		}
		for _, a := range r.Agents {
			if a.Ratchet == nil {
				continue
			}
			for _, step := range a.Ratchet.Steps {
				found = append(found, step.Plaintext)
			}
		}
	}
	return found
})

// fuzzCanonical: bytes are refused by name or give a value. Its encoding is canonical: hosts
// in their one form and modes as the versions tell them; without addresses in it that is the
// input. It gives the value as the versions have it, and is its own encoding.
func fuzzCanonical[T any](t *testing.T, b []byte, decode func([]byte) (T, error), encode func(T) ([]byte, error), at func(T) T, exact func(T) bool, sentinel error) {
	t.Helper()
	var v T
	var err error
	bound.Check(t, len(b), func() { v, err = decode(b) })
	if err != nil {
		requireIs(t, err, sentinel)
		return
	}
	if encoded := requireCanonical(t, v, decode, encode, at); exact(v) && encoded != nil {
		require.Equal(t, b, encoded)
	}
}

// requireCanonical checks what fuzzCanonical says of the encoding of a value, and returns it.
// The text of a link can become too long for its length prefix, because it is escaped where
// it was not; then there is none.
func requireCanonical[T any](t *testing.T, v T, decode func([]byte) (T, error), encode func(T) ([]byte, error), at func(T) T) []byte {
	t.Helper()
	encoded, err := encode(v)
	if _, isEnvelope := any(v).(message.Envelope); isEnvelope && errors.Is(err, wire.ErrTooLong) {
		return nil
	}
	require.NoError(t, err)
	second, err := decode(encoded)
	require.NoError(t, err, "%x", encoded)
	require.Equal(t, at(v), second)
	again, err := encode(second)
	require.NoError(t, err)
	require.Equal(t, encoded, again)
	return encoded
}

func requireIs(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%v, expected %v in its chain", err, want)
	}
}

// withoutAddress reports whether no part of a message has several forms.
func withoutAddress(m message.AMessage) bool {
	switch m.(type) {
	case message.HELLO, message.A_MSG, message.A_RCVD, message.EREADY:
		return true
	}
	return false
}

func FuzzDecodeAMessage(f *testing.F) {
	addMessages(f, message.DecodeAMessage)
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzCanonical(t, b, message.DecodeAMessage, message.EncodeAMessage, upper.AMessageAt, withoutAddress, message.ErrMessage)
	})
}

func FuzzDecodeMessage(f *testing.F) {
	addMessages(f, message.DecodeMessage)
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := message.DecodeMessage(b); err == nil && runsOn(m) {
			return
		}
		exact := func(m message.Message) bool {
			numbered, ok := m.(message.AgentMessage)
			_, reply := m.(message.AgentConnInfoReply)
			return ok && withoutAddress(numbered.Body) || !ok && !reply
		}
		fuzzCanonical(t, b, message.DecodeMessage, message.EncodeMessage, upper.MessageAt, exact, message.ErrMessage)
	})
}

// runsOn reports whether a reply has a queue that is written without a mode and is followed
// by what can be taken for one: see AgentConnInfoReply.
func runsOn(m message.Message) bool {
	reply, ok := m.(message.AgentConnInfoReply)
	if !ok {
		return false
	}
	for i, q := range reply.Queues {
		next := append(bytes.Clone(reply.Info), 0)[0]
		if i+1 < len(reply.Queues) {
			next = byte(reply.Queues[i+1].Version >> 8)
		}
		if !writesMode(q) && bytes.IndexByte([]byte("MCTF"), next) >= 0 {
			return true
		}
	}
	return false
}

func writesMode(q link.QueueInfo) bool {
	return q.Version == link.SenderSecureClientVersion && q.Mode == smp.Messaging || q.Version > link.SenderSecureClientVersion && q.Mode != 0
}

func FuzzDecodeEnvelope(f *testing.F) {
	addMessages(f, message.DecodeEnvelope)
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := message.DecodeEnvelope(b); err == nil && endless(e) {
			return
		}
		exact := func(e message.Envelope) bool {
			_, invitation := e.Content.(message.AgentInvitation)
			return !invitation
		}
		fuzzCanonical(t, b, message.DecodeEnvelope, message.Envelope.Encode,
			func(e message.Envelope) message.Envelope { return e }, exact, message.ErrEnvelope)
	})
}

// endless reports whether the link in an invitation has an IPv6 address before a port: in the
// text, as official clients write it, one does not tell its end from the other.
func endless(e message.Envelope) bool {
	invitation, ok := e.Content.(message.AgentInvitation)
	if !ok {
		return false
	}
	for _, q := range invitation.Request.Queues {
		for _, host := range q.Server.Hosts {
			if q.Server.Port != "" && host.Kind() == wire.IPv6 {
				return true
			}
		}
	}
	return false
}

// FuzzMessageValues: messages and envelopes of any content come back as they were, addresses
// in them as their versions have them; nothing shorter is the same.
func FuzzMessageValues(f *testing.F) {
	for i := range 64 {
		f.Add(uint8(i), bytes.Repeat([]byte{byte(i), byte(5 * i), 1}, 40))
	}
	checks := []func(*testing.T, *fill.Filler){
		func(t *testing.T, from *fill.Filler) {
			m := fill.Value[message.AMessage](from)
			requireWhole(t, requireCanonical(t, m, message.DecodeAMessage, message.EncodeAMessage, upper.AMessageAt), message.DecodeAMessage)
		},
		func(t *testing.T, from *fill.Filler) {
			if m := fill.Value[message.Message](from); !runsOn(m) {
				requireWhole(t, requireCanonical(t, m, message.DecodeMessage, message.EncodeMessage, upper.MessageAt), message.DecodeMessage)
			}
		},
		func(t *testing.T, from *fill.Filler) {
			e := fill.Value[message.Envelope](from)
			same := func(e message.Envelope) message.Envelope { return e }
			requireWhole(t, requireCanonical(t, e, message.DecodeEnvelope, message.Envelope.Encode, same), message.DecodeEnvelope)
		},
	}
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) { checks[int(kind)%len(checks)](t, upper.Filler(data)) })
}

// requireWhole checks that no start of the bytes, of some that are tried, is the same value.
func requireWhole[T any](t *testing.T, b []byte, decode func([]byte) (T, error)) {
	t.Helper()
	whole, err := decode(b)
	require.NoError(t, err)
	for _, n := range []int{0, len(b) / 2, len(b) - 1} {
		if part, err := decode(b[:n]); err == nil && reflect.DeepEqual(whole, part) {
			t.Fatalf("%d of %d bytes are the whole", n, len(b))
		}
	}
}

// FuzzChain plays a sender and a network that loses, repeats and changes, as the bytes say,
// and compares the verdict about each header with what was done to it.
func FuzzChain(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 2, 3, 0, 4, 0})
	f.Add([]byte{5, 0, 0x41, 0x82, 0xc0})
	f.Fuzz(func(t *testing.T, steps []byte) {
		var sent, received message.Chain
		var last message.Header
		for i, step := range steps {
			encoded := []byte{byte(i), step}
			h := sent.Next()
			if h.ID != sent.ID+1 {
				t.Fatalf("number %d after %d", h.ID, sent.ID)
			}
			want := message.Integrity{Verdict: message.OK, From: h.ID, To: h.ID}
			switch step % 6 {
			case 1: // lost
				sent.Advance(h.ID, encoded)
				continue
			case 2: // again
				if received.ID == 0 {
					continue
				}
				h, want = last, message.Integrity{Verdict: message.Duplicate, From: received.ID, To: received.ID}
			case 3: // an old one
				if received.ID < 2 {
					continue
				}
				h.ID = 1 + int64(step)%(received.ID-1)
				want = message.Integrity{Verdict: message.BadID, From: h.ID, To: h.ID}
			case 4: // of another message before
				h.PreviousHash = append(bytes.Clone(h.PreviousHash), step)
				want.Verdict = message.BadHash
			}
			if h.ID > received.ID+1 {
				want = message.Integrity{Verdict: message.Skipped, From: received.ID + 1, To: h.ID - 1}
			}
			if got := received.Check(h); got != want {
				t.Fatalf("step %d: %v, expected %v", i, got, want)
			}
			if h.ID > received.ID {
				sent.Advance(h.ID, encoded)
				received.Advance(h.ID, encoded)
				last = h
			}
		}
	})
}

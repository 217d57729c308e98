package smp_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// Sizes of the body of SEND. SMP, "Send message".
const (
	messageSize      = 2 + 1 + 24 + 16 + smp.PaddedClientMessage
	confirmationSize = 2 + 1 + 1 + 44 + 24 + 16 + smp.PaddedConfirmation
)

// drawAgreement returns the keys of a sender and a recipient.
func drawAgreement(t *rapid.T) (sender, recipient keys.PrivateKey) {
	draw := func(label string) keys.PrivateKey {
		k, err := keys.NewPrivate(keys.X25519, rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, label))
		require.NoError(t, err)
		return k
	}
	return draw("key of the sender"), draw("key of the recipient")
}

// drawSealed returns an encoded envelope, with the key of the sender or without, that holds
// any message that fits, and the message.
func drawSealed(t *rapid.T, sender, recipient keys.PrivateKey) ([]byte, smp.ClientMessage) {
	var m smp.ClientMessage
	header := 1
	if rapid.Bool().Draw(t, "key to authorize") {
		alg := rapid.SampledFrom([]keys.Algorithm{keys.X25519, keys.Ed25519}).Draw(t, "algorithm")
		k, err := keys.NewPublic(alg, rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key"))
		require.NoError(t, err)
		m.SenderKey, header = k, 1+1+44
	}
	e := smp.Envelope{Version: rapid.Uint16().Draw(t, "version")}
	copy(e.Nonce[:], rapid.SliceOfN(rapid.Byte(), box.NonceSize, box.NonceSize).Draw(t, "nonce"))
	padded := smp.PaddedClientMessage
	if rapid.Bool().Draw(t, "confirmation") {
		e.DHKey, padded = sender.Public(), smp.PaddedConfirmation
	}
	room := padded - 2 - header
	size := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(room-3, room), rapid.IntRange(0, room)).Draw(t, "size")
	m.Body = bytes.Repeat([]byte{rapid.Byte().Draw(t, "content")}, size)

	key, err := box.Agree(sender, recipient.Public())
	require.NoError(t, err)
	require.NoError(t, e.Seal(m, &key))
	b, err := e.Encode()
	require.NoError(t, err)
	m.Body = append(m.Body, make([]byte, room+1-size)...)
	require.ErrorIs(t, e.Seal(m, &key), wire.ErrPadTooLong, "a byte more than fits")
	m.Body = m.Body[:size]
	return b, m
}

// open is what a recipient does with the body of a message.
func open(b []byte, recipient keys.PrivateKey, sender keys.PublicKey) (smp.ClientMessage, error) {
	e, err := smp.DecodeEnvelope(b)
	if err != nil {
		return smp.ClientMessage{}, err
	}
	if !e.DHKey.IsZero() {
		sender = e.DHKey
	}
	key, err := box.Agree(recipient, sender)
	if err != nil {
		return smp.ClientMessage{}, err
	}
	return e.Open(&key)
}

// What fits into an envelope is read as it was, and the size of the envelope tells whether
// it has a key and nothing else.
func TestPropertyEnvelopesRoundTripInUniformSize(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sender, recipient := drawAgreement(t)
		b, want := drawSealed(t, sender, recipient)
		e, err := smp.DecodeEnvelope(b)
		require.NoError(t, err)
		if e.DHKey.IsZero() {
			require.Len(t, b, messageSize)
		} else {
			require.Len(t, b, confirmationSize)
		}
		got, err := open(b, recipient, sender.Public())
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

// lastOfKey is the place of the last byte of an X25519 key in an envelope: version, '1',
// length and DER are before it. X25519 ignores the highest bit of that byte (RFC 7748).
const lastOfKey = 2 + 1 + 1 + 44 - 1

// An envelope that was changed, or made for another recipient or by another sender, gives
// no message. The version in front is not covered by the box: of it the recipient decides.
func TestPropertyForgedEnvelopesDoNotOpen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sender, recipient := drawAgreement(t)
		b, _ := drawSealed(t, sender, recipient)
		refuse := func(what string, b []byte, recipient keys.PrivateKey, sender keys.PublicKey) {
			m, err := open(b, recipient, sender)
			require.Error(t, err, what)
			require.Zero(t, m, what)
		}
		at, bit := rapid.IntRange(2, len(b)-1).Draw(t, "at"), rapid.IntRange(0, 7).Draw(t, "bit")
		if !(len(b) == confirmationSize && at == lastOfKey && bit == 7) {
			changed := bytes.Clone(b)
			changed[at] ^= 1 << bit
			refuse("a changed bit", changed, recipient, sender.Public())
		}
		refuse("cut", b[:rapid.IntRange(0, len(b)-1).Draw(t, "cut")], recipient, sender.Public())
		refuse("longer", append(bytes.Clone(b), 0), recipient, sender.Public())
		stranger, other := drawAgreement(t)
		if other.Public() != recipient.Public() {
			refuse("for another recipient", b, other, sender.Public())
		}
		if len(b) == messageSize && stranger.Public() != sender.Public() {
			refuse("by another sender", b, recipient, stranger.Public())
		}
	})
}

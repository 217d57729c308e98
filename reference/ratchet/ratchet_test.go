package ratchet_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
)

// encrypt encrypts on a state and moves it.
func encrypt(t *testing.T, s *ratchet.State, content string, o ratchet.Options) []byte {
	t.Helper()
	message, next, err := s.Encrypt([]byte(content), length, o)
	require.NoError(t, err)
	*s = next
	return message
}

// decrypt decrypts on a state and moves it.
func decrypt(t *testing.T, s *ratchet.State, message []byte) string {
	t.Helper()
	content, next, err := s.Decrypt(pooledSource(uint64(s.ReceiveNumber)+99), message)
	require.NoError(t, err)
	*s = next
	return string(content)
}

// refused returns the error of a message that does not decrypt.
func refused(t *testing.T, s ratchet.State, message []byte) error {
	t.Helper()
	_, next, err := s.Decrypt(pooledSource(7), message)
	require.Error(t, err)
	require.Equal(t, s, next)
	return err
}

func drop(t *testing.T, s *ratchet.State, n int) {
	t.Helper()
	for range n {
		_, next, err := s.EncryptHeader(ratchet.Options{})
		require.NoError(t, err)
		*s = next
	}
}

// 512 messages of a chain may be missing, in the chain and at its end; 513 not.
func TestSkipLimit(t *testing.T) {
	t.Parallel()
	for _, missing := range []int{ratchet.MaxSkip, ratchet.MaxSkip + 1} {
		x, y := plainV3.pair(t, source(1))
		decrypt(t, &y, encrypt(t, &x, "first", ratchet.Options{}))
		drop(t, &x, missing)
		message := encrypt(t, &x, "after the gap", ratchet.Options{})
		if missing > ratchet.MaxSkip {
			require.ErrorIs(t, refused(t, y, message), ratchet.ErrTooManySkipped)
		} else {
			require.Equal(t, "after the gap", decrypt(t, &y, message))
			require.Len(t, y.Skipped[0].Keys, missing)
		}
	}
	for _, missing := range []int{ratchet.MaxSkip, ratchet.MaxSkip + 1} { // at the end of a chain
		x, y := plainV3.pair(t, source(1))
		decrypt(t, &y, encrypt(t, &x, "first", ratchet.Options{}))
		drop(t, &x, missing)
		decrypt(t, &x, encrypt(t, &y, "reply", ratchet.Options{}))
		message := encrypt(t, &x, "next chain", ratchet.Options{})
		if missing > ratchet.MaxSkip {
			err := refused(t, y, message)
			require.ErrorIs(t, err, ratchet.ErrTooManySkipped)
			var behind *ratchet.MessageError
			require.False(t, errors.As(err, &behind), "nothing was done yet")
		} else {
			require.Equal(t, "next chain", decrypt(t, &y, message))
		}
	}
	{ // and as many again at the start of the chain after it
		x, y := plainV3.pair(t, source(1))
		decrypt(t, &y, encrypt(t, &x, "first", ratchet.Options{}))
		drop(t, &x, ratchet.MaxSkip)
		decrypt(t, &x, encrypt(t, &y, "reply", ratchet.Options{}))
		drop(t, &x, ratchet.MaxSkip)
		message := encrypt(t, &x, "far", ratchet.Options{})
		tooFar := encrypt(t, &x, "one more", ratchet.Options{})
		err := refused(t, y, tooFar)
		require.ErrorIs(t, err, ratchet.ErrTooManySkipped)
		var behind *ratchet.MessageError
		require.ErrorAs(t, err, &behind)
		require.NotEqual(t, y.RootKey, behind.Official.RootKey, "the official implementation keeps the step")
		require.Equal(t, "far", decrypt(t, &y, message))
		require.Len(t, y.Skipped, 2)
	}
}

// A copy of a message with another body comes first: the message itself still
// decrypts. The official implementation counts it as received.
func TestBodyFailureChangesNothing(t *testing.T) {
	t.Parallel()
	for _, o := range []setup{plainV2, plainV3, pqAgreed} {
		x, y := o.pair(t, source(1))
		message := encrypt(t, &x, "content", ratchet.Options{})
		changed := append([]byte{}, message...)
		changed[len(changed)-1] ^= 1
		err := refused(t, y, changed)
		require.ErrorIs(t, err, ratchet.ErrBody)
		var behind *ratchet.MessageError
		require.ErrorAs(t, err, &behind)
		require.ErrorIs(t, refused(t, behind.Official, message), ratchet.ErrDuplicate)
		require.Equal(t, "content", decrypt(t, &y, message))
	}
}

// The key of a late message goes with its first use: officially even if the body
// was changed.
func TestBodyFailureOfLateMessage(t *testing.T) {
	t.Parallel()
	x, y := plainV3.pair(t, source(1))
	late := encrypt(t, &x, "late", ratchet.Options{})
	decrypt(t, &y, encrypt(t, &x, "second", ratchet.Options{}))
	changed := append([]byte{}, late...)
	changed[len(changed)-1] ^= 1
	var behind *ratchet.MessageError
	require.ErrorAs(t, refused(t, y, changed), &behind)
	require.Empty(t, behind.Official.Skipped)
	require.Equal(t, "late", decrypt(t, &y, late))
}

func TestNoSendingChain(t *testing.T) {
	t.Parallel()
	_, y := plainV3.pair(t, source(1))
	_, next, err := y.Encrypt(nil, length, ratchet.Options{})
	require.ErrorIs(t, err, ratchet.ErrNoSendingChain)
	require.Equal(t, y, next)
}

func TestCounterEnds(t *testing.T) {
	t.Parallel()
	x, y := plainV3.pair(t, source(1))
	decrypt(t, &y, encrypt(t, &x, "first", ratchet.Options{}))
	x.SendNumber, y.ReceiveNumber = math.MaxUint32-1, math.MaxUint32-1
	require.Equal(t, "last", decrypt(t, &y, encrypt(t, &x, "last", ratchet.Options{})))
	_, _, err := x.EncryptHeader(ratchet.Options{})
	require.ErrorIs(t, err, ratchet.ErrCounter)
	x.SendNumber = 5
	require.ErrorIs(t, refused(t, y, encrypt(t, &x, "early", ratchet.Options{})), ratchet.ErrEarlier)
}

func TestSupportedVersions(t *testing.T) {
	t.Parallel()
	x, _ := plainV2.pair(t, source(1))
	for _, v := range []uint16{1, 4} {
		_, _, err := x.EncryptHeader(ratchet.Options{Supported: v})
		require.ErrorIs(t, err, ratchet.ErrVersion)
	}
	encrypt(t, &x, "", ratchet.Options{Supported: 2})
	require.Equal(t, uint16(2), x.MaxVersion)
	encrypt(t, &x, "", ratchet.Options{Supported: 2, PQ: ratchet.PQOn})
	require.Equal(t, uint16(3), x.MaxVersion, "PQ announces its version")
	require.False(t, x.SupportKEM, "but is not supported at version 2")
}

// The wish to send without the KEM takes the ciphertext from the headers that
// follow in the chain: the first of it has to come before them.
func TestPQOffNeedsItsMessage(t *testing.T) {
	t.Parallel()
	x, y := pqAgreed.pair(t, source(1))
	off := encrypt(t, &x, "off", ratchet.Options{PQ: ratchet.PQOff})
	after := encrypt(t, &x, "after", ratchet.Options{})
	require.ErrorIs(t, refused(t, y, after), ratchet.ErrBody)
	require.Equal(t, "off", decrypt(t, &y, off))
	require.Equal(t, "after", decrypt(t, &y, after))
}

// Every reply that the table of the agent protocol allows happens.
func TestKEMTransitions(t *testing.T) {
	t.Parallel()
	seen := map[[2]string]bool{}
	const on, off, same = ratchet.PQOn, ratchet.PQOff, ratchet.PQUnchanged
	for _, o := range []setup{plainV3, pqAgreed, pqOffered, pqReplied} {
		for _, wishes := range [][]ratchet.PQEncryption{
			{same, same, same, same}, {on, on, on, on, on, on}, {on, on, on, off, on, on},
			{off, off, off, off}, {on, on, off, off, on}, {same, off, on, on, on, on, on},
		} {
			x, y := o.pair(t, source(1))
			for i, wish := range wishes {
				received := kemOf(x)
				decrypt(t, &y, encrypt(t, &x, "turn", ratchet.Options{PQ: wish}))
				reply := kemOf(y)
				cell := [2]string{received, reply}
				want, ok := table[cell]
				require.True(t, ok, "turn %d of %v: %v", i, wishes, cell)
				require.Equal(t, want, [2]bool{y.ReceiveKEM, y.SendKEM}, "turn %d of %v: %v", i, wishes, cell)
				seen[cell] = true
				x, y = y, x
			}
		}
	}
	require.Len(t, seen, len(table))
}

// A ciphertext for a key that was never sent is refused.
func TestCiphertextWithoutKey(t *testing.T) {
	t.Parallel()
	x, y := pqAgreed.pair(t, source(1))
	y.KEM = nil
	require.ErrorIs(t, refused(t, y, encrypt(t, &x, "", ratchet.Options{})), ratchet.ErrKEMState)
}

// A message whose ratchet key gives no secret is refused.
func TestLowOrderRatchetKey(t *testing.T) {
	t.Parallel()
	x, y := plainV3.pair(t, source(1))
	zero, err := keys.NewPublic(keys.X448, make([]byte, 56))
	require.NoError(t, err)
	header, err := ratchet.Header{MaxVersion: 3, DH: zero}.Encode(3)
	require.NoError(t, err)
	sealed, tag, err := ratchet.Seal(x.Send.HeaderKey, ratchet.IV{}, x.AssociatedData, header, ratchet.HeaderLength)
	require.NoError(t, err)
	message, err := ratchet.EncryptedMessage{Header: ratchet.EncryptedHeader{Version: 3, Tag: tag, Body: sealed}, Body: make([]byte, 50)}.Encode()
	require.NoError(t, err)
	require.ErrorIs(t, refused(t, y, message), keys.ErrLowOrder)
}

// A header that is authentic and no header is malformed.
func TestAuthenticGarbageHeader(t *testing.T) {
	t.Parallel()
	x, y := plainV3.pair(t, source(1))
	for _, header := range [][]byte{nil, []byte("no header"), make([]byte, 86)} {
		sealed, tag, err := ratchet.Seal(x.Send.HeaderKey, ratchet.IV{}, x.AssociatedData, header, ratchet.HeaderLength)
		require.NoError(t, err)
		message, err := ratchet.EncryptedMessage{Header: ratchet.EncryptedHeader{Version: 3, Tag: tag, Body: sealed}}.Encode()
		require.NoError(t, err)
		require.ErrorIs(t, refused(t, y, message), ratchet.ErrEncoding)
	}
}

// Nothing secret prints.
func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	x, y := pqAgreed.pair(t, source(1))
	decrypt(t, &y, encrypt(t, &x, "", ratchet.Options{}))
	private, err := ratchet.Propose(source(1), 3, true)
	require.NoError(t, err)
	body, _, err := y.EncryptHeader(ratchet.Options{})
	require.NoError(t, err)
	agreement, err := ratchet.X3DHSender(private, private.Public(3))
	require.NoError(t, err)
	secrets := [][]byte{y.RootKey[:], y.KEM.Self.Secret, y.KEM.Accepted.Shared[:], y.Send.ChainKey[:], private.KEM.Self.Secret, body.MessageKey.Key[:], agreement.RootKey[:], agreement.DH1}
	for _, v := range []any{x, &y, y.KEM, *y.KEM, y.KEM.Self, *y.KEM.Accepted, *y.Send, y.RootKey, y.KEM.Self.Secret, private, &private, body, agreement, &agreement} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
			text := fmt.Sprintf(verb, v)
			for _, secret := range secrets {
				require.NotContains(t, text, hex.EncodeToString(secret[:8]), "%T %s", v, verb)
				require.NotContains(t, text, string(bytes.Trim([]byte(fmt.Sprint(secret[:8])), "[]")), "%T %s", v, verb)
			}
		}
	}
}

package ratchet_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/wire"
)

// underHeader returns a message of the sending chain of a state whose decrypted header,
// padding included, is the given one. Its body is empty.
func underHeader(t *testing.T, s ratchet.State, padded []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(s.Send.HeaderKey[:])
	require.NoError(t, err)
	gcm, err := cipher.NewGCMWithNonceSize(block, len(ratchet.IV{}))
	require.NoError(t, err)
	sealed := gcm.Seal(nil, make([]byte, len(ratchet.IV{})), padded, s.AssociatedData)
	h := ratchet.EncryptedHeader{Version: s.Version, Body: sealed[:len(padded)]}
	copy(h.Tag[:], sealed[len(padded):])
	header, err := h.Encode()
	require.NoError(t, err)
	_, key, _ := ratchet.ChainKDF(s.Send.ChainKey)
	body := ratchet.BodyKey{Version: s.Version, MessageKey: key, AssociatedData: s.AssociatedData, Header: header}
	message, err := body.Encrypt(nil, length)
	require.NoError(t, err)
	return message
}

// headerWith encodes the fields of a header with any key and any KEM parameters.
func headerWith(t *testing.T, key keys.PublicKey, kem string) []byte {
	t.Helper()
	w := wire.NewWriter(nil)
	w.Uint16(3)
	w.Short(key.SPKI())
	w.String(kem)
	w.Uint32(0)
	w.Uint32(0)
	b, err := w.Bytes()
	require.NoError(t, err)
	return b
}

// An authentic header with a key or KEM parameters of another kind is refused.
func TestHeadersOfOtherKinds(t *testing.T) {
	t.Parallel()
	x, y := plainV3.pair(t, source(1))
	own := x.DHSelf.Public()
	key := "\x04\x86" + string(make([]byte, ratchet.KEMPublicKeySize))
	for name, c := range map[string]struct {
		header []byte
		want   error
	}{
		"X25519 key":                   {headerWith(t, someKey(t, keys.X25519), "0"), ratchet.ErrParameters},
		"Ed448 key":                    {headerWith(t, someKey(t, keys.Ed448), "0"), ratchet.ErrParameters},
		"KEM neither there nor absent": {headerWith(t, own, "2P"+key), wire.ErrBadMaybe},
		"KEM letter R":                 {headerWith(t, own, "1R"+key), ratchet.ErrKEMTag},
		"KEM letter p":                 {headerWith(t, own, "1p"+key), ratchet.ErrKEMTag},
		"no KEM letter":                {headerWith(t, own, "1"+key), ratchet.ErrKEMTag},
		"KEM key too short":            {headerWith(t, own, "1P\x04\x85"+key[3:]), ratchet.ErrParameters},
		"ciphertext empty":             {headerWith(t, own, "1A\x00\x00"+key), ratchet.ErrParameters},
	} {
		length := ratchet.HeaderLength
		if len(c.header) > length-2 {
			length = ratchet.PQHeaderLength
		}
		padded, err := wire.Pad(nil, c.header, length)
		require.NoError(t, err)
		err = refused(t, y, underHeader(t, x, padded))
		require.ErrorIs(t, err, ratchet.ErrEncoding, name)
		require.ErrorIs(t, err, c.want, name)
	}
	good, err := wire.Pad(nil, headerWith(t, own, "0"), ratchet.HeaderLength)
	require.NoError(t, err)
	require.Empty(t, decrypt(t, &y, underHeader(t, x, good)))
}

// The padding of a header may be of any bytes.
func TestPaddingOfHeadersIsNotRead(t *testing.T) {
	t.Parallel()
	for _, filler := range []byte{'#', 0, 0xff} {
		x, y := plainV3.pair(t, source(1))
		header, err := wire.Pad(nil, headerWith(t, x.DHSelf.Public(), "0"), ratchet.HeaderLength)
		require.NoError(t, err)
		end := len(bytes.TrimRight(header, "#"))
		copy(header[end:], bytes.Repeat([]byte{filler}, len(header)-end))
		require.Empty(t, decrypt(t, &y, underHeader(t, x, header)))
	}
}

// A message that was received does not come again, although keys of other messages of its
// chain are stored and its header opens with theirs.
// A later version may add fields to the header.
func TestFurtherFieldsOfHeadersAreIgnored(t *testing.T) {
	t.Parallel()
	for _, more := range []string{"", "0", "field"} {
		x, y := plainV3.pair(t, source(1))
		header, err := wire.Pad(nil, append(headerWith(t, x.DHSelf.Public(), "0"), more...), ratchet.HeaderLength)
		require.NoError(t, err)
		require.Empty(t, decrypt(t, &y, underHeader(t, x, header)), more)
	}
}

func TestStoredChainWithoutTheNumber(t *testing.T) {
	t.Parallel()
	x, y := plainV3.pair(t, source(1))
	drop(t, &x, 1)
	received := encrypt(t, &x, "second", ratchet.Options{})
	decrypt(t, &y, received)
	require.Len(t, y.Skipped, 1)
	require.ErrorIs(t, refused(t, y, received), ratchet.ErrDuplicate, "in the current chain")
	decrypt(t, &x, encrypt(t, &y, "reply", ratchet.Options{}))
	decrypt(t, &y, encrypt(t, &x, "next chain", ratchet.Options{}))
	require.Len(t, y.Skipped, 1)
	require.ErrorIs(t, refused(t, y, received), ratchet.ErrHeader, "in an older chain")
}

// Who has received nothing stores no keys of an older chain, whatever a header says of it.
func TestFirstMessageHasNoOlderChain(t *testing.T) {
	t.Parallel()
	x, y := plainV3.pair(t, source(1))
	for _, previous := range []uint32{1, ratchet.MaxSkip + 1, 1<<32 - 1} {
		sender, receiver := x, y
		sender.PreviousCount = previous
		require.Equal(t, "first", decrypt(t, &receiver, encrypt(t, &sender, "first", ratchet.Options{})))
		require.Empty(t, receiver.Skipped)
	}
}

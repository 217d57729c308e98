package transport

import (
	"bytes"
	"testing"

	"github.com/google/gofuzz"
	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/fill"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// addHellos gives the fuzzer items of a kind and the bytes of vector files.
func addHellos(f *testing.F, kind seed.Kind, files ...string) {
	f.Helper()
	for _, i := range seed.Spread(seed.Of(kind)) {
		f.Add(i.Data)
	}
	for _, b := range seed.Spread(seed.Hex(files...)) {
		f.Add(b)
	}
}

// FuzzDecodeServerHello: a hello is what it encodes to and what is ignored after it. A relay
// of before version 7 has no key.
func FuzzDecodeServerHello(f *testing.F) {
	addHellos(f, seed.ServerHello, "server_hello", "handshake")
	f.Fuzz(func(t *testing.T, content []byte) {
		var h ServerHello
		var ignored []byte
		var err error
		bound.Check(t, len(content), func() { h, ignored, err = ReadServerHello(content) })
		if err != nil {
			require.ErrorIs(t, err, ErrHandshakeParse)
			require.Zero(t, h)
			return
		}
		again, err := h.Encode()
		require.NoError(t, err)
		require.Equal(t, content, append(again, ignored...))
		require.Equal(t, h.Chain == nil, h.SignedKey == nil)
		require.False(t, h.SignedKey != nil && h.Versions.Max < smp.VersionAuthenticators)
	})
}

// FuzzDecodeClientHello: a hello is what it encodes to and what is ignored after it, and has
// nothing that its version lacks.
func FuzzDecodeClientHello(f *testing.F) {
	addHellos(f, seed.ClientHello, "client_hello", "service_hello", "handshake")
	f.Fuzz(func(t *testing.T, content []byte) {
		var h ClientHello
		var ignored []byte
		var err error
		bound.Check(t, len(content), func() { h, ignored, err = ReadClientHello(content) })
		if err != nil {
			require.ErrorIs(t, err, ErrHandshakeParse)
			require.Zero(t, h)
			return
		}
		again, err := h.Encode()
		require.NoError(t, err)
		require.Equal(t, content, append(again, ignored...))
		require.Equal(t, helloAt(h.Version, h), h)
	})
}

// helloAt is what a version has of a hello.
func helloAt(version uint16, h ClientHello) ClientHello {
	h.Version = version
	if version < smp.VersionAuthenticators {
		h.Key = keys.PublicKey{}
	}
	h.Proxy = h.Proxy && version >= smp.VersionProxyFlag
	if version < smp.VersionServices {
		h.Service = nil
	}
	return h
}

// FuzzHelloFields: hellos of any values come back with what their version has.
func FuzzHelloFields(f *testing.F) {
	own := fixedCredentials(f)
	signed, err := keys.SignKey(fixedKey(f, 1).Public(), own.Key)
	require.NoError(f, err)
	f.Add([]byte("seed"), uint8(6))
	f.Add([]byte("other seed, and a longer one than the one before"), uint8(20))
	f.Fuzz(func(t *testing.T, data []byte, version uint8) {
		filler := fill.Valid(data, smp.MaxVersion, func(s *ClientService, c fuzz.Continue) {
			*s = ClientService{Role: fill.Pick(c, RoleMessaging, RoleNotifier, RoleProxy), SignedKey: signed,
				Chain: fill.List(c, 1, 4, func(c fuzz.Continue) []byte { return fill.Pick(c, own.Chain...) })}
		}, func(h *ClientHello, c fuzz.Continue) {
			*h = ClientHello{KeyHash: fill.ID(c), Proxy: c.RandBool()}
			if c.RandBool() {
				h.Key = fill.DHKey(c)
			}
			if c.RandBool() {
				h.Service = new(ClientService)
				c.Fuzz(h.Service)
			}
		}, func(h *ServerHello, c fuzz.Continue) {
			*h = ServerHello{Versions: fill.Range(c), SessionID: fill.ID(c)}
			if c.RandBool() && h.Versions.Max >= smp.VersionAuthenticators {
				h.Chain, h.SignedKey = own.Chain, signed
			}
		})
		client, server := fill.Value[ClientHello](filler), fill.Value[ServerHello](filler)
		client.Version = uint16(version)
		content, err := client.Encode()
		require.NoError(t, err)
		got, ignored, err := ReadClientHello(append(content, "ignored"...))
		require.NoError(t, err)
		require.Equal(t, "ignored", string(ignored))
		require.Equal(t, helloAt(client.Version, client), got)

		content, err = server.Encode()
		require.NoError(t, err)
		decoded, err := DecodeServerHello(content)
		require.NoError(t, err)
		require.Equal(t, server, decoded)
	})
}

// FuzzDecodeServiceResponse: a response is what it encodes to and what is ignored after it.
func FuzzDecodeServiceResponse(f *testing.F) {
	addHellos(f, seed.ServiceResponse, "service_hello")
	for _, e := range wireErrors {
		f.Add([]byte("E" + e + " more"))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		var s ServiceResponse
		var ignored []byte
		var err error
		bound.Check(t, len(content), func() { s, ignored, err = ReadServiceResponse(content) })
		if err != nil {
			require.ErrorIs(t, err, ErrHandshakeParse)
			require.Zero(t, s)
			return
		}
		again, err := s.Encode()
		require.NoError(t, err)
		require.Equal(t, content, append(again, ignored...))
		require.True(t, s.Error == "" || s.Error.Known() && (len(ignored) == 0 || ignored[0] == ' '))
	})
}

// FuzzOpenBlock: a block has the one length, and opens to a content that fits. Without
// encryption it is what the padding says.
func FuzzOpenBlock(f *testing.F) {
	sealer, _, err := ServerBlocks(make([]byte, 32), []byte("session"))
	require.NoError(f, err)
	block, err := sealer.Seal(nil, []byte("content"))
	require.NoError(f, err)
	f.Add(block, true)
	f.Add(bytes.Repeat([]byte{0}, BlockSize), false)
	f.Add([]byte{}, false)
	for _, b := range seed.Spread(seed.Hex("blocks", "block_encryption")) {
		f.Add(b, false)
		f.Add(b, true)
	}
	f.Fuzz(func(t *testing.T, block []byte, encrypted bool) {
		var content []byte
		var err error
		bound.Check(t, len(block), func() {
			var opener BlockOpener
			if encrypted {
				_, opener, err = ClientBlocks(make([]byte, 32), []byte("session"))
				require.NoError(t, err)
			}
			content, err = opener.Open(block)
		})
		switch {
		case err == nil && encrypted:
			require.LessOrEqual(t, len(content), MaxEncryptedContent)
		case err == nil:
			want, err := wire.Unpad(block)
			require.NoError(t, err)
			require.Equal(t, string(want), string(content))
		case len(block) == BlockSize:
			require.ErrorIs(t, err, ErrLargeMessage)
		default:
			require.ErrorIs(t, err, ErrBlock)
		}
	})
}

// FuzzBlockSequence: of a row of encrypted blocks those that were changed on the way are
// refused and all others open to what was sealed: a bad block does not take the next with it.
func FuzzBlockSequence(f *testing.F) {
	f.Add([]byte{0, 5, 0, 0, 200, 1, 0x40, 0, 0, 0, 1, 255}, []byte("secret"))
	f.Fuzz(func(t *testing.T, program, secret []byte) {
		var key [32]byte
		copy(key[:], secret)
		sealer, _, err := ServerBlocks(key[:], secret)
		require.NoError(t, err)
		_, opener, err := ClientBlocks(key[:], secret)
		require.NoError(t, err)
		for n := 0; len(program) >= 4 && n < 16; program, n = program[4:], n+1 {
			content := bytes.Repeat([]byte{byte(n)}, int(program[0])<<8|int(program[1]))
			block, err := sealer.Seal(nil, content)
			if len(content) > MaxEncryptedContent {
				require.ErrorIs(t, err, ErrLargeMessage)
				continue
			}
			require.NoError(t, err)
			require.Len(t, block, BlockSize)
			block[int(program[2])*64+n] ^= program[3]
			got, err := opener.Open(block)
			if program[3] != 0 {
				require.ErrorIs(t, err, ErrLargeMessage)
				continue
			}
			require.NoError(t, err)
			require.Equal(t, string(content), string(got))
		}
	})
}

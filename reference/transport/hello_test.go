package transport

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

func TestErrorNames(t *testing.T) {
	t.Parallel()
	for _, e := range wireErrors {
		content, err := ServiceResponse{Error: e}.Encode()
		require.NoError(t, err)
		require.Equal(t, "E"+string(e), string(content))
		for _, after := range []string{"", " ", " and more"} {
			got, err := DecodeServiceResponse(append(bytes.Clone(content), after...))
			require.NoError(t, err)
			require.Equal(t, e, got.Error)
		}
		_, err = DecodeServiceResponse(append(content, 'X'))
		require.ErrorIs(t, err, ErrHandshakeParse)
	}
	for _, bad := range []string{"", "E", "EFOO", "EHANDSHAKE", "EHANDSHAKE FOO", "Eblock", "R", "R\x05abcd", "X\x00"} {
		_, err := DecodeServiceResponse([]byte(bad))
		require.ErrorIs(t, err, ErrHandshakeParse, "%q", bad)
	}
	got, err := DecodeServiceResponse([]byte("R\x02idmore"))
	require.NoError(t, err)
	require.Equal(t, "id", string(got.ServiceID))
}

func TestIgnoredBytesAreTold(t *testing.T) {
	t.Parallel()
	signed, err := keys.SignKey(newKey(t, keys.X25519).Public(), relay().Key)
	require.NoError(t, err)
	server, err := ServerHello{Versions: wire.Versions(6, 20), SessionID: []byte("id"), Chain: relay().Chain, SignedKey: signed}.Encode()
	require.NoError(t, err)
	_, ignored, err := ReadServerHello(append(bytes.Clone(server), "more"...))
	require.NoError(t, err)
	require.Equal(t, "more", string(ignored))
	hello, ignored, err := ReadServerHello(server[:len(server)-1])
	require.NoError(t, err)
	require.Nil(t, hello.SignedKey)
	require.Equal(t, server[7:len(server)-1], ignored, "without a key all after the session identifier is ignored")

	client, err := ClientHello{Version: 20, Key: newKey(t, keys.X25519).Public()}.Encode()
	require.NoError(t, err)
	_, ignored, err = ReadClientHello(append(client, "more"...))
	require.NoError(t, err)
	require.Equal(t, "more", string(ignored))

	for content, want := range map[string]string{"R\x02idmore": "more", "EBLOCK more": " more", "EHANDSHAKE PARSE  x": "  x", "EVERSION": ""} {
		_, ignored, err := ReadServiceResponse([]byte(content))
		require.NoError(t, err, content)
		require.Equal(t, want, string(ignored), content)
	}
}

func TestHellosThatDoNotFit(t *testing.T) {
	t.Parallel()
	long := make([]byte, 256)
	_, err := ServerHello{SessionID: long}.Encode()
	require.ErrorIs(t, err, wire.ErrTooLong)
	_, err = ClientHello{KeyHash: long}.Encode()
	require.ErrorIs(t, err, wire.ErrTooLong)
	_, err = ServiceResponse{ServiceID: long}.Encode()
	require.ErrorIs(t, err, wire.ErrTooLong)
	_, err = ServerHello{Versions: wire.Versions(6, 7), Chain: make([][]byte, 256), SignedKey: []byte{1}}.Encode()
	require.ErrorIs(t, err, wire.ErrTooLong)
}

func TestClientHelloFieldsByVersion(t *testing.T) {
	t.Parallel()
	signed, err := keys.SignKey(service().Key.Public(), service().Key)
	require.NoError(t, err)
	full := ClientHello{
		KeyHash: keyHash(relay()),
		Key:     newKey(t, keys.X25519).Public(),
		Proxy:   true,
		Service: &ClientService{Role: RoleMessaging, Chain: service().Chain, SignedKey: signed},
	}
	for v := smp.MinVersion; v <= smp.MaxVersion; v++ {
		full.Version = v
		content, err := full.Encode()
		require.NoError(t, err)
		got, err := DecodeClientHello(append(content, "ignored"...))
		require.NoError(t, err)
		require.Equal(t, full.KeyHash, got.KeyHash)
		require.Equal(t, v >= 7, !got.Key.IsZero(), "version %d", v)
		require.Equal(t, v >= 14, got.Proxy, "version %d", v)
		require.Equal(t, v >= 16, got.Service != nil, "version %d", v)
		if v >= 16 {
			require.Equal(t, full, got)
		}
	}
}

func TestServiceInHelloHasToBeWellFormed(t *testing.T) {
	t.Parallel()
	signed, err := keys.SignKey(service().Key.Public(), service().Key)
	require.NoError(t, err)
	for name, s := range map[string]ClientService{
		"role":         {Role: 'X', Chain: service().Chain, SignedKey: signed},
		"no chain":     {Role: RoleProxy, SignedKey: signed},
		"certificate":  {Role: RoleProxy, Chain: [][]byte{{1, 2, 3}}, SignedKey: signed},
		"signed key":   {Role: RoleProxy, Chain: service().Chain, SignedKey: []byte{0x30, 0}},
		"empty signed": {Role: RoleProxy, Chain: service().Chain},
	} {
		content, err := ClientHello{Version: 18, Service: &s}.Encode()
		require.NoError(t, err)
		_, err = DecodeClientHello(content)
		require.ErrorIs(t, err, ErrHandshakeParse, name)
	}
}

package tlsprobe

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/cryptobyte"
)

// sentHello gives the bytes that a configuration puts on the wire, and its
// extensions.
func sentHello(t testing.TB, cfg Config) ([]byte, []Extension) {
	t.Helper()
	nc := cannedConn{bytes.NewReader(nil), new(bytes.Buffer)}
	cfg.Rand = zeros{}
	_, err := Client(t.Context(), nc, &cfg)
	require.ErrorIs(t, err, ErrClosed)
	s := cryptobyte.String(nc.sent.Bytes()[headerLen:])
	var session, ids, compression, block cryptobyte.String
	require.True(t, s.Skip(messageHeaderLen+2+32) && s.ReadUint8LengthPrefixed(&session) && s.ReadUint16LengthPrefixed(&ids) &&
		s.ReadUint8LengthPrefixed(&compression))
	if s.Empty() {
		return nc.sent.Bytes(), nil
	}
	require.True(t, s.ReadUint16LengthPrefixed(&block) && s.Empty())
	var extensions []Extension
	for !block.Empty() {
		var ext Extension
		require.True(t, block.ReadUint16((*uint16)(&ext.Type)) && block.ReadUint16LengthPrefixed((*cryptobyte.String)(&ext.Data)))
		extensions = append(extensions, ext)
	}
	return nc.sent.Bytes(), extensions
}

func types(extensions []Extension) []ExtensionType {
	var list []ExtensionType
	for _, ext := range extensions {
		list = append(list, ext.Type)
	}
	return list
}

// The ClientHello holds what the configuration says, and nothing more.
func TestClientHello(t *testing.T) {
	t.Parallel()
	const unknown ExtensionType = 0x1234
	for name, test := range map[string]struct {
		cfg  Config
		want []ExtensionType
	}{
		"default": {Config{}, []ExtensionType{ExtSupportedGroups, ExtSignatureAlgorithms, ExtSupportedVersions, ExtKeyShare}},
		"all": {Config{ServerName: "a", ALPN: []string{"smp/1"}, PSKModes: true}, []ExtensionType{ExtServerName, ExtSupportedGroups,
			ExtALPN, ExtSignatureAlgorithms, ExtSupportedVersions, ExtPSKModes, ExtKeyShare}},
		"old": {Config{SupportedVersions: []Version{}, LegacyVersion: TLS11}, []ExtensionType{ExtECPointFormats,
			ExtSupportedGroups, ExtExtendedMasterSecret, ExtSignatureAlgorithms, ExtRenegotiationInfo}},
		"both": {Config{SupportedVersions: []Version{TLS13, TLS12}}, []ExtensionType{ExtECPointFormats, ExtSupportedGroups,
			ExtExtendedMasterSecret, ExtSignatureAlgorithms, ExtSupportedVersions, ExtKeyShare, ExtRenegotiationInfo}},
		"empty lists": {Config{Groups: []Group{}, SignatureSchemes: []SignatureScheme{}}, []ExtensionType{ExtSupportedVersions, ExtKeyShare}},
		"extra": {Config{ExtraExtensions: []Extension{{unknown, nil}, {ExtKeyShare, []byte("x")}, {unknown, nil}}},
			[]ExtensionType{ExtSupportedGroups, ExtSignatureAlgorithms, ExtSupportedVersions, ExtKeyShare, unknown, unknown}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, extensions := sentHello(t, test.cfg)
			require.Equal(t, test.want, types(extensions))
			again, _ := sentHello(t, test.cfg)
			require.Equal(t, first, again, "the same random bytes make the same hello")
		})
	}
	_, extensions := sentHello(t, Config{KeyShares: []Group{}, ExtraExtensions: []Extension{{ExtALPN, []byte("raw")}}})
	require.Equal(t, []byte{0, 0}, extensions[len(extensions)-1].Data)
	require.Equal(t, Extension{ExtALPN, []byte("raw")}, extensions[1])
}

func TestUnusableConfig(t *testing.T) {
	t.Parallel()
	foreign, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	for name, cfg := range map[string]Config{
		"record size":     {RecordSize: MaxPlaintext + 1},
		"negative size":   {RecordSize: -1},
		"negative limit":  {MaxHandshakeBytes: -1},
		"unknown share":   {KeyShares: []Group{0x11ec}},
		"long protocol":   {ALPN: []string{strings.Repeat("x", 256)}},
		"long extension":  {ExtraExtensions: []Extension{{1, make([]byte, 1<<16)}}},
		"foreign key":     {Certificate: &Certificate{Chain: [][]byte{{1}}, Key: foreign}},
		"key of no kind":  {Certificate: &Certificate{Chain: [][]byte{{1}}}},
		"foreign ticket":  {Ticket: &Ticket{Identity: []byte{1}}},
		"too many suites": {CipherSuites: make([]CipherSuite, 1<<15)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Client(t.Context(), cannedConn{bytes.NewReader(nil), new(bytes.Buffer)}, &cfg)
			require.ErrorIs(t, err, ErrConfig)
		})
	}
}

// Identifiers print as their names, and unknown ones as numbers.
func TestNames(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]fmt.Stringer{
		"TLS 1.3": TLS13, "0x0305": Version(0x305), "X448": X448, "0x11ec": Group(0x11ec), "ed448": Ed448,
		"TLS_CHACHA20_POLY1305_SHA256": ChaCha20Poly1305SHA256, "handshake_failure": AlertHandshakeFailure,
		"0x00c8": Alert(200), "fatal": LevelFatal, "handshake": ContentHandshake, "key_share": ExtKeyShare,
	} {
		require.Equal(t, want, got.String())
	}
	require.Equal(t, "the peer sent alert protocol_version (70), level fatal", (&AlertError{LevelFatal, AlertProtocolVersion}).Error())
}

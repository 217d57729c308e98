package tlsprobe

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// A rogue that behaves is accepted, however its bytes are cut.
func TestRogueBehaves(t *testing.T) {
	t.Parallel()
	askX25519 := func(h *rogueHello) { h.set(ExtKeyShare, 0, byte(X25519)) }
	sendCookie := func(h *rogueHello) { h.set(ExtCookie, 0, 3, 'o', 'a', 't') }
	for name, test := range map[string]struct {
		behaviour
		Config
	}{
		"records for each message": {},
		"one record":               {behaviour: behaviour{coalesce: true}},
		"single bytes":             {behaviour: behaviour{chunk: 1}},
		"retry with a group":       {behaviour{retries: []func(*rogueHello){askX25519}}, Config{KeyShares: []Group{}}},
		"retry with a cookie":      {behaviour: behaviour{retries: []func(*rogueHello){sendCookie}}},
		"no compatibility":         {Config: Config{NoCompatMode: true}},
		"change_cipher_spec":       {behaviour: behaviour{instead: (*rogue).serveWithCompat}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := probeRogue(t, test.behaviour, &test.Config)
			require.NoError(t, err)
			requireRead(t, c, "hello")
			require.Equal(t, len(test.retries) > 0, c.State().HelloRetryRequest)
			_, err = c.Read(make([]byte, 1))
			require.ErrorIs(t, err, ErrClosed)
		})
	}
}

// serveWithCompat sends change_cipher_spec records around the ServerHello.
func (r *rogue) serveWithCompat() error {
	r.instead = nil
	compat := append(appendHeader(nil, ContentChangeCipherSpec, TLS12, 1), 1)
	if err := r.write(compat); err != nil {
		return err
	}
	r.hello = func(*rogueHello) { _ = r.write(compat) }
	return r.serve()
}

// Each violation of the handshake ends it with an error of its class.
func TestHandshakeViolations(t *testing.T) {
	t.Parallel()
	hello := func(change func(*rogueHello)) behaviour { return behaviour{hello: change} }
	retry := func(changes ...func(*rogueHello)) behaviour { return behaviour{retries: changes} }
	message := func(typ messageType, change func([]byte) []byte) behaviour {
		return behaviour{message: map[messageType]func([]byte) []byte{typ: change}}
	}
	mangle := func(typ messageType, change func([]byte) []byte) behaviour {
		return behaviour{mangle: map[messageType]func([]byte) []byte{typ: change}}
	}
	replace := func(b ...byte) func([]byte) []byte { return func([]byte) []byte { return b } }
	flipAt := func(fromEnd int) func([]byte) []byte {
		return func(msg []byte) []byte {
			msg = bytes.Clone(msg)
			msg[len(msg)-fromEnd] ^= 1
			return msg
		}
	}
	flip := flipAt(1)
	add := func(b ...byte) func([]byte) []byte { return func(msg []byte) []byte { return append(msg, b...) } }
	broad := Config{
		SupportedVersions: []Version{TLS13, TLS12}, CipherSuites: []CipherSuite{ChaCha20Poly1305SHA256, 0x1304},
		Groups: []Group{X25519, 0x11ec}, SignatureSchemes: []SignatureScheme{Ed25519, 0x0905, ECDSAP256SHA256},
		ALPN: []string{"smp/1"},
	}
	for name, test := range map[string]struct {
		behaviour
		cfg  Config
		want expectation
	}{
		"version 1.2 not offered": {hello(func(h *rogueHello) { h.drop(ExtSupportedVersions) }), Config{}, violates(AlertProtocolVersion)},
		"version 1.2 offered": {hello(func(h *rogueHello) { h.drop(ExtSupportedVersions) }), broad, func(err error) bool {
			var version *VersionError
			return errors.As(err, &version) && version.Version == TLS12
		}},
		"version 1.2 by extension": {hello(func(h *rogueHello) { h.set(ExtSupportedVersions, 3, 3) }), broad, violates(AlertIllegalParameter)},
		"version 1.4":              {hello(func(h *rogueHello) { h.set(ExtSupportedVersions, 3, 5) }), Config{}, violates(AlertProtocolVersion)},
		"legacy version 1.3":       {hello(func(h *rogueHello) { h.legacy = TLS13 }), Config{}, violates(AlertIllegalParameter)},
		"1.3 by legacy version":    {hello(func(h *rogueHello) { h.legacy = TLS13; h.drop(ExtSupportedVersions) }), Config{}, violates(AlertProtocolVersion)},
		"suite not offered":        {hello(func(h *rogueHello) { h.suite = AES128GCMSHA256 }), Config{}, violates(AlertIllegalParameter)},
		"suite unknown to us":      {hello(func(h *rogueHello) { h.suite = 0x1304 }), broad, unsupported("cipher suite")},
		"session id":               {hello(func(h *rogueHello) { h.session = []byte{1} }), Config{}, violates(AlertIllegalParameter)},
		"compression":              {hello(func(h *rogueHello) { h.compression = 1 }), Config{}, violates(AlertIllegalParameter)},
		"no key share":             {hello(func(h *rogueHello) { h.drop(ExtKeyShare) }), Config{}, violates(AlertMissingExtension)},
		"key share of other group": {hello(func(h *rogueHello) { h.set(ExtKeyShare, 0, byte(X448), 0, 1, 1) }), Config{}, violates(AlertIllegalParameter)},
		"key share too short":      {hello(func(h *rogueHello) { h.set(ExtKeyShare, 0, byte(X25519), 0, 1, 1) }), Config{}, violates(AlertIllegalParameter)},
		"key share of low order": {hello(func(h *rogueHello) {
			h.set(ExtKeyShare, append([]byte{0, byte(X25519), 0, 32}, make([]byte, 32)...)...)
		}), Config{}, violates(AlertIllegalParameter)},
		"extension twice":     {hello(func(h *rogueHello) { h.extensions = append(h.extensions, h.extensions[0]) }), Config{}, violates(AlertIllegalParameter)},
		"alpn in clear":       {hello(func(h *rogueHello) { h.set(ExtALPN, 0, 2, 1, 'x') }), broad, violates(AlertUnsupportedExtension)},
		"psk not offered":     {hello(func(h *rogueHello) { h.set(ExtPreSharedKey, 0, 0) }), Config{}, violates(AlertUnsupportedExtension)},
		"malformed key share": {hello(func(h *rogueHello) { h.set(ExtKeyShare, 0) }), Config{}, violates(AlertDecodeError)},
		"retry for nothing":   {retry(func(*rogueHello) {}), Config{}, violates(AlertIllegalParameter)},
		"retry for a group that was sent": {
			retry(func(h *rogueHello) { h.set(ExtKeyShare, 0, byte(X25519)) }), Config{}, violates(AlertIllegalParameter)},
		"retry for a group not offered": {
			retry(func(h *rogueHello) { h.set(ExtKeyShare, 0, byte(P256)) }), Config{}, violates(AlertIllegalParameter)},
		"retry for a group unknown to us": {
			retry(func(h *rogueHello) { h.set(ExtKeyShare, 0x11, 0xec) }), broad, unsupported("group")},
		"second retry": {retry(
			func(h *rogueHello) { h.set(ExtKeyShare, 0, byte(X448)) },
			func(h *rogueHello) { h.set(ExtCookie, 0, 1, 1) }), Config{}, violates(AlertUnexpectedMessage)},
		"other suite after retry": {behaviour{
			retries: []func(*rogueHello){func(h *rogueHello) { h.set(ExtCookie, 0, 1, 1) }},
			hello:   func(h *rogueHello) { h.suite = AES128GCMSHA256 },
		}, Config{CipherSuites: []CipherSuite{AES128GCMSHA256, ChaCha20Poly1305SHA256}}, violates(AlertIllegalParameter)},
		"message before the hello":  {behaviour{before: []byte{byte(msgFinished), 0, 0, 0}}, Config{}, violates(AlertUnexpectedMessage)},
		"alpn not offered":          {message(msgEncryptedExtensions, replace(8, 0, 0, 10, 0, 8, 0, 16, 0, 4, 0, 2, 1, 'x')), Config{}, violates(AlertUnsupportedExtension)},
		"other alpn":                {message(msgEncryptedExtensions, replace(8, 0, 0, 10, 0, 8, 0, 16, 0, 4, 0, 2, 1, 'x')), broad, violates(AlertIllegalParameter)},
		"two protocols":             {message(msgEncryptedExtensions, replace(8, 0, 0, 12, 0, 10, 0, 16, 0, 6, 0, 4, 1, 'x', 1, 'y')), broad, violates(AlertDecodeError)},
		"key share encrypted":       {message(msgEncryptedExtensions, replace(8, 0, 0, 6, 0, 4, 0, 51, 0, 0)), Config{}, violates(AlertIllegalParameter)},
		"extensions cut short":      {message(msgEncryptedExtensions, replace(8, 0, 0, 2, 0, 4)), Config{}, violates(AlertDecodeError)},
		"finished for extensions":   {message(msgEncryptedExtensions, replace(20, 0, 0, 0)), Config{}, violates(AlertUnexpectedMessage)},
		"no certificate":            {message(msgCertificate, replace(11, 0, 0, 4, 0, 0, 0, 0)), Config{}, violates(AlertDecodeError)},
		"certificate context":       {message(msgCertificate, replace(11, 0, 0, 11, 1, 9, 0, 0, 6, 0, 0, 1, 1, 0, 0)), Config{}, violates(AlertIllegalParameter)},
		"request without schemes":   {message(msgCertificate, replace(13, 0, 0, 3, 0, 0, 0)), Config{}, violates(AlertMissingExtension)},
		"request with context":      {message(msgCertificate, replace(13, 0, 0, 12, 1, 9, 0, 8, 0, 13, 0, 4, 0, 2, 8, 7)), Config{}, violates(AlertIllegalParameter)},
		"unreadable certificate":    {message(msgCertificate, replace(11, 0, 0, 10, 0, 0, 0, 6, 0, 0, 1, 1, 0, 0)), Config{}, as[*CertificateError]()},
		"scheme not offered":        {message(msgCertificateVerify, replace(15, 0, 0, 5, 8, 9, 0, 1, 1)), Config{}, violates(AlertIllegalParameter)},
		"scheme unknown to us":      {message(msgCertificateVerify, replace(15, 0, 0, 5, 9, 5, 0, 1, 1)), broad, unsupported("signature scheme")},
		"scheme for another key":    {message(msgCertificateVerify, replace(15, 0, 0, 5, 4, 3, 0, 1, 1)), broad, violates(AlertIllegalParameter)},
		"bad signature":             {message(msgCertificateVerify, flip), Config{}, is(ErrBadSignature)},
		"bad finished":              {mangle(msgFinished, flip), Config{}, is(ErrBadFinished)},
		"empty finished":            {mangle(msgFinished, replace(20, 0, 0, 0)), Config{}, is(ErrBadFinished)},
		"bytes after finished":      {mangle(msgFinished, add(4, 0)), Config{}, violates(AlertUnexpectedMessage)},
		"changed certificate":       {mangle(msgCertificate, flipAt(3)), Config{}, is(ErrBadSignature)},
		"transcript of extensions":  {mangle(msgEncryptedExtensions, replace(8, 0, 0, 6, 0, 4, 0, 10, 0, 0)), Config{}, is(ErrBadSignature)},
		"message longer than limit": {message(msgEncryptedExtensions, replace(8, 255, 255, 255)), Config{}, is(ErrLimit)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := probeRogue(t, test.behaviour, &test.cfg)
			require.True(t, test.want(err), "%v", err)
			var failed *HandshakeError
			require.ErrorAs(t, err, &failed)
			require.Contains(t, err.Error(), "tls handshake, ")
			require.NotNil(t, failed.State.AlertSent)
			require.False(t, failed.State.Complete)
		})
	}
}

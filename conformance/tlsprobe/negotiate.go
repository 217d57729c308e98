package tlsprobe

import (
	"slices"
)

// checkHello checks what holds for ServerHello and HelloRetryRequest alike, and
// keeps what the server chose, be it right or wrong ("Server Hello").
func (hs *handshake) checkHello(msg []byte) (*serverHello, error) {
	h, err := parseServerHello(msg[messageHeaderLen:])
	if err != nil {
		return nil, err
	}
	version := h.version
	if version == 0 {
		version = h.legacyVersion
	}
	hs.note(func(s *State) {
		s.Version, s.CipherSuite, s.ALPN = version, h.suite, h.alpn
		s.HelloRetryRequest = s.HelloRetryRequest || h.retry
	})
	switch {
	case !hs.cfg.offersVersion(version):
		return nil, violation(AlertProtocolVersion, "the server chose %s, which was not offered", version)
	case !slices.Contains(hs.cfg.CipherSuites, h.suite):
		return nil, violation(AlertIllegalParameter, "the server chose suite %s, which was not offered", h.suite)
	case version < TLS13 && h.version != 0:
		return nil, violation(AlertIllegalParameter, "the server chose %s by supported_versions, which is for TLS 1.3", version)
	case version < TLS13:
		return nil, &VersionError{Version: version, CipherSuite: h.suite}
	case h.version == 0:
		return nil, violation(AlertProtocolVersion, "the server chose TLS 1.3 without supported_versions")
	case h.legacyVersion != TLS12:
		return nil, violation(AlertIllegalParameter, "the ServerHello has legacy version %s, expected %s", h.legacyVersion, TLS12)
	case !slices.Equal(h.sessionID, hs.hello.sessionID):
		return nil, violation(AlertIllegalParameter, "the ServerHello echoes a session id of %d bytes that is not the one sent", len(h.sessionID))
	case h.compression != 0:
		return nil, violation(AlertIllegalParameter, "the server chose compression %d, expected 0", h.compression)
	case suites[h.suite] == nil:
		return nil, &UnsupportedError{What: "cipher suite", ID: uint16(h.suite)}
	}
	allowed := []ExtensionType{ExtSupportedVersions, ExtKeyShare, ExtPreSharedKey}
	if h.retry {
		allowed[2] = ExtCookie
	}
	for _, ext := range h.extensions {
		if !slices.Contains(allowed, ext.Type) || ext.Type == ExtPreSharedKey && hs.hello.ticket == nil {
			return nil, violation(AlertUnsupportedExtension, "the ServerHello holds extension %s, which does not belong there", ext.Type)
		}
	}
	return h, nil
}

// prepareRetry changes the hello as a HelloRetryRequest asks ("Hello Retry Request").
func (hs *handshake) prepareRetry(retry *serverHello) error {
	if err := hs.endOfFlight(msgServerHello); err != nil {
		return err
	}
	hs.hello.cookie = retry.cookie
	if t := hs.hello.ticket; t != nil && t.suite.hashLen() != suites[retry.suite].hashLen() {
		hs.hello.ticket = nil
	}
	if retry.group == 0 {
		if retry.cookie == nil {
			return violation(AlertIllegalParameter, "the HelloRetryRequest asks for no change")
		}
		return nil
	}
	if !slices.Contains(hs.cfg.Groups, retry.group) {
		return violation(AlertIllegalParameter, "the HelloRetryRequest asks for group %s, which was not offered", retry.group)
	}
	if slices.ContainsFunc(hs.hello.shares, func(s *share) bool { return s.group == retry.group }) {
		return violation(AlertIllegalParameter, "the HelloRetryRequest asks for group %s, whose share was sent", retry.group)
	}
	exchange, ok := exchanges[retry.group]
	if !ok {
		return &UnsupportedError{What: "group", ID: uint16(retry.group)}
	}
	s, err := exchange(hs.cfg.Rand)
	if err != nil {
		return err
	}
	hs.hello.shares = []*share{s}
	return nil
}

// checkAnswer checks what only a ServerHello holds; retry is the HelloRetryRequest
// before it, or nil.
func (hs *handshake) checkAnswer(h, retry *serverHello) error {
	if h.retry {
		return violation(AlertUnexpectedMessage, "the server sent a second HelloRetryRequest")
	}
	if retry != nil && h.suite != retry.suite {
		return violation(AlertIllegalParameter, "the server chose suite %s after a HelloRetryRequest with %s", h.suite, retry.suite)
	}
	if h.share == nil {
		return violation(AlertMissingExtension, "the ServerHello holds no key_share")
	}
	if !slices.ContainsFunc(hs.hello.shares, func(s *share) bool { return s.group == h.group }) {
		return violation(AlertIllegalParameter, "the server chose group %s, for which no share was sent", h.group)
	}
	if h.psk > 0 {
		return violation(AlertIllegalParameter, "the server chose PSK %d of 1", h.psk)
	}
	if h.psk == 0 && hs.hello.ticket.suite.hashLen() != suites[h.suite].hashLen() {
		return violation(AlertIllegalParameter, "the server resumed with suite %s, whose hash is not that of the ticket", h.suite)
	}
	return nil
}

// notInEncrypted are extensions that belong into other messages ("Extensions").
var notInEncrypted = []ExtensionType{
	ExtSignatureAlgorithms, ExtPadding, ExtPreSharedKey, ExtSupportedVersions, ExtCookie, ExtPSKModes,
	ExtCertAuthorities, ExtOIDFilters, ExtPostHandshakeAuth, ExtSignatureAlgsCert, ExtKeyShare,
	ExtECPointFormats, ExtExtendedMasterSecret, ExtRenegotiationInfo,
}

func (hs *handshake) readEncryptedExtensions() error {
	msg, _, err := hs.next(msgEncryptedExtensions)
	if err != nil {
		return err
	}
	ee, err := parseEncryptedExtensions(msg[messageHeaderLen:])
	if err != nil {
		return err
	}
	hs.note(func(s *State) { s.ALPN = ee.alpn })
	for _, ext := range ee.extensions {
		switch {
		case slices.Contains(notInEncrypted, ext.Type):
			return violation(AlertIllegalParameter, "EncryptedExtensions holds %s, which does not belong there", ext.Type)
		case !hs.hello.offers(ext.Type):
			return violation(AlertUnsupportedExtension, "EncryptedExtensions holds %s, which was not offered", ext.Type)
		}
	}
	if ee.alpn != "" && !slices.Contains(hs.cfg.ALPN, ee.alpn) {
		return violation(AlertIllegalParameter, "the server chose protocol %q, which was not offered", ee.alpn)
	}
	return nil
}

package tlsprobe

import (
	"fmt"

	"golang.org/x/crypto/cryptobyte"
)

// messageType is the type of a handshake message (RFC 8446, "Handshake Protocol").
type messageType uint8

const (
	msgClientHello         messageType = 1
	msgServerHello         messageType = 2
	msgNewSessionTicket    messageType = 4
	msgEncryptedExtensions messageType = 8
	msgCertificate         messageType = 11
	msgCertificateRequest  messageType = 13
	msgCertificateVerify   messageType = 15
	msgFinished            messageType = 20
	msgKeyUpdate           messageType = 24
	msgMessageHash         messageType = 254
)

var messageNames = map[messageType]string{
	0: "HelloRequest", msgClientHello: "ClientHello", msgServerHello: "ServerHello",
	msgNewSessionTicket: "NewSessionTicket", 5: "EndOfEarlyData",
	msgEncryptedExtensions: "EncryptedExtensions", msgCertificate: "Certificate",
	12: "ServerKeyExchange", msgCertificateRequest: "CertificateRequest", 14: "ServerHelloDone",
	msgCertificateVerify: "CertificateVerify", 16: "ClientKeyExchange", msgFinished: "Finished",
	22: "CertificateStatus", msgKeyUpdate: "KeyUpdate", 25: "CompressedCertificate",
	msgMessageHash: "message_hash",
}

// String gives the registered name, or the number in hexadecimal.
func (t messageType) String() string { return name(messageNames, t) }

// messageHeaderLen is the length of type and length before a message body.
const messageHeaderLen = 4

// message puts type and length before what fill writes.
func message(typ messageType, fill func(*cryptobyte.Builder)) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddUint8(uint8(typ))
	b.AddUint24LengthPrefixed(fill)
	out, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrConfig, typ, err)
	}
	return out, nil
}

func malformed(typ messageType, part string) error {
	return violation(AlertDecodeError, "%s is malformed at its %s", typ, part)
}

// parseExtensions splits an extension block, refusing types that occur twice.
func parseExtensions(typ messageType, block cryptobyte.String) ([]Extension, error) {
	var list []Extension
	seen := map[ExtensionType]bool{}
	for !block.Empty() {
		var id uint16
		var data cryptobyte.String
		if !block.ReadUint16(&id) || !block.ReadUint16LengthPrefixed(&data) {
			return nil, malformed(typ, "extensions")
		}
		ext := Extension{ExtensionType(id), data}
		if seen[ext.Type] {
			return nil, violation(AlertIllegalParameter, "%s holds extension %s twice", typ, ext.Type)
		}
		seen[ext.Type] = true
		list = append(list, ext)
	}
	return list, nil
}

// serverHello is a ServerHello or a HelloRetryRequest, which share their form.
type serverHello struct {
	legacyVersion Version
	random        []byte
	sessionID     []byte
	suite         CipherSuite
	compression   uint8
	retry         bool
	extensions    []Extension

	// version is that of supported_versions, 0 without it.
	version Version
	// group is that of key_share, 0 without it; share is nil in a retry.
	group  Group
	share  []byte
	cookie []byte
	// psk is the chosen identity of pre_shared_key, -1 without it.
	psk int
	// alpn can occur in a ServerHello of TLS 1.2 and lower only.
	alpn string
}

// retryRandom marks a HelloRetryRequest ("Server Hello").
const retryRandom = "\xCF\x21\xAD\x74\xE5\x9A\x61\x11\xBE\x1D\x8C\x02\x1E\x65\xB8\x91" +
	"\xC2\xA2\x11\x16\x7A\xBB\x8C\x5E\x07\x9E\x09\xE2\xC8\xA8\x33\x9C"

func parseServerHello(body []byte) (*serverHello, error) {
	s := cryptobyte.String(body)
	h := &serverHello{psk: -1}
	var version, suite uint16
	if !s.ReadUint16(&version) || !s.ReadBytes(&h.random, 32) ||
		!s.ReadUint8LengthPrefixed((*cryptobyte.String)(&h.sessionID)) || len(h.sessionID) > 32 ||
		!s.ReadUint16(&suite) || !s.ReadUint8(&h.compression) {
		return nil, malformed(msgServerHello, "fixed part")
	}
	h.legacyVersion, h.suite = Version(version), CipherSuite(suite)
	h.retry = string(h.random) == retryRandom
	var block cryptobyte.String
	if !s.Empty() && (!s.ReadUint16LengthPrefixed(&block) || !s.Empty()) {
		return nil, malformed(msgServerHello, "extensions")
	}
	var err error
	if h.extensions, err = parseExtensions(msgServerHello, block); err != nil {
		return nil, err
	}
	for _, ext := range h.extensions {
		if read, ok := serverHelloExtensions[ext.Type]; ok {
			if d := cryptobyte.String(ext.Data); !read(h, &d) || !d.Empty() {
				return nil, malformed(msgServerHello, ext.Type.String())
			}
		}
	}
	return h, nil
}

var serverHelloExtensions = map[ExtensionType]func(*serverHello, *cryptobyte.String) bool{
	ExtSupportedVersions: func(h *serverHello, d *cryptobyte.String) bool {
		return d.ReadUint16((*uint16)(&h.version))
	},
	ExtKeyShare: func(h *serverHello, d *cryptobyte.String) bool {
		if !d.ReadUint16((*uint16)(&h.group)) {
			return false
		}
		return h.retry || d.ReadUint16LengthPrefixed((*cryptobyte.String)(&h.share)) && len(h.share) > 0
	},
	ExtCookie: func(h *serverHello, d *cryptobyte.String) bool {
		return d.ReadUint16LengthPrefixed((*cryptobyte.String)(&h.cookie)) && len(h.cookie) > 0
	},
	ExtPreSharedKey: func(h *serverHello, d *cryptobyte.String) bool {
		var identity uint16
		ok := d.ReadUint16(&identity)
		h.psk = int(identity)
		return ok
	},
	ExtALPN: func(h *serverHello, d *cryptobyte.String) bool {
		var ok bool
		h.alpn, ok = readALPN(d)
		return ok
	},
}

// readALPN reads the answer of a server: a list of exactly one name.
func readALPN(d *cryptobyte.String) (string, bool) {
	var list, proto cryptobyte.String
	ok := d.ReadUint16LengthPrefixed(&list) && list.ReadUint8LengthPrefixed(&proto) && list.Empty() && len(proto) > 0
	return string(proto), ok
}

type encryptedExtensions struct {
	extensions []Extension
	alpn       string
}

func parseEncryptedExtensions(body []byte) (*encryptedExtensions, error) {
	s := cryptobyte.String(body)
	var block cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&block) || !s.Empty() {
		return nil, malformed(msgEncryptedExtensions, "extensions")
	}
	extensions, err := parseExtensions(msgEncryptedExtensions, block)
	if err != nil {
		return nil, err
	}
	ee := &encryptedExtensions{extensions: extensions}
	for _, ext := range extensions {
		if ext.Type == ExtALPN {
			d := cryptobyte.String(ext.Data)
			var ok bool
			if ee.alpn, ok = readALPN(&d); !ok || !d.Empty() {
				return nil, malformed(msgEncryptedExtensions, ext.Type.String())
			}
		}
	}
	return ee, nil
}

// certificateRequest holds what the server accepts from a client.
type certificateRequest struct {
	context []byte
	schemes []SignatureScheme
}

func parseCertificateRequest(body []byte) (*certificateRequest, error) {
	s := cryptobyte.String(body)
	var context, block cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&context) || !s.ReadUint16LengthPrefixed(&block) || !s.Empty() {
		return nil, malformed(msgCertificateRequest, "fields")
	}
	extensions, err := parseExtensions(msgCertificateRequest, block)
	if err != nil {
		return nil, err
	}
	req := &certificateRequest{context: context}
	for _, ext := range extensions {
		if ext.Type != ExtSignatureAlgorithms {
			continue
		}
		d := cryptobyte.String(ext.Data)
		var list cryptobyte.String
		if !d.ReadUint16LengthPrefixed(&list) || !d.Empty() || len(list) == 0 || len(list)%2 != 0 {
			return nil, malformed(msgCertificateRequest, ext.Type.String())
		}
		for !list.Empty() {
			var scheme uint16
			list.ReadUint16(&scheme)
			req.schemes = append(req.schemes, SignatureScheme(scheme))
		}
	}
	if req.schemes == nil {
		return nil, violation(AlertMissingExtension, "CertificateRequest holds no signature_algorithms")
	}
	return req, nil
}

// certificateMessage is a chain; certificates past the limit are counted and not kept.
type certificateMessage struct {
	context    []byte
	chain      [][]byte
	count      int
	extensions []Extension
}

func parseCertificate(body []byte, limit int) (*certificateMessage, error) {
	s := cryptobyte.String(body)
	var context, list cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&context) || !s.ReadUint24LengthPrefixed(&list) || !s.Empty() {
		return nil, malformed(msgCertificate, "fields")
	}
	m := &certificateMessage{context: context}
	for ; !list.Empty(); m.count++ {
		var der, block cryptobyte.String
		if !list.ReadUint24LengthPrefixed(&der) || len(der) == 0 || !list.ReadUint16LengthPrefixed(&block) {
			return nil, malformed(msgCertificate, fmt.Sprintf("entry %d", m.count))
		}
		extensions, err := parseExtensions(msgCertificate, block)
		if err != nil {
			return nil, err
		}
		if m.count < limit {
			m.chain = append(m.chain, der)
			m.extensions = append(m.extensions, extensions...)
		}
	}
	return m, nil
}

func parseCertificateVerify(body []byte) (SignatureScheme, []byte, error) {
	s := cryptobyte.String(body)
	var scheme uint16
	var signature cryptobyte.String
	if !s.ReadUint16(&scheme) || !s.ReadUint16LengthPrefixed(&signature) || !s.Empty() {
		return 0, nil, malformed(msgCertificateVerify, "fields")
	}
	return SignatureScheme(scheme), signature, nil
}

type newSessionTicket struct {
	lifetime, ageAdd uint32
	nonce, ticket    []byte
	// earlyData is how many bytes of early data the ticket allows.
	earlyData uint32
}

func parseNewSessionTicket(body []byte) (*newSessionTicket, error) {
	s := cryptobyte.String(body)
	t := &newSessionTicket{}
	var block cryptobyte.String
	if !s.ReadUint32(&t.lifetime) || !s.ReadUint32(&t.ageAdd) ||
		!s.ReadUint8LengthPrefixed((*cryptobyte.String)(&t.nonce)) ||
		!s.ReadUint16LengthPrefixed((*cryptobyte.String)(&t.ticket)) || len(t.ticket) == 0 ||
		!s.ReadUint16LengthPrefixed(&block) || !s.Empty() {
		return nil, malformed(msgNewSessionTicket, "fields")
	}
	extensions, err := parseExtensions(msgNewSessionTicket, block)
	if err != nil {
		return nil, err
	}
	for _, ext := range extensions {
		if ext.Type == ExtEarlyData {
			if d := cryptobyte.String(ext.Data); !d.ReadUint32(&t.earlyData) || !d.Empty() {
				return nil, malformed(msgNewSessionTicket, ext.Type.String())
			}
		}
	}
	return t, nil
}

// parseKeyUpdate says whether the peer asks for new keys in return.
func parseKeyUpdate(body []byte) (requested bool, err error) {
	if len(body) != 1 {
		return false, malformed(msgKeyUpdate, "length")
	}
	if body[0] > 1 {
		return false, violation(AlertIllegalParameter, "KeyUpdate holds %d, expected 0 or 1", body[0])
	}
	return body[0] == 1, nil
}

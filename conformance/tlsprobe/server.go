package tlsprobe

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"io"
	"net"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// ServerConfig says how Server answers, be it what SMP demands or not.
type ServerConfig struct {
	// Certificate is what the server shows. Its key is an Ed25519, Ed448 (circl) or
	// ECDSA key, the latter with P-256.
	Certificate *Certificate
	// CipherSuites and Groups are those that the server accepts, in its order of
	// preference; nil means ChaCha20Poly1305SHA256 and X25519.
	CipherSuites []CipherSuite
	Groups       []Group
	// SelectALPN chooses one of the names that the client offered, or none with an
	// empty name; a nil function chooses none.
	SelectALPN func(offered []string) string
	// NoRetry refuses a client that sent no share for one of Groups, which is asked for
	// one otherwise. Cookie is sent with a HelloRetryRequest unless it is empty.
	NoRetry bool
	Cookie  []byte
	// NoRequest does not ask for a client certificate.
	NoRequest bool
	// Shares is the source of the keys of the exchange, Randoms that of the 32 bytes in
	// each ServerHello; nil means crypto/rand.
	Shares, Randoms io.Reader
	// Tickets makes the server hand out tickets and resume sessions; nil for neither.
	Tickets *Tickets
	// HandshakeTimeout is as in Config.
	HandshakeTimeout time.Duration
}

// Server makes the handshake of a TLS 1.3 server over nc, as Client makes that of a
// client. It is for relays that are wrong on purpose, which crypto/tls cannot be; it does
// not verify the binder of a ticket.
func Server(ctx context.Context, nc net.Conn, cfg *ServerConfig) (*Conn, error) {
	c := *cfg
	defaultList(&c.CipherSuites, ChaCha20Poly1305SHA256)
	defaultList(&c.Groups, X25519)
	if c.Shares == nil {
		c.Shares = rand.Reader
	}
	if c.Randoms == nil {
		c.Randoms = rand.Reader
	}
	common, err := (&Config{HandshakeTimeout: c.HandshakeTimeout}).filled()
	if err != nil {
		return nil, err
	}
	return establish(ctx, nc, common, func(hs *handshake) error {
		return (&serverHandshake{handshake: hs, server: &c}).run()
	})
}

// serverHandshake is what the server keeps until the handshake is over.
type serverHandshake struct {
	*handshake
	server *ServerConfig
	offer  *offer
	choice choice
	// ticket is the one that is resumed, nil for none.
	ticket *Ticket
	// transcript holds the messages up to the ServerHello.
	transcript []byte
}

func (hs *serverHandshake) run() error {
	for _, step := range []func() error{hs.readOffer, hs.retry, hs.answer, hs.sendFlight, hs.readFlight, hs.sendTicket} {
		if err := step(); err != nil {
			return err
		}
	}
	hs.note(func(s *State) { s.Complete = true })
	return nil
}

// readOffer reads a ClientHello and decides.
func (hs *serverHandshake) readOffer() error {
	msg, err := hs.readMessage(msgClientHello)
	if err != nil {
		return err
	}
	if hs.offer, err = parseClientHello(msg[messageHeaderLen:]); err != nil {
		return err
	}
	hs.transcript = append(hs.transcript, msg...)
	hs.choice, err = hs.server.choose(hs.offer)
	hs.out.version = TLS12
	return err
}

// retry asks the client for a share if it sent none that can be used.
func (hs *serverHandshake) retry() error {
	if hs.offer.shares[hs.choice.group] != nil {
		return nil
	}
	if hs.server.NoRetry {
		return violation(AlertHandshakeFailure, "the client sent no share of a group that is accepted")
	}
	extensions := []Extension{{ExtKeyShare, []byte{byte(hs.choice.group >> 8), byte(hs.choice.group)}}}
	if len(hs.server.Cookie) > 0 {
		var b cryptobyte.Builder
		addOpaque16(&b, hs.server.Cookie)
		extensions = append(extensions, Extension{ExtCookie, b.BytesOrPanic()})
	}
	hs.transcript = suites[hs.choice.suite].retryPrefix(hs.transcript)
	hs.note(func(s *State) { s.HelloRetryRequest = true })
	if err := hs.sendHello([]byte(retryRandom), extensions); err != nil {
		return err
	}
	if err := hs.readOffer(); err != nil {
		return err
	}
	if hs.offer.shares[hs.choice.group] == nil {
		return violation(AlertIllegalParameter, "the client sent no share of the group that it was asked for")
	}
	return nil
}

// sendHello sends a ServerHello or a HelloRetryRequest.
func (hs *serverHandshake) sendHello(random []byte, extensions []Extension) error {
	extensions = append([]Extension{{ExtSupportedVersions, []byte{3, 4}}}, extensions...)
	msg, err := message(msgServerHello, func(b *cryptobyte.Builder) {
		b.AddUint16(uint16(TLS12))
		b.AddBytes(random)
		addOpaque8(b, hs.offer.sessionID)
		b.AddUint16(uint16(hs.choice.suite))
		b.AddUint8(0)
		addExtensions(b, extensions)
	})
	if err != nil {
		return err
	}
	hs.transcript = append(hs.transcript, msg...)
	hs.out.mu.Lock()
	defer hs.out.mu.Unlock()
	hs.queue(ContentHandshake, msg)
	return hs.flush()
}

// answer sends the ServerHello and sets the keys of both directions.
func (hs *serverHandshake) answer() error {
	random := make([]byte, 32)
	if _, err := io.ReadFull(hs.server.Randoms, random); err != nil {
		return err
	}
	own, err := exchanges[hs.choice.group](hs.server.Shares)
	if err != nil {
		return err
	}
	var b cryptobyte.Builder
	b.AddUint16(uint16(own.group))
	addOpaque16(&b, own.public)
	extensions := []Extension{{ExtKeyShare, b.BytesOrPanic()}}
	var psk []byte
	if hs.ticket = hs.server.Tickets.find(hs.offer.ticket, hs.choice.suite); hs.ticket != nil {
		psk = hs.ticket.secret
		extensions = append(extensions, Extension{ExtPreSharedKey, []byte{0, 0}})
	}
	if err := hs.sendHello(random, extensions); err != nil {
		return err
	}
	secret, err := own.agree(hs.offer.shares[own.group])
	if err != nil {
		return violation(AlertIllegalParameter, "the client's key share for %s: %v", own.group, err)
	}
	hs.note(func(s *State) {
		s.Version, s.CipherSuite, s.Group, s.Resumed = TLS13, hs.choice.suite, own.group, psk != nil
	})
	hs.suite = suites[hs.choice.suite]
	hs.keys = newSchedule(hs.suite, psk)
	hs.keys.transcript.Write(hs.transcript)
	hs.keys.advance(secret)
	hs.clientSecret, hs.serverSecret = hs.keys.derive("c hs traffic"), hs.keys.derive("s hs traffic")
	hs.keys.advance(nil)
	if err := hs.in.install(hs.suite, hs.clientSecret); err != nil {
		return err
	}
	hs.out.mu.Lock()
	defer hs.out.mu.Unlock()
	return hs.out.install(hs.suite, hs.serverSecret)
}

// sendFlight sends everything up to Finished and sets the keys to send with.
func (hs *serverHandshake) sendFlight() error {
	hs.out.mu.Lock()
	defer hs.out.mu.Unlock()
	if err := hs.queueExtensions(); err != nil {
		return err
	}
	if hs.ticket == nil {
		if err := hs.queueAuthentication(); err != nil {
			return err
		}
	}
	verifyData := hs.keys.finished(hs.serverSecret, hs.keys.sum())
	if err := hs.queueMessage(msgFinished, func(b *cryptobyte.Builder) { b.AddBytes(verifyData) }); err != nil {
		return err
	}
	hs.note(func(s *State) { s.ServerFinished = verifyData })
	if err := hs.flush(); err != nil {
		return err
	}
	hs.applicationSecret = hs.keys.derive("c ap traffic")
	return hs.out.install(hs.suite, hs.keys.derive("s ap traffic"))
}

func (hs *serverHandshake) queueExtensions() error {
	var extensions []Extension
	if hs.server.SelectALPN != nil && len(hs.offer.alpn) > 0 {
		if name := hs.server.SelectALPN(hs.offer.alpn); name != "" {
			var b cryptobyte.Builder
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addOpaque8(b, []byte(name)) })
			extensions = append(extensions, Extension{ExtALPN, b.BytesOrPanic()})
			hs.note(func(s *State) { s.ALPN = name })
		}
	}
	return hs.queueMessage(msgEncryptedExtensions, func(b *cryptobyte.Builder) { addExtensions(b, extensions) })
}

// queueAuthentication adds what lies between EncryptedExtensions and Finished.
func (hs *serverHandshake) queueAuthentication() error {
	if !hs.server.NoRequest {
		err := hs.queueMessage(msgCertificateRequest, func(b *cryptobyte.Builder) {
			b.AddUint8(0)
			addExtensions(b, []Extension{{ExtSignatureAlgorithms, []byte{0, 4, 0x08, 0x07, 0x08, 0x08}}})
		})
		if err != nil {
			return err
		}
	}
	if err := hs.queueMessage(msgCertificate, hs.server.Certificate.marshal); err != nil {
		return err
	}
	digest, options := verifyInput(serverVerifyContext, hs.keys.sum()), crypto.SignerOpts(crypto.Hash(0))
	if _, ok := hs.server.Certificate.Key.Public().(*ecdsa.PublicKey); ok {
		h := crypto.SHA256.New()
		h.Write(digest)
		digest, options = h.Sum(nil), crypto.SHA256
	}
	signature, err := hs.server.Certificate.Key.Sign(rand.Reader, digest, options)
	if err != nil {
		return err
	}
	hs.note(func(s *State) { s.SignatureScheme = hs.choice.scheme })
	return hs.queueMessage(msgCertificateVerify, func(b *cryptobyte.Builder) {
		b.AddUint16(uint16(hs.choice.scheme))
		addOpaque16(b, signature)
	})
}

// readFlight reads what the client owes and sets the keys to read with.
func (hs *serverHandshake) readFlight() error {
	if hs.ticket == nil && !hs.server.NoRequest {
		if err := hs.readCertificate(); err != nil {
			return err
		}
	}
	msg, before, err := hs.next(msgFinished)
	if err != nil {
		return err
	}
	verifyData := msg[messageHeaderLen:]
	if !hmac.Equal(verifyData, hs.keys.finished(hs.clientSecret, before)) {
		return violation(AlertDecryptError, "the Finished message of the client is not the one that the handshake gives")
	}
	hs.note(func(s *State) { s.ClientFinished = verifyData })
	hs.resumption = hs.keys.derive("res master")
	hs.in.complete, hs.in.idle = true, 0
	return hs.in.install(hs.suite, hs.applicationSecret)
}

func (hs *serverHandshake) readCertificate() error {
	msg, _, err := hs.next(msgCertificate)
	if err != nil {
		return err
	}
	m, err := parseCertificate(msg[messageHeaderLen:], hs.cfg.MaxCertificates)
	if err != nil || m.count == 0 {
		return err
	}
	hs.note(func(s *State) { s.PeerCertificates, s.CertificateCount = m.chain, m.count })
	leaf, err := parseCertificateDER(m.chain[0])
	if err != nil {
		return err
	}
	msg, before, err := hs.next(msgCertificateVerify)
	if err != nil {
		return err
	}
	scheme, signature, err := parseCertificateVerify(msg[messageHeaderLen:])
	if err != nil {
		return err
	}
	if schemes[scheme].verify(leaf.key, verifyInput(clientVerifyContext, before), signature) != nil {
		return violation(AlertDecryptError, "the client has not signed with the key of its certificate")
	}
	return nil
}

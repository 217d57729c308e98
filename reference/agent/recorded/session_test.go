package recorded_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// recordedAt is when the certificates are looked at: all of them are valid then.
var recordedAt = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// session is one transport connection.
type session struct {
	*vectors.Connection
	relay    *relay
	relayKey keys.PrivateKey // session key of the relay
	chains   map[string]*box.Chain
	verifier smp.Verifier
	pending  map[string]*request // by correlation id
}

func (w *walk) startSessions() error {
	for i := range w.recording.Connections {
		c := &w.recording.Connections[i]
		s := &session{Connection: c, relay: w.relays[c.Server], pending: map[string]*request{}}
		if err := s.start(); err != nil {
			return fmt.Errorf("connection %s: %w", c.ID, err)
		}
		w.sessions[c.ID] = s
	}
	return nil
}

// start checks the session keys of both sides against each other and derives the chains
// of block encryption from them.
func (s *session) start() (err error) {
	if s.relay == nil {
		return fmt.Errorf("no relay %q", s.Server)
	}
	if s.relayKey, err = keys.ParsePrivate(s.ServerPrivateDER); err != nil {
		return err
	}
	s.verifier = smp.Verifier{SessionID: s.SessionID, SessionKey: s.relayKey}
	if err := expect(bytes.Equal(s.relayKey.Public().SPKI(), s.ServerPublicDER), "public key of the relay differs"); err != nil {
		return err
	}
	if s.ClientPublicDER == nil {
		return expect(s.DHSecret == nil, "a secret without a key of the client")
	}
	client, err := keys.ParsePrivate(s.ClientPrivateDER)
	if err != nil {
		return err
	}
	secret, err := client.DH(s.relayKey.Public())
	if err != nil {
		return err
	}
	if !bytes.Equal(client.Public().SPKI(), s.ClientPublicDER) || !bytes.Equal(secret, s.DHSecret) {
		return errors.New("public key or secret of the client differs")
	}
	if s.Version < smp.VersionBlockEncryption {
		return nil
	}
	fromRelay, fromClient, err := box.NewChains(secret, s.SessionID)
	s.chains = map[string]*box.Chain{"server": &fromRelay, "client": &fromClient}
	return err
}

const blockSize = 16384

// block opens a block and handles what it holds.
func (w *walk) block(b *vectors.Block) error {
	s := w.sessions[b.Connection]
	if s == nil {
		return fmt.Errorf("no connection %q", b.Connection)
	}
	if err := w.openBlock(s, b); err != nil {
		return err
	}
	switch {
	case b.Index == 0 && b.Sender == "server":
		return s.serverHello(b.Content)
	case b.Index == 0:
		return s.clientHello(w.recording.Notes, b.Content)
	case b.Index == 1 && b.Sender == "server" && s.verifier.Service != nil:
		return s.serviceResponse(b.Content)
	}
	items, err := smp.DecodeBlock(b.Content)
	if err != nil {
		return err
	}
	for _, item := range items {
		if b.Sender == "client" {
			err = w.command(s, smp.ReceiveCommand(s.Version, s.SessionID, item))
		} else {
			err = w.response(s, smp.ReceiveResponse(s.Version, s.SessionID, item))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// openBlock makes the bytes inside TLS, compares them with the recorded ones or with
// their digest, and opens them.
func (w *walk) openBlock(s *session, b *vectors.Block) error {
	l, codec := plainBlocks, blockCodec(plainBlock{})
	if b.Encrypted {
		l = blocks
		if s.chains == nil {
			return in(l, errors.New("an encrypted block on a connection without encryption"))
		}
		key, nonce, err := s.chains[b.Sender].NextKey()
		if err != nil {
			return in(l, err)
		}
		codec = encryptedBlock{key, nonce}
	}
	raw, err := codec.seal(b.Content)
	if err != nil {
		return in(l, err)
	}
	raw = w.ciphertext(l, raw)
	content, err := codec.open(raw)
	if err != nil {
		return in(l, err)
	}
	hash := sha256.Sum256(raw)
	if !bytes.Equal(content, b.Content) || !bytes.Equal(hash[:], b.RawSHA256) || b.Raw != nil && !bytes.Equal(raw, b.Raw) {
		return in(l, errors.New("content or ciphertext differs"))
	}
	return nil
}

// blockCodec turns the content of a block into the bytes inside TLS and back.
type blockCodec interface {
	seal(content []byte) ([]byte, error)
	open(raw []byte) ([]byte, error)
}

type plainBlock struct{}

func (plainBlock) seal(content []byte) ([]byte, error) { return wire.Pad(nil, content, blockSize) }
func (plainBlock) open(raw []byte) ([]byte, error)     { return wire.Unpad(raw) }

type encryptedBlock struct {
	key   box.Key
	nonce box.Nonce
}

func (e encryptedBlock) seal(content []byte) ([]byte, error) {
	return box.SealPadded(nil, content, blockSize-box.Overhead, &e.nonce, &e.key)
}

func (e encryptedBlock) open(raw []byte) ([]byte, error) {
	return box.OpenPadded(raw, &e.nonce, &e.key)
}

func (s *session) serverHello(content []byte) error {
	h, err := transport.DecodeServerHello(content)
	if err != nil {
		return err
	}
	if err := expect(bytes.Equal(h.SessionID, s.SessionID), "session id differs"); err != nil {
		return err
	}
	return s.certified(h.Chain, h.SignedKey)
}

// certified checks the relay's chain against its address, and its session key against the
// chain.
func (s *session) certified(chain [][]byte, signedKey []byte) error {
	if err := keys.ValidateChainAt(chain, s.relay.server.KeyHash, recordedAt); err != nil {
		return err
	}
	key, err := signedBy(chain, signedKey)
	if err != nil {
		return err
	}
	return expect(bytes.Equal(key.SPKI(), s.ServerPublicDER), "session key of the relay differs")
}

// signedBy returns the key that the leaf of a chain signed.
func signedBy(chain [][]byte, signedKey []byte) (keys.PublicKey, error) {
	leaf, err := keys.CertificatePublicKey(chain[0])
	if err != nil {
		return keys.PublicKey{}, err
	}
	signed, err := keys.ParseSignedKey(signedKey)
	if err != nil {
		return keys.PublicKey{}, err
	}
	if err := signed.Verify(leaf); err != nil {
		return keys.PublicKey{}, err
	}
	return signed.PublicKey()
}

func (s *session) clientHello(notes []vectors.RecordingNote, content []byte) error {
	h, err := transport.DecodeClientHello(content)
	if err != nil {
		return err
	}
	if h.Version != s.Version || !bytes.Equal(h.KeyHash, s.relay.server.KeyHash) ||
		s.ClientPublicDER != nil && !bytes.Equal(h.Key.SPKI(), s.ClientPublicDER) ||
		h.Proxy != s.ClientIsProxy {
		return errors.New("client hello differs")
	}
	if h.Service == nil {
		return nil
	}
	identity, err := keys.Identity(h.Service.Chain)
	if err != nil {
		return err
	}
	key, err := signedBy(h.Service.Chain, h.Service.SignedKey)
	if err != nil {
		return err
	}
	s.verifier.Service = &smp.ServicePeer{CertFingerprint: keys.FingerprintOf(identity), Key: key}
	return s.knownService(notes, h.Service.Chain[0])
}

// knownService finds the service among the notes and checks its key.
func (s *session) knownService(notes []vectors.RecordingNote, leaf []byte) error {
	public, err := keys.CertificatePublicKey(leaf)
	if err != nil {
		return err
	}
	for _, n := range notes {
		if bytes.Equal(n.ServiceCertHash, s.verifier.Service.CertFingerprint[:]) {
			k, err := keys.ParsePrivate(n.ServiceLeafPrivate)
			if err != nil {
				return err
			}
			return expect(bytes.Equal(k.Public().SPKI(), public.SPKI()), "key of the service differs")
		}
	}
	return errors.New("a service that is not in the notes")
}

func (s *session) serviceResponse(content []byte) error {
	r, err := transport.DecodeServiceResponse(content)
	if err != nil {
		return err
	}
	s.verifier.Service.ID = r.ServiceID
	return expect(r.Error == "" && len(r.ServiceID) > 0, "the relay refused the service")
}

// startRelays parses the addresses of the relays and checks the certificates beside them.
func (w *walk) startRelays() error {
	for _, s := range w.recording.Servers {
		server, err := link.ParseServer(s.Address)
		if err != nil {
			return err
		}
		c, err := keys.ParseCredentials([]byte(s.CertificatePEM+s.CACertificatePEM), []byte(s.PrivateKeyPEM))
		if err != nil {
			return fmt.Errorf("relay %s: %w", s.Name, err)
		}
		fingerprint := c.Fingerprint()
		if !bytes.Equal(fingerprint[:], server.KeyHash) {
			return fmt.Errorf("relay %s: fingerprint of the certificate is not that of the address", s.Name)
		}
		w.relays[s.Name] = &relay{
			server: server, recipients: map[string]*queue{}, senders: map[string]*queue{}, notifiers: map[string]*queue{},
			links: map[string]*queue{},
		}
	}
	return nil
}

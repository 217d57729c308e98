package trace

import (
	"bytes"
	"crypto/sha512"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// password is that of the relay in the tests.
const password = "correct-horse"

// wrongPassword is one that a case makes up.
const wrongPassword = "guess"

// stage is a conversation in the making, with fixed keys, times and ports.
type stage struct {
	t       testing.TB
	r       *Recorder
	elapsed time.Duration
	made    byte
	// secrets are the bytes of all private keys.
	secrets [][]byte
}

func newStage(t testing.TB, limits Limits) *stage {
	s := &stage{t: t}
	s.r = NewRecorderAt(limits, password, func() time.Duration {
		s.elapsed += 1500 * time.Microsecond
		return s.elapsed
	})
	return s
}

// privateSize is the length of private keys in bytes.
var privateSize = map[keys.Algorithm]int{keys.X25519: 32, keys.Ed25519: 32, keys.Ed448: 57}

// key makes a private key, of the runner if known.
func (s *stage) key(alg keys.Algorithm, known bool) keys.PrivateKey {
	s.made++
	digest := sha512.Sum512([]byte{s.made})
	raw := digest[:privateSize[alg]]
	k, err := keys.NewPrivate(alg, raw)
	require.NoError(s.t, err)
	s.secrets = append(s.secrets, raw)
	if known {
		s.r.Know(k)
	}
	return k
}

// id is an id of 24 bytes, another one if reversed.
func (s *stage) id() []byte {
	s.made++
	return append(bytes.Repeat([]byte{s.made}, 23), 0xff)
}

// port is a connection with nothing but addresses.
type port struct {
	net.Conn
	local string
}

type portName string

func (portName) Network() string  { return "tcp" }
func (a portName) String() string { return string(a) }

func (p port) LocalAddr() net.Addr  { return portName(p.local) }
func (p port) RemoteAddr() net.Addr { return portName("127.0.0.1:5223") }

// line is one connection at a version.
type line struct {
	*stage
	*Stream
	version   uint16
	encrypted bool
}

func (l line) say(d Direction, content []byte) {
	l.Block(d, Block{Version: l.version, Encrypted: l.encrypted, Bytes: content})
}

// transmissions are the content of a block.
func (l line) transmissions(trs ...smp.Transmission) []byte {
	var encoded [][]byte
	for _, tr := range trs {
		b, err := tr.Encode(l.version)
		require.NoError(l.t, err)
		encoded = append(encoded, b)
	}
	content, err := smp.EncodeBlock(encoded...)
	require.NoError(l.t, err)
	return content
}

func (l line) command(correlationID, entity []byte, key keys.PrivateKey, c smp.Command) smp.Transmission {
	b, err := smp.EncodeCommand(l.version, c)
	require.NoError(l.t, err)
	tr := smp.Transmission{CorrelationID: correlationID, EntityID: entity, Command: b}
	if !key.IsZero() {
		a, err := smp.NewAuthorizer(key, keys.PublicKey{})
		require.NoError(l.t, err)
		require.NoError(l.t, tr.Authorize([]byte("session"), a))
	}
	return tr
}

func (l line) response(correlationID, entity []byte, c smp.Response) smp.Transmission {
	b, err := smp.EncodeResponse(l.version, c)
	require.NoError(l.t, err)
	return smp.Transmission{CorrelationID: correlationID, EntityID: entity, Command: b}
}

var noKey keys.PrivateKey

// greet opens a connection and exchanges the hellos. It returns the session keys of the
// runner and of the relay.
func (s *stage) greet(version uint16, local string) (l line, ours, theirs keys.PrivateKey) {
	l = line{stage: s, Stream: s.r.Connected(port{local: local}), version: version}
	l.TLS("TLS 1.3, ALPN smp/1", Field{"certificates", "2"})
	ours, theirs = s.key(keys.X25519, true), s.key(keys.X25519, false)
	l.say(Received, s.serverHello(theirs.Public()))
	hello, err := transport.ClientHello{Version: version, KeyHash: []byte("fingerprint"), Key: ours.Public()}.Encode()
	require.NoError(s.t, err)
	l.say(Sent, hello)
	l.encrypted = version >= smp.VersionBlockEncryption
	return l, ours, theirs
}

func (s *stage) serverHello(key keys.PublicKey) []byte {
	root, leaf := s.key(keys.Ed25519, false), s.key(keys.Ed25519, false)
	signed, err := keys.SignKey(key, leaf)
	require.NoError(s.t, err)
	issuer, err := keys.ParseCertificate(s.certificate("root", root, keys.Certificate{}, root))
	require.NoError(s.t, err)
	hello, err := transport.ServerHello{
		Versions: wire.Versions(6, 20), SessionID: []byte("session"),
		Chain: [][]byte{s.certificate("leaf", leaf, issuer, root), issuer.Raw}, SignedKey: signed,
	}.Encode()
	require.NoError(s.t, err)
	return hello
}

// certificate is one of a year, always the same.
func (s *stage) certificate(name string, key keys.PrivateKey, issuer keys.Certificate, signer keys.PrivateKey) []byte {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	template := keys.Template{CommonName: name, NotBefore: from, NotAfter: from.AddDate(1, 0, 0)}
	der, err := keys.CreateCertificate(bytes.NewReader(make([]byte, 20)), template, key.Public(), issuer, signer)
	require.NoError(s.t, err)
	return der
}

// deliver has a queue created with a password and a message delivered from it.
func (s *stage) deliver() {
	l, _, _ := s.greet(18, "127.0.0.1:40001")
	owner, delivery := s.key(keys.Ed25519, true), s.key(keys.X25519, true)
	relay, correlation, recipient, sender := s.key(keys.X25519, false), s.id(), s.id(), s.id()
	l.say(Sent, l.transmissions(l.command(correlation, nil, owner, smp.NEW{
		AuthKey: owner.Public(), DHKey: delivery.Public(), Password: smp.Password(password), Subscribe: true,
	})))
	l.say(Received, l.transmissions(l.response(correlation, nil, smp.IDS{
		RecipientID: recipient, SenderID: sender, ServerDHKey: relay.Public(),
	})))
	l.say(Sent, l.transmissions(l.command(s.id(), nil, owner, smp.NEW{
		AuthKey: owner.Public(), DHKey: delivery.Public(), Password: smp.Password(wrongPassword),
	})))
	correlation = s.id()
	other := line{stage: s, Stream: s.r.Connected(port{local: "127.0.0.1:40002"}), version: 18}
	other.TLSFailed(Received, "TLS handshake failed", errors.New("alert: handshake_failure"))
	l.say(Sent, l.transmissions(l.command(correlation, sender, noKey, smp.SEND{Notify: true, Body: []byte("hello")})))
	key, err := box.Agree(relay, delivery.Public())
	require.NoError(s.t, err)
	id := s.id()
	body, err := smp.RcvMessage{Timestamp: 1767225600, Notify: true, Body: []byte("hello")}.Seal(id, &key)
	require.NoError(s.t, err)
	l.say(Received, l.transmissions(
		l.response(correlation, sender, smp.OK{}),
		l.response(nil, recipient, smp.MSG{ID: id, Body: body}),
	))
	l.say(Received, l.transmissions(l.response(nil, s.id(), smp.MSG{ID: id, Body: []byte("of another queue")})))
}

// announce has a notifier created and a notification come.
func (s *stage) announce() {
	l, _, _ := s.greet(9, "127.0.0.1:40003")
	owner, notifier, recipient := s.key(keys.Ed448, true), s.key(keys.Ed25519, true), s.key(keys.X25519, true)
	relay, correlation, queue, id := s.key(keys.X25519, false), s.id(), s.id(), s.id()
	l.say(Sent, l.transmissions(l.command(correlation, queue, owner, smp.NKEY{NotifierKeys: smp.NotifierKeys{
		AuthKey: notifier.Public(), DHKey: recipient.Public(),
	}})))
	l.say(Received, l.transmissions(l.response(correlation, queue, smp.NID{NotifierCredentials: smp.NotifierCredentials{
		NotifierID: id, ServerDHKey: relay.Public(),
	}})))
	key, err := box.Agree(relay, recipient.Public())
	require.NoError(s.t, err)
	nonce, err := box.NonceFrom(s.id())
	require.NoError(s.t, err)
	nmsg, err := smp.NMsgMeta{MessageID: s.id(), Timestamp: 1767225600}.Seal(nonce, &key)
	require.NoError(s.t, err)
	l.say(Received, l.transmissions(l.response(nil, id, nmsg)))
	l.Ended(Sent, "the runner closes the connection", nil)
}

// forward has a client send through the relay to a destination of the runner.
func (s *stage) forward() {
	client, _, _ := s.greet(14, "127.0.0.1:40004")
	proxy, destination := s.key(keys.X25519, false), s.key(keys.X25519, true)
	leg := line{stage: s, Stream: s.r.Accepted(port{local: "127.0.0.1:40005"}, "destination"), version: 14}
	leg.Greeted(14, destination, proxy.Public())
	leg.encrypted = true

	ephemeral, correlation, outer, session := s.key(keys.X25519, true), s.id(), s.id(), s.id()
	key, err := box.Agree(ephemeral, destination.Public())
	require.NoError(s.t, err)
	inner := client.transmissions(client.command(correlation, s.id(), noKey, smp.SEND{Body: []byte("hello")}))
	nonce := smp.CorrelationNonce(correlation)
	body, err := box.SealPadded(nil, inner, smp.PaddedForwarded, &nonce, &key)
	require.NoError(s.t, err)
	client.say(Sent, client.transmissions(client.command(correlation, session, noKey, smp.PFWD{Version: 14, Key: ephemeral.Public(), Body: body})))

	secret, err := proxy.DH(destination.Public())
	require.NoError(s.t, err)
	hop, err := box.DeriveKey(secret)
	require.NoError(s.t, err)
	content, err := smp.ForwardedCommand{CorrelationID: correlation, Version: 14, Key: ephemeral.Public(), Body: body}.Encode()
	require.NoError(s.t, err)
	hopNonce := smp.CorrelationNonce(outer)
	leg.say(Received, leg.transmissions(leg.command(outer, nil, noKey, smp.RFWD{Body: box.Seal(nil, content, &hopNonce, &hop)})))

	answer := client.transmissions(client.response(correlation, s.id(), smp.OK{}))
	nonce, hopNonce = nonce.Reverse(), hopNonce.Reverse()
	body, err = box.SealPadded(nil, answer, smp.PaddedForwarded, &nonce, &key)
	require.NoError(s.t, err)
	content, err = smp.ForwardedResponse{CorrelationID: correlation, Body: body}.Encode()
	require.NoError(s.t, err)
	leg.say(Sent, leg.transmissions(leg.response(outer, nil, smp.RRES{Body: box.Seal(nil, content, &hopNonce, &hop)})))
	client.say(Received, client.transmissions(client.response(correlation, session, smp.PRES{Body: body})))
}

// mistake has a relay send what does not decode.
func (s *stage) mistake() {
	l, _, _ := s.greet(6, "127.0.0.1:40006")
	correlation := s.id()
	ping := l.command(correlation, nil, noKey, smp.PING{})
	ping.SessionID = []byte("session")
	l.say(Sent, l.transmissions(ping))
	l.say(Received, []byte("\x01\x00\x05hello"))
	pong := l.response(correlation, nil, smp.PONG{})
	pong.Command = []byte("PING\nPONG " + password)
	l.say(Received, l.transmissions(pong, pong))
	l.say(Received, nil)
	padded, err := wire.Pad(nil, l.transmissions(l.response(correlation, nil, smp.PONG{})), smp.BlockSize)
	require.NoError(s.t, err)
	l.Block(Received, Block{Form: Padded, Version: 6, Bytes: padded})
	l.Block(Received, Block{Form: Raw, Version: 6, Bytes: bytes.Repeat([]byte{0xff}, smp.BlockSize)})
	l.Block(Received, Block{Form: Raw, Version: 6, Encrypted: true, Bytes: bytes.Repeat([]byte{7}, smp.BlockSize), Err: box.ErrOpen})
	l.Note("no block comes in time")
	l.Ended(Received, "the relay ends the connection", io.ErrUnexpectedEOF)
	s.r.Record(Note, "a remark of the case with "+password, []byte(strings.Repeat("x", 40)))
}

// admit has a relay take a client for a service.
func (s *stage) admit() {
	l := line{stage: s, Stream: s.r.Connected(port{local: "127.0.0.1:40007"}), version: 16}
	session, service, owner := s.key(keys.X25519, true), s.key(keys.Ed25519, true), s.key(keys.Ed25519, true)
	l.say(Received, s.serverHello(s.key(keys.X25519, false).Public()))
	signed, err := keys.SignKey(service.Public(), owner)
	require.NoError(s.t, err)
	hello, err := transport.ClientHello{
		Version: 16, KeyHash: []byte("fingerprint"), Key: session.Public(),
		Service: &transport.ClientService{Role: transport.RoleMessaging, Chain: [][]byte{s.certificate("service", owner, keys.Certificate{}, owner)}, SignedKey: signed},
	}.Encode()
	require.NoError(s.t, err)
	l.say(Sent, hello)
	id := s.id()
	answer, err := transport.ServiceResponse{ServiceID: id}.Encode()
	require.NoError(s.t, err)
	l.say(Received, answer)
	l.say(Sent, l.transmissions(l.command(s.id(), id, service, smp.SUBS{ServiceQueues: smp.ServiceQueues{Count: 2}})))
}

package session

import (
	"bytes"
	"context"
	"crypto"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"net"

	"golang.org/x/crypto/chacha20poly1305"

	"smpcheck/conformance/fault/internal/meeting"
	"smpcheck/reference/transport"
)

// The parts of TLS 1.2 that a server without the extended master secret needs, which
// crypto/tls cannot be. RFC 5246, RFC 7905, RFC 8422.
const (
	recordCipherChange = 20
	recordHandshake    = 22

	messageServerHello       = 2
	messageCertificate       = 11
	messageServerKeyExchange = 12
	messageServerHelloDone   = 14
	messageFinished          = 20

	randomSize   = 32
	masterSize   = 48
	finishedSize = 12
)

// old is a server of TLS 1.2 in its handshake.
type old struct {
	net.Conn
	transcript                 bytes.Buffer
	clientRandom, serverRandom []byte
	own                        *ecdh.PrivateKey
	master                     []byte
	in, out                    oldKeys
}

// oldKeys protect one direction.
type oldKeys struct {
	aead cipher.AEAD
	iv   []byte
}

// withoutExtendedMasterSecret does a handshake of TLS 1.2 with X25519, Ed25519 and
// ChaCha20-Poly1305 that answers no extension. No session follows.
func withoutExtendedMasterSecret(_ context.Context, raw net.Conn, config transport.ServerConfig) (net.Conn, transport.Binding, error) {
	own, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, transport.Binding{}, err
	}
	o := &old{Conn: raw, own: own, serverRandom: make([]byte, randomSize)}
	rand.Read(o.serverRandom)
	for _, step := range []func() error{
		o.readHello,
		func() error { return o.sendFlight(config.Credentials.Chain, meeting.Signer(config.Credentials.Key)) },
		o.readKeyExchange, o.readFinished, o.sendFinished,
	} {
		if err := step(); err != nil {
			return nil, transport.Binding{}, err
		}
	}
	return nil, transport.Binding{}, errRefused
}

// readRecord reads a record of the type.
func (o *old) readRecord(kind byte) ([]byte, error) {
	header := make([]byte, 5)
	if _, err := io.ReadFull(o, header); err != nil {
		return nil, err
	}
	if header[0] != kind {
		return nil, fmt.Errorf("record of type %d, expected %d", header[0], kind)
	}
	body := make([]byte, binary.BigEndian.Uint16(header[3:]))
	_, err := io.ReadFull(o, body)
	return body, err
}

func (o *old) writeRecord(kind byte, body []byte) error {
	header := binary.BigEndian.AppendUint16([]byte{kind, 3, 3}, uint16(len(body)))
	_, err := o.Write(append(header, body...))
	return err
}

// send sends a message of the handshake.
func (o *old) send(kind byte, body []byte) error {
	message := append([]byte{kind, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
	o.transcript.Write(message)
	return o.writeRecord(recordHandshake, message)
}

func (o *old) readHello() error {
	hello, err := o.readRecord(recordHandshake)
	if err != nil {
		return err
	}
	if len(hello) < 6+randomSize {
		return fmt.Errorf("ClientHello of %d bytes", len(hello))
	}
	o.transcript.Write(hello)
	o.clientRandom = hello[6 : 6+randomSize]
	return nil
}

// sendFlight sends everything up to ServerHelloDone.
func (o *old) sendFlight(chain [][]byte, key crypto.Signer) error {
	hello := append([]byte{3, 3}, o.serverRandom...)
	hello = append(binary.BigEndian.AppendUint16(append(hello, 0), chacha12), 0)
	if err := o.send(messageServerHello, hello); err != nil {
		return err
	}
	var list []byte
	for _, der := range chain {
		list = append(list, byte(len(der)>>16), byte(len(der)>>8), byte(len(der)))
		list = append(list, der...)
	}
	list = append([]byte{byte(len(list) >> 16), byte(len(list) >> 8), byte(len(list))}, list...)
	if err := o.send(messageCertificate, list); err != nil {
		return err
	}
	public := o.own.PublicKey().Bytes()
	parameters := append([]byte{3, 0, 0x1d, byte(len(public))}, public...) // named curve X25519
	signature, err := key.Sign(rand.Reader, bytes.Join([][]byte{o.clientRandom, o.serverRandom, parameters}, nil), crypto.Hash(0))
	if err != nil {
		return err
	}
	exchange := append(parameters, 0x08, 0x07, byte(len(signature)>>8), byte(len(signature))) // Ed25519
	if err := o.send(messageServerKeyExchange, append(exchange, signature...)); err != nil {
		return err
	}
	return o.send(messageServerHelloDone, nil)
}

// readKeyExchange reads the client's key and derives all others.
func (o *old) readKeyExchange() error {
	message, err := o.readRecord(recordHandshake)
	if err != nil {
		return err
	}
	if len(message) < 5 {
		return fmt.Errorf("ClientKeyExchange of %d bytes", len(message))
	}
	o.transcript.Write(message)
	peer, err := ecdh.X25519().NewPublicKey(message[5:])
	if err != nil {
		return err
	}
	secret, err := o.own.ECDH(peer)
	if err != nil {
		return err
	}
	o.master = expand(secret, "master secret", append(bytes.Clone(o.clientRandom), o.serverRandom...), masterSize)
	const key, iv = chacha20poly1305.KeySize, chacha20poly1305.NonceSize
	block := expand(o.master, "key expansion", append(bytes.Clone(o.serverRandom), o.clientRandom...), 2*(key+iv))
	if o.in.aead, err = chacha20poly1305.New(block[:key]); err != nil {
		return err
	}
	o.in.iv, o.out.iv = block[2*key:2*key+iv], block[2*key+iv:]
	o.out.aead, err = chacha20poly1305.New(block[key : 2*key])
	return err
}

// finishedData is what the first record of a direction authenticates besides its content.
var finishedData = []byte{0, 0, 0, 0, 0, 0, 0, 0, recordHandshake, 3, 3, 0, 4 + finishedSize}

func (o *old) readFinished() error {
	if _, err := o.readRecord(recordCipherChange); err != nil {
		return err
	}
	record, err := o.readRecord(recordHandshake)
	if err != nil {
		return err
	}
	message, err := o.in.aead.Open(nil, o.in.iv, record, finishedData)
	o.transcript.Write(message)
	return err
}

func (o *old) sendFinished() error {
	hash := sha256.Sum256(o.transcript.Bytes())
	message := append([]byte{messageFinished, 0, 0, finishedSize}, expand(o.master, "server finished", hash[:], finishedSize)...)
	if err := o.writeRecord(recordCipherChange, []byte{1}); err != nil {
		return err
	}
	return o.writeRecord(recordHandshake, o.out.aead.Seal(nil, o.out.iv, message, finishedData))
}

// expand is the function PRF of TLS 1.2.
func expand(secret []byte, label string, seed []byte, n int) []byte {
	mac := func(parts ...[]byte) []byte {
		h := hmac.New(sha256.New, secret)
		for _, part := range parts {
			h.Write(part)
		}
		return h.Sum(nil)
	}
	seed = append([]byte(label), seed...)
	var out []byte
	for a := mac(seed); len(out) < n; a = mac(a) {
		out = append(out, mac(a, seed)...)
	}
	return out[:n]
}

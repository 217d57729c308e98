package hostile

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"smpcheck/reference/transport"
)

// Pieces of plain TLS records. RFC 8446, "Record Protocol" and "Handshake
// Protocol".
const (
	// fullRecord is the header of a handshake record of 16384 bytes.
	fullRecord = "\x16\x03\x03\x40\x00"
	// longest is the length of a handshake message that does not end.
	longest = "\xff\xff\xff"
	// permitted is a length that a client may bear: 65535 bytes.
	permitted = "\x00\xff\xff"

	serverHello = "\x02"
)

// tlsBehaviours never complete the handshake of TLS.
var tlsBehaviours = []Behaviour{
	{Name: "silence", About: "accepts and stays silent", serve: func(p *peer) error { return drain(p) }},
	{Name: "close", About: "closes at once", serve: func(p *peer) error { return errDone }},
	{Name: "reset", About: "resets the connection at once", serve: reset},
	{Name: "close-after-hello", About: "closes when the first bytes of the client have come", serve: func(p *peer) error {
		_, err := p.Read(make([]byte, 1))
		return err
	}},
	{Name: "text", About: "greets as a mail server does", serve: func(p *peer) error {
		return say(p, "220 mail.example ESMTP ready\r\n")
	}},
	{Name: "text-flood", About: "sends text without end", serve: func(p *peer) error {
		return flood(p, []byte(strings.Repeat("500 what?\r\n", 1000)))
	}},
	{Name: "garbage", About: "sends random bytes without end", serve: func(p *peer) error {
		return flood(p, noise(1<<14))
	}},
	{Name: "record-garbage", About: "sends random bytes in records of type handshake", serve: func(p *peer) error {
		return flood(p, append([]byte(fullRecord), noise(1<<14)...))
	}},
	{Name: "endless-message", About: "sends a ServerHello without end", serve: func(p *peer) error {
		return endlessMessage(p, longest)
	}},
	{Name: "endless-messages", About: "sends ServerHellos of 65535 bytes without end", serve: func(p *peer) error {
		return endlessMessage(p, permitted)
	}},
	{Name: "endless-fragments", About: "sends a handshake in records of one byte", serve: func(p *peer) error {
		first := "\x16\x03\x03\x00\x01" + serverHello + "\x16\x03\x03\x00\x03" + longest
		if _, err := p.Write([]byte(first)); err != nil {
			return err
		}
		return flood(p, bytes.Repeat([]byte("\x16\x03\x03\x00\x01\x00"), 1000))
	}},
	{Name: "encrypted-records", About: "sends encrypted records without end before any key is agreed", serve: func(p *peer) error {
		return flood(p, append([]byte("\x17\x03\x03\x40\x11"), noise(1<<14+17)...))
	}},
	{Name: "alert-flood", About: "sends warning alerts without end", serve: func(p *peer) error {
		return flood(p, bytes.Repeat([]byte("\x15\x03\x03\x00\x02\x01\x5a"), 1000))
	}},
	{Name: "empty-records", About: "sends empty handshake records without end", serve: func(p *peer) error {
		return flood(p, bytes.Repeat([]byte("\x16\x03\x03\x00\x00"), 1000))
	}},
	{Name: "change-cipher-spec-flood", About: "sends ChangeCipherSpec records without end", serve: func(p *peer) error {
		return flood(p, bytes.Repeat([]byte("\x14\x03\x03\x00\x01\x01"), 1000))
	}},
	{Name: "refuses-versions", About: "answers every ClientHello with the alert protocol_version", serve: func(p *peer) error {
		return say(p, "\x15\x03\x03\x00\x02\x02\x46")
	}},
	{Name: "half-record", About: "sends half a record and then nothing", serve: func(p *peer) error {
		return say(p, fullRecord+serverHello+permitted)
	}},
	{Name: "slow-tls", About: "performs the TLS handshake one byte a second", serve: func(p *peer) error {
		_, err := transport.ServerTLS(p.endpoint.ctx, slow{p, p}, transport.ServerConfig{Credentials: p.endpoint.credentials})
		return err
	}},
	{Name: "many-certificates", About: "shows 1000 certificates", serve: func(p *peer) error {
		return p.showChain(1000, func(der []byte) []byte { return der })
	}},
	{Name: "many-small-certificates", About: "shows 1000 certificates of two bytes", serve: func(p *peer) error {
		return p.showChain(1000, func([]byte) []byte { return []byte{0x30, 0} })
	}},
	{Name: "large-certificate", About: "shows a certificate of 8 MB", serve: func(p *peer) error {
		return p.showChain(1, func([]byte) []byte { return noise(8 << 20) })
	}},
}

// say sends a text, and then nothing.
func say(p *peer, text string) error {
	if _, err := p.Write([]byte(text)); err != nil {
		return err
	}
	return drain(p)
}

// reset ends the connection with a TCP reset.
func reset(p *peer) error {
	if err := p.SetLinger(0); err != nil {
		return err
	}
	return errDone
}

// noise returns n bytes that are the same in every run and look random.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b) // it never fails
	return b
}

// endlessMessage sends a ServerHello that claims the given length, in full records
// of bytes that begin such a message as well.
func endlessMessage(p *peer, length string) error {
	record := append([]byte(fullRecord+serverHello+length), make([]byte, 1<<14-4)...)
	return flood(p, record)
}

// showChain performs the TLS handshake with n more certificates than a proper
// relay shows.
func (p *peer) showChain(n int, more func(identity []byte) []byte) error {
	config, err := p.tlsConfig()
	if err != nil {
		return err
	}
	own := config.Certificates[0]
	chain := slices.Clone(own.Certificate)
	last := more(chain[len(chain)-1])
	for range n {
		chain = append(chain, last)
	}
	config.Certificates[0].Certificate = chain
	conn := tls.Server(p, config)
	if err := conn.HandshakeContext(p.endpoint.ctx); err != nil {
		return err
	}
	return drain(conn)
}

// tlsConfig is what a relay needs that does not use package transport.
func (p *peer) tlsConfig() (*tls.Config, error) {
	key, ok := p.endpoint.credentials.Key.Ed25519()
	if !ok {
		return nil, fmt.Errorf("a key of %v, expected Ed25519", p.endpoint.credentials.Key.Algorithm())
	}
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{{Certificate: p.endpoint.credentials.Chain, PrivateKey: key}},
		NextProtos:             []string{transport.Protocol},
		SessionTicketsDisabled: true,
	}, nil
}

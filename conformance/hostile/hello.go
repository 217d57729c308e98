package hostile

import (
	"crypto/rand"
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// Handshake messages and alerts for records after the TLS handshake.
const (
	ticket       = "\x04\x00\x00\x0f\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x01\x01\x00\x00"
	keyUpdate    = "\x18\x00\x00\x01\x00"
	userCanceled = "\x01\x5a"
)

// helloBehaviours complete the TLS handshake and have no usable hello.
var helloBehaviours = []Behaviour{
	{Name: "tls-silence", About: "stays silent after the TLS handshake", serve: afterTLS(func(p *peer, s *transport.Secure) error {
		return drain(s)
	})},
	{Name: "tls-close", About: "closes after the TLS handshake", serve: afterTLS(func(p *peer, s *transport.Secure) error {
		return s.Close()
	})},
	{Name: "tls-reset", About: "resets the connection after the TLS handshake", serve: afterTLS(func(p *peer, s *transport.Secure) error {
		return reset(p)
	})},
	{Name: "other-fingerprint", About: "shows another certificate than its address names", stranger: true,
		serve: afterTLS(func(p *peer, s *transport.Secure) error { return drain(s) })},
	{Name: "slow-hello", About: "sends its hello one byte a second", serve: afterTLS(func(p *peer, s *transport.Secure) error {
		block, err := p.hello(s, func(*transport.ServerHello) {})
		if err != nil {
			return err
		}
		_, err = slow{s, p}.Write(block)
		return err
	})},
	{Name: "half-hello", About: "sends half a hello and then nothing", serve: afterTLS(func(p *peer, s *transport.Secure) error {
		block, err := p.hello(s, func(*transport.ServerHello) {})
		if err != nil {
			return err
		}
		return sayBytes(s, block[:len(block)/2])
	})},
	{Name: "hello-length", About: "sends a hello that claims 65535 bytes", serve: afterTLS(func(p *peer, s *transport.Secure) error {
		block, err := p.hello(s, func(*transport.ServerHello) {})
		if err != nil {
			return err
		}
		binary.BigEndian.PutUint16(block, math.MaxUint16)
		return sayBytes(s, block)
	})},
	{Name: "zeros", About: "sends blocks of zeros without end", serve: afterTLS(func(p *peer, s *transport.Secure) error {
		return flood(s, make([]byte, transport.BlockSize))
	})},
	{Name: "noise", About: "sends blocks of random bytes without end", serve: afterTLS(func(p *peer, s *transport.Secure) error {
		return flood(s, noise(transport.BlockSize))
	})},
	{Name: "versions-0", About: "offers SMP version 0", serve: greeting(versions(0, 0))},
	{Name: "versions-21-30", About: "offers SMP versions 21 to 30", serve: greeting(versions(21, 30))},
	{Name: "versions-9-6", About: "offers SMP versions 9 to 6", serve: greeting(versions(9, 6))},
	{Name: "data-records-empty", About: "sends empty records of application data without end", serve: recordFlood(applicationRecord, "", false)},
	{Name: "tickets", About: "sends session tickets without end", serve: recordFlood(handshakeRecord, ticket, false)},
	{Name: "key-updates", About: "changes the keys of TLS without end", serve: recordFlood(handshakeRecord, keyUpdate, true)},
	{Name: "post-handshake-message", About: "sends a handshake message without end after the TLS handshake",
		serve: recordFlood(handshakeRecord, "\x04"+permitted+strings.Repeat("\x00", 1<<14-4), false)},
	{Name: "protected-alerts", About: "sends warning alerts without end after the TLS handshake", serve: recordFlood(alertRecord, userCanceled, false)},
}

// afterTLS performs the TLS handshake of a proper relay first.
func afterTLS(serve func(*peer, *transport.Secure) error) func(*peer) error {
	return func(p *peer) error {
		s, err := p.tls()
		if err != nil {
			return err
		}
		return serve(p, s)
	}
}

// sayBytes sends bytes inside TLS, and then nothing.
func sayBytes(s *transport.Secure, b []byte) error {
	if _, err := s.Write(b); err != nil {
		return err
	}
	return drain(s)
}

// hello is the block of a proper hello, changed by change.
func (p *peer) hello(s *transport.Secure, change func(*transport.ServerHello)) ([]byte, error) {
	key, err := keys.Generate(keys.X25519, rand.Reader)
	if err != nil {
		return nil, err
	}
	own := p.endpoint.credentials
	signed, err := keys.SignKey(key.Public(), own.Key)
	if err != nil {
		return nil, err
	}
	h := transport.ServerHello{
		Versions:  wire.Versions(smp.MinVersion, smp.MaxVersion),
		SessionID: slices.Clone(s.SessionID()),
		Chain:     own.Chain,
		SignedKey: signed,
	}
	change(&h)
	content, err := h.Encode()
	if err != nil {
		return nil, err
	}
	return wire.Pad(nil, content, transport.BlockSize)
}

// greeting sends a changed hello, and then nothing.
func greeting(change func(*transport.ServerHello)) func(*peer) error {
	return afterTLS(func(p *peer, s *transport.Secure) error {
		block, err := p.hello(s, change)
		if err != nil {
			return err
		}
		return sayBytes(s, block)
	})
}

func versions(low, high uint16) func(*transport.ServerHello) {
	return func(h *transport.ServerHello) { h.Versions = wire.Versions(low, high) }
}

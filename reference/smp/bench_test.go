package smp_test

import (
	"crypto/rand"
	"testing"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

const benchVersion = smp.MaxVersion

// A sendEncoder builds the content of a block with one SEND in buffers that it
// keeps.
type sendEncoder struct {
	command, content []byte
	t                smp.Transmission
}

func newSendEncoder() *sendEncoder {
	return &sendEncoder{t: smp.Transmission{Authorization: make([]byte, box.AuthenticatorSize),
		CorrelationID: correlationID, EntityID: entityID}}
}

func (e *sendEncoder) encode(body []byte) (_ []byte, err error) {
	e.command, err = smp.AppendCommand(e.command[:0], benchVersion, smp.SEND{Notify: true, Body: body})
	if err != nil {
		return nil, err
	}
	e.t.Command = e.command
	e.content, err = e.t.AppendBlock(e.content[:0], benchVersion)
	return e.content, err
}

func BenchmarkEncodeSENDBlock(b *testing.B) {
	body, e := make([]byte, smp.MaxMessageLength(benchVersion)), newSendEncoder()
	b.SetBytes(smp.BlockSize)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.encode(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeSENDBlock(b *testing.B) {
	content, err := newSendEncoder().encode(make([]byte, smp.MaxMessageLength(benchVersion)))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(smp.BlockSize)
	b.ReportAllocs()
	for b.Loop() {
		if r := smp.DecodeCommands(benchVersion, sessionID, content); r[0].Err != nil {
			b.Fatal(r[0].Err)
		}
	}
}

var benchAlgorithms = []keys.Algorithm{keys.X25519, keys.Ed25519, keys.Ed448}

func benchKeys(b *testing.B, alg keys.Algorithm) (key, session keys.PrivateKey, t *smp.Transmission) {
	b.Helper()
	var err error
	if key, err = keys.Generate(alg, rand.Reader); err != nil {
		b.Fatal(err)
	}
	if session, err = keys.Generate(keys.X25519, rand.Reader); err != nil {
		b.Fatal(err)
	}
	body := make([]byte, smp.MaxMessageLength(benchVersion))
	if t, err = smp.CommandTransmission(benchVersion, sessionID, correlationID, entityID, smp.SEND{Body: body}); err != nil {
		b.Fatal(err)
	}
	return key, session, t
}

func BenchmarkAuthorizeSEND(b *testing.B) {
	for _, alg := range benchAlgorithms {
		b.Run(alg.String(), func(b *testing.B) {
			key, session, t := benchKeys(b, alg)
			a, err := smp.NewAuthorizer(key, session.Public())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := t.Authorize(sessionID, a); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerifySEND(b *testing.B) {
	for _, alg := range benchAlgorithms {
		b.Run(alg.String(), func(b *testing.B) {
			key, session, t := benchKeys(b, alg)
			a, err := smp.NewAuthorizer(key, session.Public())
			if err != nil {
				b.Fatal(err)
			}
			if err := t.Authorize(sessionID, a); err != nil {
				b.Fatal(err)
			}
			v := smp.Verifier{SessionID: sessionID, SessionKey: session}
			b.ReportAllocs()
			for b.Loop() {
				if !v.Verify(t, key.Public()) {
					b.Fatal("not verified")
				}
			}
		})
	}
}

// BenchmarkVerifySENDAgreed is BenchmarkVerifySEND/X25519 for a key that was agreed with
// before.
func BenchmarkVerifySENDAgreed(b *testing.B) {
	key, session, t := benchKeys(b, keys.X25519)
	a, err := smp.NewAuthorizer(key, session.Public())
	if err != nil {
		b.Fatal(err)
	}
	if err := t.Authorize(sessionID, a); err != nil {
		b.Fatal(err)
	}
	v := smp.Verifier{SessionID: sessionID, SessionKey: session, Agreed: smp.NewAgreements(1)}
	b.ReportAllocs()
	for b.Loop() {
		if !v.Verify(t, key.Public()) {
			b.Fatal("not verified")
		}
	}
}

package smp_test

import (
	"bytes"
	"testing"

	"github.com/google/gofuzz"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/fill"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// FuzzAuthorization: a transmission that was authorized is so by its key and session alone, and
// not after a change of any byte; any other bytes are no authorization. What is remembered of
// key agreements changes no answer.
func FuzzAuthorization(f *testing.F) {
	f.Add([]byte("seed"), uint8(0), uint16(0), []byte(nil))
	f.Add([]byte("other"), uint8(1), uint16(30), make([]byte, 80))
	f.Add([]byte("third"), uint8(7), uint16(300), make([]byte, 64))
	f.Add([]byte("fourth"), uint8(7), uint16(300), make([]byte, 114))
	session := testKey(f, keys.X25519, 9)
	other := testKey(f, keys.Ed25519, 8).Public()
	f.Fuzz(func(t *testing.T, data []byte, xor uint8, at uint16, foreign []byte) {
		filler := fill.Valid(data, smp.MaxVersion, func(k *keys.PrivateKey, c fuzz.Continue) {
			*k = fill.PrivateKey(c, keys.X25519, keys.Ed25519)
		})
		key, tr := fill.Value[keys.PrivateKey](filler), filler.Transmission()
		tr.ServiceSignature = nil
		a, err := smp.NewAuthorizer(key, session.Public())
		if err != nil {
			t.Fatal(err)
		}
		if err := tr.Authorize([]byte("session"), a); err != nil {
			t.Fatal(err)
		}
		for _, agreed := range []*smp.Agreements{nil, smp.NewAgreements(1)} {
			v := smp.Verifier{SessionID: []byte("session"), SessionKey: session, Agreed: agreed}
			for range 2 {
				if !v.Verify(&tr, other, key.Public()) || v.Verify(&tr, other) || v.Verify(&tr) {
					t.Fatalf("%v decides otherwise about %#v", key.Public(), tr)
				}
			}
			elsewhere := v
			elsewhere.SessionID = []byte("sessioN")
			if elsewhere.Verify(&tr, key.Public()) {
				t.Fatal("authorized in another session")
			}
			changed := tr
			changed.Authorization = foreign
			valid := bytes.Equal(foreign, tr.Authorization)
			bound.Check(t, len(foreign)+len(tr.Command), func() {
				if v.Verify(&changed, key.Public()) != valid {
					t.Fatalf("%x authorizes", foreign)
				}
			})
			if xor != 0 {
				changed = altered(tr, int(at), xor)
				if v.Verify(&changed, key.Public()) {
					t.Fatalf("%#v is authorized, %#v was", changed, tr)
				}
			}
		}
	})
}

// altered returns a transmission in which one byte of the authorization, of an id or of the
// command is another one.
func altered(tr smp.Transmission, at int, xor uint8) smp.Transmission {
	parts := []*[]byte{&tr.Authorization, &tr.CorrelationID, &tr.EntityID, &tr.Command}
	size := 0
	for _, p := range parts {
		size += len(*p)
	}
	at %= size // the authorization is not empty
	for _, p := range parts {
		if at < len(*p) {
			*p = bytes.Clone(*p)
			(*p)[at] ^= xor
			break
		}
		at -= len(*p)
	}
	return tr
}

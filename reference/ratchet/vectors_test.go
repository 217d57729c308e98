package ratchet_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
	"smpcheck/vectors"
)

// Forms that the known answers of the official implementation share.

type dhPair struct {
	Private, Public vectors.Hex
	PublicDER       vectors.Hex `json:"public_der"`
}

func (p dhPair) key(t *testing.T) keys.PrivateKey {
	t.Helper()
	k := dhKey(t, p.Private)
	require.Equal(t, []byte(p.Public), k.Public().Raw())
	require.Equal(t, []byte(p.PublicDER), k.Public().SPKI())
	return k
}

func dhKey(t *testing.T, raw []byte) keys.PrivateKey {
	t.Helper()
	k, err := keys.NewPrivate(keys.X448, raw)
	require.NoError(t, err)
	return k
}

type kemPair struct{ Public, Secret vectors.Hex }

func (p kemPair) pair() ratchet.KEMKeyPair {
	return ratchet.KEMKeyPair{Public: p.Public, Secret: ratchet.Secret(p.Secret)}
}

type kemAccepted struct {
	Ciphertext     vectors.Hex
	ReceivedPublic vectors.Hex `json:"received_public"`
	Shared         ratchet.Key
}

// initial are the keys of both sides before the key agreement.
type initial struct {
	Version       uint16 `json:"e2e_version"`
	KEM           string
	KEMCiphertext vectors.Hex  `json:"kem_ciphertext"`
	KEMShared     *ratchet.Key `json:"kem_shared"`
	RcvKEM        *kemPair     `json:"rcv_kem"`
	RcvKey1       dhPair       `json:"rcv_key1"`
	RcvKey2       dhPair       `json:"rcv_key2"`
	SndKEM        *kemPair     `json:"snd_kem"`
	SndKey1       dhPair       `json:"snd_key1"`
	SndKey2       dhPair       `json:"snd_key2"`
	SndRatchetKey dhPair       `json:"snd_ratchet_key"`
}

func (in initial) receiver(t *testing.T) ratchet.PrivateParameters {
	t.Helper()
	p := ratchet.PrivateParameters{Key1: in.RcvKey1.key(t), Key2: in.RcvKey2.key(t)}
	if in.RcvKEM != nil {
		p.KEM = &ratchet.KEM{Self: in.RcvKEM.pair()}
	}
	return p
}

func (in initial) sender(t *testing.T) ratchet.PrivateParameters {
	t.Helper()
	p := ratchet.PrivateParameters{Key1: in.SndKey1.key(t), Key2: in.SndKey2.key(t)}
	if in.SndKEM != nil {
		p.KEM = &ratchet.KEM{Self: in.SndKEM.pair()}
	}
	if in.KEMCiphertext != nil {
		p.KEM.Accepted = &ratchet.KEMAccepted{
			ReceivedPublic: in.RcvKEM.Public, Shared: *in.KEMShared, Ciphertext: in.KEMCiphertext,
		}
	}
	return p
}

// script is a source of keys that were made before. What it has not got fails
// the test.
type script struct {
	t    *testing.T
	dh   []keys.PrivateKey
	kem  []ratchet.KEMKeyPair
	sent []kemAccepted
}

func (s *script) NewDH() (keys.PrivateKey, error) {
	require.NotEmpty(s.t, s.dh, "a DH key that the record does not have")
	k := s.dh[0]
	s.dh = s.dh[1:]
	return k, nil
}

func (s *script) NewKEM() (ratchet.KEMKeyPair, error) {
	require.NotEmpty(s.t, s.kem, "a KEM key that the record does not have")
	k := s.kem[0]
	s.kem = s.kem[1:]
	return k, nil
}

func (s *script) Encapsulate(public []byte) ([]byte, ratchet.Key, error) {
	require.NotEmpty(s.t, s.sent, "an encapsulation that the record does not have")
	a := s.sent[0]
	s.sent = s.sent[1:]
	require.Equal(s.t, []byte(a.ReceivedPublic), public)
	return a.Ciphertext, a.Shared, nil
}

// stepKeys are the keys that a ratchet step made, which are in the state after
// it.
func stepKeys(t *testing.T, state vectors.Value) *script {
	t.Helper()
	var after struct {
		DHSelf vectors.Hex `json:"dh_self_private"`
		KEM    *struct {
			Self     kemPair
			Accepted *kemAccepted
		}
	}
	require.NoError(t, json.Unmarshal(state, &after))
	s := &script{t: t, dh: []keys.PrivateKey{dhKey(t, after.DHSelf)}}
	if after.KEM != nil {
		s.kem = []ratchet.KEMKeyPair{after.KEM.Self.pair()}
		if after.KEM.Accepted != nil {
			s.sent = []kemAccepted{*after.KEM.Accepted}
		}
	}
	return s
}

// requireState compares a state, all but its skipped keys, with a recorded one.
func requireState(t *testing.T, want vectors.Value, got ratchet.State, id string) {
	t.Helper()
	var w, g map[string]any
	require.NoError(t, json.Unmarshal(want, &w), id)
	text, err := json.Marshal(got)
	require.NoError(t, err, id)
	require.NoError(t, json.Unmarshal(text, &g), id)
	g["dh_self_public"] = vectors.Hex(got.DHSelf.Public().Raw()).String()
	delete(g, "skipped")
	require.Equal(t, w, g, id)

	var restored ratchet.State
	require.NoError(t, json.Unmarshal(text, &restored), id)
	require.Equal(t, encoded(t, got), encoded(t, restored), id)
}

func encoded(t require.TestingT, s ratchet.State) string {
	text, err := json.Marshal(s)
	require.NoError(t, err)
	return string(text)
}

// requireSkipped compares the skipped keys of a state with recorded ones, in
// whatever order.
func requireSkipped(t *testing.T, want []skippedKey, got ratchet.State, id string) {
	t.Helper()
	all := []skippedKey{}
	for _, c := range got.Skipped {
		for _, k := range c.Keys {
			// a short string each: key and IV
			b := append([]byte{32}, k.MessageKey.Key[:]...)
			b = append(append(b, 16), k.MessageKey.IV[:]...)
			all = append(all, skippedKey{HeaderKey: c.HeaderKey[:], MessageKeyIV: b, MessageNumber: k.Number})
		}
	}
	require.ElementsMatch(t, want, all, id)
}

type skippedKey struct {
	HeaderKey     vectors.Hex `json:"header_key"`
	MessageKeyIV  vectors.Hex `json:"message_key_iv"`
	MessageNumber uint32      `json:"message_number"`
}

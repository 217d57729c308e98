package ratchet_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// group returns the tests of a group of x3dh, at least as many as there were
// when this was written.
func group(t *testing.T, name string, atLeast int) []vectors.Test {
	t.Helper()
	f, err := vectors.Load("x3dh")
	require.NoError(t, err)
	g, ok := f.Group(name)
	require.True(t, ok, name)
	require.GreaterOrEqual(t, len(g.Tests), atLeast)
	return g.Tests
}

type x3dhInit struct {
	AD               vectors.Hex
	KEMAccepted      *kemAccepted `json:"kem_accepted"`
	RatchetKey       ratchet.Key  `json:"ratchet_key"`
	RcvNextHeaderKey ratchet.Key  `json:"rcv_next_header_key"`
	SndHeaderKey     ratchet.Key  `json:"snd_header_key"`
}

func (want x3dhInit) requireEqual(t *testing.T, got ratchet.Agreement, id string) {
	t.Helper()
	require.Equal(t, []byte(want.AD), got.AssociatedData, id)
	require.True(t, want.RatchetKey == got.RootKey, "%s: root key", id)
	require.True(t, want.SndHeaderKey == got.HeaderKey, "%s: header key", id)
	require.True(t, want.RcvNextHeaderKey == got.NextHeaderKey, "%s: next header key", id)
	if want.KEMAccepted == nil {
		require.True(t, got.KEM == nil || got.KEM.Accepted == nil, id)
		return
	}
	require.NotNil(t, got.KEM, id)
	require.NotNil(t, got.KEM.Accepted, id)
	require.Equal(t, []byte(want.KEMAccepted.Ciphertext), got.KEM.Accepted.Ciphertext, id)
	require.Equal(t, []byte(want.KEMAccepted.ReceivedPublic), got.KEM.Accepted.ReceivedPublic, id)
	require.True(t, want.KEMAccepted.Shared == got.KEM.Accepted.Shared, "%s: shared secret", id)
}

func TestOracleX3DH(t *testing.T) {
	t.Parallel()
	for _, test := range group(t, "x3dh", 10) {
		var in struct{ Params initial }
		var out struct {
			InitRcv      x3dhInit      `json:"init_rcv"`
			InitSnd      x3dhInit      `json:"init_snd"`
			RatchetRcv   vectors.Value `json:"ratchet_rcv"`
			RatchetSnd   vectors.Value `json:"ratchet_snd"`
			RcvParams    vectors.Hex   `json:"rcv_params"`
			RcvParamsURI string        `json:"rcv_params_uri"`
			SndParams    vectors.Hex   `json:"snd_params"`
		}
		require.NoError(t, test.Inputs.Decode(&in), test.ID)
		require.NoError(t, test.Output.Decode(&out), test.ID)
		receiver, sender := in.Params.receiver(t), in.Params.sender(t)

		toSender := requireParameters(t, out.RcvParams, receiver.Public(in.Params.Version), test.ID)
		toReceiver := requireParameters(t, out.SndParams, sender.Public(in.Params.Version), test.ID)
		require.NoError(t, toSender.RequireProposal(), test.ID)

		a, err := ratchet.X3DHSender(sender, toSender)
		require.NoError(t, err, test.ID)
		out.InitSnd.requireEqual(t, a, test.ID)
		b, err := ratchet.X3DHReceiver(receiver, toReceiver)
		require.NoError(t, err, test.ID)
		out.InitRcv.requireEqual(t, b, test.ID)

		snd, rcv := start(t, in.Params, out.RatchetSnd, out.RatchetRcv, test.ID)
		requireState(t, out.RatchetSnd, snd, test.ID)
		requireState(t, out.RatchetRcv, rcv, test.ID)
	}
}

// start makes the ratchets of both sides. The highest versions and PQ support
// of the record are only in its states.
func start(t *testing.T, in initial, snd, rcv vectors.Value, id string) (sender, receiver ratchet.State) {
	t.Helper()
	var s, r struct {
		MaxVersion uint16 `json:"max_version"`
		SupportKEM bool   `json:"support_kem"`
	}
	require.NoError(t, json.Unmarshal(snd, &s), id)
	require.NoError(t, json.Unmarshal(rcv, &r), id)
	source := &script{t: t, dh: []keys.PrivateKey{in.SndRatchetKey.key(t)}}
	sender, err := ratchet.InitSender(source, in.sender(t), in.receiver(t).Public(in.Version), s.MaxVersion)
	require.NoError(t, err, id)
	receiver, err = ratchet.InitReceiver(in.receiver(t), in.sender(t).Public(in.Version), r.MaxVersion, r.SupportKEM)
	require.NoError(t, err, id)
	return sender, receiver
}

// requireParameters compares parameters with their recorded encoding, which it
// decodes.
func requireParameters(t *testing.T, want vectors.Hex, p ratchet.Parameters, id string) ratchet.Parameters {
	t.Helper()
	b, err := p.Encode()
	require.NoError(t, err, id)
	require.Equal(t, want.String(), vectors.Hex(b).String(), id)
	decoded, err := ratchet.DecodeParameters(want)
	require.NoError(t, err, id)
	require.Equal(t, p.Key1, decoded.Key1, id)
	require.Equal(t, p.Key2, decoded.Key2, id)
	require.True(t, p.KEM.Equal(decoded.KEM), id)
	return decoded
}

func TestOracleKDF(t *testing.T) {
	t.Parallel()
	ran := map[string]int{}
	for _, test := range group(t, "kdf", 7) {
		switch {
		case strings.HasPrefix(test.ID, "kdf/root/"):
			requireRootKDF(t, test)
			ran["root"]++
		case strings.HasPrefix(test.ID, "kdf/chain/"):
			requireChainKDF(t, test)
			ran["chain"]++
		default:
			t.Errorf("%s: nothing runs it", test.ID)
		}
	}
	require.GreaterOrEqual(t, ran["root"], 4)
	require.GreaterOrEqual(t, ran["chain"], 3)
}

func requireRootKDF(t *testing.T, test vectors.Test) {
	t.Helper()
	type derived struct {
		ChainKey      ratchet.Key `json:"chain_key"`
		KEMUsed       bool        `json:"kem_used"`
		NextHeaderKey ratchet.Key `json:"next_header_key"`
		RootKey       ratchet.Key `json:"root_key"`
	}
	var in struct {
		DHPrivate vectors.Hex `json:"dh_private"`
		DHPublic  vectors.Hex `json:"dh_public"`
		KEMShared ratchet.Key `json:"kem_shared"`
		RootKey   ratchet.Key `json:"root_key"`
	}
	var out struct {
		DH         vectors.Hex
		WithKEM    derived `json:"with_kem"`
		WithoutKEM derived `json:"without_kem"`
	}
	require.NoError(t, test.Inputs.Decode(&in), test.ID)
	require.NoError(t, test.Output.Decode(&out), test.ID)
	public, err := keys.NewPublic(keys.X448, in.DHPublic)
	require.NoError(t, err, test.ID)
	dh, err := dhKey(t, in.DHPrivate).DH(public)
	require.NoError(t, err, test.ID)
	require.Equal(t, []byte(out.DH), dh, test.ID)

	var got derived
	got.RootKey, got.ChainKey, got.NextHeaderKey = ratchet.RootKDF(in.RootKey, dh, nil)
	require.True(t, out.WithoutKEM == got, test.ID)
	got.RootKey, got.ChainKey, got.NextHeaderKey = ratchet.RootKDF(in.RootKey, dh, &in.KEMShared)
	got.KEMUsed = true
	require.True(t, out.WithKEM == got, test.ID)
}

func requireChainKDF(t *testing.T, test vectors.Test) {
	t.Helper()
	var in struct {
		ChainKey ratchet.Key `json:"chain_key"`
	}
	var out struct {
		HeaderIV     ratchet.IV  `json:"header_iv"`
		MessageIV    ratchet.IV  `json:"message_iv"`
		MessageKey   ratchet.Key `json:"message_key"`
		NextChainKey ratchet.Key `json:"next_chain_key"`
	}
	require.NoError(t, test.Inputs.Decode(&in), test.ID)
	require.NoError(t, test.Output.Decode(&out), test.ID)
	next, message, headerIV := ratchet.ChainKDF(in.ChainKey)
	require.True(t, out.NextChainKey == next, test.ID)
	require.True(t, ratchet.MessageKey{Key: out.MessageKey, IV: out.MessageIV} == message, test.ID)
	require.Equal(t, out.HeaderIV, headerIV, test.ID)
}

func TestOracleHeader(t *testing.T) {
	t.Parallel()
	for _, test := range group(t, "header", 4) {
		var in struct {
			CurrentVersion uint16      `json:"current_version"`
			DHPublic       vectors.Hex `json:"dh_public"`
			KEM            vectors.Hex // encoded, without the byte that says it is there
			MaxVersion     uint16      `json:"max_version"`
			Ns, Pn         uint32
			PQSupport      bool `json:"pq_support"`
		}
		var out struct {
			FullLen int `json:"full_len"`
			Header  vectors.Hex
			Len     int
		}
		require.NoError(t, test.Inputs.Decode(&in), test.ID)
		require.NoError(t, test.Output.Decode(&out), test.ID)
		public, err := keys.NewPublic(keys.X448, in.DHPublic)
		require.NoError(t, err, test.ID)
		h := ratchet.Header{MaxVersion: in.MaxVersion, DH: public, KEM: kemParameters(t, in.KEM), PreviousCount: in.Pn, Number: in.Ns}

		got, err := h.Encode(in.CurrentVersion)
		require.NoError(t, err, test.ID)
		require.Equal(t, []byte(out.Header), got, test.ID)
		require.Len(t, got, out.Len, test.ID)
		back, err := ratchet.DecodeHeader(in.CurrentVersion, out.Header)
		require.NoError(t, err, test.ID)
		require.Equal(t, h, back, test.ID)

		// full_len counts a length of one byte at every version
		length := ratchet.PaddedHeaderLength(in.CurrentVersion, in.PQSupport)
		sealed, tag, err := ratchet.Seal(ratchet.Key{}, ratchet.IV{}, nil, got, length)
		require.NoError(t, err, test.ID)
		full, err := ratchet.EncryptedHeader{Version: in.CurrentVersion, Tag: tag, Body: sealed}.Encode()
		require.NoError(t, err, test.ID)
		if in.CurrentVersion >= ratchet.PQVersion {
			out.FullLen++
		}
		require.Len(t, full, out.FullLen, test.ID)
	}
}

// kemParameters decodes KEM parameters that stand alone.
func kemParameters(t *testing.T, b []byte) *ratchet.KEMParameters {
	t.Helper()
	if b == nil {
		return nil
	}
	r := wire.NewReader(b)
	p := new(ratchet.KEMParameters)
	if r.Literal("A") {
		p.Ciphertext = r.Large()
	} else {
		require.True(t, r.Literal("P"))
	}
	p.PublicKey = r.Large()
	require.NoError(t, r.Close())
	return p
}

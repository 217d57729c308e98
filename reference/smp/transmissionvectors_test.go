package smp_test

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

func TestTransmissionVectors(t *testing.T) {
	runVectors(t, "transmissions", map[string]func(*testing.T, *vectors.Test){
		"unsigned":        unsignedTransmission,
		"signed":          signedTransmission,
		"service command": serviceCommand,
		"response":        responseTransmission,
		"batch":           batch,
		"decode":          decodeContent,
	}, nil)
}

// transmissionInputs are what all transmissions have.
type transmissionInputs struct {
	Command       vectors.Hex `json:"command"`
	CorrelationID vectors.Hex `json:"correlation_id"`
	EntityID      vectors.Hex `json:"entity_id"`
	SessionID     vectors.Hex `json:"session_id"`
	Version       uint16      `json:"version"`
}

func (in transmissionInputs) transmission() *smp.Transmission {
	return &smp.Transmission{SessionID: in.SessionID, CorrelationID: in.CorrelationID, EntityID: in.EntityID, Command: in.Command}
}

// inBlock checks the content of a block with one transmission, both ways.
func inBlock(t *testing.T, version uint16, tr *smp.Transmission, want vectors.Hex) {
	t.Helper()
	b, err := tr.Encode(version)
	require.NoError(t, err)
	content, err := smp.EncodeBlock(b)
	require.NoError(t, err)
	require.Equal(t, []byte(want), content)
	content, err = tr.AppendBlock([]byte("before"), version)
	require.NoError(t, err)
	require.Equal(t, "before"+string(want), string(content))
	items, err := smp.DecodeBlock(want)
	require.NoError(t, err)
	require.Len(t, items, 1)
	decoded, err := smp.DecodeTransmission(version, items[0])
	require.NoError(t, err)
	again, err := decoded.Encode(version)
	require.NoError(t, err)
	require.Equal(t, b, again)
}

// toSend is what follows the authorization in a transmission.
func toSend(t *testing.T, version uint16, tr *smp.Transmission) []byte {
	t.Helper()
	bare := *tr
	bare.Authorization, bare.ServiceSignature = nil, nil
	b, err := bare.Encode(version)
	require.NoError(t, err)
	return b[1:]
}

func unsignedTransmission(t *testing.T, v *vectors.Test) {
	var in transmissionInputs
	var want struct {
		Content vectors.Hex `json:"block_content"`
		ToSend  vectors.Hex `json:"to_send"`
	}
	decode(t, v.Inputs, &in)
	decode(t, v.Output, &want)
	tr := in.transmission()
	require.Equal(t, []byte(want.ToSend), toSend(t, in.Version, tr))
	inBlock(t, in.Version, tr, want.Content)
}

func signedTransmission(t *testing.T, v *vectors.Test) {
	switch {
	case strings.Contains(v.ID, "/verify/"):
		verifyAuthorization(t, v)
		return
	case v.Invalid():
		refusedAuthorizer(t, v)
		return
	}
	var in struct {
		transmissionInputs
		Key         vectors.Key  `json:"key"`
		KeyType     string       `json:"key_type"`
		ServerKey   vectors.Key  `json:"server_key"`
		Fingerprint vectors.Hex  `json:"service_cert_fingerprint"`
		ServiceKey  *vectors.Key `json:"service_key"`
	}
	var want struct {
		Authorization vectors.Hex `json:"authorization"`
		Content       vectors.Hex `json:"block_content"`
		ServiceSig    vectors.Hex `json:"service_signature"`
		ServicePart   vectors.Hex `json:"service_signed_part"`
		SignedPart    vectors.Hex `json:"signed_part"`
		ToSend        vectors.Hex `json:"to_send"`
	}
	decode(t, v.Inputs, &in)
	decode(t, v.Output, &want)
	tr := in.transmission()
	require.Equal(t, []byte(want.ToSend), toSend(t, in.Version, tr))

	queueKey, session := private(t, in.Key), private(t, in.ServerKey)
	a, err := smp.NewAuthorizer(queueKey, session.Public())
	require.NoError(t, err)
	verifier := smp.Verifier{SessionID: in.SessionID, SessionKey: session}
	authorized, err := tr.AppendAuthorized(in.Fingerprint, in.SessionID)
	require.NoError(t, err)
	require.Equal(t, []byte(want.SignedPart), authorized)
	if in.ServiceKey == nil {
		require.NoError(t, tr.Authorize(in.SessionID, a))
	} else {
		service := smp.ServiceCredentials{CertFingerprint: [32]byte(in.Fingerprint), Key: private(t, *in.ServiceKey)}
		require.NoError(t, tr.AuthorizeInService(in.SessionID, a, service))
		require.Equal(t, []byte(want.ServicePart), authorized[len(in.Fingerprint):])
		verifier.Service = &smp.ServicePeer{CertFingerprint: service.CertFingerprint, Key: service.Key.Public()}
	}
	require.Equal(t, []byte(want.Authorization), tr.Authorization)
	require.Equal(t, []byte(want.ServiceSig), tr.ServiceSignature)
	inBlock(t, in.Version, tr, want.Content)

	c, err := smp.DecodeCommand(in.Version, in.Command)
	require.NoError(t, err)
	require.Nil(t, verifier.VerifyService(tr, c))
	require.True(t, verifier.Verify(tr, queueKey.Public()))
	other, err := keys.Generate(queueKey.Algorithm(), constant(7))
	require.NoError(t, err)
	require.False(t, verifier.Verify(tr, other.Public()))
	require.True(t, verifier.Verify(tr, other.Public(), queueKey.Public()))
	require.False(t, verifier.Verify(tr))
}

// constant is a source of keys for tests.
type constant byte

func (c constant) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(c)
	}
	return len(b), nil
}

func verifyAuthorization(t *testing.T, v *vectors.Test) {
	var in struct {
		Authorization vectors.Hex `json:"authorization"`
		CorrelationID vectors.Hex `json:"correlation_id"`
		QueueKey      vectors.Hex `json:"queue_key"`
		ServerKey     vectors.Key `json:"server_key"`
		SignedPart    vectors.Hex `json:"signed_part"`
		Version       uint16      `json:"version"`
	}
	decode(t, v.Inputs, &in)
	want := !v.Invalid()
	if !v.Output.IsNull() {
		decode(t, v.Output, &want)
	}
	got := smp.VerifyAuthorization(in.Authorization, in.SignedPart, in.CorrelationID, public(t, in.QueueKey), private(t, in.ServerKey))
	require.Equal(t, want, got)
}

func refusedAuthorizer(t *testing.T, v *vectors.Test) {
	var in struct {
		Key vectors.Key `json:"key"`
	}
	decode(t, v.Inputs, &in)
	_, err := smp.NewAuthorizer(private(t, in.Key), keys.PublicKey{})
	require.ErrorIs(t, err, smp.TransportError(v.Error))
}

func serviceCommand(t *testing.T, v *vectors.Test) {
	var in struct {
		CorrelationID vectors.Hex `json:"correlation_id"`
		EntityID      vectors.Hex `json:"entity_id"`
		ServiceKey    vectors.Key `json:"service_key"`
		SessionID     vectors.Hex `json:"session_id"`
		Version       uint16      `json:"version"`
	}
	var want struct {
		Content    vectors.Hex `json:"block_content"`
		SignedPart vectors.Hex `json:"signed_part"`
	}
	decode(t, v.Inputs, &in)
	decode(t, v.Output, &want)
	c := bareCommands[strings.Split(v.ID, "/")[1]]
	require.NotNil(t, c)
	encoded, err := smp.EncodeCommand(in.Version, c)
	require.NoError(t, err)
	tr := &smp.Transmission{CorrelationID: in.CorrelationID, EntityID: in.EntityID, Command: encoded}
	authorized, err := tr.Authorized(in.SessionID)
	require.NoError(t, err)
	require.Equal(t, []byte(want.SignedPart), authorized)
	key := private(t, in.ServiceKey)
	require.NoError(t, tr.AuthorizeByService(in.SessionID, smp.ServiceCredentials{Key: key}))
	inBlock(t, in.Version, tr, want.Content)
	verifier := smp.Verifier{SessionID: in.SessionID, Service: &smp.ServicePeer{ID: in.EntityID, Key: key.Public()}}
	require.Nil(t, verifier.VerifyService(tr, c))
	verifier.Service = nil
	require.ErrorIs(t, verifier.VerifyService(tr, c), smp.ErrService)
}

func responseTransmission(t *testing.T, v *vectors.Test) {
	var in struct {
		CorrelationID vectors.Hex `json:"correlation_id"`
		EntityID      vectors.Hex `json:"entity_id"`
		Response      vectors.Hex `json:"response"`
		SessionID     vectors.Hex `json:"session_id"`
		Version       uint16      `json:"version"`
	}
	var want vectors.Hex
	decode(t, v.Inputs, &in)
	decode(t, v.Output, &want)
	tr := transmissionInputs{in.Response, in.CorrelationID, in.EntityID, in.SessionID, in.Version}.transmission()
	inBlock(t, in.Version, tr, want)
	received := smp.DecodeResponses(in.Version, in.SessionID, want)
	require.Len(t, received, 1)
	require.NoError(t, received[0].Err)
	again, err := smp.EncodeResponse(in.Version, received[0].Response)
	require.NoError(t, err)
	require.Equal(t, []byte(in.Response), again)
}

func batch(t *testing.T, v *vectors.Test) {
	var in struct {
		Sizes   []int  `json:"sizes"`
		Version uint16 `json:"version"`
	}
	var want []struct {
		First   vectors.Hex `json:"content_first_16"`
		Len     int         `json:"content_len"`
		SHA256  vectors.Hex `json:"content_sha256"`
		Count   int         `json:"count"`
		Indexes []int       `json:"indexes"`
		Error   string      `json:"error"`
	}
	decode(t, v.Inputs, &in)
	decode(t, v.Output, &want)
	var items [][]byte
	for i, size := range in.Sizes {
		items = append(items, append([]byte{0}, bytes.Repeat([]byte{byte('A' + i%26)}, size)...))
	}
	got := smp.Batch(items, smp.EncryptedContent)
	require.Len(t, got, len(want))
	for i, w := range want {
		g := got[i]
		var indexes []int
		for j := range g.Count {
			indexes = append(indexes, g.First+j)
		}
		require.Equalf(t, w.Indexes, indexes, "block %d", i)
		if w.Error != "" {
			require.Equalf(t, w.Error, answer(g.Err), "block %d", i)
			continue
		}
		require.NoErrorf(t, g.Err, "block %d", i)
		require.Equalf(t, w.Len, len(g.Content), "block %d", i)
		require.Equalf(t, w.Count, g.Count, "block %d", i)
		require.Equalf(t, []byte(w.First), g.Content[:min(16, len(g.Content))], "block %d", i)
		sum := sha256.Sum256(g.Content)
		require.Equalf(t, []byte(w.SHA256), sum[:], "block %d", i)
		again, err := smp.DecodeBlock(g.Content)
		require.NoError(t, err)
		require.Equal(t, items[g.First:g.First+g.Count], again)
	}
}

func decodeContent(t *testing.T, v *vectors.Test) {
	var in struct {
		Content   vectors.Hex `json:"content"`
		SessionID vectors.Hex `json:"session_id"`
		Version   uint16      `json:"version"`
	}
	var want []struct {
		Authorized    bool        `json:"authorized"`
		Command       vectors.Hex `json:"command"`
		CorrelationID vectors.Hex `json:"correlation_id"`
		EntityID      vectors.Hex `json:"entity_id"`
		Error         string      `json:"error"`
		Result        string      `json:"result"`
	}
	decode(t, v.Inputs, &in)
	decode(t, v.Output, &want)
	got := smp.DecodeCommands(in.Version, in.SessionID, in.Content)
	require.Len(t, got, len(want))
	for i, w := range want {
		g := got[i]
		require.Equalf(t, string(w.CorrelationID), string(g.Transmission.CorrelationID), "transmission %d", i)
		require.Equalf(t, string(w.EntityID), string(g.Transmission.EntityID), "transmission %d", i)
		if w.Result != "ok" {
			require.Nil(t, g.Command)
			require.Equalf(t, w.Error, answer(g.Err), "transmission %d", i)
			continue
		}
		require.NoErrorf(t, g.Err, "transmission %d", i)
		require.Equalf(t, w.Authorized, len(g.Transmission.Authorization) > 0, "transmission %d", i)
		again, err := smp.EncodeCommand(in.Version, g.Command)
		require.NoError(t, err)
		require.Equalf(t, []byte(w.Command), again, "transmission %d", i)
	}
}

package smp_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

var (
	sessionID     = bytes.Repeat([]byte{'s'}, 32)
	correlationID = bytes.Repeat([]byte{'c'}, smp.CorrelationIDSize)
	entityID      = bytes.Repeat([]byte{'e'}, 24)
)

func TestServiceSignatureFollowsAuthorizationFromVersion16(t *testing.T) {
	auth, sig := strings.Repeat("a", 64), strings.Repeat("b", 64)
	for _, test := range []struct {
		name        string
		version     uint16
		transmitted smp.Transmission
		want        string // up to the correlation id
	}{
		{"no authorization", 16, smp.Transmission{}, "\x00"},
		{"authorization before", 15, smp.Transmission{Authorization: []byte(auth)}, "@" + auth},
		{"authorization", 16, smp.Transmission{Authorization: []byte(auth)}, "@" + auth + "0"},
		{"both", 20, smp.Transmission{Authorization: []byte(auth), ServiceSignature: []byte(sig)}, "@" + auth + "1@" + sig},
	} {
		b, err := test.transmitted.Encode(test.version)
		require.NoError(t, err, test.name)
		require.Equal(t, test.want+"\x00\x00", string(b), test.name)
		decoded, err := smp.DecodeTransmission(test.version, b)
		require.NoError(t, err, test.name)
		again, err := decoded.Encode(test.version)
		require.NoError(t, err, test.name)
		require.Equal(t, b, again, test.name)
	}
	for name, tr := range map[string]smp.Transmission{
		"without authorization": {ServiceSignature: []byte(sig)},
		"of another length":     {Authorization: []byte(auth), ServiceSignature: []byte("b")},
	} {
		_, err := tr.Encode(16)
		require.ErrorIs(t, err, smp.ErrServiceSignature, name)
	}
	_, err := (&smp.Transmission{Authorization: []byte(auth), ServiceSignature: []byte(sig)}).Encode(15)
	require.ErrorIs(t, err, smp.ErrServiceSignature)
	for _, malformed := range []string{"@" + auth + "1\x00", "@" + auth + "1\x72" + strings.Repeat("b", 114), "@" + auth + "2", "@" + auth} {
		_, err := smp.DecodeTransmission(16, []byte(malformed+"\x00\x00"))
		require.ErrorIsf(t, err, smp.ErrBlock, "%q", malformed)
	}
}

func TestSessionIDIsSentAtVersion6Alone(t *testing.T) {
	for v := smp.MinVersion; v <= smp.MaxVersion; v++ {
		tr, err := smp.CommandTransmission(v, sessionID, correlationID, nil, smp.PING{})
		require.NoError(t, err)
		b, err := tr.Encode(v)
		require.NoError(t, err)
		require.Equal(t, v == 6, bytes.Contains(b, sessionID), "version %d", v)
		authorized, err := tr.Authorized(sessionID)
		require.NoError(t, err)
		require.Equal(t, "\x20"+string(sessionID)+"\x18"+string(correlationID)+"\x00PING", string(authorized))
		require.NoError(t, smp.ReceiveCommand(v, sessionID, b).Err)
	}
}

func TestOtherSessionIsAnError(t *testing.T) {
	tr, err := smp.ResponseTransmission(6, sessionID, correlationID, entityID, smp.OK{})
	require.NoError(t, err)
	b, err := tr.Encode(6)
	require.NoError(t, err)
	require.NoError(t, smp.ReceiveResponse(6, sessionID, b).Err)
	response := smp.ReceiveResponse(6, nil, b)
	command := smp.ReceiveCommand(6, nil, b)
	require.ErrorIs(t, response.Err, smp.ErrSession)
	require.ErrorIs(t, command.Err, smp.ErrSession)
	require.ErrorIs(t, command.Err, smp.ErrSessionID)
	require.Equal(t, smp.Transmission{CorrelationID: correlationID}, response.Transmission)
	require.Equal(t, smp.Transmission{CorrelationID: correlationID}, command.Transmission)
}

func TestResponsesAsAClientReceivesThem(t *testing.T) {
	var items [][]byte
	for _, encoded := range []string{"OK", "ERR AUTH", "FOO", "OK x", "PONG"} {
		b, err := (&smp.Transmission{CorrelationID: correlationID, EntityID: entityID, Command: []byte(encoded)}).Encode(20)
		require.NoError(t, err)
		items = append(items, b)
	}
	content, err := smp.EncodeBlock(append(items, []byte{1})...)
	require.NoError(t, err)
	got := smp.DecodeResponses(20, sessionID, content)
	require.Len(t, got, 6)
	require.Equal(t, smp.OK{}, got[0].Response)
	require.Equal(t, smp.ERR{Err: smp.ErrAuth}, got[1].Response)
	for i, want := range map[int]*smp.Error{2: smp.ErrCmdUnknown, 3: smp.ErrCmdSyntax, 4: smp.ErrCmdHasAuth, 5: smp.ErrBlock} {
		require.Nil(t, got[i].Response)
		require.ErrorIs(t, got[i].Err, want)
	}
	require.Equal(t, entityID, got[4].Transmission.EntityID)
	got = smp.DecodeResponses(20, sessionID, nil)
	require.Len(t, got, 1)
	require.ErrorIs(t, got[0].Err, smp.ErrBlock)
	require.ErrorIs(t, got[0].Err, wire.ErrTruncated)
}

func TestPartsThatAreTooLong(t *testing.T) {
	long := make([]byte, 256)
	for _, tr := range []smp.Transmission{{Authorization: long}, {CorrelationID: long}, {EntityID: long}, {SessionID: long}} {
		_, err := tr.Encode(6)
		require.ErrorIs(t, err, wire.ErrTooLong)
	}
	tr := smp.Transmission{EntityID: long}
	a := smp.BoxAuthorizer(box.Key{})
	service := smp.ServiceCredentials{Key: testKey(t, keys.Ed25519, 1)}
	require.ErrorIs(t, tr.Authorize(sessionID, a), wire.ErrTooLong)
	require.ErrorIs(t, tr.AuthorizeInService(sessionID, a, service), wire.ErrTooLong)
	require.ErrorIs(t, tr.AuthorizeByService(sessionID, service), wire.ErrTooLong)
	_, err := smp.CommandTransmission(20, sessionID, correlationID, nil, smp.ACK{MsgID: long})
	require.ErrorIs(t, err, wire.ErrTooLong)
	_, err = smp.ResponseTransmission(20, sessionID, correlationID, nil, smp.MSG{ID: long})
	require.ErrorIs(t, err, wire.ErrTooLong)
	require.False(t, (&smp.Verifier{}).Verify(&tr, testPublic(t, keys.X25519)))
}

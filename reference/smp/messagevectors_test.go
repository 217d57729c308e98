package smp_test

import (
	"crypto/sha256"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

func TestMessageLayerVectors(t *testing.T) {
	runVectors(t, "message_layers", map[string]func(*testing.T, *vectors.Test){
		"rcv":       rcvMessage,
		"nmsg":      nmsgMeta,
		"queue_e2e": queueEnvelope,
		"limits":    limits,
		"proxy":     proxied,
		"sender_id": senderID,
	}, nil)
}

// agreed checks that a secret is that of two key pairs, and makes its box key.
func agreed(t *testing.T, secret vectors.Hex, a, b vectors.Key) *box.Key {
	t.Helper()
	dh, err := private(t, a).DH(private(t, b).Public())
	require.NoError(t, err)
	require.Equal(t, []byte(secret), dh)
	return boxKey(t, secret)
}

type rcvInputs struct {
	Body         vectors.Hex `json:"body"`
	Secret       vectors.Hex `json:"dh_secret"`
	MsgID        vectors.Hex `json:"msg_id"`
	Notification bool        `json:"notification"`
	Recipient    vectors.Key `json:"recipient_dh"`
	Server       vectors.Key `json:"server_dh"`
	Timestamp    int64       `json:"ts"`
	Len          int         `json:"len"`
	Plain        vectors.Hex `json:"plain"`
	Encrypted    vectors.Hex `json:"encrypted"`
}

func rcvMessage(t *testing.T, v *vectors.Test) {
	var in rcvInputs
	decode(t, v.Inputs, &in)
	switch {
	case strings.HasPrefix(v.ID, "rcv/parse/"):
		parseRcvMessage(t, v, in.Plain)
	case v.ID == "rcv/too large":
		_, err := smp.RcvMessage{Body: make([]byte, in.Len)}.Encode()
		require.ErrorIs(t, err, smp.ErrLargeMsg)
	case v.ID == "rcv/nonce of short id":
		var want vectors.Hex
		decode(t, v.Output, &want)
		require.Equal(t, nonce(t, want), smp.CorrelationNonce(in.MsgID))
	case v.Invalid():
		_, err := smp.OpenRcvMessage(smp.MSG{ID: in.MsgID, Body: in.Encrypted}, agreed(t, in.Secret, in.Recipient, in.Server))
		require.ErrorIs(t, err, box.ErrOpen)
	default:
		sealRcvMessage(t, v, in)
	}
}

func sealRcvMessage(t *testing.T, v *vectors.Test, in rcvInputs) {
	var want struct {
		Encrypted vectors.Hex `json:"encrypted"`
		Plain     vectors.Hex `json:"plain"`
	}
	decode(t, v.Output, &want)
	m := smp.RcvMessage{Quota: v.ID == "rcv/quota", Timestamp: in.Timestamp, Notify: in.Notification, Body: in.Body}
	plain, err := m.Encode()
	require.NoError(t, err)
	require.Equal(t, []byte(want.Plain), plain)
	key := agreed(t, in.Secret, in.Recipient, in.Server)
	sealed, err := m.Seal(in.MsgID, key)
	require.NoError(t, err)
	require.Equal(t, []byte(want.Encrypted), sealed)
	opened, err := smp.OpenRcvMessage(smp.MSG{ID: in.MsgID, Body: want.Encrypted}, key)
	require.NoError(t, err)
	require.Equal(t, m, opened)
}

func parseRcvMessage(t *testing.T, v *vectors.Test, plain vectors.Hex) {
	m, err := smp.DecodeRcvMessage(plain)
	if v.Invalid() {
		require.ErrorIs(t, err, smp.ErrRcvMessage)
		return
	}
	require.NoError(t, err)
	var want struct {
		Kind      string      `json:"kind"`
		Timestamp int64       `json:"ts"`
		Flags     vectors.Hex `json:"flags"`
		Body      vectors.Hex `json:"body"`
	}
	decode(t, v.Output, &want)
	require.Equal(t, want.Kind == "quota", m.Quota)
	require.Equal(t, want.Timestamp, m.Timestamp)
	require.Equal(t, string(want.Flags) == "T", m.Notify)
	require.Equal(t, string(want.Body), string(m.Body))
}

func nmsgMeta(t *testing.T, v *vectors.Test) {
	var in struct {
		Secret    vectors.Hex `json:"dh_secret"`
		MsgID     vectors.Hex `json:"msg_id"`
		Nonce     vectors.Hex `json:"nonce"`
		Recipient vectors.Key `json:"recipient_ntf_dh"`
		Server    vectors.Key `json:"server_ntf_dh"`
		Timestamp int64       `json:"ts"`
		Plain     vectors.Hex `json:"plain"`
	}
	var want struct {
		MsgID     vectors.Hex `json:"msg_id"`
		Timestamp int64       `json:"ts"`
		Encrypted vectors.Hex `json:"encrypted"`
		Plain     vectors.Hex `json:"plain"`
	}
	decode(t, v.Inputs, &in)
	decode(t, v.Output, &want)
	if in.Plain != nil {
		m, err := smp.DecodeNMsgMeta(in.Plain)
		if v.Invalid() {
			require.ErrorIs(t, err, smp.ErrRcvMessage)
			return
		}
		require.NoError(t, err)
		require.Equal(t, smp.NMsgMeta{MessageID: want.MsgID, Timestamp: want.Timestamp}, m)
		return
	}
	m := smp.NMsgMeta{MessageID: in.MsgID, Timestamp: in.Timestamp}
	plain, err := m.Encode()
	require.NoError(t, err)
	require.Equal(t, []byte(want.Plain), plain)
	key := agreed(t, in.Secret, in.Recipient, in.Server)
	sealed, err := m.Seal(nonce(t, in.Nonce), key)
	require.NoError(t, err)
	require.Equal(t, []byte(want.Encrypted), sealed.Meta)
	opened, err := smp.OpenNMsgMeta(sealed, key)
	require.NoError(t, err)
	require.Equal(t, m, opened)
}

type envelopeInputs struct {
	Body      vectors.Hex `json:"body"`
	Version   uint16      `json:"client_version"`
	Secret    vectors.Hex `json:"dh_secret"`
	KeySent   bool        `json:"e2e_key_in_header"`
	Nonce     vectors.Hex `json:"nonce"`
	PaddedLen int         `json:"padded_len"`
	Recipient vectors.Key `json:"recipient_e2e"`
	AuthKey   vectors.Hex `json:"sender_auth_key"`
	Sender    vectors.Key `json:"sender_e2e"`
	Plain     vectors.Hex `json:"plain"`
	Envelope  vectors.Hex `json:"envelope"`
}

func queueEnvelope(t *testing.T, v *vectors.Test) {
	var in envelopeInputs
	decode(t, v.Inputs, &in)
	switch {
	case strings.HasPrefix(v.ID, "queue_e2e/parse/"):
		parseClientMessage(t, v, in.Plain)
	case strings.HasPrefix(v.ID, "queue_e2e/envelope parse/"):
		parseEnvelope(t, v, in.Envelope)
	default:
		sealEnvelope(t, v, in)
	}
}

func parseClientMessage(t *testing.T, v *vectors.Test, plain vectors.Hex) {
	m, err := smp.DecodeClientMessage(plain)
	if v.Invalid() {
		require.ErrorIs(t, err, smp.ErrEnvelope)
		return
	}
	require.NoError(t, err)
	var want struct {
		Body   vectors.Hex `json:"body"`
		Header vectors.Hex `json:"header"`
	}
	decode(t, v.Output, &want)
	require.Equal(t, string(want.Body), string(m.Body))
	again, err := m.Encode()
	require.NoError(t, err)
	require.Equal(t, string(want.Header)+string(want.Body), string(again))
}

func parseEnvelope(t *testing.T, v *vectors.Test, envelope vectors.Hex) {
	e, err := smp.DecodeEnvelope(envelope)
	if v.Invalid() {
		require.ErrorIs(t, err, smp.ErrEnvelope)
		return
	}
	require.NoError(t, err)
	var want struct {
		Body   vectors.Hex `json:"body"`
		Header vectors.Hex `json:"header"`
		Nonce  vectors.Hex `json:"nonce"`
	}
	decode(t, v.Output, &want)
	require.Equal(t, nonce(t, want.Nonce), e.Nonce)
	require.Equal(t, string(want.Body), string(e.Body))
	again, err := e.Encode()
	require.NoError(t, err)
	require.Equal(t, string(want.Header)+string(want.Nonce)+string(want.Body), string(again))
}

func sealEnvelope(t *testing.T, v *vectors.Test, in envelopeInputs) {
	var want struct {
		ClientMessage vectors.Hex `json:"client_message"`
		Envelope      vectors.Hex `json:"envelope"`
		Len           int         `json:"envelope_len"`
		SHA256        vectors.Hex `json:"envelope_sha256"`
	}
	decode(t, v.Output, &want)
	m := smp.ClientMessage{Body: in.Body}
	if in.AuthKey != nil {
		m.SenderKey = public(t, in.AuthKey)
	}
	plain, err := m.Encode()
	require.NoError(t, err)
	require.Equal(t, []byte(want.ClientMessage), plain)
	e := smp.Envelope{Version: in.Version, Nonce: nonce(t, in.Nonce)}
	padded := smp.PaddedClientMessage
	if in.KeySent {
		e.DHKey, padded = private(t, in.Sender).Public(), smp.PaddedConfirmation
	}
	require.Equal(t, in.PaddedLen, padded)
	key := agreed(t, in.Secret, in.Sender, in.Recipient)
	require.NoError(t, e.Seal(m, key))
	b, err := e.Encode()
	require.NoError(t, err)
	requireSum(t, want.SHA256, b)
	require.Len(t, b, want.Len)
	if want.Envelope != nil {
		require.Equal(t, []byte(want.Envelope), b)
	}
	received, err := smp.DecodeEnvelope(b)
	require.NoError(t, err)
	opened, err := received.Open(key)
	require.NoError(t, err)
	require.Equal(t, m, opened)
}

func requireSum(t *testing.T, want vectors.Hex, b []byte) {
	t.Helper()
	sum := sha256.Sum256(b)
	require.Equal(t, []byte(want), sum[:])
}

func limits(t *testing.T, v *vectors.Test) {
	var want struct {
		Block        int            `json:"block"`
		Confirmation int            `json:"e2e_confirmation"`
		Message      int            `json:"e2e_message"`
		Max          map[uint16]int `json:"max_message_length"`
		Proxied      int            `json:"padded_proxied_transmission"`
	}
	require.NoError(t, json.Unmarshal(v.Output, &want))
	require.Equal(t, want.Block, smp.BlockSize)
	require.Equal(t, want.Confirmation, smp.PaddedConfirmation)
	require.Equal(t, want.Message, smp.PaddedClientMessage)
	require.Equal(t, want.Proxied, smp.PaddedForwarded)
	for version, n := range want.Max {
		require.Equal(t, n, smp.MaxMessageLength(version), "version %d", version)
	}
}

func senderID(t *testing.T, v *vectors.Test) {
	var in struct {
		CorrelationID vectors.Hex `json:"correlation_id"`
	}
	var want vectors.Hex
	decode(t, v.Inputs, &in)
	decode(t, v.Output, &want)
	require.Equal(t, []byte(want), smp.SenderID(in.CorrelationID))
}

type proxyInputs struct {
	CommandKey      vectors.Key  `json:"client_command_key"`
	CorrelationID   vectors.Hex  `json:"client_correlation_id"`
	Command         vectors.Hex  `json:"command"`
	CommandSecret   vectors.Hex  `json:"command_secret"`
	EntityID        vectors.Hex  `json:"entity_id"`
	ProxyCorrID     vectors.Hex  `json:"proxy_correlation_id"`
	ProxyKey        vectors.Key  `json:"proxy_session_key"`
	RelaySessionID  vectors.Hex  `json:"relay_session_id"`
	RelaySessionKey vectors.Key  `json:"relay_session_key"`
	Response        vectors.Hex  `json:"response"`
	SenderKey       *vectors.Key `json:"sender_auth_key"`
	SessionSecret   vectors.Hex  `json:"session_secret"`
	Version         uint16       `json:"version"`
}

type proxyOutput struct {
	Batch               vectors.Hex `json:"batch"`
	EncResponse         vectors.Hex `json:"enc_response"`
	EncTransmission     vectors.Hex `json:"enc_transmission"`
	ForwardedSHA        vectors.Hex `json:"fwd_transmission_sha256"`
	PFWDSHA             vectors.Hex `json:"pfwd_command_sha256"`
	PRESSHA             vectors.Hex `json:"pres_sha256"`
	ResponseBatch       vectors.Hex `json:"response_batch"`
	ResponseNonceClient vectors.Hex `json:"response_nonce_client"`
	ResponseNonceProxy  vectors.Hex `json:"response_nonce_proxy"`
	RFWD                vectors.Hex `json:"rfwd_command"`
	RFWDSHA             vectors.Hex `json:"rfwd_command_sha256"`
	RRES                vectors.Hex `json:"rres"`
	RRESSHA             vectors.Hex `json:"rres_sha256"`
	SignedPart          vectors.Hex `json:"signed_part"`
}

// proxied follows a command from the client through the proxy to the relay, and
// the response back.
func proxied(t *testing.T, v *vectors.Test) {
	var in proxyInputs
	var want proxyOutput
	decode(t, v.Inputs, &in)
	decode(t, v.Output, &want)
	commandKey := agreed(t, in.CommandSecret, in.CommandKey, in.RelaySessionKey)
	sessionKey := agreed(t, in.SessionSecret, in.ProxyKey, in.RelaySessionKey)
	clientNonce, proxyNonce := nonce(t, in.CorrelationID), nonce(t, in.ProxyCorrID)

	tr := &smp.Transmission{CorrelationID: in.CorrelationID, EntityID: in.EntityID, Command: in.Command}
	signed, err := tr.Authorized(in.RelaySessionID)
	require.NoError(t, err)
	require.Equal(t, []byte(want.SignedPart), signed)
	if in.SenderKey != nil {
		a, err := smp.NewAuthorizer(private(t, *in.SenderKey), private(t, in.RelaySessionKey).Public())
		require.NoError(t, err)
		require.NoError(t, tr.Authorize(in.RelaySessionID, a))
	}
	inBlock(t, in.Version, tr, want.Batch)
	sealed, err := box.SealPadded(nil, want.Batch, smp.PaddedForwarded, &clientNonce, commandKey)
	require.NoError(t, err)
	require.Equal(t, []byte(want.EncTransmission), sealed)

	client := private(t, in.CommandKey).Public()
	pfwd := encoded(t, in.Version, smp.PFWD{Version: in.Version, Key: client, Body: sealed})
	requireSum(t, want.PFWDSHA, pfwd)
	forwarded, err := smp.ForwardedCommand{CorrelationID: in.CorrelationID, Version: in.Version, Key: client, Body: sealed}.Encode()
	require.NoError(t, err)
	requireSum(t, want.ForwardedSHA, forwarded)
	rfwd := encoded(t, in.Version, smp.RFWD{Body: box.Seal(nil, forwarded, &proxyNonce, sessionKey)})
	requireSum(t, want.RFWDSHA, rfwd)
	if want.RFWD != nil {
		require.Equal(t, []byte(want.RFWD), rfwd)
	}
	atRelay(t, in, rfwd, sessionKey, tr)

	response := &smp.Transmission{CorrelationID: in.CorrelationID, EntityID: in.EntityID, Command: in.Response}
	inBlock(t, in.Version, response, want.ResponseBatch)
	responseNonce := clientNonce.Reverse()
	require.Equal(t, nonce(t, want.ResponseNonceClient), responseNonce)
	sealed, err = box.SealPadded(nil, want.ResponseBatch, smp.PaddedForwarded, &responseNonce, commandKey)
	require.NoError(t, err)
	require.Equal(t, []byte(want.EncResponse), sealed)
	back, err := smp.ForwardedResponse{CorrelationID: in.CorrelationID, Body: sealed}.Encode()
	require.NoError(t, err)
	proxyResponseNonce := proxyNonce.Reverse()
	require.Equal(t, nonce(t, want.ResponseNonceProxy), proxyResponseNonce)
	rres, err := smp.EncodeResponse(in.Version, smp.RRES{Body: box.Seal(nil, back, &proxyResponseNonce, sessionKey)})
	require.NoError(t, err)
	requireSum(t, want.RRESSHA, rres)
	if want.RRES != nil {
		require.Equal(t, []byte(want.RRES), rres)
	}
	atClient(t, in, rres, sessionKey, want)
}

func encoded(t *testing.T, version uint16, c smp.Command) []byte {
	t.Helper()
	b, err := smp.EncodeCommand(version, c)
	require.NoError(t, err)
	return b
}

// atRelay opens both layers of RFWD and verifies the command inside.
func atRelay(t *testing.T, in proxyInputs, rfwd []byte, sessionKey *box.Key, sent *smp.Transmission) {
	t.Helper()
	c, err := smp.DecodeCommand(in.Version, rfwd)
	require.NoError(t, err)
	proxyNonce := nonce(t, in.ProxyCorrID)
	opened, err := box.Open(nil, c.(smp.RFWD).Body, &proxyNonce, sessionKey)
	require.NoError(t, err)
	f, err := smp.DecodeForwardedCommand(opened)
	require.NoError(t, err)
	relayKey := private(t, in.RelaySessionKey)
	commandKey, err := box.Agree(relayKey, f.Key)
	require.NoError(t, err)
	clientNonce := smp.CorrelationNonce(f.CorrelationID)
	content, err := box.OpenPadded(f.Body, &clientNonce, &commandKey)
	require.NoError(t, err)
	received := smp.DecodeCommands(f.Version, in.RelaySessionID, content)
	require.Len(t, received, 1)
	require.NoError(t, received[0].Err)
	require.Equal(t, string(sent.Authorization), string(received[0].Transmission.Authorization))
	verifier := smp.Verifier{SessionID: in.RelaySessionID, SessionKey: relayKey}
	queueKey := keys.PublicKey{}
	if in.SenderKey != nil {
		queueKey = private(t, *in.SenderKey).Public()
	}
	require.Equal(t, in.SenderKey != nil, verifier.Verify(&received[0].Transmission, queueKey))
}

// atClient takes the response through proxy and client.
func atClient(t *testing.T, in proxyInputs, rres []byte, sessionKey *box.Key, want proxyOutput) {
	t.Helper()
	c, err := smp.DecodeResponse(in.Version, rres)
	require.NoError(t, err)
	proxyNonce := nonce(t, in.ProxyCorrID).Reverse()
	opened, err := box.Open(nil, c.(smp.RRES).Body, &proxyNonce, sessionKey)
	require.NoError(t, err)
	f, err := smp.DecodeForwardedResponse(opened)
	require.NoError(t, err)
	require.Equal(t, []byte(in.CorrelationID), f.CorrelationID)
	pres, err := smp.EncodeResponse(in.Version, smp.PRES{Body: f.Body})
	require.NoError(t, err)
	requireSum(t, want.PRESSHA, pres)
	commandKey := boxKey(t, in.CommandSecret)
	clientNonce := nonce(t, in.CorrelationID).Reverse()
	content, err := box.OpenPadded(f.Body, &clientNonce, commandKey)
	require.NoError(t, err)
	received := smp.DecodeResponses(in.Version, in.RelaySessionID, content)
	require.Len(t, received, 1)
	require.NoError(t, received[0].Err)
}

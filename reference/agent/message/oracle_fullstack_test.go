package message_test

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/vectors"
)

// fullStack is one message on its way down to a block. The state of the ratchet is not
// part of the record: what the ratchet made of the agent message is taken from the output.
type fullStack struct {
	AgentVersion     uint16      `json:"agentVersion"`
	Body             string      `json:"agent_message_body"`
	BlockSecret      vectors.Hex `json:"block_dhSecret"`
	BlockSessionID   vectors.Hex `json:"block_sessionId"`
	CorrelationID    vectors.Hex `json:"corrId"`
	QueueSecret      vectors.Hex `json:"queue_dh"`
	QueueNonce       vectors.Hex `json:"queue_nonce"`
	RatchetPadded    int         `json:"ratchet_padded"`
	RatchetSession   string      `json:"ratchet_session"`
	ServerKey        vectors.Hex `json:"serverPub"`
	SessionID        vectors.Hex `json:"session"`
	SMPClientVersion uint16      `json:"smpClientVersion"`
	SenderID         vectors.Hex `json:"sndId"`
	MessageID        int64       `json:"sndMsgId"`
	SenderKey        vectors.Hex `json:"sndPriv"`
}

type fullStackOutput struct {
	AgentMessage        vectors.Hex `json:"agentMessage"`
	Authorizer          vectors.Hex
	BatchLength         int         `json:"batch_len"`
	BatchSHA256         vectors.Hex `json:"batch_sha256"`
	Block               vectors.Hex
	ClientMessageLength int         `json:"clientMessage_len"`
	ClientEnvelope      vectors.Hex `json:"clientMsgEnvelope"`
	EnvelopeLength      int         `json:"envelope_len"`
	Ratchet             vectors.Hex `json:"ratchetCiphertext"`
	SendCommandLength   int         `json:"sendCommand_len"`
}

// The records are made at an SMP version from 16 on, all of which give the same bytes.
const fullStackVersion = 18

func TestOracleFullStack(t *testing.T) {
	t.Parallel()
	f, err := vectors.Load("ts_crosschecked")
	require.NoError(t, err)
	g, ok := f.Group("fullstack")
	require.True(t, ok)
	require.GreaterOrEqual(t, len(g.Tests), 2)
	for _, test := range g.Tests {
		var in struct {
			File string
			In   fullStack
		}
		var out fullStackOutput
		require.NoError(t, test.Inputs.Decode(&in), test.ID)
		require.NoError(t, test.Output.Decode(&out), test.ID)
		in.In.run(t, test.ID, out)
	}
}

func (in fullStack) run(t *testing.T, id string, out fullStackOutput) {
	t.Helper()
	encoded, err := message.EncodeMessage(message.AgentMessage{
		Header: message.Header{ID: in.MessageID}, Body: message.A_MSG{Body: []byte(in.Body)},
	})
	require.NoError(t, err, id)
	require.Equal(t, []byte(out.AgentMessage), encoded, id)
	pq := in.RatchetPadded == message.PaddedMessage(in.AgentVersion, true)
	require.Equal(t, in.RatchetPadded, message.PaddedMessage(in.AgentVersion, pq), id)

	envelope := message.Envelope{Version: in.AgentVersion, Content: message.AgentMsgEnvelope{Encrypted: out.Ratchet}}
	body, err := envelope.Encode()
	require.NoError(t, err, id)
	require.Len(t, body, out.EnvelopeLength, id)

	queue := in.queueEnvelope(t, id, body, out)
	encodedBlock := in.block(t, id, queue, out)
	require.Equal(t, []byte(out.Block), encodedBlock, id)
}

// queueEnvelope encrypts body for the queue, checks the result, and opens it again.
func (in fullStack) queueEnvelope(t *testing.T, id string, body []byte, out fullStackOutput) []byte {
	t.Helper()
	client := smp.ClientMessage{Body: body}
	plain, err := client.Encode()
	require.NoError(t, err, id)
	require.Len(t, plain, out.ClientMessageLength, id)
	key, err := box.DeriveKey(in.QueueSecret)
	require.NoError(t, err, id)
	nonce, err := box.NonceFrom(in.QueueNonce)
	require.NoError(t, err, id)
	e := smp.Envelope{Version: in.SMPClientVersion, Nonce: nonce}
	require.NoError(t, e.Seal(client, &key), id)
	encoded, err := e.Encode()
	require.NoError(t, err, id)
	require.Equal(t, []byte(out.ClientEnvelope), encoded, id)

	received, err := smp.DecodeEnvelope(encoded)
	require.NoError(t, err, id)
	opened, err := received.Open(&key)
	require.NoError(t, err, id)
	again, err := message.DecodeEnvelope(opened.Body)
	require.NoError(t, err, id)
	require.Equal(t, message.AgentMsgEnvelope{Encrypted: out.Ratchet}, again.Content, id)
	return encoded
}

// block sends body as an authorized SEND in a block of its own.
func (in fullStack) block(t *testing.T, id string, body []byte, out fullStackOutput) []byte {
	t.Helper()
	send := smp.SEND{Notify: true, Body: body}
	command, err := smp.EncodeCommand(fullStackVersion, send)
	require.NoError(t, err, id)
	require.Len(t, command, out.SendCommandLength, id)
	transmission, err := smp.CommandTransmission(fullStackVersion, in.SessionID, in.CorrelationID, in.SenderID, send)
	require.NoError(t, err, id)
	senderKey, err := keys.NewPrivate(keys.X25519, in.SenderKey)
	require.NoError(t, err, id)
	serverKey, err := keys.NewPublic(keys.X25519, in.ServerKey)
	require.NoError(t, err, id)
	authorizer, err := smp.NewAuthorizer(senderKey, serverKey)
	require.NoError(t, err, id)
	require.NoError(t, transmission.Authorize(in.SessionID, authorizer), id)
	require.Equal(t, []byte(out.Authorizer), transmission.Authorization, id)
	batch, err := transmission.AppendBlock(nil, fullStackVersion)
	require.NoError(t, err, id)
	require.Len(t, batch, out.BatchLength, id)
	sum := sha256.Sum256(batch)
	require.Equal(t, []byte(out.BatchSHA256), sum[:], id)
	sealer, _, err := transport.ClientBlocks(in.BlockSecret, in.BlockSessionID)
	require.NoError(t, err, id)
	block, err := sealer.Seal(nil, batch)
	require.NoError(t, err, id)
	return block
}

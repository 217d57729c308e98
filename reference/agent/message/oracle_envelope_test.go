package message_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/vectors"
)

// envelopeInputs describe an envelope; Key1 and Key2 stand in E2EParams too.
type envelopeInputs struct {
	Kind            string
	Version         uint16      `json:"agent_version"`
	E2EParams       vectors.Hex `json:"e2e_params"`
	Key1, Key2      vectors.Hex
	EncConnInfo     vectors.Hex `json:"enc_conn_info"`
	EncAgentMessage vectors.Hex `json:"enc_agent_message"`
	Request         string      `json:"connection_request"`
	ConnInfo        vectors.Hex `json:"conn_info"`
	Info            vectors.Hex
}

// parameters returns the ratchet parameters of the inputs, nil if there are none.
func (in envelopeInputs) parameters(t *testing.T, id string) *ratchet.Parameters {
	t.Helper()
	if in.E2EParams == nil {
		return nil
	}
	p, err := ratchet.DecodeParameters(in.E2EParams)
	require.NoError(t, err, id)
	requireKeys(t, id, p, in.Key1, in.Key2)
	return &p
}

// requireKeys compares the keys of p with two SubjectPublicKeyInfo.
func requireKeys(t *testing.T, id string, p ratchet.Parameters, spki1, spki2 []byte) {
	t.Helper()
	key1, err := keys.ParsePublic(spki1)
	require.NoError(t, err, id)
	key2, err := keys.ParsePublic(spki2)
	require.NoError(t, err, id)
	require.Equal(t, key1, p.Key1, id)
	require.Equal(t, key2, p.Key2, id)
}

func (in envelopeInputs) value(t *testing.T, id string) message.Envelope {
	t.Helper()
	e := message.Envelope{Version: in.Version}
	switch in.Kind {
	case "C":
		e.Content = message.AgentConfirmation{Parameters: in.parameters(t, id), Encrypted: in.EncConnInfo}
	case "M":
		e.Content = message.AgentMsgEnvelope{Encrypted: in.EncAgentMessage}
	case "I":
		request, err := link.ParseConnection(in.Request)
		require.NoError(t, err, id)
		e.Content = message.AgentInvitation{Request: request, Info: in.ConnInfo}
	case "R":
		parameters := in.parameters(t, id)
		require.NotNil(t, parameters, id)
		e.Content = message.AgentRatchetKey{Parameters: *parameters, Info: in.Info}
	default:
		require.Fail(t, "no such envelope", id)
	}
	return e
}

func TestOracleEnvelopes(t *testing.T) {
	t.Parallel()
	ran := map[string]int{}
	for _, test := range group(t, "envelope", 34) {
		if strings.HasPrefix(test.ID, "envelope/parse/") {
			oracleParseEnvelope(t, test)
			ran["parse"]++
			continue
		}
		require.False(t, test.Invalid(), test.ID)
		var in envelopeInputs
		require.NoError(t, test.Inputs.Decode(&in))
		want := output(t, test)
		e := in.value(t, test.ID)
		got, err := e.Encode()
		require.NoError(t, err, test.ID)
		require.Equal(t, hex.EncodeToString(want), hex.EncodeToString(got), test.ID)
		decoded, err := message.DecodeEnvelope(want)
		require.NoError(t, err, test.ID)
		require.Equal(t, e, decoded, test.ID)
		ran[in.Kind]++
	}
	for kind, n := range map[string]int{"parse": 7, "C": 13, "M": 2, "I": 2, "R": 10} {
		assert.GreaterOrEqual(t, ran[kind], n, kind)
	}
}

func oracleParseEnvelope(t *testing.T, test vectors.Test) {
	t.Helper()
	var in struct{ Bytes vectors.Hex }
	require.NoError(t, test.Inputs.Decode(&in))
	e, err := message.DecodeEnvelope(in.Bytes)
	if test.Invalid() {
		require.ErrorIs(t, err, message.ErrEnvelope, test.ID)
		require.Zero(t, e, test.ID)
		return
	}
	require.NoError(t, err, test.ID)
	got, err := e.Encode()
	require.NoError(t, err, test.ID)
	require.Equal(t, hex.EncodeToString(output(t, test)), hex.EncodeToString(got), test.ID)
}

// The parameters stand in a confirmation, and in a ratchet key unless they accept a KEM
// key.
func TestOracleParametersInEnvelopes(t *testing.T) {
	t.Parallel()
	for _, test := range group(t, "e2e params", 3) {
		var in struct{ Key1, Key2 vectors.Hex }
		require.NoError(t, test.Inputs.Decode(&in))
		want := output(t, test)
		tail := []byte("tail")

		confirmation, err := message.DecodeEnvelope(join([]byte{0, 7, 'C', '1'}, want, tail))
		require.NoError(t, err, test.ID)
		content := confirmation.Content.(message.AgentConfirmation)
		require.Equal(t, tail, content.Encrypted, test.ID)
		requireKeys(t, test.ID, *content.Parameters, in.Key1, in.Key2)
		encoded, err := content.Parameters.Encode()
		require.NoError(t, err, test.ID)
		require.Equal(t, hex.EncodeToString(want), hex.EncodeToString(encoded), test.ID)

		key, err := message.DecodeEnvelope(join([]byte{0, 7, 'R'}, want, tail))
		again := message.Envelope{Version: 7, Content: message.AgentRatchetKey{Parameters: *content.Parameters, Info: tail}}
		_, encodeErr := again.Encode()
		if content.Parameters.RequireProposal() != nil {
			require.ErrorIs(t, err, ratchet.ErrKEMState, test.ID)
			require.ErrorIs(t, encodeErr, ratchet.ErrKEMState, test.ID)
			continue
		}
		require.NoError(t, err, test.ID)
		require.NoError(t, encodeErr, test.ID)
		require.Equal(t, again, key, test.ID)
	}
}

func join(parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

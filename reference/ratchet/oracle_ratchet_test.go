package ratchet_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/ratchet"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// step is one operation of a recorded conversation.
type step struct {
	Op, Who, ID, Note string
	Message           vectors.Hex
	Plaintext         vectors.Hex
	PaddedLen         int `json:"padded_len"`
	PQ                *bool
	Count             int
	Error             string
	StateUnchanged    bool          `json:"state_unchanged"`
	StateAdvanced     bool          `json:"state_advanced"`
	StateAfter        vectors.Value `json:"state_after"`
	SkippedAfter      []skippedKey  `json:"skipped_after"`
}

// officialErrors are the errors of the official library by the start of their
// names.
var officialErrors = map[string]error{
	"AESDecryptError":           ratchet.ErrBody,
	"CERatchetDuplicateMessage": ratchet.ErrDuplicate,
	"CERatchetEarlierMessage":   ratchet.ErrEarlier,
	"CERatchetHeader":           ratchet.ErrHeader,
	"CERatchetKEMState":         ratchet.ErrKEMState,
	"CERatchetState":            ratchet.ErrNoSendingChain,
	"CERatchetTooManySkipped":   ratchet.ErrTooManySkipped,
	"CryptoHeaderError":         ratchet.ErrEncoding,
	"CryptoLargeMsgError":       wire.ErrPadTooLong,
}

// requireOfficial checks that err is the official error of a name.
func requireOfficial(t *testing.T, name string, err error, id string) {
	t.Helper()
	require.Error(t, err, id)
	first, _, _ := strings.Cut(name, " ")
	want, known := officialErrors[first]
	require.True(t, known, "%s: unknown error %s", id, name)
	require.ErrorIs(t, err, want, id)
}

// Every conversation, step by step: the bytes of each message, what it decrypts
// to, and the state after each step, on both sides.
func TestOracleConversations(t *testing.T) {
	t.Parallel()
	f, err := vectors.Load("ratchet")
	require.NoError(t, err)
	tests, steps := 0, 0
	for _, test := range f.All() {
		tests++
		var in struct{ Initial initial }
		var out struct {
			InitialRcv vectors.Value `json:"initial_state_rcv"`
			InitialSnd vectors.Value `json:"initial_state_snd"`
			Steps      []step
		}
		require.NoError(t, test.Inputs.Decode(&in), test.ID)
		require.NoError(t, test.Output.Decode(&out), test.ID)
		snd, rcv := start(t, in.Initial, out.InitialSnd, out.InitialRcv, test.ID)
		requireState(t, out.InitialSnd, snd, test.ID)
		requireState(t, out.InitialRcv, rcv, test.ID)
		sides := map[string]*ratchet.State{"snd": &snd, "rcv": &rcv}
		for i, s := range out.Steps {
			steps++
			id := strings.Join([]string{test.ID, s.Who, s.Op, s.ID, s.Note}, " ")
			side := sides[s.Who]
			require.NotNil(t, side, "%s: step %d", id, i)
			*side = s.run(t, *side, id)
		}
	}
	require.GreaterOrEqual(t, tests, 16)
	require.GreaterOrEqual(t, steps, 232)
}

// run does the step and returns the state with which the official library goes
// on.
func (s step) run(t *testing.T, state ratchet.State, id string) (after ratchet.State) {
	t.Helper()
	before := encoded(t, state)
	switch s.Op {
	case "encrypt":
		after = s.encrypt(t, state, id)
	case "encrypt_and_drop":
		after = state
		for range s.Count {
			_, next, err := after.EncryptHeader(ratchet.Options{})
			require.NoError(t, err, id)
			after = next
		}
	case "decrypt":
		after = s.decrypt(t, state, id)
	default:
		t.Fatalf("%s: unknown operation", id)
	}
	require.Equal(t, before, encoded(t, state), "%s: the state before is a value", id)
	if s.StateAfter.IsNull() {
		require.Equal(t, before, encoded(t, after), id)
		return after
	}
	requireState(t, s.StateAfter, after, id)
	requireSkipped(t, s.SkippedAfter, after, id)
	return after
}

func (s step) encrypt(t *testing.T, state ratchet.State, id string) ratchet.State {
	t.Helper()
	var o ratchet.Options
	if s.PQ != nil {
		o.PQ = map[bool]ratchet.PQEncryption{true: ratchet.PQOn, false: ratchet.PQOff}[*s.PQ]
	}
	message, next, err := state.Encrypt(s.Plaintext, s.PaddedLen, o)
	if s.Error != "" {
		requireOfficial(t, s.Error, err, id)
		return next
	}
	require.NoError(t, err, id)
	require.Equal(t, s.Message.String(), vectors.Hex(message).String(), id)
	m, err := ratchet.DecodeMessage(s.Message)
	require.NoError(t, err, id)
	again, err := m.Encode()
	require.NoError(t, err, id)
	require.Equal(t, []byte(s.Message), again, id)
	return next
}

func (s step) decrypt(t *testing.T, state ratchet.State, id string) ratchet.State {
	t.Helper()
	source := ratchet.NewKeys(rand.Reader)
	if !s.StateAfter.IsNull() {
		source = stepKeys(t, s.StateAfter)
	}
	content, next, err := state.Decrypt(source, s.Message)
	if s.Error == "" {
		require.NoError(t, err, id)
		require.Equal(t, []byte(s.Plaintext), content, id)
		return next
	}
	requireOfficial(t, s.Error, err, id)
	require.Equal(t, encoded(t, state), encoded(t, next), "%s: a failure changes nothing", id)
	var behind *ratchet.MessageError
	if errors.As(err, &behind) {
		require.False(t, s.StateUnchanged, id)
		require.Equal(t, s.StateAdvanced, encoded(t, state) != encoded(t, behind.Official), id)
		return behind.Official
	}
	require.True(t, s.StateUnchanged, id)
	return next
}

package relay_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

// recordedIDs are the ids that the relay of a recording made, in their order.
type recordedIDs map[relay.IDKind][][]byte

func (r recordedIDs) add(kind relay.IDKind, id []byte) { r[kind] = append(r[kind], id) }

func (r recordedIDs) next(_ *relay.Session, _ *relay.Request, kind relay.IDKind) ([]byte, error) {
	if len(r[kind]) == 0 {
		return nil, fmt.Errorf("more ids of kind %d than in the recording", kind)
	}
	id := r[kind][0]
	r[kind] = r[kind][1:]
	return id, nil
}

// replay is a recording of clients with one relay.
type replay struct {
	ids     recordedIDs
	answers map[string]smp.Response // by correlation id
	blocks  []vectors.Block         // of the clients, without hellos
	version uint16
}

func loadReplay(t *testing.T, name string) *replay {
	t.Helper()
	recording, err := vectors.LoadRecording(name)
	require.NoError(t, err)
	r := &replay{ids: recordedIDs{}, answers: map[string]smp.Response{}, version: recording.Connections[0].Version}
	chosen := map[string]bool{} // the sender ids that clients chose
	for _, b := range recording.Blocks {
		switch {
		case b.Index == 0: // a hello
		case b.Sender == "client":
			r.blocks = append(r.blocks, b)
			for _, command := range smp.DecodeCommands(r.version, nil, b.Content) {
				require.NoError(t, command.Err)
				chosen[string(smp.SenderID(command.Transmission.CorrelationID))] = true
			}
		default:
			for _, answer := range smp.DecodeResponses(r.version, nil, b.Content) {
				require.NoError(t, answer.Err)
				r.answered(answer, chosen)
			}
		}
	}
	return r
}

func (r *replay) answered(answer smp.ReceivedResponse, chosen map[string]bool) {
	r.answers[string(answer.Transmission.CorrelationID)] = answer.Response
	switch c := answer.Response.(type) {
	case smp.IDS:
		r.ids.add(relay.RecipientID, c.RecipientID)
		if !chosen[string(c.SenderID)] {
			r.ids.add(relay.SenderID, c.SenderID)
		}
	case smp.MSG:
		r.ids.add(relay.MessageID, c.ID)
	}
}

// TestRecordedLinkSession sends what official clients sent to an official relay – NEW
// with link data, LGET, LSET, LDEL, and the messages between – and gets its answers.
func TestRecordedLinkSession(t *testing.T) {
	t.Parallel()
	r := loadReplay(t, "contact-link-v18")
	e := replaced(t, func(s *relay.Stages) {
		s.NewID = r.ids.next
		// The authorizations were made for other sessions.
		s.Verify = func(_ *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			return !key.IsZero() && len(r.Transmission.Authorization) > 0
		}
	})
	clients := map[string]*client{}
	for _, b := range r.blocks {
		c := clients[b.Connection]
		if c == nil {
			c = connect(t, e, r.version)
			clients[b.Connection] = c
		}
		c.writeContent(b.Content)
		for range smp.DecodeCommands(r.version, nil, b.Content) {
			got := c.next()
			for len(got.Transmission.CorrelationID) == 0 {
				require.IsType(t, smp.MSG{}, got.Response, "block %d", b.Number)
				got = c.next()
			}
			want, ok := r.answers[string(got.Transmission.CorrelationID)]
			require.True(t, ok, "block %d", b.Number)
			require.Equal(t, withoutKey(want), withoutKey(got.Response), "block %d", b.Number)
		}
	}
	require.Len(t, clients, 2)
	for kind, left := range r.ids {
		require.Empty(t, left, "ids of kind %d", kind)
	}
}

// withoutKey leaves out what is new in every run.
func withoutKey(r smp.Response) smp.Response {
	if ids, ok := r.(smp.IDS); ok {
		ids.ServerDHKey = keys.PublicKey{}
		return ids
	}
	return r
}

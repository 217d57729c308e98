package relay_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

// event is what a relay sends by itself: what kind of thing, about what.
type event struct{ tag, entity string }

// notifierReplay is what three connections, of a recipient, a notifier and a sender,
// did with an official relay.
type notifierReplay struct {
	replay
	events map[string][]event // by connection
}

func loadNotifierReplay(t *testing.T, name string) *notifierReplay {
	t.Helper()
	recording, err := vectors.LoadRecording(name)
	require.NoError(t, err)
	r := &notifierReplay{
		replay: replay{ids: recordedIDs{}, answers: map[string]smp.Response{}, version: recording.Connections[0].Version},
		events: map[string][]event{},
	}
	for _, b := range recording.Blocks {
		switch {
		case b.Connection == "c4": // other recipients and services
			return r
		case b.Index == 0: // a hello
		case b.Sender == "client":
			r.blocks = append(r.blocks, b)
		default:
			for _, answer := range smp.DecodeResponses(r.version, nil, b.Content) {
				require.NoError(t, answer.Err)
				r.came(b.Connection, answer)
			}
		}
	}
	return r
}

func (r *notifierReplay) came(connection string, answer smp.ReceivedResponse) {
	r.answered(answer, nil)
	switch c := answer.Response.(type) {
	case smp.IDS:
		if c.Notifier != nil {
			r.ids.add(relay.NotifierID, c.Notifier.NotifierID)
		}
	case smp.NID:
		r.ids.add(relay.NotifierID, c.NotifierID)
	}
	if len(answer.Transmission.CorrelationID) == 0 {
		r.events[connection] = append(r.events[connection], eventOf(answer))
	}
}

func eventOf(r smp.ReceivedResponse) event {
	return event{r.Response.Tag(), string(r.Transmission.EntityID)}
}

// TestRecordedNotifierSession sends what official clients sent to an official relay
// and gets its answers and its events; and at the end the one about NDEL, which came
// later there.
func TestRecordedNotifierSession(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"raw-v9", "raw-v18"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := loadNotifierReplay(t, name)
			e := replaced(t, func(s *relay.Stages) {
				s.NewID = r.ids.next
				// The authorizations were made for other sessions.
				s.Verify = func(_ *relay.Session, r *relay.Request, key keys.PublicKey) bool {
					return !key.IsZero() && len(r.Transmission.Authorization) > 0
				}
			})
			clients := map[string]*client{}
			got := map[string][]event{}
			for _, b := range r.blocks {
				c := clients[b.Connection]
				if c == nil {
					c = connect(t, e, r.version)
					clients[b.Connection] = c
				}
				c.writeContent(b.Content)
				for range smp.DecodeCommands(r.version, nil, b.Content) {
					answer := c.next()
					for len(answer.Transmission.CorrelationID) == 0 {
						got[b.Connection] = append(got[b.Connection], eventOf(answer))
						answer = c.next()
					}
					want, ok := r.answers[string(answer.Transmission.CorrelationID)]
					require.True(t, ok, "block %d", b.Number)
					require.Equal(t, timeless(want), timeless(answer.Response), "block %d", b.Number)
				}
			}
			for name, c := range clients {
				for len(got[name]) < len(r.events[name]) {
					got[name] = append(got[name], eventOf(c.next()))
				}
				require.Equal(t, r.events[name], got[name], "events of %s", name)
			}
			last := r.events["c2"][len(r.events["c2"])-1]
			require.Equal(t, "NMSG", last.tag)
			require.Equal(t, clients["c2"].deletedEvent(), clients["c2"].event([]byte(last.entity)))
			for _, c := range clients {
				c.quiet()
			}
			for kind, left := range r.ids {
				require.Empty(t, left, "ids of kind %d", kind)
			}
		})
	}
}

// timeless leaves out what is new in every run.
func timeless(r smp.Response) smp.Response {
	switch r := r.(type) {
	case smp.IDS:
		r.ServerDHKey = keys.PublicKey{}
		if r.Notifier != nil {
			r.Notifier = &smp.NotifierCredentials{NotifierID: r.Notifier.NotifierID}
		}
		return r
	case smp.NID:
		r.ServerDHKey = keys.PublicKey{}
		return r
	case smp.MSG:
		r.Body = nil
		return r
	case smp.INFO:
		if r.Queue.Message != nil {
			message := *r.Queue.Message
			message.Time = time.Time{}
			r.Queue.Message = &message
		}
		return r
	}
	return r
}

package client_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

// recordedNotifications are the notifications of official relays in a recording, with
// what the recipient knew of them and of their queues.
type recordedNotifications struct {
	t         *testing.T
	private   map[keys.PublicKey]keys.PrivateKey
	news      map[string]smp.NEW
	notifiers map[string]client.Notifier // by notifier id
	queues    map[string]client.Queue    // by recipient id
	requests  map[string]smp.NotifierKeys
	announced []smp.NMsgMeta
	delivered map[string]int64 // time by message id
}

// The notifications in recordings of official programs open with what a client makes
// of NID and IDS, and announce the messages that were delivered.
func TestOfficialNotifications(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"raw-v9", "raw-v18"} {
		r, err := vectors.LoadRecording(name)
		require.NoError(t, err)
		n := recordedNotifications{
			t: t, private: map[keys.PublicKey]keys.PrivateKey{}, news: map[string]smp.NEW{}, notifiers: map[string]client.Notifier{},
			queues: map[string]client.Queue{}, requests: map[string]smp.NotifierKeys{}, delivered: map[string]int64{},
		}
		for _, note := range r.Notes {
			if note.Private == nil {
				continue
			}
			key, err := keys.ParsePrivate(note.Private)
			require.NoError(t, err)
			n.private[key.Public()] = key
		}
		for _, b := range r.Blocks {
			c, ok := r.Connection(b.Connection)
			require.True(t, ok)
			switch {
			case b.Index == 0:
			case b.Sender == "client":
				for _, command := range smp.DecodeCommands(c.Version, c.SessionID, b.Content) {
					n.sent(command)
				}
			default:
				for _, answer := range smp.DecodeResponses(c.Version, c.SessionID, b.Content) {
					n.came(answer)
				}
			}
		}
		require.Len(t, n.notifiers, 2, name)
		require.GreaterOrEqual(t, len(n.announced), 4, name)
		for _, meta := range n.announced {
			require.Equal(t, n.delivered[string(meta.MessageID)], meta.Timestamp, name)
		}
	}
}

func (n *recordedNotifications) sent(c smp.ReceivedCommand) {
	id := string(c.Transmission.CorrelationID)
	switch command := c.Command.(type) {
	case smp.NEW:
		n.news[id] = command
		if command.Notifier != nil {
			n.requests[id] = *command.Notifier
		}
	case smp.NKEY:
		n.requests[id] = command.NotifierKeys
	}
}

func (n *recordedNotifications) came(answer smp.ReceivedResponse) {
	id, entity := answer.Transmission.CorrelationID, answer.Transmission.EntityID
	switch response := answer.Response.(type) {
	case smp.IDS:
		q, err := client.NewQueue(response, n.private[n.news[string(id)].AuthKey], n.private[n.news[string(id)].DHKey])
		require.NoError(n.t, err)
		n.queues[string(response.RecipientID)] = q
		if response.Notifier != nil {
			n.enabled(*response.Notifier, n.requests[string(id)])
		}
	case smp.NID:
		n.enabled(response.NotifierCredentials, n.requests[string(id)])
	case smp.NMSG:
		meta, err := n.notifiers[string(entity)].Decrypt(response)
		require.NoError(n.t, err)
		n.announced = append(n.announced, meta)
	case smp.MSG:
		content, err := n.queues[string(entity)].Decrypt(response)
		require.NoError(n.t, err)
		n.delivered[string(response.ID)] = content.Timestamp
	}
}

func (n *recordedNotifications) enabled(c smp.NotifierCredentials, k smp.NotifierKeys) {
	notifier, err := client.NewNotifier(c, n.private[k.AuthKey], n.private[k.DHKey])
	require.NoError(n.t, err)
	n.notifiers[string(c.NotifierID)] = notifier
}

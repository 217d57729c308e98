package relay_test

import (
	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// notifierIDs makes a relay tell which ids of notifiers it makes, and take some again.
type notifierIDs struct{ made, again chan []byte }

func newNotifierIDs() *notifierIDs {
	return &notifierIDs{made: make(chan []byte, 100), again: make(chan []byte, 100)}
}

// use is for start.
func (n *notifierIDs) use(c *relay.Config) {
	newID := relay.DefaultStages().NewID
	c.Stages.NewID = func(s *relay.Session, r *relay.Request, kind relay.IDKind) ([]byte, error) {
		if kind != relay.NotifierID {
			return newID(s, r, kind)
		}
		select {
		case id := <-n.again:
			return id, nil
		default:
		}
		id, err := newID(s, r, kind)
		n.made <- id
		return id, err
	}
}

// createNotified makes a queue that has its notifier from the start.
func (c *client) createNotified() *notified {
	c.t.Helper()
	public, key, dh := c.newNotifierKeys(keys.Ed25519)
	rcvKey, rcvDH := newKey(c.t, keys.Ed25519), newKey(c.t, keys.X25519)
	got := c.do(rcvKey, nil, smp.NEW{AuthKey: rcvKey.Public(), DHKey: rcvDH.Public(), Notifier: &public})
	require.IsType(c.t, smp.IDS{}, got)
	ids := got.(smp.IDS)
	deliveries, err := box.Agree(rcvDH, ids.ServerDHKey)
	require.NoError(c.t, err)
	q := &queue{t: c.t, rcvID: ids.RecipientID, sndID: ids.SenderID, rcvKey: rcvKey, deliveries: deliveries}
	return q.notifiedBy(*ids.Notifier, key, dh)
}

// afterNSUB makes a relay tell when it has executed NSUB.
func afterNSUB(executed chan<- struct{}) func(*relay.Config) {
	return func(c *relay.Config) {
		execute := relay.DefaultStages().Execute
		c.Stages.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			outs := execute(s, r)
			if _, ok := r.Command.(smp.NSUB); ok {
				executed <- struct{}{}
			}
			return outs
		}
	}
}

package relay_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

func TestNotification(t *testing.T) {
	t.Parallel()
	now := newClock()
	e := start(t, func(c *relay.Config) { c.Now = now.Now })
	atEveryVersion(t, func(t *testing.T, v uint16) {
		for _, alg := range authAlgorithms {
			if alg == keys.X25519 && v < smp.VersionAuthenticators {
				continue
			}
			owner, notifier, sender := connect(t, e, v), connect(t, e, v), connect(t, e, v)
			n := owner.enable(owner.newQueue(), alg)
			notifier.watch(n)
			require.Equal(t, smp.OK{}, sender.flagged(n.queue, "first"))
			require.Equal(t, smp.OK{}, sender.send(n.queue, "not announced"))
			require.Equal(t, smp.OK{}, sender.flagged(n.queue, "last"))

			var announced []smp.NMsgMeta
			for _, body := range []string{"first", "not announced", "last"} {
				var id []byte
				var m smp.RcvMessage
				if body == "first" {
					id, m = n.open(owner.event(n.rcvID))
				} else {
					id, m = n.open(owner.next().Response)
				}
				require.Equal(t, body, string(m.Body))
				if body != "not announced" {
					announced = append(announced, smp.NMsgMeta{MessageID: id, Timestamp: now.Now().Unix()})
				}
				_, encoded := owner.request(n.rcvKey, n.rcvID, smp.ACK{MsgID: id})
				owner.write(encoded)
			}
			require.Equal(t, smp.OK{}, owner.next().Response)
			for _, want := range announced {
				require.Equal(t, want, notifier.announced(n))
			}
			for _, c := range []*client{owner, notifier, sender} {
				c.quiet()
			}
		}
	})
}

func TestNewWithNotifier(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		owner, other := connect(t, e, v), connect(t, e, v)
		public, key, dh := owner.newNotifierKeys(keys.Ed25519)
		rcvKey, rcvDH := newKey(t, keys.Ed25519), newKey(t, keys.X25519)
		command := smp.NEW{AuthKey: rcvKey.Public(), DHKey: rcvDH.Public(), Notifier: &public}
		got := owner.do(rcvKey, nil, command)
		require.IsType(t, smp.IDS{}, got)
		ids := got.(smp.IDS)
		if v < smp.VersionNotifierKeys {
			require.Nil(t, ids.Notifier)
			return
		}
		require.NotNil(t, ids.Notifier)
		q := &queue{t: t, rcvID: ids.RecipientID, sndID: ids.SenderID, rcvKey: rcvKey}
		n := q.notifiedBy(*ids.Notifier, key, dh)
		other.watch(n)
		require.Equal(t, smp.OK{}, owner.flagged(q, "m"))
		other.announced(n)
	})
}

func TestNotifierIsReplaced(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		owner, notifier, sender := connect(t, e, v), connect(t, e, v), connect(t, e, v)
		first := owner.newNotified()
		notifier.watch(first)
		second := owner.enable(first.queue, keys.Ed25519)
		require.NotEqual(t, first.id, second.id)
		require.NotEqual(t, first.meta, second.meta)
		require.Equal(t, notifier.deletedEvent(), notifier.event(first.id))
		require.Equal(t, refused(smp.ErrAuth), notifier.nsub(first), "old id and key")
		require.Equal(t, refused(smp.ErrAuth), notifier.do(first.key, second.id, smp.NSUB{}), "old key")
		require.Equal(t, refused(smp.ErrAuth), notifier.do(second.key, first.id, smp.NSUB{}), "old id")
		require.Equal(t, smp.OK{}, sender.flagged(first.queue, "m"))
		notifier.watch(second)
		id, _ := second.open(owner.event(second.rcvID))
		require.Equal(t, id, notifier.announced(second).MessageID)

		require.Equal(t, smp.OK{}, owner.recipient(first.queue, smp.NDEL{}))
		require.Equal(t, notifier.deletedEvent(), notifier.event(second.id))
		require.Equal(t, refused(smp.ErrAuth), notifier.nsub(second), "after NDEL")
		require.Equal(t, smp.OK{}, owner.recipient(first.queue, smp.NDEL{}), "again")
		notifier.quiet()
	})
}

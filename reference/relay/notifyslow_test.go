package relay_test

import (
	"bytes"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// gated is a relay that sends nothing to the session that uses NSUB before the
// gate opens.
func gated(t *testing.T, change func(*relay.Config)) (e *relay.Endpoint, gate chan struct{}) {
	gate = make(chan struct{})
	var notifier atomic.Pointer[relay.Session]
	stages := relay.DefaultStages()
	execute, write := stages.Execute, stages.Write
	stages.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
		if _, ok := r.Command.(smp.NSUB); ok {
			notifier.Store(s)
		}
		return execute(s, r)
	}
	stages.Write = func(s *relay.Session, contents [][]byte) error {
		if s == notifier.Load() {
			<-gate
		}
		return write(s, contents)
	}
	return start(t, func(c *relay.Config) {
		c.Stages = stages
		change(c)
	}), gate
}

// Notifications for a notifier that takes none wait, as far as the limit of its
// connection and that of the queue go, and come when it does.
func TestNotificationsOfASlowNotifier(t *testing.T) {
	t.Parallel()
	const sent = 300
	for name, limit := range map[string]int{"all are kept": sent, "the latest are kept": 100} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, gate := gated(t, func(c *relay.Config) {
				c.MaxOutput, c.MaxNotifications = relay.MinOutput, limit
			})
			owner, notifier := connect(t, e, 20), connect(t, e, 20)
			n := owner.newNotified(onlyCreate)
			_, encoded := notifier.request(n.key, n.id, smp.NSUB{})
			notifier.write(encoded)
			want := owner.bodies(n.queue, sent)
			close(gate)
			require.Equal(t, smp.SOK{}, notifier.next().Response)
			var got []smp.NMsgMeta
			for len(got) == 0 || !bytes.Equal(got[len(got)-1].MessageID, want[sent-1].MessageID) {
				got = append(got, notifier.announced(n))
			}
			notifier.quiet()
			require.Equal(t, want[sent-limit:], got[len(got)-limit:])
			require.Equal(t, want[:len(got)-limit], got[:len(got)-limit], "what was on its way already")
		})
	}
}

// Several notifications that wait share blocks.
func TestNotificationsShareBlocks(t *testing.T) {
	t.Parallel()
	e, gate := gated(t, func(*relay.Config) {})
	owner, notifier := connect(t, e, 18), connect(t, e, 18)
	n := owner.newNotified(onlyCreate)
	_, encoded := notifier.request(n.key, n.id, smp.NSUB{})
	notifier.write(encoded)
	want := owner.bodies(n.queue, 79)
	close(gate)
	require.Equal(t, smp.SOK{}, notifier.next().Response)
	notifier.all(n, want)
	require.LessOrEqual(t, len(notifier.blocks), 4, "79 notifications and two answers in %v", notifier.blocks)
}

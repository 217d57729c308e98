package relay

import (
	"log/slog"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// A session that ends waits for the changes of queues that it will be subscribed to
// when they are stored, and is not subscribed then. Until then its service is in use.
func TestSessionWaitsForItsQueues(t *testing.T) {
	for _, command := range []smp.Command{smp.SUB{}, smp.NSUB{}} {
		synctest.Test(t, func(t *testing.T) {
			g := newGatedStore()
			r := &Relay{store: newStore(10), log: slog.New(slog.DiscardHandler), stages: DefaultStages(), config: Config{Store: g}}
			r.services.restore(nil, 1)
			r.journal = newJournal(r)
			r.services.journal = r.journal
			v := newService(ServiceRecord{ID: []byte("service"), Role: transport.RoleMessaging, Fingerprint: keys.Fingerprint{1}})
			v.connections = 1
			r.services.enter(v)
			key, err := keys.NewPublic(keys.Ed25519, make([]byte, 32))
			require.NoError(t, err)
			q := &Queue{recipientID: []byte("r"), senderID: []byte("s"), record: &Record{RecipientKeys: []keys.PublicKey{key}}}
			q.notifier = &notifications{Notifier: Notifier{ID: []byte("n"), AuthKey: key}}
			require.NoError(t, r.store.add(q))
			s := &Session{relay: r, service: v, out: newOutbox(1<<20, func() {}), count: r.counters.share(), queues: map[*Queue]struct{}{}}

			q.mu.Lock()
			outs := s.executed(&Request{Command: command, Queue: q, Transmission: smp.Transmission{EntityID: []byte("n")}})
			q.mu.Unlock()
			<-g.entered
			gone := make(chan struct{})
			go func() {
				s.leaveAll()
				close(gone)
			}()
			synctest.Wait()
			select {
			case <-gone:
				t.Fatal("the session is gone before its queue is stored")
			default:
			}
			_, err = r.services.makeRoom()
			require.ErrorIs(t, err, errServices, "the service is forgotten")
			g.gate <- nil
			<-gone
			require.Equal(t, smp.SOK{ServiceID: v.ID}, settled(outs)[0].Response)
			require.Nil(t, q.subscriber)
			require.Nil(t, q.notifier.subscriber)
			require.Zero(t, v.connections)
			require.False(t, v.empty())
			r.journal.close()
		})
	}
}

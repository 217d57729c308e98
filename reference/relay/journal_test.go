package relay

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
)

// gatedStore is a RecordStore whose commits wait.
type gatedStore struct {
	gate    chan error // what Commit receives and returns
	entered chan int   // the number of changes of a commit that waits
}

func newGatedStore() *gatedStore {
	return &gatedStore{gate: make(chan error), entered: make(chan int, 10)}
}

func (g *gatedStore) Load(func(StoredRecord) error) error { return nil }

func (g *gatedStore) Commit(changes []StoredRecord) error {
	g.entered <- len(changes)
	return <-g.gate
}

func (g *gatedStore) Tidy() error { return nil }

// storedRelay is a relay that serves nobody.
func storedRelay(t *testing.T) (*Relay, *gatedStore) {
	g := newGatedStore()
	r := &Relay{store: newStore(1_000_000), log: slog.New(slog.DiscardHandler), config: Config{Store: g}}
	r.journal = newJournal(r)
	return r, g
}

// enterNew makes a queue and enters it.
func enterNew(t *testing.T, r *Relay, n int) (*Queue, *commit) {
	t.Helper()
	key, err := keys.NewPublic(keys.X25519, make([]byte, 32))
	require.NoError(t, err)
	id := []byte{byte(n >> 16), byte(n >> 8), byte(n)}
	q := &Queue{recipientID: id, senderID: append([]byte("s"), id...), record: &Record{RecipientKeys: []keys.PublicKey{key}}}
	q.mu.Lock()
	defer q.mu.Unlock()
	require.NoError(t, r.store.add(q))
	return q, r.journal.create(q)
}

// Those who make changes wait when many wait for the store, and not before.
func TestPace(t *testing.T) {
	t.Parallel()
	r, g := storedRelay(t)
	_, first := enterNew(t, r, 0)
	require.Equal(t, 1, <-g.entered)
	var last *commit
	for i := range maxOpenChanges {
		r.journal.pace()
		_, last = enterNew(t, r, 1+i)
	}
	paced := make(chan struct{})
	go func() {
		r.journal.pace()
		close(paced)
	}()
	g.gate <- nil
	<-first.done
	require.Equal(t, maxOpenChanges, <-g.entered)
	g.gate <- nil
	<-last.done
	<-paced
	r.journal.close()
	require.Empty(t, r.journal.pending)
}

// Whoever waits for room waits until the commit is done.
func TestPaceWaits(t *testing.T) {
	t.Parallel()
	j := &journal{open: &commit{changes: make([]change, maxOpenChanges), done: make(chan struct{})}}
	paced := make(chan bool, 1)
	var done bool
	go func() {
		j.pace()
		paced <- done
	}()
	done = true
	close(j.open.done)
	require.True(t, <-paced)
	j.open.changes = j.open.changes[1:]
	j.open.done = nil
	j.pace()
}

// Closing stores what was entered, and undoes what comes later.
func TestCloseOfJournal(t *testing.T) {
	t.Parallel()
	r, g := storedRelay(t)
	_, first := enterNew(t, r, 1)
	require.Equal(t, 1, <-g.entered)
	_, second := enterNew(t, r, 2)
	closed := make(chan struct{})
	for range 2 {
		go func() {
			r.journal.close()
			closed <- struct{}{}
		}()
	}
	g.gate <- nil
	g.gate <- nil
	for range 2 {
		<-closed
	}
	<-first.done
	<-second.done
	require.NoError(t, first.err)
	require.NoError(t, second.err)
	q, late := enterNew(t, r, 3)
	<-late.done
	require.ErrorIs(t, late.err, ErrClosed)
	require.True(t, q.deleted)
	require.Nil(t, r.store.find(recipient, q.recipientID))
	require.Equal(t, 2, int(r.store.count.Load()))
}

// Expiry of very many queues does not fill the memory with changes.
func TestExpireIsPaced(t *testing.T) {
	t.Parallel()
	r, g := storedRelay(t)
	now := time.Unix(1_750_000_000, 0)
	r.config.Now = func() time.Time { return now }
	r.stages = DefaultStages()
	const queues = 2*maxOpenChanges + 100
	go func() {
		for n := range g.entered {
			if n > maxOpenChanges {
				g.gate <- errFull
			} else {
				g.gate <- nil
			}
		}
	}()
	var last *commit
	for i := range queues {
		q, c := enterNew(t, r, i)
		q.record = &Record{RecipientKeys: q.record.RecipientKeys, SuspendedAt: time.Unix(1, 0)}
		last = c
		r.journal.pace()
	}
	<-last.done
	r.Expire()
	r.journal.close()
	require.Zero(t, r.store.count.Load())
	close(g.entered)
}

// tidied is a RecordStore that notes when it is tidied.
type tidied struct {
	gatedStore
	tidy chan time.Time
}

func (s *tidied) Commit([]StoredRecord) error { return nil }

func (s *tidied) Tidy() error {
	s.tidy <- time.Now()
	return errFull
}

// What commits leave behind is removed some seconds later, once for many, also if
// commits go on; a failure is no reason to stop.
func TestTidy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &tidied{tidy: make(chan time.Time, 10)}
		r := &Relay{store: newStore(100), log: slog.New(slog.DiscardHandler), config: Config{Store: s}}
		r.journal = newJournal(r)
		for round := range 2 {
			began := time.Now()
			for i := range 3 {
				_, c := enterNew(t, r, 10*round+i)
				<-c.done
				<-time.After(tidyDelay / 4)
			}
			require.Equal(t, tidyDelay, (<-s.tidy).Sub(began))
			<-time.After(2 * tidyDelay)
			require.Empty(t, s.tidy)
		}
		r.journal.close()
	})
}

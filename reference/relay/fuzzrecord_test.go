package relay

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/bound"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// addRecords gives the fuzzer stored queues of several forms.
func addRecords(f *testing.F, add func(id, record []byte)) {
	f.Helper()
	known, err := hex.DecodeString(knownRecord)
	require.NoError(f, err)
	add([]byte{1, 2}, known)
	blocked := "08" + "0004" + hex.EncodeToString([]byte("spam"))
	notifier := "09" + "010b" + "03" + hex.EncodeToString(bytes.Repeat([]byte{5}, 32)) + hex.EncodeToString(bytes.Repeat([]byte{6}, 32))
	for _, more := range []string{"0800047363616d00", blocked + "02" + "0000000000000000", "0a00", notifier + "0b00", blocked + "00", blocked + "01", blocked + "02" + "0000000000000e10", notifier, blocked + "01" + notifier + "0a0153" + "0b0154"} {
		record, err := hex.DecodeString(knownRecord + more)
		require.NoError(f, err)
		add([]byte{1, 2}, record)
	}
	for n := range 3 {
		stored, err := StoredQueue(n)
		require.NoError(f, err)
		add(stored.ID, stored.Value)
	}
}

// FuzzDecodeQueue: what is the record of a queue encodes to the same bytes, and shares nothing
// with them. A queue that is blocked has an answer that the protocol knows.
func FuzzDecodeQueue(f *testing.F) {
	addRecords(f, func(id, record []byte) { f.Add(id, record) })
	f.Fuzz(func(t *testing.T, id, record []byte) {
		var q *Queue
		var err error
		bound.Check(t, len(id)+len(record), func() { q, err = decodeQueue(id, record) })
		if err != nil {
			require.ErrorIs(t, err, ErrRecord)
			require.Nil(t, q)
			return
		}
		want := bytes.Clone(record)
		clear(record)
		again, err := encodeQueue(q, q.state())
		require.NoError(t, err)
		require.Equal(t, want, again)
		require.NotEmpty(t, q.record.RecipientKeys)
		if q.record.Blocked() {
			_, err := smp.EncodeResponse(smp.MaxVersion, fail(blockedError(q.record.Blocking)))
			require.NoError(t, err)
		}
		if q.service() != nil {
			require.NotEmpty(t, q.service().ID)
		}
	})
}

// FuzzDecodeService: what is the record of a service encodes to the same bytes.
func FuzzDecodeService(f *testing.F) {
	for _, role := range []transport.Role{transport.RoleMessaging, transport.RoleNotifier, transport.RoleProxy, 'X'} {
		record, err := encodeService(ServiceRecord{ID: []byte("a service"), Role: role})
		require.NoError(f, err)
		f.Add(make([]byte, 32), record)
		f.Add(make([]byte, 31), record)
	}
	f.Fuzz(func(t *testing.T, fingerprint, record []byte) {
		var v ServiceRecord
		var err error
		bound.Check(t, len(fingerprint)+len(record), func() { v, err = decodeService(fingerprint, record) })
		if err != nil {
			require.ErrorIs(t, err, ErrRecord)
			return
		}
		again, err := encodeService(v)
		require.NoError(t, err)
		require.Equal(t, record, again)
		require.Equal(t, fingerprint, v.Fingerprint[:])
	})
}

// memory is a store that has records from the beginning.
type memory []StoredRecord

func (m memory) Load(f func(StoredRecord) error) error {
	for _, r := range m {
		if err := f(r); err != nil {
			return err
		}
	}
	return nil
}

func (memory) Commit([]StoredRecord) error { return nil }

func (memory) Tidy() error { return nil }

var fuzzCredentials = sync.OnceValues(func() (keys.Credentials, error) { return keys.NewCredentials(rand.Reader, keys.Ed25519, 2) })

// epoch is a time at which no queue was suspended long ago.
func epoch() time.Time { return time.Unix(0, 0) }

// FuzzRestore starts a relay with any records: it refuses them, or has the queues that they say,
// under all of their ids.
func FuzzRestore(f *testing.F) {
	addRecords(f, func(id, record []byte) {
		f.Add(id, record, []byte{9}, bytes.Replace(record, []byte{1, 2, 5, 6}, []byte{1, 2, 5, 7}, 1), make([]byte, 32), []byte("\x01M\x01S"))
		f.Add(id, record, id, record, make([]byte, 32), []byte("\x01N\x01T"))
	})
	credentials, err := fuzzCredentials()
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, id, first, otherID, second, fingerprint, service []byte) {
		store := memory{{QueueRecord, id, first}, {QueueRecord, otherID, second}, {ClientServiceRecord, fingerprint, service}}
		r, err := New(Config{Credentials: credentials, Store: store, ReplayMemory: 1, Now: epoch})
		if err != nil {
			require.ErrorIs(t, err, ErrRecord)
			return
		}
		defer func() { require.NoError(t, r.Close()) }()
		require.Equal(t, 2, r.Queues())
		for _, record := range store[:2] {
			q := r.store.find(recipient, record.ID)
			require.NotNil(t, q)
			require.Same(t, q, r.store.find(sender, q.senderID))
			if q.link != nil {
				require.Same(t, q, r.store.find(linkReader, q.link.ID))
			}
			if q.notifier != nil {
				require.Same(t, q, r.store.find(notifier, q.notifier.ID))
			}
			again, err := encodeQueue(q, q.state())
			require.NoError(t, err)
			require.Equal(t, string(record.Value), string(again))
			require.NoError(t, r.Block(q.senderID, smp.BlockingInfo{Reason: smp.BlockedSpam}))
		}
	})
}

package load_test

import (
	"bytes"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/conformance/load"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// Relays that break their promise: each fault is seen and counted as what it is.
func TestWrongMessagesAreCounted(t *testing.T) {
	t.Parallel()
	push := relay.DefaultStages().Push
	store := relay.DefaultStages().Store
	deliver := relay.DefaultStages().Deliver
	// once makes a fault happen to the tenth message alone.
	once := func() func() bool {
		var n atomic.Int64
		return func() bool { return n.Add(1) == 10 }
	}
	for name, test := range map[string]struct {
		fault func(*relay.Stages)
		count func(load.Messages) int64
	}{
		"lost": {func(s *relay.Stages) {
			now := once()
			s.Push = func(to *relay.Session, q *relay.Queue, out relay.Output) {
				if out.Message == nil || !now() {
					push(to, q, out)
				}
			}
		}, func(m load.Messages) int64 { return m.Lost }},
		"repeated": {func(s *relay.Stages) {
			now := once()
			s.Push = func(to *relay.Session, q *relay.Queue, out relay.Output) {
				push(to, q, out)
				if out.Message != nil && now() {
					push(to, q, out)
				}
			}
		}, func(m load.Messages) int64 { return m.Duplicated + m.Foreign }},
		"for an unknown queue": {func(s *relay.Stages) {
			now := once()
			s.Push = func(to *relay.Session, q *relay.Queue, out relay.Output) {
				if out.Message != nil && now() {
					other := out
					other.EntityID = bytes.Repeat([]byte{1}, 24)
					push(to, q, other)
				}
				push(to, q, out)
			}
		}, func(m load.Messages) int64 { return m.Foreign }},
		"of another queue": {func(s *relay.Stages) {
			var mu sync.Mutex
			bodies := make(map[*relay.Queue][]byte)
			now := once()
			s.Store = func(q *relay.Queue, m *relay.Message) bool {
				mu.Lock()
				defer mu.Unlock()
				bodies[q] = m.Body
				if now() {
					for other, body := range bodies {
						if other != q {
							m.Body = body
						}
					}
				}
				return store(q, m)
			}
		}, func(m load.Messages) int64 { return m.Foreign }},
		"changed": {func(s *relay.Stages) {
			now := once()
			s.Store = func(q *relay.Queue, m *relay.Message) bool {
				if now() {
					m.Body = bytes.Clone(m.Body)
					m.Body[len(m.Body)-1] ^= 1
				}
				return store(q, m)
			}
		}, func(m load.Messages) int64 { return m.Corrupted }},
		"shortened": {func(s *relay.Stages) {
			now := once()
			s.Store = func(q *relay.Queue, m *relay.Message) bool {
				if now() {
					m.Body = m.Body[:8]
				}
				return store(q, m)
			}
		}, func(m load.Messages) int64 { return m.Corrupted }},
		"encrypted for another": {func(s *relay.Stages) {
			now := once()
			s.Deliver = func(to *relay.Session, out relay.Output) (smp.Response, error) {
				response, err := deliver(to, out)
				if message, ok := response.(smp.MSG); ok && now() {
					message.Body[20] ^= 1
				}
				return response, err
			}
		}, func(m load.Messages) int64 { return m.Corrupted }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stages := relay.DefaultStages()
			test.fault(&stages)
			o := options(t, start(t, relay.Config{Stages: stages}), "send", 40)
			o.Patience = 50 * time.Millisecond // however slow the machine is, the fault is among what is missing
			r, err := load.Run(t.Context(), o)
			require.NoError(t, err)
			require.Positive(t, test.count(r.Messages), "%+v", r.Messages)
			require.Positive(t, r.Messages.Wrong())
		})
	}
}

// A relay that refuses some messages is measured; one that refuses all has not worked.
func TestErrorsAreCounted(t *testing.T) {
	t.Parallel()
	for refuse, worked := range map[int64]bool{1: false, 2: true} {
		stages := relay.DefaultStages()
		var n atomic.Int64
		stages.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			if _, ok := r.Command.(smp.SEND); ok && n.Add(1)%refuse == 0 {
				return []relay.Output{{CorrelationID: r.Transmission.CorrelationID, EntityID: r.Transmission.EntityID, Response: smp.ERR{Err: smp.ErrQuota}}}
			}
			return relay.DefaultStages().Execute(s, r)
		}
		r, err := load.Run(t.Context(), options(t, start(t, relay.Config{Stages: stages}), "send", 20))
		require.NoError(t, err)
		require.Equal(t, []load.ErrorCount{{ErrorKind: load.ErrorKind{Operation: load.Send, Kind: "ERR QUOTA"}, Count: 20 / refuse}}, r.Errors)
		require.Equal(t, 20/refuse, r.Messages.Refused)
		require.Equal(t, 20-20/refuse, r.Messages.Delivered)
		require.Equal(t, worked, r.Worked())
		require.Equal(t, 20/refuse, timing(r, load.Send).Errors)
		require.Equal(t, 20-20/refuse, timing(r, load.Send).Count, "latencies are those of what worked")
	}
}

// A relay that makes no queues and one that closes connections end a run soon.
func TestRelaysThatFailEarly(t *testing.T) {
	t.Parallel()
	r, err := load.Run(t.Context(), options(t, start(t, relay.Config{Password: smp.Password("x")}), "send", 0))
	require.NoError(t, err)
	require.False(t, r.Worked())
	require.Equal(t, []load.ErrorCount{{ErrorKind: load.ErrorKind{Operation: load.Create, Kind: "ERR AUTH"}, Count: 4}}, r.Errors)

	stages := relay.DefaultStages()
	var n atomic.Int64
	stages.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
		if _, ok := r.Command.(smp.SEND); ok && n.Add(1) > 5 {
			s.Close()
		}
		return relay.DefaultStages().Execute(s, r)
	}
	r, err = load.Run(t.Context(), options(t, start(t, relay.Config{Stages: stages}), "send", 0))
	require.NoError(t, err)
	require.Zero(t, r.Messages.Wrong(), "what was on its way is not lost: %+v", r.Messages)
	require.NotEmpty(t, r.Errors)
	require.Less(t, r.Window.Seconds, 30.0, "it does not wait for the end")
}

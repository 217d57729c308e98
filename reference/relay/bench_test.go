package relay_test

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// BenchmarkRoundTrip sends a message to a queue, receives and acknowledges it,
// over loopback: SEND, MSG and OK, ACK, OK. Each connection has a queue of its
// own, secured with an X25519 key, and takes one message after the other.
func BenchmarkRoundTrip(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(fmt.Sprintf("connections=%d", n), func(b *testing.B) {
			e := start(b)
			clients, queues := make([]*client, n), make([]*queue, n)
			for i := range clients {
				clients[i] = connect(b, e, 20)
				queues[i] = clients[i].newQueue()
				clients[i].secure(queues[i], keys.X25519)
			}
			body := bytes.Repeat([]byte{'x'}, smp.MaxMessageLength(20))
			b.SetBytes(int64(len(body)))
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ResetTimer()
			var running sync.WaitGroup
			for i, c := range clients {
				running.Go(func() {
					for left.Add(-1) >= 0 {
						c.roundTrip(queues[i], body)
					}
				})
			}
			running.Wait()
		})
	}
}

func (c *client) roundTrip(q *queue, body []byte) {
	_, encoded := c.request(q.sndKey, q.sndID, smp.SEND{Body: body})
	c.write(encoded)
	id, m := q.open(c.next().Response)
	require.Len(c.t, m.Body, len(body))
	require.Equal(c.t, smp.OK{}, c.next().Response)
	require.Equal(c.t, smp.OK{}, c.ack(q, id))
}

package client_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// BenchmarkRoundTrip measures SEND, MSG and ACK of messages of the full size
// over loopback, against the reference relay in the same process. With n
// connections there are n queues in use at the same time, each with its
// recipient and its sender on one connection; an operation is one message.
func BenchmarkRoundTrip(b *testing.B) {
	for _, alg := range []keys.Algorithm{keys.Ed25519, keys.X25519} {
		for _, n := range []int{1, 100} {
			b.Run(fmt.Sprintf("%v/connections=%d", alg, n), func(b *testing.B) {
				cfg := listen(b, relay.Config{})
				pairs := make([]pair, n)
				for i := range pairs {
					pairs[i] = newPair(b, cfg, alg)
				}
				body := make([]byte, smp.MaxMessageLength(smp.MaxVersion))
				b.SetBytes(int64(len(body)))
				var running sync.WaitGroup
				errs := make(chan error, n)
				b.ResetTimer()
				for i := range pairs {
					share := b.N / n
					if i < b.N%n {
						share++
					}
					running.Go(func() { errs <- pairs[i].exchange(share, body) })
				}
				running.Wait()
				b.StopTimer()
				for range pairs {
					require.NoError(b, <-errs)
				}
			})
		}
	}
}

// pair is a queue with its recipient and sender on one connection.
type pair struct {
	client *client.Client
	queue  client.Queue
	sender client.SenderQueue
}

func newPair(b *testing.B, cfg client.Config, alg keys.Algorithm) pair {
	b.Helper()
	c := dial(b, cfg)
	q, err := c.CreateQueue(context.Background(), client.QueueOptions{Algorithm: alg})
	require.NoError(b, err)
	key, err := keys.Generate(alg, rand.Reader)
	require.NoError(b, err)
	require.NoError(b, c.Secure(context.Background(), q, key.Public()))
	return pair{client: c, queue: q, sender: q.Sender(key)}
}

// exchange sends n messages, each after the one before is acknowledged.
func (p *pair) exchange(n int, body []byte) error {
	ctx := context.Background()
	for range n {
		if err := p.client.SendMessage(ctx, p.sender, false, body); err != nil {
			return err
		}
		e, open := <-p.client.Events()
		if !open {
			return p.client.Err()
		}
		message, ok := e.Response.(smp.MSG)
		if !ok {
			return fmt.Errorf("%s instead of a message: %w", e.Response.Tag(), e.Err)
		}
		if _, err := p.queue.Decrypt(message); err != nil {
			return err
		}
		if err := p.client.Ack(ctx, p.queue, message.ID); err != nil {
			return err
		}
	}
	return nil
}

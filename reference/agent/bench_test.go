package agent_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/link"
	"smpcheck/reference/relay"
)

// BenchmarkAgentMessages is what one message costs from Send to the receipt: two agents
// and a relay in one process, up to 64 messages on their way.
func BenchmarkAgentMessages(b *testing.B) {
	for _, pq := range []bool{true, false} {
		b.Run(fmt.Sprintf("pq=%v", pq), func(b *testing.B) {
			servers := []link.Server{startRelay(b, relay.Config{})}
			set := func(c *agent.Config) { c.NoPQ = !pq }
			alice, bob := newPeer(b, "alice", servers, set), newPeer(b, "bob", servers, set)
			a, _ := connect(alice, bob)
			body := make([]byte, 1000)
			onTheWay := make(chan struct{}, 64)
			done := make(chan error, 2)
			b.ResetTimer()
			go func() {
				done <- acknowledge(b, bob, b.N, func(e agent.Event) bool {
					_, ok := e.Body.(agent.Received)
					if ok {
						<-onTheWay
					}
					return ok
				})
			}()
			go func() {
				done <- acknowledge(b, alice, b.N, func(e agent.Event) bool {
					_, ok := e.Body.(agent.Delivered)
					return ok
				})
			}()
			for range b.N {
				onTheWay <- struct{}{}
				_, err := alice.Send(b.Context(), a, body, agent.SendOptions{})
				require.NoError(b, err)
			}
			require.NoError(b, <-done)
			require.NoError(b, <-done)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// acknowledge acknowledges events until n have counted.
func acknowledge(b *testing.B, p *peer, n int, counts func(agent.Event) bool) error {
	for n > 0 {
		e := <-p.Events()
		if counts(e) {
			n--
		}
		if err := p.Ack(b.Context(), e, agent.AckOptions{Receipt: true}); err != nil {
			return err
		}
	}
	return nil
}

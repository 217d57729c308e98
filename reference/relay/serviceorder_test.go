package relay_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// TestAnswerComesBeforeENDS shows that a connection of a service learns that it is
// subscribed before it learns that another one has taken over, also if that follows at
// once.
func TestAnswerComesBeforeENDS(t *testing.T) {
	t.Parallel()
	for _, command := range []smp.Command{smp.SUBS{}, smp.SUB{}} {
		t.Run(command.Tag(), func(t *testing.T) {
			t.Parallel()
			executed, pushed := make(chan struct{}), make(chan struct{}, 1)
			stages := relay.DefaultStages()
			var firstOne *relay.Session
			e := start(t, func(c *relay.Config) {
				c.Stages.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
					outs := stages.Execute(s, r)
					if r.Command.Tag() == command.Tag() && firstOne == nil {
						firstOne = s
						close(executed)
						select { // the other command is executed meanwhile, or has to wait
						case <-pushed:
						case <-time.After(100 * time.Millisecond):
						}
					}
					return outs
				}
				c.Stages.Push = func(to *relay.Session, q *relay.Queue, out relay.Output) {
					stages.Push(to, q, out)
					if _, ok := out.Response.(smp.ENDS); ok {
						pushed <- struct{}{}
					}
				}
			})
			q := connect(t, e, 20).newQueue(onlyCreate)
			first, second := messagingClient(t, e), messagingClient(t, e)
			key, entity := noKey, first.serviceID()
			if command.Tag() == "SUB" {
				key, entity = q.rcvKey, q.rcvID
			}
			sent, encoded := first.request(key, entity, command)
			first.write(encoded)
			<-executed
			second.write(second.subs())
			require.Equal(t, sent.CorrelationID, first.next().Transmission.CorrelationID)
			for { // ALLS may come between
				if r := first.next().Response; r.Tag() == "ENDS" {
					return
				}
			}
		})
	}
}

// TestNoALLSAfterENDS shows that ALLS does not come any more after ENDS, also if the
// connection has the subscription again, which SUB alone has given it.
func TestNoALLSAfterENDS(t *testing.T) {
	t.Parallel()
	between, release := make(chan struct{}), make(chan struct{})
	stages := relay.DefaultStages()
	var held atomic.Bool
	e := start(t, func(c *relay.Config) {
		c.Stages.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			if _, ok := r.Command.(smp.SUB); ok && held.CompareAndSwap(false, true) {
				close(between)
				<-release
			}
			return stages.Authorise(s, r)
		}
	})
	free := sync.OnceFunc(func() { close(release) })
	t.Cleanup(free)
	first, second, ordinary := messagingClient(t, e), messagingClient(t, e), connect(t, e, 20)
	one, another := ordinary.newQueue(onlyCreate), ordinary.newQueue(onlyCreate)
	_, sub := first.request(another.rcvKey, another.rcvID, smp.SUB{})
	first.write(first.subs(), sub)
	<-between
	require.IsType(t, smp.SOK{}, second.recipient(one, smp.SUB{}))
	free()
	require.IsType(t, smp.ENDS{}, second.next().Response)
	require.IsType(t, smp.SOKS{}, first.next().Response)
	require.IsType(t, smp.ENDS{}, first.next().Response)
	require.IsType(t, smp.SOK{}, first.next().Response)
	first.quiet()
	first.quiet()
}

// subs is an encoded SUBS.
func (c *client) subs() []byte {
	_, encoded := c.request(noKey, c.serviceID(), smp.SUBS{})
	return encoded
}

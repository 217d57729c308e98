package client_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

func TestConcurrentCommandsShareABlock(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{})
		done := make(chan error)
		const n = 200
		for range n {
			go func() { done <- c.Ping(t.Context()) }()
		}
		synctest.Wait() // the writer is at its first block, the rest is queued
		first, second := relay.block(), relay.block()
		require.Len(t, append(first, second...), n)
		for _, ping := range append(first, second...) {
			relay.send(to(ping, smp.PONG{}))
			require.NoError(t, <-done)
		}
	})
}

// The official client fills blocks from the last transmission to the first.
func TestSubscribeAll(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{EventBuffer: 1})
		one := someQueue(t, keys.Ed25519)
		queues := make([]client.Queue, 300)
		for i := range queues {
			queues[i] = one
			queues[i].RecipientID = fmt.Appendf(nil, "queue with the number %02d", i/10)
			queues[i].RecipientID[0] = byte(i % 10)
		}
		var errs []error
		done := async(func() error {
			errs = c.SubscribeAll(t.Context(), queues)
			return nil
		})
		i := 0
		for _, size := range []int{30, 135, 135} {
			commands := relay.block()
			require.Len(t, commands, size)
			answers := make([]outgoing, size)
			for j, command := range commands {
				require.NoError(t, command.Err)
				require.Equal(t, smp.SUB{}, command.Command)
				require.Equal(t, queues[i].RecipientID, command.Transmission.EntityID)
				answers[j] = to(command, smp.SOK{})
				if i%100 == 50 {
					answers[j].response = smp.ERR{Err: smp.ErrAuth}
				}
				i++
			}
			relay.send(answers...)
		}
		require.NoError(t, <-done)
		require.Len(t, errs, len(queues))
		for i, err := range errs {
			if i%100 == 50 {
				require.ErrorIs(t, err, smp.ErrAuth)
			} else {
				require.NoError(t, err)
			}
		}
	})
}

func TestSubscribeAllToMoreThanOneBatch(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{})
		queues := make([]client.Queue, 1500)
		one := someQueue(t, keys.Ed25519)
		for i := range queues {
			queues[i] = one
		}
		var errs []error
		done := async(func() error {
			errs = c.SubscribeAll(t.Context(), queues)
			return nil
		})
		for answered := 0; answered < len(queues); {
			commands := relay.block()
			answered += len(commands)
			answers := make([]outgoing, len(commands))
			for i, command := range commands {
				answers[i] = to(command, smp.SOK{})
			}
			relay.send(answers...)
		}
		require.NoError(t, <-done)
		require.Len(t, errs, len(queues))
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.Empty(t, c.SubscribeAll(t.Context(), nil))
	})
}

func TestLargeCommandsInOrder(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{})
		requests := make([]client.Request, 40) // more than one write
		for i := range requests {
			body := make([]byte, smp.MaxMessageLength(18))
			body[0] = byte(i)
			requests[i] = client.Request{EntityID: []byte("q"), Command: smp.SEND{Body: body}}
		}
		done := async(func() error {
			for _, r := range c.DoAll(t.Context(), requests...) {
				if r.Err != nil {
					return r.Err
				}
			}
			return nil
		})
		for i := range requests {
			commands := relay.block()
			require.Len(t, commands, 1)
			require.Equal(t, byte(i), commands[0].Command.(smp.SEND).Body[0])
			relay.send(to(commands[0], smp.OK{}))
		}
		require.NoError(t, <-done)
	})
}

func TestRequestsThatCannotBeSent(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{})
		key := someQueue(t, keys.X448).Key
		requests := []client.Request{
			{},
			{EntityID: []byte("q"), Command: smp.SEND{Body: make([]byte, smp.BlockSize)}},
			{EntityID: make([]byte, 256), Command: smp.SEND{}},
			{EntityID: []byte("q"), Command: smp.RKEY{}},
			{EntityID: []byte("q"), Command: smp.SUB{}, Key: key},
			{Command: smp.PING{}},
		}
		results := make(chan []client.Result, 1)
		go func() { results <- c.DoAll(t.Context(), requests...) }()
		relay.send(to(relay.command(), smp.PONG{}))
		require.Empty(t, relay.pending)
		r := <-results
		require.ErrorIs(t, r[0].Err, client.ErrNoCommand)
		require.ErrorIs(t, r[1].Err, client.ErrTooLarge)
		require.Error(t, r[2].Err)
		require.ErrorIs(t, r[3].Err, smp.ErrEmptyList)
		require.ErrorIs(t, r[4].Err, smp.ErrKeyAlgorithm)
		require.NoError(t, r[5].Err)
		require.Empty(t, c.DoAll(t.Context()))
	})
}

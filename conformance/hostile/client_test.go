package hostile

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/target"
	"smpcheck/reference/client"
	"smpcheck/reference/transport"
)

// patience is what the tests below give a relay; closing may take five seconds more
// with a relay that does not read.
const patience = 500 * time.Millisecond

// The client ends in time with an error: when it connects, or at the first command.
func TestClientEnds(t *testing.T) {
	any := func(Behaviour) bool { return true }
	forEach(t, any, func(t *testing.T, e *Endpoint) {
		server, err := target.ParseAddress(e.Address())
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		start := time.Now()
		c, err := client.Dial(ctx, client.Config{Address: server.Address(), KeyHash: server.KeyHash, KeepAlive: client.NoKeepAlive})
		if err == nil {
			assert.Equal(t, InSession, e.behaviour.Stage)
			_, err = c.CreateQueue(ctx, client.QueueOptions{})
			assert.NoError(t, c.Close())
		}
		assert.Error(t, err)
		assert.Less(t, time.Since(start), patience+5*time.Second+slack)
	})
}

// A connection that is only read from gives a bounded number of blocks, or an error.
func TestTransportEnds(t *testing.T) {
	any := func(Behaviour) bool { return true }
	forEach(t, any, func(t *testing.T, e *Endpoint) {
		server, err := target.ParseAddress(e.Address())
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), patience/2)
		defer cancel()
		c, err := transport.Dial(ctx, server.Address(), transport.ClientConfig{KeyHash: server.KeyHash})
		if err != nil {
			return
		}
		defer func() { assert.NoError(t, c.Abort()) }()
		assert.Equal(t, InSession, e.behaviour.Stage)
		require.NoError(t, c.SetReadDeadline(time.Now().Add(patience/2)))
		for err == nil {
			_, err = c.ReadBlock()
		}
	})
}

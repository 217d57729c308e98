package client_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

func TestSilentRelay(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{CommandTimeout: 7 * time.Second})
		started := time.Now()
		first := async(func() error { return c.Ping(t.Context()) })
		ping := relay.command()
		require.ErrorIs(t, <-first, context.DeadlineExceeded)
		require.Equal(t, 7*time.Second, time.Since(started))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		second := async(func() error { return c.Ping(ctx) })
		relay.command()
		require.ErrorIs(t, <-second, context.DeadlineExceeded)
		require.Equal(t, 8*time.Second, time.Since(started))

		relay.send(to(ping, smp.PONG{})) // too late, and of no interest
		third := async(func() error { return c.Ping(t.Context()) })
		relay.send(to(relay.command(), smp.PONG{}))
		require.NoError(t, <-third)
		require.Empty(t, c.Events())
		require.NoError(t, c.Err())
	})
}

func TestCancelledCommandIsNotSent(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{})
		blocking := async(func() error { return c.Ping(t.Context()) }) // nobody reads yet
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancelled := async(func() error { return c.SendMessage(ctx, client.SenderQueue{SenderID: []byte("q")}, false, nil) })
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-cancelled, context.Canceled)
		after := async(func() error { return c.Ping(t.Context()) })
		synctest.Wait()
		for _, done := range []<-chan error{blocking, after} {
			command := relay.command()
			require.Equal(t, smp.PING{}, command.Command)
			relay.send(to(command, smp.PONG{}))
			require.NoError(t, <-done)
		}
		require.Empty(t, relay.pending)
	})
}

func TestRelayThatDoesNotRead(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, _ := connect(t, 18, client.Config{WriteTimeout: 5 * time.Second})
		err := c.Ping(t.Context())
		require.ErrorIs(t, err, client.ErrLost)
		require.ErrorIs(t, c.Err(), client.ErrLost)
		<-c.Done()
	})
}

func TestManyCommandsToARelayThatDoesNotReadEnd(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, _ := connect(t, 18, client.Config{CommandTimeout: time.Second, WriteTimeout: time.Minute})
		done := make(chan error)
		const n = 1000 // more than may be queued
		for range n {
			go func() { done <- c.Ping(t.Context()) }()
		}
		for range n {
			require.ErrorIs(t, <-done, context.DeadlineExceeded)
		}
	})
}

func TestKeepAlive(t *testing.T) {
	const interval = time.Minute
	config := client.Config{KeepAlive: interval, MissedPings: 2}

	t.Run("silence", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			c, relay := connect(t, 18, config)
			started := time.Now()
			for range config.MissedPings {
				require.Equal(t, smp.PING{}, relay.command().Command)
			}
			<-c.Done()
			require.ErrorIs(t, c.Err(), client.ErrKeepAlive)
			require.Equal(t, 3*interval, time.Since(started))
			require.ErrorIs(t, c.Ping(t.Context()), client.ErrKeepAlive)
		})
	})
	t.Run("relay that does not read", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			config := config
			config.WriteTimeout = time.Hour
			c, _ := connect(t, 18, config)
			started := time.Now()
			<-c.Done()
			require.ErrorIs(t, c.Err(), client.ErrKeepAlive)
			require.Equal(t, 3*interval, time.Since(started))
		})
	})
	t.Run("answers", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			c, relay := connect(t, 18, config)
			started := time.Now()
			for range 10 {
				ping := relay.command()
				require.Equal(t, smp.PING{}, ping.Command)
				require.Empty(t, ping.Transmission.Authorization)
				relay.send(to(ping, smp.PONG{}))
			}
			require.Equal(t, 10*interval, time.Since(started))
			require.NoError(t, c.Err())
		})
	})
	t.Run("other blocks", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			c, relay := connect(t, 18, config)
			for range 10 {
				<-time.After(interval / 2)
				relay.send(event("q", smp.END{}))
				next(t, c)
			}
			started := time.Now()
			relay.command()
			require.Equal(t, interval, time.Since(started))
		})
	})
	t.Run("a byte at a time", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			c, relay := connect(t, 18, config)
			started := time.Now()
			go func() {
				for {
					if _, err := relay.conn.ReadBlock(); err != nil {
						return
					}
				}
			}()
			tick := time.NewTicker(time.Second)
			defer tick.Stop()
			for range tick.C {
				if _, err := relay.conn.NetConn().Write([]byte{0}); err != nil {
					break
				}
			}
			<-c.Done()
			require.ErrorIs(t, c.Err(), client.ErrKeepAlive)
			require.Less(t, time.Since(started), 4*interval)
		})
	})
	t.Run("off", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			c, _ := connect(t, 18, client.Config{})
			select {
			case <-c.Done():
				require.Fail(t, "ended", "%v", c.Err())
			case <-time.After(24 * time.Hour):
			}
		})
	})
}

func TestEndOfConnection(t *testing.T) {
	for name, test := range map[string]struct {
		act   func(t *testing.T, relay *fake)
		ends  error
		cause error
	}{
		"close between blocks": {ends: client.ErrLost, cause: io.EOF, act: func(t *testing.T, relay *fake) {
			require.NoError(t, relay.conn.Close())
		}},
		"close inside a block": {ends: client.ErrLost, cause: io.ErrUnexpectedEOF, act: func(t *testing.T, relay *fake) {
			_, err := relay.conn.NetConn().Write(make([]byte, 1000))
			require.NoError(t, err)
			require.NoError(t, relay.conn.Close())
		}},
		"block that does not decrypt": {ends: client.ErrBlock, cause: transport.ErrLargeMessage, act: func(t *testing.T, relay *fake) {
			_, err := relay.conn.NetConn().Write(make([]byte, smp.BlockSize))
			require.NoError(t, err)
		}},
		"no transmissions": {ends: client.ErrBlock, cause: smp.ErrBlockEmpty, act: func(t *testing.T, relay *fake) {
			require.NoError(t, relay.conn.WriteBlock([]byte{0}))
		}},
		"empty block": {ends: client.ErrBlock, act: func(t *testing.T, relay *fake) {
			require.NoError(t, relay.conn.WriteBlock(nil))
		}},
		"bytes after the last transmission": {ends: client.ErrBlock, act: func(t *testing.T, relay *fake) {
			require.NoError(t, relay.conn.WriteBlock([]byte{1, 0, 2, 'O', 'K', 0}))
		}},
		"garbage": {ends: client.ErrBlock, act: func(t *testing.T, relay *fake) {
			require.NoError(t, relay.conn.WriteBlock([]byte("GET / HTTP/1.1\r\n\r\n")))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c, relay := connect(t, 18, client.Config{})
				waiting := async(func() error { return c.Ping(t.Context()) })
				relay.command()
				test.act(t, relay)
				<-c.Done()
				for _, err := range []error{<-waiting, c.Err(), c.Ping(t.Context())} {
					require.ErrorIs(t, err, test.ends)
					require.NotErrorIs(t, err, smp.ErrBlock, "looks like an answer of the relay")
					if test.cause != nil {
						require.ErrorIs(t, err, test.cause)
					}
				}
				_, open := <-c.Events()
				require.False(t, open)
			})
		})
	}
}

func TestClose(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{KeepAlive: time.Minute})
		waiting := async(func() error { return c.Ping(t.Context()) })
		relay.command()
		relay.send(event("q", smp.END{}))
		synctest.Wait()
		require.NoError(t, c.Close())
		require.NoError(t, c.Close())
		require.ErrorIs(t, <-waiting, client.ErrClosed)
		require.ErrorIs(t, c.Err(), client.ErrClosed)
		require.Equal(t, smp.END{}, next(t, c).Response)
		_, open := <-c.Events()
		require.False(t, open)
		for _, r := range c.DoAll(t.Context(), client.Request{Command: smp.PING{}}, client.Request{Command: smp.PING{}}) {
			require.ErrorIs(t, r.Err, client.ErrClosed)
		}
		_, err := relay.conn.ReadBlock()
		require.ErrorIs(t, err, io.EOF)
	})
}

func TestFloodOfEvents(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const buffer = 10
		c, relay := connect(t, 18, client.Config{EventBuffer: buffer})
		waiting := async(func() error { return c.Ping(t.Context()) })
		relay.command()
		ends := make([]outgoing, 3*buffer)
		for i := range ends {
			ends[i] = event("q", smp.END{})
		}
		relay.send(ends...)
		require.ErrorIs(t, <-waiting, client.ErrEventOverflow)
		require.ErrorIs(t, c.Err(), client.ErrEventOverflow)
		n := 0
		for range c.Events() {
			n++
		}
		require.Equal(t, buffer, n)
	})
}

func TestFloodOfAnswers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{EventBuffer: 10})
		done := async(func() error { return c.Ping(t.Context()) })
		ping := relay.command()
		pongs := make([]outgoing, 255)
		for i := range pongs {
			pongs[i] = to(ping, smp.PONG{})
		}
		relay.send(pongs...)
		require.NoError(t, <-done)
		<-c.Done()
		require.ErrorIs(t, c.Err(), client.ErrEventOverflow)
	})
}

func TestOverflowByTheAnswerToACommand(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{EventBuffer: 1})
		q := someQueue(t, keys.Ed25519)
		relay.send(event("q", smp.END{}))
		done := async(func() error { return c.Subscribe(t.Context(), q) })
		relay.send(to(relay.command(), someMSG()))
		<-done
		<-c.Done()
		require.ErrorIs(t, c.Err(), client.ErrEventOverflow)
	})
}

func TestFullEventBufferDoesNotBlockAnswers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const buffer = 10
		c, relay := connect(t, 18, client.Config{EventBuffer: buffer})
		for range buffer {
			relay.send(event("q", smp.END{}))
		}
		for range 3 {
			done := async(func() error { return c.Ping(t.Context()) })
			relay.send(to(relay.command(), smp.PONG{}))
			require.NoError(t, <-done)
			require.Len(t, c.Events(), buffer)
		}
	})
}

func TestReaderThatDrainsLosesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const buffer, blocks = 255, 50
		c, relay := connect(t, 18, client.Config{EventBuffer: buffer})
		seen := make(chan int, 1)
		go func() {
			n := 0
			for e := range c.Events() {
				if e.Err == nil && e.EntityID[0] == byte(n/buffer) && e.EntityID[1] == byte(n%buffer) {
					n++
				}
			}
			seen <- n
		}()
		for i := range blocks {
			all := make([]outgoing, buffer)
			for j := range all {
				all[j] = event(string([]byte{byte(i), byte(j)}), smp.END{})
			}
			relay.send(all...)
			synctest.Wait()
		}
		require.NoError(t, c.Close())
		require.Equal(t, buffer*blocks, <-seen)
	})
}

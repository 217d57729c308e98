package client_test

import (
	"crypto/rand"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

func TestAnswersInAnyOrderFindTheirCommands(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{})
		const n = 50
		requests := make([]client.Request, n)
		for i := range requests {
			requests[i] = client.Request{EntityID: []byte{1, byte(i)}, Command: smp.SEND{Body: []byte("hello")}}
		}
		answered := make(chan []client.Result, 1)
		go func() { answered <- c.DoAll(t.Context(), requests...) }()
		commands := relay.block()
		require.Len(t, commands, n)
		slices.Reverse(commands)
		for _, command := range commands {
			if command.Transmission.EntityID[1]%2 == 0 {
				relay.send(to(command, smp.OK{}))
			} else {
				relay.send(to(command, smp.ERR{Err: smp.ErrQuota}))
			}
		}
		for i, r := range <-answered {
			if i%2 == 0 {
				require.NoError(t, r.Err)
				require.Equal(t, smp.OK{}, r.Response)
			} else {
				require.ErrorIs(t, r.Err, smp.ErrQuota)
			}
		}
	})
}

func TestCorrelationIDsAreRandom(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{})
		seen := map[string]bool{}
		for range 20 {
			done := async(func() error { return c.Ping(t.Context()) })
			ping := relay.command()
			require.Len(t, ping.Transmission.CorrelationID, smp.CorrelationIDSize)
			require.False(t, seen[string(ping.Transmission.CorrelationID)])
			seen[string(ping.Transmission.CorrelationID)] = true
			relay.send(to(ping, smp.PONG{}))
			require.NoError(t, <-done)
		}
	})
}

func TestChosenCorrelationID(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{})
		request := client.Request{Command: smp.PING{}, CorrelationID: box.Nonce{1, 2, 3}}
		results := make(chan []client.Result, 1)
		go func() { results <- c.DoAll(t.Context(), request, request) }()
		ping := relay.command()
		require.Equal(t, request.CorrelationID[:], ping.Transmission.CorrelationID)
		require.Empty(t, relay.pending)
		relay.send(to(ping, smp.PONG{}))
		r := <-results
		require.NoError(t, r[0].Err)
		require.ErrorIs(t, r[1].Err, client.ErrCorrelationID)
	})
}

// What does not fit a command is an error of that command, or an event; the
// command after it is served.
func TestUnexpectedTransmissions(t *testing.T) {
	q := someQueue(t, keys.Ed25519)
	other := []byte("another entity id")
	for name, test := range map[string]struct {
		answer    func(relay *fake, command smp.ReceivedCommand) []byte
		isEvent   bool
		expected  error
		forbidden error
	}{
		"unknown correlation id": {isEvent: true, expected: client.ErrUnexpected,
			answer: func(relay *fake, command smp.ReceivedCommand) []byte {
				id := make([]byte, 24)
				rand.Read(id)
				return relay.encode(outgoing{id, command.Transmission.EntityID, smp.OK{}})
			}},
		"short correlation id": {isEvent: true, expected: client.ErrUnexpected,
			answer: func(relay *fake, command smp.ReceivedCommand) []byte {
				return relay.encode(outgoing{[]byte("1"), command.Transmission.EntityID, smp.OK{}})
			}},
		"unknown correlation id of garbage": {isEvent: true, expected: client.ErrSyntax,
			answer: func(relay *fake, command smp.ReceivedCommand) []byte {
				return relay.encodeRaw([]byte("1"), nil, []byte("FOO"))
			}},
		"OK without correlation id": {isEvent: true, expected: client.ErrUnexpected,
			answer: func(relay *fake, command smp.ReceivedCommand) []byte {
				return relay.encode(outgoing{nil, command.Transmission.EntityID, smp.OK{}})
			}},
		"ERR without correlation id": {isEvent: true, expected: smp.ErrBlock,
			answer: func(relay *fake, command smp.ReceivedCommand) []byte {
				return relay.encode(outgoing{nil, nil, smp.ERR{Err: smp.ErrBlock}})
			}},
		"garbage without correlation id": {isEvent: true, expected: client.ErrSyntax,
			answer: func(relay *fake, command smp.ReceivedCommand) []byte {
				return relay.encodeRaw(nil, other, []byte("MSG"))
			}},
		"transmission cut short": {isEvent: true, expected: client.ErrSyntax, forbidden: smp.ErrBlock,
			answer: func(relay *fake, command smp.ReceivedCommand) []byte {
				return []byte{0, 24, 1, 2, 3}
			}},
		"another entity id": {expected: client.ErrUnexpected,
			answer: func(relay *fake, command smp.ReceivedCommand) []byte {
				return relay.encode(outgoing{command.Transmission.CorrelationID, other, smp.OK{}})
			}},
		"no entity id": {expected: client.ErrUnexpected, forbidden: smp.ErrCmdNoEntity,
			answer: func(relay *fake, command smp.ReceivedCommand) []byte {
				return relay.encode(outgoing{command.Transmission.CorrelationID, nil, smp.OK{}})
			}},
		"ERR for another entity id": {expected: client.ErrUnexpected, forbidden: smp.ErrAuth,
			answer: func(relay *fake, command smp.ReceivedCommand) []byte {
				return relay.encode(outgoing{command.Transmission.CorrelationID, other, smp.ERR{Err: smp.ErrAuth}})
			}},
		"wrong type": {expected: client.ErrUnexpected,
			answer: func(relay *fake, command smp.ReceivedCommand) []byte {
				return relay.encode(to(command, someMSG()))
			}},
		"wrong type that has no entity id": {expected: client.ErrUnexpected, forbidden: smp.ErrCmdHasAuth,
			answer: func(relay *fake, command smp.ReceivedCommand) []byte {
				return relay.encode(to(command, smp.PONG{}))
			}},
		"unknown tag": {expected: client.ErrSyntax, forbidden: smp.ErrCmdUnknown,
			answer: func(relay *fake, command smp.ReceivedCommand) []byte {
				return relay.encodeRaw(command.Transmission.CorrelationID, command.Transmission.EntityID, []byte("FOO"))
			}},
		"trailing bytes": {expected: client.ErrSyntax, forbidden: smp.ErrCmdSyntax,
			answer: func(relay *fake, command smp.ReceivedCommand) []byte {
				return relay.encodeRaw(command.Transmission.CorrelationID, command.Transmission.EntityID, []byte("OK "))
			}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c, relay := connect(t, 18, client.Config{})
				first := async(func() error { return c.Delete(t.Context(), q) })
				deletion := relay.command()
				second := async(func() error { return c.Ping(t.Context()) })
				ping := relay.command()
				relay.sendRaw(test.answer(relay, deletion), relay.encode(to(ping, smp.PONG{})))
				require.NoError(t, <-second)
				var err error
				if test.isEvent {
					err = next(t, c).Err
					relay.send(to(deletion, smp.OK{}))
					require.NoError(t, <-first)
				} else {
					err = <-first
				}
				require.ErrorIs(t, err, test.expected)
				if test.forbidden != nil {
					require.NotErrorIs(t, err, test.forbidden)
				}
				synctest.Wait()
				require.NoError(t, c.Err())
				require.Empty(t, c.Events())
			})
		})
	}
}

func TestSessionIDOfAnotherConnectionAtVersion6(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 6, client.Config{})
		done := async(func() error { return c.Ping(t.Context()) })
		ping := relay.command()
		b, err := (&smp.Transmission{
			SessionID:     []byte("another"),
			CorrelationID: ping.Transmission.CorrelationID,
			Command:       []byte("PONG"),
		}).Encode(6)
		require.NoError(t, err)
		relay.sendRaw(b)
		err = <-done
		require.ErrorIs(t, err, client.ErrSyntax)
		require.NotErrorIs(t, err, smp.ErrSession)
	})
}

func TestProtocolErrors(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{})
		q := someQueue(t, keys.Ed25519)
		done := async(func() error { return c.Suspend(t.Context(), q) })
		sent := smp.BlockedError(smp.BlockedSpam, nil)
		relay.send(to(relay.command(), smp.ERR{Err: sent}))
		err := <-done
		var e *smp.Error
		require.ErrorAs(t, err, &e)
		require.True(t, e.Equal(sent))
		require.EqualError(t, err, "OFF: BLOCKED reason=spam")
	})
}

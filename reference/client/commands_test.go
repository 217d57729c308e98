package client_test

import (
	"context"
	"crypto/rand"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

func TestCommandsThatAreAnsweredWithOK(t *testing.T) {
	q := someQueue(t, keys.Ed25519)
	key, err := keys.Generate(keys.Ed448, rand.Reader)
	require.NoError(t, err)
	sender := q.Sender(key)
	for name, test := range map[string]struct {
		entity []byte
		sent   smp.Command
		call   func(ctx context.Context, c *client.Client) error
	}{
		"Secure": {q.RecipientID, smp.KEY{SenderKey: key.Public()},
			func(ctx context.Context, c *client.Client) error { return c.Secure(ctx, q, key.Public()) }},
		"SecureBySender": {q.SenderID, smp.SKEY{SenderKey: key.Public()},
			func(ctx context.Context, c *client.Client) error { return c.SecureBySender(ctx, sender) }},
		"SetRecipientKeys": {q.RecipientID, smp.RKEY{Keys: []keys.PublicKey{q.Key.Public(), key.Public()}},
			func(ctx context.Context, c *client.Client) error {
				return c.SetRecipientKeys(ctx, q, q.Key.Public(), key.Public())
			}},
		"SendMessage": {q.SenderID, smp.SEND{Notify: true, Body: []byte("hello")},
			func(ctx context.Context, c *client.Client) error {
				return c.SendMessage(ctx, sender, true, []byte("hello"))
			}},
		"DisableNotifications": {q.RecipientID, smp.NDEL{},
			func(ctx context.Context, c *client.Client) error { return c.DisableNotifications(ctx, q) }},
		"Suspend": {q.RecipientID, smp.OFF{},
			func(ctx context.Context, c *client.Client) error { return c.Suspend(ctx, q) }},
		"Delete": {q.RecipientID, smp.DEL{},
			func(ctx context.Context, c *client.Client) error { return c.Delete(ctx, q) }},
		"Ack": {q.RecipientID, smp.ACK{MsgID: []byte("id")},
			func(ctx context.Context, c *client.Client) error { return c.Ack(ctx, q, []byte("id")) }},
		"Subscribe": {q.RecipientID, smp.SUB{},
			func(ctx context.Context, c *client.Client) error { return c.Subscribe(ctx, q) }},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c, relay := connect(t, 18, client.Config{})
				for _, answer := range []smp.Response{smp.OK{}, smp.ERR{Err: smp.ErrAuth}, smp.END{}} {
					done := async(func() error { return test.call(t.Context(), c) })
					command := relay.command()
					require.Equal(t, test.sent, command.Command)
					require.Equal(t, test.entity, command.Transmission.EntityID)
					relay.send(to(command, answer))
					err := <-done
					switch answer.(type) {
					case smp.OK:
						require.NoError(t, err)
					case smp.ERR:
						require.ErrorIs(t, err, smp.ErrAuth)
					default:
						require.ErrorIs(t, err, client.ErrUnexpected)
						require.ErrorContains(t, err, "END")
					}
				}
			})
		})
	}
}

// Whether a relay answers with the message or sends it by itself, there is one
// event, and if it came first it is there when the call returns.
func TestMessageAfterSubscribeAndAck(t *testing.T) {
	q := someQueue(t, keys.Ed25519)
	message := someMSG()
	pushed := event(string(q.RecipientID), message)
	for name, call := range map[string]func(ctx context.Context, c *client.Client) error{
		"SUB": func(ctx context.Context, c *client.Client) error { return c.Subscribe(ctx, q) },
		"ACK": func(ctx context.Context, c *client.Client) error { return c.Ack(ctx, q, []byte("id")) },
	} {
		for order, answers := range map[string]func(command smp.ReceivedCommand) []outgoing{
			"answered with MSG":     func(command smp.ReceivedCommand) []outgoing { return []outgoing{to(command, message)} },
			"MSG before the answer": func(command smp.ReceivedCommand) []outgoing { return []outgoing{pushed, to(command, smp.OK{})} },
			"MSG after the answer":  func(command smp.ReceivedCommand) []outgoing { return []outgoing{to(command, smp.OK{}), pushed} },
		} {
			t.Run(name+" "+order, func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					c, relay := connect(t, 18, client.Config{})
					done := async(func() error { return call(t.Context(), c) })
					for _, o := range answers(relay.command()) {
						relay.send(o)
					}
					require.NoError(t, <-done)
					if order != "MSG after the answer" {
						require.Len(t, c.Events(), 1)
					}
					e := next(t, c)
					require.NoError(t, e.Err)
					require.Equal(t, message, e.Response)
					require.Equal(t, q.RecipientID, e.EntityID)
					synctest.Wait()
					require.Empty(t, c.Events())
				})
			})
		}
	}
}

func TestSubscribeOfAServicesQueue(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{})
		q := someQueue(t, keys.Ed25519)
		done := async(func() error { return c.Subscribe(t.Context(), q) })
		relay.send(to(relay.command(), smp.SOK{ServiceID: []byte("service")}))
		require.NoError(t, <-done)
	})
}

func TestMessageThatComesTooLateIsAnEvent(t *testing.T) {
	q := someQueue(t, keys.Ed25519)
	for name, call := range map[string]func(ctx context.Context, c *client.Client) error{
		"Subscribe": func(ctx context.Context, c *client.Client) error { return c.Subscribe(ctx, q) },
		"Ack":       func(ctx context.Context, c *client.Client) error { return c.Ack(ctx, q, []byte("id")) },
		"Get": func(ctx context.Context, c *client.Client) error {
			_, err := c.Get(ctx, q)
			return err
		},
		"Do": func(ctx context.Context, c *client.Client) error {
			_, err := c.Do(ctx, q.RecipientID, q.Key, smp.GET{})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c, relay := connect(t, 18, client.Config{CommandTimeout: time.Second})
				done := async(func() error { return call(t.Context(), c) })
				command := relay.command()
				require.ErrorIs(t, <-done, context.DeadlineExceeded)
				relay.send(to(command, someMSG()))
				e := next(t, c)
				require.NoError(t, e.Err)
				require.Equal(t, someMSG(), e.Response)

				relay.send(to(command, someMSG())) // once more
				require.ErrorIs(t, next(t, c).Err, client.ErrUnexpected)
			})
		})
	}
}

func TestLateAnswersAreRememberedWithinBounds(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{CommandTimeout: time.Second})
		first := async(func() error { return c.Ping(t.Context()) })
		forgotten := relay.command()
		require.Error(t, <-first)
		requests := make([]client.Request, 256)
		for i := range requests {
			requests[i].Command = smp.PING{}
		}
		done := async(func() error { return c.DoAll(t.Context(), requests...)[0].Err })
		var remembered smp.ReceivedCommand
		for range requests {
			remembered = relay.command()
		}
		require.ErrorIs(t, <-done, context.DeadlineExceeded)
		relay.send(to(remembered, smp.PONG{}))
		relay.send(to(forgotten, smp.PONG{}))
		require.ErrorIs(t, next(t, c).Err, client.ErrUnexpected)
		synctest.Wait()
		require.Empty(t, c.Events())
	})
}

func TestGet(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{})
		q := someQueue(t, keys.Ed25519)
		for _, answer := range []smp.Response{smp.OK{}, someMSG(), smp.ERR{Err: smp.ErrCmdProhibited}} {
			var message *smp.MSG
			done := async(func() (err error) {
				message, err = c.Get(t.Context(), q)
				return err
			})
			command := relay.command()
			require.Equal(t, smp.GET{}, command.Command)
			relay.send(to(command, answer))
			err := <-done
			switch want := answer.(type) {
			case smp.MSG:
				require.NoError(t, err)
				require.Equal(t, &want, message)
			case smp.ERR:
				require.ErrorIs(t, err, want.Err)
			default:
				require.NoError(t, err)
				require.Nil(t, message)
			}
		}
		require.Empty(t, c.Events())
	})
}

func TestQueueInfo(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{})
		q := someQueue(t, keys.Ed25519)
		var info smp.QueueInfo
		done := async(func() (err error) {
			info, err = c.QueueInfo(t.Context(), q)
			return err
		})
		want := smp.QueueInfo{Secured: true, Size: 3}
		relay.send(to(relay.command(), smp.INFO{Queue: want}))
		require.NoError(t, <-done)
		require.Equal(t, want, info)
	})
}

func TestEvents(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 20, client.Config{})
		events := []outgoing{
			event("q", smp.END{}), event("q", smp.DELD{}), event("q", someMSG()),
			event("n", smp.NMSG{Meta: []byte("meta")}),
			event("s", smp.ENDS{ServiceQueues: smp.ServiceQueues{Count: 3}}), event("", smp.ALLS{}),
		}
		relay.send(events[:2]...)
		relay.send(events[2:]...)
		for _, want := range events {
			e := next(t, c)
			require.NoError(t, e.Err)
			require.Equal(t, want.response, e.Response)
			require.Equal(t, string(want.entityID), string(e.EntityID))
		}
	})
}

func TestEventThatArrivedBeforeAnAnswerIsThere(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		c, relay := connect(t, 18, client.Config{})
		for range 100 {
			done := async(func() error { return c.Ping(t.Context()) })
			ping := relay.command()
			relay.send(event("q", smp.END{}), to(ping, smp.PONG{}))
			require.NoError(t, <-done)
			require.Len(t, c.Events(), 1)
			next(t, c)
		}
	})
}

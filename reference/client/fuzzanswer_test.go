package client_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"smpcheck/fuzz/fill"
	"smpcheck/reference/box"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// exchange is a method of the client that sends one command, and the responses that may
// answer it.
type exchange struct {
	from    uint16 // the version that has it
	do      func(context.Context, *client.Client, client.Queue) error
	answers []string
}

var exchanges = []exchange{
	{6, func(ctx context.Context, c *client.Client, _ client.Queue) error { return c.Ping(ctx) }, []string{"PONG"}},
	{6, func(ctx context.Context, c *client.Client, _ client.Queue) error {
		_, err := c.CreateQueue(ctx, client.QueueOptions{})
		return err
	}, []string{"IDS"}},
	{17, func(ctx context.Context, c *client.Client, _ client.Queue) error {
		_, _, err := c.CreateNotifiedQueue(ctx, client.QueueOptions{}, client.NotifierOptions{})
		return err
	}, []string{"IDS"}},
	{6, func(ctx context.Context, c *client.Client, q client.Queue) error { return c.Subscribe(ctx, q) }, []string{"OK", "SOK", "MSG"}},
	{6, func(ctx context.Context, c *client.Client, q client.Queue) error {
		_, err := c.Get(ctx, q)
		return err
	}, []string{"OK", "MSG"}},
	{6, func(ctx context.Context, c *client.Client, q client.Queue) error { return c.Ack(ctx, q, []byte("id")) }, []string{"OK", "MSG"}},
	{6, func(ctx context.Context, c *client.Client, q client.Queue) error { return c.Delete(ctx, q) }, []string{"OK"}},
	{6, func(ctx context.Context, c *client.Client, q client.Queue) error {
		_, err := c.QueueInfo(ctx, q)
		return err
	}, []string{"INFO"}},
	{6, func(ctx context.Context, c *client.Client, q client.Queue) error {
		_, err := c.EnableNotifications(ctx, q, client.NotifierOptions{})
		return err
	}, []string{"NID"}},
	{6, func(ctx context.Context, c *client.Client, q client.Queue) error {
		return c.SubscribeNotifications(ctx, client.NotifierQueue{NotifierID: q.RecipientID, Key: q.Key})
	}, []string{"OK", "SOK"}},
	{6, func(ctx context.Context, c *client.Client, q client.Queue) error {
		return c.SendMessage(ctx, client.SenderQueue{SenderID: q.SenderID}, true, []byte("body"))
	}, []string{"OK"}},
	{15, func(ctx context.Context, c *client.Client, q client.Queue) error {
		_, _, err := c.GetLink(ctx, q.SenderID)
		return err
	}, []string{"LNK"}},
	{15, func(ctx context.Context, c *client.Client, q client.Queue) error {
		return c.SetLinkData(ctx, q, []byte("link"), smp.LinkData{})
	}, []string{"OK"}},
	{20, func(ctx context.Context, c *client.Client, _ client.Queue) error {
		_, err := c.Resolve(ctx, "a.b")
		return err
	}, []string{"RNAME"}},
	{8, func(ctx context.Context, c *client.Client, _ client.Queue) error {
		_, err := c.Proxy(ctx, smp.Server{Hosts: []string{"a.example"}}, nil)
		return err
	}, []string{"PKEY"}},
}

// FuzzAnswers lets a relay answer each command with responses of any kind, under the ids of the
// command, others and none. The command succeeds only if the first response under its ids is
// one that answers it, and the connection goes on.
func FuzzAnswers(f *testing.F) {
	for i := range exchanges {
		for j := range uint8(8) {
			f.Add(bytes.Repeat([]byte{byte(i), j, 3, 77}, 8*int(j)), uint8(i), j)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, n, version uint8) {
		credentials()
		synctest.Test(t, func(t *testing.T) {
			e := exchanges[int(n)%len(exchanges)]
			v := max(versionOf(version), e.from)
			c, relay := connect(t, v, client.Config{CommandTimeout: time.Second})
			q := someQueue(t, keys.Ed25519)
			done := async(func() error { return e.do(t.Context(), c, q) })
			command := relay.command()
			var first smp.Response // under the ids of the command
			filler := fill.Valid(data, v)
			var out []outgoing
			size := 0
			for range 1 + fill.Value[uint8](filler)%4 {
				o := outgoing{response: filler.Response()}
				choice := fill.Value[uint8](filler)
				o.corrID = [][]byte{command.Transmission.CorrelationID, command.Transmission.CorrelationID, nil, []byte("another correlation id..")}[choice%4]
				o.entityID = [][]byte{command.Transmission.EntityID, command.Transmission.EntityID, []byte("other"), nil}[choice/4%4]
				if size += len(relay.encode(o)) + 2; size > smp.EncryptedContent-1 {
					break // it is what fits a block
				}
				out = append(out, o)
				if choice%4 < 2 && first == nil {
					first = o.response
					if !bytes.Equal(o.entityID, command.Transmission.EntityID) || smp.CheckEntity(o.response, len(o.entityID) > 0) != nil {
						first = smp.ERR{Err: smp.ErrBlock} // it does not fit
					}
				}
			}
			if len(out) == 0 {
				out = []outgoing{event("q", smp.END{})}
			}
			relay.send(out...)
			err := <-done
			requireAnswered(t, &e, first, err)
			if c.Err() != nil {
				t.Fatalf("the connection ended: %v", c.Err())
			}
			done = async(func() error { return c.Ping(t.Context()) })
			relay.send(to(relay.command(), smp.PONG{}))
			if err := <-done; err != nil {
				t.Fatalf("PING after %v: %v", out, err)
			}
		})
	})
}

// requireAnswered checks what a method makes of the first response under the ids of its
// command, nil for none.
func requireAnswered(t *testing.T, e *exchange, first smp.Response, err error) {
	t.Helper()
	switch {
	case err == nil && (first == nil || !slices.Contains(e.answers, first.Tag())):
		t.Fatalf("%#v answers a command that expects one of %v", first, e.answers)
	case first == nil && !errors.Is(err, context.DeadlineExceeded):
		t.Fatalf("no response gives %v", err)
	}
}

// FuzzForwardedAnswer gives a client any content of a block as the answer of a destination
// behind a proxy, correctly encrypted. It is taken for success only if it is OK under the ids
// of the command.
func FuzzForwardedAnswer(f *testing.F) {
	f.Add([]byte("\x01\x00\x05\x00\x00\x00OK"), false)
	f.Add([]byte("OK"), true)
	f.Add([]byte("ERR AUTH"), true)
	f.Add([]byte("ERR PROXY BROKER TIMEOUT"), true)
	f.Add([]byte("LNK \x01x\x00\x00\x00\x00"), true)
	f.Fuzz(func(t *testing.T, answer []byte, wrapped bool) {
		if len(answer) > smp.PaddedForwarded-100 {
			return
		}
		credentials()
		synctest.Test(t, func(t *testing.T) {
			c, proxy := connect(t, smp.MaxVersion, client.Config{CommandTimeout: time.Second})
			destination := newBehind(t)
			session := destination.session(c, proxy)
			q := client.SenderQueue{SenderID: []byte("sender")}
			done := async(func() error { return session.SendMessage(t.Context(), q, false, []byte("body")) })
			pfwd := proxy.command()
			command, key := destination.open(pfwd)
			content := answer
			if wrapped {
				content = wrap(t, command.Transmission, answer)
			}
			proxy.send(to(pfwd, destination.seal(pfwd, key, content)))
			ok := wrap(t, command.Transmission, []byte("OK"))
			if err := <-done; (err == nil) != bytes.Equal(content, ok) {
				t.Fatalf("%q gave %v", content, err)
			}
			if c.Err() != nil {
				t.Fatalf("the connection ended: %v", c.Err())
			}
		})
	})
}

// wrap makes the content of a block with one response under the ids of a command.
func wrap(t *testing.T, command smp.Transmission, response []byte) []byte {
	t.Helper()
	tr := smp.Transmission{CorrelationID: command.CorrelationID, EntityID: command.EntityID, Command: response}
	content, err := tr.AppendBlock(nil, smp.MaxVersion)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// FuzzForward gives a relay that is a proxy any content of RRES, correctly encrypted. It passes
// on the body under the correlation id of the command and no other.
func FuzzForward(f *testing.F) {
	f.Add([]byte("\x18" + "a correlation id of them" + "body"))
	f.Add([]byte("\x02idbody"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) > 16000 {
			return
		}
		credentials()
		synctest.Test(t, func(t *testing.T) {
			c, relay := connect(t, smp.MaxVersion, client.Config{CommandTimeout: time.Second})
			key, err := keys.NewPublic(keys.X25519, bytes.Repeat([]byte{9}, 32))
			if err != nil {
				t.Fatal(err)
			}
			id := []byte("a correlation id of them")
			var body []byte
			done := async(func() (err error) {
				body, err = c.Forward(t.Context(), smp.ForwardedCommand{CorrelationID: id, Version: 20, Key: key, Body: []byte("body")})
				return err
			})
			rfwd := relay.command()
			secret, err := box.DeriveKey(relay.conn.Secret())
			if err != nil {
				t.Fatal(err)
			}
			nonce := smp.CorrelationNonce(rfwd.Transmission.CorrelationID).Reverse()
			relay.send(to(rfwd, smp.RRES{Body: box.Seal(nil, content, &nonce, &secret)}))
			err = <-done
			want, passed := bytes.CutPrefix(content, append([]byte{24}, id...))
			if (err == nil) != passed || passed && !bytes.Equal(body, want) {
				t.Fatalf("%q became %q, %v", content, body, err)
			}
		})
	})
}

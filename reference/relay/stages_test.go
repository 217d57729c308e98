package relay_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// replaced runs a relay some of whose stages are replaced.
func replaced(t *testing.T, change func(*relay.Stages)) *relay.Endpoint {
	t.Helper()
	stages := relay.DefaultStages()
	change(&stages)
	return start(t, func(c *relay.Config) { c.Stages = stages })
}

func TestStageAccept(t *testing.T) {
	t.Parallel()
	e := replaced(t, func(s *relay.Stages) {
		s.Accept = func(net.Conn) (net.Conn, error) { return nil, errors.New("not today") }
	})
	ended(t, dial(t, e))
}

func TestStageHandshake(t *testing.T) {
	t.Parallel()
	e := replaced(t, func(s *relay.Stages) {
		s.Handshake = func(ctx context.Context, conn net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
			config.Versions = wire.Versions(6, 7)
			return transport.Server(ctx, conn, config)
		}
	})
	require.Equal(t, uint16(7), connect(t, e, 20).conn.Version())
}

func TestStageDecodeAndRead(t *testing.T) {
	t.Parallel()
	var blocks atomic.Int32
	e := replaced(t, func(s *relay.Stages) {
		read, decode := s.Read, s.Decode
		s.Read = func(s *relay.Session) ([]byte, error) {
			blocks.Add(1)
			return read(s)
		}
		s.Decode = func(s *relay.Session, content []byte) []relay.Request {
			requests := decode(s, content)
			slices.Reverse(requests)
			return requests
		}
	})
	c := connect(t, e, 20)
	first, a := c.request(noKey, nil, smp.PING{})
	second, b := c.request(noKey, nil, smp.PING{})
	c.write(a, b)
	require.Equal(t, second.CorrelationID, c.next().Transmission.CorrelationID)
	require.Equal(t, first.CorrelationID, c.next().Transmission.CorrelationID)
	require.Positive(t, blocks.Load(), "blocks that were read")
}

func TestStageAuthorise(t *testing.T) {
	t.Parallel()
	e := replaced(t, func(s *relay.Stages) {
		verify := s.Verify
		s.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			if _, ok := r.Command.(smp.QUE); ok {
				return true // anybody may ask
			}
			return verify(s, r, key)
		}
	})
	c := connect(t, e, 20)
	q := c.newQueue(onlyCreate)
	require.IsType(t, smp.INFO{}, c.do(newKey(t, keys.Ed25519), q.rcvID, smp.QUE{}))
	require.Equal(t, refused(smp.ErrAuth), c.do(newKey(t, keys.Ed25519), q.rcvID, smp.DEL{}))
}

func TestStageExecute(t *testing.T) {
	t.Parallel()
	e := replaced(t, func(s *relay.Stages) {
		execute := s.Execute
		s.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			out := execute(s, r)
			if _, ok := r.Command.(smp.OFF); ok {
				out[0].Response = smp.ERR{Err: smp.ErrInternal}
			}
			return out
		}
	})
	c := connect(t, e, 20)
	q := c.newQueue(onlyCreate)
	require.Equal(t, refused(smp.ErrInternal), c.recipient(q, smp.OFF{}))
	require.Equal(t, refused(smp.ErrAuth), c.send(q, "suspended all the same"))
}

// TestStageChangesQueue has a relay that forgets what OFF did.
func TestStageChangesQueue(t *testing.T) {
	t.Parallel()
	e := replaced(t, func(s *relay.Stages) {
		execute := s.Execute
		s.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			out := execute(s, r)
			if _, ok := r.Command.(smp.OFF); ok && r.Queue.Record().Suspended() && s.Relay().Queues() == 1 {
				r.Queue.Change(func(r *relay.Record) { r.SuspendedAt = time.Time{} })
				r.Queue.Mailbox().Put(&relay.Message{ID: r.Queue.SenderID(), Time: time.Now(), Body: []byte("still on")})
			}
			return out
		}
	})
	c := connect(t, e, 20)
	q := c.newQueue(onlyCreate)
	require.Equal(t, smp.OK{}, c.recipient(q, smp.OFF{}))
	require.Equal(t, smp.OK{}, c.send(q, "another"))
	require.Equal(t, q.sndID, q.expect(c.recipient(q, smp.GET{}), "still on"))
}

func TestStageNewID(t *testing.T) {
	t.Parallel()
	e := replaced(t, func(s *relay.Stages) {
		newID := s.NewID
		s.NewID = func(s *relay.Session, r *relay.Request, kind relay.IDKind) ([]byte, error) {
			if kind == relay.SenderID {
				return bytes.Repeat([]byte{7}, 24), nil
			}
			return newID(s, r, kind)
		}
	})
	c := connect(t, e, 20)
	q := c.newQueue()
	require.Equal(t, bytes.Repeat([]byte{7}, 24), q.sndID)
	key := newKey(t, keys.Ed25519)
	command := smp.NEW{AuthKey: key.Public(), DHKey: newKey(t, keys.X25519).Public()}
	require.Equal(t, refused(smp.ErrInternal), c.do(key, nil, command), "the id is taken, again and again")
	require.Equal(t, 1, e.Queues())
}

func TestStagesOfTheMailbox(t *testing.T) {
	t.Parallel()
	e := replaced(t, func(s *relay.Stages) {
		store := s.Store
		s.Store = func(q *relay.Queue, m *relay.Message) bool {
			if string(m.Body) == "lost" {
				return true
			}
			return store(q, m)
		}
		s.Remove = func(*relay.Queue, []byte) bool { return true }
	})
	c := connect(t, e, 20)
	q := c.newQueue()
	require.Equal(t, smp.OK{}, c.send(q, "lost"))
	c.quiet()
	_, encoded := c.request(noKey, q.sndID, smp.SEND{Body: []byte("stays")})
	c.write(encoded)
	id := q.expect(c.event(q.rcvID), "stays")
	require.Equal(t, smp.OK{}, c.next().Response)
	require.Equal(t, id, q.expect(c.ack(q, id), "stays"))
}

func TestStagePush(t *testing.T) {
	t.Parallel()
	e := replaced(t, func(s *relay.Stages) {
		push := s.Push
		s.Push = func(to *relay.Session, q *relay.Queue, out relay.Output) {
			if _, ok := out.Response.(smp.END); !ok {
				push(to, q, out)
			}
		}
	})
	old, fresh := connect(t, e, 20), connect(t, e, 20)
	q := old.newQueue()
	require.Equal(t, smp.SOK{}, fresh.recipient(q, smp.SUB{}))
	old.quiet()
}

func TestStageExpire(t *testing.T) {
	t.Parallel()
	e := replaced(t, func(s *relay.Stages) {
		s.Expire = func(*relay.Relay, *relay.Queue, time.Time) bool { return true }
	})
	c := connect(t, e, 20)
	q := c.newQueue(onlyCreate)
	require.Equal(t, refused(smp.ErrAuth), c.do(noKey, q.sndID, smp.SEND{}))
	require.Zero(t, e.Queues())
}

func TestStageLeave(t *testing.T) {
	t.Parallel()
	left := make(chan []byte, 1)
	e := replaced(t, func(s *relay.Stages) {
		leave := s.Leave
		s.Leave = func(s *relay.Session, q *relay.Queue) {
			leave(s, q)
			if q.Subscriber() != nil {
				t.Error("the subscription stayed")
			}
			left <- q.RecipientID()
		}
	})
	c := connect(t, e, 20)
	q := c.newQueue()
	c.close()
	select {
	case id := <-left:
		require.Equal(t, q.rcvID, id)
	case <-time.After(patience):
		t.Fatal("nobody left")
	}
}

func TestStagesDeliverAndEncode(t *testing.T) {
	t.Parallel()
	e := replaced(t, func(s *relay.Stages) {
		deliver, encode := s.Deliver, s.Encode
		s.Deliver = func(s *relay.Session, out relay.Output) (smp.Response, error) {
			m := *out.Message
			m.Body = append([]byte("changed "), m.Body...)
			out.Message = &m
			return deliver(s, out)
		}
		s.Encode = func(s *relay.Session, outs []relay.Output) ([][]byte, error) {
			for i := range outs {
				if _, ok := outs[i].Response.(smp.PONG); ok {
					outs[i].Response = smp.ERR{Err: smp.ErrInternal}
				}
			}
			return encode(s, outs)
		}
	})
	c := connect(t, e, 20)
	q := c.newQueue(onlyCreate)
	require.Equal(t, smp.OK{}, c.send(q, "body"))
	q.expect(c.recipient(q, smp.GET{}), "changed body")
	require.Equal(t, refused(smp.ErrInternal), c.do(noKey, nil, smp.PING{}))
}

func TestStageWrite(t *testing.T) {
	t.Parallel()
	e := replaced(t, func(s *relay.Stages) {
		write := s.Write
		s.Write = func(s *relay.Session, contents [][]byte) error {
			return write(s, append(contents, contents...))
		}
	})
	c := connect(t, e, 20)
	sent, encoded := c.request(noKey, nil, smp.PING{})
	c.write(encoded)
	for range 2 {
		require.Equal(t, sent.CorrelationID, c.next().Transmission.CorrelationID)
	}
}

func TestStageThatFailsEndsTheSession(t *testing.T) {
	t.Parallel()
	failure := errors.New("broken")
	for name, change := range map[string]func(*relay.Stages){
		"Deliver": func(s *relay.Stages) {
			s.Deliver = func(*relay.Session, relay.Output) (smp.Response, error) { return nil, failure }
		},
		"Notify": func(s *relay.Stages) {
			s.Notify = func(*relay.Session, relay.Output) (smp.Response, error) { return nil, failure }
		},
		"Encode": func(s *relay.Stages) {
			encode := s.Encode
			s.Encode = func(s *relay.Session, outs []relay.Output) ([][]byte, error) {
				if _, ok := outs[0].Response.(smp.MSG); ok {
					return nil, failure
				}
				return encode(s, outs)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := replaced(t, change)
			c, sender := connect(t, e, 20), connect(t, e, 20)
			n := c.newNotified()
			c.watch(n)
			require.Equal(t, smp.OK{}, sender.flagged(n.queue, "one"))
			c.closed()
			sender.quiet()
		})
	}
}

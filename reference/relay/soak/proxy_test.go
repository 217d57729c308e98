package soak_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// sender is one connection to the proxy after the other, each of which sends random
// things through it.
type sender struct {
	m    *model
	path *path
	rng  *rand.Rand

	leg     *leg
	client  *client.Client
	session *client.ProxySession
}

// run sends random things until ctx ends.
func (s *sender) run(ctx context.Context) {
	for ctx.Err() == nil {
		s.path.far.gate.RLock()
		err := s.connect(ctx)
		if err == nil {
			err = s.work(ctx)
			_ = s.client.Conn().Abort() // in order or not, the proxy has to cope
			_ = s.client.Close()
			<-s.leg.over
		}
		if err != nil && ctx.Err() == nil && !s.path.far.closing.Load() {
			s.m.fail("through the proxy: %v", err)
		}
		s.path.far.gate.RUnlock()
	}
}

func (s *sender) connect(ctx context.Context) error {
	config := s.path.proxy.clientConfig(s.rng)
	config.Versions.Max = max(config.Versions.Max, smp.VersionProxy)
	var err error
	if s.leg, err = s.path.proxy.dial(); err != nil {
		return err
	}
	conn, err := transport.Client(ctx, s.leg.near, config)
	if err != nil {
		_ = s.leg.near.Close() // whatever that says, the connection is not used
		<-s.leg.over
		return err
	}
	s.m.count("connections to the proxy")
	s.session = nil
	s.client, err = client.New(conn, client.Config{CommandTimeout: patience, Versions: config.Versions})
	return err
}

// work sends a random number of bursts.
func (s *sender) work(ctx context.Context) error {
	for range 1 + s.rng.IntN(30) {
		if ctx.Err() != nil || s.path.far.closing.Load() {
			return nil
		}
		if s.session == nil {
			var err error
			if s.session, err = s.client.Proxy(context.Background(), s.path.server, nil); err != nil {
				return err
			}
			s.m.count("PRXY")
		}
		if s.burst() {
			return nil
		}
	}
	return nil
}

// burst sends a few commands at once, in no order. Now and then the connection between
// the relays ends meanwhile, or the one to the proxy, which it reports.
func (s *sender) burst() (left bool) {
	var burst sync.WaitGroup
	results := make(chan result, maxBurst)
	for range 1 + s.rng.IntN(maxBurst) {
		if o, key, entity := s.something(); o != nil {
			burst.Go(func() {
				r, err := s.session.Do(context.Background(), entity, key, o.command)
				results <- result{o, r, err}
			})
		}
	}
	switch n := s.rng.IntN(200); {
	case n < 2:
		s.m.count("cuts between the relays")
		s.path.cut(s.m.tick(), n == 0)
	case n < 10:
		left = true
		_ = s.client.Conn().Abort()
	}
	burst.Wait()
	close(results)
	if left {
		<-s.leg.over
	}
	x, lost := s.path.of(s.session), false
	for r := range results {
		lost = s.take(r, x, left) || lost
	}
	if lost {
		s.session = nil
	}
	return left
}

// maxBurst is how many commands are sent at once, at most.
const maxBurst = 8

// result is what became of a command.
type result struct {
	op       *op
	response smp.Response
	err      error
}

// something is a random command of a sender, nil for one that the version has not.
func (s *sender) something() (o *op, key keys.PrivateKey, entity []byte) {
	q, version := s.m.some(s.rng), s.session.Version()
	switch n := s.rng.IntN(20); {
	case n == 0 && q.mode == smp.Messaging && version >= smp.VersionSenderKeys:
		o = &op{command: smp.SKEY{SenderKey: q.sndKey.Public()}, queue: q}
	case n < 4 && q.linkID != nil && version >= smp.VersionShortLinks:
		o, key = linkRequest(q)
		o.asked = s.m.tick()
		return o, key, q.linkID
	default:
		size := s.rng.IntN(600)
		if s.rng.IntN(20) == 0 {
			size = smp.MaxMessageLength(version)
		}
		o = s.m.sending(q, messageKey{s.m.conns.Add(1), 1}, size, s.rng.IntN(3) == 0)
	}
	if o.asked == 0 {
		o.asked = s.m.tick()
	}
	return o, q.sndKey, q.sndID
}

// take takes what became of a command, and reports whether the session with the relay is
// lost.
func (s *sender) take(r result, x *crossing, left bool) (lost bool) {
	var failure *client.ProxyError
	var answer *smp.Error
	switch {
	case r.err == nil:
		s.answered(r.op, r.response)
		return false
	case !errors.As(r.err, &failure) && errors.As(r.err, &answer):
		s.answered(r.op, smp.ERR{Err: answer})
		return false
	case left:
		s.abandoned(r.op, false)
		return false
	case failure == nil || failure.Answer == nil:
		s.m.fail("%v", r.err)
		return true
	}
	network := smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerNetwork, Network: smp.NetworkError{Code: smp.NetworkFailed}})
	none := failure.Answer.Equal(smp.ErrProxyNoSession)
	if cut := x.cut.Load(); cut == 0 && !s.path.far.closing.Load() || !none && !failure.Answer.Equal(network) {
		s.m.fail("%v", r.err)
		return true
	}
	<-x.over
	s.abandoned(r.op, none)
	return true
}

// answered takes an answer of the relay.
func (s *sender) answered(o *op, r smp.Response) {
	s.m.count("PFWD " + o.command.Tag() + " " + r.Tag() + " " + string(refusal(r)))
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	o.answered = s.m.tick()
	s.m.senderAnswer(o, r)
}

// abandoned ends a command that has no answer. It was executed or not, or the proxy has
// said that it was not.
func (s *sender) abandoned(o *op, refusing bool) {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	now := s.m.tick()
	if refusing {
		s.m.count("PFWD without session")
	} else {
		s.m.count("PFWD with unknown fate")
	}
	if o.changes != nil {
		o.changes.answered, o.changes.void = now, refusing
	}
	if o.message == nil {
		return
	}
	o.message.span.answered, o.message.span.void = now, refusing
	if refusing {
		o.message.state = refused
	}
}

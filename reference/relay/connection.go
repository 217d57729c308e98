package relay

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// errLimit: there are as many connections, or handshakes, as there may be.
var errLimit = errors.New("limit of connections reached")

// ServeConn serves one connection until it ends, ctx ends or the relay is
// closed, and closes it. It returns nil if the client or the relay ended it in
// order, and otherwise the reason.
func (r *Relay) ServeConn(ctx context.Context, raw net.Conn) error {
	if err := r.addConnection(raw); err != nil {
		r.log.Warn("connection refused", "reason", err.Error())
		return errors.Join(err, raw.Close())
	}
	defer r.running.Done()
	defer r.removeConnection(raw)
	defer raw.Close()
	unregister := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer unregister()

	conn, err := r.handshake(ctx, raw)
	if err == nil {
		err = r.serveSession(conn)
	}
	if ctx.Err() != nil || r.isClosed() || errors.Is(err, io.EOF) {
		return nil
	}
	r.log.Info("connection ended", "reason", reason(err))
	return err
}

// addConnection enters a connection as one that is in the handshake.
func (r *Relay) addConnection(c net.Conn) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	if len(r.connections) >= r.config.MaxConnections || r.handshakes >= r.config.MaxHandshakes {
		return errLimit
	}
	r.connections[c] = struct{}{}
	r.handshakes++
	r.running.Add(1)
	return nil
}

func (r *Relay) removeConnection(c net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.connections, c)
}

func (r *Relay) endHandshake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handshakes--
}

// handshake runs the stages Accept and Handshake, on a worker.
func (r *Relay) handshake(ctx context.Context, raw net.Conn) (conn *transport.Conn, err error) {
	done := make(chan struct{})
	r.workers.do(func() {
		defer close(done)
		conn, err = r.handshakeHere(ctx, raw)
	})
	<-done
	return conn, err
}

func (r *Relay) handshakeHere(ctx context.Context, raw net.Conn) (*transport.Conn, error) {
	defer r.endHandshake()
	ctx, cancel := context.WithTimeout(ctx, r.config.HandshakeTimeout)
	defer cancel()
	conn, err := r.stages.Accept(raw)
	if err != nil {
		return nil, err
	}
	return r.stages.Handshake(ctx, conn, r.transportConfig())
}

// serveSession serves a connection after its handshake.
func (r *Relay) serveSession(conn *transport.Conn) error {
	s, err := newSession(r, conn)
	if err != nil {
		return err
	}
	return s.serve()
}

// serve runs the session until it ends, and returns why: io.EOF if the client
// closed the connection between blocks.
func (s *Session) serve() error {
	err := s.read()
	s.Close()
	s.out.waitWriter()
	s.leaveAll()
	s.beside.Wait()
	if s.writeErr != nil {
		return s.writeErr
	}
	return err
}

// read takes blocks from the connection and executes what is in them.
func (s *Session) read() error {
	for {
		if err := s.conn.SetReadDeadline(time.Now().Add(s.relay.config.IdleTimeout)); err != nil {
			return err
		}
		content, err := s.relay.stages.Read(s)
		if err == nil || errors.Is(err, transport.ErrLargeMessage) {
			s.count.blocksIn.Add(1)
		}
		switch {
		case err == nil:
			s.execute(s.relay.stages.Decode(s, content))
		case errors.Is(err, transport.ErrLargeMessage):
			s.execute([]Request{{Err: smp.ErrBlock}})
		default:
			return err
		}
	}
}

// execute serves the requests of one block. While much waits to be written to
// this connection it waits too, so that a client is not served faster than it
// takes the answers.
func (s *Session) execute(requests []Request) {
	s.executeBlock(requests)
	wipe(requests)
	// Flush also makes the writer look at what was postponed while it could not.
	s.Flush()
	s.relay.journal.pace()
}

func (s *Session) executeBlock(requests []Request) {
	s.block.Lock()
	defer s.block.Unlock()
	for i := range requests {
		if !s.out.waitRoom() {
			return
		}
		s.answer(&requests[i])
	}
	s.relay.deliverPostponed(s)
	s.startCollection()
}

// answer runs one request through Authorise and Execute and puts the answer into
// the session's queue.
func (s *Session) answer(r *Request) { s.run(r, s.Send) }

// run runs one request through Authorise and Execute. It gives the answer to
// reply while the queue of the request, if there is one, is locked.
func (s *Session) run(r *Request, reply func(...Output)) {
	if r.Command != nil {
		s.count.command(r.Command)
	}
	if r.Err == nil {
		r.Err = s.relay.stages.Authorise(s, r)
	}
	switch q := r.Queue; {
	case r.Err != nil:
		reply(r.failure(r.Err))
	case q == nil:
		s.replied(r, reply)
	default:
		s.relay.lock(q)
		defer q.mu.Unlock()
		if !s.relay.alive(q) {
			reply(r.failure(smp.ErrAuth))
			return
		}
		q.usedAt = s.relay.config.Now().UnixNano()
		if _, ok := r.Command.(smp.SUB); !ok {
			s.relay.resume(s, q) // what a SUB before in this block postponed
		}
		s.replied(r, reply)
	}
}

// replied executes a request and gives the answer to reply. A command that may make
// the session that which gets everything for its service has the service to itself
// until then, as it has the queue: otherwise ENDS, which another session causes, could
// come before the answer, and the client would believe that it is subscribed.
func (s *Session) replied(r *Request, reply func(...Output)) {
	if v := s.service; v != nil && takesOver(r.Command) {
		v.claiming.Lock()
		defer v.claiming.Unlock()
	}
	reply(s.executed(r)...)
}

// write sends what is in the session's queue, and returns when there is nothing to do any
// more. It runs on a worker, and the queue starts it, one at a time.
func (s *Session) write() {
	for s.out.next() {
		if err := s.writeWaiting(); err != nil {
			s.writeErr = err
			s.Close()
		}
	}
}

// writeWaiting sends all that the writer may take.
func (s *Session) writeWaiting() error {
	for {
		outs, open := s.out.take()
		if !open {
			return nil
		}
		if len(outs) == 0 {
			s.deliverLater()
			return nil
		}
		err := s.transmit(outs)
		s.out.release(outs)
		if err != nil {
			return err
		}
	}
}

// deliverLater delivers what was postponed if there is room. While a block is executed
// it leaves that to its end: what SUB brings comes after the answers to the block.
func (s *Session) deliverLater() {
	if !s.out.room() || !s.block.TryLock() {
		return
	}
	defer s.block.Unlock()
	s.relay.deliverPostponed(s)
	s.relay.deliverCollection(s)
}

// transmit runs outputs through Deliver or Notify, Encode and Write.
func (s *Session) transmit(outs []Output) error {
	stages := &s.relay.stages
	outs = settled(outs)
	for i := range outs {
		if outs[i].Response != nil {
			s.count.response(outs[i].Response)
			continue
		}
		var err error
		if outs[i].Response, err = s.seal(outs[i]); err != nil {
			return err
		}
	}
	contents, err := stages.Encode(s, outs)
	if err != nil {
		return err
	}
	deadline := time.Now().Add(s.relay.config.WriteTimeout * time.Duration(max(1, len(contents))))
	if err := s.conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	if err := stages.Write(s, contents); err != nil {
		return err
	}
	s.count.blocksOut.Add(uint64(len(contents)))
	return nil
}

// seal makes the response of an output that has none yet.
func (s *Session) seal(out Output) (smp.Response, error) {
	if out.Notification != nil {
		return s.relay.stages.Notify(s, out)
	}
	return s.relay.stages.Deliver(s, out)
}

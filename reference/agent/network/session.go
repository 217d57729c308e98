package network

import (
	"context"
	"errors"
	"fmt"

	"smpcheck/reference/client"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
)

// sessions are those in which a relay forwards, over one connection to it.
type sessions struct {
	over *client.Client
	open map[string]*session // by addressKey of the destination
}

// maxSessions is how many sessions are open at one proxy; all are opened again
// when there would be more.
const maxSessions = 1024

// session is a session that is being opened or is open.
type session struct {
	done chan struct{} // closed when one of the following is set
	*client.ProxySession
	err error
}

// session returns the session with a destination through r, over c. If there is
// none it is opened, and whoever needs it meanwhile waits for the same.
func (r *relay) session(ctx context.Context, c *client.Client, destination link.Server, password smp.Password) (*session, error) {
	key := addressKey(destination)
	r.mu.Lock()
	if r.sessions.over != c || len(r.sessions.open) >= maxSessions {
		r.sessions = sessions{over: c, open: make(map[string]*session)}
	}
	s, known := r.sessions.open[key]
	if !known {
		s = &session{done: make(chan struct{})}
		r.sessions.open[key] = s
	}
	r.mu.Unlock()
	if !known && !r.network.spawn(func() { r.open(s, c, destination, password) }) {
		return nil, ErrClosed
	}
	select {
	case <-s.done:
		return s, s.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-r.network.ctx.Done():
		return nil, ErrClosed
	}
}

func (r *relay) open(s *session, c *client.Client, destination link.Server, password smp.Password) {
	defer close(s.done)
	s.ProxySession, s.err = c.Proxy(r.network.ctx, smpServer(destination), password)
	if s.err == nil {
		return
	}
	r.forgetSession(s, destination)
	failed := new(client.ProxyError)
	if errors.As(s.err, &failed) && failed.Answer != nil && failed.Answer.Equal(smp.ErrProxyBasicAuth) {
		s.err = fmt.Errorf("%w: %w", ErrPassword, s.err)
	}
}

// forgetSession makes the next command open a new session.
func (r *relay) forgetSession(s *session, destination link.Server) {
	key := addressKey(destination)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sessions.open[key] == s {
		delete(r.sessions.open, key)
	}
}

// smpServer is the address of a relay as PRXY has it.
func smpServer(s link.Server) smp.Server {
	hosts := make([]string, len(s.Hosts))
	for i, h := range s.Hosts {
		hosts[i] = h.String()
	}
	return smp.Server{Hosts: hosts, Port: s.Port, KeyHash: s.KeyHash}
}

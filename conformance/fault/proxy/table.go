package proxy

import (
	"context"
	"fmt"
	"net"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/hop"
	"smpcheck/reference/client"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// tableFaults are mistakes in keeping the connections to destinations.
var tableFaults = []fault.Fault{
	{
		ID:     "proxy/session-per-client",
		Story:  "Every client has a connection of its own to the destination, which sees them apart.",
		Breaks: []string{"SMP-PROXY-SESSION-SHARED", "SMP-PROXY-HOPS-SESSION"},
		Cases:  []string{"relay/proxy/shared", "relay/proxy/shared-at-once", "relay/proxy/hops-session"},
		Apply:  tables(false, perClient),
	},
	{
		ID:     "proxy/session-per-request",
		Story:  "Every PRXY makes a new connection to the destination.",
		Breaks: []string{"SMP-PROXY-SESSION-SHARED", "SMP-PROXY-SESSION-REPEATED"},
		Cases:  []string{"relay/proxy/shared", "relay/proxy/repeated"},
		Apply:  tables(false, perRequest()),
	},
	{
		ID:     "proxy/session-raced",
		Story:  "Two clients that ask at the same time both find no connection and both make one.",
		Breaks: []string{"SMP-PROXY-SESSION-SHARED"},
		Cases:  []string{"relay/proxy/shared-at-once"},
		Apply:  tables(false, func(_ *relay.Session, c smp.PRXY) string { return destinationOf(c) }),
	},
	{
		ID:     "proxy/session-by-address",
		Story:  "Connections to destinations are found by the address alone, and the fingerprint in a later PRXY is not compared.",
		Breaks: []string{"SMP-PROXY-DESTINATION-IDENTITY"},
		Cases:  []string{"relay/proxy/identity"},
		Apply:  tables(false, func(_ *relay.Session, c smp.PRXY) string { return addressOf(c) }),
	},
	{
		ID:     "proxy/session-survives",
		Story:  "A session stands for a destination, and PFWD for one that has ended goes over the next connection.",
		Breaks: []string{"SMP-PROXY-PFWD-CLOSED-SESSION"},
		Cases:  []string{"relay/proxy/dies"},
		Apply:  tables(true, func(_ *relay.Session, c smp.PRXY) string { return destinationOf(c) }),
	},
}

// table is a proxy that keeps the connections to its destinations in a way of its own:
// under names, without waiting for one that is being made.
type table struct {
	// name says which connection a PRXY gets.
	name func(*relay.Session, smp.PRXY) string
	// byName forwards PFWD on the present connection of the name instead of that of its
	// session.
	byName bool

	connect connect
	forward hop.Forward

	mu       sync.Mutex
	clients  map[string]*client.Client
	sessions map[string]session
}

type session struct {
	client *client.Client
	name   string
}

// tables makes a relay keep its destinations in a table.
func tables(byName bool, name func(*relay.Session, smp.PRXY) string) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		t := &table{
			name: name, byName: byName, connect: st.Connect, forward: st.Forward,
			clients: make(map[string]*client.Client), sessions: make(map[string]session),
		}
		st.Proxy = t.proxy
	})
}

// destinationOf is the address and the fingerprint that PRXY asks for.
func destinationOf(c smp.PRXY) string { return addressOf(c) + string(c.Server.KeyHash) }

func addressOf(c smp.PRXY) string { return net.JoinHostPort(c.Server.Hosts[0], c.Server.Port) }

func (t *table) proxy(ctx context.Context, s *relay.Session, r *relay.Request) smp.Response {
	switch c := r.Command.(type) {
	case smp.PRXY:
		d, err := t.open(ctx, s, c)
		if err != nil {
			return smp.ERR{Err: broker(smp.BrokerNetwork)}
		}
		return pkeyOf(d)
	case smp.PFWD:
		d := t.find(r.Transmission.EntityID)
		if d == nil {
			return smp.ERR{Err: smp.ErrProxyNoSession}
		}
		body, err := t.forward(ctx, d, smp.ForwardedCommand{
			CorrelationID: r.Transmission.CorrelationID, Version: c.Version, Key: c.Key, Body: c.Body,
		})
		if err != nil {
			return smp.ERR{Err: broker(smp.BrokerNetwork)}
		}
		return smp.PRES{Body: body}
	}
	return smp.ERR{Err: smp.ErrCmdProhibited}
}

func pkeyOf(d *client.Client) smp.PKEY {
	hello := d.Conn().ServerHello()
	return smp.PKEY{SessionID: d.SessionID(), Versions: d.Conn().Versions(), Chain: hello.Chain, SignedKey: hello.SignedKey}
}

func (t *table) open(ctx context.Context, s *relay.Session, c smp.PRXY) (*client.Client, error) {
	name := t.name(s, c)
	t.mu.Lock()
	d := t.clients[name]
	t.mu.Unlock()
	if d != nil && d.Err() == nil {
		return d, nil
	}
	d, err := t.connect(ctx, s.Relay(), addressOf(c), c.Server.KeyHash)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = d.Close() }) // which returns nil
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clients[name] = d
	t.sessions[string(d.SessionID())] = session{d, name}
	return d, nil
}

// find is the connection for a session, nil for none.
func (t *table) find(sessionID []byte) *client.Client {
	t.mu.Lock()
	defer t.mu.Unlock()
	found := t.sessions[string(sessionID)]
	if t.byName {
		return t.clients[found.name]
	}
	return found.client
}

// perClient names a connection by the client and the destination.
func perClient(s *relay.Session, c smp.PRXY) string { return fmt.Sprintf("%p %s", s, destinationOf(c)) }

// perRequest names a new connection.
func perRequest() func(*relay.Session, smp.PRXY) string {
	var mu sync.Mutex
	n := 0
	return func(*relay.Session, smp.PRXY) string {
		mu.Lock()
		defer mu.Unlock()
		n++
		return fmt.Sprint(n)
	}
}

// sessionOfAll looks a session up among all there are by a rule of its own, if the
// relay does not have it.
func sessionOfAll(same func(known, asked []byte) bool) func(*relay.Config) {
	var mu sync.Mutex
	var known [][]byte
	find := func(asked []byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		for _, id := range known {
			if same(id, asked) {
				return id
			}
		}
		return nil
	}
	return proxies(func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response {
		answer := next(ctx, s, r)
		switch a := answer.(type) {
		case smp.PKEY:
			mu.Lock()
			known = append(known, a.SessionID)
			mu.Unlock()
		case smp.ERR:
			if id := find(r.Transmission.EntityID); id != nil && a.Err.Equal(smp.ErrProxyNoSession) {
				other := *r
				other.Transmission.EntityID = id
				return next(ctx, s, &other)
			}
		}
		return answer
	})
}

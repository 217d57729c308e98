package network

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
)

// routes remembers through which proxy each destination is reached.
type routes struct {
	mu     sync.Mutex
	chosen map[string]link.Server // by addressKey of the destination
}

// maxRoutes is how many choices of a proxy are remembered.
const maxRoutes = 4096

// candidates are the proxies for a destination, in the order in which they are
// to be tried: the one that works first, the others shuffled.
func (n *Network) candidates(destination link.Server) []link.Server {
	var found []link.Server
	for _, p := range n.config.Proxies {
		if !bytes.Equal(p.KeyHash, destination.KeyHash) {
			found = append(found, p)
		}
	}
	for i := range found {
		j := i + randomBelow(n.config.Rand, len(found)-i)
		found[i], found[j] = found[j], found[i]
	}
	n.routes.mu.Lock()
	chosen, ok := n.routes.chosen[addressKey(destination)]
	n.routes.mu.Unlock()
	if i := slices.IndexFunc(found, chosen.Equal); ok && i > 0 {
		found[0], found[i] = found[i], found[0]
	}
	return found
}

func (n *Network) choose(proxy, destination link.Server) {
	n.routes.mu.Lock()
	defer n.routes.mu.Unlock()
	if len(n.routes.chosen) >= maxRoutes {
		clear(n.routes.chosen)
	}
	n.routes.chosen[addressKey(destination)] = proxy
}

func (n *Network) unchoose(destination link.Server) {
	n.routes.mu.Lock()
	defer n.routes.mu.Unlock()
	delete(n.routes.chosen, addressKey(destination))
}

// sendThrough does a sender's command through the first proxy that forwards to
// the destination. sent is false if the command has certainly gone nowhere. A
// destination that fails is not tried through further proxies, which would only
// learn more.
func (n *Network) sendThrough(ctx context.Context, proxies []link.Server, destination link.Server, op string,
	f func(context.Context, sender) error,
) (sent bool, err error) {
	failures := []error{ErrNoProxy}
	for _, proxy := range proxies {
		opened, err := n.through(ctx, proxy, destination, f)
		var failed *client.ProxyError
		if errors.As(err, &failed) || !opened {
			n.unchoose(destination)
		} else {
			n.choose(proxy, destination)
		}
		if err == nil {
			return true, nil
		}
		if opened || ctx.Err() != nil || failed != nil && ofDestination(failed) {
			server := destination
			if failed != nil && !ofDestination(failed) {
				server = proxy
				server.Password = ""
			}
			return opened, &Error{Server: server, Op: op, Err: n.reason(err)}
		}
		failures = append(failures, proxyFailure(proxy, err))
	}
	return false, &Error{Server: destination, Op: op, Err: errors.Join(failures...)}
}

// proxyFailure names the proxy in the error of opening a session there.
func proxyFailure(proxy link.Server, err error) error {
	var named *Error
	if errors.As(err, &named) {
		return err
	}
	proxy.Password = ""
	return &Error{Server: proxy, Op: "PRXY", Err: err}
}

// ofDestination reports whether the destination failed and not the proxy.
func ofDestination(e *client.ProxyError) bool {
	return e.Destination || errors.Is(e, keys.ErrFingerprint)
}

// through does a sender's command through one proxy. opened is false if there
// was no session to send it in.
func (n *Network) through(ctx context.Context, proxy, destination link.Server, f func(context.Context, sender) error) (opened bool, err error) {
	r, err := n.acquire(proxy)
	if err != nil {
		return false, err
	}
	defer r.release()
	for again := false; ; again = true {
		c, err := r.connection(ctx)
		if err != nil {
			return false, err
		}
		s, err := r.session(ctx, c, destination, n.passwordOr(nil, proxy))
		if err != nil {
			return false, err
		}
		err = f(ctx, s)
		if failed := new(client.ProxyError); errors.As(err, &failed) {
			r.forgetSession(s, destination)
		}
		if again || !errors.Is(err, client.ErrProxySession) {
			return true, err
		}
	}
}

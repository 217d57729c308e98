package engine

import (
	"context"
	"crypto/rand"
	"time"

	"smpcheck/conformance/target"
	"smpcheck/fuzz/drive"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
)

// keeps runs a program against the reference relay and reports whether queues or messages
// are left after it: what any relay has to keep is no fault of this one. A program that
// cannot be run there proves nothing, so that then it counts as kept.
func (h *host) keeps(ctx context.Context, in input) bool {
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	if err != nil {
		return true
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	limit := h.options.scaled(canaryLimit)
	r, err := relay.Listen(ctx, "127.0.0.1:0", relay.Config{
		Credentials: credentials, Quota: h.options.Quota,
		Proxy: &relay.ProxyConfig{ConnectTimeout: limit, CommandTimeout: limit, AllowPrivate: true},
	})
	if err != nil {
		return true
	}
	defer r.Close()
	server, err := target.ParseAddress(r.Address())
	if err != nil {
		return true
	}
	config := drive.Config{Server: server, Versions: h.versions, TLS: "1.3", Scale: h.options.Scale, Seed: in.seed}
	if _, err := drive.Run(ctx, config, in.Program); err != nil {
		return true
	}
	return !empties(ctx, r.Relay, limit)
}

// empties reports whether a relay gets rid of its queues soon: what the end of a run has
// deleted may still be under way.
func empties(ctx context.Context, r *relay.Relay, limit time.Duration) bool {
	timer := time.NewTimer(limit / 10)
	defer timer.Stop()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for r.Queues() > 0 {
		select {
		case <-ticker.C:
		case <-timer.C:
			return r.Queues() == 0
		case <-ctx.Done():
			return false
		}
	}
	return true
}

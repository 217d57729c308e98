package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/relay"
	"smpcheck/reference/relay/names"
)

// embeddedName is a name that the embedded relay resolves, embeddedNames all of them.
const (
	embeddedName  = "smpcheck.testing"
	embeddedNames = `{"` + embeddedName + `": {
		"name": "` + embeddedName + `", "nickname": "", "website": "", "location": "",
		"simplexContact": ["https://localhost/a#AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"], "simplexChannel": [],
		"eth": null, "btc": null, "xmr": null, "dot": null,
		"owner": "0x0000000000000000000000000000000000000001",
		"resolver": "0x0000000000000000000000000000000000000002"
	}}`
)

// proxyTimeout is how long the embedded relay waits for another one: some cases ask
// what happens then.
const proxyTimeout = 8 * time.Second

// startEmbedded starts the reference relay. It is a target.Starter.
func startEmbedded(ctx context.Context) (string, func(), error) {
	return startChanged(ctx, func(c relay.Config) relay.Config { return c })
}

// startChanged starts the reference relay on a free port of the loopback interface, with
// an identity of its own and a configuration that change makes of the usual one.
func startChanged(ctx context.Context, change func(relay.Config) relay.Config) (string, func(), error) {
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	if err != nil {
		return "", nil, fmt.Errorf("make its identity: %w", err)
	}
	directory, err := names.Parse([]byte(embeddedNames))
	if err != nil {
		return "", nil, fmt.Errorf("read its names: %w", err)
	}
	config := change(relay.Config{
		Credentials: credentials,
		Proxy:       &relay.ProxyConfig{ConnectTimeout: proxyTimeout, CommandTimeout: proxyTimeout, AllowPrivate: true},
		Names:       &relay.NamesConfig{Resolver: directory},
	})
	endpoint, err := relay.Listen(ctx, "127.0.0.1:0", config)
	if err != nil {
		return "", nil, err
	}
	stop := func() { _ = endpoint.Close() } // its end is that of the program
	address, err := link.ParseServer(endpoint.Address())
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("read its address: %w", err)
	}
	address.Password = string(config.Password)
	return address.StringWithPassword(), stop, nil
}

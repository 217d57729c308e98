package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"smpcheck/conformance/target"
	"smpcheck/reference/keys"
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

// embeddedConfig is the configuration of the embedded relay, with an identity of its own.
func embeddedConfig() (relay.Config, error) {
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	if err != nil {
		return relay.Config{}, fmt.Errorf("make its identity: %w", err)
	}
	directory, err := names.Parse([]byte(embeddedNames))
	if err != nil {
		return relay.Config{}, fmt.Errorf("read its names: %w", err)
	}
	return relay.Config{
		Credentials: credentials,
		Proxy:       &relay.ProxyConfig{ConnectTimeout: proxyTimeout, CommandTimeout: proxyTimeout, AllowPrivate: true},
		Names:       &relay.NamesConfig{Resolver: directory},
	}, nil
}

// startChanged starts the reference relay on a free port of the loopback interface, with
// a configuration that change makes of the usual one.
func startChanged(ctx context.Context, change func(relay.Config) relay.Config) (string, func(), error) {
	config, err := embeddedConfig()
	if err != nil {
		return "", nil, err
	}
	config = change(config)
	endpoint, err := relay.Listen(ctx, "127.0.0.1:0", config)
	if err != nil {
		return "", nil, err
	}
	server, err := target.ParseAddress(endpoint.Address())
	if err != nil {
		_ = endpoint.Close() // the address is what is wrong
		return "", nil, err
	}
	server.Password = string(config.Password)
	return server.StringWithPassword(), func() { _ = endpoint.Close() }, nil // its end is that of the program
}

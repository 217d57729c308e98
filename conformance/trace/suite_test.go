package trace_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/relaycases"
	"smpcheck/conformance/report"
	"smpcheck/conformance/target"
	"smpcheck/conformance/trace"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/spec"
)

// sample are cases with every kind of layer and of secret.
var sample = []string{
	"relay/new/password", "relay/new/password-wrong", "relay/new/trailing", "relay/new/x25519", "relay/delivery/flags",
	"relay/proxy/password", "relay/proxy/password-wrong", "relay/proxy/forwards", "relay/proxy/hops", "relay/proxy/rres",
	"relay/notify/meta", "relay/service/subs", "relay/link/lkey", "relay/handshake/encryption", "relay/block/split",
}

const secret = "correct-horse-battery"

// protected is a relay with a password.
func protected(t *testing.T) target.Target {
	t.Helper()
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(t, err)
	endpoint, err := relay.Listen(t.Context(), "127.0.0.1:0", relay.Config{
		Credentials: credentials, Password: []byte(secret), Proxy: &relay.ProxyConfig{AllowPrivate: true},
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, endpoint.Close()) })
	server, err := target.ParseAddress(endpoint.Address())
	require.NoError(t, err)
	server.Password = secret
	return target.At(server)
}

// failing are the cases of the sample, each of which fails after it has passed.
func failing(t *testing.T) (*conformance.Registry, []*conformance.Case) {
	t.Helper()
	catalogue, err := spec.Load()
	require.NoError(t, err)
	registry := conformance.NewRegistry(catalogue)
	require.NoError(t, registry.Add(relaycases.All()...))
	selected, err := registry.Select(sample, nil)
	require.NoError(t, err)
	for _, c := range selected {
		run := c.Run
		c.Run = func(t *conformance.T) {
			run(t)
			t.Fail("nothing with "+secret, "a secret")
		}
	}
	return registry, selected
}

func TestNoOutputOfTheSuiteHasASecret(t *testing.T) {
	t.Parallel()
	tgt := protected(t)
	info, err := probe.Preflight(t.Context(), tgt, 10)
	require.NoError(t, err)
	registry, selected := failing(t)
	repeat := report.Invocation{Server: tgt.Server(), Seed: 1, TimeoutScale: 10, Exec: "relay --password " + secret}
	var mu sync.Mutex
	var all [][]byte
	layers := make(map[trace.Kind]int)
	outcome := conformance.Execute(t.Context(), selected, tgt, info, conformance.Options{
		Versions: []uint16{6, 20}, TimeoutScale: 10,
		Trace: func(c *conformance.Case, run conformance.Run, r *trace.Recording) error {
			decoded := r.Decode(trace.RawExtent)
			var b bytes.Buffer
			header := trace.Header{Case: c.ID, Command: repeat.Command(c.ID, run.Version)}
			if err := decoded.Text(&b, header); err != nil {
				return err
			}
			if err := decoded.WriteLines(&b, header); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			secrets := [][]byte{[]byte(secret)}
			for _, k := range r.Privates() {
				secrets = append(secrets, k.Raw())
			}
			all = append(all, secrets...)
			count(layers, decoded)
			expectNone(t, fmt.Sprint(c.ID, " at version ", run.Version), b.String(), secrets)
			return nil
		},
	})
	document := report.New(report.Tool{Name: "smpcheck", Version: "1"}, tgt, info, 1, outcome)
	document.Repeat(repeat)
	for _, format := range report.Formats() {
		var b bytes.Buffer
		require.NoError(t, document.Write(&b, format, registry.Catalogue(), false))
		expectNone(t, string(format), b.String(), all)
	}
	for _, kind := range []trace.Kind{
		trace.KindTCP, trace.KindTLS, trace.KindHandshake, trace.KindBlock, trace.KindTransmission, trace.KindCommand,
		trace.KindResponse, trace.KindMessage, trace.KindForwarded, trace.KindNotification,
	} {
		assert.Positive(t, layers[kind], "%s in the sample", kind)
	}
}

// count counts the layers of each kind.
func count(layers map[trace.Kind]int, t *trace.Trace) {
	var inside func(l *trace.Layer)
	inside = func(l *trace.Layer) {
		layers[l.Kind]++
		for i := range l.Layers {
			inside(&l.Layers[i])
		}
	}
	for i := range t.Events {
		inside(&t.Events[i].Layer)
	}
}

// expectNone looks for secrets as bytes, in hexadecimal and in base64.
func expectNone(t *testing.T, what, text string, secrets [][]byte) {
	t.Helper()
	dumped := strings.ToLower(text)
	for _, s := range secrets {
		for form, written := range map[string]string{
			"bytes": string(s), "base64": strings.TrimRight(base64.StdEncoding.EncodeToString(s), "="),
			"base64 for addresses": strings.TrimRight(base64.URLEncoding.EncodeToString(s), "="),
		} {
			assert.False(t, strings.Contains(text, written), "%s of a secret in %s", form, what)
		}
		assert.False(t, strings.Contains(dumped, hex.EncodeToString(s)), "hex of a secret in %s", what)
		row := strings.Split(hex.Dump(s), "\n")[0][10:]
		assert.False(t, strings.Contains(dumped, strings.TrimSpace(row[:min(48, len(row))])), "dump of a secret in %s", what)
	}
}

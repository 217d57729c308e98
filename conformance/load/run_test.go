package load_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/load"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// requireClean checks that all that was sent has arrived once and nothing failed.
func requireClean(t *testing.T, r *load.Report, messages int) {
	t.Helper()
	require.Empty(t, r.Errors)
	require.Equal(t, load.Messages{Accepted: int64(messages), Delivered: int64(messages)}, r.Messages)
	require.True(t, r.Worked())
	require.False(t, r.Interrupted)
}

func TestEveryMessageArrivesOnce(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*load.Options){
		"closed loop":      func(*load.Options) {},
		"one connection":   func(o *load.Options) { o.Connections = 1 },
		"more connections": func(o *load.Options) { o.Connections = 7 },
		"open loop":        func(o *load.Options) { o.Rate = 1000 },
		"version 6":        func(o *load.Options) { o.Versions = wire.Versions(6, 6) },
		"version 10":       func(o *load.Options) { o.Versions = wire.Versions(10, 10) },
		"plain blocks":     func(o *load.Options) { o.PlainBlocks = true },
		"largest bodies":   func(o *load.Options) { o.Size = 0 },
		"smallest bodies":  func(o *load.Options) { o.Size = load.MinSize },
		"Ed448":            func(o *load.Options) { o.RecipientKey, o.SenderKey = keys.Ed448, keys.Ed448 },
		"authenticators":   func(o *load.Options) { o.RecipientKey = keys.X25519 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(t, start(t, relay.Config{}), "send", 22)
			change(&o)
			r, err := load.Run(t.Context(), o)
			require.NoError(t, err)
			requireClean(t, r, 22)
			for _, of := range []load.Operation{load.Send, load.Deliver, load.Ack, load.Cycle} {
				require.EqualValues(t, 22, timing(r, of).Count, of)
			}
			require.EqualValues(t, 22, r.Window.Messages)
			require.EqualValues(t, 22, r.Window.Begun)
			require.EqualValues(t, 22, r.Window.Scheduled)
			require.Greater(t, r.Window.BytesSent, int64(22*smp.BlockSize), "a block for each SEND")
			require.Greater(t, r.Window.BytesReceived, int64(22*smp.BlockSize), "a block for each MSG")
			require.Equal(t, o.Versions.Max == 0 && !o.PlainBlocks || o.Versions.Max >= 11, r.Target.Encrypted)
			require.EqualValues(t, o.Queues, phase(r, "delete").Count)
		})
	}
}

func TestThroughProxy(t *testing.T) {
	t.Parallel()
	o := options(t, start(t, relay.Config{}), "proxy=3,send=1", 20)
	stages := relay.DefaultStages()
	proxy := stages.Proxy
	var forwarded atomic.Int64
	stages.Proxy = func(ctx context.Context, s *relay.Session, r *relay.Request) smp.Response {
		if _, ok := r.Command.(smp.PFWD); ok {
			forwarded.Add(1)
		}
		return proxy(ctx, s, r)
	}
	via := start(t, relay.Config{Proxy: &relay.ProxyConfig{AllowPrivate: true}, Password: smp.Password("sesame"), Stages: stages})
	via.Password = "sesame"
	o.Via = &via
	r, err := load.Run(t.Context(), o)
	require.NoError(t, err)
	requireClean(t, r, 20)
	require.EqualValues(t, 20, timing(r, load.Proxy).Count+timing(r, load.Send).Count)
	require.Positive(t, timing(r, load.Proxy).Count)
	require.Equal(t, forwarded.Load(), timing(r, load.Proxy).Count)
	require.Positive(t, timing(r, load.Send).Count)

	via.Password = "wrong"
	o.Via = &via
	_, err = load.Run(t.Context(), o)
	require.ErrorIs(t, err, load.ErrUnreachable)
	require.ErrorContains(t, err, "BASIC_AUTH")
	require.NotContains(t, err.Error(), "wrong")
}

// The choice of operations depends on the seed alone.
func TestMixIsRepeatable(t *testing.T) {
	t.Parallel()
	counts := func(seed uint64) map[load.Operation]int64 {
		o := options(t, start(t, relay.Config{}), "send=5,create=5,subscribe=5,delete=4,connect=2", 60)
		o.Seed = seed
		r, err := load.Run(t.Context(), o)
		require.NoError(t, err)
		requireClean(t, r, int(timing(r, load.Cycle).Count))
		require.EqualValues(t, 60, r.Window.Operations)
		require.EqualValues(t, 60, phase(r, "load").Count)
		require.EqualValues(t, 4+timing(r, load.Create).Count-timing(r, load.Delete).Count, phase(r, "delete").Count)
		found := make(map[load.Operation]int64)
		for _, x := range r.Operations {
			found[x.Operation] = x.Count
		}
		return found
	}
	first := counts(1)
	require.Equal(t, first, counts(1))
	require.NotEqual(t, first, counts(2))
	for _, o := range []load.Operation{load.Cycle, load.Create, load.Subscribe, load.Delete, load.Connect} {
		require.Positive(t, first[o], o)
	}
}

func TestIdleQueuesWithoutLoad(t *testing.T) {
	t.Parallel()
	e, err := relay.Listen(t.Context(), "127.0.0.1:0", relay.Config{Credentials: identity(t)})
	require.NoError(t, err)
	defer e.Close()
	o := options(t, address(t, e.Address()), "send", 0)
	o.Queues, o.IdleQueues, o.SubscribeIdle, o.Duration, o.Keep, o.Hold = 0, 300, true, 0, true, time.Millisecond
	o.PIDs = []int{os.Getpid()}
	var phases []string
	o.Progress = func(p load.Progress) {
		if len(phases) == 0 || phases[len(phases)-1] != p.Phase {
			phases = append(phases, p.Phase)
		}
	}
	r, err := load.Run(t.Context(), o)
	require.NoError(t, err)
	requireClean(t, r, 0)
	require.Equal(t, 300, e.Queues())
	require.Equal(t, []string{"connect", "idle queues", "subscribe", "hold"}, phases)
	require.EqualValues(t, 300, phase(r, "idle queues").Count)
	require.EqualValues(t, 300, phase(r, "subscribe").Count)
	require.Len(t, phase(r, "hold").Servers, 1)
	require.Positive(t, phase(r, "hold").Servers[0].Resident)

	o.Keep = false
	_, err = load.Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, 300, e.Queues(), "what the second run made is gone")
}

func TestInterruptionGivesThePartialReport(t *testing.T) {
	t.Parallel()
	e, err := relay.Listen(t.Context(), "127.0.0.1:0", relay.Config{Credentials: identity(t)})
	require.NoError(t, err)
	defer e.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := options(t, address(t, e.Address()), "send", 0)
	o.Duration = time.Hour
	o.Progress = func(p load.Progress) {
		if p.Phase == "load" {
			cancel()
		}
	}
	r, err := load.Run(ctx, o)
	require.NoError(t, err)
	require.True(t, r.Interrupted)
	require.Zero(t, r.Messages.Wrong())
	require.Empty(t, r.Errors)
	require.Zero(t, e.Queues(), "the queues are deleted")

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	r, err = load.Run(cancelled, o)
	require.NoError(t, err)
	require.True(t, r.Interrupted)
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	server := start(t, relay.Config{})
	server.KeyHash = make([]byte, 32)
	_, err := load.Run(t.Context(), options(t, server, "send", 1))
	require.ErrorIs(t, err, load.ErrUnreachable)
	var other *keys.FingerprintError
	require.ErrorAs(t, err, &other)

	_, err = load.Run(t.Context(), options(t, start(t, relay.Config{Versions: wire.Versions(9, 9)}), "send", 1))
	require.NoError(t, err)
	o := options(t, start(t, relay.Config{Versions: wire.Versions(9, 9)}), "send", 1)
	o.Versions = wire.Versions(10, 20)
	_, err = load.Run(t.Context(), o)
	require.ErrorIs(t, err, load.ErrUnreachable)
}

func TestReportFitsItsSchema(t *testing.T) {
	t.Parallel()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(load.Schema))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	require.NoError(t, compiler.AddResource("schema.json", document))
	schema, err := compiler.Compile("schema.json")
	require.NoError(t, err)

	failing := relay.DefaultStages()
	failing.Store = func(*relay.Queue, *relay.Message) bool { return false }
	for name, stages := range map[string]relay.Stages{"good": {}, "failing": failing} {
		o := options(t, start(t, relay.Config{Stages: stages}), "send,create,connect", 30)
		o.PIDs = []int{os.Getpid()}
		r, err := load.Run(t.Context(), o)
		require.NoError(t, err)
		require.Equal(t, name == "good", len(r.Errors) == 0)
		r.Tool, r.Target.Kind = load.Tool{Name: "smpcheck", Version: "0"}, "embedded"
		encoded, err := json.Marshal(r)
		require.NoError(t, err)
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
		require.NoError(t, err)
		require.NoError(t, schema.Validate(instance))
	}
}

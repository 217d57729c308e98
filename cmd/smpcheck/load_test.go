package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/load"
	"smpcheck/conformance/target"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// embeddedSuite has the embedded reference relay.
func embeddedSuite() suite { return suite{embed: startEmbedded} }

func TestLoadOnTheEmbeddedRelay(t *testing.T) {
	t.Parallel()
	r := smpcheck(t, embeddedSuite(), "load", "--connections", "2", "--operations", "20", "--warm-up", "0s", "--duration", "1m", "--timeout", "1m",
		"--mix", "send=3,create=1", "--seed", "5", "--json", "--fail-on-errors")
	require.Zero(t, r.code, r.stderr)
	require.Empty(t, r.stderr, "no progress where there is no terminal")
	var report load.Report
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &report))
	require.Equal(t, load.Tool{Name: "smpcheck", Version: version}, report.Tool)
	require.Equal(t, "embedded", report.Target.Kind)
	require.EqualValues(t, 5, report.Seed)
	require.EqualValues(t, 20, report.Window.Operations)
	require.Equal(t, report.Messages.Accepted, report.Messages.Delivered)
	require.Equal(t, 2, report.Load.Queues, "one for each connection")
}

func TestLoadAsText(t *testing.T) {
	t.Parallel()
	r := smpcheck(t, embeddedSuite(), "load", "--connections", "2", "--queues", "3", "--idle-queues", "300", "--subscribe-idle",
		"--operations", "9", "--warm-up", "0s", "--duration", "1m", "--timeout", "1m", "--seed", "5", "--versions", "9", "--size", "50")
	require.Zero(t, r.code, r.stderr)
	for _, want := range []string{
		"(embedded), SMP 9, plain blocks, seed 5",
		"2 connections, 3 queues and 300 idle ones, closed loop (send=1)",
		"bodies of 50 bytes, recipients have Ed25519 keys, senders X25519",
		"idle queues   300       0", "subscribe   300       0", "load     9       0", "delete   303       0",
		"9 accepted, 0 refused, 9 delivered",
		"0 lost, 0 duplicated, 0 foreign, 0 corrupted",
	} {
		assert.Contains(t, r.stdout, want)
	}
}

func TestExitCodesOfLoads(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want int
		err  string
	}{
		"two addresses":       {[]string{fakeAddress, fakeAddress}, 2, "at most 1 arg"},
		"address and exec":    {[]string{fakeAddress, "--exec", "x"}, 2, "expected one"},
		"malformed address":   {[]string{"relay.example"}, 2, "smp://FINGERPRINT@HOST"},
		"malformed proxy":     {[]string{"--via", "relay.example"}, 2, "--via: "},
		"bad mix":             {[]string{"--mix", "ack"}, 2, "--mix: mix of operations: ack is a part of send"},
		"proxy without via":   {[]string{"--mix", "proxy"}, 2, "none is named"},
		"via without proxy":   {[]string{"--mix", "send", "--via", fakeAddress}, 2, "does not use it"},
		"bad versions":        {[]string{"--versions", "5-9"}, 2, "range within"},
		"versions upside":     {[]string{"--versions", "9-6"}, 2, "range within"},
		"versions with tail":  {[]string{"--versions", "6-9x"}, 2, "range within"},
		"bad recipient key":   {[]string{"--recipient-key", "rsa"}, 2, `--recipient-key: "rsa", expected ed25519`},
		"bad sender key":      {[]string{"--sender-key", "x448"}, 2, "--sender-key"},
		"large seed":          {[]string{"--seed", "9007199254740992"}, 2, "--seed"},
		"too long":            {[]string{"--duration", "2h"}, 2, "duration of 2h"},
		"too many":            {[]string{"--connections", "20001"}, 2, "20001 connections"},
		"no such process":     {[]string{"--pid", "999999999"}, 2, "process 999999999"},
		"no such program":     {[]string{"--exec", "/no/such/program"}, 3, "start the target"},
		"nobody listens":      {[]string{fakeAddress, "--duration", "1s"}, 3, "cannot be used"},
		"nobody listens, via": {[]string{"--via", fakeAddress, "--duration", "1s"}, 3, "the proxy: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := smpcheck(t, embeddedSuite(), append([]string{"load"}, test.args...)...)
			assert.Equal(t, test.want, r.code, r.stderr)
			assert.Contains(t, r.stderr, test.err)
			assert.Equal(t, 1, lines(r.stderr), r.stderr)
			assert.Empty(t, r.stdout)
		})
	}
}

// What a report says decides the exit code, the worst first.
func TestJudgementOfLoads(t *testing.T) {
	t.Parallel()
	worked := []load.Phase{{Name: "load", Count: 1}}
	shape := load.Shape{Seconds: 1}
	failed := []load.ErrorCount{{ErrorKind: load.ErrorKind{Operation: load.Send, Kind: "ERR AUTH"}, Count: 2}}
	for name, test := range map[string]struct {
		report load.Report
		strict bool
		want   int
	}{
		"good":             {load.Report{Load: shape, Phases: worked}, true, 0},
		"some errors":      {load.Report{Load: shape, Phases: worked, Errors: failed}, false, 0},
		"errors forbidden": {load.Report{Load: shape, Phases: worked, Errors: failed}, true, 1},
		"lost":             {load.Report{Load: shape, Phases: worked, Messages: load.Messages{Lost: 1}}, false, 1},
		"corrupted":        {load.Report{Load: shape, Messages: load.Messages{Corrupted: 1}}, false, 1},
		"nothing worked":   {load.Report{Load: shape, Phases: []load.Phase{{Name: "load"}}, Errors: failed}, true, 3},
		"no queue":         {load.Report{Phases: []load.Phase{{Name: "idle queues", Failed: 2}}}, false, 3},
		"some queues":      {load.Report{Phases: []load.Phase{{Name: "idle queues", Count: 1, Failed: 2}}}, false, 0},
		"interrupted":      {load.Report{Load: shape, Interrupted: true, Messages: load.Messages{Lost: 1}}, false, 3},
	} {
		f := loadFlags{failOnErrors: test.strict}
		err := f.judge(&test.report, target.At(link.Server{}))
		code := exitOK
		if exit, ok := errors.AsType[*exitError](err); ok {
			code = exit.code
		}
		assert.Equal(t, test.want, code, "%s: %v", name, err)
	}
}

func TestInterruptedLoadStillReports(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := suite{embed: func(ctx context.Context) (string, func(), error) {
		address, stop, err := startEmbedded(ctx)
		cancel()
		return address, stop, err
	}}
	r := smpcheckContext(ctx, s, "load", "--connections", "1")
	require.Equal(t, 3, r.code)
	require.Contains(t, r.stdout, "interrupted: ")
	require.Contains(t, r.stderr, "the run was interrupted")
}

// The password of a relay appears nowhere.
func TestLoadHidesThePassword(t *testing.T) {
	t.Parallel()
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(t, err)
	e, err := relay.Listen(t.Context(), "127.0.0.1:0", relay.Config{Credentials: credentials, Password: smp.Password("sesame")})
	require.NoError(t, err)
	defer e.Close()
	flags := []string{"load", "--connections", "1", "--operations", "1", "--warm-up", "0s", "--duration", "1m", "--timeout", "1m", "--json"}
	inAddress := strings.Replace(e.Address(), "@", ":sesame@", 1)
	for _, with := range [][]string{{e.Address(), "--password", "sesame"}, {inAddress}} {
		r := smpcheck(t, embeddedSuite(), append(flags, with...)...)
		require.Zero(t, r.code, r.stderr)
		require.NotContains(t, r.stdout+r.stderr, "sesame")
	}
	r := smpcheck(t, embeddedSuite(), append(flags, e.Address())...)
	require.Equal(t, 3, r.code)
	require.Contains(t, r.stderr, "nothing of the load worked")
	require.Contains(t, r.stdout, "ERR AUTH")
}

func TestKeysByName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]keys.Algorithm{"ed25519": keys.Ed25519, "ED448": keys.Ed448, "X25519": keys.X25519} {
		got, err := parseKey(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

// started is a target with a process.
type started struct{ target.Target }

func (started) PID() int { return 42 }

// A target that smpcheck starts is measured without being asked for.
func TestLoadMeasuresWhatItStarts(t *testing.T) {
	t.Parallel()
	server, err := target.ParseAddress(fakeAddress)
	require.NoError(t, err)
	require.Empty(t, processOf(target.At(server)))
	require.Equal(t, []int{42}, processOf(started{target.At(server)}))
}

package target

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// address is that of a relay with a fingerprint of 32 zero bytes.
const address = "smp://AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=@127.0.0.1:5223"

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		address,
		"smp://AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA@127.0.0.1",
		"smp://AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:secret@relay.example,abc.onion:1",
		"smp://AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=@[::1]:65535",
	} {
		_, err := ParseAddress(text)
		assert.NoError(t, err, text)
	}
	for text, want := range map[string]string{
		"":                                       "smp://FINGERPRINT",
		"127.0.0.1":                              "smp://FINGERPRINT",
		"smp://1234-w==@relay.example":           "4 bytes, expected 32",
		"ntf" + address[3:]:                      "scheme ntf",
		strings.Replace(address, "5223", "0", 1): "port 0",
		strings.Replace(address, "5223", "65536", 1): "port 65536",
	} {
		_, err := ParseAddress(text)
		assert.ErrorContains(t, err, want, "%q", text)
	}
}

func TestIdentityErrorNamesBothFingerprints(t *testing.T) {
	t.Parallel()
	err := error(&IdentityError{Expected: make([]byte, 32), Actual: []byte{1, 2, 3}})
	assert.ErrorContains(t, err, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	assert.ErrorContains(t, err, "AQID")
}

func TestParseCommandSplitsLikeAShell(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][]string{
		"a":                         {"a"},
		"  a  b\tc\n":               {"a", "b", "c"},
		`a 'b c' "d e"`:             {"a", "b c", "d e"},
		`a''b "" ''`:                {"ab", "", ""},
		`a\ b \'c`:                  {"a b", "'c"},
		`"a\"b\\c\d\$\` + "`" + `"`: {`a"b\c\d$` + "`"},
		`'a\b"c'`:                   {`a\b"c`},
		`--x="y z"`:                 {"--x=y z"},
		"grüße 'ü'":                 {"grüße", "ü"},
	} {
		words, err := ParseCommand(line)
		require.NoError(t, err, line)
		assert.Equal(t, Command(want), words, line)
	}
	for _, line := range []string{"", "  ", "'a", `"a`, `a\`, `"a\"`} {
		_, err := ParseCommand(line)
		assert.Error(t, err, "%q", line)
	}
}

func TestMain(m *testing.M) {
	if script := os.Getenv("SMPCHECK_TEST_PROCESS"); script != "" {
		processes[script]()
		return
	}
	os.Exit(m.Run())
}

// processes are what this program does in place of tests, as the target of a test.
var processes = map[string]func(){
	"serve": func() {
		fmt.Println("starting")
		fmt.Print(address[:20])
		fmt.Println(address[20:])
		<-time.After(time.Minute)
	},
	"crash": func() {
		fmt.Println(address)
		fmt.Fprintln(os.Stderr, "panic: oops")
		os.Exit(3)
	},
	"silent": func() {
		fmt.Fprintln(os.Stderr, "cannot listen")
		os.Exit(4)
	},
	"flood": func() {
		for range 100 {
			fmt.Println(strings.Repeat("x", 2*lineSize))
			fmt.Fprintln(os.Stderr, strings.Repeat("y", 2*tailSize))
		}
		os.Exit(5)
	},
	"hang": func() { <-time.After(time.Minute) },
	"guarding": func() {
		command, err := processCommand("stubborn")
		if err != nil {
			panic(err)
		}
		t, err := RunGuarded(context.Background(), command)
		if err != nil {
			panic(err)
		}
		fmt.Println(t.(interface{ PID() int }).PID())
		<-time.After(time.Minute)
	},
}

// start runs this program as one of processes.
func start(ctx context.Context, t *testing.T, script string) (Target, error) {
	t.Helper()
	command, err := processCommand(script)
	require.NoError(t, err)
	return Run(ctx, command)
}

// processCommand is the command that runs this program as one of processes.
func processCommand(script string) (Command, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	env, err := exec.LookPath("env")
	return Command{env, "SMPCHECK_TEST_PROCESS=" + script, self}, err
}

func TestAProcessTellsItsAddressAndIsEnded(t *testing.T) {
	t.Parallel()
	p, err := start(t.Context(), t, "serve")
	require.NoError(t, err)
	assert.Equal(t, Process, p.Kind())
	assert.Equal(t, address, p.Server().String())
	assert.Empty(t, p.Obituary())
	require.NoError(t, p.Close())
	require.NoError(t, p.Close())
	select {
	case <-p.Done():
		t.Error("Close counts as an end of its own accord")
	default:
	}
}

func TestTheEndOfAProcessIsSeen(t *testing.T) {
	t.Parallel()
	p, err := start(t.Context(), t, "crash")
	if err == nil { // it printed its address before it ended
		<-p.Done()
		assert.Contains(t, p.Obituary(), "exit status 3")
		assert.Contains(t, p.Obituary(), "panic: oops")
		require.NoError(t, p.Close())
		return
	}
	assert.ErrorContains(t, err, "exit status 3")
}

func TestAProcessWithoutAddress(t *testing.T) {
	t.Parallel()
	_, err := start(t.Context(), t, "silent")
	assert.ErrorContains(t, err, "without printing its address: exit status 4")
	assert.ErrorContains(t, err, "cannot listen")
	_, err = start(t.Context(), t, "flood")
	assert.ErrorContains(t, err, "exit status 5")
	assert.Less(t, len(err.Error()), 2*tailSize)
	_, err = Run(t.Context(), Command{"/no/such/program"})
	assert.ErrorContains(t, err, "start the target")
}

func TestTheStartOfAProcessCanBeInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := start(ctx, t, "hang")
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestEmbed(t *testing.T) {
	t.Parallel()
	stopped := 0
	e, err := Embed(t.Context(), func(context.Context) (string, func(), error) {
		return address, func() { stopped++ }, nil
	})
	require.NoError(t, err)
	assert.Equal(t, Embedded, e.Kind())
	assert.Equal(t, address, e.Server().String())
	assert.Nil(t, e.Done())
	require.NoError(t, e.Close())
	require.NoError(t, e.Close())
	assert.Equal(t, 1, stopped)

	_, err = Embed(t.Context(), func(context.Context) (string, func(), error) {
		return "", nil, errors.New("no port")
	})
	assert.ErrorContains(t, err, "no port")
	_, err = Embed(t.Context(), func(context.Context) (string, func(), error) {
		return "nonsense", func() { stopped++ }, nil
	})
	assert.Error(t, err)
	assert.Equal(t, 2, stopped)
}

func TestAtIsTheAddressAlone(t *testing.T) {
	t.Parallel()
	server, err := ParseAddress(address)
	require.NoError(t, err)
	r := At(server)
	assert.Equal(t, Remote, r.Kind())
	assert.True(t, server.Equal(r.Server()))
	assert.Nil(t, r.Done())
	assert.Empty(t, r.Obituary())
	assert.NoError(t, r.Close())
}

func TestInfoCapability(t *testing.T) {
	t.Parallel()
	links := Capability{Name: Links, State: No, Detail: "too old"}
	i := Info{Capabilities: []Capability{{Name: TLS13, State: Yes}, links}}
	assert.Equal(t, links, i.Capability(Links))
	assert.Equal(t, Capability{Name: Services, State: Unknown}, i.Capability(Services))
}

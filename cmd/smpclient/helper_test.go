package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/cmd/smpclient/control"
	"smpcheck/cmd/smpclient/session"
	"smpcheck/reference/agent"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
)

// patienceOfTests is how long a test waits for anything.
const patienceOfTests = 30 * time.Second

// startRelay starts a relay and returns its address.
func startRelay(t *testing.T, change ...func(*relay.Config)) *relay.Endpoint {
	t.Helper()
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(t, err)
	config := relay.Config{Credentials: credentials, Proxy: &relay.ProxyConfig{AllowPrivate: true}}
	for _, f := range change {
		f(&config)
	}
	e, err := relay.Listen(context.Background(), "127.0.0.1:0", config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// person is a profile and who uses it.
type person struct {
	t       *testing.T
	profile string
	name    string
}

// newPerson makes a profile with a relay of its own.
func newPerson(t *testing.T, name string, arguments ...string) person {
	t.Helper()
	p := person{t, filepath.Join(t.TempDir(), "profile"), name}
	p.ok(append([]string{"init", "--name", name}, arguments...)...)
	return p
}

// pair is two people with a relay each, who are connected.
func pair(t *testing.T) (alice, bob person) {
	t.Helper()
	alice = newPerson(t, "alice", "--server", startRelay(t).Address())
	bob = newPerson(t, "bob", "--server", startRelay(t).Address())
	alice.connect(bob)
	return alice, bob
}

// connect makes p invite o, who joins.
func (p person) connect(o person, invite ...string) {
	p.t.Helper()
	listening := p.launch(append([]string{"invite", "--json"}, invite...)...)
	o.ok("join", "--name", p.name, listening.event("invitation")["link"].(string))
	listening.event("connected")
	require.Equal(p.t, exitOK, listening.wait())
}

// application is the program as it is called in this process.
func application(in io.Reader, out, errors io.Writer) *app {
	return &app{
		Streams: control.Streams{In: in, Out: out, Err: errors},
		open: func(ctx context.Context, c agent.Config) (session.Agent, error) {
			return agent.Open(ctx, c)
		},
	}
}

// result is how a call of the program ended.
type result struct {
	code        int
	out, errors string
}

// call runs the program to its end.
func (p person) call(arguments ...string) result { return p.callWith("", arguments...) }

func (p person) callWith(input string, arguments ...string) result {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patienceOfTests)
	defer cancel()
	var out, errors bytes.Buffer
	code := run(ctx, append([]string{"--profile", p.profile}, arguments...), application(strings.NewReader(input), &out, &errors))
	require.NoError(p.t, ctx.Err(), "%q did not end", arguments)
	return result{code, out.String(), errors.String()}
}

// ok runs the program, which has to succeed, and returns its output.
func (p person) ok(arguments ...string) string {
	p.t.Helper()
	r := p.call(arguments...)
	require.Equal(p.t, exitOK, r.code, "%q: %s", arguments, r.errors)
	return r.out
}

// fails runs the program, which has to fail with a code and one sentence, and
// returns the sentence.
func (p person) fails(code int, arguments ...string) string {
	p.t.Helper()
	r := p.call(arguments...)
	require.Equal(p.t, code, r.code, "%q: %s", arguments, r.errors)
	require.Equal(p.t, 1, strings.Count(r.errors, "\n"), "one line: %q", r.errors)
	require.True(p.t, strings.HasPrefix(r.errors, "smpclient: "), r.errors)
	return r.errors
}

// lines are the JSON objects in an output.
func (p person) lines(out string) (list []map[string]any) {
	p.t.Helper()
	for line := range strings.Lines(out) {
		var v map[string]any
		require.NoError(p.t, json.Unmarshal([]byte(line), &v), line)
		list = append(list, v)
	}
	return list
}

// texts are the messages of the history with a contact, as "in:text:status".
func (p person) texts(contact string) (list []string) {
	p.t.Helper()
	for _, v := range p.lines(p.ok("history", "--json", contact)) {
		list = append(list, v["direction"].(string)+":"+v["text"].(string)+":"+v["status"].(string))
	}
	return list
}

// running is a call of the program that has not ended.
type running struct {
	t      *testing.T
	in     io.WriteCloser
	lines  chan string
	code   chan int
	errors bytes.Buffer
	stop   context.CancelFunc
}

// launch starts the program.
func (p person) launch(arguments ...string) *running {
	p.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	inRead, inWrite := io.Pipe()
	outRead, outWrite := io.Pipe()
	r := &running{t: p.t, in: inWrite, lines: make(chan string, 10000), code: make(chan int, 1), stop: stop}
	go func() {
		r.code <- run(ctx, append([]string{"--profile", p.profile}, arguments...), application(inRead, outWrite, &r.errors))
		_ = outWrite.Close()
	}()
	go func() {
		scanner := bufio.NewScanner(outRead)
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			r.lines <- scanner.Text()
		}
		close(r.lines)
	}()
	p.t.Cleanup(func() {
		stop()
		_ = inWrite.Close()
	})
	return r
}

// line waits for the next line of output that has all the given parts.
func (r *running) line(parts ...string) string {
	r.t.Helper()
	deadline := time.After(patienceOfTests)
next:
	for {
		select {
		case line, ok := <-r.lines:
			require.True(r.t, ok, "the program ended without %q", parts)
			for _, part := range parts {
				if !strings.Contains(line, part) {
					continue next
				}
			}
			return line
		case <-deadline:
			r.t.Fatalf("no line with %q", parts)
		}
	}
}

// event waits for the next event of a kind.
func (r *running) event(kind string, parts ...string) (v map[string]any) {
	r.t.Helper()
	line := r.line(append(parts, `"event":"`+kind+`"`)...)
	require.NoError(r.t, json.Unmarshal([]byte(line), &v))
	return v
}

// wait returns the exit code.
func (r *running) wait() int {
	r.t.Helper()
	select {
	case code := <-r.code:
		return code
	case <-time.After(patienceOfTests):
		r.t.Fatal("the program did not end")
		return 0
	}
}

// end interrupts the program, as Ctrl-C does, and returns the exit code.
func (r *running) end() int {
	r.t.Helper()
	r.stop()
	return r.wait()
}

// say writes a line to the program's input.
func (r *running) say(line string) {
	r.t.Helper()
	_, err := io.WriteString(r.in, line+"\n")
	require.NoError(r.t, err)
}

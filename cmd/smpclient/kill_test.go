//go:build unix

package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var killSeed = flag.Uint64("kill.seed", 0, "seed of the tests that kill processes (default: a new one)")

// TestKilledAtAnyPoint lets two people write to each other, through two relays of
// which one also forwards, while processes of either side are killed at random
// points and started again, and one side moves to the other relay. Nothing is lost,
// nothing comes twice, and the order is kept.
func TestKilledAtAnyPoint(t *testing.T) {
	messages, kills := 100, 20
	if testing.Short() {
		messages, kills = 30, 10
	}
	f := newField(t, seedOfTest(t), messages, kills)
	f.run()
	f.check()
}

// seedOfTest returns the seed, which it prints.
func seedOfTest(t *testing.T) uint64 {
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-kill.seed=%d", seed)
	return seed
}

// build builds both programs and returns the directory where they are.
func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.Command("go", "build", "-o", dir, "smpcheck/cmd/smpclient", "smpcheck/cmd/smprelay").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return dir
}

// field is what a test with killed processes plays on.
type field struct {
	t        *testing.T
	rand     *rand.Rand
	messages int
	// killAt are the points, in messages sent and shown, at which a process is killed.
	killAt   []int
	sides    [2]*side
	lines    chan spoken
	deadline <-chan time.Time
	// target is the relay to which the first side moves half-way.
	target string
	killed int
}

// side is one person.
type side struct {
	name, contact, profile, program string
	process                         *clientProcess
	// next is the number of the message that is sent next; waiting is set while the
	// process has not answered.
	next    int
	waiting bool
	// moved is set when the process has answered that it moves.
	moved bool
	// shown are the texts that were printed, first those without "again".
	shown, again []string
	// delivered are the ids of messages with a receipt.
	delivered map[int64]bool
}

// spoken is a line of a process.
type spoken struct {
	from    *side
	process *clientProcess
	line    scriptAnswer
	ended   bool
}

// scriptAnswer has the fields of all answers that the test looks at.
type scriptAnswer struct {
	Ref       string `json:"ref"`
	ID        int64  `json:"id"`
	Event     string `json:"event"`
	Text      string `json:"text"`
	Again     bool   `json:"again"`
	Error     string `json:"error"`
	Direction string `json:"direction"`
	Status    string `json:"status"`
	Reason    string `json:"reason"`
}

func newField(t *testing.T, seed uint64, messages, kills int) *field {
	dir := build(t)
	f := &field{
		t: t, rand: rand.New(rand.NewPCG(seed, 0)), messages: messages,
		lines: make(chan spoken, 1000), deadline: time.After(4 * time.Minute),
	}
	for range kills {
		f.killAt = append(f.killAt, f.rand.IntN(4*messages))
	}
	slices.Sort(f.killAt)
	first := startRelayProcess(t, filepath.Join(dir, "smprelay"))
	f.target = startRelayProcess(t, filepath.Join(dir, "smprelay"))
	for i, name := range []string{"alice", "bob"} {
		f.sides[i] = &side{
			name: name, contact: []string{"bob", "alice"}[i],
			profile: filepath.Join(dir, name), program: filepath.Join(dir, "smpclient"),
		}
		f.sides[i].ok(t, "init", "--name", name, "--server", []string{first, f.target}[i], "--via", first)
	}
	invitation := f.sides[0].ok(t, "invite", "--no-wait")
	joining := exec.Command(f.sides[1].program, "--profile", f.sides[1].profile, "join", strings.TrimSpace(invitation))
	require.NoError(t, joining.Start())
	f.sides[0].ok(t, "listen", "--json", "--timeout", "3s")
	require.NoError(t, joining.Wait())
	for _, s := range f.sides {
		require.Contains(t, s.ok(t, "contacts"), "connected")
	}
	return f
}

// ok runs the client to its end.
func (s *side) ok(t *testing.T, arguments ...string) string {
	t.Helper()
	var stderr strings.Builder
	cmd := exec.Command(s.program, append([]string{"--profile", s.profile}, arguments...)...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%q: %s", arguments, stderr.String())
	return string(out)
}

// start starts the process of a side, and asks what it has sent before.
func (f *field) start(s *side) {
	s.process = startClientProcess(f.t, s.program, "--profile", s.profile, "listen", "--json")
	s.next, s.delivered, s.waiting = 0, map[int64]bool{}, true
	p := s.process
	go func() {
		for line := range p.lines {
			var answer scriptAnswer
			if err := json.Unmarshal([]byte(line), &answer); err != nil {
				answer = scriptAnswer{Error: "not JSON: " + line}
			}
			f.lines <- spoken{from: s, process: p, line: answer}
		}
		f.lines <- spoken{from: s, process: p, ended: true}
	}()
	p.say(`{"command":"history","contact":"%s","ref":"history"}`, s.contact)
	p.say(`{"command":"contacts","ref":"begin"}`)
}

// run plays until both sides have sent everything and know that it arrived.
func (f *field) run() {
	for _, s := range f.sides {
		f.start(s)
	}
	var kill <-chan time.Time
	for !f.finished() {
		if kill == nil && f.killed < len(f.killAt) && f.progress() >= f.killAt[f.killed] {
			kill = time.After(time.Duration(f.rand.IntN(40_000)) * time.Microsecond)
		}
		select {
		case spoken := <-f.lines:
			f.hear(spoken)
		case <-kill:
			kill = nil
			f.kill(f.sides[f.rand.IntN(2)])
		case <-f.deadline:
			f.t.Fatalf("not finished: %d kills; %s", f.killed, f.state())
		}
	}
	for _, s := range f.sides {
		s.process.interrupt(f.t)
	}
}

func (f *field) state() string {
	var texts []string
	for _, s := range f.sides {
		texts = append(texts, fmt.Sprintf("%s: %d sent, %d delivered, %d shown, %d again, moved %v",
			s.name, s.next, len(s.delivered), len(s.shown), len(s.again), s.moved))
	}
	return strings.Join(texts, "; ")
}

// progress counts what was sent and shown.
func (f *field) progress() (n int) {
	for _, s := range f.sides {
		n += s.next + len(s.seen())
	}
	return n
}

func (f *field) finished() bool {
	for i, s := range f.sides {
		other := f.sides[1-i]
		if len(s.delivered) < f.messages || len(s.seen()) < f.messages || other.next < f.messages {
			return false
		}
	}
	return f.killed == len(f.killAt) && f.sides[0].moved
}

// seen are the texts that were printed, once or more often.
func (s *side) seen() map[string]bool {
	seen := map[string]bool{}
	for _, text := range slices.Concat(s.shown, s.again) {
		seen[text] = true
	}
	return seen
}

// kill ends the process of a side at once, and starts another one.
func (f *field) kill(s *side) {
	s.process.kill(f.t)
	for {
		// What it had written before counts.
		spoken := <-f.lines
		if spoken.process == s.process && spoken.ended {
			break
		}
		f.hear(spoken)
	}
	s.process.wait()
	f.killed++
	f.start(s)
}

// hear notes what a process says, and lets it go on.
func (f *field) hear(spoken spoken) {
	s, line := spoken.from, spoken.line
	require.False(f.t, spoken.ended, "%s ended by itself: %s", s.name, spoken.process.stderr.String())
	switch {
	case line.Error != "" && line.Ref == "move":
		// The process before this one began with it.
		require.Contains(f.t, line.Error, "state")
	case line.Error != "":
		f.t.Fatalf("%s: %s", s.name, line.Error)
	case line.Ref == "history" && line.Direction == "out":
		s.next++
		if line.Status == "delivered" {
			s.delivered[line.ID] = true
		}
	case line.Ref == "begin":
		s.waiting = false
	case line.Ref == "" && line.Event == "delivered":
		s.delivered[line.ID] = true
	case line.Event == "message" && line.Again:
		s.again = append(s.again, line.Text)
	case line.Event == "message":
		s.shown = append(s.shown, line.Text)
	case line.Ref == text(s, s.next) && line.Event == "queued":
		s.next++
		s.waiting = false
	case line.Event == "failed", line.Event == "problem":
		f.t.Fatalf("%s: %s: %s", s.name, line.Event, line.Reason)
	}
	s.moved = s.moved || line.Ref == "move"
	f.act(s)
}

// act gives a process something to do that waits for it.
func (f *field) act(s *side) {
	if s.waiting || s.next == f.messages {
		return
	}
	if s == f.sides[0] && s.next >= f.messages/2 && !s.moved {
		s.process.say(`{"command":"switch","contact":"%s","server":"%s","ref":"move"}`, s.contact, f.target)
	}
	s.waiting = true
	s.process.say(`{"command":"send","contact":"%s","text":"%s","ref":"%[2]s"}`, s.contact, text(s, s.next))
}

func text(s *side, n int) string { return fmt.Sprintf("%s %d", s.name, n) }

// check looks at what both sides have.
func (f *field) check() {
	for i, s := range f.sides {
		other := f.sides[1-i]
		var sent, received []string
		for line := range strings.Lines(s.ok(f.t, "history", "--json", s.contact)) {
			var m scriptAnswer
			require.NoError(f.t, json.Unmarshal([]byte(line), &m))
			require.Empty(f.t, m.Reason, "message %q", m.Text)
			if m.Direction == "out" {
				require.Equal(f.t, "delivered", m.Status, "message %q", m.Text)
				sent = append(sent, m.Text)
			} else {
				require.Equal(f.t, "shown", m.Status, "message %q", m.Text)
				received = append(received, m.Text)
			}
		}
		var ours, theirs []string
		for n := range f.messages {
			ours, theirs = append(ours, text(s, n)), append(theirs, text(other, n))
		}
		require.Equal(f.t, ours, sent, "sent by %s", s.name)
		require.Equal(f.t, theirs, received, "received by %s", s.name)
		f.checkShown(s, theirs)
		require.Contains(f.t, s.ok(f.t, "info", s.contact), "\n  post-quantum keys")
	}
	require.Contains(f.t, f.sides[0].ok(f.t, "info", "bob"), "arrive at "+f.target)
	f.t.Logf("%d kills; %s", f.killed, f.state())
}

// checkShown compares what a side has printed with what it had to print: without
// "again" in order and never twice, and what is missing there with "again".
func (f *field) checkShown(s *side, all []string) {
	position := map[string]int{}
	for i, text := range all {
		position[text] = i
	}
	last := -1
	for _, text := range s.shown {
		at, known := position[text]
		require.True(f.t, known, "%s printed %q", s.name, text)
		require.Greater(f.t, at, last, "%s printed %q twice or too late", s.name, text)
		last = at
	}
	require.Len(f.t, s.seen(), len(all), "%s has not printed everything", s.name)
	require.LessOrEqual(f.t, len(s.again), f.killed, "%s printed more than one message again for a kill", s.name)
}

package differ

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/all"
	"smpcheck/conformance/target"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/engine"
	"smpcheck/fuzz/program"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/wire"
)

// scale is that of all deadlines: the machine may be busy.
const scale = 4

// listen starts the reference relay with a fault, empty for none.
func listen(t *testing.T, id string) Relay {
	t.Helper()
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(t, err)
	config := relay.Config{Credentials: credentials}
	if id != "" {
		wrong, ok := fault.Lookup(all.Faults(), id)
		require.True(t, ok, id)
		config = wrong.Config(config)
	}
	e, err := relay.Listen(t.Context(), "127.0.0.1:0", config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = e.Close() })
	server, err := target.ParseAddress(e.Address())
	require.NoError(t, err)
	return Relay{Server: server}
}

func TestTheReferenceDoesNotDifferFromItself(t *testing.T) {
	t.Parallel()
	r, err := Run(t.Context(), Options{Relays: [2]Relay{listen(t, ""), listen(t, "")}, MaxPrograms: 300, Seed: 1, Scale: scale})
	require.NoError(t, err)
	require.Equal(t, 300, r.Programs)
	require.Greater(t, r.Pairs, 500)
	require.Greater(t, r.Operations, 3000)
	for _, f := range r.Found {
		t.Errorf("%s: A %s, B %s\n%s", f.Rule, f.Shown[0], f.Shown[1], f.Program)
	}
	require.False(t, r.Interrupted)
}

// faults are some of which a short program shows the difference from the reference.
var faults = map[string]struct {
	program string
	rule    string
	blamed  string
}{
	"send/unauthorized-as-no-auth": {"NEW c0 q0 arg=1; KEY c0 q0; SEND c1 q0 arg=9 signer=nobody", "SEND: ERR AUTH / ERR CMD NO_AUTH", "SMP-"},
	"send/suspended-accepted":      {"NEW c0 q0 arg=1; OFF c0 q0; SEND c1 q0 arg=9", "SEND: ERR AUTH / OK", "SMP-"},
	"send/empty-dropped":           {"NEW c0 q0 arg=1; SEND c1 q0", "deliveries: only A has some", ""},
	"ack/skips-one":                {"NEW c0 q0 arg=1; SEND c1 q0 arg=1; SEND c1 q0 arg=2; SEND c1 q0 arg=3; Settle c0 q0; ACK c0 q0", "ACK: another MSG", ""},
	"block/count-ignored":          {"PING c0 q0 content[0]:set(2,0)", "malformed block: ERR BLOCK / nothing", ""},
	"handshake/key-hash-unchecked": {"Connect c0 q0 hello[0]:flip(9,0); PING c0 q0", "handshake v20 hello:hello.keyHash:flip: none, closed / PONG, open", ""},
}

func TestFaultsDifferFromTheReference(t *testing.T) {
	t.Parallel()
	right := listen(t, "")
	for id, test := range faults {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			p, err := program.Parse(strings.ReplaceAll(test.program, "; ", "\n"))
			require.NoError(t, err)
			b, err := open(t.Context(), Options{Relays: [2]Relay{right, listen(t, id)}, Versions: wire.Versions(20, 20), Scale: scale})
			require.NoError(t, err)
			defer b.close()
			views, err := b.run(t.Context(), p, 1)
			require.NoError(t, err)
			c := compareViews(views[0], views[1])
			require.NotNil(t, c.difference)
			f := newFinding(c.difference, views)
			require.Equal(t, test.rule, f.Rule)
			require.Empty(t, f.Blames[0], "the reference is right")
			require.True(t, strings.HasPrefix(f.Requirements[1], test.blamed), f.Requirements[1])
		})
	}
}

// Programs that the differ has made itself show a fault, and the file of the finding shows
// it again.
func TestADifferenceIsFoundAndKept(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "findings")
	o := Options{
		Relays:      [2]Relay{listen(t, ""), listen(t, "send/unauthorized-as-no-auth")},
		MaxPrograms: 2000, MaxFindings: 1, Seed: 1, Scale: scale, Findings: dir,
	}
	var doing []string
	o.Status = func(s Status) { doing = append(doing, s.Doing) }
	r, err := Run(t.Context(), o)
	require.NoError(t, err)
	require.Len(t, r.Found, 1)
	f := r.Found[0]
	require.Equal(t, "SEND: ERR AUTH / ERR CMD NO_AUTH", f.Rule)
	require.Less(t, len(f.Program.Ops), len(f.Original.Ops))
	require.Equal(t, stableTries, f.Stable)
	require.Contains(t, doing, "comparing")
	require.Contains(t, doing, "shrinking "+f.group())

	kept, err := LoadFinding(filepath.Join(dir, f.ID))
	require.NoError(t, err)
	require.Equal(t, f.Program, kept.Program)
	readme, err := os.ReadFile(filepath.Join(dir, f.ID, "README.md"))
	require.NoError(t, err)
	require.Contains(t, string(readme), "B shows: ERR CMD NO_AUTH")
	shown, last, err := Replay(t.Context(), o, kept, 10)
	require.NoError(t, err)
	require.Equal(t, 10, shown)
	require.Equal(t, "ERR CMD NO_AUTH", last.Shown[1])
	o.Relays[1] = o.Relays[0]
	shown, _, err = Replay(t.Context(), o, kept, 3)
	require.NoError(t, err)
	require.Zero(t, shown)
}

func TestRelaysThatCannotBeCompared(t *testing.T) {
	t.Parallel()
	nobody := Relay{Server: listen(t, "").Server}
	nobody.Server.Port = "1"
	_, err := Run(t.Context(), Options{Relays: [2]Relay{listen(t, ""), nobody}, Scale: scale, MaxPrograms: 1})
	require.ErrorIs(t, err, engine.ErrUnreachable)
	require.ErrorContains(t, err, "relay B: ")
	_, err = Run(t.Context(), Options{Relays: [2]Relay{{Command: target.Command{"/no/such/program"}}, listen(t, "")}, Scale: scale, MaxPrograms: 1})
	require.ErrorIs(t, err, engine.ErrUnreachable)
	require.ErrorContains(t, err, "relay A: ")
	_, err = Run(t.Context(), Options{Relays: [2]Relay{listen(t, ""), listen(t, "")}, Scale: scale, MaxPrograms: 1, Versions: wire.Versions(13, 13)})
	require.ErrorContains(t, err, "none of those that are asked for is common to both")
}

func TestAnInterruptionLeavesWhatWasFound(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := Options{Relays: [2]Relay{listen(t, ""), listen(t, "")}, Scale: scale, Seed: 1}
	o.Status = func(s Status) {
		if s.Programs == 3 {
			cancel()
		}
	}
	r, err := Run(ctx, o)
	require.NoError(t, err)
	require.True(t, r.Interrupted)
	require.GreaterOrEqual(t, r.Programs, 3)
}

// The same seed makes the same programs if the relays do the same.
func TestTheSameSeedMakesTheSamePrograms(t *testing.T) {
	t.Parallel()
	programs := func(seed uint64) string {
		b := &fakeBench{}
		_, err := compareOn(t.Context(), Options{Seed: seed, MaxPrograms: 50}, b, wire.Versions(6, 20), newAuthor(nil))
		require.NoError(t, err)
		return b.ran.String()
	}
	require.Equal(t, programs(5), programs(5))
	require.NotEqual(t, programs(5), programs(6))
}

// fakeBench has relays of which the first operation decides what they show.
type fakeBench struct {
	ran strings.Builder
	// differs says how often each program differs before it does not.
	differs int
	err     error
}

func (b *fakeBench) run(_ context.Context, p program.Program, _ uint64) ([2]view, error) {
	b.ran.WriteString(p.String() + "\n")
	answers := [2]string{"OK", "OK"}
	if b.differs > 0 {
		b.differs--
		answers[1] = "ERR AUTH"
	}
	var views [2]view
	for i := range views {
		views[i].record = &record{exchanges: []*exchange{{command: "OFF", answer: answers[i]}}}
		views[i].outcome.Pairs = pairsOf(p)
	}
	return views, b.err
}

func (b *fakeBench) close() {}

func TestDifferencesThatDoNotShowAgainAreDropped(t *testing.T) {
	t.Parallel()
	for differs, dropped := range map[int]int{1: 1, confirmations: 1, 1 + confirmations: 1} {
		r, err := compareOn(t.Context(), Options{MaxPrograms: 3}, &fakeBench{differs: differs}, wire.Versions(6, 20), newAuthor(nil))
		require.NoError(t, err)
		require.Empty(t, r.Found)
		require.Equal(t, map[string]int{"OFF: OK / ERR AUTH": dropped}, r.Dropped, differs)
	}
	r, err := compareOn(t.Context(), Options{MaxPrograms: 50}, &fakeBench{differs: 1 << 20}, wire.Versions(6, 20), newAuthor(nil))
	require.NoError(t, err)
	require.Len(t, r.Found, 1, "one of a kind is enough")
	require.Empty(t, r.Dropped)
	require.Empty(t, r.Found[0].Program.Ops, "nothing of it is needed")
}

func TestARelayThatGoesEndsTheRun(t *testing.T) {
	t.Parallel()
	gone := errors.New("it is gone")
	r, err := compareOn(t.Context(), Options{}, &fakeBench{err: gone}, wire.Versions(6, 20), newAuthor(nil))
	require.ErrorIs(t, err, gone)
	require.False(t, r.Interrupted)
}

// pairsOf are pairs that follow from a program.
func pairsOf(p program.Program) []drive.Pair {
	var pairs []drive.Pair
	for _, op := range p.Ops {
		pairs = append(pairs, drive.Pair{Command: op.Kind.String(), How: op.Entity.String()})
	}
	return pairs
}

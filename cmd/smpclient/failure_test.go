package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

const someServer = "smp://LcJUMfVhwD8yxjAiSaDzzGF3-kLG4Uh0Fl_ZIjrRwjI=@127.0.0.1:1"

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	alice := newPerson(t, "alice", "--server", someServer)
	for _, arguments := range [][]string{
		{}, {"fly"}, {"--unknown"}, {"contacts", "--unknown"}, {"contacts", "argument"}, {"--log-level", "loud", "contacts"},
		{"join"}, {"join", "nonsense"}, {"join", "simplex:/invitation#/?v=1"}, {"join", "https://example.org/"},
		{"invite", "a", "b"}, {"invite", "--server", "nonsense"}, {"invite", "--server", "smp://AAAA@host"}, {"invite", " spaces "}, {"invite", "--server", "xftp" + someServer[3:]},
		{"invite", strings.Repeat("x", 65)}, {"invite", "line\nfeed"},
		{"accept"}, {"accept", "x"}, {"accept", "0"}, {"accept", "7"}, {"reject", "7"},
		{"send", "nobody"}, {"send", "nobody", "text"}, {"history", "nobody"}, {"history", "-n", "-1", "x"}, {"chat", "nobody"}, {"chat"},
		{"switch", "nobody"}, {"switch", "nobody", "nonsense"}, {"sync", "nobody"}, {"delete", "nobody"}, {"info", "nobody"},
		{"rename", "nobody"}, {"rename", "nobody", "new"}, {"listen", "--count", "-1"}, {"config", "--server", "nonsense"},
		{"config", "--name", "sl/ash"}, {"config", "--via", someServer, "--no-via"},
	} {
		alice.fails(exitUsage, arguments...)
	}
	require.Empty(t, alice.contacts())
}

func TestErrorsInJSON(t *testing.T) {
	t.Parallel()
	alice := newPerson(t, "alice", "--server", someServer)
	for _, arguments := range [][]string{{"history", "--json", "nobody"}, {"--json", "fly"}, {"contacts", "--flag", "--json"}} {
		r := alice.call(arguments...)
		require.Equal(t, exitUsage, r.code)
		lines := alice.lines(r.out)
		require.Len(t, lines, 1)
		require.Equal(t, 2.0, lines[0]["exit"])
		require.Equal(t, "smpclient: "+lines[0]["error"].(string)+"\n", r.errors)
	}
}

func TestProfile(t *testing.T) {
	t.Parallel()
	for _, arguments := range [][]string{
		{}, {"--name", ""}, {"--name", "alice"}, {"--server", "nonsense"}, {"--server", "smp://AAAA:pass word@host"},
		{"--server", someServer, "--via", "nonsense"}, {"--server", someServer, "--name", "a/b"}, {"argument", "--server", someServer},
	} {
		nobody := person{t, filepath.Join(t.TempDir(), "profile"), ""}
		message := nobody.fails(exitUsage, append([]string{"init"}, arguments...)...)
		require.NotContains(t, message, "pass word")
		_, err := os.Stat(nobody.profile)
		require.ErrorIs(t, err, os.ErrNotExist, "%q left something behind", arguments)
	}
	require.Contains(t, person{t, filepath.Join(t.TempDir(), "none"), ""}.fails(exitUsage, "contacts"), "smpclient init")

	alice := newPerson(t, "alice", "--server", someServer)
	for path, mode := range map[string]os.FileMode{alice.profile: 0o700, filepath.Join(alice.profile, "agent.db"): 0o600} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm(), path)
	}
	before, err := os.ReadFile(filepath.Join(alice.profile, "agent.db"))
	require.NoError(t, err)
	require.Contains(t, alice.fails(exitFailure, "init", "--server", someServer), "not empty")
	after, err := os.ReadFile(filepath.Join(alice.profile, "agent.db"))
	require.NoError(t, err)
	require.Equal(t, before, after)

	require.NoError(t, os.Chmod(alice.profile, 0o750))
	require.Contains(t, alice.fails(exitFailure, "contacts"), "chmod")
}

func TestPasswordsAreNotShown(t *testing.T) {
	t.Parallel()
	withPassword := strings.Replace(someServer, "@", ":secret@", 1)
	alice := newPerson(t, "alice", "--server", withPassword, "--via", withPassword)
	logged := alice.call("invite", "--log-level", "debug")
	require.Equal(t, exitRelay, logged.code)
	require.NotContains(t, logged.errors, "secret")
	require.NotContains(t, alice.ok("config", "--json"), "secret")
	require.Contains(t, alice.ok("config", "--passwords"), withPassword)
}

func TestRelayFailures(t *testing.T) {
	t.Parallel()
	good := startRelay(t, func(c *relay.Config) { c.Password = smp.Password("right") })
	address := good.Address()
	withPassword := func(password string) string { return strings.Replace(address, "@", ":"+password+"@", 1) }
	otherIdentity := someServer[:strings.Index(someServer, "@")] + address[strings.Index(address, "@"):]
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	unreachable := someServer[:strings.Index(someServer, "@")+1] + nobody.Addr().String()
	require.NoError(t, nobody.Close())

	owner := newPerson(t, "owner", "--server", withPassword("right"))
	invitation := owner.lines(owner.ok("invite", "--json", "--no-wait"))[0]["link"].(string)
	for _, c := range []struct {
		server string
		code   int
		says   string
	}{
		{address, exitFailure, "password"},
		{withPassword("wrong"), exitFailure, "password"},
		{otherIdentity, exitRelay, ""},
		{unreachable, exitRelay, ""},
	} {
		alice := newPerson(t, "alice", "--server", c.server)
		for _, arguments := range [][]string{
			{"invite"}, {"invite", "--short", "name"}, {"address"}, {"join", invitation}, {"join", "--name", "name", invitation},
		} {
			message := alice.fails(c.code, arguments...)
			require.Contains(t, message, c.says, "%q", arguments)
			require.NotContains(t, message, "wrong\"")
			require.Empty(t, alice.contacts(), "%q left a contact", arguments)
		}
		require.Contains(t, alice.fails(exitUsage, "address", "--delete"), "no contact address")
	}
	// What is sent has to go through another relay, or not at all.
	for _, via := range []string{unreachable, startRelay(t, func(c *relay.Config) { c.Proxy = nil }).Address()} {
		alice := newPerson(t, "alice", "--server", startRelay(t).Address(), "--via", via)
		alice.fails(exitRelay, "join", invitation)
		require.Empty(t, alice.contacts())
	}
	guest := newPerson(t, "guest", "--server", withPassword("right"))
	guest.ok("join", "--no-wait", invitation)
	late := newPerson(t, "late", "--server", withPassword("right"))
	require.Contains(t, late.fails(exitFailure, "join", invitation), "used")
	require.Empty(t, late.contacts())
}

func TestRelayOfTheOtherSideIsGone(t *testing.T) {
	t.Parallel()
	gone := startRelay(t)
	alice := newPerson(t, "alice", "--server", startRelay(t).Address())
	bob := newPerson(t, "bob", "--server", gone.Address())
	alice.connect(bob)
	invitation := bob.lines(bob.ok("invite", "--no-wait", "--json"))[0]["link"].(string)
	require.NoError(t, gone.Close())
	require.Contains(t, alice.fails(exitRelay, "send", "--timeout", "1s", "bob", "lost?"), "kept")
	require.Equal(t, []string{"out:lost?:queued"}, alice.texts("bob"))
	alice.fails(exitRelay, "join", invitation)
	require.Equal(t, []string{"bob"}, alice.contacts())
}

func TestFullQueue(t *testing.T) {
	t.Parallel()
	alice := newPerson(t, "alice", "--server", startRelay(t).Address())
	bob := newPerson(t, "bob", "--server", startRelay(t, func(c *relay.Config) { c.Quota = 3 }).Address())
	alice.connect(bob)
	listening := alice.launch("listen", "--json")
	full := false
	var sent []string
	for i := 0; !full; i++ {
		require.Less(t, i, 10, "the queue takes everything")
		text := strings.Repeat("x", i+1)
		r := alice.call("send", "bob", text)
		sent = append(sent, text)
		if full = r.code != exitOK; full {
			require.Equal(t, exitFailure, r.code)
			require.Contains(t, r.errors, "no room")
		}
	}
	reading := bob.launch("listen")
	for _, text := range sent {
		require.True(t, strings.HasSuffix(reading.line("alice: "), "alice: "+text), "order")
	}
	listening.event("continue")
	require.Equal(t, exitOK, reading.end())
	require.Equal(t, exitOK, listening.end())
}

func TestLongAndStrangeTexts(t *testing.T) {
	t.Parallel()
	alice, bob := pair(t)
	require.Contains(t, alice.fails(exitFailure, "send", "bob", strings.Repeat("0123456789abcdef", 20000)), "too")
	long := strings.Repeat("long ", 3000)
	require.Equal(t, exitOK, alice.callWith(long+"\n", "send", "bob", "-").code)
	alice.ok("send", "bob", "two\nlines \x1b[2J\u202e")
	out := bob.ok("listen", "--count", "2")
	require.Contains(t, out, long)
	require.Contains(t, out, "alice: two\n    lines \ufffd[2J\n")
	alice.fails(exitUsage, "send", "bob", "")
	require.Equal(t, exitUsage, alice.callWith(strings.Repeat("x", maxText+1), "send", "bob", "-").code)
	require.Len(t, alice.texts("bob"), 2)
}

func TestInterruptedInvitation(t *testing.T) {
	t.Parallel()
	alice := newPerson(t, "alice", "--server", startRelay(t).Address())
	bob := newPerson(t, "bob", "--server", startRelay(t).Address())
	require.Contains(t, alice.fails(exitFailure, "invite", "--timeout", "10ms", "first"), "stays valid")
	inviting := alice.launch("invite", "--json", "bob")
	link := inviting.event("invitation")["link"].(string)
	require.Equal(t, exitFailure, inviting.end())
	require.Contains(t, inviting.errors.String(), "stays valid")
	require.Contains(t, alice.ok("info", "bob"), link)
	require.Contains(t, alice.fails(exitFailure, "send", "bob", "too early"), "nobody has joined")

	joining := bob.launch("join", "--json", link)
	listening := alice.launch("listen", "--json")
	listening.event("connected")
	require.Equal(t, exitOK, joining.wait())
	require.Equal(t, exitOK, listening.end())
	require.NotContains(t, alice.ok("info", "bob"), link)
}

func TestListenEnds(t *testing.T) {
	t.Parallel()
	alice := newPerson(t, "alice", "--server", someServer)
	require.Contains(t, alice.fails(exitFailure, "listen", "--count", "1", "--timeout", "10ms"), "0 of 1")
	alice.ok("listen", "--timeout", "10ms")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.Equal(t, exitOK, run(ctx, []string{"--profile", alice.profile, "version"}, application(nil, new(strings.Builder), os.Stderr)))
}

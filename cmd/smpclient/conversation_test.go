package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInviteJoinSendListen(t *testing.T) {
	t.Parallel()
	alice, bob := pair(t)
	require.Contains(t, alice.ok("contacts"), "bob")

	require.Equal(t, "✓ sent\n", alice.ok("send", "bob", "hello", "bob"))
	require.Regexp(t, `^\d\d:\d\d alice: hello bob\n$`, bob.ok("listen", "--count", "1"))

	listening := bob.launch("listen", "--json")
	listening.event("listening")
	require.Equal(t, "✓ sent\n✓✓ delivered\n", alice.ok("send", "--receipt", "bob", "two"))
	message := listening.event("message")
	require.Equal(t, "two", message["text"])
	require.Equal(t, "alice", message["contact"])
	require.NotContains(t, message, "again")
	require.Equal(t, exitOK, listening.end())

	require.Equal(t, []string{"out:hello bob:delivered", "out:two:delivered"}, alice.texts("bob"))
	require.Equal(t, []string{"in:hello bob:shown", "in:two:shown"}, bob.texts("alice"))
	require.Len(t, alice.lines(alice.ok("history", "-n", "1", "--json", "bob")), 1)
}

func TestNames(t *testing.T) {
	t.Parallel()
	relay := startRelay(t).Address()
	alice := newPerson(t, "alice", "--server", relay)
	for range 2 {
		alice.connect(newPerson(t, "bob", "--server", relay))
	}
	alice.connect(newPerson(t, "carol", "--server", relay), "Robert")
	require.Contains(t, alice.fails(exitUsage, "invite", "Robert"), "Robert")
	require.Equal(t, []string{"Robert", "bob", "bob_2"}, alice.contacts())

	alice.fails(exitUsage, "rename", "bob", "Robert")
	alice.fails(exitUsage, "rename", "nobody", "somebody")
	alice.fails(exitUsage, "rename", "bob", "a\x1b[2J")
	alice.ok("rename", "bob", "Bobby")
	require.Equal(t, []string{"Bobby", "Robert", "bob_2"}, alice.contacts())
	require.Contains(t, alice.ok("info", "Robert"), `calls itself "carol"`)
}

// contacts are the names of the contacts.
func (p person) contacts() (names []string) {
	for _, v := range p.lines(p.ok("contacts", "--json")) {
		names = append(names, v["contact"].(string))
	}
	return names
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for _, short := range []bool{false, true} {
		alice := newPerson(t, "alice", "--server", startRelay(t).Address())
		bob := newPerson(t, "bob", "--server", startRelay(t).Address())
		form := "link"
		address := alice.ok("address", "--json")
		if short {
			require.Contains(t, alice.fails(exitFailure, "address", "--short"), "short link")
			alice.ok("address", "--delete")
			alice.fails(exitUsage, "address", "--delete")
			form, address = "short", alice.ok("address", "--json", "--short")
		}
		require.Equal(t, address, alice.ok("address", "--json"), "the address stays")
		link := alice.lines(address)[0][form].(string)

		listening := alice.launch("listen", "--json")
		listening.event("listening")
		asked := bob.launch("join", "--json", "--timeout", "30s", link)
		request := listening.event("request", `"peer":"bob"`)
		require.Contains(t, alice.ok("requests"), `"bob"`)
		require.Equal(t, 1.0, request["request"])
		alice.ok("accept", "1", "--name", "robert")
		asked.event("connected", `"contact":"alice"`)
		require.Equal(t, exitOK, asked.wait())
		require.Empty(t, alice.ok("requests"))
		alice.ok("send", "robert", "--receipt=false", "welcome")
		require.Contains(t, bob.ok("listen", "--count", "1"), "alice: welcome")

		asked = bob.launch("join", "--json", "--timeout", "1ms", "--name", "alias", link)
		require.Equal(t, exitOK, asked.wait())
		listening.event("request")
		require.Contains(t, alice.ok("reject", "2"), "forgotten")
		alice.fails(exitUsage, "reject", "2")
		alice.fails(exitUsage, "accept", "2")
		require.Equal(t, exitOK, listening.end())
	}
}

func TestAutomaticAddress(t *testing.T) {
	t.Parallel()
	alice := newPerson(t, "alice", "--server", startRelay(t).Address())
	bob := newPerson(t, "bob", "--server", startRelay(t).Address())
	link := alice.lines(alice.ok("address", "--json"))[0]["link"].(string)
	require.Equal(t, exitOK, bob.callWith(link+"\n", "join", "--no-wait", "-").code)

	listening := alice.launch("listen", "--json")
	listening.event("request")
	alice.ok("address", "--auto-accept")
	answering := bob.launch("listen", "--json")
	listening.event("connected", `"contact":"bob"`)
	answering.event("connected", `"contact":"alice"`)
	require.Equal(t, exitOK, listening.end())
	require.Equal(t, exitOK, answering.end())
	require.Contains(t, bob.ok("contacts"), "connected")
}

func TestShortInvitation(t *testing.T) {
	t.Parallel()
	alice := newPerson(t, "alice", "--server", startRelay(t).Address())
	bob := newPerson(t, "bob", "--server", startRelay(t).Address())
	inviting := alice.launch("invite", "--short", "--json")
	link := inviting.event("invitation")["short"].(string)
	require.Less(t, len(link), 250)
	joined := bob.lines(bob.ok("join", "--json", link))
	require.Equal(t, "alice", joined[0]["contact"], "the link tells the name")
	require.Equal(t, exitOK, inviting.wait())
}

func TestSwitchSyncDelete(t *testing.T) {
	t.Parallel()
	alice, bob := pair(t)
	other := startRelay(t).Address()
	listening := bob.launch("listen", "--json")
	listening.event("listening")

	require.Contains(t, alice.ok("switch", "bob", other), "arrive at another relay now")
	require.Contains(t, alice.ok("info", "bob"), "arrive at "+other)
	require.Contains(t, alice.ok("sync", "--force", "bob"), "keys with bob are agreed")
	alice.ok("send", "--receipt", "bob", "after all that")
	listening.event("message", "after all that")
	bob.ok("send", "alice", "answer")
	require.Contains(t, alice.ok("listen", "--count", "1"), "answer")

	require.Contains(t, alice.ok("delete", "bob"), "bob is deleted")
	require.Empty(t, alice.contacts())
	listening.event("left")
	require.Equal(t, exitOK, listening.end())
	require.Contains(t, bob.fails(exitFailure, "send", "alice", "still there?"), "deleted")
	require.Len(t, bob.texts("alice"), 2, "the history stays")
	bob.ok("delete", "alice")
	require.Empty(t, bob.contacts())
}

func TestChat(t *testing.T) {
	t.Parallel()
	alice, bob := pair(t)
	listening := bob.launch("chat", "alice")
	typed := alice.callWith("first\n\nsecond\r\n", "chat", "bob")
	require.Equal(t, exitOK, typed.code, typed.errors)
	require.Contains(t, typed.out, "  ✓ first\n")
	require.Contains(t, typed.out, "  ✓ second\n")
	listening.line("alice: first")
	listening.line("alice: second")
	listening.say("answer")
	listening.line("✓ answer")
	require.Contains(t, alice.ok("listen", "--count", "1"), "bob: answer")
	require.Equal(t, exitOK, listening.end())
}

func TestScript(t *testing.T) {
	t.Parallel()
	alice, bob := pair(t)
	for _, command := range []string{"listen", "chat"} {
		arguments := []string{command, "--json"}
		if command == "chat" {
			arguments = append(arguments, "bob")
		}
		script := alice.launch(arguments...)
		script.say(`{"command":"send","contact":"bob","text":"-","ref":{"n":[1]}}`)
		queued := script.line(`"ref"`)
		require.True(t, strings.HasPrefix(queued, `{"ref":{"n":[1]},"event":"queued","contact":"bob","id":`), queued)
		script.event("sent")
		for _, bad := range []string{`{"command":"fly"}`, `nonsense`, `{"command":"send","contact":"nobody","text":"x"}`, `{"command":"join","link":"-"}`} {
			script.say(bad)
			require.Contains(t, script.line(`"error"`), `"exit":2`)
		}
		script.say(`{"command":"history","contact":"bob","n":1}`)
		script.line(`"direction":"out"`, `"text":"-"`)
		script.say(`{"command":"quit"}`)
		require.Equal(t, exitOK, script.wait())
	}
	require.Equal(t, 2, strings.Count(bob.ok("listen", "--count", "2"), "alice: -"))
}

func TestPlain(t *testing.T) {
	t.Parallel()
	alice := newPerson(t, "alice", "--plain", "--server", startRelay(t).Address())
	bob := newPerson(t, "bob", "--server", startRelay(t).Address())
	alice.connect(bob)
	alice.ok("send", "bob", "bare")
	message := bob.lines(bob.ok("listen", "--json", "--count", "1"))
	last := message[len(message)-1]
	require.Equal(t, "bare", last["text"])
	require.Equal(t, "raw", last["type"])
	bob.ok("send", "alice", "chat")
	require.Contains(t, alice.ok("listen", "--count", "1"), "bob: chat")
}

func TestProxy(t *testing.T) {
	t.Parallel()
	first, second := startRelay(t), startRelay(t)
	alice := newPerson(t, "alice", "--server", first.Address(), "--via", second.Address())
	bob := newPerson(t, "bob", "--server", startRelay(t).Address(), "--via", first.Address())
	alice.connect(bob)
	alice.ok("send", "bob", "through a relay")
	require.Contains(t, bob.ok("listen", "--count", "1"), "through a relay")
	require.Contains(t, bob.ok("config"), "via     "+first.Address())
	bob.ok("config", "--no-via", "--name", "robert")
	require.Equal(t, "name    robert\n", strings.SplitAfter(bob.ok("config"), "\n")[0])
	require.NotContains(t, bob.ok("config"), "via")
	const oldTLS = "relays that only speak TLS 1.2 are accepted"
	require.NotContains(t, bob.ok("config"), oldTLS)
	require.Contains(t, bob.ok("config", "--tls12"), oldTLS)
	require.NotContains(t, bob.ok("config", "--tls12=false"), oldTLS)
}

func TestQRCode(t *testing.T) {
	t.Parallel()
	alice := newPerson(t, "alice", "--server", startRelay(t).Address())
	for _, arguments := range [][]string{{}, {"--short"}} {
		with := alice.ok(append([]string{"invite", "--no-wait", "--qr"}, arguments...)...)
		require.Greater(t, strings.Count(with, "\n"), 20)
		require.Contains(t, with, "█")
		require.Equal(t, 1, strings.Count(alice.ok(append([]string{"invite", "--no-wait"}, arguments...)...), "\n"))
	}
	require.Empty(t, qrCode(strings.Repeat("x", 4000)))
}

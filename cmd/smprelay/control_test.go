package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/relay/control"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// socketPath is where a control socket can be; it is short enough for one.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "smprelay")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return filepath.Join(dir, "socket")
}

// command runs the program until it ends.
func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errors bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	code = run(ctx, args, &out, &errors)
	return code, out.String(), errors.String()
}

// succeeds runs the program and returns its output.
func succeeds(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := command(t, args...)
	require.Equal(t, exitOK, code, stderr)
	require.Empty(t, stderr)
	return stdout
}

// refuses runs the program, which must fail with a sentence.
func refuses(t *testing.T, want int, reason string, args ...string) {
	t.Helper()
	code, stdout, stderr := command(t, args...)
	require.Equal(t, want, code, stderr)
	require.Empty(t, stdout)
	require.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
	require.Contains(t, stderr, reason)
}

// controlled is a relay with a control socket, and a client with a queue.
func controlled(t *testing.T) (r *running, socket string, c *client.Client, q client.Queue) {
	t.Helper()
	socket = socketPath(t)
	r = launch(t, "--control", socket)
	parts := addressForm.FindStringSubmatch(r.address)
	fingerprint, err := keys.ParseFingerprint(parts[1])
	require.NoError(t, err)
	c, err = client.Dial(t.Context(), client.Config{Address: parts[2], KeyHash: fingerprint[:], CommandTimeout: patience})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	q, err = c.CreateQueue(t.Context(), client.QueueOptions{})
	require.NoError(t, err)
	return r, socket, c, q
}

// uri is the address of a queue on the relay.
func uri(t *testing.T, r *running, q client.Queue) string {
	t.Helper()
	server, err := link.ParseServer(r.address)
	require.NoError(t, err)
	dh, err := keys.NewPrivate(keys.X25519, bytes.Repeat([]byte{1}, 32))
	require.NoError(t, err)
	return link.QueueURI{
		ClientVersions: wire.Versions(1, 4),
		QueueAddress:   link.QueueAddress{Server: server, SenderID: q.SenderID, DHKey: dh.Public()},
	}.Text()
}

func TestBlockAndUnblock(t *testing.T) {
	t.Parallel()
	r, socket, c, q := controlled(t)
	send := func() error { return c.SendMessage(t.Context(), q.Sender(keys.PrivateKey{}), false, []byte("hello")) }
	id, address := "--queue="+base64.URLEncoding.EncodeToString(q.SenderID), "--queue="+uri(t, r, q)
	day := int64(24 * 60 * 60)
	for _, test := range []struct {
		queue string
		args  []string
		want  *smp.Error
	}{
		{id, []string{"--reason", "spam"}, smp.BlockedError(smp.BlockedSpam, nil)},
		{address, []string{"--reason=content", "--notice", "24h"}, smp.BlockedError(smp.BlockedContent, &smp.ClientNotice{TTL: &day})},
		{id, []string{"--reason", "content", "--notice", "0s"}, smp.BlockedError(smp.BlockedContent, &smp.ClientNotice{})},
	} {
		require.Equal(t, "the queue is blocked\n", succeeds(t, append([]string{"block", "--control", socket, test.queue}, test.args...)...))
		require.ErrorIs(t, send(), test.want)
	}
	require.Equal(t, "the queue is not blocked any more\n", succeeds(t, "unblock", "--control", socket, address))
	require.NoError(t, send())
	refuses(t, exitFailure, "queue is not blocked", "unblock", "--control", socket, id)
	refuses(t, exitFailure, "no such queue", "block", "--control", socket, "AAAA", "--reason", "spam")
	require.Equal(t, exitOK, r.end(t))
	require.NoFileExists(t, socket)
	refuses(t, exitFailure, "no relay at the control socket", "unblock", "--control", socket, id)
}

func TestQueueOfAnotherRelay(t *testing.T) {
	t.Parallel()
	r, socket, _, q := controlled(t)
	other := launch(t)
	refuses(t, exitFailure, "another relay", "block", "--control", socket, "--reason", "spam", "--queue", uri(t, other, q))
	require.Equal(t, exitOK, other.end(t))
	require.Equal(t, exitOK, r.end(t))
}

func TestStats(t *testing.T) {
	t.Parallel()
	r, socket, c, q := controlled(t)
	require.NoError(t, c.SendMessage(t.Context(), q.Sender(keys.PrivateKey{}), false, []byte("hello")))
	require.ErrorIs(t, c.Ack(t.Context(), q, []byte("x")), smp.ErrNoMsg)
	var s control.Stats
	require.NoError(t, json.Unmarshal([]byte(succeeds(t, "stats", "--control", socket, "--json")), &s))
	require.Positive(t, s.UptimeSeconds)
	require.Equal(t, []int{1, 0, 1, 0, 1, 0}, []int{s.Connections, s.Handshakes, s.Queues, s.Blocked, s.Messages, s.Destinations})
	require.Equal(t, map[string]uint64{"NEW": 1, "SEND": 1, "ACK": 1}, s.Commands)
	require.Equal(t, map[string]uint64{"NO_MSG": 1}, s.Errors)

	text := succeeds(t, "stats", "--control", socket)
	for _, line := range []string{
		`uptime +\d+s`, "connections +1, 0 of them in the handshake", "queues +1, 0 of them blocked", "messages +1", "destinations +0",
		"received +49152 bytes", `sent +\d+ bytes`, "commands +ACK +1", "commands +NEW +1", "commands +SEND +1", "errors +NO_MSG +1",
	} {
		require.Regexp(t, "(?m)^"+line+"$", text)
	}
	require.Equal(t, 11, strings.Count(text, "\n"))
	require.NotContains(t, text, base64.URLEncoding.EncodeToString(q.SenderID))
	require.Equal(t, exitOK, r.end(t))
}

func TestUsageOfControlCommands(t *testing.T) {
	t.Parallel()
	id := "--queue=AAAA"
	for _, test := range []struct {
		reason string
		args   []string
	}{
		{"--control is missing", []string{"stats"}},
		{"--control is missing", []string{"block", id, "--reason", "spam"}},
		{"--control is missing", []string{"unblock", id}},
		{"the queue is missing", []string{"unblock", "--control", "x"}},
		{"expected one queue", []string{"block", "AAAA", "BBBB"}},
		{"expected one queue", []string{"unblock", id, "BBBB"}},
		{"unexpected argument", []string{"stats", "x"}},
		{"unknown flag", []string{"stats", "--quota", "1"}},
		{"--reason", []string{"block", "--control", "x", id}},
		{"--reason", []string{"block", "--control", "x", id, "--reason", "fun"}},
		{"--notice", []string{"block", "--control", "x", id, "--reason", "spam", "--notice", "-1s"}},
		{"--notice", []string{"block", "--control", "x", id, "--reason", "spam", "--notice", "1ms"}},
		{"base64url", []string{"block", "--control", "x", "--queue", "sécret"}},
		{"expected a sender id", []string{"unblock", "--control", "x", "--queue", "simplex:/secret"}},
	} {
		refuses(t, exitUsage, test.reason, test.args...)
		_, _, stderr := command(t, test.args...)
		require.NotContains(t, stderr, "secret")
	}
}

// The queue of a link is named by what the relay knows of it.
func TestQueueRequests(t *testing.T) {
	t.Parallel()
	r := launch(t)
	server, err := link.ParseServer(r.address)
	require.NoError(t, err)
	require.Equal(t, exitOK, r.end(t))
	fingerprint := base64.URLEncoding.EncodeToString(server.KeyHash)
	key := link.LinkKey(bytes.Repeat([]byte{7}, 32))
	contactID, _, err := key.ContactSecret()
	require.NoError(t, err)
	invitationID := bytes.Repeat([]byte{8}, 24)
	for text, want := range map[string]control.Request{
		"AAAA":     {Queue: "AAAA"},
		"-_-_AA==": {Queue: "-_-_AA"},
		link.ShortLink{Type: link.InvitationLink, Server: server, LinkID: invitationID, Key: key}.Text(): {
			Queue: control.EncodeID(invitationID), Relay: fingerprint,
		},
		link.ShortLink{Type: link.ContactLink, Server: server, Key: key}.Text(): {Queue: control.EncodeID(contactID), Relay: fingerprint},
	} {
		want.Command = control.CommandBlock
		got, err := queueRequest(control.CommandBlock, text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
}

// A socket that is in use, and one whose relay does not start, stay as they are.
func TestSocketsOfOthers(t *testing.T) {
	t.Parallel()
	r, socket, _, _ := controlled(t)
	code, message := failure(t, "--listen", "127.0.0.1:0", "--control", socket)
	require.Equal(t, exitUsage, code)
	require.Contains(t, message, "in use")
	succeeds(t, "stats", "--control", socket)
	other := socketPath(t)
	code, _ = failure(t, "--listen", addressForm.FindStringSubmatch(r.address)[2], "--control", other, "--log-level", "error")
	require.Equal(t, exitFailure, code)
	require.NoFileExists(t, other)
	require.Equal(t, exitOK, r.end(t))
}

func TestServe(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, exitOK, run(ctx, []string{"serve", "--listen", "127.0.0.1:0"}, &stdout, &stderr))
}

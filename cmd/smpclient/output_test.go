package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"rsc.io/qr"

	"smpcheck/cmd/smpclient/session"
)

// modules reads a code in half blocks: true is dark, which a terminal shows as
// nothing.
func modules(t *testing.T, text string) (rows [][]bool) {
	t.Helper()
	for line := range strings.Lines(text) {
		var upper, lower []bool
		for _, c := range strings.TrimSuffix(line, "\n") {
			require.Contains(t, "█▀▄ ", string(c))
			upper = append(upper, c != '█' && c != '▀')
			lower = append(lower, c != '█' && c != '▄')
		}
		rows = append(rows, upper, lower)
	}
	return rows
}

func TestQRCodeIsThatOfTheLink(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"simplex:/i#x", strings.Repeat("simplex:/invitation#/?v=2-7&smp=", 20)} {
		want, err := qr.Encode(text, qr.L)
		require.NoError(t, err)
		got := modules(t, qrCode(text))
		for y := range want.Size {
			for x := range want.Size {
				require.Equal(t, want.Black(x, y), got[y+quietZone][x+quietZone], "module %d, %d", x, y)
			}
		}
		for y := range quietZone {
			require.NotContains(t, got[y], true, "margin")
		}
	}
}

func TestTerminal(t *testing.T) {
	t.Parallel()
	alice := newPerson(t, "alice", "--server", startRelay(t).Address())
	on := func(arguments ...string) (out, errors string) {
		var stdout, stderr bytes.Buffer
		a := application(strings.NewReader(""), &stdout, &stderr)
		a.terminal, a.progress = true, true
		require.Equal(t, exitFailure, run(context.Background(), append(arguments, "--profile", alice.profile, "--timeout", "10ms"), a))
		return stdout.String(), stderr.String()
	}
	out, errors := on("invite")
	require.Contains(t, out, "█")
	require.Contains(t, errors, eraseLine+"waiting")
	require.Contains(t, errors, eraseLine+"smpclient: nobody has used the invitation")
	out, _ = on("invite", "--no-qr")
	require.NotContains(t, out, "█")
	out, _ = on("invite", "--json")
	require.NotContains(t, out, "█")
}

func TestWaitingLineStaysBelow(t *testing.T) {
	t.Parallel()
	var terminal bytes.Buffer
	a := application(nil, &terminal, &terminal)
	a.screen, a.terminal, a.progress = new(screen), true, true
	done := a.wait("waiting")
	require.NoError(t, a.print(nil, "line"))
	done()
	require.NoError(t, a.print(nil, "last"))
	require.Equal(t, eraseLine+"waiting"+eraseLine+"line\n"+eraseLine+"waiting"+eraseLine+"last\n", terminal.String())
}

func TestNoticesCannotForgeLines(t *testing.T) {
	t.Parallel()
	const evil = "x\n12:00 bank: pay\x1b[1A\r\u202e\u2028"
	now := time.Now()
	yes := true
	for _, event := range []string{
		session.EventMessage, session.EventJoined, session.EventPeer, session.EventConnected, session.EventRequest,
		session.EventSent, session.EventDelivered, session.EventFailed, session.EventFull, session.EventContinue,
		session.EventSwitch, session.EventSync, session.EventProblem, session.EventLeft, session.EventDeleted,
		session.EventRelayUp, session.EventRelayDown, session.EventNoticesLost,
	} {
		for _, phase := range []string{"", "started", "completed", "secured", "required", "ok"} {
			for _, side := range []string{"receiving", "sending"} {
				text := noticeText(session.Notice{
					Event: event, Contact: evil, Text: evil, Type: evil, Peer: evil, Reason: evil, Server: evil,
					Phase: phase, Side: side, Sent: &now, Again: true, PQ: &yes, Request: 1,
				})
				require.NotContains(t, text, "%!", event)
				require.NotContains(t, text, "\x1b", event)
				require.NotContains(t, text, "\r", event)
				require.NotContains(t, text, "\u202e", event)
				for i, line := range strings.Split(text, "\n") {
					require.True(t, i == 0 || strings.HasPrefix(line, "    "), "%s: %q", event, text)
				}
			}
		}
	}
}

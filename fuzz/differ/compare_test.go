package differ

import (
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/drive"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// differs is the difference between two records.
func differs(a, b *record) *difference {
	c, _ := compare(a, b)
	return c.difference
}

// delivering is a conversation in which two queues get messages.
func delivering(first, second []string, also ...smp.Response) *record {
	k := newTalk("x")
	k.ask("NEW", smp.NEW{}, smp.IDS{RecipientID: k.id("r1"), SenderID: k.id("s1")})
	k.ask("NEW", smp.NEW{}, smp.IDS{RecipientID: k.id("r2"), SenderID: k.id("s2")})
	for _, text := range []string{"a", "b", "c"} {
		k.ask("SEND", smp.SEND{Body: []byte(text)}, smp.OK{})
	}
	for _, text := range first {
		k.message(nil, "r1", smp.RcvMessage{Body: []byte(text)})
	}
	for _, text := range second {
		k.message(nil, "r2", smp.RcvMessage{Body: []byte(text)})
	}
	for _, r := range also {
		k.answer(nil, k.id("r1"), r)
	}
	k.Settled()
	k.ask("PING", smp.PING{}, smp.PONG{})
	return k.finish()
}

func TestDeliveriesThatDiffer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		a, b   *record
		shown0 string
		shown1 string
		how    string
	}{
		"lost":        {delivering([]string{"a", "b"}, nil), delivering([]string{"a"}, nil), "MSG message of operation 2; MSG message of operation 3", "MSG message of operation 2", "only A has some"},
		"order":       {delivering([]string{"a", "b"}, nil), delivering([]string{"b", "a"}, nil), "MSG message of operation 2; MSG message of operation 3", "MSG message of operation 3; MSG message of operation 2", "another order"},
		"other queue": {delivering([]string{"a"}, nil), delivering(nil, []string{"a"}), "MSG message of operation 2", "nothing", "only A has some"},
		"made up":     {delivering(nil, nil), delivering([]string{"z"}, nil), "nothing", "MSG message that nobody has sent, 1 bytes", "only B has some"},
		"stray":       {delivering(nil, nil), delivering(nil, nil, smp.PONG{}), "nothing", "PONG", "only B has some"},
	} {
		d := differs(test.a, test.b)
		require.NotNil(t, d, name)
		require.Equal(t, inDelivery, d.in, name)
		require.Equal(t, [2]string{"connection 0, queue of operation 0: " + test.shown0, "connection 0, queue of operation 0: " + test.shown1}, d.shown, name)
		require.Equal(t, 4, d.op, name)
		require.Equal(t, "deliveries: "+test.how, d.rule(), name)
	}
}

func TestDeliveriesThatAreTheSame(t *testing.T) {
	t.Parallel()
	plain := delivering([]string{"a", "b"}, []string{"c"})
	require.Nil(t, differs(plain, delivering([]string{"a", "a", "b"}, []string{"c"})), "SUB may deliver again")
	require.Nil(t, differs(plain, delivering([]string{"a", "b"}, []string{"c"}, smp.END{}, smp.DELD{}, smp.NMSG{})), "these may come late")
}

func TestHandshakesThatDiffer(t *testing.T) {
	t.Parallel()
	with := func(pairs ...drive.Pair) view { return view{record: &record{}, outcome: drive.Outcome{Pairs: pairs}} }
	pair := func(how, answer, ending string) drive.Pair {
		return drive.Pair{Command: connectCommand, How: how, Answer: answer, Ending: ending}
	}
	refused, served := with(pair("v20 hello:flip", "none", "closed")), with(pair("v20 hello:flip", "PONG", "open"))
	require.Nil(t, compareViews(refused, refused).difference)
	d := compareViews(refused, served)
	require.Equal(t, &difference{in: inConnection, sent: "v20 hello:flip", shown: [2]string{"none, closed", "PONG, open"}}, d.difference)
	require.Equal(t, "handshake v20 hello:flip: none, closed / PONG, open", d.rule())
	require.Nil(t, compareViews(with(pair("v20", "varies", "varies")), with(pair("v20", "PONG", "open"))).difference)
	require.Nil(t, compareViews(with(pair("v20", "none", "lost")), with(pair("v20", "PONG", "open"))).difference)
	require.Nil(t, compareViews(refused, with()).difference, "it was not tried with both")
}

func TestProcessesThatEnd(t *testing.T) {
	t.Parallel()
	there, gone := view{record: &record{}}, view{record: &record{}, ended: "exit status 2"}
	require.Equal(t, "A ends", compareViews(gone, there).rule())
	d := compareViews(there, gone)
	require.Equal(t, "B ends", d.rule())
	require.Equal(t, [2]string{"it goes on", "the process has ended: exit status 2"}, d.shown)
}

// After a choice of the relay, what follows is compared only if both relays must be in the
// same state.
func TestWhatFollowsAChoice(t *testing.T) {
	t.Parallel()
	after := func(tag string, answer, then smp.Response) *record {
		k := newTalk("x")
		k.ask(tag, nil, answer)
		k.ask("PING", smp.PING{}, then)
		return k.finish()
	}
	ok, bad, prohibited, noMessage := smp.OK{}, smp.ERR{Err: smp.ErrAuth}, smp.ERR{Err: smp.ErrCmdProhibited}, smp.ERR{Err: smp.ErrNoMsg}
	require.Nil(t, differs(after("KEY", ok, ok), after("KEY", bad, bad)))
	require.NotNil(t, differs(after("ACK", prohibited, ok), after("ACK", noMessage, bad)))
	require.NotNil(t, differs(after("OFF", ok, ok), after("OFF", bad, ok)), "this is no choice")
}

func TestAllowances(t *testing.T) {
	t.Parallel()
	for _, a := range allowances {
		require.NotEmpty(t, a.reason)
		require.GreaterOrEqual(t, len(a.answers), 1)
		require.True(t, len(a.commands)+len(a.sent) > 0, "%s: not for everything", a.reason)
	}
	sub := func(answer string) *exchange { return &exchange{command: "SUB", answer: answer} }
	require.NotNil(t, allowed(sub("OK"), sub("MSG message of operation 1")))
	require.Nil(t, allowed(sub("MSG message of operation 2"), sub("MSG message of operation 1")), "which one is not left open")
	require.Nil(t, allowed(sub("OK"), sub("ERR AUTH")))
	require.Nil(t, allowed(&exchange{command: "SEND", answer: "OK"}, &exchange{command: "SEND", answer: "MSG x"}))
}

func TestRelaysThatLackSomething(t *testing.T) {
	t.Parallel()
	asked := func(version uint16, c smp.Command, answer smp.Response) *record {
		k := newTalk("x")
		k.Opened(drive.Opened{Version: version})
		k.ask(c.Tag(), c, answer)
		return k.finish()
	}
	unknown, syntax, bad := smp.ERR{Err: smp.ErrCmdUnknown}, smp.ERR{Err: smp.ErrCmdSyntax}, smp.ERR{Err: smp.ErrAuth}
	for name, test := range map[string]struct {
		version uint16
		command smp.Command
		a, b    smp.Response
		differ  bool
	}{
		"a later command":                {14, smp.LDEL{}, bad, unknown, false},
		"a command of the version":       {15, smp.LDEL{}, bad, unknown, true},
		"a later command, and a failure": {14, smp.LDEL{}, smp.ERR{Err: smp.ErrInternal}, unknown, true},
		"another algorithm":              {20, smp.KEY{SenderKey: publicKey(t, keys.Ed448)}, smp.OK{}, syntax, false},
		"an algorithm of the version":    {7, smp.KEY{SenderKey: publicKey(t, keys.X25519)}, smp.OK{}, syntax, true},
		"an algorithm of a later one":    {6, smp.KEY{SenderKey: publicKey(t, keys.X25519)}, syntax, smp.OK{}, false},
	} {
		d := differs(asked(test.version, test.command, test.a), asked(test.version, test.command, test.b))
		require.Equal(t, test.differ, d != nil, name)
	}
}

func publicKey(t *testing.T, a keys.Algorithm) keys.PublicKey {
	k, err := keys.Generate(a, rand.Reader)
	require.NoError(t, err)
	return k.Public()
}

func TestAfterAKeyThatNobodyCanRead(t *testing.T) {
	t.Parallel()
	for _, unread := range []bool{true, false} {
		asked := func() *talk {
			k := newTalk("x")
			k.Opened(drive.Opened{Version: 7, KeyUnread: unread})
			return k
		}
		served, refused := asked(), asked()
		served.ask("PING", smp.PING{}, smp.PONG{})
		refused.send("PING", smp.PING{}, nil)
		refused.Closed(0, drive.ByRelay)
		require.Equal(t, unread, differs(served.finish(), refused.finish()) == nil)
	}
}

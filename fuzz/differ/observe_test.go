package differ

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/drive"
	"smpcheck/reference/smp"
)

// talk makes a record of a conversation with new ids, as each run has them.
type talk struct {
	*observer
	run  string
	op   int
	conn int
}

func newTalk(run string) *talk { return &talk{observer: newObserver(), run: run} }

// id is an id that no other run has.
func (k *talk) id(name string) []byte { return []byte(k.run + name) }

// send sends a command as the next operation and returns its correlation id.
func (k *talk) send(tag string, c smp.Command, refusal *smp.Error) []byte {
	correlation := k.id(fmt.Sprint("correlation", k.op))
	k.Sent(drive.Block{Conn: k.conn, Op: k.op, Transmissions: []drive.Sent{{
		Transmission: smp.Transmission{CorrelationID: correlation}, Command: c, Tag: tag, Refusal: refusal,
	}}})
	k.op++
	return correlation
}

// ask sends a command and has it answered.
func (k *talk) ask(tag string, c smp.Command, answer smp.Response) {
	k.answer(k.send(tag, c, nil), nil, answer)
}

func (k *talk) answer(correlation, entity []byte, r smp.Response) {
	k.Received(drive.Received{Conn: k.conn, Transmission: smp.Transmission{CorrelationID: correlation, EntityID: entity}, Response: r})
}

// message delivers a message.
func (k *talk) message(correlation []byte, queue string, m smp.RcvMessage) {
	k.Received(drive.Received{
		Conn: k.conn, Transmission: smp.Transmission{CorrelationID: correlation, EntityID: k.id(queue)}, Response: smp.MSG{ID: k.id("message")}, Message: &m,
	})
}

func (k *talk) finish() *record {
	k.Finish(true)
	return &k.record
}

// ordinary is a conversation in which everything happens once.
func ordinary(run string) *record {
	k := newTalk(run)
	k.Opened(drive.Opened{Conn: 0, Version: 20})
	k.ask("NEW", smp.NEW{}, smp.IDS{RecipientID: k.id("r"), SenderID: k.id("s"), LinkID: k.id("l"), Notifier: &smp.NotifierCredentials{NotifierID: k.id("n")}})
	k.ask("SEND", smp.SEND{Body: []byte("one")}, smp.OK{})
	k.message(nil, "r", smp.RcvMessage{Body: []byte("one"), Timestamp: int64(len(run))})
	k.ask("LSET", smp.LSET{LinkID: k.id("l2")}, smp.OK{})
	k.ask("LGET", smp.LGET{}, smp.LNK{SenderID: k.id("s")})
	k.ask("NKEY", smp.NKEY{}, smp.NID{NotifierCredentials: smp.NotifierCredentials{NotifierID: k.id("n2")}})
	k.ask("QUE", smp.QUE{}, smp.INFO{Queue: smp.QueueInfo{Size: 1, Message: &smp.MessageInfo{Type: smp.MessageSent}}})
	k.ask("PING", smp.PING{}, smp.PONG{})
	return k.finish()
}

func TestRunsOfOneProgramAreTheSame(t *testing.T) {
	t.Parallel()
	a, b := ordinary("a"), ordinary("other")
	require.Nil(t, differs(a, b))
	var answers []string
	for _, e := range a.exchanges {
		answers = append(answers, e.command+": "+e.answer)
	}
	require.Equal(t, []string{
		"NEW: IDS, link, notifier", "SEND: OK", "LSET: OK", "LGET: LNK sender of operation 0, 0 and 0 bytes",
		"NKEY: NID", "QUE: INFO secured false, notifier false, subscribed false, 1 messages, next message", "PING: PONG",
	}, answers)
	require.Equal(t, map[string][]string{"connection 0, queue of operation 0": {"MSG message of operation 1"}}, a.checkpoints[0].deliveries)
}

func TestAnswersThatDiffer(t *testing.T) {
	t.Parallel()
	one := func(answer smp.Response) *record {
		k := newTalk("x")
		k.ask("PING", smp.PING{}, smp.PONG{})
		k.ask("SUB", smp.SUB{}, answer)
		return k.finish()
	}
	d := differs(one(smp.OK{}), one(smp.ERR{Err: smp.ErrAuth}))
	require.Equal(t, &difference{in: inAnswer, op: 1, command: "SUB", shown: [2]string{"OK", "ERR AUTH"}}, d)
	require.Equal(t, "SUB: OK / ERR AUTH", d.rule())
	require.Nil(t, differs(one(smp.OK{}), one(smp.SOK{})), "SOK is OK at an older version")
	require.Equal(t, "SUB: OK / OK with a service", differs(one(smp.OK{}), one(smp.SOK{ServiceID: []byte("x")})).rule())
}

func TestBytesThatDoNotDecode(t *testing.T) {
	t.Parallel()
	k := newTalk("x")
	correlation := k.send("PING", smp.PING{}, nil)
	k.Received(drive.Received{Transmission: smp.Transmission{CorrelationID: correlation, Command: []byte("PUNG\x00")}, Err: errors.New("unknown tag")})
	require.Equal(t, `bytes that do not decode, "PUNG\x00"`, k.finish().exchanges[0].answer)
}

func TestMalformedBlocksHaveOneAnswer(t *testing.T) {
	t.Parallel()
	for _, b := range []drive.Block{{Broken: true}, {Malformed: true}} {
		k := newTalk("x")
		k.Sent(b)
		k.answer(nil, nil, smp.ERR{Err: smp.ErrBlock})
		refused := k.finish()
		require.Equal(t, "ERR BLOCK", refused.exchanges[0].answer)
		k = newTalk("y")
		k.Sent(b)
		k.Closed(0, drive.ByReset)
		ended := k.finish()
		require.Equal(t, closed, ended.exchanges[0].answer)
		require.Nil(t, differs(refused, ended), "both are allowed")
		k = newTalk("z")
		k.Sent(b)
		silent := k.finish()
		if b.Broken {
			require.Nil(t, differs(silent, ended))
		} else {
			require.Equal(t, "malformed block: nothing / ERR BLOCK", differs(silent, refused).rule())
		}
	}

	// A malformed transmission is answered with or without the correlation id it may have.
	for _, id := range [][]byte{nil, []byte("xcorrelation0")} {
		k := newTalk("x")
		k.send("PING", nil, smp.ErrBlock)
		k.answer(id, nil, smp.ERR{Err: smp.ErrBlock})
		require.Equal(t, "ERR BLOCK", k.finish().exchanges[0].answer)
	}
}

func TestWhatNobodyCanCompare(t *testing.T) {
	t.Parallel()
	desynchronised := func(answered bool) *record {
		k := newTalk("x")
		k.Sent(drive.Block{Desynchronised: true, Broken: true})
		correlation := k.send("PING", smp.PING{}, nil)
		if answered {
			k.answer(correlation, nil, smp.PONG{})
			k.message(nil, "r", smp.RcvMessage{})
		}
		return k.finish()
	}
	require.Nil(t, differs(desynchronised(true), desynchronised(false)))

	// We have ended the connection ourselves.
	left := func(answered bool) *record {
		k := newTalk("x")
		correlation := k.send("PING", smp.PING{}, nil)
		if answered {
			k.answer(correlation, nil, smp.PONG{})
		}
		k.Closed(0, drive.ByUs)
		return k.finish()
	}
	require.Nil(t, differs(left(true), left(false)))

	// What is sent depends on what came before.
	sent := func(refusal *smp.Error, answer smp.Response) *record {
		k := newTalk("x")
		k.answer(k.send("ACK", smp.ACK{}, refusal), nil, answer)
		return k.finish()
	}
	require.Nil(t, differs(sent(nil, smp.OK{}), sent(smp.ErrCmdSyntax, smp.ERR{Err: smp.ErrCmdSyntax})))
}

package drive

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/fuzz/program"
	"smpcheck/reference/smp"
)

// watch is a judge that finds nothing and keeps everything.
type watch struct {
	opened   []Opened
	blocks   []Block
	received []Received
	closed   []Ending
	calls    []string
}

func (w *watch) call(name string, conn int) {
	w.calls = append(w.calls, fmt.Sprintf("%s %d", name, conn))
}

func (w *watch) Opened(c Opened) []Breach {
	w.call("opened", c.Conn)
	w.opened = append(w.opened, c)
	return nil
}

func (w *watch) Sent(b Block) []Breach {
	w.call("sent", b.Conn)
	w.blocks = append(w.blocks, b)
	return nil
}

func (w *watch) Received(r Received) []Breach {
	w.call("received", r.Conn)
	w.received = append(w.received, r)
	return nil
}

func (w *watch) Missing(conn int, _ [][]byte) []Breach { w.call("missing", conn); return nil }

func (w *watch) Closed(conn int, how Ending) []Breach {
	w.call("closed", conn)
	w.closed = append(w.closed, how)
	return nil
}

func (w *watch) Settled() []Breach    { w.call("settled", 0); return nil }
func (w *watch) Finish(bool) []Breach { w.call("finish", 0); return nil }

// first is the first block of an operation.
func (w *watch) first(op int) Block {
	for _, b := range w.blocks {
		if b.Op == op && (b.Broken || b.Malformed || len(b.Transmissions) > 0) {
			return b
		}
	}
	return Block{}
}

// What is told about a block follows from the bytes that were sent.
func TestTheTruthAboutBlocks(t *testing.T) {
	t.Parallel()
	cfg, _ := startRelay(t, nil)
	const (
		whole = 1 << iota
		broken
		malformed
		lost
	)
	for _, c := range []struct {
		version  uint16
		mutation string
		want     int
	}{
		{18, "order[0]:twice(0,0)", whole},
		{18, "order[0]:pieces(77,1)", whole},
		{18, "order[0]:reverse(0,0)", whole},
		{18, "order[0]:half(100,0)", broken | lost},
		{18, "record[0]:flip(100,1)", broken | lost},
		{18, "record[0]:flip(1,1)", whole | lost},
		{18, "record[0]:extend(0,50)", whole | lost},
		{18, "record[0]:truncate(50,0)", broken | lost},
		{18, "record[0]:insert(0,20)", broken | lost},
		{18, "block[0]:flip(0,0)", broken},
		{18, "block[0]:truncate(9000,0)", broken | lost},
		{18, "block[0]:extend(0,7)", whole | lost},
		{7, "block[0]:flip(16000,0)", whole},
		{7, "block[0]:set(2,0)", malformed},
		{7, "block[0]:boundary(0,260)", malformed},
		{18, "content[0]:boundary(0,260)", malformed},
		{18, "content[0]:set(2,0)", malformed},
		{18, "content[0]:extend(0,1)", whole},
		{18, "content[0]:extend(9,1)", malformed},
		{18, "content[0]:empty(0,0)", malformed},
		{18, "content[0]:set(2,2)", malformed},
		{18, "transmission[0]:extend(0,9)", whole},
		{18, "field[0]:flip(0,0)", whole},
		{18, "cipher[0]:flip(3,0)", whole},
	} {
		w := &watch{}
		cfg := cfg.at(c.version)
		cfg.Judge = w
		out := runs(t, cfg, "NEW c0 q0\nSUB c0 q0 "+c.mutation+"\n")
		assert.Empty(t, out.Breaches, c.mutation)
		b := w.first(1)
		name := fmt.Sprintf("version %d, %s", c.version, c.mutation)
		assert.Equal(t, c.want&broken != 0, b.Broken, "broken: "+name)
		assert.Equal(t, c.want&malformed != 0, b.Malformed, "malformed: "+name)
		assert.Equal(t, c.want&lost != 0, b.Desynchronised, "lost: "+name)
		assert.Equal(t, c.want&whole != 0, len(b.Transmissions) == 1, "transmissions: "+name)
	}
}

// What is told about a transmission is what the strict codec says about its bytes.
func TestTheTruthAboutTransmissions(t *testing.T) {
	t.Parallel()
	cfg, _ := startRelay(t, nil)
	for _, c := range []struct {
		version uint16
		text    string
		want    *smp.Error
	}{
		{18, "SUB c0 q0", nil},
		{18, "SUB c0 q0 signer=nobody", smp.ErrCmdNoAuth},
		{18, "SEND c0 q0 entity=none", smp.ErrCmdNoEntity},
		{18, "PING c0 q0 entity=recipient-id", smp.ErrCmdHasAuth},
		{18, "PING c0 q0 field[0]:extend(0,1)", smp.ErrCmdUnknown},
		{18, "ACK c0 q0 field[2]:flip(0,0)", smp.ErrCmdSyntax},
		{18, "SUB c0 q0 cipher[0]:truncate(40,0)", smp.ErrBlock},
		{18, "SUB c0 q0 transmission[0]:empty(0,0)", smp.ErrBlock},
		{18, "SUB c0 q0 cipher[0]:flip(40,0)", nil},
		{6, "SUB c0 q0 transmission[0]:flip(70,0)", smp.ErrSession},
	} {
		w := &watch{}
		cfg := cfg.at(c.version)
		cfg.Judge = w
		out := runs(t, cfg, "NEW c0 q0\n"+c.text+"\n")
		assert.Empty(t, out.Breaches, c.text)
		b := w.first(1)
		require.Len(t, b.Transmissions, 1, c.text)
		s := b.Transmissions[0]
		assert.True(t, c.want.Equal(s.Refusal), "%s: %v, expected %v", c.text, s.Refusal, c.want)
		assert.Equal(t, parse(t, c.text).Ops[0].Kind.String(), s.Tag)
		assert.Equal(t, len(parse(t, c.text).Ops[0].Mutations) > 0, s.Mutated, c.text)
	}
}

func TestAuthorizedBy(t *testing.T) {
	t.Parallel()
	cfg, _ := startRelay(t, nil)
	for alg := range 3 {
		w := &watch{}
		cfg.Judge = w
		runs(t, cfg, fmt.Sprintf("NEW c0 q0 arg=%d\nSUB c0 q0\nSUB c0 q0 signer=stranger\nSUB c1 q0 signer=old-session\nSUB c0 q0 cipher[0]:flip(9,1)\n", alg<<4))
		key := w.first(0).Transmissions[0].Command.(smp.NEW).AuthKey
		for op, want := range []bool{true, true, false, false, false} {
			assert.Equal(t, want, w.first(op).Transmissions[0].AuthorizedBy(key), "%v, operation %d", key.Algorithm(), op)
		}
	}
}

func TestMessagesAreOpened(t *testing.T) {
	t.Parallel()
	cfg, _ := startRelay(t, nil)
	w := &watch{}
	cfg.Judge = w
	out := runs(t, cfg, "NEW c0 q0 arg=11\nSKEY c1 q0\nNSUB c2 q0\nSEND c1 q0 arg=33000\nSettle c0 q0\nACK c0 q0\nPRXY c1 q0\nPFWD c1 q0 arg=1\nSettle c0 q0\n")
	require.Empty(t, out.Breaches)
	body := w.first(3).Transmissions[0].Command.(smp.SEND).Body
	inner := w.first(7).Transmissions[0].Forwarded
	require.NotNil(t, inner)
	assert.Equal(t, "SEND", inner.Tag)
	var bodies []string
	metas, forwarded := 0, 0
	for _, r := range w.received {
		if r.Message != nil {
			bodies = append(bodies, string(r.Message.Body))
		}
		if r.Meta != nil {
			metas++
		}
		if r.Forwarded != nil {
			forwarded++
			assert.Equal(t, smp.OK{}, r.Forwarded.Response)
		}
	}
	assert.Equal(t, []string{string(body), string(inner.Command.(smp.SEND).Body)}, bodies)
	assert.Equal(t, 1, forwarded)
	assert.LessOrEqual(t, metas, 1)
}

// The judge hears of a connection between its beginning and its end alone.
func TestTheOrderOfWhatTheJudgeHears(t *testing.T) {
	t.Parallel()
	cfg, _ := startRelay(t, nil)
	for seed := range uint64(40) {
		w := &watch{}
		cfg.Judge, cfg.Seed = w, seed
		_, err := Run(t.Context(), cfg, generated(seed))
		require.NoError(t, err)
		open := make(map[string]bool)
		for i, call := range w.calls {
			var name, conn string
			_, err := fmt.Sscan(call, &name, &conn)
			require.NoError(t, err)
			switch name {
			case "opened":
				assert.False(t, open[conn], "seed %d: %s", seed, call)
				open[conn] = true
			case "closed":
				assert.True(t, open[conn], "seed %d: %s", seed, call)
				open[conn] = false
			case "finish":
				assert.Equal(t, len(w.calls)-1, i)
			case "settled":
			default:
				assert.True(t, open[conn], "seed %d: %s", seed, call)
			}
		}
	}
}

// A mutation never changes the bytes that it was given; what it overwrites is different
// after, and the marks stay with their bytes.
func TestApply(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "bytes")
		m := program.Mutation{
			Level: program.Content, Action: program.Action(rapid.IntRange(0, int(program.Actions)-1).Draw(t, "action")),
			Position: rapid.Uint16().Draw(t, "position"), Value: rapid.Uint16().Draw(t, "value"),
		}
		before := string(b)
		dice := make([]bool, len(b))
		for i := range dice {
			dice[i] = b[i]%2 == 1
		}
		out := marked{b, dice}.apply(m, rand.New(rand.NewPCG(1, 1)))
		again := marked{b: b}.apply(m, rand.New(rand.NewPCG(1, 1)))
		require.Equal(t, before, string(b))
		require.Equal(t, string(out.b), string(again.b))
		require.Len(t, out.dice, len(out.b))
		require.LessOrEqual(t, len(out.b), len(b)+maxExtended)
		if len(b) > 0 {
			switch m.Action {
			case program.Flip, program.Set, program.Boundary, program.Word:
				require.Len(t, out.b, len(b))
				require.NotEqual(t, before, string(out.b))
			case program.Empty:
				require.Empty(t, out.b)
			case program.Insert, program.Extend, program.Repeat:
				require.Greater(t, len(out.b), len(b))
			default:
				require.Less(t, len(out.b), len(b))
			}
		}
	})
}

func TestApplyByExample(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		action          program.Action
		position, value uint16
		want            string
	}{
		{program.Flip, 1, 0, "acc"}, {program.Set, 2, 'x', "abx"}, {program.Set, 4, 'b', "a\x9dc"},
		{program.Boundary, 0, 0, "\x00bc"}, {program.Boundary, 0, 0x102, "\x7f\xffc"}, {program.Boundary, 1, 0x105, "abd"},
		{program.Boundary, 1, 0x106, "abb"}, {program.Boundary, 0, 4, "\xffbc"}, {program.Boundary, 0, 0x203, "\x80\x00\x00"},
		{program.Remove, 1, 1, "ac"}, {program.Remove, 1, 100, "a"}, {program.Truncate, 2, 0, "ab"}, {program.Empty, 1, 0, ""},
		{program.Repeat, 1, 2, "abcbc"},
	} {
		m := program.Mutation{Level: program.Content, Action: c.action, Position: c.position, Value: c.value}
		got := marked{b: []byte("abc")}.apply(m, rand.New(rand.NewPCG(1, 1)))
		assert.Equal(t, c.want, string(got.b), m.String())
	}
}

package program

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// anyProgram draws programs with all values in range.
func anyProgram(t *rapid.T) Program {
	below := func(n int, label string) int { return rapid.IntRange(0, n-1).Draw(t, label) }
	var p Program
	for range below(MaxOps+1, "operations") {
		op := Op{
			Kind: Kind(below(int(Kinds), "kind")), Conn: byte(below(Connections, "connection")), Queue: byte(below(Queues, "queue")),
			Entity: Entity(below(int(Entities), "entity")), Signer: Signer(below(int(Signers), "signer")),
			Flags: Flags(below(int(AllFlags)+1, "flags")), Arg: rapid.Uint16().Draw(t, "argument"),
		}
		for range below(MaxMutations+1, "mutations") {
			level := Level(below(int(Levels), "level"))
			op.Mutations = append(op.Mutations, Mutation{
				Level: level, Action: Action(below(int(actionsAt(level)), "action")), Field: rapid.Byte().Draw(t, "field"),
				Position: rapid.Uint16().Draw(t, "position"), Value: rapid.Uint16().Draw(t, "value"),
			})
		}
		p.Ops = append(p.Ops, op)
	}
	return p
}

func TestEveryProgramHasOneEncoding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := anyProgram(t)
		b := p.Encode()
		got, err := Decode(b)
		require.NoError(t, err)
		require.Equal(t, p, got)
		require.Equal(t, p, FromBytes(b))
		require.LessOrEqual(t, len(b), maxEncoded)

		text, err := Parse(p.String())
		require.NoError(t, err)
		require.Equal(t, p, text)

		inJSON, err := json.Marshal(p)
		require.NoError(t, err)
		var again Program
		require.NoError(t, json.Unmarshal(inJSON, &again))
		require.Equal(t, p, again)
	})
}

// check fails the test unless b stands for a program that is within the limits.
func check(t require.TestingT, b []byte) {
	p := FromBytes(b)
	require.LessOrEqual(t, len(p.Ops), MaxOps)
	if len(b) > 0 {
		require.NotEmpty(t, p.Ops)
	}
	encoded := p.Encode()
	got, err := Decode(encoded)
	require.NoError(t, err)
	require.Equal(t, p, got)
	if strict, err := Decode(b); err == nil {
		require.Equal(t, strict, p)
		require.Equal(t, b, append(b[:0:0], encoded...))
	}
}

func TestAllBytesAreAProgram(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.SliceOfN(rapid.Byte(), 0, 700).Draw(t, "bytes")) })
	check(t, make([]byte, 10*maxEncoded))
	check(t, slices.Repeat([]byte{0xff}, 10*maxEncoded))
}

func FuzzProgram(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(Generate(rand.New(rand.NewPCG(seed, 0)), nil).Encode())
	}
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) { check(t, b) })
}

// What is out of range is taken modulo, what is too much is left out.
func TestEncodeMakesValuesProper(t *testing.T) {
	t.Parallel()
	wild := Program{Ops: slices.Repeat([]Op{{
		Kind: Kinds + 2, Conn: 7, Queue: 5, Entity: Entities, Signer: Signers + 1, Flags: 0xff, Arg: 9,
		Mutations: slices.Repeat([]Mutation{{Level: Levels, Action: Twice + OrderActions}}, 9),
	}}, MaxOps+3)}
	p, err := Decode(wild.Encode())
	require.NoError(t, err)
	require.Len(t, p.Ops, MaxOps)
	assert.Equal(t, Op{
		Kind: 2, Conn: 3, Queue: 1, Entity: 0, Signer: 1, Flags: AllFlags, Arg: 9,
		Mutations: []Mutation{{}, {}, {}, {}},
	}, p.Ops[0])
	assert.Len(t, wild.Ops[0].Mutations, 9, "the program itself is left as it was")
	assert.Equal(t, Levels, wild.Ops[0].Mutations[0].Level)
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	op := func(change func(b []byte)) []byte {
		b := Program{Ops: []Op{{Kind: SEND, Mutations: []Mutation{{Level: Field}}}}}.Encode()
		change(b)
		return b
	}
	for name, c := range map[string]struct {
		bytes []byte
		want  error
	}{
		"half an operation":  {[]byte{1, 0, 0}, ErrTruncated},
		"a missing mutation": {op(func([]byte) {})[:9], ErrTruncated},
		"kind":               {op(func(b []byte) { b[0] = byte(Kinds) }), ErrRange},
		"flags":              {op(func(b []byte) { b[1] = 0x80 }), ErrRange},
		"entity":             {op(func(b []byte) { b[2] = byte(Entities) }), ErrRange},
		"signer":             {op(func(b []byte) { b[2] = byte(Signers) << 4 }), ErrRange},
		"number":             {append([]byte{0, 0, 0, 0, 0, MaxMutations + 1}, make([]byte, 5*mutationSize)...), ErrRange},
		"level":              {op(func(b []byte) { b[opSize] = byte(Levels) }), ErrRange},
		"action":             {op(func(b []byte) { b[opSize+1] = byte(Actions) }), ErrRange},
		"action of order":    {op(func(b []byte) { b[opSize], b[opSize+1] = byte(Order), byte(OrderActions) }), ErrRange},
		"operations":         {make([]byte, (MaxOps+1)*opSize), ErrTooLong},
	} {
		_, err := Decode(c.bytes)
		assert.ErrorIs(t, err, c.want, name)
	}
	p, err := Decode(nil)
	require.NoError(t, err)
	assert.Empty(t, p.Ops)
}

func TestText(t *testing.T) {
	t.Parallel()
	p := Program{Ops: []Op{
		{Kind: Connect, Conn: 2, Arg: 0x45, Mutations: []Mutation{{Level: Hello, Action: Flip, Position: 1, Value: 7}}},
		{Kind: SEND, Conn: 1, Queue: 3, Entity: SenderID, Signer: Stranger, Flags: Hold | Often,
			Mutations: []Mutation{{Level: Field, Action: Truncate, Field: 3, Position: 5}, {Level: Order, Action: Half, Position: 100}}},
		{Kind: Settle, Flags: Ahead},
	}}
	text := `Connect c2 q0 arg=69 hello[0]:flip(1,7)
SEND c1 q3 entity=sender-id signer=stranger hold often field[3]:truncate(5,0) order[0]:half(100,0)
Settle c0 q0 ahead
`
	assert.Equal(t, text, p.String())
	got, err := Parse("# a note\n\n  " + strings.ReplaceAll(text, "\n", "\r\n"))
	require.NoError(t, err)
	assert.Equal(t, p, got)
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"SENDS", "SEND c4", "SEND q9", "SEND c", "SEND arg=65536", "SEND arg=-1", "SEND arg", "SEND entity=nobody", "SEND signer=none",
		"SEND fast", "SEND field[3]:cut(1,2)", "SEND order[0]:flip(1,2)", "SEND field[256]:flip(1,2)", "SEND field:flip(1,2)",
		"SEND field[1]:flip(1)", "SEND field[1]:flip(1,x)", "SEND fields[1]:flip(1,2)", "SEND )",
		"SEND" + strings.Repeat(" field[0]:flip(0,0)", MaxMutations+1), strings.Repeat("PING\n", MaxOps+1),
	} {
		_, err := Parse(text)
		assert.ErrorIs(t, err, ErrText, text)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	p := Program{Ops: []Op{{Kind: PING}, {Kind: SEND, Arg: 3}}}
	b, err := json.Marshal(p)
	require.NoError(t, err)
	assert.JSONEq(t, `{"code": "BAAAAAAACgAAAAMA", "ops": ["PING c0 q0", "SEND c0 q0 arg=3"]}`, string(b))
	var got Program
	require.NoError(t, json.Unmarshal([]byte(`{"code": "BAAAAAAACgAAAAMA"}`), &got))
	assert.Equal(t, p, got)
	for text, want := range map[string]error{
		`{"code": "BAAAAAAACgAAAAMA", "ops": ["PING c0 q0"]}`:               ErrLines,
		`{"code": "BAAAAAAACgAAAAMA", "ops": ["PING c0 q0", "SEND c0 q0"]}`: ErrLines,
		`{"code": "BAAA"}`: ErrTruncated,
	} {
		assert.ErrorIs(t, json.Unmarshal([]byte(text), &got), want, text)
	}
	assert.Error(t, json.Unmarshal([]byte(`{"code": "*"}`), &got))
	assert.Error(t, json.Unmarshal([]byte(`[]`), &got))
	b, err = json.Marshal(Program{})
	require.NoError(t, err)
	assert.JSONEq(t, `{"code": "", "ops": []}`, string(b))
}

func TestNamesAreDifferent(t *testing.T) {
	t.Parallel()
	for what, names := range map[string][]string{
		"kinds": kindNames[:], "entities": entityNames[:], "signers": signerNames[:], "levels": levelNames[:],
		"actions": actionNames[:], "order": orderNames[:], "flags": flagNames[:],
	} {
		assert.NotContains(t, names, "", what)
		assert.Len(t, slices.Compact(slices.Sorted(slices.Values(names))), len(names), what)
	}
	assert.Len(t, kindNames, int(Kinds))
	assert.Len(t, entityNames, int(Entities))
	assert.Len(t, signerNames, int(Signers))
	assert.Len(t, levelNames, int(Levels))
	assert.Len(t, actionNames, int(Actions))
	assert.Len(t, orderNames, int(OrderActions))
	assert.Equal(t, "kind 200", Kind(200).String())
	for i := range Levels {
		level, err := ParseLevel(i.String())
		require.NoError(t, err)
		assert.Equal(t, i, level)
	}
	_, err := ParseLevel("levels")
	assert.ErrorIs(t, err, ErrText)
}

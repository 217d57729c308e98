package drive

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/program"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// changeOf is the mutation of a text like "field[3+fit]:truncate(20,0)".
func changeOf(t *testing.T, text string) change {
	t.Helper()
	return change{parse(t, "PING c0 q0 "+text).Ops[0].Mutations[0], rand.New(rand.NewPCG(1, 1))}
}

func TestLengthsFit(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"field[3+fit]:truncate(20,0)": 20, "field[3+fit]:empty(0,0)": 0, "field[3+fit]:extend(0,3)": 27, "field[3+fit]:remove(1,2)": 22,
	} {
		command := []byte("ACK \x18 24 bytes are in this id.")[:5+24]
		c := changeOf(t, text)
		parts := program.Fields(20, command)
		out := marked{b: command}.applyTo(parts, c.Index(len(parts)), c)
		ack, err := smp.DecodeCommand(20, out.b)
		require.NoError(t, err, text)
		assert.Len(t, ack.(smp.ACK).MsgID, want, text)
	}

	hello, err := (&transport.ClientHello{Version: 20, KeyHash: make([]byte, 32)}).Encode()
	require.NoError(t, err)
	out := marked{b: hello}.applyIn(helloParts(hello), changeOf(t, "hello[0+fit]:truncate(10,0)"))
	short, err := transport.DecodeClientHello(out.b)
	require.NoError(t, err)
	assert.Len(t, short.KeyHash, 7)

	plain := smp.Transmission{CorrelationID: make([]byte, 24), EntityID: make([]byte, 24), Command: []byte("SUB")}
	whole, err := plain.Encode(20)
	require.NoError(t, err)
	out = marked{b: whole}.applyIn(transmissionParts(20, whole), changeOf(t, "transmission[0+fit]:remove(30,1)"))
	tr, err := smp.DecodeTransmission(20, out.b)
	require.NoError(t, err)
	assert.Len(t, tr.EntityID, 23)
	assert.Equal(t, "SUB", string(tr.Command))
}

// Without it, and at other levels, the mark changes nothing.
func TestNothingFits(t *testing.T) {
	t.Parallel()
	assert.False(t, program.Mutation{Level: program.Field}.Fits())
	assert.False(t, program.Mutation{Level: program.Cipher, Field: program.Fit}.Fits())
	command := []byte("ACK \x18 24 bytes are in this id.")[:5+24]
	c := changeOf(t, "field[3]:truncate(20,0)")
	out := marked{b: command}.applyTo(program.Fields(20, command), 3, c)
	_, err := smp.DecodeCommand(20, out.b)
	assert.Error(t, err)
}

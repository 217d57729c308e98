package trace

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/reference/smp"
)

// crowd has n blocks of many transmissions on one connection, and one that does not decode.
func (s *stage) crowd(n, transmissions int) {
	l, _, _ := s.greet(6, "127.0.0.1:40008")
	for range n {
		var all []smp.Transmission
		for range transmissions {
			all = append(all, l.command(s.id(), nil, noKey, smp.PING{}))
		}
		l.say(Sent, l.transmissions(all...))
	}
	l.say(Received, bytes.Repeat([]byte{0xff}, 2000))
}

func TestADecodedConversationIsBounded(t *testing.T) {
	t.Parallel()
	s := newStage(t, Full)
	s.crowd(300, 100)
	r := s.r.Finish()
	for _, x := range []Extent{ReportExtent, FileExtent, {Bytes: 8, Transmissions: 2, Size: 20_000}} {
		d := r.Decode(x)
		total, last := 0, len(d.Events)-1
		for i := range d.Events {
			total += d.Events[i].size()
		}
		assert.LessOrEqual(t, total, x.Size)
		assert.Greater(t, total, x.Size/2)
		assert.Equal(t, 305, len(d.Events)+d.LeftOut)
		assert.Equal(t, 1, d.Events[0].Number)
		assert.Equal(t, 305, d.Events[last].Number)
		assert.Len(t, d.Events[last].Hex, 2*undecodedBytes, "of what does not decode there is more")
		block := d.Events[last-1]
		require.Len(t, block.Layers, min(100, x.Transmissions)+1)
		assert.LessOrEqual(t, len(block.Hex), 2*x.Bytes)
		assert.Equal(t, KindTransmission, block.Layers[x.Transmissions].Kind)
		assert.Contains(t, block.Layers[x.Transmissions].Summary, "more transmissions")
		assert.Contains(t, block.Summary, "100 transmissions: PING; ")
	}
}

func TestRawConversationsHaveEveryByte(t *testing.T) {
	t.Parallel()
	s := newStage(t, Full)
	s.crowd(20, 100)
	d := s.r.Finish().Decode(RawExtent)
	assert.Zero(t, d.LeftOut)
	for _, e := range d.Events {
		assert.Len(t, e.Hex, 2*e.Size)
	}
	assert.Len(t, d.Events[10].Layers, 100)
}

package relay_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// The data are bytes of any size that fits a block, in both directions.
func TestSizesOfLinkData(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := connect(t, e, 20)
	for _, size := range []struct{ fixed, user int }{{0, 0}, {1, 0}, {0, 1}, {2048, 13824}, {16100, 100}, {100, 16100}} {
		data := smp.LinkData{Fixed: bytes.Repeat([]byte{1}, size.fixed), User: bytes.Repeat([]byte{2}, size.user)}
		q := c.newQueue(onlyCreate, contact)
		id := newID()
		require.Equal(t, smp.OK{}, c.recipient(q, smp.LSET{LinkID: id, Data: data}), "%v", size)
		require.Equal(t, smp.LNK{SenderID: q.sndID, Data: data}, c.look(id), "%v", size)
	}
}

// A block full of LGET is answered although the answers are a hundred times as
// long: those that wait are few, and the client takes them.
func TestManyLinksInOneBlock(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *relay.Config) { c.MaxOutput = relay.MinOutput })
	c := connect(t, e, 20)
	q := c.newQueue(onlyCreate, contact)
	linkID := newID()
	data := smp.LinkData{Fixed: make([]byte, 2048), User: make([]byte, 13824)}
	require.Equal(t, smp.OK{}, c.recipient(q, smp.LSET{LinkID: linkID, Data: data}))
	var block [][]byte
	for range 255 {
		_, encoded := c.request(noKey, linkID, smp.LGET{})
		block = append(block, encoded)
	}
	c.write(block...)
	for range block {
		require.Equal(t, smp.LNK{SenderID: q.sndID, Data: data}, c.next().Response)
	}
}

// An answer that fits no block, because of a long correlation id, is LARGE_MSG.
func TestLinkDataThatFitNoBlock(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	q := c.newQueue(onlyCreate, contact)
	linkID := newID()
	data := smp.LinkData{User: make([]byte, 16200)}
	require.Equal(t, smp.OK{}, c.recipient(q, smp.LSET{LinkID: linkID, Data: data}))
	for size, want := range map[int]smp.Response{24: smp.LNK{SenderID: q.sndID, Data: smp.LinkData{Fixed: []byte{}, User: data.User}}, 255: refused(smp.ErrLargeMsg)} {
		c.write(c.encode(smp.Transmission{CorrelationID: make([]byte, size), EntityID: linkID, Command: []byte("LGET")}))
		require.Equal(t, want, c.next().Response, fmt.Sprint(size))
	}
}

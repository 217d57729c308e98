package link_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

// recordedLinkKey is the link key of the contact address in the recording. No block
// has it, as it has to be: it was taken from the database of the client.
const recordedLinkKey = "975ab24ad02577d565d6153abcf2e9154d6a3c2a045705eef54d757ff91bb1fc"

// TestRecordedLinkData opens the link data that official clients and relays exchanged:
// in NEW and LSET of the owner and in the answers to LGET.
func TestRecordedLinkData(t *testing.T) {
	t.Parallel()
	key, err := hex.DecodeString(recordedLinkKey)
	require.NoError(t, err)
	id, secret, err := link.LinkKey(key).ContactSecret()
	require.NoError(t, err)
	r, err := vectors.LoadRecording("contact-link-v18")
	require.NoError(t, err)

	opened := map[string]int{}
	var first *link.FixedData
	for i := range r.Blocks {
		b := &r.Blocks[i]
		assert.NotContains(t, string(b.Content), string(key), "block %d", b.Number)
		c, ok := r.Connection(b.Connection)
		require.True(t, ok)
		tag, linkID, data := recordedLink(t, c.Version, b)
		if data == nil {
			continue
		}
		if linkID != nil {
			assert.Equal(t, id, linkID, "block %d", b.Number)
		}
		fixed, user, err := link.OpenLinkData(*data, key, secret)
		require.NoError(t, err, "block %d", b.Number)
		assert.Equal(t, link.Contact, user.Mode)
		if first == nil {
			first = &fixed
		}
		assert.Equal(t, *first, fixed, "block %d", b.Number)
		opened[tag]++
	}
	assert.Equal(t, map[string]int{"NEW": 1, "LSET": 1, "LNK": 3}, opened)
}

// recordedLink returns the link data of a block, if it has some, with the tag of what
// carried them and the link id where it is there.
func recordedLink(t *testing.T, version uint16, b *vectors.Block) (tag string, linkID []byte, data *smp.LinkData) {
	t.Helper()
	if b.Index == 0 {
		return "", nil, nil // a hello
	}
	items, err := smp.DecodeBlock(b.Content)
	require.NoError(t, err)
	for _, item := range items {
		tr, err := smp.DecodeTransmission(version, item)
		require.NoError(t, err)
		if b.Sender == "server" {
			if response, err := smp.DecodeResponse(version, tr.Command); err == nil {
				if lnk, ok := response.(smp.LNK); ok {
					assert.Equal(t, link.LinkIDSize, len(lnk.SenderID))
					return "LNK", tr.EntityID, &lnk.Data
				}
			}
			continue
		}
		command, err := smp.DecodeCommand(version, tr.Command)
		require.NoError(t, err)
		switch c := command.(type) {
		case smp.NEW:
			if c.Request != nil && c.Request.Link != nil {
				return "NEW", c.Request.Link.LinkID, &c.Request.Link.Data
			}
		case smp.LSET:
			return "LSET", c.LinkID, &c.Data
		}
	}
	return "", nil, nil
}

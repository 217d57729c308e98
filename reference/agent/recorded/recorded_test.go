package recorded_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

// recordings says how much of each recording opens in each layer: all there is, so that
// nothing can be left out unnoticed.
var recordings = map[string]map[layer]int{
	"contact-link-v18": {
		blocks: 55, plainBlocks: 4, authorizations: 20, linkData: 10, deliveries: 7, requests: 1,
		queueSent: 6, queueReceived: 7, ratchetSent: 6, ratchetReceived: 6, contents: 12,
	},
	"duplex-v18-pq": {
		blocks: 118, plainBlocks: 4, authorizations: 48, deliveries: 22,
		queueSent: 22, queueReceived: 22, ratchetSent: 22, ratchetReceived: 22, contents: 44,
	},
	"duplex-v7": {
		plainBlocks: 132, authorizations: 50, deliveries: 24,
		queueSent: 24, queueReceived: 24, ratchetSent: 24, ratchetReceived: 24, contents: 48,
	},
	"duplex-v6-nopq": {
		plainBlocks: 52, authorizations: 18, deliveries: 8,
		queueSent: 8, queueReceived: 8, ratchetSent: 8, ratchetReceived: 8, contents: 16,
	},
	"proxy-v18": {
		blocks: 52, plainBlocks: 30, authorizations: 20, deliveries: 8,
		forwarded: 10, relayed: 10, relayedBack: 10, forwardedBack: 10,
		queueSent: 8, queueReceived: 8, ratchetSent: 8, ratchetReceived: 8, contents: 16,
	},
	"raw-v18": {
		blocks: 80, plainBlocks: 20, authorizations: 33, serviceSigned: 2, deliveries: 6, notifications: 5,
	},
	"raw-v9": {plainBlocks: 74, authorizations: 27, deliveries: 5, notifications: 4},
	"three-v18": {
		blocks: 106, plainBlocks: 6, authorizations: 44, deliveries: 18,
		queueSent: 18, queueReceived: 18, ratchetSent: 18, ratchetReceived: 18, contents: 36,
	},
}

func load(t *testing.T, name string) *vectors.Recording {
	t.Helper()
	r, err := vectors.LoadRecording(name)
	require.NoError(t, err)
	return r
}

// Every message in the recordings opens with the keys given there, layer by layer, to the
// recorded content.
func TestEveryRecordedMessageOpens(t *testing.T) {
	t.Parallel()
	require.Len(t, recordings, len(vectors.RecordingNames()))
	for _, name := range vectors.RecordingNames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := load(t, name)
			w, err := open(r, nil)
			require.NoError(t, err)
			require.Equal(t, recordings[name], w.opened)
			require.Equal(t, conversations[name], w.said)
			requireAllCounted(t, r, w.opened)
		})
	}
}

// requireAllCounted compares the counts with what a look at the tags finds in the blocks,
// without following the session.
func requireAllCounted(t *testing.T, r *vectors.Recording, opened map[layer]int) {
	t.Helper()
	tags := map[string]int{}
	for i := range r.Blocks {
		c, ok := r.Connection(r.Blocks[i].Connection)
		require.True(t, ok)
		items, err := smp.DecodeBlock(r.Blocks[i].Content)
		if r.Blocks[i].Index == 0 || err != nil { // the handshake
			require.LessOrEqual(t, r.Blocks[i].Index, 1)
			continue
		}
		for _, item := range items {
			transmission, err := smp.DecodeTransmission(c.Version, item)
			require.NoError(t, err)
			if r.Blocks[i].Sender == "server" {
				response, err := smp.DecodeResponse(c.Version, transmission.Command)
				require.NoError(t, err)
				tags[response.Tag()]++
			} else if command, err := smp.DecodeCommand(c.Version, transmission.Command); err == nil {
				tags[command.Tag()]++
			}
		}
	}
	require.Equal(t, len(r.Blocks), opened[blocks]+opened[plainBlocks])
	require.Equal(t, tags["MSG"], opened[deliveries])
	require.Equal(t, tags["NMSG"], opened[notifications])
	for tag, l := range map[string]layer{"PFWD": forwarded, "RFWD": relayed, "RRES": relayedBack, "PRES": forwardedBack} {
		require.Equal(t, tags[tag], opened[l], tag)
	}
	if len(r.Agents) == 0 {
		return
	}
	steps := 0
	for _, a := range r.Agents {
		if a.Ratchet != nil {
			steps += len(a.Ratchet.Steps)
		}
	}
	require.Equal(t, steps, opened[ratchetSent]+opened[ratchetReceived])
	require.Equal(t, steps, opened[contents])
	require.Equal(t, opened[deliveries], opened[queueReceived])
	require.Equal(t, opened[queueReceived], opened[ratchetReceived]+opened[requests])
}

package message_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent/message"
)

// recorded are all agent messages of a session of two official clients, version 6.5.5,
// over a relay at SMP version 6: the standard procedure, which ends with HELLO, and two
// messages each way.
var recorded = map[string][]string{
	"joining party": {
		"4401000401093132372e302e302e3105313732323320902e0707d25d0c5eedb9ed9fbd35a807ca759a6dfe5cd7b6d8c7d0cc0a957df1" +
			"187ac57601d6153f2c765c60e4569c5f535f7e8585d3f18c9a2c302a300506032b656e0321002732dedc357650990ff393dcb045591d" +
			"26a266b08fc3f33be113406ac79ec117696e666f2066726f6d206a6f696e6572",
		"4d0000000000000002206a9667c0135cc3c3e409e870dc08d097015176cb89d5377e7d9d220056fbdaa448",
		"4d000000000000000320c910b249ab10b75787d286c0ad79ba70905df88b9f71acbb8e7784e1af4cba7f4d6d65737361676520312066726f6d2062",
		"4d000000000000000420d375acafbd1c2b21534f943444610d552ec62777b1b4109ed732003c805c9c724d6d65737361676520322066726f6d2062",
	},
	"initiating party": {
		"49696e666f2066726f6d20696e69746961746f72",
		"4d000000000000000220387a3daa5814c56cfabe8910ce78eb6556d7765cd2a7d70fd4268caa0249bedf48",
		"4d000000000000000320c9bd46f41f4e6d577345e51bc9d040c2642279d2c0e403decc127076e07bdd244d6d65737361676520312066726f6d2061",
		"4d000000000000000420d1bad6c4e3db27baa5bb9b0118ac44da5aa180cafbbfa2da0088a69aebfcb36b4d6d65737361676520322066726f6d2061",
	},
}

// The chain of official clients begins with the connection info, which has no header
// and counts as number 1.
func TestChainIsThatOfOfficialClients(t *testing.T) {
	t.Parallel()
	for party, sent := range recorded {
		var chain message.Chain
		for i, text := range sent {
			encoded, err := hex.DecodeString(text)
			require.NoError(t, err)
			m, err := message.DecodeMessage(encoded)
			require.NoError(t, err, "%s, message %d", party, i+1)
			requireEncodes(t, party, m, encoded)
			next := chain.Next()
			if numbered, ok := m.(message.AgentMessage); ok {
				require.Equal(t, next, numbered.Header, "%s, message %d", party, i+1)
				require.Equal(t, message.OK, chain.Check(numbered.Header).Verdict)
			}
			chain.Advance(next.ID, encoded)
		}
		require.EqualValues(t, len(sent), chain.ID, party)
	}
}

package relay

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/smp"
)

// A client that reads nothing and asks for links in block after block is held back as
// if it got messages.
func TestLinkDataCountLikeAMessage(t *testing.T) {
	t.Parallel()
	message, link, other := Output{Message: &Message{}}, Output{Response: smp.LNK{}}, Output{Response: smp.OK{}}
	require.Equal(t, message.cost(), link.cost())
	require.Less(t, other.cost(), link.cost())
}

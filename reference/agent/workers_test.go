package agent

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A message comes again while the relay answers that there is none to acknowledge: it
// had not delivered it on the new connection yet.
func TestMessageComesAgainDuringAck(t *testing.T) {
	var k acks
	k.init()
	queue := task{conn: "c", queue: 1}
	k.add(queue, []byte("id"))
	first := k.get(queue)
	k.add(queue, []byte("id"))
	k.done(queue, first)
	second := k.get(queue)
	require.NotNil(t, second, "it has still to be acknowledged")
	k.done(queue, second)
	require.Nil(t, k.get(queue))
}

package model_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/model"
	"smpcheck/reference/smp"
)

// A message may come before the answer to its SEND, which is on another connection: which
// rule is broken does not depend on what is read first.
func TestAMessageThatHadToBeRefused(t *testing.T) {
	t.Parallel()
	for _, early := range []bool{true, false} {
		w := newWorld(t, 20, model.Config{Prompt: true})
		q := w.queue(subscribed)
		body := strings.Repeat("a", smp.MaxRcvBody)
		c := w.send(1, q.senderID, text(body), nobody)
		if early {
			w.deliver(0, nil, q, w.message(body))
		}
		w.answer(c, ok)
		if !early {
			w.deliver(0, nil, q, w.message(body))
		}
		require.Len(t, w.breaches, 1)
		assert.Equal(t, [2]string{"large-message-accepted", "SEND"}, [2]string{w.breaches[0].Rule, w.breaches[0].Command})
	}
}

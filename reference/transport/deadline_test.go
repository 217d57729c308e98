package transport

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A handshake ends at the timeout or with its context, whichever is first.
func TestHandshakesAreLimited(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ context, timeout, expected time.Duration }{
		{0, 0, DefaultHandshakeTimeout},
		{0, time.Minute, time.Minute},
		{time.Hour, time.Minute, time.Minute},
		{time.Second, time.Minute, time.Second},
		{time.Minute, time.Minute, time.Minute},
		{time.Second, 0, time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, began := t.Context(), time.Now()
			if test.context != 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, test.context)
				defer cancel()
			}
			limited, cancel := limit(ctx, test.timeout)
			defer cancel()
			<-limited.Done()
			require.ErrorIs(t, context.Cause(limited), context.DeadlineExceeded)
			require.Equal(t, test.expected, time.Since(began))
		})
	}
}

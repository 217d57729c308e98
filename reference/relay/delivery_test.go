package relay_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// versions are those at which something changes.
var versions = []uint16{6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19, 20}

func atEveryVersion(t *testing.T, test func(t *testing.T, version uint16)) {
	for _, v := range versions {
		t.Run(fmt.Sprintf("v%d", v), func(t *testing.T) {
			t.Parallel()
			test(t, v)
		})
	}
}

func TestMessageArrives(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		r, s := connect(t, e, v), connect(t, e, v)
		require.Equal(t, v, r.conn.Version())
		q := r.newQueue()
		require.Equal(t, smp.OK{}, s.send(q, "first"))
		first := q.expect(r.event(q.rcvID), "first")
		require.Equal(t, smp.OK{}, r.ack(q, first))
		r.secure(q, keys.Ed25519)
		require.Equal(t, smp.OK{}, s.send(q, "second"))
		require.Equal(t, smp.OK{}, s.send(q, "third"))
		second := q.expect(r.event(q.rcvID), "second")
		r.quiet()
		third := q.expect(r.ack(q, second), "third")
		require.Equal(t, smp.OK{}, r.ack(q, third))
		r.quiet()
	})
}

package drive

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/hostile"
	"smpcheck/conformance/target"
	"smpcheck/fuzz/program"
	"smpcheck/reference/wire"
)

// Whatever a relay does, a run ends, and says what was wrong.
func TestHostileRelaysEndNoRun(t *testing.T) {
	t.Parallel()
	p := program.Program{Ops: []program.Op{
		{Kind: program.NEW, Arg: 3}, {Kind: program.SEND, Conn: 1, Arg: 16000}, {Kind: program.ACK},
		{Kind: program.SUB, Conn: 2, Mutations: []program.Mutation{{Level: program.Block, Action: program.Flip, Position: 100}}},
		{Kind: program.Stall}, {Kind: program.SEND, Conn: 1, Flags: program.Ahead}, {Kind: program.Settle}, {Kind: program.ACK},
		{Kind: program.PING, Conn: 3, Mutations: []program.Mutation{{Level: program.Order, Action: program.Twice}}},
	}}
	for _, b := range hostile.All() {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			e, err := hostile.Listen(b, 0)
			require.NoError(t, err)
			defer e.Close()
			server, err := target.ParseAddress(e.Address())
			require.NoError(t, err)
			begin := time.Now()
			out, err := Run(t.Context(), Config{Server: server, Versions: wire.Versions(6, 20), TLS: "1.3", Scale: 0.1}, p)
			var unreachable *unreachableError
			if err != nil {
				assert.True(t, errors.As(err, &unreachable), "%v", err)
			}
			if b.Name != "answer-errors" { // only a model knows that they are wrong
				assert.True(t, err != nil || len(out.Breaches) > 0, "nothing was wrong")
			}
			assert.Less(t, time.Since(begin), time.Minute)
			for _, breach := range out.Breaches {
				assert.Contains(t, []Kind{Hang, Protocol, Accepted}, breach.Kind)
			}
		})
	}
}

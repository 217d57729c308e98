package drive

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/program"
)

func TestSmoke(t *testing.T) {
	cfg := startRelay(t, nil)
	p := program.Program{Ops: []program.Op{
		{Kind: program.NEW, Arg: 1 | 2},
		{Kind: program.SKEY, Conn: 1},
		{Kind: program.SEND, Conn: 1, Arg: 100},
		{Kind: program.SEND, Conn: 1, Arg: 100},
		{Kind: program.ACK},
		{Kind: program.ACK},
		{Kind: program.ACK},
		{Kind: program.PRXY, Conn: 2},
		{Kind: program.PFWD, Conn: 2, Arg: 1},
		{Kind: program.ACK},
		{Kind: program.RFWD, Conn: 2, Arg: 1},
		{Kind: program.LSET, Arg: 50},
		{Kind: program.LGET, Conn: 2, Arg: 50},
		{Kind: program.QUE},
		{Kind: program.Settle},
		{Kind: program.DEL},
	}}
	for v := uint16(6); v <= 20; v += 1 {
		cfg.Versions.Min, cfg.Versions.Max = v, v
		out, err := Run(context.Background(), cfg, p)
		require.NoError(t, err)
		t.Log(v, out.Ops, out.Duration)
		if v < 9 {
			for _, p := range out.Pairs {
				t.Log(p)
			}
		}
		require.Empty(t, out.Breaches)
	}
}

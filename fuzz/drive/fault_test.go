package drive

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/all"
	"smpcheck/reference/relay"
)

// The driver notices by itself what is wrong in form.
func TestFaultsOfFormAreSeen(t *testing.T) {
	t.Parallel()
	faults := all.Faults()
	for _, c := range []struct {
		id      string
		version uint16
		program string
		want    string
	}{
		{"transmission/trailing-ignored", 18, "NEW c0 q0\nKEY c0 q0 field[4]:extend(0,1)", "accepted trailing-bytes-accepted"},
		{"block/trailing-ignored", 18, "NEW c0 q0\nSUB c0 q0 content[0]:extend(9,1)", "accepted block-with-rest-accepted"},
	} {
		t.Run(c.id, func(t *testing.T) {
			t.Parallel()
			f, known := fault.Lookup(faults, c.id)
			require.True(t, known)
			cfg, _ := startRelay(t, func(config relay.Config) relay.Config { return f.Config(config) })
			if c.version != 0 {
				cfg = cfg.at(c.version)
			}
			out := runs(t, cfg, c.program)
			assert.Contains(t, out.rules(), c.want)
		})
	}
}

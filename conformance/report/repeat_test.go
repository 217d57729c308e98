package report

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheCommandRepeatsTheRun(t *testing.T) {
	t.Parallel()
	const again = "smpcheck relay --run relay/new/ids --versions 9 --seed 7"
	for want, i := range map[string]Invocation{
		again: {Embedded: true, Seed: 7, TimeoutScale: 1},
		again + " --fault send/lost": {
			Embedded: true, Fault: "send/lost", Seed: 7, TimeoutScale: 1,
		},
		again + " --timeout-scale 2 --known-name none --scan data --exec 'relay --dir data'": {
			Exec: "relay --dir data", Scan: "data", Seed: 7, TimeoutScale: 2, KnownName: "none",
		},
	} {
		assert.Equal(t, want, i.Command("relay/new/ids", 9))
	}
}

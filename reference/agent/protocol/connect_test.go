package protocol_test

import (
	"fmt"
	"testing"


	"smpcheck/reference/agent"
	"smpcheck/reference/agent/message"
	"smpcheck/reference/relay"
	"smpcheck/reference/wire"
)

func TestSmoke(t *testing.T) {
	for v := uint16(2); v <= 7; v++ {
		for _, modeless := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d-%v", v, modeless), func(t *testing.T) {
				t.Parallel()
				s := setting{role: role{agent: v, modeless: modeless}}
				if modeless {
					s.own = relay.Config{Versions: wire.Versions(6, 8)}
				}
				g := newStage(t, s)
				g.connectInviting()
				g.talk(3)
				g = newStage(t, s)
				g.connectJoining()
				g.talk(3)
			})
		}
	}
	_ = agent.ErrState
	_ = message.HELLO{}
}

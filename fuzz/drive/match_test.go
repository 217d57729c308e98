package drive

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// A relay that calls its errors by names of its own is wrong in that, and not in the
// correlation id of an error about a transmission that nobody need read.
func TestAnErrorThatDoesNotDecodeIsAnError(t *testing.T) {
	t.Parallel()
	cfg, _ := startRelay(t, func(config relay.Config) relay.Config {
		config.Stages = relay.DefaultStages()
		fault.ChangesTransmissions(func(_ *relay.Session, t *smp.Transmission) {
			if string(t.Command) == "ERR BLOCK" {
				t.CorrelationID, t.Command = make([]byte, smp.CorrelationIDSize), []byte("ERR NO_QUEUE")
			}
		})(&config)
		return config
	})
	out := runs(t, cfg.at(7), "SEND c0 q0 cipher[0]:extend(0,0)")
	assert.Equal(t, []string{"protocol error-malformed"}, out.rules())
}

// What follows from the grammar alone is not what the document says in words.
func TestTheRequirementOfUnknownCommands(t *testing.T) {
	t.Parallel()
	for command, requirement := range map[string]string{
		"PINGX": "SMP-TX-UNKNOWN-SUFFIX", "SUBMIT a": "SMP-TX-UNKNOWN-SUFFIX", "PIN": "SMP-TX-UNKNOWN", "HELP": "SMP-TX-UNKNOWN",
	} {
		sent := &Sent{Refusal: smp.ErrCmdUnknown}
		sent.Command, sent.Transmission.Command = nil, []byte(command)
		assert.Equal(t, servedRule{"unknown-command-accepted", requirement}, refusalRule(20, sent), command)
	}
}

package session

import (
	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/meeting"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

var serviceHelloFaults = []fault.Fault{
	{
		ID:       "handshake/service-option-lenient",
		Story:    "Every byte but 1 means that the client is no service.",
		Breaks:   []string{"SMP-HS-MALFORMED", "SMP-SERVICE-OPTION-OTHER"},
		Cases:    []string{"relay/handshake/service-malformed"},
		Versions: fault.Since(smp.VersionServices),
		Apply: serviceOption(func(option byte) (byte, error) {
			if option != '1' {
				return '0', nil
			}
			return option, nil
		}),
	},
	{
		ID:       "handshake/service-option-binary",
		Story:    "The option of the service is read as the numbers 0 and 1 besides the digits.",
		Breaks:   []string{"SMP-HS-MALFORMED", "SMP-SERVICE-OPTION-OTHER"},
		Cases:    []string{"relay/handshake/service-malformed"},
		Versions: fault.Since(smp.VersionServices),
		Apply: serviceOption(func(option byte) (byte, error) {
			if option <= 1 {
				return '0' + option, nil
			}
			return option, nil
		}),
	},
	{
		ID:       "handshake/service-option-early",
		Story:    "The option of the service is expected together with the proxy flag, two versions too early.",
		Breaks:   []string{"SMP-HS-VERSION-CHOICE"},
		Cases:    []string{"relay/handshake/version-choice"},
		Versions: wire.Versions(smp.VersionProxyFlag, smp.VersionServices-1),
		Apply:    clientFrom(smp.VersionProxyFlag, func(h *clientHello) error { return needsBytes(h, 2) }),
	},
	{
		ID:       "handshake/service-required",
		Story:    "From version 16 only services are admitted, since that is what the version is for.",
		Breaks:   []string{"SMP-HS-SERVICE-ABSENT"},
		Cases:    []string{"relay/handshake/service-absent"},
		Versions: fault.Since(smp.VersionServices),
		Apply: serviceOption(func(option byte) (byte, error) {
			if option == '0' {
				return option, errRefused
			}
			return option, nil
		}),
	},
	{
		ID:       "handshake/service-unanswered",
		Story:    "A service is told nothing, since it knows its certificate itself.",
		Breaks:   []string{"SMP-HS-SERVICE-RESPONSE"},
		Cases:    []string{"relay/handshake/service-response"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    meeting.Steps{Answer: func([]byte) []byte { return nil }}.Apply,
	},
	{
		ID:       "handshake/service-id-untagged",
		Story:    "The third message is the service identifier without R before it.",
		Breaks:   []string{"SMP-HS-SERVICE-RESPONSE"},
		Cases:    []string{"relay/handshake/service-response"},
		Versions: fault.Since(smp.VersionServices),
		Apply: meeting.Steps{Answer: func(block []byte) []byte {
			content, err := wire.Unpad(block)
			if err != nil || len(content) == 0 {
				return block
			}
			return meeting.Block(content[1:])
		}}.Apply,
	},
	{
		ID:       "handshake/service-id-of-connection",
		Story:    "The service identifier is made anew for every connection.",
		Breaks:   []string{"SMP-HS-SERVICE-STABLE"},
		Cases:    []string{"relay/handshake/service-stable"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    fault.ServiceIDs(func() []byte { return fault.Random(fault.IDSize) }),
	},
	{
		ID:       "handshake/service-id-of-role",
		Story:    "The service identifier names the role, and all services of the role have the same.",
		Breaks:   []string{"SMP-SERVICE-ID-UNIQUE"},
		Cases:    []string{"relay/handshake/service-stable"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    fault.ServiceIDs(func() []byte { return make([]byte, fault.IDSize) }),
	},
}

// serviceOption changes the byte that says whether the client is a service.
func serviceOption(change func(byte) (byte, error)) func(*relay.Config) {
	return clientFrom(smp.VersionServices, func(h *clientHello) (err error) {
		key, after := clientKey(h.rest)
		if !isX25519(key) {
			after = h.rest
		}
		if len(after) > 1 {
			after[1], err = change(after[1])
		}
		return err
	})
}

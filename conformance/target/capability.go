package target

import "slices"

// The names of the capabilities: abilities that a relay may have or not, without
// breaking a rule.
const (
	// TLS13 and TLS12 are the versions of TLS.
	TLS13 = "tls-1.3"
	TLS12 = "tls-1.2"
	// ALPN is that the relay selects the protocol smp/1.
	ALPN = "alpn"
	// BlockEncryption is that of blocks inside TLS, from version 11.
	BlockEncryption = "block-encryption"
	// NewQueues is that the relay creates queues for smpcheck.
	NewQueues = "new-queues"
	// Notifications is that queues can have a notifier.
	Notifications = "notifications"
	// Forwarding is that the relay forwards commands to others, from version 8.
	Forwarding = "forwarding"
	// Links is that queues can have link data, from version 15.
	Links = "links"
	// Services is that clients can be services, from version 16.
	Services = "services"
	// NameResolution is that the relay resolves names, from version 20.
	NameResolution = "names"
)

// CapabilityNames returns the names of all capabilities, in the order of reports.
func CapabilityNames() []string {
	return []string{TLS13, TLS12, ALPN, BlockEncryption, NewQueues, Notifications, Forwarding, Links, Services, NameResolution}
}

// State says whether a target has a capability.
type State string

// The states.
const (
	Yes     State = "yes"
	No      State = "no"
	Unknown State = "unknown"
)

// States returns all states.
func States() []State { return []State{Yes, No, Unknown} }

// Capability is what was found out about one ability of a target.
type Capability struct {
	Name  string
	State State
	// Detail says how it was found out, or with which limits the target has it; it may be
	// empty.
	Detail string
}

// Capability returns what is known about the capability with the name; Unknown if
// nobody has asked.
func (i Info) Capability(name string) Capability {
	at := slices.IndexFunc(i.Capabilities, func(c Capability) bool { return c.Name == name })
	if at < 0 {
		return Capability{Name: name, State: Unknown}
	}
	return i.Capabilities[at]
}

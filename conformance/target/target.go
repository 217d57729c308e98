// Package target reaches what is under test: a relay at an address, a process that
// smpcheck starts, or a relay inside smpcheck itself.
package target

import (
	"fmt"

	"smpcheck/reference/link"
	"smpcheck/reference/wire"
)

// Kind says how a target was reached.
type Kind string

// The kinds of targets.
const (
	Remote   Kind = "address"
	Process  Kind = "exec"
	Embedded Kind = "embedded"
)

// Target is a relay under test. Its methods are safe for use by several goroutines.
type Target interface {
	// Kind says how the target was reached.
	Kind() Kind
	// Server is the address of the relay, with its password if there is one.
	Server() link.Server
	// Done is closed when the target has ended although nobody closed it. It is nil for
	// a target whose end cannot be seen.
	Done() <-chan struct{}
	// Obituary says how the target ended and what it last wrote; it is empty before.
	Obituary() string
	// Close ends what smpcheck has started. It may be called more than once.
	Close() error
}

// Info is what a preflight probe learned about a target.
type Info struct {
	// Versions is the range of SMP versions that the target offers.
	Versions wire.VersionRange
	// ALPN is the protocol name that was agreed, empty for none.
	ALPN string
	// TLS names the version of TLS that was agreed, such as "1.3".
	TLS string
	// Unusable says for each version at which not even PING is answered why that is so.
	// Cases about other rules cannot be judged there.
	Unusable map[uint16]string
	// Capabilities are what is known about abilities that a target may lack; none if
	// nobody has asked.
	Capabilities []Capability
	// Names is what the operator says about names; the probe does not know.
	Names Names
	// Files is the folder in which the target keeps its files, as the user says; empty if
	// it is not known.
	Files string
	// Patience is shared by the cases of a run; nil for none.
	Patience *Patience
}

// UnusableError says that the target is there and has no hello that a client could
// answer.
type UnusableError struct {
	// Info is what is known in spite of that: the target is taken to offer every version
	// and to be unusable at each.
	Info Info
	// Err says what came in the place of a hello.
	Err error
}

// Error says what came in the place of a hello.
func (e *UnusableError) Error() string { return e.Err.Error() }

// Unwrap gives Err.
func (e *UnusableError) Unwrap() error { return e.Err }

// IdentityError says that the certificate of the target is not the one that its
// address promises.
type IdentityError struct {
	// Expected is the fingerprint in the address, Actual that of the certificate which
	// came: SHA-256 of its DER form, 32 bytes.
	Expected, Actual []byte
}

// Error names both fingerprints as they stand in addresses.
func (e *IdentityError) Error() string {
	return fmt.Sprintf("the relay has another identity: the address says fingerprint %s, the relay's certificate has %s",
		fingerprint(e.Expected), fingerprint(e.Actual))
}

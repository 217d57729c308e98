package link

import "smpcheck/reference/wire"

// Host is one host of a relay; its text form is that of package wire.
type Host = wire.Host

// ErrHost is in the chain of every error about the text of a host.
var ErrHost = wire.ErrHost

// ParseHost reads the whole of s as a host; see wire.ParseHost.
func ParseHost(s string) (Host, error) { return wire.ParseHost(s) }

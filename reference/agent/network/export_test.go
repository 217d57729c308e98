package network

import "io"

// Rand is the source of randomness of the configuration.
func (n *Network) Rand() io.Reader { return n.config.Rand }

// Relays is how many relays are known at present.
func (n *Network) Relays() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.relays)
}

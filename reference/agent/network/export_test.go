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

// Waiting is how many events wait behind those that are on their way to the
// reader.
func (n *Network) Waiting() (count int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range n.relays {
		r.inbox.mu.Lock()
		count += r.inbox.order.Len()
		r.inbox.mu.Unlock()
	}
	return count
}

package probe

import "time"

// registerTime is how long a relay may take to register a subscription after it has
// answered, at time scale 1.
const registerTime = 10 * time.Millisecond

// Settle gives the relay time to register a subscription that it has answered. The official
// relay does both in different tasks: a message that is sent between them goes to nobody,
// or to the earlier subscriber, and nothing tells the client when the later task is done.
func (c *Conn) Settle() {
	c.Ping()
	select {
	case <-time.After(c.t.Timeout(registerTime)):
	case <-c.t.Context().Done():
	}
}

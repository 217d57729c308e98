package probe

import "time"

// Linger lets time pass, d at time scale 1, for a case about what a relay forgets. What
// comes meanwhile stays in the inbox. The end of the connection blocks the case.
func (c *Conn) Linger(d time.Duration) {
	c.await(d, func(Received) bool { return false })
	if c.ended != nil {
		Blocked(c.t, "the connection ended: %v", c.ended)
	}
}

package agent

// File and Relays are what outlives the process of an agent.
type (
	File   = file
	Relays = relays
)

// Between makes a test stand between the agent and what outlives it.
func (c *Config) Between(f func(File, Relays) (File, Relays)) { c.between = f }

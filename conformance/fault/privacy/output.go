package privacy

import (
	"context"
	"encoding/base64"
	"net"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// outputFaults are relays that tell their operators too much.
var outputFaults = []fault.Fault{
	{
		ID:     "privacy/commands-logged",
		Story:  "Each command is logged with its name alone, which is thought to tell nothing.",
		Breaks: []string{"SMP-PRIVACY-OUTPUT"},
		Cases:  []string{"relay/privacy/output-commands"},
		Apply: func(c *relay.Config) {
			log := c.Logger
			fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
				log.Info("command", "name", r.Command.Tag())
				return next(s, r)
			})(c)
		},
	},
	{
		ID:     "privacy/connections-logged",
		Story:  "Each connection is logged with the version that was agreed.",
		Breaks: []string{"SMP-PRIVACY-OUTPUT"},
		Cases:  []string{"relay/privacy/output-connections"},
		Apply: func(c *relay.Config) {
			log, next := c.Logger, c.Stages.Handshake
			c.Stages.Handshake = func(ctx context.Context, conn net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
				secure, err := next(ctx, conn, config)
				if err == nil {
					log.Info("connected", "version", secure.Version())
				}
				return secure, err
			}
		},
	},
	{
		ID:     "privacy/refusals-logged",
		Story:  "A message that is refused is logged with the queue that it was for, to find those who attack.",
		Breaks: []string{"SMP-PRIVACY-OUTPUT"},
		Cases:  []string{"relay/privacy/output-content"},
		Apply: func(c *relay.Config) {
			log, next := c.Logger, c.Stages.Authorise
			c.Stages.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
				err := next(s, r)
				if err != nil {
					log.Info("refused", "queue", base64.StdEncoding.EncodeToString(r.Transmission.EntityID))
				}
				return err
			}
		},
	},
	{
		ID:     "privacy/addresses-logged",
		Story:  "A TLS handshake that fails is logged with the address of the client, to find those who attack.",
		Breaks: []string{"SMP-PRIVACY-OUTPUT"},
		Cases:  []string{"relay/privacy/output-content"},
		Apply: func(c *relay.Config) {
			log, next := c.Logger, c.Stages.Handshake
			c.Stages.Handshake = func(ctx context.Context, conn net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
				secure, err := next(ctx, conn, config)
				if err != nil {
					log.Warn("no handshake", "client", conn.RemoteAddr().String())
				}
				return secure, err
			}
		},
	},
	{
		ID:     "privacy/unknown-logged",
		Story:  "The start of a command that nobody knows is logged, to see what clients of the future want.",
		Breaks: []string{"SMP-PRIVACY-OUTPUT"},
		Cases:  []string{"relay/privacy/output-content"},
		Apply: func(c *relay.Config) {
			log := c.Logger
			fault.Unknowns(func(_ *relay.Session, r *relay.Request) {
				log.Info("unknown", "start", base64.URLEncoding.EncodeToString(r.Transmission.Command[:min(40, len(r.Transmission.Command))]))
			})(c)
		},
	},
}

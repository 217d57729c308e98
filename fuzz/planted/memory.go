package planted

import (
	"context"
	"net"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/reference/client"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// Sizes of what faulty relays keep, in bytes.
const (
	// leakSize is how much is kept for each thing that is kept for ever, rareLeakSize for
	// those that happen less often.
	leakSize     = 64 << 10
	rareLeakSize = 4 * leakSize
	// leakLimit is how much is kept in all: more would harm the machine.
	leakLimit = 1 << 30
)

// hoard keeps memory for ever.
type hoard struct {
	size int // of each thing

	mu   sync.Mutex
	kept [][]byte
}

func (h *hoard) add() {
	const page = 4096
	b := make([]byte, h.size)
	for i := 0; i < len(b); i += page {
		b[i] = 1 // memory that nobody has written to is not in use
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.kept) < leakLimit/h.size {
		h.kept = append(h.kept, b)
	}
}

// memoryFaults are relays that never forget something.
func memoryFaults() []Fault {
	return []Fault{
		grows("malformed-block", leakSize, "Each malformed block, and each malformed transmission, is kept to be looked at later.",
			hoardsFailures(func(_ *relay.Request, err *smp.Error) bool { return err.Equal(smp.ErrBlock) })),
		grows("unknown-tag", leakSize, "Each unknown command gets an entry in the statistics.",
			hoardsFailures(func(_ *relay.Request, err *smp.Error) bool { return err.Equal(smp.ErrCmdUnknown) })),
		grows("malformed-parameters", leakSize, "What was read of malformed parameters is never given back.",
			hoardsFailures(func(_ *relay.Request, err *smp.Error) bool { return err.Equal(smp.ErrCmdSyntax) })),
		grows("wrong-authorization", leakSize, "Each wrong authorization is noted in a list of attacks.",
			hoardsFailures(func(r *relay.Request, err *smp.Error) bool {
				return err.Equal(smp.ErrAuth) && len(r.Transmission.Authorization) > 0
			})),
		grows("refused-key", rareLeakSize, "A key that comes too late for a queue is kept with the queue.",
			hoardsFailures(func(r *relay.Request, err *smp.Error) bool {
				return err.Equal(smp.ErrAuth) && r.Command != nil && fault.IsOneOf(r, "KEY", "SKEY", "LKEY")
			})),
		grows("refused-message", rareLeakSize, "A message for a full queue is not stored, and its buffer is not given back.",
			hoardsFailures(func(_ *relay.Request, err *smp.Error) bool { return err.Equal(smp.ErrQuota) })),
		grows("needless-acknowledgement", leakSize, "ACK of what was not delivered is kept until it is.",
			hoardsFailures(func(_ *relay.Request, err *smp.Error) bool { return err.Equal(smp.ErrNoMsg) })),
		grows("repeated-subscription", leakSize, "Each SUB makes a buffer for the queue, also if there is one.",
			hoardsCommands("SUB", func(r *relay.Request) bool { return r.Queue.Subscriber() != nil })),
		grows("deleted-queue", leakSize, "A queue that is deleted is marked as such, and stays with all that it has.",
			hoardsCommands("DEL", func(*relay.Request) bool { return true })),
		grows("replaced-notifier", rareLeakSize, "NKEY makes a notifier and forgets to remove the earlier one.",
			hoardsCommands("NKEY", func(r *relay.Request) bool { return r.Queue.Notifier() != nil })),
		grows("connection", leakSize, "Each connection gets a buffer, which stays when it has ended.",
			hoardsHandshakes(func(err error) bool { return err == nil })),
		grows("failed-handshake", rareLeakSize, "What belongs to a handshake is given back at its end, to which one that fails never comes.",
			hoardsHandshakes(func(err error) bool { return err != nil })),
		grows("unreached-destination", rareLeakSize, "Each attempt to connect to another relay is kept, also if it failed.",
			func(h *hoard) func(*relay.Config) {
				return fault.Stages(func(st *relay.Stages) {
					next := st.Connect
					st.Connect = func(ctx context.Context, r *relay.Relay, address string, keyHash []byte) (*client.Client, error) {
						c, err := next(ctx, r, address, keyHash)
						if err != nil {
							h.add()
						}
						return c, err
					}
				})
			}),
	}
}

func grows(name string, size int, title string, mistake func(*hoard) func(*relay.Config)) Fault {
	return Fault{ID: "memory/" + name, Title: title, Finds: []string{Memory}, Apply: func(c *relay.Config) {
		mistake(&hoard{size: size})(c)
	}}
}

// hoardsFailures keeps something for each of those requests that are refused.
func hoardsFailures(those func(*relay.Request, *smp.Error) bool) func(*hoard) func(*relay.Config) {
	return func(h *hoard) func(*relay.Config) {
		return failures(func(r *relay.Request, err *smp.Error) {
			if those(r, err) {
				h.add()
			}
		})
	}
}

// hoardsCommands keeps something for each of those commands that are executed.
func hoardsCommands(tag string, those func(*relay.Request) bool) func(*hoard) func(*relay.Config) {
	return func(h *hoard) func(*relay.Config) {
		return fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
			if fault.IsOneOf(r, tag) && those(r) {
				h.add()
			}
			return next(s, r)
		})
	}
}

// hoardsHandshakes keeps something for each handshake with such an end.
func hoardsHandshakes(those func(err error) bool) func(*hoard) func(*relay.Config) {
	return func(h *hoard) func(*relay.Config) {
		return fault.Stages(func(st *relay.Stages) {
			next := st.Handshake
			st.Handshake = func(ctx context.Context, conn net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
				c, err := next(ctx, conn, config)
				if those(err) {
					h.add()
				}
				return c, err
			}
		})
	}
}

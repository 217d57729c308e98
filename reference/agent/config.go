package agent

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/agent/network"
	"smpcheck/reference/agent/store"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/wire"
)

// Versions that the agent speaks. Agent protocol, "Abstract".
var (
	agentVersions  = message.Supported
	clientVersions = wire.Versions(link.InitialClientVersion, link.ShortLinksClientVersion)
)

// Defaults of Config.
const (
	DefaultMessageTimeout = 48 * time.Hour
	DefaultDrainTimeout   = 30 * time.Second
	DefaultMemory         = 30 * 24 * time.Hour
)

var (
	// ErrInUse: another process has the file open.
	ErrInUse = store.ErrInUse
	// ErrNotFound: no such connection, request, message or event.
	ErrNotFound = store.ErrNotFound
	// ErrState: the connection cannot do that now; the text says why.
	ErrState = errors.New("not possible in the present state of the connection")
	// ErrVersion: the two sides have no version of a protocol in common.
	ErrVersion = errors.New("the link needs a version of the protocol that is not supported")
	// ErrTooLarge: a message or the information about a side is larger than a
	// message can hold; see MaxBody and MaxInfo.
	ErrTooLarge = errors.New("too large for one message")
	// ErrLinkUsed: the relay does not take the invitation: someone has used it, or its
	// queue was deleted.
	ErrLinkUsed = errors.New("the link was used already or was deleted")
	// ErrServers: there is no relay to create a queue on.
	ErrServers = errors.New("no relay is configured to receive messages on")
	// ErrConfig: a field of Config cannot be used; the text says which.
	ErrConfig = errors.New("agent configuration")
	// ErrClosed: the agent was closed.
	ErrClosed = store.ErrClosed
)

// Config says where an agent keeps its state and which relays it uses. A zero field
// has the default that its comment names.
type Config struct {
	// Path is the SQLite file, which is created with mode 0600. Its folder exists.
	Path string
	// Servers are the relays on which own queues are created, in turns, with their
	// passwords. An agent without them can only use queues that it has.
	Servers []link.Server
	// Network says how relays are reached, and through which proxies. Its Rand and
	// Logger are those below.
	Network network.Config
	// NoPQ offers and accepts no post-quantum keys for new connections.
	NoPQ bool
	// FastRotation answers a proposal to move by securing the new queue itself, as the
	// agent protocol describes it and no official agent understands it. Every agent
	// of this package does.
	FastRotation bool
	// Tables are "CREATE TABLE IF NOT EXISTS" statements for tables of the
	// application, whose names start with "app_".
	Tables []string

	// MessageTimeout is how long a message is tried before it is given up; default
	// DefaultMessageTimeout.
	MessageTimeout time.Duration
	// Retry is how long to wait between attempts to send; zero fields are those of
	// network.DefaultBackoff.
	Retry network.Backoff
	// DrainTimeout is how long messages in a queue that replaces another one wait for
	// those that are missing from the old one, while that delivers nothing and the
	// application has none of it to acknowledge; default DefaultDrainTimeout.
	DrainTimeout time.Duration
	// Memory is how long the agent remembers delivered messages whose receipt has not
	// come, and hashes of received ones; default DefaultMemory.
	Memory time.Duration

	// Rand is the source of everything random; default crypto/rand.
	Rand io.Reader
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Logger gets the agent's course without ids, keys and contents; default: none.
	Logger *slog.Logger

	// between lets a test stand between the agent and what outlives it.
	between func(file, relays) (file, relays)
}

// withDefaults returns c with its zero fields set, or ErrConfig.
func (c Config) withDefaults() (Config, error) {
	if c.Path == "" {
		return c, fmt.Errorf("%w: no path", ErrConfig)
	}
	for _, d := range []struct {
		name    string
		field   *time.Duration
		initial time.Duration
	}{
		{"message timeout", &c.MessageTimeout, DefaultMessageTimeout},
		{"drain timeout", &c.DrainTimeout, DefaultDrainTimeout},
		{"memory", &c.Memory, DefaultMemory},
		{"first pause", &c.Retry.First, network.DefaultBackoff.First},
		{"longest pause", &c.Retry.Max, max(network.DefaultBackoff.Max, c.Retry.First)},
	} {
		if *d.field == 0 {
			*d.field = d.initial
		}
		if *d.field < 0 {
			return c, fmt.Errorf("%w: %s of %v, expected a positive duration", ErrConfig, d.name, *d.field)
		}
	}
	if c.Retry.Factor == 0 {
		c.Retry.Factor = network.DefaultBackoff.Factor
	}
	c.Rand = keys.Shared(c.Rand)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Network.Rand, c.Network.Logger = c.Rand, c.Logger
	return c, nil
}

// MaxBody is the size in bytes of the largest body that Send takes, at any agent
// version: the padded message less its own length, header and tag. pq is Info.PQ.
func MaxBody(pq bool) int {
	const lengthAndHeader = 2 + 1 + 8 + 1 + 32 + 1
	return message.PaddedMessage(agentVersions.Max, pq) - lengthAndHeader
}

// MaxInfo is the size in bytes of the largest information about a side that Join,
// Allow and Accept take with any one relay of up to three hosts of 64 characters; a
// relay with more takes from it.
func MaxInfo(pq bool) int {
	const replyQueue = 512
	return message.PaddedConnInfo(agentVersions.Max, pq) - replyQueue
}

// newKeys is the source of ratchet keys.
func (a *Agent) newKeys() ratchet.Keys { return ratchet.NewKeys(a.cfg.Rand) }

package session

import (
	"context"
	"database/sql"

	"smpcheck/reference/agent"
	"smpcheck/reference/link"
)

// Agent is what a Session needs of *agent.Agent.
type Agent interface {
	Close() error
	Events() <-chan agent.Event
	Ack(context.Context, agent.Event, agent.AckOptions) error
	Update(context.Context, func(*sql.Tx) error) error
	CreateInvitation(context.Context, agent.CreateOptions) (agent.Created, error)
	CreateAddress(context.Context, agent.CreateOptions) (agent.Created, error)
	Resolve(context.Context, link.Link) (agent.Resolved, error)
	Join(context.Context, agent.Resolved, agent.JoinOptions) (agent.ConnID, error)
	Allow(ctx context.Context, c agent.ConnID, info []byte) error
	Accept(ctx context.Context, request int64, o agent.JoinOptions) (agent.ConnID, error)
	Reject(ctx context.Context, request int64) error
	Send(ctx context.Context, c agent.ConnID, body []byte, o agent.SendOptions) (int64, error)
	Switch(ctx context.Context, c agent.ConnID, server *link.Server) error
	Resync(ctx context.Context, c agent.ConnID, force bool) error
	Delete(ctx context.Context, c agent.ConnID, wait bool) error
	Connection(context.Context, agent.ConnID) (agent.Info, error)
}

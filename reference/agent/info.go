package agent

import (
	"context"

	"smpcheck/reference/agent/store"
	"smpcheck/reference/link"
)

// Info is the state of a connection or a contact address.
type Info struct {
	ID      ConnID
	Address bool
	// Ready is set when messages can be sent.
	Ready bool
	// Deleted is set while the connection is being removed.
	Deleted bool
	// AgentVersion and PQ are as agreed; Version 0 while nobody has joined.
	AgentVersion uint16
	PQ           bool
	// PQSend and PQReceive tell whether the present keys are post-quantum.
	PQSend, PQReceive bool
	Sync              SyncState
	Receive, Send     []QueueState
	// Pending is the number of messages that wait to be sent.
	Pending int
	// Requests is the number of requests that wait at a contact address.
	Requests int
}

// QueueState is one queue of a connection.
type QueueState struct {
	Server link.Server
	Status string
	// Switching is set while the queue is being replaced, or is to replace another.
	Switching bool
}

// Connections returns the state of all connections and contact addresses, in the order
// of their creation.
func (a *Agent) Connections(ctx context.Context) (all []Info, err error) {
	err = a.store.Update(ctx, func(tx *store.Tx) error {
		connections, err := tx.Connections()
		for _, c := range connections {
			info, err := newInfo(tx, c)
			if err != nil {
				return err
			}
			all = append(all, info)
		}
		return err
	})
	return all, err
}

// Connection returns the state of one connection, or ErrNotFound.
func (a *Agent) Connection(ctx context.Context, id ConnID) (info Info, err error) {
	err = a.store.Update(ctx, func(tx *store.Tx) error {
		c, err := tx.Connection(string(id))
		if err != nil {
			return err
		}
		info, err = newInfo(tx, c)
		return err
	})
	return info, err
}

func newInfo(tx *store.Tx, c *store.Connection) (info Info, err error) {
	info = Info{
		ID: ConnID(c.ID), Address: c.Address, Ready: c.Ready, Deleted: c.Deleted,
		AgentVersion: c.Version, PQ: c.PQ, Sync: SyncState(c.Sync),
	}
	if info.Sync == "" {
		info.Sync = SyncOK
	}
	for _, q := range c.Receive {
		info.Receive = append(info.Receive, queueState(q.Server.Server, q.Status, q.Switch, q.Replaces))
	}
	for _, q := range c.Send {
		info.Send = append(info.Send, queueState(q.Address.Server, q.Status, q.Switch, q.Replaces))
	}
	if state, err := tx.Ratchet(c.ID); err == nil {
		info.PQSend, info.PQReceive = state.SendKEM, state.ReceiveKEM
	} else if err != ErrNotFound {
		return info, err
	}
	if info.Pending, err = tx.Pending(c.ID); err != nil {
		return info, err
	}
	info.Requests, err = tx.CountRequests(c.ID)
	return info, err
}

func queueState(server link.Server, status store.QueueStatus, state store.SwitchState, replaces int) QueueState {
	server.Password = ""
	return QueueState{Server: server, Status: string(status), Switching: state != "" || replaces != 0}
}

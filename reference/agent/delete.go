package agent

import (
	"context"

	"smpcheck/reference/agent/store"
)

// Delete removes a connection or a contact address, with its queues at the relays.
// With wait, what is queued is sent before. It does not wait for relays; Removed
// follows when everything is gone. It is ErrNotFound if there is none.
func (a *Agent) Delete(ctx context.Context, id ConnID, wait bool) error {
	return a.change(ctx, id, func(ch *change) error { return ch.delete(wait) })
}

// delete begins to remove a connection.
func (ch *change) delete(wait bool) error {
	pending, err := ch.tx.Pending(ch.c.ID)
	if err != nil {
		return err
	}
	ch.c.Deleted, ch.c.Drain = true, wait && pending > 0
	if !ch.c.Drain {
		ch.deleteQueues()
	}
	return nil
}

func (ch *change) deleteQueues() {
	for _, q := range ch.c.Receive {
		q.Deleted = true
	}
}

// drained goes on with removing a connection when nothing is left to be sent.
func (a *Agent) drained(ctx context.Context, c *store.Connection) error {
	if !c.Deleted || !c.Drain {
		return nil
	}
	return a.change(ctx, ConnID(c.ID), func(ch *change) error {
		pending, err := ch.tx.Pending(ch.c.ID)
		if err != nil || pending > 0 || !ch.c.Drain {
			return err
		}
		ch.c.Drain = false
		ch.deleteQueues()
		return nil
	})
}

// remove forgets a connection whose queues are gone.
func (a *Agent) remove(ctx context.Context, id ConnID) error {
	return a.change(ctx, id, func(ch *change) error {
		if !ch.c.Deleted || len(ch.c.Receive) > 0 {
			return nil
		}
		ch.removed = true
		return ch.emit(Removed{})
	})
}

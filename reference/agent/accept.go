package agent

import (
	"context"
	"fmt"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/agent/store"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
)

// replyInfo is the first confirmation: own information and the queue for replies.
func (ch *change) replyInfo(q *store.ReceiveQueue, info []byte) message.AgentConnInfoReply {
	reply := link.QueueInfo{Version: q.ClientVersion, QueueAddress: address(q)}
	return message.AgentConnInfoReply{Queues: []link.QueueInfo{reply}, Info: info}
}

// ask asks for a connection at a contact address, with an invitation of its own.
func (a *Agent) ask(ctx context.Context, v compatible, server link.Server, o JoinOptions) (ConnID, error) {
	c, err := a.newConnection()
	if err != nil {
		return "", err
	}
	c.Initiator, c.Joining = true, true
	c.PQ = c.PQ && v.agent >= message.VersionPQ
	request := link.Connection{Mode: link.Invitation, AgentVersions: agentVersions}
	if err := a.offer(c, &request, c.PQ); err != nil {
		return "", err
	}
	q, _, err := a.linkQueue(ctx, c, server, &request, CreateOptions{})
	if err != nil {
		return "", err
	}
	q.Number, c.Ask = c.NextQueue(), &store.Ask{Number: c.NextQueue(), Address: store.QueueInfo{QueueInfo: v.queue}}
	c.Receive = []*store.ReceiveQueue{q}
	content := message.AgentInvitation{Request: request, Info: o.Info}
	envelope, err := message.Envelope{Version: v.agent, Content: content}.Encode()
	if err != nil {
		return "", err
	}
	t := task{conn: ConnID(c.ID), queue: c.Ask.Number, send: true}
	release := a.hold(t)
	defer release()
	err = a.create(ctx, c, nil, func(ch *change) error {
		m := store.Message{Number: requestNumber, Kind: string(kindRequest), Hash: []byte{}, Envelope: envelope, Created: ch.now}
		if err := ch.tx.InsertMessage(c.ID, m, []int{c.Ask.Number}); err != nil {
			return err
		}
		return within(ch, o.In)
	})
	if err != nil {
		a.dropQueue(q)
		return "", err
	}
	if err := a.sendFirst(ctx, t); err != nil && !ambiguous(err) {
		return "", a.giveUp(t.conn, err)
	}
	return t.conn, nil
}

// requestNumber is that of the request among the stored messages. It is no part of the
// chain, which begins with 1.
const requestNumber = 0

// asked ends asking for a connection: the contact address has the request.
func (ch *change) asked() error {
	if ch.c.Ask == nil {
		return nil
	}
	ch.c.Ask, ch.c.Joining = nil, false
	return ch.tx.DeleteMessage(ch.c.ID, requestNumber)
}

// Allow goes on with a connection whose invitation someone has joined (Confirmation):
// info is what the other side learns. It does not wait; Connected follows. It is
// ErrState if there is nothing to allow.
func (a *Agent) Allow(ctx context.Context, id ConnID, info []byte) error {
	return a.change(ctx, id, func(ch *change) error {
		if len(ch.c.Reply) == 0 || ch.c.Deleted {
			return fmt.Errorf("%w: nobody has joined, or it was allowed already", ErrState)
		}
		if n := MaxInfo(ch.c.PQ); len(info) > n {
			return fmt.Errorf("%w: information of %d bytes, at most %d", ErrTooLarge, len(info), n)
		}
		reply := ch.c.Reply[0].QueueInfo
		if !clientVersions.Contains(reply.Version) {
			return fmt.Errorf("%w: SMP client version %d, supported are %s", ErrVersion, reply.Version, clientVersions)
		}
		q, err := ch.a.newSendQueue(reply, keys.PrivateKey{})
		if err != nil {
			return err
		}
		q.Number = ch.c.NextQueue()
		ch.c.Send, ch.c.Reply = []*store.SendQueue{q}, nil
		_, err = ch.confirm(message.AgentConnInfo{Info: info}, nil, q.Number)
		return err
	})
}

// Accept connects with someone who has asked for it at a contact address (Request). It
// is Join with the invitation that came with the request.
func (a *Agent) Accept(ctx context.Context, request int64, o JoinOptions) (ConnID, error) {
	var r store.Request
	err := a.store.Update(ctx, func(tx *store.Tx) (err error) {
		r, err = tx.Request(request)
		return err
	})
	if err != nil {
		return "", err
	}
	invitation, err := link.ParseConnection(r.Invitation)
	if err != nil {
		return "", err
	}
	return a.Join(ctx, Resolved{Connection: invitation, request: request}, o)
}

// Reject forgets a request for a connection; the other side is not told. It is
// ErrNotFound if there is none.
func (a *Agent) Reject(ctx context.Context, request int64) error {
	return a.store.Update(ctx, func(tx *store.Tx) error { return tx.DeleteRequest(request) })
}

package agent

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"smpcheck/reference/agent/network"
	"smpcheck/reference/agent/store"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/smp"
)

// CreateOptions say how to create an invitation or a contact address.
type CreateOptions struct {
	// Server is the relay for the queue; nil for one of Config.Servers.
	Server *link.Server
	// Short also makes a short link, whose data the relay holds encrypted.
	Short bool
	// UserData are the application's part of the data of a short link.
	UserData []byte
	// In runs in the transaction that stores the connection, for tables of the
	// application.
	In func(*sql.Tx, ConnID) error
}

// Created is a new invitation or contact address.
type Created struct {
	Conn ConnID
	Link link.Connection
	// Short is nil unless it was asked for.
	Short *link.ShortLink
}

// CreateInvitation creates a queue and the link with which one other person can
// connect. A Confirmation event follows when someone does.
func (a *Agent) CreateInvitation(ctx context.Context, o CreateOptions) (Created, error) {
	return a.createLink(ctx, link.Invitation, o)
}

// CreateAddress creates a queue and the link with which anyone can ask for a
// connection. Request events follow.
func (a *Agent) CreateAddress(ctx context.Context, o CreateOptions) (Created, error) {
	return a.createLink(ctx, link.Contact, o)
}

func (a *Agent) createLink(ctx context.Context, mode link.Mode, o CreateOptions) (created Created, err error) {
	server, err := a.server(o.Server)
	if err != nil {
		return created, err
	}
	c, err := a.newConnection()
	if err != nil {
		return created, err
	}
	c.Address, c.Initiator = mode == link.Contact, mode == link.Invitation
	request := link.Connection{Mode: mode, AgentVersions: agentVersions}
	if mode == link.Invitation {
		// In a full link post-quantum keys would make the QR code unreadable; they are
		// agreed with the confirmation. A short link has room for them.
		if err := a.offer(c, &request, o.Short && c.PQ); err != nil {
			return created, err
		}
	}
	q, short, err := a.linkQueue(ctx, c, server, &request, o)
	if err != nil {
		return created, err
	}
	q.Number = c.NextQueue()
	c.Receive = []*store.ReceiveQueue{q}
	created = Created{Conn: ConnID(c.ID), Link: request, Short: short}
	err = a.create(ctx, c, nil, func(ch *change) error { return within(ch, o.In) })
	if err != nil {
		a.dropQueue(q)
		return Created{}, err
	}
	if o.Short && request.Ratchet != nil {
		withoutKEM := *request.Ratchet
		withoutKEM.KEM = nil
		created.Link.Ratchet = &withoutKEM
	}
	return created, nil
}

// within runs the application's part of a transaction.
func within(ch *change, in func(*sql.Tx, ConnID) error) error {
	if in == nil {
		return nil
	}
	return in(ch.tx.SQL, ch.id())
}

// newConnection returns a connection with a new id and nothing else.
func (a *Agent) newConnection() (*store.Connection, error) {
	id, err := a.newID()
	if err != nil {
		return nil, err
	}
	return &store.Connection{ID: string(id), PQ: !a.cfg.NoPQ}, nil
}

// offer adds new ratchet keys to an invitation.
func (a *Agent) offer(c *store.Connection, request *link.Connection, kem bool) error {
	private, err := ratchet.Propose(a.newKeys(), ratchet.MaxVersion, kem)
	if err != nil {
		return err
	}
	c.Private = &private
	o := private.Public(ratchet.MaxVersion).Offer(ratchet.Versions())
	request.Ratchet = &o
	return nil
}

// linkQueue creates the queue of a link, with a short link if that is asked for, and
// adds the queue to the link.
func (a *Agent) linkQueue(ctx context.Context, c *store.Connection, server link.Server, request *link.Connection, o CreateOptions) (*store.ReceiveQueue, *link.ShortLink, error) {
	mode := smp.Messaging
	if request.Mode == link.Contact {
		mode = smp.Contact
	}
	if o.Short {
		return a.shortLinkQueue(ctx, c, server, mode, request, o.UserData)
	}
	q, err := a.newReceiveQueue(ctx, server, mode, clientVersions.Max)
	if err != nil {
		return nil, nil, err
	}
	request.Queues = []link.QueueURI{{ClientVersions: clientVersions, QueueAddress: address(q)}}
	return q, nil, nil
}

// JoinOptions say how to join.
type JoinOptions struct {
	// Info is what the other side learns about this one; see MaxInfo.
	Info []byte
	// In runs in the transaction that stores the connection, for tables of the
	// application. If Join fails after that the connection is removed, with a Removed
	// event. If the process ends the next one goes on with the connection.
	In func(*sql.Tx, ConnID) error
}

// Join connects with an invitation, or asks for a connection at a contact address. It
// returns when the relay of the other side has taken the first message, or may have
// taken it without saying so: then the message is sent again later. PeerInfo and
// Connected follow for an invitation; Confirmation, which Allow answers, for an
// address. After an error there is no connection; ErrLinkUsed, ErrVersion,
// ErrTooLarge, ErrServers and errors of relays are possible.
func (a *Agent) Join(ctx context.Context, r Resolved, o JoinOptions) (ConnID, error) {
	v, err := agree(r.Connection)
	if err != nil {
		return "", err
	}
	if len(o.Info) > MaxInfo(!a.cfg.NoPQ) {
		return "", fmt.Errorf("%w: information of %d bytes, at most %d", ErrTooLarge, len(o.Info), MaxInfo(!a.cfg.NoPQ))
	}
	server, err := a.server(nil, r.Connection.Queues[0].Server)
	if err != nil {
		return "", err
	}
	if r.Connection.Mode == link.Contact {
		return a.ask(ctx, v, server, o)
	}
	return a.join(ctx, r, v, server, o)
}

// join connects with an invitation.
func (a *Agent) join(ctx context.Context, r Resolved, v compatible, server link.Server, o JoinOptions) (ConnID, error) {
	c, err := a.newConnection()
	if err != nil {
		return "", err
	}
	c.Version = v.agent
	c.PQ = c.PQ && supportsPQ(v.agent, v.parameters.Version)
	c.Joining, c.Invitation, c.Request = true, invitationKey(v.queue), r.request
	key, err := a.attempt(ctx, r, c.Invitation)
	if err != nil {
		return "", err
	}
	s, err := a.newSendQueue(v.queue, key)
	if err != nil {
		return "", err
	}
	if !r.key.IsZero() {
		s.SenderSecures, s.Status = true, store.QueueSecured
	}
	own, err := ratchet.Reply(a.newKeys(), *v.parameters, c.PQ)
	if err != nil {
		return "", err
	}
	state, err := ratchet.InitSender(a.newKeys(), own, *v.parameters, ratchet.MaxVersion)
	if err != nil {
		return "", err
	}
	q, err := a.newReceiveQueue(ctx, server, smp.Messaging, s.Address.Version)
	if err != nil {
		return "", err
	}
	q.Number, s.Number = c.NextQueue(), c.NextQueue()
	c.Receive, c.Send = []*store.ReceiveQueue{q}, []*store.SendQueue{s}
	public := own.Public(v.parameters.Version)
	t := task{conn: ConnID(c.ID), queue: s.Number, send: true}
	release := a.hold(t)
	defer release()
	err = a.create(ctx, c, &state, func(ch *change) error {
		if err := ch.tx.SetAttempt(c.Invitation, s.Key, ch.now); err != nil {
			return err
		}
		if _, err := ch.confirm(ch.replyInfo(q, o.Info), &public, s.Number); err != nil {
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

// ambiguous reports whether the relay may have taken a message although it did not say
// so. The message has to be sent again then, and nothing that it tells may be undone.
func ambiguous(err error) bool {
	var failed *network.Error
	return errors.As(err, &failed) && failed.Op == "SEND" && network.Temporary(err) && !errors.Is(err, smp.ErrQuota)
}

// sendFirst sends what waits for a queue, and returns the first error.
func (a *Agent) sendFirst(ctx context.Context, t task) error {
	for {
		c, m, err := a.nextMessage(ctx, t)
		if err != nil || m == nil {
			return err
		}
		if err := a.transmit(ctx, t, c, *m); err != nil {
			return err
		}
		if err := a.change(ctx, t.conn, func(ch *change) error { return ch.sent(t.queue, *m) }); err != nil {
			return err
		}
	}
}

// giveUp removes a connection that could not be made, and returns the reason as the
// application sees it.
func (a *Agent) giveUp(id ConnID, reason error) error {
	err := a.change(context.WithoutCancel(a.ctx), id, func(ch *change) error { return ch.delete(false) })
	if errors.Is(reason, smp.ErrAuth) {
		reason = fmt.Errorf("%w (%w)", ErrLinkUsed, reason)
	}
	return errors.Join(reason, err)
}

// attempt returns the key with which an invitation was secured, by LKEY or by an
// attempt to join that did not come to its end; zero for none.
func (a *Agent) attempt(ctx context.Context, r Resolved, invitation []byte) (key keys.PrivateKey, err error) {
	if !r.key.IsZero() {
		return r.key, nil
	}
	err = a.store.Update(ctx, func(tx *store.Tx) error {
		k, err := tx.Attempt(invitation)
		key = k.PrivateKey
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	})
	return key, err
}

package agent

import (
	"context"
	"fmt"
	"io"

	"smpcheck/reference/agent/store"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
)

// shortLinkQueue creates a queue together with its short link. The data of the link
// name the queue, so its sender id is chosen before: it is made from the correlation
// id of the command.
func (a *Agent) shortLinkQueue(ctx context.Context, c *store.Connection, server link.Server, mode smp.QueueMode, request *link.Connection, userData []byte) (*store.ReceiveQueue, *link.ShortLink, error) {
	o := client.LinkQueueOptions{QueueOptions: client.QueueOptions{Mode: mode}}
	if _, err := io.ReadFull(a.cfg.Rand, o.CorrelationID[:]); err != nil {
		return nil, nil, fmt.Errorf("randomness for a link: %w", err)
	}
	dh, err := keys.Generate(keys.X25519, a.cfg.Rand)
	if err != nil {
		return nil, nil, err
	}
	root, err := keys.Generate(keys.Ed25519, a.cfg.Rand)
	if err != nil {
		return nil, nil, err
	}
	public := server
	public.Password = ""
	request.Queues = []link.QueueURI{{ClientVersions: clientVersions, QueueAddress: link.QueueAddress{
		Server: public, SenderID: smp.SenderID(o.CorrelationID[:]), DHKey: dh.Public(), Mode: mode,
	}}}
	prepared, err := a.prepareLink(*request, userData, root)
	if err != nil {
		return nil, nil, err
	}
	o.LinkID, o.Data = prepared.LinkID, prepared.Data
	queue, linkID, err := a.net.CreateLinkQueue(ctx, server, o)
	if err != nil {
		return nil, nil, err
	}
	short := prepared.Invitation(linkID)
	if request.Mode == link.Contact {
		short = prepared.Address(link.ContactLink)
	}
	c.Link = &store.Link{ID: linkID, Key: prepared.Key, RootKey: store.PrivateKey{PrivateKey: root}, Fixed: prepared.Data.Fixed}
	return &store.ReceiveQueue{
		Server: store.Server{Server: server}, Queue: store.Queue{Queue: queue},
		DHKey: store.PrivateKey{PrivateKey: dh}, ClientVersion: clientVersions.Max, Status: store.QueueNew,
	}, &short, nil
}

// prepareLink signs and encrypts the data of a short link.
func (a *Agent) prepareLink(request link.Connection, userData []byte, root keys.PrivateKey) (link.PreparedLink, error) {
	fixed := link.FixedData{AgentVersions: agentVersions, Connection: request}
	user := linkUserData(request.Mode, userData)
	if request.Mode == link.Contact {
		p, err := link.PrepareContact(fixed, user, root, a.cfg.Rand)
		return p, tooLarge(err)
	}
	p, err := link.PrepareInvitation(fixed, user, root, a.cfg.Rand)
	return p, tooLarge(err)
}

func linkUserData(mode link.Mode, data []byte) link.UserData {
	return link.UserData{Mode: mode, AgentVersions: agentVersions, Direct: mode == link.Contact, Data: data}
}

// SetLinkData changes what the short link of an invitation or a contact address tells
// of its owner. It is ErrState for a connection without short link, ErrTooLarge for
// data that do not fit, and an error of the relay.
func (a *Agent) SetLinkData(ctx context.Context, id ConnID, userData []byte) error {
	c, err := a.look(ctx, id)
	if err != nil {
		return err
	}
	if c.Link == nil || len(c.Receive) == 0 {
		return fmt.Errorf("%w: it has no short link", ErrState)
	}
	mode, key := link.Invitation, link.LinkKey(c.Link.Key)
	secret, err := key.InvitationSecret()
	if c.Address {
		mode = link.Contact
		_, secret, err = key.ContactSecret()
	}
	if err != nil {
		return err
	}
	sealed, err := link.SignAndSealUser(linkUserData(mode, userData), c.Link.RootKey.PrivateKey, secret, a.cfg.Rand)
	if err != nil {
		return tooLarge(err)
	}
	q := c.Receive[0]
	return a.net.SetLink(ctx, q.Server.Server, q.Queue.Queue, c.Link.ID, smp.LinkData{Fixed: c.Link.Fixed, User: sealed})
}

// DeleteLink deletes the short link of an invitation or a contact address; the full
// link goes on working.
func (a *Agent) DeleteLink(ctx context.Context, id ConnID) error {
	c, err := a.look(ctx, id)
	if err != nil {
		return err
	}
	if c.Link == nil || len(c.Receive) == 0 {
		return fmt.Errorf("%w: it has no short link", ErrState)
	}
	q := c.Receive[0]
	if err := a.net.DeleteLink(ctx, q.Server.Server, q.Queue.Queue); err != nil {
		return err
	}
	return a.change(ctx, id, func(ch *change) error {
		ch.c.Link = nil
		return nil
	})
}

package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// ErrLinkOptions: a queue with a short link cannot be made of the options; the
// text says which one is wrong. Nothing was sent.
var ErrLinkOptions = errors.New("options of a short link")

// LinkQueueOptions say what queue CreateLinkQueue makes.
type LinkQueueOptions struct {
	// QueueOptions are those of any queue; Mode is Messaging for an invitation,
	// which one sender can take, and Contact for an address.
	QueueOptions
	// CorrelationID of NEW: random, used once, and chosen before the link data
	// are made, since the address of the queue in them has the sender id
	// smp.SenderID(CorrelationID[:]).
	CorrelationID box.Nonce
	// LinkID of an address, which the recipient derives from the link key.
	// Empty for an invitation: the relay makes it.
	LinkID []byte
	// Data are encrypted already: the relay and this package never look into
	// them.
	Data smp.LinkData
}

// check returns ErrLinkOptions.
func (o *LinkQueueOptions) check() error {
	var reason string
	switch {
	case o.Mode != smp.Messaging && o.Mode != smp.Contact:
		reason = fmt.Sprintf("queue mode %v, expected messaging or contact", o.Mode)
	case o.CorrelationID == (box.Nonce{}):
		reason = "no correlation id"
	case o.Mode == smp.Contact && len(o.LinkID) == 0:
		reason = "no link id for a contact queue"
	case o.Mode == smp.Messaging && len(o.LinkID) > 0:
		reason = "a link id for a messaging queue, for which the relay makes it"
	default:
		return nil
	}
	return fmt.Errorf("%w: %s", ErrLinkOptions, reason)
}

// CreateLinkQueue sends NEW with link data and returns the new queue with the id
// of its link. It needs version 15: transport.ErrVersion. Relays refuse a NEW
// that is sent again, after a lost answer for example, with smp.ErrAuth. An
// answer with another sender id, mode or link id than the one asked for is
// ErrUnexpected, and the queue then is of no use.
func (c *Client) CreateLinkQueue(ctx context.Context, o LinkQueueOptions) (q Queue, linkID []byte, err error) {
	if err := o.check(); err != nil {
		return Queue{}, nil, err
	}
	if err := linksAt(c.Version(), smp.NEW{}); err != nil {
		return Queue{}, nil, err
	}
	request, dh, err := c.newRequest(o.QueueOptions)
	if err != nil {
		return Queue{}, nil, err
	}
	senderID := smp.SenderID(o.CorrelationID[:])
	command := request.Command.(smp.NEW)
	command.Request.Link = &smp.QueueLink{LinkID: o.LinkID, SenderID: senderID, Data: o.Data}
	request.Command, request.CorrelationID = command, o.CorrelationID
	ids, err := expect[smp.IDS](ctx, c, request)
	if err != nil {
		return Queue{}, nil, err
	}
	if err := o.accept(ids, senderID); err != nil {
		return Queue{}, nil, fmt.Errorf("NEW: %w", err)
	}
	if q, err = NewQueue(ids, request.Key, dh); err != nil {
		return Queue{}, nil, err
	}
	return q, bytes.Clone(ids.LinkID), nil
}

// accept checks that the relay made what it was asked for.
func (o *LinkQueueOptions) accept(ids smp.IDS, senderID []byte) error {
	switch {
	case !bytes.Equal(ids.SenderID, senderID):
		return &UnexpectedError{Expected: "the sender id of the link data", Got: "IDS with another one"}
	case ids.Mode != o.Mode:
		return &UnexpectedError{Expected: "queue mode " + o.Mode.String(), Got: "IDS with " + ids.Mode.String()}
	case len(ids.LinkID) == 0:
		return &UnexpectedError{Expected: "a link id", Got: "IDS without"}
	case o.Mode == smp.Contact && !bytes.Equal(ids.LinkID, o.LinkID):
		return &UnexpectedError{Expected: "the link id of NEW", Got: "IDS with another one"}
	}
	return nil
}

// SetLinkData sends LSET: it gives a queue a short link, or changes the user
// data of the one that it has. Relays refuse other fixed data than those that
// they have, another link id, a link id of another queue, and messaging queues
// that are secured, all with smp.ErrAuth.
func (c *Client) SetLinkData(ctx context.Context, q Queue, linkID []byte, data smp.LinkData) error {
	command := smp.LSET{LinkID: linkID, Data: data}
	if err := linksAt(c.Version(), command); err != nil {
		return err
	}
	return c.ok(ctx, q.request(command))
}

// DeleteLink sends LDEL: the data and the id of the queue's short link are gone.
// It is no error if there was none.
func (c *Client) DeleteLink(ctx context.Context, q Queue) error {
	if err := linksAt(c.Version(), smp.LDEL{}); err != nil {
		return err
	}
	return c.ok(ctx, q.request(smp.LDEL{}))
}

// SecureLink sends LKEY: it secures the queue behind an invitation with the
// public part of key, which authorizes it, and returns the sender id and the
// link data. It can be repeated with the same key, which therefore has to be
// stored before, until the sender has sent a message. A link that does not exist
// and one that somebody else has taken are both smp.ErrAuth.
//
// The data are as the relay sent them: whether they belong to the link, and the
// sender id to them, is for the holder of the link key to check.
func (c *Client) SecureLink(ctx context.Context, linkID []byte, key keys.PrivateKey) (senderID []byte, data smp.LinkData, err error) {
	return followLink(ctx, c, linkID, key, smp.LKEY{SenderKey: key.Public()})
}

// GetLink sends LGET: it returns the sender id and the link data of an address.
// See SecureLink for what is left to check.
func (c *Client) GetLink(ctx context.Context, linkID []byte) (senderID []byte, data smp.LinkData, err error) {
	return followLink(ctx, c, linkID, keys.PrivateKey{}, smp.LGET{})
}

// SecureLink sends LKEY to the destination. See Client.SecureLink.
func (s *ProxySession) SecureLink(ctx context.Context, linkID []byte, key keys.PrivateKey) (senderID []byte, data smp.LinkData, err error) {
	return followLink(ctx, s, linkID, key, smp.LKEY{SenderKey: key.Public()})
}

// GetLink sends LGET to the destination. See Client.GetLink.
func (s *ProxySession) GetLink(ctx context.Context, linkID []byte) (senderID []byte, data smp.LinkData, err error) {
	return followLink(ctx, s, linkID, keys.PrivateKey{}, smp.LGET{})
}

// session is a Client or a ProxySession.
type session interface {
	Version() uint16
	Do(ctx context.Context, entityID []byte, key keys.PrivateKey, command smp.Command) (smp.Response, error)
}

// followLink sends a command that is answered with LNK.
func followLink(ctx context.Context, s session, linkID []byte, key keys.PrivateKey, command smp.Command) ([]byte, smp.LinkData, error) {
	if err := linksAt(s.Version(), command); err != nil {
		return nil, smp.LinkData{}, err
	}
	response, err := s.Do(ctx, linkID, key, command)
	if err := (Result{Response: response, Err: err}).expectOneOf(Request{Command: command}, smp.LNK{}); err != nil {
		return nil, smp.LinkData{}, err
	}
	link := response.(smp.LNK)
	if len(link.SenderID) == 0 {
		return nil, smp.LinkData{}, fmt.Errorf("%s: %w", command.Tag(),
			&UnexpectedError{Expected: "a sender id", Got: "LNK without"})
	}
	return link.SenderID, link.Data, nil
}

// linksAt returns transport.ErrVersion if there are no short links at a version.
func linksAt(version uint16, command smp.Command) error {
	if version >= smp.VersionShortLinks {
		return nil
	}
	return fmt.Errorf("%s: %w: the relay speaks version %d, expected at least %d for short links",
		command.Tag(), transport.ErrVersion, version, smp.VersionShortLinks)
}

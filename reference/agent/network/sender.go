package network

import (
	"context"
	"errors"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
)

// sender is what sends commands of senders: the connection to the relay of the
// queue, or a session with it through a proxy.
type sender interface {
	SendMessage(ctx context.Context, q client.SenderQueue, notify bool, body []byte) error
	SecureBySender(ctx context.Context, q client.SenderQueue) error
	SecureLink(ctx context.Context, linkID []byte, key keys.PrivateKey) (senderID []byte, data smp.LinkData, err error)
	GetLink(ctx context.Context, linkID []byte) (senderID []byte, data smp.LinkData, err error)
}

// Send sends SEND with the body, at most smp.MaxMessageLength bytes of it. notify
// asks the relay to notify the recipient. A queue that is full is smp.ErrQuota,
// see FullQueue. After an error of the context or of the connection the message
// may or may not have been accepted. Config.Proxies says which way it goes.
func (n *Network) Send(ctx context.Context, server link.Server, q client.SenderQueue, notify bool, body []byte) error {
	return n.send(ctx, server, "SEND", func(ctx context.Context, s sender) error {
		return s.SendMessage(ctx, q, notify, body)
	})
}

// SecureBySender sends SKEY with the public part of q.Key. It can be repeated
// with the same key. It goes the way of Send.
func (n *Network) SecureBySender(ctx context.Context, server link.Server, q client.SenderQueue) error {
	return n.send(ctx, server, "SKEY", func(ctx context.Context, s sender) error {
		return s.SecureBySender(ctx, q)
	})
}

// SecureLink sends LKEY with the public part of key: it secures the queue of an
// invitation and returns its link data with the sender id. It can be repeated
// with the same key. It goes the way of Send.
func (n *Network) SecureLink(ctx context.Context, server link.Server, linkID []byte, key keys.PrivateKey) (smp.LNK, error) {
	var answer smp.LNK
	err := n.send(ctx, server, "LKEY", func(ctx context.Context, s sender) (err error) {
		answer.SenderID, answer.Data, err = s.SecureLink(ctx, linkID, key)
		return err
	})
	return answer, err
}

// GetLink sends LGET: it returns the link data of a contact address with the
// sender id. It goes the way of Send.
func (n *Network) GetLink(ctx context.Context, server link.Server, linkID []byte) (smp.LNK, error) {
	var answer smp.LNK
	err := n.send(ctx, server, "LGET", func(ctx context.Context, s sender) (err error) {
		answer.SenderID, answer.Data, err = s.GetLink(ctx, linkID)
		return err
	})
	return answer, err
}

// send does a sender's command, through a proxy or directly.
func (n *Network) send(ctx context.Context, server link.Server, op string, f func(context.Context, sender) error) error {
	server.Password = ""
	if err := checkServer(server); err != nil {
		return &Error{Server: server, Op: op, Err: err}
	}
	if proxies := n.candidates(server); len(proxies) > 0 {
		sent, err := n.sendThrough(ctx, proxies, server, op, f)
		otherIdentity := errors.Is(err, keys.ErrFingerprint) && !errors.Is(err, ErrNoProxy)
		if sent || otherIdentity || !n.config.ProxyFallback || ctx.Err() != nil {
			return err
		}
		n.config.Logger.Info("without a proxy", "relay", nameOf(server), "reason", err)
	}
	return n.recipientOK(ctx, server, op, func(ctx context.Context, _ *relay, c *client.Client) error {
		return f(ctx, c)
	})
}

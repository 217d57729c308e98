package client

import (
	"context"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// QueueOptions say what queue CreateQueue makes. The zero value is a queue
// without mode, to which the connection is subscribed, with an Ed25519 key.
type QueueOptions struct {
	// Algorithm of the key that authorizes the recipient: Ed25519, which is the
	// default, Ed448, or X25519 from version 7 on.
	Algorithm keys.Algorithm
	// Key and DHKey are taken instead of new keys if they are not zero, which
	// makes NEW repeatable. DHKey is X25519.
	Key, DHKey keys.PrivateKey
	// Mode of the queue, from version 9 on; 0 for none.
	Mode smp.QueueMode
	// CreateOnly does not subscribe the connection to the queue.
	CreateOnly bool
	// Password is sent instead of Config.Password if it is not nil: several
	// users of one connection may know different ones.
	Password smp.Password
}

// CreateQueue sends NEW with Config.Password and returns the new queue. See
// CreateLinkQueue for one with a short link, and CreateNotifiedQueue for one with
// a notifier. A NEW with both is sent with Do or DoAll; NewQueue and NewNotifier
// make of its answer what they need.
func (c *Client) CreateQueue(ctx context.Context, o QueueOptions) (Queue, error) {
	request, dh, err := c.newRequest(o)
	if err != nil {
		return Queue{}, err
	}
	ids, err := expect[smp.IDS](ctx, c, request)
	if err != nil {
		return Queue{}, err
	}
	return NewQueue(ids, request.Key, dh)
}

// newRequest makes NEW and the private part of its DHKey.
func (c *Client) newRequest(o QueueOptions) (request Request, dh keys.PrivateKey, err error) {
	if o.Algorithm == 0 {
		o.Algorithm = keys.Ed25519
	}
	key, err := c.keyOr(o.Key, o.Algorithm)
	if err != nil {
		return Request{}, keys.PrivateKey{}, err
	}
	if dh, err = c.keyOr(o.DHKey, keys.X25519); err != nil {
		return Request{}, keys.PrivateKey{}, err
	}
	password := o.Password
	if password == nil {
		password = c.config.Password
	}
	command := smp.NEW{
		AuthKey:   key.Public(),
		DHKey:     dh.Public(),
		Password:  password,
		Subscribe: !o.CreateOnly,
	}
	if o.Mode != 0 {
		command.Request = &smp.QueueRequest{Mode: o.Mode}
	}
	return Request{Key: key, Command: command}, dh, nil
}

// keyOr returns key, or a new one of alg if key is zero.
func (c *Client) keyOr(key keys.PrivateKey, alg keys.Algorithm) (keys.PrivateKey, error) {
	if !key.IsZero() {
		return key, nil
	}
	return keys.Generate(alg, c.config.Rand)
}

package client

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// NotifierQueue is what a notifier knows of a queue: enough to learn that there
// are messages, and not to receive, open or send them. Neither id nor key has
// anything to do with those of recipient and sender.
type NotifierQueue struct {
	// NotifierID is the id under which the relay takes NSUB.
	NotifierID []byte
	// Key authorizes NSUB.
	Key keys.PrivateKey
}

// Notifier is what a recipient knows of the notifier of a queue. It is a value
// and never prints its contents; MarshalBinary and UnmarshalBinary store it.
type Notifier struct {
	// NotifierQueue is what the notifier needs, and all that it may have.
	NotifierQueue

	meta box.Key
}

// NewNotifier returns the notifier that the answer to NKEY, or to a NEW with
// notifier keys, describes. key is the private part of the AuthKey, dh that of
// the DHKey. It returns the errors of box.Agree if the relay's key is of no use.
func NewNotifier(c smp.NotifierCredentials, key, dh keys.PrivateKey) (Notifier, error) {
	meta, err := box.Agree(dh, c.ServerDHKey)
	if err != nil {
		return Notifier{}, fmt.Errorf("agreeing on the notification key: %w", err)
	}
	queue := NotifierQueue{NotifierID: bytes.Clone(c.NotifierID), Key: key}
	return Notifier{NotifierQueue: queue, meta: meta}, nil
}

// Format hides the notifier whatever the verb: it holds secrets.
func (n Notifier) Format(f fmt.State, _ rune) { io.WriteString(f, "notifier") }

// Decrypt opens what an NMSG that the notifier passed on says: id and time of
// the message. It returns the errors of smp.OpenNMsgMeta.
func (n Notifier) Decrypt(notification smp.NMSG) (smp.NMsgMeta, error) {
	return smp.OpenNMsgMeta(notification, &n.meta)
}

// storedNotifier is the first byte of stored notifiers.
const storedNotifier = 'n'

// MarshalBinary returns the notifier with its keys, for UnmarshalBinary.
func (n Notifier) MarshalBinary() ([]byte, error) {
	w := wire.NewWriter(nil)
	w.Byte(storedNotifier)
	w.Short(n.NotifierID)
	w.Short(n.Key.PKCS8())
	w.Raw(n.meta[:])
	return w.Bytes()
}

// UnmarshalBinary reads what MarshalBinary made. Anything else is ErrStored and
// leaves n as it is.
func (n *Notifier) UnmarshalBinary(b []byte) error {
	r := openStored(b, storedNotifier)
	stored := Notifier{NotifierQueue: NotifierQueue{NotifierID: bytes.Clone(r.Short()), Key: readPrivate(r)}}
	copy(stored.meta[:], r.Take(box.KeySize))
	if err := closeStored(r); err != nil {
		return err
	}
	*n = stored
	return nil
}

// NotifierOptions say what notifier a queue gets. The zero value is one with new
// keys, Ed25519 for NSUB.
type NotifierOptions struct {
	// Algorithm of the key that authorizes NSUB: Ed25519, which is the default,
	// Ed448, or X25519 from version 7 on.
	Algorithm keys.Algorithm
	// Key and DHKey are taken instead of new keys if they are not zero. DHKey is
	// X25519.
	Key, DHKey keys.PrivateKey
}

// EnableNotifications sends NKEY: the queue gets a notifier, another one if it
// had one, whose id is unknown from then on.
func (c *Client) EnableNotifications(ctx context.Context, q Queue, o NotifierOptions) (Notifier, error) {
	key, dh, err := c.notifierKeys(o)
	if err != nil {
		return Notifier{}, err
	}
	command := smp.NKEY{NotifierKeys: smp.NotifierKeys{AuthKey: key.Public(), DHKey: dh.Public()}}
	nid, err := expect[smp.NID](ctx, c, q.request(command))
	if err != nil {
		return Notifier{}, err
	}
	return NewNotifier(nid.NotifierCredentials, key, dh)
}

// DisableNotifications sends NDEL: the queue has no notifier any more.
func (c *Client) DisableNotifications(ctx context.Context, q Queue) error {
	return c.ok(ctx, q.request(smp.NDEL{}))
}

// CreateNotifiedQueue is CreateQueue for a queue that has a notifier from the
// start. It needs version 17: transport.ErrVersion. An answer without a notifier
// is ErrUnexpected; the queue, which there is all the same, is returned with it.
func (c *Client) CreateNotifiedQueue(ctx context.Context, o QueueOptions, n NotifierOptions) (Queue, Notifier, error) {
	if v := c.Version(); v < smp.VersionNotifierKeys {
		return Queue{}, Notifier{}, fmt.Errorf("NEW with notifier keys: %w: %d, expected at least %d",
			transport.ErrVersion, v, smp.VersionNotifierKeys)
	}
	request, dh, err := c.newRequest(o)
	if err != nil {
		return Queue{}, Notifier{}, err
	}
	notifierKey, notifierDH, err := c.notifierKeys(n)
	if err != nil {
		return Queue{}, Notifier{}, err
	}
	command := request.Command.(smp.NEW)
	command.Notifier = &smp.NotifierKeys{AuthKey: notifierKey.Public(), DHKey: notifierDH.Public()}
	request.Command = command
	ids, err := expect[smp.IDS](ctx, c, request)
	if err != nil {
		return Queue{}, Notifier{}, err
	}
	q, err := NewQueue(ids, request.Key, dh)
	if err != nil {
		return Queue{}, Notifier{}, err
	}
	if ids.Notifier == nil {
		return q, Notifier{}, fmt.Errorf("NEW: %w", &UnexpectedError{Expected: "a notifier", Got: "IDS without"})
	}
	notifier, err := NewNotifier(*ids.Notifier, notifierKey, notifierDH)
	return q, notifier, err
}

// notifierKeys returns the private keys of a new notifier.
func (c *Client) notifierKeys(o NotifierOptions) (key, dh keys.PrivateKey, err error) {
	if o.Algorithm == 0 {
		o.Algorithm = keys.Ed25519
	}
	if key, err = c.keyOr(o.Key, o.Algorithm); err != nil {
		return key, dh, err
	}
	dh, err = c.keyOr(o.DHKey, keys.X25519)
	return key, dh, err
}

// SubscribeNotifications sends NSUB. From now on NMSG comes through Events for
// each message with the flag, and for those before that nobody was told about.
// The subscription lasts as long as the connection; END says that another one
// took it over, DELD that the queue or its notifier is gone.
func (c *Client) SubscribeNotifications(ctx context.Context, q NotifierQueue) error {
	return c.subscribeNotifications(ctx, []NotifierQueue{q})[0]
}

// SubscribeAllNotifications sends NSUB for many queues, as SubscribeAll does SUB.
func (c *Client) SubscribeAllNotifications(ctx context.Context, queues []NotifierQueue) []error {
	errs := make([]error, 0, len(queues))
	for some := range slices.Chunk(queues, subscribeBatch) {
		errs = append(errs, c.subscribeNotifications(ctx, some)...)
	}
	return errs
}

func (c *Client) subscribeNotifications(ctx context.Context, queues []NotifierQueue) []error {
	requests := make([]Request, len(queues))
	for i, q := range queues {
		requests[i] = Request{EntityID: q.NotifierID, Key: q.Key, Command: smp.NSUB{}}
	}
	errs := make([]error, len(queues))
	for i, r := range c.exchange(ctx, false, requests...) {
		errs[i] = r.expectOneOf(requests[i], smp.SOK{}, smp.OK{})
	}
	return errs
}

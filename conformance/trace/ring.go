package trace

import (
	"errors"
	"fmt"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// ring holds the keys of the runner and what the conversation tells about their use.
type ring struct {
	// privates are by the public key.
	privates map[keys.PublicKey]keys.PrivateKey
	// servers are session keys of relays, the last one that was seen at the end.
	servers []keys.PublicKey
	// asked are the keys for the encryption of deliveries in commands that were sent, by
	// correlation id.
	asked map[string]request
	// deliveries and notifications are the keys of what comes for an entity.
	deliveries, notifications map[string]agreement
	// parcels are the keys of forwarded commands, by correlation id.
	parcels map[string]parcel
	// names are what ids are called, by the id.
	names map[string]string
	// queues is how many queues have a name.
	queues int
	// noKey is the error for what cannot be decrypted.
	noKey error
}

// request are the keys in a NEW or NKEY: zero for none.
type request struct {
	delivery, notification keys.PublicKey
	// queue is the entity of NKEY.
	queue []byte
}

// agreement are the keys of the two sides.
type agreement struct{ client, relay keys.PublicKey }

// parcel is the encryption of a forwarded command and its response.
type parcel struct {
	key     box.Key
	version uint16
}

// newRing returns a ring with the private keys of the runner, for a conversation of which so
// many events were left out.
func newRing(privates []keys.PrivateKey, leftOut int) *ring {
	r := &ring{
		privates: make(map[keys.PublicKey]keys.PrivateKey), asked: make(map[string]request),
		deliveries: make(map[string]agreement), notifications: make(map[string]agreement),
		parcels: make(map[string]parcel), names: make(map[string]string), noKey: errNoKey,
	}
	if leftOut > 0 {
		r.noKey = errNoKeyKept
	}
	for _, k := range privates {
		r.privates[k.Public()] = k
	}
	return r
}

// addServerKey adds the session key of a relay.
func (r *ring) addServerKey(k keys.PublicKey) { r.servers = append(r.servers, k) }

// Why the runner cannot decrypt something.
var (
	errNoKey     = errors.New("the runner has no key for it")
	errNoKeyKept = errors.New("the runner has no key for it, or the event that tells which was left out")
)

// agree makes the key of two parties, of which the runner knows one.
func (r *ring) agree(a, b keys.PublicKey) (box.Key, error) {
	if private, ok := r.privates[a]; ok {
		return box.Agree(private, b)
	}
	if private, ok := r.privates[b]; ok {
		return box.Agree(private, a)
	}
	return box.Key{}, r.noKey
}

// open has f decrypt what came for an entity, with the key that is known for it.
func (r *ring) open(known map[string]agreement, entity []byte, f func(*box.Key) error) error {
	a, ok := known[string(entity)]
	if !ok {
		return r.noKey
	}
	key, err := r.agree(a.client, a.relay)
	if err != nil {
		return err
	}
	return f(&key)
}

// named gives an id a name.
func (r *ring) named(id []byte, name string) {
	if len(id) > 0 && r.names[string(id)] == "" {
		r.names[string(id)] = name
	}
}

// name shows the start of an id, and what the conversation has told about it.
func (r *ring) name(id []byte) string {
	if name := r.names[string(id)]; name != "" {
		return short(id) + " " + name
	}
	return short(id)
}

// ask notes the keys in a command that was sent.
func (r *ring) ask(tr smp.Transmission, c smp.Command) {
	switch c := c.(type) {
	case smp.NEW:
		q := request{delivery: c.DHKey}
		if c.Notifier != nil {
			q.notification = c.Notifier.DHKey
		}
		r.asked[string(tr.CorrelationID)] = q
	case smp.NKEY:
		r.asked[string(tr.CorrelationID)] = request{notification: c.DHKey, queue: tr.EntityID}
	}
}

// learn notes the ids and keys in a response to a command that was sent.
func (r *ring) learn(tr smp.Transmission, c smp.Response) {
	q, found := r.asked[string(tr.CorrelationID)]
	if !found {
		return
	}
	switch c := c.(type) {
	case smp.IDS:
		r.queues++
		of := fmt.Sprintf("of queue %d", r.queues)
		r.named(c.RecipientID, "recipient id "+of)
		r.named(c.SenderID, "sender id "+of)
		r.named(c.LinkID, "link id "+of)
		r.deliveries[string(c.RecipientID)] = agreement{q.delivery, c.ServerDHKey}
		if c.Notifier != nil {
			r.notifier(*c.Notifier, q.notification, of)
		}
	case smp.NID:
		r.notifier(c.NotifierCredentials, q.notification, "of the queue "+r.name(q.queue))
	}
}

// notifier notes the ids and keys of a notifier.
func (r *ring) notifier(c smp.NotifierCredentials, key keys.PublicKey, of string) {
	r.named(c.NotifierID, "notifier id "+of)
	r.notifications[string(c.NotifierID)] = agreement{key, c.ServerDHKey}
}

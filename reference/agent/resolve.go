package agent

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"smpcheck/reference/agent/store"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
)

// Resolved is where a link leads.
type Resolved struct {
	Connection link.Connection
	// UserData are what a short link says of its owner; nil for a full link.
	UserData []byte

	// key is the sender's key with which the queue of a short invitation was secured.
	key keys.PrivateKey
	// request is the request at a contact address that is being accepted, 0 for none.
	request int64
}

// Resolve finds out where a link leads, for Join. A full link tells it by itself. The
// data of a short link are fetched from its relay and verified; for an invitation this
// secures its queue, so that nobody else can use the link any more, while this agent
// can resolve it again. Errors: ErrLinkUsed, those of link.ShortLink.Open for a relay
// that answers with other data, and those of the relay.
func (a *Agent) Resolve(ctx context.Context, l link.Link) (r Resolved, err error) {
	switch l := l.(type) {
	case link.Connection:
		return Resolved{Connection: l}, nil
	case link.ShortLink:
		return a.resolveShort(ctx, l)
	}
	return r, fmt.Errorf("%w: neither a full nor a short link", link.ErrLink)
}

func (a *Agent) resolveShort(ctx context.Context, l link.ShortLink) (r Resolved, err error) {
	if len(l.Server.KeyHash) == 0 {
		return r, link.ErrShortened
	}
	id, err := l.RelayID()
	if err != nil {
		return r, err
	}
	var answer smp.LNK
	if l.Type == link.InvitationLink {
		if r.key, err = a.linkSenderKey(ctx, l); err != nil {
			return r, err
		}
		answer, err = a.net.SecureLink(ctx, l.Server, id, r.key)
	} else {
		answer, err = a.net.GetLink(ctx, l.Server, id)
	}
	if errors.Is(err, smp.ErrAuth) {
		return Resolved{}, fmt.Errorf("%w (%w)", ErrLinkUsed, err)
	} else if err != nil {
		return Resolved{}, err
	}
	fixed, user, err := l.Open(answer.SenderID, answer.Data)
	if err != nil {
		return Resolved{}, fmt.Errorf("the relay's data for the link are wrong: %w", err)
	}
	r.Connection, r.UserData = fixed.Connection, user.Data
	return r, nil
}

// linkSenderKey returns the key for LKEY, which is stored before it is used and is the
// same in each attempt.
func (a *Agent) linkSenderKey(ctx context.Context, l link.ShortLink) (key keys.PrivateKey, err error) {
	hash := sha256.Sum256([]byte(l.Text()))
	err = a.store.Update(ctx, func(tx *store.Tx) error {
		known, err := tx.Attempt(hash[:])
		if key = known.PrivateKey; !errors.Is(err, ErrNotFound) {
			return err
		}
		if key, err = keys.Generate(keys.Ed25519, a.cfg.Rand); err != nil {
			return err
		}
		return tx.SetAttempt(hash[:], store.PrivateKey{PrivateKey: key}, a.cfg.Now())
	})
	return key, err
}

// invitationKey names an invitation in the table of attempts.
func invitationKey(q link.QueueInfo) []byte {
	h := sha256.New()
	h.Write(q.Server.KeyHash)
	h.Write(q.SenderID)
	return h.Sum(nil)
}

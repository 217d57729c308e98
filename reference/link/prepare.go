package link

import (
	"fmt"
	"io"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// PreparedLink is a short link whose data are ready for the relay: with the command
// NEW, since the sender id in them is known before the queue exists (smp.SenderID), or
// later with LSET. It is a secret.
type PreparedLink struct {
	// Fixed is what the link stands for, with the root key.
	Fixed FixedData
	// Key is the link key: the hash of Fixed.
	Key LinkKey
	// Secret encrypts the data.
	Secret Secret
	// LinkID is derived from Key for a contact address, LinkIDSize bytes. It is nil for
	// an invitation: the relay makes it.
	LinkID []byte
	// Data are what the relay stores. Data.Fixed has to be kept: LSET takes it unchanged,
	// and encrypting Fixed again gives other bytes.
	Data smp.LinkData
}

// PrepareInvitation signs and encrypts the data of a 1-time invitation with the root key;
// fixed.RootKey is set to its public part. Errors are ErrMode if fixed or user are those
// of a contact address, wire.ErrPadTooLong if the parts do not fit FixedPadded and
// UserPadded, and those of encoding. Agent protocol, "Link data encryption".
func PrepareInvitation(fixed FixedData, user UserData, root keys.PrivateKey, rand io.Reader) (PreparedLink, error) {
	return prepare(Invitation, fixed, user, root, rand)
}

// PrepareContact signs and encrypts the data of a contact address, as PrepareInvitation
// does those of an invitation. The owners in user have to be authorized: VerifyOwners.
func PrepareContact(fixed FixedData, user UserData, root keys.PrivateKey, rand io.Reader) (PreparedLink, error) {
	if err := VerifyOwners(root.Public(), user.Owners); err != nil {
		return PreparedLink{}, err
	}
	return prepare(Contact, fixed, user, root, rand)
}

func prepare(mode Mode, fixed FixedData, user UserData, root keys.PrivateKey, rand io.Reader) (PreparedLink, error) {
	for _, m := range []Mode{fixed.Connection.Mode, user.Mode} {
		if m != mode {
			return PreparedLink{}, fmt.Errorf("%w: data of %v for a link of %v", ErrMode, m, mode)
		}
	}
	fixed.RootKey = root.Public()
	signed, key, err := SignFixed(fixed, root)
	if err != nil {
		return PreparedLink{}, err
	}
	p := PreparedLink{Fixed: fixed, Key: key}
	if p.LinkID, p.Secret, err = key.secret(mode); err != nil {
		return PreparedLink{}, err
	}
	if p.Data.Fixed, err = SealFixed(signed, p.Secret, rand); err != nil {
		return PreparedLink{}, fmt.Errorf("fixed link data: %w", err)
	}
	p.Data.User, err = SignAndSealUser(user, root, p.Secret, rand)
	return p, err
}

// SignAndSealUser makes the user data that LSET stores in place of the present ones: it
// is SignUser and SealUser. by is the root key or, for a contact address, the key of one
// of the owners in d.
func SignAndSealUser(d UserData, by keys.PrivateKey, secret Secret, rand io.Reader) ([]byte, error) {
	signed, err := SignUser(d, by)
	if err != nil {
		return nil, err
	}
	sealed, err := SealUser(signed, secret, rand)
	if err != nil {
		return nil, fmt.Errorf("user link data: %w", err)
	}
	return sealed, nil
}

// Invitation returns the short link of an invitation that has got its link id from the
// relay.
func (p PreparedLink) Invitation(linkID []byte) ShortLink {
	return ShortLink{Type: InvitationLink, Server: p.server(), LinkID: linkID, Key: p.Key}
}

// Address returns the short link of a contact address. t is any type but InvitationLink.
func (p PreparedLink) Address(t LinkType) ShortLink {
	return ShortLink{Type: t, Server: p.server(), Key: p.Key}
}

// server is the relay of the queue, without what only its owner knows.
func (p PreparedLink) server() Server {
	s := p.Fixed.Connection.Queues[0].Server
	s.Password = ""
	return s
}

// secret returns the secret of link data and, of a contact address, the link id.
func (k LinkKey) secret(mode Mode) (linkID []byte, secret Secret, err error) {
	if mode == Contact {
		return k.ContactSecret()
	}
	secret, err = k.InvitationSecret()
	return nil, secret, err
}

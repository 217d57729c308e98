package recorded_test

import (
	"bytes"
	"errors"

	"smpcheck/reference/link"
	"smpcheck/reference/smp"
)

// linkData opens the data of a short link with its link key, verifies the signatures, and
// makes the signature and the ciphertext of the user data again.
func (w *walk) linkData(linkID []byte, d smp.LinkData) error {
	owner := w.ownerOf(linkID)
	if owner == nil {
		return in(linkData, errors.New("a link of which no key is recorded"))
	}
	q := owner.ReceiveQueue
	id, secret, err := link.LinkKey(q.LinkKey).ContactSecret()
	if err := remade(id, linkID, err); err != nil {
		return in(linkData, err)
	}
	d.Fixed, d.User = w.ciphertext(linkData, d.Fixed), w.ciphertext(linkData, d.User)
	fixed, user, err := link.OpenLinkData(d, link.LinkKey(q.LinkKey), secret)
	if err != nil {
		return in(linkData, err)
	}
	root := w.private[string(fixed.RootKey.SPKI())]
	if root.IsZero() {
		return in(linkData, errors.New("root key is not the recorded one"))
	}
	if err := sealedAgain(d, fixed, user, secret, func() ([]byte, []byte, error) {
		f, key, err := link.SignFixed(fixed, root)
		if err == nil && !bytes.Equal(key, q.LinkKey) {
			err = errors.New("another link key")
		}
		if err != nil {
			return nil, nil, err
		}
		u, err := link.SignUser(user, root)
		return f, u, err
	}); err != nil {
		return in(linkData, err)
	}
	address := fixed.Connection.Queues[0].QueueAddress
	return in(linkData, expect(
		bytes.Equal(address.SenderID, q.SenderID) && !w.private[string(address.DHKey.SPKI())].IsZero() &&
			fixed.Connection.Mode == link.Contact && user.Mode == link.Contact,
		"link data are of another address"))
}

// sealedAgain compares link data with what sign returns, encrypted with the same nonces,
// which stand before the ciphertexts.
func sealedAgain(d smp.LinkData, fixed link.FixedData, user link.UserData, secret link.Secret, sign func() (f, u []byte, err error)) error {
	signedFixed, signedUser, err := sign()
	if err != nil {
		return err
	}
	againFixed, err := link.SealFixed(signedFixed, secret, bytes.NewReader(d.Fixed))
	if err != nil {
		return err
	}
	againUser, err := link.SealUser(signedUser, secret, bytes.NewReader(d.User))
	if err != nil {
		return err
	}
	return expect(bytes.Equal(againFixed, d.Fixed) && bytes.Equal(againUser, d.User), "not the same link data again")
}

func (w *walk) ownerOf(linkID []byte) *end {
	for _, e := range w.ends {
		if e.ReceiveQueue.LinkID != nil && bytes.Equal(e.ReceiveQueue.LinkID, linkID) {
			return e
		}
	}
	return nil
}

// sameQueue checks that an address is that of a recorded receive queue.
func sameQueue(a link.QueueAddress, e *end) error {
	return expect(bytes.Equal(a.SenderID, e.ReceiveQueue.SenderID) && a.DHKey.Algorithm() == e.dhKey.Algorithm() &&
		bytes.Equal(a.DHKey.SPKI(), e.dhKey.Public().SPKI()), "address of another queue")
}

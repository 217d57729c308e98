package link

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"smpcheck/reference/smp"
)

// Errors of ShortLink.Open that those of OpenLinkData do not cover.
var (
	// ErrOtherQueue: the link data are of a queue with another sender id than the relay
	// answered, or on another relay than the one of the link.
	ErrOtherQueue = errors.New("link data of another queue")
	// ErrShortened: the link does not name the fingerprint of its relay; see Restore.
	ErrShortened = errors.New("short link without the fingerprint of its relay")
)

// RelayID returns the id under which the relay has the data of the link, for LKEY if the
// type is InvitationLink and for LGET otherwise.
func (l ShortLink) RelayID() ([]byte, error) {
	if l.Type == InvitationLink {
		return l.LinkID, nil
	}
	id, _, err := l.Key.ContactSecret()
	return id, err
}

// Open decrypts and verifies what a relay answered to LKEY or LGET: the sender id of the
// queue and the link data. Beside what OpenLinkData checks, the data have to be of the
// mode of the link (ErrMode), and their first queue the one that the relay named, on the
// relay that was asked (ErrOtherQueue): the first host of the link is among the hosts of
// that queue. If the rest of the relay's address differs, the address in the link is the
// later one, and the result has it; so the link has to be a restored one (ErrShortened).
// Agent protocol, "Short link resolution"; the checks are those of the official
// implementation.
func (l ShortLink) Open(senderID []byte, data smp.LinkData) (FixedData, UserData, error) {
	if len(l.Server.KeyHash) == 0 || len(l.Server.Hosts) == 0 {
		return FixedData{}, UserData{}, ErrShortened
	}
	_, secret, err := l.Key.secret(l.Type.Mode())
	if err != nil {
		return FixedData{}, UserData{}, err
	}
	fixed, user, err := OpenLinkData(data, l.Key, secret)
	if err == nil {
		err = l.leadsTo(fixed.Connection, senderID)
	}
	if err != nil {
		return FixedData{}, UserData{}, err
	}
	first := &fixed.Connection.Queues[0]
	first.Server = l.Server
	first.Server.Scheme, first.Server.Password = SMP, ""
	return fixed, user, nil
}

// leadsTo checks that the link data are those of the link's queue.
func (l ShortLink) leadsTo(c Connection, senderID []byte) error {
	if c.Mode != l.Type.Mode() {
		return fmt.Errorf("%w: data of %v for a link of type %v", ErrMode, c.Mode, l.Type)
	}
	first := c.Queues[0] // what was decoded has one
	if !bytes.Equal(first.SenderID, senderID) {
		return fmt.Errorf("%w: another sender id than the relay's", ErrOtherQueue)
	}
	if !slices.Contains(first.Server.Hosts, l.Server.Hosts[0]) {
		return fmt.Errorf("%w: on another relay than the link's", ErrOtherQueue)
	}
	return nil
}

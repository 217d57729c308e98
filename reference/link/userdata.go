package link

import (
	"errors"
	"fmt"

	"smpcheck/reference/wire"
)

// Limits of user data.
const (
	// shortDataMax is the length up to which the application's data have a one-byte
	// length. The next value of that byte introduces a word16 length.
	shortDataMax  = 254
	largeDataMark = 0xff
)

// ErrInvitationData: the user data of an invitation have what only a contact address
// has, or a relay link is an invitation.
var ErrInvitationData = errors.New("not possible in the user data of an invitation")

// UserData is the part of link data that its owners may change.
type UserData struct {
	Mode          Mode
	AgentVersions wire.VersionRange
	// Direct allows to connect to the address itself. Contact addresses only.
	Direct bool
	// Owners may change the user data, like the holder of the root key; see
	// VerifyOwners. At most 255, contact addresses only.
	Owners []Owner
	// Relays are alternative addresses that take requests. At most 255, none of them
	// an invitation; contact addresses only.
	Relays []ShortLink
	// Data are for the application: a profile, for example. At most 65535 bytes in this
	// form; the padded size of user data leaves less.
	Data []byte
}

// Write appends the binary form: the letter of the mode, agent versions; for contact
// addresses whether direct connections are allowed, owners and relays; then the data
// with a one-byte length up to 254 bytes, or after a byte 0xff a word16 length. Agent
// protocol, "Link data encryption".
func (d UserData) Write(w *wire.Writer) {
	if modeWords[d.Mode] == "" {
		w.Fail(fmt.Errorf("%w: %v", ErrMode, d.Mode))
		return
	}
	w.Byte(byte(d.Mode))
	w.Range(d.AgentVersions)
	if d.Mode == Contact {
		d.writeContact(w)
	} else if d.Direct || len(d.Owners) > 0 || len(d.Relays) > 0 {
		w.Fail(fmt.Errorf("%w: direct connections, owners or relays", ErrInvitationData))
	}
	if len(d.Data) <= shortDataMax {
		w.Short(d.Data)
		return
	}
	w.Byte(largeDataMark)
	w.Large(d.Data)
}

func (d UserData) writeContact(w *wire.Writer) {
	w.Bool(d.Direct)
	w.Count(len(d.Owners))
	for _, o := range d.Owners {
		o.Write(w)
	}
	w.Count(len(d.Relays))
	for _, l := range d.Relays {
		if l.Type.Mode() != Contact {
			w.Fail(fmt.Errorf("%w: relay of type %v", ErrMode, l.Type))
		}
		l.Write(w)
	}
}

// ReadUserData reads the form that Write appends, and everything that follows: bytes
// after the data are left to later versions. The owners are not verified.
func ReadUserData(r *wire.Reader) UserData {
	d := UserData{Mode: readMode(r), AgentVersions: r.Range()}
	if d.Mode == Contact {
		d.readContact(r)
	}
	if b, _ := r.Peek(); b == largeDataMark {
		r.Byte()
		d.Data = append([]byte{}, r.Large()...)
	} else {
		d.Data = append([]byte{}, r.Short()...)
	}
	r.Rest()
	return orZero(r, d)
}

func (d *UserData) readContact(r *wire.Reader) {
	d.Direct = r.Bool()
	for range r.Byte() {
		d.Owners = append(d.Owners, ReadOwner(r))
		if r.Err() != nil {
			return
		}
	}
	for range r.Byte() {
		l := ReadShortLink(r)
		if r.Err() == nil && l.Type.Mode() != Contact {
			r.Fail(fmt.Errorf("%w: relay of type %v", ErrMode, l.Type))
		}
		if r.Err() != nil {
			return
		}
		d.Relays = append(d.Relays, l)
	}
}

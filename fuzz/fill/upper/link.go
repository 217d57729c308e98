package upper

import (
	"strconv"

	"github.com/google/gofuzz"

	"smpcheck/fuzz/fill"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// Host returns a host of any kind.
func Host(c fuzz.Continue) link.Host {
	h, err := link.ParseHost(fill.Host(c))
	if err != nil {
		panic("host: " + err.Error()) // it is in its one form
	}
	return h
}

// Server returns the address of an SMP relay without password. It has no port after an
// IPv6 host, whose end the text does not tell.
func Server(c fuzz.Continue) link.Server {
	s := link.Server{Scheme: link.SMP, KeyHash: fill.Bytes(c, 32, 32), Hosts: fill.List(c, 1, 3, Host)}
	if s.Hosts[0].Kind() != wire.IPv6 && s.Hosts[len(s.Hosts)-1].Kind() != wire.IPv6 {
		s.Port = fill.Pick(c, "", "443", "5223", strconv.Itoa(1+c.Intn(65535)))
	}
	return s
}

// QueueURI returns the address of a queue for a range of client versions.
func QueueURI(c fuzz.Continue) link.QueueURI {
	q := link.QueueURI{ClientVersions: versions(c, 1, 5)}
	q.Server, q.SenderID, q.DHKey = Server(c), fill.Bytes(c, 1, 255), fill.DHKey(c)
	q.Mode = fill.Pick(c, 0, smp.Messaging, smp.Contact)
	return q
}

// versions returns a range within low and high, or any one.
func versions(c fuzz.Continue, low, high int) wire.VersionRange {
	if c.Intn(16) == 0 {
		v := fill.Range(c)
		return wire.Versions(max(v.Min, uint16(low)), max(v.Max, uint16(low)))
	}
	from := low + c.Intn(high-low+1)
	return wire.Versions(uint16(from), uint16(from+c.Intn(high-from+1)))
}

// QueueInfo returns the address of a queue at one client version.
func QueueInfo(c fuzz.Continue) link.QueueInfo { return QueueURI(c).At(uint16(1 + c.Intn(5))) }

// Connection returns a full link.
func Connection(c fuzz.Continue) link.Connection {
	l := link.Connection{Mode: link.Contact, AgentVersions: versions(c, 2, 9), Queues: fill.List(c, 1, 3, QueueURI)}
	if c.RandBool() {
		offer := Offer(c)
		l.Mode, l.Ratchet = link.Invitation, &offer
	}
	if c.RandBool() {
		l.ClientData = []byte(fill.Text(c, 1000))
	}
	return l
}

var linkTypes = []link.LinkType{link.ContactLink, link.ChannelLink, link.GroupLink, link.RelayLink, link.InvitationLink}

// ShortLink returns a short link of any type.
func ShortLink(c fuzz.Continue) link.ShortLink { return shortLink(c, linkTypes...) }

func shortLink(c fuzz.Continue, types ...link.LinkType) link.ShortLink {
	l := link.ShortLink{Type: fill.Pick(c, types...), Web: c.RandBool(), Server: Server(c), Key: fill.Bytes(c, 32, 32)}
	if l.Type == link.InvitationLink {
		l.LinkID = fill.Bytes(c, 1, 255)
	}
	return l
}

// FixedData returns fixed link data with any root key.
func FixedData(c fuzz.Continue) link.FixedData {
	return link.FixedData{
		AgentVersions: versions(c, 2, 9), RootKey: fill.Key(c, keys.Ed25519), Connection: Connection(c),
		EntityID: fill.Option(c),
	}
}

// Owner returns an owner whose signature is any bytes.
func Owner(c fuzz.Continue) link.Owner {
	return link.Owner{ID: fill.Bytes(c, 0, 144), Key: fill.Key(c, keys.Ed25519), Signature: fill.Bytes(c, 64, 64)}
}

// UserData returns user data; its relays are as the binary form has them, with Web set.
func UserData(c fuzz.Continue) link.UserData {
	d := link.UserData{Mode: link.Invitation, AgentVersions: versions(c, 2, 9), Data: fill.Bytes(c, 0, 65535)}
	if c.RandBool() {
		return d
	}
	d.Mode, d.Direct = link.Contact, c.RandBool()
	for range c.Intn(3) {
		d.Owners = append(d.Owners, Owner(c))
	}
	for range c.Intn(3) {
		l := shortLink(c, linkTypes[:4]...)
		l.Web = true
		d.Relays = append(d.Relays, l)
	}
	return d
}

package probe

import (
	"bytes"
	"fmt"

	"smpcheck/conformance"
	"smpcheck/conformance/target"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// questions are those of the survey after TLS 1.3, in the order of
// target.CapabilityNames.
var questions = []question{
	{target.TLS12, 0, askTLS12},
	{target.ALPN, 0, askALPN},
	{target.BlockEncryption, smp.VersionBlockEncryption, askBlockEncryption},
	{target.NewQueues, smp.MinVersion, askNewQueues},
	{target.Notifications, smp.MinVersion, askNotifications},
	{target.Forwarding, smp.VersionProxy, askForwarding},
	{target.Links, smp.VersionShortLinks, askLinks},
	{target.Services, smp.VersionServices, askServices},
	{target.NameResolution, smp.VersionNames, askNames},
}

func askTLS12(t *conformance.T) (target.State, string) {
	_, err := OpenTLS12(t)
	switch {
	case err == nil:
		return target.Yes, ""
	case timedOut(err):
		return target.Unknown, err.Error()
	case choosesTLS12(t):
		return target.Yes, "but smpcheck goes no further with its certificate: " + err.Error()
	}
	return target.No, err.Error()
}

func askALPN(t *conformance.T) (target.State, string) {
	if t.Info().ALPN == ALPN {
		return target.Yes, ALPN
	}
	return target.No, "the relay does not select " + ALPN
}

func askBlockEncryption(t *conformance.T) (target.State, string) {
	c := Dial(t)
	c.Ping()
	if c.Encrypted() {
		return target.Yes, ""
	}
	return target.No, "blocks are plain inside TLS"
}

// askNewQueues also finds out whether the password is needed.
func askNewQueues(t *conformance.T) (target.State, string) {
	c := Dial(t)
	hasPassword := t.Server().Password != ""
	if !c.createsQueue(nil) {
		return target.No, "NEW is refused; a password belongs into the address: smp://FINGERPRINT:PASSWORD@HOST"
	}
	if !hasPassword {
		return target.Yes, "without a password"
	}
	if c.createsQueue(withoutPassword) {
		return target.Yes, "also without the password of the address"
	}
	return target.Yes, "with the password of the address, not without"
}

func withoutPassword(cmd *smp.NEW) { cmd.Password = nil }

// createsQueue reports whether the relay creates a queue, which is deleted again. An
// answer that is neither IDS nor an error blocks the case.
func (c *Conn) createsQueue(change QueueOption) bool {
	var opts []QueueOption
	if change != nil {
		opts = append(opts, change)
	}
	cmd, q := c.NewQueueRequest(opts...)
	a := c.Ask(nil, q.Key, cmd)
	if a.isError() {
		return false
	}
	q.Created(RequireA[smp.IDS](a))
	q.Recipient(c, smp.DEL{})
	return true
}

func askNotifications(t *conformance.T) (target.State, string) {
	c := Dial(t)
	q := c.NewQueue()
	defer q.Recipient(c, smp.DEL{})
	request, _ := q.NotifierRequest(keys.Ed25519)
	return told[smp.NID](q.Recipient(c, smp.NKEY{NotifierKeys: request}))
}

// told is Yes for an answer of the wanted kind, and No with the error for an error.
func told[R smp.Response](a Answer) (target.State, string) {
	if _, ok := a.Response.(R); ok && a.OK() {
		return target.Yes, ""
	}
	if a.isError() {
		return target.No, fmt.Sprintf("%s is answered %s", a.Name(), a)
	}
	return target.Unknown, fmt.Sprintf("%s is answered %s", a.Name(), a)
}

func askForwarding(t *conformance.T) (target.State, string) {
	d, c := NewDestination(t), Dial(t)
	a := c.AskSession(d.Server())
	e, refused := a.Response.(smp.ERR)
	switch {
	case refused && e.Err.Equal(smp.ErrProxyBasicAuth):
		return target.No, forwardsForNobody
	case refused && e.Err.Proxy != nil && e.Err.Proxy.Code == smp.ProxyBroker:
		return target.Yes, fmt.Sprintf("but not to the loopback address of the runner: ERR %v", e.Err)
	}
	return told[smp.PKEY](a)
}

func askLinks(t *conformance.T) (target.State, string) {
	c := Dial(t)
	cmd, id, q := c.LinkRequest(smp.Contact)
	a := c.AskAs(id, nil, q.Key, cmd)
	ids, ok := a.Response.(smp.IDS)
	if !ok {
		return told[smp.IDS](a)
	}
	q.Created(ids)
	defer q.Recipient(c, smp.DEL{})
	if !bytes.Equal(ids.LinkID, cmd.Request.Link.LinkID) {
		return target.No, "NEW with link data is answered IDS without the link id"
	}
	return target.Yes, ""
}

func askServices(t *conformance.T) (target.State, string) {
	_, response, err := OfferService(t, HonestOffer(transport.RoleMessaging, NewService(t)))
	switch {
	case err != nil:
		return target.Unknown, "the third message of the handshake cannot be read: " + err.Error()
	case response.Error != "":
		return target.No, "it refuses the service: " + string(response.Error)
	}
	return target.Yes, ""
}

// askNames trusts what the operator says; else a name that nobody has registered tells.
func askNames(t *conformance.T) (target.State, string) {
	switch names := t.Info().Names; {
	case names.Off:
		return target.No, "by what the caller says"
	case names.Known != "":
		return target.Yes, "such as " + names.Known + ", by what the caller says"
	}
	a := Dial(t).Ask(nil, NoKey, smp.RSLV{Domain: unregisteredName})
	e, refused := a.Response.(smp.ERR)
	if refused && e.Err.Name != "" && e.Err.Name != smp.NameNoResolver {
		return target.Yes, "but no name is known that it resolves (--known-name)"
	}
	return told[smp.RNAME](a)
}

// unregisteredName is a name that nobody has registered.
const unregisteredName = "smpcheck-asks-whether-names-are-resolved.testing"

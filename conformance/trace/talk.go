package trace

import (
	"bytes"
	"slices"
	"strings"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/transport"
)

// talk is what the events of a connection have shown so far.
type talk struct {
	connection
	version uint16
	// relayHello and clientHello say that the hellos have been.
	relayHello, clientHello bool
	// service says that the client is a service, admitted that it was answered.
	service, admitted bool
	// clientKey and relayKey are the session keys in the hellos, zero for none.
	clientKey, relayKey keys.PublicKey
	// forwarding is the key of a proxy and the relay, zero before it is needed.
	forwarding *box.Key
	roles      []string
}

func (t *talk) relayGreeted() bool  { return t.greeted || t.relayHello }
func (t *talk) clientGreeted() bool { return t.greeted || t.clientHello }

// awaitsAdmission reports whether the next block of the relay answers the hello of a
// service.
func (t *talk) awaitsAdmission() bool { return t.service && !t.admitted }

// rolesOf are the parties that send a command.
var rolesOf = map[string]string{
	"NEW": "recipient", "SUB": "recipient", "KEY": "recipient", "RKEY": "recipient", "NKEY": "recipient",
	"NDEL": "recipient", "GET": "recipient", "ACK": "recipient", "OFF": "recipient", "DEL": "recipient",
	"QUE": "recipient", "LSET": "recipient", "LDEL": "recipient",
	"SKEY": "sender", "SEND": "sender", "LKEY": "sender", "LGET": "sender", "PRXY": "sender", "PFWD": "sender",
	"NSUB": "notifier", "SUBS": "service", "NSUBS": "service", "RFWD": "proxy",
}

// plays notes an encoded command that was sent on the connection, which need not be
// valid.
func (t *talk) plays(command []byte) {
	tag, _, _ := bytes.Cut(command, []byte(" "))
	t.addRole(rolesOf[string(tag)])
}

func (t *talk) addRole(role string) {
	if role != "" && !slices.Contains(t.roles, role) {
		t.roles = append(t.roles, role)
	}
}

// role is the party that the runner plays on the connection.
func (t *talk) role() string {
	switch {
	case t.connection.role != "":
		return t.connection.role
	case len(t.roles) == 0:
		return "client"
	}
	return strings.Join(t.roles, " and ")
}

// serverHello decodes the first block of a relay.
func (d *decoder) serverHello(out *Layer, content []byte, t *talk) {
	t.relayHello = true
	out.Kind = KindHandshake
	h, ignored, err := transport.ReadServerHello(content)
	if err != nil {
		out.Summary, out.Error = "server hello, "+size(len(content)), err.Error()
		return
	}
	out.Summary = "server hello, SMP " + h.Versions.String()
	out.Fields = append(out.Fields, d.fields(h)...)
	addIgnored(out, ignored)
	signed, err := keys.ParseSignedKey(h.SignedKey)
	if err != nil {
		return // the field says so
	}
	if key, err := signed.PublicKey(); err == nil && key.Algorithm() == keys.X25519 {
		t.relayKey = key
		d.addServerKey(key)
	}
}

// clientHello decodes the first block of a client.
func (d *decoder) clientHello(out *Layer, content []byte, t *talk) {
	t.clientHello = true
	out.Kind = KindHandshake
	h, ignored, err := transport.ReadClientHello(content)
	if err != nil {
		out.Summary, out.Error = "client hello, "+size(len(content)), err.Error()
		return
	}
	out.Summary = "client hello, SMP " + grouped(int(h.Version))
	t.version, t.clientKey = h.Version, h.Key
	if h.Proxy {
		t.addRole("proxy")
		out.Summary += ", proxy"
	}
	if h.Service != nil {
		t.service = true
		t.addRole("service")
		out.Summary += ", service"
	}
	out.Fields = append(out.Fields, d.fields(h)...)
	addIgnored(out, ignored)
}

// serviceResponse decodes the answer of a relay to the hello of a service.
func (d *decoder) serviceResponse(out *Layer, content []byte, t *talk) {
	t.admitted = true
	out.Kind = KindHandshake
	r, ignored, err := transport.ReadServiceResponse(content)
	switch {
	case err != nil:
		out.Summary, out.Error = "answer to the service, "+size(len(content)), err.Error()
		return
	case r.Error != "":
		out.Summary = "the service is refused: " + string(r.Error)
		return
	}
	out.Summary = "the service is accepted"
	d.named(r.ServiceID, "service id")
	out.Fields = append(out.Fields, Field{"service id", d.name(r.ServiceID)})
	addIgnored(out, ignored)
}

func addIgnored(out *Layer, ignored []byte) {
	if len(ignored) > 0 {
		out.Fields = append(out.Fields, Field{"after it", size(len(ignored))})
	}
}

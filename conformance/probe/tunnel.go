package probe

import (
	"errors"
	"fmt"
	"net"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/target"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// Tunnel is what a client knows of the session between a proxy and a
// destination.
type Tunnel struct {
	// SessionID identifies the session, Key is the destination's key for it.
	SessionID []byte
	Key       keys.PublicKey
	// Version is that of what is forwarded.
	Version uint16
	// PKEY is what the proxy said; zero on the connection of a proxy.
	PKEY smp.PKEY

	conn *Conn
}

// Parcel is a command in the encryption between client and destination.
type Parcel struct {
	// PFWD is the command to the proxy; the correlation id is also the nonce.
	CorrelationID []byte
	PFWD          smp.PFWD
	// Inner is the transmission inside.
	Inner smp.Transmission

	tunnel *Tunnel
	key    box.Key
	what   string
}

// PRXY is the command that asks for a session, with the password of the address
// if there is one.
func (c *Conn) PRXY(server smp.Server) smp.PRXY {
	cmd := smp.PRXY{Server: server}
	if password := c.t.Server().Password; password != "" {
		cmd.Password = []byte(password)
	}
	return cmd
}

// AskSession asks for a session with a relay.
func (c *Conn) AskSession(server smp.Server) Answer { return c.Ask(nil, NoKey, c.PRXY(server)) }

// AwaitWithin is Await with another limit, at time scale 1.
func (c *Conn) AwaitWithin(what string, tr smp.Transmission, within time.Duration) Answer {
	r, missing := c.await(within, func(r Received) bool { return string(r.CorrelationID) == string(tr.CorrelationID) })
	return Answer{Received: r, t: c.t, command: what, missing: missing}
}

// forwardsForNobody is what the answer PROXY BASIC_AUTH to PRXY means.
const forwardsForNobody = "it forwards for nobody, or for another password than that of its address (PROXY BASIC_AUTH)"

// RequireForwarding ends the case with skip if the answer to PRXY says that the
// relay forwards for nobody, or not to the loopback interface of the runner. A relay
// that smpcheck only knows by its address, or started by a command, may be in a
// container: then that interface is another one for it, also if it can be reached, and
// reaches itself, at 127.0.0.1.
func (c *Conn) RequireForwarding(a Answer, d *Destination) {
	e, ok := a.Response.(smp.ERR)
	if !ok || e.Err.Proxy == nil {
		return
	}
	switch p := e.Err.Proxy; {
	case p.Code == smp.ProxyBasicAuth:
		Lack(c.t, target.Forwarding, forwardsForNobody)
	case p.Code == smp.ProxyBroker && d.Met() == 0 && c.t.Target().Kind() != target.Embedded:
		c.t.Skip(fmt.Sprintf("the relay does not connect to the loopback address of the runner: ERR %v", e.Err))
	}
}

// ownServer is the relay under test as PRXY names it.
func ownServer(t *conformance.T) smp.Server {
	host, port, err := net.SplitHostPort(t.Server().Address())
	if err != nil {
		t.Broken(err)
	}
	return smp.Server{Hosts: []string{host}, Port: port, KeyHash: t.Server().KeyHash}
}

// AskOwnSession asks the relay for a session with itself. An address at which clients
// reach it need not be one at which it reaches itself: nobody may answer there, so the
// answer may take as long as the relay tries to connect.
func (c *Conn) AskOwnSession(within time.Duration) Answer {
	tr := c.Transmission(nil, NoKey, c.PRXY(ownServer(c.t)))
	c.Send(tr)
	return c.AwaitWithin("PRXY", tr, within)
}

// OpenTunnel asks for a session with the destination; a relay that refuses, or
// whose answer proves nothing, blocks the case.
func (c *Conn) OpenTunnel(d *Destination) *Tunnel {
	a := c.AskSession(d.Server())
	c.RequireForwarding(a, d)
	return c.RequireTunnel(a)
}

// RequireTunnel makes a tunnel of the answer to PRXY.
func (c *Conn) RequireTunnel(a Answer) *Tunnel {
	pkey := RequireA[smp.PKEY](a)
	u, err := c.NewTunnel(pkey)
	if err != nil {
		Blocked(c.t, "PKEY proves nothing: %v", err)
	}
	return u
}

// NewTunnel makes a tunnel of PKEY, or says why the key in it cannot be used. The
// version is that of the connection, or the nearest one in PKEY.
func (c *Conn) NewTunnel(pkey smp.PKEY) (*Tunnel, error) {
	key, err := SessionKey(transport.ServerHello{Chain: pkey.Chain, SignedKey: pkey.SignedKey})
	if err != nil {
		return nil, err
	}
	version := min(max(c.version, pkey.Versions.Min), pkey.Versions.Max)
	return &Tunnel{SessionID: pkey.SessionID, Key: key, Version: version, PKEY: pkey, conn: c}, nil
}

// TunnelTo is a tunnel that the case makes up.
func (c *Conn) TunnelTo(sessionID []byte, key keys.PublicKey) *Tunnel {
	return &Tunnel{SessionID: sessionID, Key: key, Version: c.version, conn: c}
}

// Pack makes a parcel of one command, authorized with key unless that is NoKey.
func (u *Tunnel) Pack(entity []byte, key keys.PrivateKey, cmd smp.Command) *Parcel {
	p := u.PackTransmission(u.Transmission(entity, key, cmd))
	p.what = "forwarded " + cmd.Tag()
	return p
}

// Transmission is a command for the destination, with a correlation id of its
// own.
func (u *Tunnel) Transmission(entity []byte, key keys.PrivateKey, cmd smp.Command) smp.Transmission {
	encoded, err := smp.EncodeCommand(u.Version, cmd)
	if err != nil {
		u.conn.t.Broken(err)
	}
	return u.authorize(smp.Transmission{
		CorrelationID: u.conn.t.Fresh().Bytes(smp.CorrelationIDSize), EntityID: entity, Command: encoded,
	}, key, u.SessionID)
}

// Claiming is Pack with an authorization for another session.
func (u *Tunnel) Claiming(sessionID, entity []byte, key keys.PrivateKey, cmd smp.Command) *Parcel {
	tr := u.Transmission(entity, NoKey, cmd)
	p := u.PackTransmission(u.authorize(tr, key, sessionID))
	p.what = "forwarded " + cmd.Tag() + " for another session"
	return p
}

func (u *Tunnel) authorize(tr smp.Transmission, key keys.PrivateKey, sessionID []byte) smp.Transmission {
	if key.IsZero() {
		return tr
	}
	var relayKey keys.PublicKey
	if key.Algorithm().CanAgree() {
		relayKey = u.Key
	}
	authorizer, err := smp.NewAuthorizer(key, relayKey)
	if err == nil {
		err = tr.Authorize(sessionID, authorizer)
	}
	if err != nil {
		u.conn.t.Broken(err)
	}
	return tr
}

// PackTransmission makes a parcel of a transmission, which need not be valid. Its
// correlation id is that of PFWD too.
func (u *Tunnel) PackTransmission(tr smp.Transmission) *Parcel {
	p := u.PackContent(u.BlockOf(tr), tr.CorrelationID)
	p.Inner, p.what = tr, "forwarded command"
	return p
}

// BlockOf is the content of a block with transmissions for the destination.
func (u *Tunnel) BlockOf(trs ...smp.Transmission) []byte {
	var encoded [][]byte
	for _, tr := range trs {
		b, err := tr.Encode(u.Version)
		if err != nil {
			u.conn.t.Broken(err)
		}
		encoded = append(encoded, b)
	}
	content, err := smp.EncodeBlock(encoded...)
	if err != nil {
		u.conn.t.Broken(err)
	}
	return content
}

// PackContent makes a parcel of any content, with a new key and the given
// correlation id.
func (u *Tunnel) PackContent(content, correlationID []byte) *Parcel {
	return u.PackPadded(content, correlationID, smp.PaddedForwarded)
}

// PackPadded is PackContent with another size of the padded content.
func (u *Tunnel) PackPadded(content, correlationID []byte, size int) *Parcel {
	t := u.conn.t
	private := NewKey(t, keys.X25519)
	key, err := box.Agree(private, u.Key)
	if err != nil {
		t.Broken(err)
	}
	nonce := smp.CorrelationNonce(correlationID)
	body, err := box.SealPadded(nil, content, size, &nonce, &key)
	if err != nil {
		t.Broken(err)
	}
	return &Parcel{
		CorrelationID: correlationID,
		PFWD:          smp.PFWD{Version: u.Version, Key: private.Public(), Body: body},
		tunnel:        u, key: key, what: "PFWD",
	}
}

// Transmission is the PFWD of a parcel.
func (p *Parcel) Transmission() smp.Transmission {
	return smp.Transmission{
		CorrelationID: p.CorrelationID, EntityID: p.tunnel.SessionID, Command: p.tunnel.conn.EncodeCommand(p.PFWD),
	}
}

// Send sends parcels, each in a block of its own.
func (u *Tunnel) Send(parcels ...*Parcel) {
	for _, p := range parcels {
		u.conn.Send(p.Transmission())
	}
}

// Await waits for the answer to a parcel that was sent.
func (u *Tunnel) Await(p *Parcel) Answer { return u.conn.AwaitCorrelation("PFWD", p.CorrelationID) }

// AwaitWithin is Await with another limit, at time scale 1.
func (u *Tunnel) AwaitWithin(p *Parcel, within time.Duration) Answer {
	return u.conn.AwaitWithin("PFWD", smp.Transmission{CorrelationID: p.CorrelationID}, within)
}

// Ask sends a parcel, and returns the answer to the command inside. What is not
// PRES, or does not open, blocks the case.
func (u *Tunnel) Ask(p *Parcel) Answer {
	u.Send(p)
	pres := RequireA[smp.PRES](u.Await(p))
	r, err := p.Open(pres.Body)
	if err != nil {
		Blocked(u.conn.t, "PRES cannot be read: %v", err)
	}
	return Answer{Received: r, t: u.conn.t, command: p.what}
}

// Name is the command that was sent.
func (a Answer) Name() string { return a.command }

// ErrResponseIDs: the response to a forwarded command has other ids.
var ErrResponseIDs = errors.New("the response has other ids than the forwarded command")

// Further errors of opening a response.
var (
	errResponseSize  = errors.New("the encrypted response is not 16242 bytes long")
	errResponseBatch = errors.New("what is encrypted is no block with one transmission")
)

// Unseal takes the encryption off a response: the padded content.
func (p *Parcel) Unseal(body []byte) ([]byte, error) {
	nonce := smp.CorrelationNonce(p.CorrelationID).Reverse()
	return box.Open(nil, body, &nonce, &p.key)
}

// Seal encrypts a padded content as the response to the parcel.
func (p *Parcel) Seal(padded []byte) []byte {
	nonce := smp.CorrelationNonce(p.CorrelationID).Reverse()
	return box.Seal(nil, padded, &nonce, &p.key)
}

// Open decrypts and decodes the response to the command in the parcel.
func (p *Parcel) Open(body []byte) (Received, error) {
	if len(body) != smp.PaddedForwarded+box.Overhead {
		return Received{}, errResponseSize
	}
	nonce := smp.CorrelationNonce(p.CorrelationID).Reverse()
	content, err := box.OpenPadded(body, &nonce, &p.key)
	if err != nil {
		return Received{}, err
	}
	encoded, err := smp.DecodeBlock(content)
	if err != nil || len(encoded) != 1 {
		return Received{}, errResponseBatch
	}
	tr, err := smp.DecodeTransmission(p.tunnel.Version, encoded[0])
	if err != nil {
		return Received{}, err
	}
	if string(tr.CorrelationID) != string(p.Inner.CorrelationID) || string(tr.EntityID) != string(p.Inner.EntityID) {
		return Received{}, ErrResponseIDs
	}
	r := Received{Transmission: tr}
	r.Response, r.Err = smp.DecodeResponse(p.tunnel.Version, tr.Command)
	return r, nil
}

func deadlineAfter(t *conformance.T, d time.Duration) time.Time {
	end := time.Now().Add(d)
	if limit, ok := t.Context().Deadline(); ok && limit.Before(end) {
		return limit
	}
	return end
}

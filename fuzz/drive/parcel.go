package drive

import (
	"net"

	"smpcheck/conformance/probe"
	"smpcheck/fuzz/program"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// tunnel is the session with a relay that a PKEY has promised.
type tunnel struct {
	sessionID []byte
	key       keys.PublicKey
	versions  wire.VersionRange
}

// parcel is a transmission in the encryption for a destination, on its way.
type parcel struct {
	// padded is what is encrypted; it may be changed before it is.
	padded []byte
	// version is that of the transmission in it.
	version uint16
	seal    func(padded []byte) ([]byte, error)
}

// targets of PRXY, by Arg.
const (
	toItself = iota
	toNobody
	toUnspecified
	toNoName
	targets
)

// recipePRXY asks for a session with a relay.
func (r *runner) recipePRXY(arg uint16) recipe {
	server := smp.Server{Hosts: []string{"127.0.0.1"}, Port: "1", KeyHash: r.cfg.Server.KeyHash}
	rec := recipe{tag: "PRXY", maker: true, slow: true, excused: arg%targets != toItself}
	switch arg % targets {
	case toItself:
		rec.variant = "itself"
		if host, port, err := net.SplitHostPort(r.cfg.Server.Address()); err == nil {
			server.Hosts, server.Port = []string{host}, port
		}
	case toNobody:
		rec.variant = "nobody"
	case toUnspecified:
		rec.variant = "unspecified"
		server.Hosts[0] = "0.0.0.0"
	case toNoName:
		rec.variant = "no-name"
		server.Hosts[0] = "nowhere.invalid"
	}
	rec.cmd = smp.PRXY{Server: server, Password: r.password()}
	return rec
}

// tunnelOf is the tunnel of a PKEY, nil if its key proves nothing.
func tunnelOf(p smp.PKEY) *tunnel {
	key, err := probe.SessionKey(transport.ServerHello{Chain: p.Chain, SignedKey: p.SignedKey})
	if err != nil {
		return nil
	}
	return &tunnel{sessionID: p.SessionID, key: key, versions: p.Versions}
}

// recipePFWD sends a command through the tunnel of the connection, or through one that
// does not exist.
func (r *runner) recipePFWD(l *line, s *slot, op program.Op) recipe {
	u := l.tunnel
	rec := recipe{tag: "PFWD", party: other, slow: true}
	if u == nil {
		u = &tunnel{sessionID: fresh(32), key: r.newKey(keys.X25519).Public(), versions: wire.Versions(l.version, l.version)}
		rec.variant = "no-tunnel "
	}
	version := max(min(max(l.version, u.versions.Min), u.versions.Max), smp.VersionAuthenticators)
	private := r.newKey(keys.X25519)
	inside := session{version: version, id: u.sessionID, relayKey: u.key}
	inner, variant := r.inner(inside, s, op)
	key, err := box.Agree(private, u.key)
	if err != nil {
		key = box.Key{} // the relay's key is of low order: nobody can agree with it
	}
	nonce := smp.CorrelationNonce(inner.CorrelationID)
	rec.variant += variant
	rec.id, rec.correlation = u.sessionID, inner.CorrelationID
	rec.parcel = r.parcel(inside, inner, func(padded []byte) ([]byte, error) {
		body := box.Seal(nil, padded, &nonce, &key)
		return smp.EncodeCommand(l.version, smp.PFWD{Version: version, Key: private.Public(), Body: body})
	})
	return rec
}

// recipeRFWD sends what a proxy sends, encrypted with the secret of the connection if
// there is one.
func (r *runner) recipeRFWD(l *line, s *slot, op program.Op) recipe {
	rec := recipe{tag: "RFWD"}
	relayKey, secret := l.relayKey, l.secret
	if secret == nil {
		rec.variant, secret = "no-secret ", make([]byte, box.KeySize)
	}
	if relayKey.IsZero() {
		relayKey = r.newKey(keys.X25519).Public()
	}
	private := r.newKey(keys.X25519)
	version := max(l.version, smp.VersionAuthenticators)
	inside := session{version: version, id: l.conn.SessionID, relayKey: relayKey}
	inner, variant := r.inner(inside, s, op)
	key, err := box.Agree(private, relayKey)
	if err != nil {
		key = box.Key{} // the relay's key is of low order: nobody can agree with it
	}
	between, err := box.DeriveKey(secret)
	if err != nil {
		between = box.Key{} // a secret has the right size
	}
	rec.variant += variant
	rec.correlation = fresh(smp.CorrelationIDSize)
	outer := smp.CorrelationNonce(rec.correlation)
	nonce := smp.CorrelationNonce(inner.CorrelationID)
	rec.parcel = r.parcel(inside, inner, func(padded []byte) ([]byte, error) {
		forward := smp.ForwardedCommand{CorrelationID: inner.CorrelationID, Version: version, Key: private.Public(),
			Body: box.Seal(nil, padded, &nonce, &key)}
		b, err := forward.Encode()
		if err != nil {
			return nil, err
		}
		return smp.EncodeCommand(l.version, smp.RFWD{Body: box.Seal(nil, b, &outer, &between)})
	})
	return rec
}

// inner makes the command that is forwarded: PING, SEND or SKEY of the slot.
func (r *runner) inner(in session, s *slot, op program.Op) (smp.Transmission, string) {
	q := r.known(s)
	t := smp.Transmission{CorrelationID: fresh(smp.CorrelationIDSize)}
	var cmd smp.Command
	key := noKey
	switch op.Arg % 3 {
	case 0:
		cmd = smp.PING{}
	case 1:
		cmd, key, t.EntityID = smp.SEND{Body: fill(r.random(r.op, fromInner), 64)}, q.senderKey, q.senderID
	case 2:
		key = r.sender(s, 0)
		cmd, t.EntityID = smp.SKEY{SenderKey: key.Public()}, q.senderID
	}
	encoded, err := smp.EncodeCommand(in.version, cmd)
	if err == nil {
		t.Command = encoded
	}
	if !key.IsZero() {
		a, err := smp.NewAuthorizer(key, in.relayKey)
		if err == nil {
			err = t.Authorize(in.id, a)
		}
		if err != nil {
			t.Authorization = nil // the session id of the PKEY is too long
		}
	}
	return t, "inner-" + cmd.Tag()
}

// parcel makes the padded content of a parcel.
func (r *runner) parcel(in session, t smp.Transmission, seal func([]byte) ([]byte, error)) *parcel {
	p := &parcel{seal: seal, version: in.version}
	content, err := t.AppendBlock(nil, in.version)
	if err != nil {
		content = []byte{0} // the session id of the PKEY is too long
	}
	p.padded = pad(content, smp.PaddedForwarded)
	return p
}

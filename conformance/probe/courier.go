package probe

import (
	"smpcheck/conformance"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// Courier is a connection on which the case plays the proxy, with the relay under
// test as the destination.
type Courier struct {
	*Conn
	// Tunnel is what the clients of the proxy know.
	Tunnel *Tunnel

	key box.Key
}

// RFWD is a forwarded command with the encryption of the proxy.
type RFWD struct {
	smp.Transmission
	courier *Courier
	parcel  *Parcel
	nonce   box.Nonce
}

// DialAsProxy connects as a proxy does: with a key and, where hellos have one,
// the flag.
func DialAsProxy(t *conformance.T) *Courier {
	if t.Version() < smp.VersionProxyFlag {
		return NewCourier(Dial(t))
	}
	return NewCourier(Dial(t, AsProxy))
}

// NewCourier uses a connection to forward.
func NewCourier(c *Conn) *Courier {
	secret, err := c.private.DH(c.RelayKey())
	if err != nil {
		c.t.Broken(err)
	}
	key, err := box.DeriveKey(secret)
	if err != nil {
		c.t.Broken(err)
	}
	return &Courier{Conn: c, key: key, Tunnel: c.TunnelTo(c.SessionID(), c.RelayKey())}
}

// Wrap encrypts a parcel for the destination, with a nonce of its own.
func (c *Courier) Wrap(p *Parcel) *RFWD {
	content, err := smp.ForwardedCommand{
		CorrelationID: p.CorrelationID, Version: p.PFWD.Version, Key: p.PFWD.Key, Body: p.PFWD.Body,
	}.Encode()
	if err != nil {
		c.t.Broken(err)
	}
	r := c.WrapContent(content)
	r.parcel = p
	return r
}

// WrapContent encrypts any content for the destination.
func (c *Courier) WrapContent(content []byte) *RFWD {
	r := &RFWD{courier: c, Transmission: smp.Transmission{CorrelationID: c.t.Fresh().Bytes(smp.CorrelationIDSize)}}
	r.nonce = smp.CorrelationNonce(r.CorrelationID)
	r.Command = append([]byte("RFWD "), box.Seal(nil, content, &r.nonce, &c.key)...)
	return r
}

// Unwrap takes the encryption of the proxy off the response to an RFWD.
func (r *RFWD) Unwrap(body []byte) (smp.ForwardedResponse, error) {
	nonce := r.nonce.Reverse()
	content, err := box.Open(nil, body, &nonce, &r.courier.key)
	if err != nil {
		return smp.ForwardedResponse{}, err
	}
	return smp.DecodeForwardedResponse(content)
}

// Carry forwards a parcel and returns the answer to the command inside. An
// answer that is no RRES, or does not open, blocks the case.
func (c *Courier) Carry(p *Parcel) Answer { return c.carry(p, RequireA[smp.RRES]) }

// CarryInside is Carry for a case about where the answer is: one that is no RRES
// fails the case.
func (c *Courier) CarryInside(p *Parcel) Answer { return c.carry(p, ExpectA[smp.RRES]) }

func (c *Courier) carry(p *Parcel, rresOf func(Answer) smp.RRES) Answer {
	r := c.Wrap(p)
	rres := rresOf(c.AskTransmission("RFWD", r.Transmission))
	response, err := r.Unwrap(rres.Body)
	if err != nil {
		Blocked(c.t, "RRES cannot be read: %v", err)
	}
	received, err := p.Open(response.Body)
	if err != nil {
		Blocked(c.t, "the response in RRES cannot be read: %v", err)
	}
	return Answer{Received: received, t: c.t, command: p.what}
}

// Command forwards one command, authorized with key unless that is NoKey.
func (c *Courier) Command(entity []byte, key keys.PrivateKey, cmd smp.Command) Answer {
	return c.Carry(c.Tunnel.Pack(entity, key, cmd))
}

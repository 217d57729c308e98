package relay

import (
	"smpcheck/reference/box"
	"smpcheck/reference/smp"
)

// forwarded is a command that a proxy has forwarded, with what is needed to
// answer it.
type forwarded struct {
	smp.ForwardedCommand
	proxyNonce, clientNonce box.Nonce
	proxyKey, clientKey     box.Key
	// content is the decrypted block with the transmission.
	content []byte
}

// defaultForwarded is the stage Forwarded. SMP, "Forward command to destination
// router".
func defaultForwarded(s *Session, r *Request) smp.Response {
	f, failure := s.openForwarded(r)
	if failure != nil {
		return fail(failure)
	}
	inner := s.forwardedSession(f.Version)
	requests := s.relay.stages.Decode(inner, f.content)
	if len(requests) != 1 {
		return fail(smp.ErrBlock)
	}
	if requests[0].Err == nil && !forwardable(requests[0].Command) {
		requests[0].Err = smp.ErrCmdProhibited
	}
	var answers []Output
	inner.run(&requests[0], func(outs ...Output) { answers = outs })
	if len(answers) != 1 {
		return nil
	}
	return inner.sealForwarded(f, &answers[0])
}

// forwardable reports whether a command may come through a proxy: those of
// senders, and RSLV. The document names SEND, SKEY and RSLV, the official relay
// takes all of these.
func forwardable(c smp.Command) bool {
	switch c.(type) {
	case smp.SEND, smp.SKEY, smp.LKEY, smp.LGET, smp.RSLV:
		return true
	}
	return false
}

// openForwarded takes both encryptions off an RFWD: that of the proxy, with the
// secret of the two hellos, and that of the client, with its key for this
// command. The errors are the official relay's.
func (s *Session) openForwarded(r *Request) (*forwarded, *smp.Error) {
	if s.conn.Secret() == nil {
		return nil, smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerTransport, Transport: smp.TransportNoAuth})
	}
	f := &forwarded{proxyNonce: smp.CorrelationNonce(r.Transmission.CorrelationID)}
	var err error
	if f.proxyKey, err = box.DeriveKey(s.conn.Secret()); err != nil {
		return nil, smp.ErrCrypto
	}
	body := r.Command.(smp.RFWD).Body
	opened, err := box.Open(nil, body, &f.proxyNonce, &f.proxyKey)
	if err != nil {
		return nil, smp.ErrCrypto
	}
	if f.ForwardedCommand, err = smp.DecodeForwardedCommand(opened); err != nil {
		return nil, smp.ErrCmdSyntax
	}
	f.clientNonce = smp.CorrelationNonce(f.CorrelationID)
	if f.clientKey, err = box.Agree(s.conn.SessionKey(), f.Key); err != nil {
		return nil, smp.ErrCrypto
	}
	if f.content, err = box.OpenPadded(f.Body, &f.clientNonce, &f.clientKey); err != nil {
		return nil, smp.ErrCrypto
	}
	return f, nil
}

// forwardedSession is the session in which a forwarded command is decoded,
// authorised, executed and answered: that of the proxy's connection, at the
// version that the client chose. As in the official relay any version is taken,
// also one that was not offered, and the session identifier is implied at every
// one, so that those before 7 are like 7.
func (s *Session) forwardedSession(version uint16) *Session {
	return &Session{
		relay:    s.relay,
		conn:     s.conn,
		out:      s.out,
		verifier: s.verifier,
		version:  max(version, smp.VersionAuthenticators),
		queues:   make(map[*Queue]struct{}),
	}
}

// sealForwarded encrypts the answer for the client and then for the proxy. The
// nonces are those of the command with their bytes reversed, as in the official
// relay; the document says increased by 1.
func (s *Session) sealForwarded(f *forwarded, out *Output) smp.Response {
	transmission, err := s.encode(out, out.Response)
	if err != nil {
		return s.internal(err)
	}
	content, err := smp.EncodeBlock(transmission)
	if err != nil {
		return fail(smp.ErrBlock)
	}
	nonce := f.clientNonce.Reverse()
	body, err := box.SealPadded(nil, content, smp.PaddedForwarded, &nonce, &f.clientKey)
	if err != nil {
		return fail(smp.ErrBlock)
	}
	response, err := smp.ForwardedResponse{CorrelationID: f.CorrelationID, Body: body}.Encode()
	if err != nil {
		return s.internal(err)
	}
	nonce = f.proxyNonce.Reverse()
	return smp.RRES{Body: box.Seal(nil, response, &nonce, &f.proxyKey)}
}

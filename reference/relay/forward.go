package relay

import (
	"smpcheck/reference/box"
	"smpcheck/reference/smp"
)

// Forward is a command that a proxy has forwarded, with what is needed to answer
// it.
type Forward struct {
	smp.ForwardedCommand
	// ProxyNonce and ProxyKey are those of the encryption by the proxy.
	ProxyNonce box.Nonce
	ProxyKey   box.Key
	// ClientNonce and ClientKey are those of the encryption by the client.
	ClientNonce box.Nonce
	ClientKey   box.Key
	// Content is the content of a block with the transmission.
	Content []byte
}

// defaultForwarded is the stage Forwarded. SMP, "Forward command to destination
// router".
func defaultForwarded(s *Session, r *Request) smp.Response {
	stages := &s.relay.stages
	f, failure := stages.OpenForward(s, r)
	if failure != nil {
		return fail(failure)
	}
	inner := s.forwardedSession(f, r)
	requests := stages.Decode(inner, f.Content)
	if len(requests) != 1 {
		return fail(smp.ErrBlock)
	}
	if requests[0].Err == nil && !forwardable(requests[0].Command) {
		requests[0].Err = smp.ErrCmdProhibited
	}
	var answers []Output
	inner.run(&requests[0], func(outs ...Output) { answers = outs })
	wipe(requests)
	r.commit = requests[0].commit
	if len(answers) != 1 {
		return nil // or later, see forwarding
	}
	return inner.forward.seal(inner, answers[0])
}

// forwarding is what the session of a forwarded command needs to be answered.
type forwarding struct {
	connection *Session // that of the proxy
	request    *Request // RFWD
	command    *Forward
}

// seal returns what the proxy is answered if the command is answered out.
func (f *forwarding) seal(inner *Session, out Output) smp.Response {
	inner.count.response(out.Response)
	content, err := inner.encodeResponse(&out, out.Response)
	if err != nil {
		return inner.internal(err)
	}
	if err := smp.PutBlockHead(content); err != nil {
		return fail(smp.ErrBlock)
	}
	return inner.relay.stages.SealForward(inner, f.command, content)
}

// answerLater answers a command that was executed beside the others.
func (f *forwarding) answerLater(inner *Session, out Output) {
	answer := f.request.output()
	answer.Response = f.seal(inner, out)
	f.connection.answerLater(answer)
}

// connection is the session that has the connection: of a forwarded command that
// of the proxy.
func (s *Session) connection() *Session {
	if s.forward != nil {
		return s.forward.connection
	}
	return s
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

// defaultOpenForward is the stage OpenForward. The encryption of the proxy is
// with the secret of the two hellos, that of the client with its key for this
// command, which no other one had in the session: a command that the proxy sends
// again is CRYPTO. The other errors are the official relay's.
func defaultOpenForward(s *Session, r *Request) (*Forward, *smp.Error) {
	if s.conn.Secret() == nil {
		return nil, smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerTransport, Transport: smp.TransportNoAuth})
	}
	f := &Forward{ProxyNonce: smp.CorrelationNonce(r.Transmission.CorrelationID)}
	var err error
	if f.ProxyKey, err = box.DeriveKey(s.conn.Secret()); err != nil {
		return nil, smp.ErrCrypto
	}
	body := r.Command.(smp.RFWD).Body
	opened, err := box.Open(nil, body, &f.ProxyNonce, &f.ProxyKey)
	if err != nil {
		return nil, smp.ErrCrypto
	}
	if f.ForwardedCommand, err = smp.DecodeForwardedCommand(opened); err != nil {
		return nil, smp.ErrCmdSyntax
	}
	f.ClientNonce = smp.CorrelationNonce(f.CorrelationID)
	if f.ClientKey, err = box.Agree(s.conn.SessionKey(), f.Key); err != nil {
		return nil, smp.ErrCrypto
	}
	if f.Content, err = box.OpenPadded(f.Body, &f.ClientNonce, &f.ClientKey); err != nil {
		return nil, smp.ErrCrypto
	}
	if s.relay.replays.repeated(s.conn.SessionID(), f.Key) {
		return nil, smp.ErrCrypto
	}
	return f, nil
}

// forwardedSession is the session in which a forwarded command is decoded,
// authorised, executed and answered: that of the proxy's connection, at the
// version that the client chose, and without the service that the proxy is. As
// in the official relay any version is taken, also one that was not offered, and
// the session identifier is implied at every one, so that those before 7 are like
// 7.
func (s *Session) forwardedSession(f *Forward, r *Request) *Session {
	return &Session{
		forward:  &forwarding{connection: s, request: r, command: f},
		relay:    s.relay,
		conn:     s.conn,
		out:      s.out,
		count:    s.count,
		verifier: smp.Verifier{SessionID: s.verifier.SessionID, SessionKey: s.verifier.SessionKey},
		version:  max(f.Version, smp.VersionAuthenticators),
	}
}

// defaultSealForward is the stage SealForward. The nonces are those of the
// command with their bytes reversed, as in the official relay; the document says
// increased by 1.
func defaultSealForward(s *Session, f *Forward, content []byte) smp.Response {
	nonce := f.ClientNonce.Reverse()
	body, err := box.SealPadded(nil, content, smp.PaddedForwarded, &nonce, &f.ClientKey)
	if err != nil {
		return fail(smp.ErrBlock)
	}
	response, err := smp.ForwardedResponse{CorrelationID: f.CorrelationID, Body: body}.Encode()
	if err != nil {
		return s.internal(err)
	}
	nonce = f.ProxyNonce.Reverse()
	return smp.RRES{Body: box.Seal(nil, response, &nonce, &f.ProxyKey)}
}

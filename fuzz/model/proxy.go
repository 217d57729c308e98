package model

import (
	"bytes"
	"crypto/sha256"

	"smpcheck/fuzz/drive"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// opened are the answers to PRXY.
func (m *Model) opened(o *operation, c smp.PRXY) []want {
	if p := m.config.Password; p != "" && string(c.Password) != p {
		return []want{refusal(passwordAccepted, smp.ErrProxyBasicAuth)}
	}
	errs := []*smp.Error{anyProxyError}
	if o.version < smp.VersionProxy {
		errs = append(errs, smp.ErrCmdUnknown, smp.ErrCmdProhibited)
	}
	if o.Mutated {
		errs = nil
	}
	return []want{success("PKEY"), refusal(nil, errs...)}
}

// passed are the answers to PFWD. A destination may refuse a command that comes again.
func (m *Model) passed(o *operation) []want {
	failed := refusal(nil, anyProxyError, smp.ErrCrypto)
	switch {
	case !m.sessions[string(o.EntityID)]:
		return []want{refusal(sessionAccepted, anyProxyError, smp.ErrCmdUnknown)}
	case o.Mutated:
		failed.errs = nil
	}
	return []want{success("PRES"), failed}
}

// forwarded are the answers to RFWD of a client, which can be opened if it made an
// agreement with the relay.
func forwarded(o *operation) []want {
	switch {
	case o.Forwarded == nil && o.Mutated: // it may open, and be no transmission
		return []want{success("RRES"), refusal(nil)}
	case o.Forwarded == nil:
		return []want{refusal(ciphertextAccepted)}
	}
	return []want{success("RRES"), refusal(nil, smp.ErrCrypto, anyProxyError)}
}

// versionInside is the version of a forwarded command. That in RFWD is encrypted; it is
// the one of the connection.
func (o *operation) versionInside() uint16 {
	if c, ok := o.Command.(smp.PFWD); ok {
		return c.Version
	}
	return o.version
}

// isForward reports whether an operation carries another one.
func (o *operation) isForward() bool {
	switch o.Command.(type) {
	case smp.PFWD, smp.RFWD:
		return o.Refusal == nil
	}
	return false
}

// opaque reports whether nobody knows what an operation does if it is executed: relays
// differ in how they read what is forwarded at a version that has no forwarding.
func (o *operation) opaque() bool {
	v := o.versionInside()
	return o.isForward() && o.Forwarded != nil && (v < smp.VersionProxy || v > smp.MaxVersion)
}

// aimInner finds out what a forwarded command is about.
func (m *Model) aimInner(o *operation) {
	if !o.isForward() || o.Forwarded == nil {
		return
	}
	if o.opaque() {
		o.allowed = []want{anything}
		return
	}
	o.inner = m.operation(o.conn, o.versionInside(), *o.Forwarded)
	m.aimForwarded(o.inner)
}

// session takes what PKEY says.
func (m *Model) session(o *operation, k smp.PKEY) (broken *Rule, expected, actual string) {
	m.sessions[string(k.SessionID)] = true
	identity, err := keys.Identity(k.Chain)
	if err != nil {
		return wrongDestination, "a chain of 2, 3 or 4 certificates", err.Error()
	}
	sum := sha256.Sum256(identity)
	if !bytes.Equal(sum[:], o.Command.(smp.PRXY).Server.KeyHash) {
		return wrongDestination, "the relay with the fingerprint in PRXY", "another one"
	}
	return nil, "", ""
}

// passedOn takes the answer to PFWD or RFWD: what became of the command inside.
func (m *Model) passedOn(o *operation, a answer) []drive.Breach {
	inner := o.inner
	if inner == nil {
		return m.passedOnUnread(o, a)
	}
	failure, failed := a.response.(smp.ERR)
	switch {
	case failed && neverForwarded(failure.Err):
		if inner.queue != nil {
			inner.queue.cancel(inner)
		}
		return nil
	case failed || a.forwarded == nil || a.forwarded.Response == nil:
		m.abandon(inner)
		return nil
	}
	return m.answered(inner, answer{response: a.forwarded.Response})
}

// passedOnUnread is passedOn for a command that nobody could read.
func (m *Model) passedOnUnread(o *operation, a answer) []drive.Breach {
	if _, failed := a.response.(smp.ERR); failed {
		return nil
	}
	if o.opaque() {
		m.giveUpAll()
		return nil
	}
	if a.forwarded != nil && a.forwarded.Response != nil {
		if _, failed := a.forwarded.Response.(smp.ERR); !failed {
			return m.breach(malformedAccepted, name(o), "an error", describe(a.forwarded.Response))
		}
	}
	return nil
}

// neverForwarded reports whether a command was not executed if PFWD failed in this way.
func neverForwarded(e *smp.Error) bool {
	if e.Code != smp.CodeProxy {
		return e.Code == smp.CodeCrypto
	}
	return e.Proxy.Code == smp.ProxyNoSession ||
		e.Proxy.Code == smp.ProxyProtocol && (e.Proxy.Protocol.Code == smp.CodeCrypto || e.Proxy.Protocol.Code == smp.CodeBlock)
}

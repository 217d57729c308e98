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
	case o.Mutated || o.isOld():
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
	failed := refusal(nil, smp.ErrCrypto, anyProxyError)
	if o.Mutated || o.isOld() {
		failed.errs = nil
	}
	return []want{success("RRES"), failed}
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

// isOld reports whether a command is forwarded at a version that has no forwarding. Relays
// may refuse it, or read it at another one.
func (o *operation) isOld() bool {
	v := o.versionInside()
	return v < smp.VersionProxy || v > smp.MaxVersion
}

// aimInner finds out what a forwarded command is about.
func (m *Model) aimInner(o *operation) {
	if !o.isForward() || o.Forwarded == nil {
		return
	}
	o.inner = m.operation(o.conn, max(o.versionInside(), smp.VersionAuthenticators), *o.Forwarded)
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
	failure, failed := a.response.(smp.ERR)
	inner := o.inner
	switch {
	case inner == nil && failed:
		return nil
	case inner == nil:
		return m.passedOnUnread(o, a)
	case failed && neverForwarded(failure.Err):
		if inner.queue != nil {
			inner.queue.cancel(inner)
		}
		return nil
	case failed || a.forwarded == nil || a.forwarded.Response == nil:
		m.abandon(inner)
		return nil
	}
	if _, refused := a.forwarded.Response.(smp.ERR); refused && o.isOld() {
		m.abandon(inner)
		return nil
	}
	return m.answered(inner, answer{response: a.forwarded.Response})
}

// passedOnUnread is passedOn for what is no command.
func (m *Model) passedOnUnread(o *operation, a answer) []drive.Breach {
	if a.forwarded == nil || a.forwarded.Response == nil {
		return nil
	}
	if _, refused := a.forwarded.Response.(smp.ERR); refused {
		return nil
	}
	return m.breach(malformedAccepted, name(o), "an error", describe(a.forwarded.Response))
}

// neverForwarded reports whether a command was not executed if PFWD failed in this way.
func neverForwarded(e *smp.Error) bool {
	if e.Code != smp.CodeProxy {
		return e.Code == smp.CodeCrypto
	}
	return e.Proxy.Code == smp.ProxyNoSession ||
		e.Proxy.Code == smp.ProxyProtocol && (e.Proxy.Protocol.Code == smp.CodeCrypto || e.Proxy.Protocol.Code == smp.CodeBlock)
}

package model

import (
	"bytes"
	"slices"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// newIn says with which version commands came that are not as old as the lowest one.
var newIn = map[string]uint16{
	"SKEY": smp.VersionSenderKeys,
	"RKEY": smp.VersionShortLinks, "LSET": smp.VersionShortLinks, "LDEL": smp.VersionShortLinks,
	"LKEY": smp.VersionShortLinks, "LGET": smp.VersionShortLinks,
}

// lacks returns the errors that say that a relay does not have what an operation uses, and
// may say so: a command that came with a later version, which the official relay serves all
// the same, and keys of an algorithm that the documents do not ask for.
func (o *operation) lacks() []*smp.Error {
	var errs []*smp.Error
	if o.version < newIn[o.tag()] {
		errs = append(errs, smp.ErrCmdUnknown, smp.ErrCmdSyntax, smp.ErrCmdProhibited)
	}
	if slices.ContainsFunc(keysIn(o.Command), func(k keys.PublicKey) bool { return o.mayRefuse(k.Algorithm()) }) {
		errs = append(errs, smp.ErrCmdSyntax, smp.ErrAuth)
	}
	if len(o.Authorization) == keys.Ed448.SignatureSize() {
		errs = append(errs, smp.ErrBlock) // which is the error for a size that no scheme has
	}
	return errs
}

// mayRefuse reports whether a relay need not take keys of an algorithm to authorize
// commands with. SMP, "Cryptographic algorithms", has Ed25519 and the authenticator, which
// came with version 7; the official relay takes Ed448 too.
func (o *operation) mayRefuse(a keys.Algorithm) bool {
	return a == keys.Ed448 || a == keys.X25519 && o.version < smp.VersionAuthenticators
}

// keysIn are those in a command that authorize others.
func keysIn(c smp.Command) []keys.PublicKey {
	switch c := c.(type) {
	case smp.NEW:
		if c.Notifier != nil {
			return []keys.PublicKey{c.AuthKey, c.Notifier.AuthKey}
		}
		return []keys.PublicKey{c.AuthKey}
	case smp.KEY:
		return []keys.PublicKey{c.SenderKey}
	case smp.SKEY:
		return []keys.PublicKey{c.SenderKey}
	case smp.LKEY:
		return []keys.PublicKey{c.SenderKey}
	case smp.RKEY:
		return c.Keys
	case smp.NKEY:
		return []keys.PublicKey{c.AuthKey}
	}
	return nil
}

// tag is the name of the command in the transmission, also of one that cannot be read.
func (o *operation) tag() string {
	if o.Command != nil {
		return o.Command.Tag()
	}
	tag, _, _ := bytes.Cut(o.Transmission.Command, []byte{' '})
	return string(tag)
}

// mayLack reports whether an answer to an operation without a queue says that the relay
// lacks what it uses.
func (o *operation) mayLack(a answer) bool {
	errs := o.lacks()
	return len(errs) > 0 && refusal(nil, errs...).fits(a.response)
}

// perform is execute, and what a relay may answer that lacks what the operation uses.
func (q *queue) perform(s *state, o *operation) []outcome {
	outs := q.execute(s, o)
	if errs := o.lacks(); len(errs) > 0 {
		outs = append(outs, refuse(s, nil, errs...)...)
	}
	return outs
}

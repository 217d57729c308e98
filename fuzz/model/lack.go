package model

import (
	"bytes"
	"slices"

	"smpcheck/fuzz/drive"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// newIn says with which version commands came that are not as old as the lowest one.
var newIn = map[string]uint16{
	"SKEY": smp.VersionSenderKeys,
	"RKEY": smp.VersionShortLinks, "LSET": smp.VersionShortLinks, "LDEL": smp.VersionShortLinks,
	"LKEY": smp.VersionShortLinks, "LGET": smp.VersionShortLinks,
}

// Lacks returns the errors with which a relay may refuse a transmission since it does not have
// what that uses: a command that came with a later version, which the official relay serves
// all the same, and keys of an algorithm that the documents do not ask for.
func Lacks(version uint16, t drive.Sent) []*smp.Error {
	var errs []*smp.Error
	if version < newIn[tagOf(t)] {
		errs = append(errs, smp.ErrCmdUnknown, smp.ErrCmdSyntax, smp.ErrCmdProhibited)
	}
	if slices.ContainsFunc(keysIn(t.Command), func(k keys.PublicKey) bool { return mayRefuse(version, k.Algorithm()) }) {
		errs = append(errs, smp.ErrCmdSyntax, smp.ErrAuth)
	}
	if len(t.Authorization) == keys.Ed448.SignatureSize() {
		errs = append(errs, smp.ErrBlock) // which is the error for a size that no scheme has
	}
	return errs
}

// mayRefuse reports whether a relay need not take keys of an algorithm to authorize
// commands with. SMP, "Cryptographic algorithms", has Ed25519 and the authenticator, which
// came with version 7; the official relay takes Ed448 too.
func mayRefuse(version uint16, a keys.Algorithm) bool {
	return a == keys.Ed448 || a == keys.X25519 && version < smp.VersionAuthenticators
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

// tagOf is the name of the command in a transmission, also of one that cannot be read.
func tagOf(t drive.Sent) string {
	if t.Command != nil {
		return t.Command.Tag()
	}
	tag, _, _ := bytes.Cut(t.Transmission.Command, []byte{' '})
	return string(tag)
}

// mayLack reports whether an answer to an operation without a queue says that the relay
// lacks what it uses.
func (o *operation) mayLack(a answer) bool {
	errs := Lacks(o.version, o.Sent)
	return len(errs) > 0 && refusal(nil, errs...).fits(a.response)
}

// perform is execute, and what a relay may answer that lacks what the operation uses.
func (q *queue) perform(s *state, o *operation) []outcome {
	outs := q.execute(s, o)
	if errs := Lacks(o.version, o.Sent); len(errs) > 0 {
		outs = append(outs, refuse(s, nil, errs...)...)
	}
	return outs
}

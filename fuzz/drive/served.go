package drive

import (
	"bytes"
	"errors"

	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// servedRule is what a relay breaks that executes what it must refuse.
type servedRule struct{ name, requirement string }

// Rules about blocks that nobody can read.
var (
	forgedServed    = servedRule{"unreadable-block-accepted", "SMP-BLOCK-ENCRYPTION-FORGED"}
	replayServed    = servedRule{"replayed-block-accepted", "SMP-BLOCK-ENCRYPTION-REPLAY"}
	lengthServed    = servedRule{"block-length-accepted", "SMP-BLOCK-LENGTH"}
	emptyServed     = servedRule{"empty-block-accepted", "SMP-BLOCK-COUNT-ZERO"}
	restServed      = servedRule{"block-with-rest-accepted", "SMP-BLOCK-TRAILING"}
	cutServed       = servedRule{"cut-block-accepted", "SMP-BLOCK-CUT"}
	trailingServed  = servedRule{"trailing-bytes-accepted", "SMP-TX-TRAILING"}
	malformedServed = servedRule{"malformed-command-accepted", "SMP-TX-SYNTAX"}
	unknownServed   = servedRule{"unknown-command-accepted", "SMP-TX-UNKNOWN"}
	longerServed    = servedRule{"unknown-command-accepted", "SMP-TX-UNKNOWN-SUFFIX"}
)

// forbidden is a transmission of a block that nobody can read: the rule that an answer to
// it breaks, and its tag.
type forbidden struct {
	rule servedRule
	tag  string
}

// contentOffence is the rule that a relay breaks which serves a block whose content does
// not decode, by the error of decoding it.
func contentOffence(err error) servedRule {
	switch {
	case errors.Is(err, smp.ErrBlockEmpty):
		return emptyServed
	case errors.Is(err, wire.ErrTrailing):
		return restServed
	}
	return cutServed
}

// refusalRules are the rules that a relay breaks which executes what it must refuse, by
// what it must refuse it with.
var refusalRules = []struct {
	refusal *smp.Error
	rule    servedRule
}{
	{smp.ErrBlock, servedRule{"malformed-transmission-accepted", "SMP-TX-MALFORMED"}},
	{smp.ErrSession, servedRule{"other-session-accepted", "SMP-TX-SESSION-WRONG"}},
	{smp.ErrCmdUnknown, unknownServed},
	{smp.ErrCmdSyntax, malformedServed},
	{smp.ErrCmdNoAuth, servedRule{"missing-authorization-accepted", "SMP-AUTH-NO-AUTH"}},
	{smp.ErrCmdHasAuth, servedRule{"needless-authorization-accepted", "SMP-AUTH-HAS-AUTH"}},
	{smp.ErrCmdNoEntity, servedRule{"missing-entity-accepted", "SMP-AUTH-NO-ENTITY"}},
}

// refusalRule is the rule that a relay breaks which executes a transmission.
func refusalRule(version uint16, sent *Sent) servedRule {
	for _, r := range refusalRules {
		if !r.refusal.Equal(sent.Refusal) {
			continue
		}
		if _, err := smp.DecodeCommand(version, sent.Transmission.Command); r.rule == malformedServed && errors.Is(err, wire.ErrTrailing) {
			return trailingServed
		}
		if r.rule == unknownServed && isLonger(firstWord(sent.Transmission.Command)) {
			return longerServed
		}
		return r.rule
	}
	return malformedServed
}

// isLonger reports whether a word is the name of a command with something behind it.
func isLonger(word []byte) bool {
	for tag := range answers {
		if bytes.HasPrefix(word, []byte(tag)) && len(word) > len(tag) {
			return true
		}
	}
	return false
}

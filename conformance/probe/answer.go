package probe

import (
	"bytes"
	"fmt"

	"smpcheck/conformance"
	"smpcheck/reference/smp"
)

// Received is one transmission from the relay.
type Received struct {
	smp.Transmission
	// Response is the decoded command of the transmission, nil if Err says why it
	// cannot be decoded.
	Response smp.Response
	// Err is why the response is no response of the version.
	Err error
}

// String describes the response, or says why there is none.
func (r Received) String() string {
	if r.Err != nil {
		return fmt.Sprintf("%q, which is no response at this version: %v", abbreviated(r.Command), r.Err)
	}
	return describe(r.Response)
}

// maxQuoted is how much of an undecodable response a report quotes.
const maxQuoted = 48

func abbreviated(b []byte) []byte {
	if len(b) > maxQuoted {
		return b[:maxQuoted]
	}
	return b
}

// Answer is what came, or did not come, in response to one command.
type Answer struct {
	// Received is the transmission with the correlation id of the command; its
	// Response is nil when none came.
	Received
	t *conformance.T
	// command names what was sent.
	command string
	// missing says why there is no transmission; empty if there is one.
	missing string
}

// OK reports whether a response came and can be decoded.
func (a Answer) OK() bool { return a.missing == "" && a.Err == nil }

// String describes what came.
func (a Answer) String() string {
	if a.missing != "" {
		return a.missing
	}
	return a.Received.String()
}

// Asked names the command that was sent.
func (a Answer) Asked() string { return a.command }

// IsError reports whether the answer is ERR with the given error.
func (a Answer) IsError(want *smp.Error) bool {
	return a.is(a.t.Version(), errorResponses([]*smp.Error{want}))
}

// is reports whether the answer is one of the responses.
func (a Answer) is(version uint16, want []smp.Response) bool {
	if !a.OK() {
		return false
	}
	for _, w := range want {
		b, err := smp.EncodeResponse(version, w)
		if err != nil {
			a.t.Broken(fmt.Errorf("expected response %s: %w", describe(w), err))
		}
		if bytes.Equal(b, a.Command) {
			return true
		}
	}
	return false
}

// Expect fails the case unless the answer is one of the responses, in every
// byte of its command.
func (a Answer) Expect(want ...smp.Response) Answer {
	if !a.is(a.t.Version(), want) {
		a.t.Fail(a.command+" → "+describeAll(want), a.String())
	}
	return a
}

// ExpectError fails the case unless the answer is ERR with one of the errors.
func (a Answer) ExpectError(want ...*smp.Error) Answer {
	return a.Expect(errorResponses(want)...)
}

// Require blocks the case unless the answer is one of the responses.
func (a Answer) Require(want ...smp.Response) Answer {
	if !a.is(a.t.Version(), want) {
		Blocked(a.t, "%s was answered %s, and this case builds on %s", a.command, a, describeAll(want))
	}
	return a
}

// ExpectRefused fails the case unless the answer is an error, whatever error.
func (a Answer) ExpectRefused() Answer {
	if _, ok := a.Response.(smp.ERR); !ok {
		a.t.Fail(a.command+" → ERR", a.String())
	}
	return a
}

// RequireRefused blocks the case unless the answer is an error, and returns it.
func (a Answer) RequireRefused() smp.ERR {
	e, ok := a.Response.(smp.ERR)
	if !ok {
		Blocked(a.t, "%s was answered %s, and this case builds on an error", a.command, a)
	}
	return e
}

// ExpectA fails the case unless the answer is of type R, and returns it.
func ExpectA[R smp.Response](a Answer) R {
	r, ok := a.Response.(R)
	if !ok {
		var want R
		a.t.Fail(a.command+" → "+want.Tag(), a.String())
	}
	return r
}

// RequireA blocks the case unless the answer is of type R, and returns it.
func RequireA[R smp.Response](a Answer) R {
	r, ok := a.Response.(R)
	if !ok {
		var want R
		Blocked(a.t, "%s was answered %s, and this case builds on %s", a.command, a, want.Tag())
	}
	return r
}

func errorResponses(errs []*smp.Error) []smp.Response {
	rs := make([]smp.Response, len(errs))
	for i, e := range errs {
		rs[i] = smp.ERR{Err: e}
	}
	return rs
}

// Blocked ends the case with the verdict skip: the relay does not do what the
// case builds on, so the rule cannot be tested. Another case tests the base.
func Blocked(t *conformance.T, format string, args ...any) {
	t.Block(fmt.Sprintf(format, args...))
}

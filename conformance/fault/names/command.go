package names

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// commandFaults are mistakes in reading RSLV.
var commandFaults = []fault.Fault{
	{
		ID:     "names/credentials-ignored",
		Story:  "Nobody looks whether RSLV has an authorization or an entity id, since it needs none.",
		Breaks: []string{"SMP-NAME-RSLV-UNSIGNED"},
		Cases:  []string{"relay/names/unsigned"},
		Apply:  fault.AllowsCredentials("RSLV"),
	},
	{
		ID:     "names/credentials-needed",
		Story:  "RSLV without an authorization is refused like other commands without one.",
		Breaks: []string{"SMP-NAME-RSLV-UNSIGNED"},
		Cases:  []string{"relay/names/unsigned"},
		Apply:  refusesNames(smp.ErrCmdNoAuth, func(*relay.Session, string) bool { return true }),
	},
	{
		ID:     "names/name-with-length",
		Story:  "The name in RSLV is read with a length before it.",
		Breaks: []string{"SMP-NAME-RSLV-FORM"},
		Cases:  []string{"relay/names/known"},
		Apply:  fault.ParsesAs("RSLV", func(r *wire.Reader) { r.Short() }),
	},
	{
		ID:     "names/only-forwarded",
		Story:  "RSLV is served when it comes through a proxy alone.",
		Breaks: []string{"SMP-NAME-RSLV-DIRECT"},
		Cases:  []string{"relay/names/known"},
		Apply:  refusesNames(smp.ErrCmdProhibited, func(s *relay.Session, _ string) bool { return !s.Forwarded() }),
	},
	{
		ID:     "names/not-forwarded",
		Story:  "RSLV is not among the commands that may come through a proxy, as it is no command of senders.",
		Breaks: []string{"SMP-NAME-RSLV-FORWARDED"},
		Cases:  []string{"relay/names/forwarded"},
		Apply:  fault.ProhibitsForwarded("RSLV"),
	},
	{
		ID:     "names/two-labels-alone",
		Story:  "A name has exactly two labels.",
		Breaks: []string{"SMP-NAME-ANSWER"},
		Cases:  []string{"relay/names/answer"},
		Apply:  refusesNames(smp.ErrCmdSyntax, func(_ *relay.Session, name string) bool { return strings.Count(name, ".") > 1 }),
	},
	{
		ID:     "names/digits-refused",
		Story:  "A label has to begin with a letter.",
		Breaks: []string{"SMP-NAME-ANSWER"},
		Cases:  []string{"relay/names/answer"},
		Apply:  refusesNames(smp.ErrCmdSyntax, func(_ *relay.Session, name string) bool { return name[0] < 'A' }),
	},
	{
		ID:     "names/default-domain",
		Story:  "A name without a top-level domain is looked up below a usual one.",
		Breaks: []string{"SMP-NAME-RSLV-TLD"},
		Cases:  []string{"relay/names/top-level-domain"},
		Apply: readsNames(func(name string) string {
			if strings.Contains(name, ".") {
				return ""
			}
			return name + ".testing"
		}),
	},
	{
		ID:     "names/single-label-ends",
		Story:  "A name without a top-level domain ends the connection.",
		Breaks: []string{"SMP-NAME-RSLV-TLD"},
		Cases:  []string{"relay/names/top-level-domain"},
		Apply:  endedByNames(func(name string) bool { return !strings.Contains(name, ".") }),
	},
	{
		ID:     "names/length-less",
		Story:  "The limit of names counts the byte of a length that is not there.",
		Breaks: []string{"SMP-NAME-RSLV-LENGTH"},
		Cases:  []string{"relay/names/length"},
		Apply:  refusesNames(smp.ErrCmdSyntax, func(_ *relay.Session, name string) bool { return len(name) >= smp.MaxNameLength }),
	},
	{
		ID:     "names/long-name-ends",
		Story:  "A name that is too long ends the connection.",
		Breaks: []string{"SMP-NAME-RSLV-LENGTH"},
		Cases:  []string{"relay/names/length"},
		Apply:  endedByNames(func(name string) bool { return len(name) > smp.MaxNameLength }),
	},
	{
		ID:     "names/long-name-unanswered",
		Story:  "A name that is too long is dropped without an answer.",
		Breaks: []string{"SMP-NAME-RSLV-LENGTH"},
		Cases:  []string{"relay/names/length"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Decode
			st.Decode = func(s *relay.Session, content []byte) []relay.Request {
				return slices.DeleteFunc(next(s, content), func(r relay.Request) bool {
					name, ok := nameIn(&r)
					return ok && len(name) > smp.MaxNameLength
				})
			}
		}),
	},
	{
		ID:     "names/label-shorter",
		Story:  "The limit of labels is one byte too small.",
		Breaks: []string{"SMP-NAME-RSLV-LABELS"},
		Cases:  []string{"relay/names/labels"},
		Apply: refusesNames(smp.ErrCmdSyntax, func(_ *relay.Session, name string) bool {
			return slices.ContainsFunc(strings.Split(name, "."), func(label string) bool { return len(label) >= smp.MaxLabelLength })
		}),
	},
	{
		ID:     "names/final-dot",
		Story:  "A dot at the end of a name is dropped, as in the names of hosts.",
		Breaks: []string{"SMP-NAME-RSLV-LABELS"},
		Cases:  []string{"relay/names/labels"},
		Apply: readsNames(func(name string) string {
			if cut, ok := strings.CutSuffix(name, "."); ok {
				return cut
			}
			return ""
		}),
	},
	{
		ID:     "names/other-characters-dropped",
		Story:  "Characters that names cannot have are dropped before the name is looked up.",
		Breaks: []string{"SMP-NAME-RSLV-LABELS"},
		Cases:  []string{"relay/names/labels"},
		Apply: readsNames(func(name string) string {
			return strings.Map(func(c rune) rune {
				if c == '.' || c == '-' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
					return c
				}
				return -1
			}, name)
		}),
	},
	{
		ID:     "names/malformed-ends",
		Story:  "A name that cannot be read ends the connection.",
		Breaks: []string{"SMP-NAME-RSLV-LABELS"},
		Cases:  []string{"relay/names/labels"},
		Apply: endedByNames(func(name string) bool {
			_, err := smp.CanonicalName(name)
			return err != nil && strings.Contains(name, ".") && len(name) <= smp.MaxNameLength
		}),
	},
	{
		ID:     "names/space-in-name",
		Story:  "A space in RSLV is looked up as a part of the name.",
		Breaks: []string{"SMP-NAME-RSLV-NO-SPACE"},
		Cases:  []string{"relay/names/space"},
		Apply: fault.ChangesRequests(func(_ *relay.Session, r *relay.Request) {
			if name, ok := nameIn(r); ok && r.Err == nil && strings.Contains(name, " ") {
				r.Command, r.Err = nil, smp.ErrNameNotFound
			}
		}),
	},
	{
		ID:     "names/case-matters",
		Story:  "A name is looked up as it was typed.",
		Breaks: []string{"SMP-NAME-RSLV-CASE"},
		Cases:  []string{"relay/names/case"},
		Apply: fault.ChangesRequests(func(_ *relay.Session, r *relay.Request) {
			if name, ok := nameIn(r); ok && r.Err == nil && name != strings.ToLower(name) {
				r.Command, r.Err = nil, smp.ErrNameNotFound
			}
		}),
	},
	{
		ID:     "names/one-per-block",
		Story:  "Of the RSLV in a block only the last one is kept.",
		Breaks: []string{"SMP-NAME-ANSWER"},
		Cases:  []string{"relay/names/beside"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Decode
			st.Decode = func(s *relay.Session, content []byte) []relay.Request { return lastName(next(s, content)) }
		}),
	},
	oldNames("syntax", "Below version 20 RSLV is taken for a malformed command.", smp.ErrCmdSyntax),
	oldNames("prohibited", "Below version 20 RSLV is known and not allowed.", smp.ErrCmdProhibited),
	oldNames("auth", "Below version 20 RSLV is taken for a command without a right.", smp.ErrAuth),
}

// nameIn is what a request asks for as it came; false for other commands.
func nameIn(r *relay.Request) (string, bool) {
	name, ok := bytes.CutPrefix(r.Transmission.Command, []byte("RSLV "))
	return string(name), ok
}

// refusesNames refuses names that are not malformed.
func refusesNames(e *smp.Error, refused func(s *relay.Session, name string) bool) func(*relay.Config) {
	return fault.ChangesRequests(func(s *relay.Session, r *relay.Request) {
		if name, ok := nameIn(r); ok && r.Err == nil && refused(s, name) {
			r.Command, r.Err = nil, e
		}
	})
}

// readsNames looks malformed names up under others; an empty one means that the name
// stays malformed.
func readsNames(other func(string) string) func(*relay.Config) {
	return fault.ChangesRequests(func(_ *relay.Session, r *relay.Request) {
		name, ok := nameIn(r)
		if !ok || r.Err == nil || !r.Err.Equal(smp.ErrCmdSyntax) {
			return
		}
		if canonical, err := smp.CanonicalName(other(name)); err == nil {
			r.Command, r.Err = smp.RSLV{Domain: canonical}, nil
		}
	})
}

// endedByNames ends the connections on which certain names come.
func endedByNames(fatal func(string) bool) func(*relay.Config) {
	return fault.ChangesRequests(func(s *relay.Session, r *relay.Request) {
		if name, ok := nameIn(r); ok && fatal(name) {
			s.Close()
		}
	})
}

// lastName takes all RSLV but the last one out of a block.
func lastName(requests []relay.Request) []relay.Request {
	left := 0
	for i := range requests {
		if _, ok := nameIn(&requests[i]); ok {
			left++
		}
	}
	return slices.DeleteFunc(requests, func(r relay.Request) bool {
		if _, ok := nameIn(&r); !ok {
			return false
		}
		left--
		return left > 0
	})
}

// oldNames is a relay with another answer to RSLV below the version of names.
func oldNames(id, story string, answer *smp.Error) fault.Fault {
	return fault.Fault{
		ID:       "names/old-version-" + id,
		Story:    story,
		Breaks:   []string{"SMP-NAME-RSLV-OLD-RELAY"},
		Cases:    []string{"relay/names/old-version"},
		Versions: wire.Versions(smp.MinVersion, smp.VersionNames-1),
		Apply: fault.ChangesRequests(func(s *relay.Session, r *relay.Request) {
			if _, ok := nameIn(r); ok && s.Version() < smp.VersionNames {
				r.Command, r.Err = nil, answer
			}
		}),
	}
}

// resolves replaces the stage Resolve; next is what it was.
func resolves(f func(ctx context.Context, s *relay.Session, c smp.RSLV, next resolve) smp.Response) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next := st.Resolve
		st.Resolve = func(ctx context.Context, s *relay.Session, c smp.RSLV) smp.Response { return f(ctx, s, c, next) }
	})
}

type resolve = func(context.Context, *relay.Session, smp.RSLV) smp.Response

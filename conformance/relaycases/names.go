package relaycases

import (
	"fmt"
	"reflect"
	"strings"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/target"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// SMP, "Resolver commands".
var nameCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/names/no-resolver",
		Title:        "A relay that resolves no names says so",
		Requirements: []string{"SMP-NAME-NO-RESOLVER"},
		Versions:     from(smp.VersionNames),
		Run: func(t *T) {
			if t.Info().Names.Known != "" {
				t.Skip("the relay resolves names")
			}
			a := askName(probe.Dial(t), someName(t))
			if resolves(a.Received) && !t.Info().Names.Off {
				t.Skip("the relay resolves names")
			}
			a.ExpectError(smp.ErrNameNoResolver)
		},
	}),
	must(conformance.Case{
		ID:           "relay/names/answer",
		Title:        "RSLV is answered with RNAME or ERR NAME",
		Requirements: []string{"SMP-NAME-ANSWER"},
		Versions:     from(smp.VersionNames),
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, name := range []string{someName(t), "name.testing", "a-b.c.d.simplex", "0.1"} {
				expectNameAnswer(t, askName(c, name))
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/names/unsigned",
		Title:        "RSLV is served without, and refused with, an authorization or an entity id",
		Requirements: []string{"SMP-NAME-RSLV-UNSIGNED"},
		Versions:     from(smp.VersionNames),
		Run: func(t *T) {
			c, name := probe.Dial(t), smp.RSLV{Domain: someName(t)}
			expectNameAnswer(t, c.Ask(nil, probe.NoKey, name))
			key, entity := probe.NewKey(t, keys.Ed25519), t.Fresh().Bytes(24)
			c.Ask(nil, key, name).ExpectError(smp.ErrCmdHasAuth)
			c.Ask(entity, probe.NoKey, name).ExpectError(smp.ErrCmdHasAuth)
			c.Ask(entity, key, name).ExpectError(smp.ErrCmdHasAuth)
			expectNameAnswer(t, c.Ask(nil, probe.NoKey, name))
		},
	}),
	must(conformance.Case{
		ID:           "relay/names/top-level-domain",
		Title:        "A name without a top-level domain is answered with an error",
		Requirements: []string{"SMP-NAME-RSLV-TLD"},
		Versions:     from(smp.VersionNames),
		Run: func(t *T) {
			c := probe.Dial(t)
			names := []string{"alice", "simplex"}
			if known := t.Info().Names.Known; known != "" {
				names = append(names, strings.Split(known, ".")...)
			}
			for _, name := range names {
				expectNameRefused(c, name)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/names/length",
		Title:        "A name has at most 253 bytes",
		Requirements: []string{"SMP-NAME-RSLV-LENGTH"},
		Versions:     from(smp.VersionNames),
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, n := range []int{smp.MaxNameLength, smp.MaxNameLength - 1} {
				expectNameAnswer(t, askName(c, longName(n)))
			}
			for _, n := range []int{smp.MaxNameLength + 1, 500, 10000} {
				expectNameRefused(c, longName(n))
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/names/labels",
		Title:        "Labels are 1 to 63 letters and digits with single hyphens between them",
		Requirements: []string{"SMP-NAME-RSLV-LABELS"},
		Versions:     from(smp.VersionNames),
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, name := range append(spoiltNames(t),
				"", ".", ".simplex", "alice.", "alice..simplex", "-alice.simplex", "alice-.simplex", "al--ice.simplex", "al_ice.simplex",
				"alice.simplex/x", "al\x00ice.simplex", "\"alice\".simplex", "älice.simplex", "аlice.simplex",
				strings.Repeat("a", smp.MaxLabelLength+1)+".simplex",
			) {
				expectNameRefused(c, name)
			}
			expectNameAnswer(t, askName(c, strings.Repeat("a", smp.MaxLabelLength)+".simplex"))
			c.AskBytes("RSLV without a name", nil, probe.NoKey, []byte("RSLV")).ExpectRefused()
		},
	}),
	observed(conformance.Case{
		ID:           "relay/names/space",
		Title:        "What follows a space in RSLV is ignored, or the command refused",
		Requirements: []string{"SMP-NAME-RSLV-NO-SPACE"},
		Versions:     from(smp.VersionNames),
		Run: func(t *T) {
			c, names := probe.Dial(t), []string{someName(t)}
			if known := t.Info().Names.Known; known != "" {
				names = append(names, known)
			}
			for _, name := range names {
				a := askName(c, name+" more")
				if isError(a.Received) && !isNameError(a.Received) {
					return
				}
				if plain := askName(c, name); !sameAnswer(a.Received, plain.Received) {
					t.Fail("the answer for the name before the space: "+plain.String(), a.String())
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/names/known",
		Title:        "A name that the relay resolves is answered with its record",
		Requirements: []string{"SMP-NAME-RSLV-DIRECT", "SMP-NAME-RSLV-FORM"},
		Versions:     from(smp.VersionNames),
		Run: func(t *T) {
			if a := askName(probe.Dial(t), knownName(t)); !strings.HasPrefix(string(a.Command), "RNAME") {
				probe.ExpectA[smp.RNAME](a) // what the record is like is for another case
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/names/entity",
		Title:        "RNAME has no entity id",
		Requirements: []string{"SMP-NAME-RNAME-ENTITY"},
		Versions:     from(smp.VersionNames),
		Run: func(t *T) {
			a := askName(probe.Dial(t), knownName(t))
			probe.RequireA[smp.RNAME](a)
			if len(a.EntityID) > 0 {
				t.Fail("RNAME without entity id", a.WithIDs())
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/names/case",
		Title:        "A name with capitals is that in lower case",
		Requirements: []string{"SMP-NAME-RSLV-CASE"},
		Versions:     from(smp.VersionNames),
		Run: func(t *T) {
			c, name := probe.Dial(t), knownName(t)
			want := probe.RequireA[smp.RNAME](askName(c, name))
			got := probe.ExpectA[smp.RNAME](askName(c, strings.ToUpper(name)))
			if !reflect.DeepEqual(want, got) {
				t.Fail("the record of "+name, "another one")
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/names/unregistered",
		Title:        "A name that is not registered, or below an unknown domain, is not found",
		Requirements: []string{"SMP-NAME-NOT-FOUND"},
		Versions:     from(smp.VersionNames),
		Run: func(t *T) {
			c, known := probe.Dial(t), knownName(t)
			probe.RequireA[smp.RNAME](askName(c, known))
			domain := known[strings.LastIndexByte(known, '.'):]
			for _, name := range []string{randomLabel(t) + domain, randomLabel(t) + "." + randomLabel(t)} {
				a := askName(c, name)
				if isNameError(a.Received) && errorOf(a.Received).Name == smp.NameResolver {
					probe.Blocked(t, "the resolver of the relay failed: %s", a)
				}
				a.ExpectError(smp.ErrNameNotFound)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/names/forwarded",
		Title:        "RSLV through a proxy has the same answer",
		Requirements: []string{"SMP-NAME-RSLV-FORWARDED"},
		Versions:     from(smp.VersionNames),
		Run: func(t *T) {
			c := probe.Dial(t, probe.AsProxy)
			names := []string{someName(t)}
			if known := t.Info().Names.Known; known != "" {
				names = append(names, known)
			}
			for _, name := range names {
				direct := askName(c, name)
				if !resolves(direct.Received) {
					probe.Lack(t, target.NameResolution, "it resolves no names")
				}
				forwarded := c.AskBehindProxy(nil, smp.RSLV{Domain: name})
				if !sameAnswer(direct.Received, forwarded.Received) {
					t.Fail("inside RRES what a direct client gets: "+direct.String(), forwarded.String())
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/names/beside",
		Title:        "Every RSLV of a block has its own answer, and so have the other commands",
		Requirements: []string{"SMP-NAME-ANSWER"},
		Versions:     from(smp.VersionNames),
		Run: func(t *T) {
			c := probe.Dial(t)
			var sent []smp.Transmission
			for range 8 {
				sent = append(sent, c.Transmission(nil, probe.NoKey, smp.RSLV{Domain: someName(t)}))
			}
			ping := c.Transmission(nil, probe.NoKey, smp.PING{})
			c.Send(append(sent, ping)...)
			c.Await("PING", ping).Expect(smp.PONG{})
			for _, tr := range sent {
				expectNameAnswer(t, c.Await("RSLV", tr))
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/names/old-version",
		Title:        "Below version 20 RSLV is an unknown command, or answered as at version 20",
		Requirements: []string{"SMP-NAME-RSLV-OLD-RELAY"},
		Versions:     until(smp.VersionNames - 1),
		Run: func(t *T) {
			c := probe.Dial(t)
			a := c.Ask(nil, probe.NoKey, smp.RSLV{Domain: someName(t)})
			if a.OK() && (resolves(a.Received) || isNameError(a.Received)) {
				return
			}
			a.ExpectError(smp.ErrCmdUnknown)
			c.ExpectServed()
		},
	}),
}

// askName sends RSLV with a name that need not be a valid one.
func askName(c *probe.Conn, name string) probe.Answer {
	return c.AskBytes(fmt.Sprintf("RSLV %.40q", name), nil, probe.NoKey, []byte("RSLV "+name))
}

// someName is a well-formed name that nobody has registered.
func someName(t *T) string { return randomLabel(t) + ".testing" }

// spoiltNames are malformed names that somebody could take for one that the relay
// resolves; none if no name is known.
func spoiltNames(t *T) []string {
	known := t.Info().Names.Known
	if known == "" {
		return nil
	}
	label, domain, _ := strings.Cut(known, ".")
	return []string{
		known + ".", "." + known, label + ".." + domain, "-" + known, label + "-." + domain, "_" + known, label + "_." + domain,
		label[:1] + "\x00" + known[1:], label[:1] + "--" + known[1:], "\"" + label + "\"." + domain, known + "/", label + "é." + domain,
	}
}

// randomLabel is a label of letters that is in no other name.
func randomLabel(t *T) string {
	label := t.Fresh().Bytes(16)
	for i, b := range label {
		label[i] = 'a' + b%26
	}
	return string(label)
}

// longName is a name of n bytes.
func longName(n int) string {
	name := strings.Repeat(strings.Repeat("a", 49)+".", n/50+1)
	return name[:n-len(".testing")] + ".testing"
}

// knownName is a name that the relay resolves; without one the case is skipped.
func knownName(t *T) string {
	name := t.Info().Names.Known
	if name == "" {
		t.Skip("no name is known that the relay resolves")
	}
	return name
}

// errorOf is the error of an answer, nil for another answer.
func errorOf(r probe.Received) *smp.Error {
	if e, ok := r.Response.(smp.ERR); ok {
		return e.Err
	}
	return nil
}

// isNameError reports whether an answer is ERR NAME.
func isNameError(r probe.Received) bool {
	e := errorOf(r)
	return e != nil && e.Code == smp.CodeName
}

// resolves reports whether an answer is one of a relay that resolves names.
func resolves(r probe.Received) bool {
	_, found := r.Response.(smp.RNAME)
	return found || isNameError(r) && errorOf(r).Name != smp.NameNoResolver
}

// sameAnswer reports whether two answers are the same; the texts of failures may
// differ.
func sameAnswer(a, b probe.Received) bool {
	if isNameError(a) && isNameError(b) {
		return errorOf(a).Name == errorOf(b).Name
	}
	return reflect.DeepEqual(a.Response, b.Response)
}

// expectNameAnswer fails the case unless a well-formed RSLV was answered with a
// record or with an error of names.
func expectNameAnswer(t *T, a probe.Answer) {
	if !a.OK() || !resolves(a.Received) && !isNameError(a.Received) {
		t.Fail("RSLV → RNAME or ERR NAME", a.String())
	}
}

// expectNameRefused fails the case unless a malformed name is answered with an
// error, and the connection goes on.
func expectNameRefused(c *probe.Conn, name string) {
	askName(c, name).ExpectRefused()
	c.ExpectServed()
}

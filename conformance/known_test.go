package conformance

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"smpcheck/reference/wire"
)

// A known failure is known by its message at every version, or it is another one.
func TestAKnownFailureHasItsMessage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		message string
		actual  func(version uint16) string
		want    Verdict
		detail  string
	}{
		"any":                     {"", func(uint16) string { return "OK" }, XFail, ""},
		"the one":                 {"got OK", func(uint16) string { return "OK" }, XFail, ""},
		"what was expected":       {"expected ERR AUTH", func(uint16) string { return "OK" }, XFail, ""},
		"another":                 {"got OK", func(uint16) string { return "PONG" }, Fail, `known is a fail that says "got OK", not this`},
		"another at one version":  {"OK", func(v uint16) string { return map[uint16]string{6: "OK", 20: "PONG"}[v] }, Fail, "not that at version 20: expected ERR AUTH, got PONG"},
		"passes at other version": {"OK", func(v uint16) string { return map[uint16]string{20: "OK"}[v] }, XFail, ""},
		"passes":                  {"OK", func(uint16) string { return "" }, XPass, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := testCase("relay/a/b", func(t *T) {
				if actual := test.actual(t.Version()); actual != "" {
					t.Fail("ERR AUTH", actual)
				}
			})
			c.Edges, c.Versions = true, wire.Versions(6, 20)
			o := Options{Expect: expectations{"relay/a/b": {Verdict: Fail, Message: test.message}}}
			r := execute(t, o, c).Results[0]
			assert.Equal(t, test.want, r.Verdict)
			assert.Contains(t, r.Detail, test.detail)
		})
	}
}

func TestAKnownErrorHasItsMessageInTheDetail(t *testing.T) {
	t.Parallel()
	c := testCase("relay/a/b", func(*T) { panic("oops") })
	for message, want := range map[string]Verdict{"oops": XFail, "reset": Error} {
		o := Options{Expect: expectations{"relay/a/b": {Verdict: Error, Message: message}}}
		assert.Equal(t, want, execute(t, o, c).Results[0].Verdict, message)
	}
}

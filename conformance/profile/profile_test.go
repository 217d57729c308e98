package profile

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance"
	"smpcheck/conformance/relaycases"
	"smpcheck/spec"
)

// relayCases are all cases for relays, registered.
func relayCases(t *testing.T) []*conformance.Case {
	t.Helper()
	catalogue, err := spec.Load()
	require.NoError(t, err)
	registry := conformance.NewRegistry(catalogue)
	require.NoError(t, registry.Add(relaycases.All()...))
	return registry.Cases()
}

// ids are the ids of the cases in the profile.
func ids(t *testing.T, name string, cases []*conformance.Case) []string {
	t.Helper()
	p, err := Find(name)
	require.NoError(t, err)
	selected, err := p.Select(cases)
	require.NoError(t, err)
	var found []string
	for _, c := range selected {
		found = append(found, c.ID)
	}
	return found
}

// A pattern that matches nothing, or leaves out what the profile does not take, is one
// that somebody has forgotten.
func TestEveryPatternMatches(t *testing.T) {
	t.Parallel()
	all, err := All()
	require.NoError(t, err)
	cases := relayCases(t)
	for _, p := range all {
		for _, text := range p.IDs {
			only := &Profile{IDs: []string{text}}
			assert.True(t, slices.ContainsFunc(cases, only.takes), "%s: %s", p.Name, text)
		}
		for _, text := range p.Requirements {
			only := &Profile{Requirements: []string{text}}
			assert.True(t, slices.ContainsFunc(cases, only.takes), "%s: %s", p.Name, text)
		}
		for _, text := range p.Skip {
			out := func(c *conformance.Case) bool { return p.takes(c) && anyMatches([]string{text}, c.ID) }
			assert.True(t, slices.ContainsFunc(cases, out), "%s: skip %s", p.Name, text)
		}
	}
}

func TestTheProfilesHaveWhatTheyPromise(t *testing.T) {
	t.Parallel()
	cases := relayCases(t)
	full := ids(t, "full", cases)
	assert.Len(t, full, len(cases))

	core := ids(t, "core", cases)
	for _, id := range []string{"relay/send/secured", "relay/ack/next", "relay/new/creates", "relay/handshake/version-choice", "relay/sub/takeover"} {
		assert.Contains(t, core, id)
	}
	small := ids(t, "v7-minimal", cases)
	assert.Contains(t, small, "relay/get/message")
	for _, optional := range []string{"/proxy/", "/link/", "/names/", "/notify/", "/service/", "/rkey/", "/que/"} {
		in := func(id string) bool { return strings.Contains(id, optional) }
		assert.False(t, slices.ContainsFunc(core, in), optional)
		assert.False(t, slices.ContainsFunc(small, in), optional)
	}
	private := ids(t, "privacy", cases)
	for _, c := range cases {
		if slices.Contains(core, c.ID) {
			assert.Equal(t, spec.Must, c.Level, c.ID)
		}
		if slices.Contains(small, c.ID) {
			assert.True(t, c.Concerns(6) || c.Concerns(7), c.ID)
		}
		claims := slices.ContainsFunc(c.Requirements, func(r string) bool {
			return strings.HasPrefix(r, "CLAIM-") || strings.HasPrefix(r, "SMP-PRIVACY-")
		})
		if c.Level == spec.Claim || claims || strings.HasPrefix(c.ID, "relay/privacy/") {
			assert.Contains(t, private, c.ID)
		}
	}
	for _, selected := range [][]string{core, small, private} {
		assert.Greater(t, len(selected), 40)
		assert.Less(t, len(selected), len(full))
	}
}

func TestFindListsTheNames(t *testing.T) {
	t.Parallel()
	_, err := Find("fast")
	assert.EqualError(t, err, `profile "fast" is none of [core full privacy v7-minimal]`)
}

func TestVersionsAmong(t *testing.T) {
	t.Parallel()
	limited := &Profile{Name: "p", Versions: "6-7"}
	for _, test := range []struct {
		p            *Profile
		chosen, want []uint16
	}{
		{&Profile{}, nil, nil},
		{&Profile{}, []uint16{9}, []uint16{9}},
		{limited, nil, []uint16{6, 7}},
		{limited, []uint16{7, 9}, []uint16{7}},
	} {
		got, err := test.p.VersionsAmong(test.chosen)
		require.NoError(t, err)
		assert.Equal(t, test.want, got)
	}
	_, err := limited.VersionsAmong([]uint16{9})
	assert.EqualError(t, err, "profile p has versions 6-7, none of those that were asked for")
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"other name":   {"name: b\nsummary: S.\nclaims: true\n", `its name is "b"`},
		"no sentence":  {"name: a\nsummary: fast\nclaims: true\n", "no sentence"},
		"nothing":      {"name: a\nsummary: S.\n", "takes no case"},
		"bad pattern":  {"name: a\nsummary: S.\nids: ['relay/[']\n", "malformed"},
		"bad level":    {"name: a\nsummary: S.\nclaims: true\nlevels: [high]\n", "none of"},
		"bad versions": {"name: a\nsummary: S.\nclaims: true\nversions: 21\n", "no version of SMP"},
		"unknown key":  {"name: a\nsummary: S.\nclaims: true\nskips: [a]\n", "skips"},
	} {
		_, err := load(fstest.MapFS{"a.yaml": {Data: []byte(test.text)}})
		assert.ErrorContains(t, err, test.want, name)
	}
}

package model_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/model"
	"smpcheck/spec"
)

func TestRulesNameRequirementsThatExist(t *testing.T) {
	t.Parallel()
	catalogue, err := spec.Load()
	require.NoError(t, err)
	seen := make(map[string]bool)
	for _, r := range model.Rules() {
		assert.False(t, seen[r.Name], "%s is there twice", r.Name)
		seen[r.Name] = true
		assert.Regexp(t, `^[a-z]+(-[a-z]+)*$`, r.Name)
		assert.NotEmpty(t, r.Says, r.Name)
		ids := r.Special
		if r.Requirement != "" {
			ids = append(ids, r.Requirement)
		}
		for _, id := range ids {
			_, ok := catalogue.Lookup(id)
			assert.True(t, ok, "%s names %s, which is no requirement", r.Name, id)
		}
	}
}

// TestRulesAreNoticed plays for each rule a relay that breaks it, and nothing else.
func TestRulesAreNoticed(t *testing.T) {
	t.Parallel()
	var names []string
	for _, r := range model.Rules() {
		names = append(names, r.Name)
	}
	broken := make(map[string]play)
	for _, plays := range []map[string]play{acceptedPlays, answerPlays, messagePlays, eventPlays} {
		maps.Copy(broken, plays)
	}
	assert.Equal(t, names, slices.Sorted(maps.Keys(broken)))
	for name, p := range broken {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			version := p.version
			if version == 0 {
				version = 20
			}
			w := newWorld(t, version, model.Config{Quota: 2, Prompt: true, Password: p.password})
			p.script(w)
			assert.Equal(t, []string{name}, w.rules())
		})
	}
}

// play is a conversation in which the relay breaks a rule.
type play struct {
	version  uint16
	password string
	script   func(w *world)
}

func script(f func(w *world)) play { return play{script: f} }

package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance"
	"smpcheck/conformance/target"
)

// whole is a report with n cases.
func whole(t *testing.T, n int) *Document {
	t.Helper()
	d := document(t)
	d.Cases = nil
	for i := range n {
		c := document(t).Cases[i%7]
		c.ID = fmt.Sprintf("relay/t%d/case-%d", i%3, i)
		d.Cases = append(d.Cases, c)
	}
	d.count()
	return d
}

// shards cuts a report as --shard cuts a run.
func shards(t *testing.T, d *Document, count int) []Named {
	t.Helper()
	var parts []Named
	for index := 1; index <= min(count, len(d.Cases)); index++ {
		part := *d
		part.Shard = &Shard{index, count, len(d.Cases)}
		part.Cases, part.Summary = nil, map[conformance.Verdict]int{}
		part.Target.Capabilities = append([]Capability{}, d.Target.Capabilities...)
		for i := index - 1; i < len(d.Cases); i += count {
			part.Cases = append(part.Cases, d.Cases[i])
		}
		part.count()
		part.Started = d.Started.Add(time.Duration(index) * time.Second)
		parts = append(parts, Named{fmt.Sprintf("%d.json", index), &part})
	}
	return parts
}

func TestMergedShardsAreTheWholeRun(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 12; n++ {
		for count := 1; count <= 14; count++ {
			d := whole(t, n)
			parts := shards(t, d, count)
			rand.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
			merged, err := Merge(parts)
			require.NoError(t, err, "%d cases in %d shards", n, count)
			assert.Equal(t, d.Cases, merged.Cases)
			assert.Equal(t, d.Summary, merged.Summary)
			assert.Nil(t, merged.Shard)
			assert.Len(t, merged.Parts, len(parts))
			assert.Equal(t, d.Started.Add(time.Second), merged.Started)
			assert.InDelta(t, d.DurationMS+float64(1000*(len(parts)-1)), merged.DurationMS, 0.01)
		}
	}
}

func TestAMergedReportIsReadBack(t *testing.T) {
	t.Parallel()
	parts := shards(t, whole(t, 9), 4)
	parts[2].Seed, parts[2].Interrupted = 43, true
	merged, err := Merge(parts)
	require.NoError(t, err)
	assert.True(t, merged.Interrupted)
	again, err := Read(bytes.NewReader(render(t, merged, JSONFormat)))
	require.NoError(t, err)
	assert.Equal(t, string(render(t, merged, JSONFormat)), string(render(t, again, JSONFormat)))
	assert.Contains(t, string(render(t, merged, TextFormat)), "merged from 4 shards with the seeds 42, 43\n")
	assert.Contains(t, string(render(t, parts[1].Document, TextFormat)), "shard 2 of 4: 2 of 9 cases\n")

	alone, err := Merge([]Named{{"a.json", whole(t, 3)}})
	require.NoError(t, err)
	assert.Equal(t, whole(t, 3), alone)
}

func TestMergeRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(parts []Named) []Named
		want   string
	}{
		"none":    {func([]Named) []Named { return nil }, "no report"},
		"missing": {func(p []Named) []Named { return append(p[:1], p[2]) }, "shards are missing: 2/4, 4/4"},
		"many missing": {func(p []Named) []Named {
			p[0].Shard, p[0].Cases = &Shard{1, 1 << 40, 1 << 41}, p[0].Cases[:2]
			return p[:1]
		}, "6/1099511627776, and 1099511627770 more"},
		"twice":        {func(p []Named) []Named { return append(p, Named{"again.json", p[1].Document}) }, "2.json and again.json are both shard 2/4"},
		"whole":        {func(p []Named) []Named { p[1].Shard = nil; return p }, "2.json is the report of a whole run"},
		"other count":  {func(p []Named) []Named { p[1].Shard = &Shard{2, 5, 9}; return p }, "1.json is one of 4 shards of 9 cases, 2.json one of 5 of 9"},
		"other run":    {func(p []Named) []Named { p[1].Shard = &Shard{2, 4, 10}; return p }, "2.json one of 4 of 10"},
		"too few":      {func(p []Named) []Named { p[0].Cases = p[0].Cases[1:]; return p }, "1.json has 2 cases, but shard 1/4 of 9 cases has 3"},
		"same case":    {func(p []Named) []Named { p[3].Cases[0] = p[1].Cases[0]; return p }, "relay/t1/case-1 is in 2.json and again in 4.json"},
		"tool":         {func(p []Named) []Named { p[1].Tool.Version = "2"; return p }, "1.json and 2.json have different versions of smpcheck: 1.2.3 and 2"},
		"kind":         {func(p []Named) []Named { p[1].Target.Kind = target.Process; return p }, "kinds of targets"},
		"fault":        {func(p []Named) []Named { p[1].Target.Fault = "send/x"; return p }, "1.json and 2.json have different faults: none and send/x"},
		"address":      {func(p []Named) []Named { p[1].Target.Address = "smp://x"; return p }, "different targets"},
		"versions":     {func(p []Named) []Named { p[1].Target.Versions[1] = 18; return p }, "versions of the target: [6 20] and [6 18]"},
		"options":      {func(p []Named) []Named { p[1].Options.Level = "must"; return p }, "--level must"},
		"expectations": {func(p []Named) []Named { p[1].Options.Expectations = ""; return p }, "different options"},
		"capability": {func(p []Named) []Named { p[1].Target.Capabilities[1].State = target.Yes; return p },
			"capabilities of the target: links no and links yes"},
		"capabilities": {func(p []Named) []Named { p[1].Target.Capabilities = nil; return p }, "numbers of capabilities"},
	} {
		_, err := Merge(test.change(shards(t, whole(t, 9), 4)))
		assert.ErrorContains(t, err, test.want, name)
	}
}

func TestShardsOfAStartedTargetHaveAddressesOfTheirOwn(t *testing.T) {
	t.Parallel()
	parts := shards(t, whole(t, 5), 2)
	for i := range parts {
		parts[i].Target.Kind = target.Process
		parts[i].Target.Address = fmt.Sprintf("smp://%d", i)
	}
	parts[1].Target.Capabilities[2].State = target.Yes // not known to the first
	merged, err := Merge(parts)
	require.NoError(t, err)
	assert.Equal(t, "smp://1", merged.Parts[1].Address)
	assert.Equal(t, target.Yes, merged.Target.Capabilities[2].State)
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	changed := func(change func(map[string]any)) string {
		var parsed map[string]any
		require.NoError(t, json.Unmarshal(render(t, document(t), JSONFormat), &parsed))
		change(parsed)
		text, err := json.Marshal(parsed)
		require.NoError(t, err)
		return string(text)
	}
	for text, want := range map[string]string{
		" \n":       ErrEmpty.Error(),
		"smp":       "it is no JSON",
		"{}":        "it is no JSON report of this smpcheck: at '': missing properties",
		`{} {}`:     "it is no JSON",
		`[1, null]`: "got array, want object",
		changed(func(d map[string]any) { d["seed"] = -1 }):                                             "at '/seed'",
		changed(func(d map[string]any) { d["cases"].([]any)[0].(map[string]any)["verdict"] = "good" }): "at '/cases/0/verdict'",
		changed(func(d map[string]any) { d["surplus"] = 1 }):                                           "surplus",
		changed(func(d map[string]any) { d["shard"] = Shard{3, 2, 7} }):                                "shard 3/2 of 7 cases",
		changed(func(d map[string]any) { d["shard"] = Shard{3, 4, 2} }):                                "shard 3/4 of 2 cases",
	} {
		_, err := Read(strings.NewReader(text))
		if assert.ErrorContains(t, err, want) {
			assert.NotContains(t, err.Error(), "\n")
		}
	}
}

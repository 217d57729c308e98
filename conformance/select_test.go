package conformance

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/spec"
)

func TestParseVersions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]uint16{
		"6-20":      AllVersions,
		"9":         {9},
		"6,9,11-12": {6, 9, 11, 12},
		"12-14":     {12, 14},
		"9,6":       {6, 9},
		"6-7,7-8":   {6, 7, 8},
		"1-6":       {6},
		"20-65535":  {20},
	} {
		versions, err := ParseVersions(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, versions, text)
	}
	for _, text := range []string{"", "x", "5", "13", "21", "6-", "-6", "7-6", "6,,7", "6 ", "65536", "+6", "6-7-8"} {
		_, err := ParseVersions(text)
		assert.Error(t, err, "%q", text)
	}
}

func TestShardsPartitionACase(t *testing.T) {
	t.Parallel()
	var cases []Case
	for i := range 11 {
		cases = append(cases, testCase(fmt.Sprintf("relay/topic/n%d", i), pass))
	}
	all := registered(t, cases...)
	for count := 1; count <= 12; count++ {
		seen := make(map[*Case]int)
		for i := 1; i <= count; i++ {
			s, err := ParseShard(fmt.Sprintf("%d/%d", i, count))
			require.NoError(t, err)
			for _, c := range s.Of(all) {
				seen[c]++
			}
		}
		assert.Len(t, seen, len(all), "%d shards", count)
		for c, n := range seen {
			assert.Equal(t, 1, n, "%s in %d shards", c.ID, count)
		}
	}
}

func TestParseShardRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "1", "0/2", "3/2", "1/0", "-1/2", "a/b", "1/2/3"} {
		_, err := ParseShard(text)
		assert.Error(t, err, "%q", text)
	}
}

func TestAtLevelKeepsStrongerCases(t *testing.T) {
	t.Parallel()
	var cases []Case
	for _, l := range spec.Levels() {
		c := testCase("relay/level/"+string(l), pass)
		c.Level = l
		c.Requirements = []string{"SMP-TEST-MUST", "SMP-TEST-CLAIM", "SMP-TEST-SHOULD", "SMP-TEST-OBSERVED", "SMP-TEST-MAY"}
		cases = append(cases, c)
	}
	all := registered(t, cases...)
	for i, l := range spec.Levels() {
		assert.Equal(t, all[:i+1], AtLevel(all, l), l)
	}
}

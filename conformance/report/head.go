package report

import (
	"fmt"
	"slices"
	"strings"
)

// head writes what was tested and how, apart from the first line: what the target can
// do, a line for each ability, which part of the run this is, and the options.
func (t *textWriter) head(d *Document) {
	for _, c := range d.Target.Capabilities {
		line := fmt.Sprintf("  %-17s %-8s %s", c.Name, c.State, escape(c.Detail))
		fmt.Fprintln(t, strings.TrimRight(line, " "))
	}
	if asked := d.Options.String(); asked != "" {
		fmt.Fprintf(t, "  options: %s\n", escape(asked))
	}
	if s := d.Shard; s != nil {
		fmt.Fprintf(t, "  shard %d of %d: %d of %d cases\n", s.Index, s.Count, len(d.Cases), s.Of)
	}
	if seeds := d.seeds(); len(seeds) > 1 {
		fmt.Fprintf(t, "  merged from %d shards with the seeds %s\n", len(d.Parts), strings.Join(seeds, ", "))
	} else if len(d.Parts) > 0 {
		fmt.Fprintf(t, "  merged from %d shards\n", len(d.Parts))
	}
}

// seeds are those of the parts, in their order, without repetition.
func (d *Document) seeds() []string {
	var seeds []string
	for _, part := range d.Parts {
		if text := fmt.Sprint(part.Seed); !slices.Contains(seeds, text) {
			seeds = append(seeds, text)
		}
	}
	return seeds
}

// String is the options as flags, without those that were not given.
func (o Options) String() string {
	var flags []string
	add := func(given bool, format string, args ...any) {
		if given {
			flags = append(flags, fmt.Sprintf(format, args...))
		}
	}
	add(o.Profile != "", "--profile %s", o.Profile)
	for _, pattern := range o.Run {
		add(true, "--run %s", pattern)
	}
	for _, pattern := range o.Skip {
		add(true, "--skip %s", pattern)
	}
	add(o.Level != "", "--level %s", o.Level)
	add(len(o.Versions) > 0, "--versions %s", strings.Trim(strings.ReplaceAll(fmt.Sprint(o.Versions), " ", ","), "[]"))
	add(o.TimeoutScale != 1, "--timeout-scale %v", o.TimeoutScale)
	add(o.FailOnSkip, "--fail-on-skip")
	add(o.KnownName != "", "--known-name %s", o.KnownName)
	add(o.Expectations != "", "--expect FILE (SHA-256 %.12s)", o.Expectations)
	return strings.Join(flags, " ")
}

package trial

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteText writes a line for each relay, and at the end what it comes to.
func (r Report) WriteText(w io.Writer) error {
	table := new(strings.Builder)
	t := tabwriter.NewWriter(table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "relay\toutcome\tfinding\tseconds\toperations\tsize\tshows again")
	for _, result := range r.Results {
		result.line(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	b := new(strings.Builder)
	for line := range strings.Lines(table.String()) {
		fmt.Fprintln(b, strings.TrimRight(line, " \n"))
	}
	for _, result := range r.Results {
		switch result.Outcome {
		case Survived, Alarm, Broken:
			result.explain(b)
		}
	}
	tried := len(r.Results) - 1
	if r.Interrupted {
		b.WriteString("\ninterrupted: not all relays were tried\n")
	}
	fmt.Fprintf(b, "\n%d of %d faults found, %d survived, %d broken; %v for each, seed %d\n",
		r.Count(Found), max(tried, 0), r.Count(Survived), r.Count(Broken), r.Duration, r.Seed)
	_, err := io.WriteString(w, b.String())
	return err
}

// line writes what came of a relay: when it was found and how many operations that took, or
// how long the fuzzer has looked and how many operations it has done.
func (r Result) line(w io.Writer) {
	if r.Finding == nil {
		fmt.Fprintf(w, "%s\t%s\t\t%.1f\t%d\t\t\n", r.ID, r.Outcome, r.Status.Elapsed.Seconds(), r.Status.Operations)
		return
	}
	f := r.Finding
	about := fmt.Sprintf("%s %s", f.Kind, f.Rule)
	if f.Command != "" {
		about += ", " + f.Command
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%.1f\t%d\t%d of %d\t%d of %d\n",
		r.ID, r.Outcome, about, f.After.Seconds(), f.Operations, f.Shrunk, f.From, f.Stable, f.Tried)
}

// explain says what is wrong with the trial of a relay.
func (r Result) explain(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s %s: %s\n", r.Outcome, r.ID, r.Title)
	if f := r.Finding; f != nil {
		fmt.Fprintf(b, "  expected  %s\n  actual    %s\n", f.Expected, f.Actual)
	}
	if r.Others > 0 {
		fmt.Fprintf(b, "  %d findings of kinds that do not prove the fault\n", r.Others)
	}
	if r.Detail != "" {
		fmt.Fprintf(b, "  %s\n", r.Detail)
	}
}

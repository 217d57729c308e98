package engine

import (
	"fmt"
	"strings"
	"time"

	"smpcheck/conformance/trace"
	"smpcheck/fuzz/drive"
	"smpcheck/spec"
)

// happened says in a sentence what a kind of finding is.
var happened = map[drive.Kind]string{
	Crash:           "The process of the relay ended.",
	drive.Hang:      "The relay left a client waiting.",
	drive.Protocol:  "The relay sent what no relay may send.",
	drive.Accepted:  "The relay took what it has to refuse.",
	drive.Violation: "The relay did what no relay may do after what had happened before.",
	Canary:          "Two clients that do nothing unusual, and that the fuzzer does not touch, were disturbed.",
	Memory:          "The process of the relay grows with what it is sent, and does not shrink.",
}

// readme is the text that explains a finding.
func (c *cabinet) readme(f Finding) string {
	var b strings.Builder
	f = c.public(f)
	fmt.Fprintf(&b, "# %s: %s\n\n%s\n\n", f.Kind, f.title(), happened[f.Kind])
	fmt.Fprintf(&b, "- Expected: %s\n- Actual: %s\n", line(f.Expected), line(f.Actual))
	if f.Command != "" {
		fmt.Fprintf(&b, "- Command: %s\n", line(f.Command))
	}
	if f.Place != "" {
		fmt.Fprintf(&b, "- Place: %s\n", line(f.Place))
	}
	fmt.Fprintf(&b, "- Seen after %s and %d operations, in %d programs of the run\n",
		f.After.Round(time.Millisecond), f.Operations, f.Times)
	b.WriteString("- " + f.stability() + "\n")
	if len(f.Behind) > 0 {
		fmt.Fprintf(&b, "- The program shows other findings before this one, which may follow from them: %s\n", strings.Join(f.Behind, ", "))
	}
	fmt.Fprintf(&b, "\nShow it again:\n\n```\n%s\n```\n", c.replayCommand(f))
	b.WriteString(explanation(f.Requirement))
	fmt.Fprintf(&b, "\n## The program\n\nIt has %d operations, left of %d. SMP versions %s, TLS %s.\n\n```\n%s\n```\n",
		f.Shrunk, f.From, f.Versions, f.TLS, strings.TrimRight(f.Program.String(), "\n"))
	if f.Detail != "" {
		fmt.Fprintf(&b, "\n## %s\n\n```\n%s\n```\n", detailTitle(f.Kind), plain(f.Detail))
	}
	fmt.Fprintf(&b, "\n## Files\n\n- `%s`: the finding for programs, with the one that showed it first\n- `%s`: the conversation when it was last seen\n",
		findingFile, traceFile)
	if f.Kind == Crash {
		fmt.Fprintf(&b, "- `%s`: what the relay has written\n", stderrFile)
	}
	return b.String()
}

// title is the rule with the command that it is about.
func (f Finding) title() string {
	if f.Command == "" {
		return f.Rule
	}
	return f.Rule + " (" + f.Command + ")"
}

// stability says how surely the program shows the finding.
func (f Finding) stability() string {
	switch {
	case f.Tried == 0:
		return "Not reproduced: neither the program nor those before it have shown it again"
	case f.Stable == 0:
		return fmt.Sprintf("Not stable: none of %d replays has shown it again", f.Tried)
	}
	return fmt.Sprintf("%d of %d replays have shown it again", f.Stable, f.Tried)
}

func detailTitle(kind drive.Kind) string {
	if kind == Memory {
		return "The curve"
	}
	return "The stack trace"
}

// explanation is what the catalogue says about a requirement, empty for none.
func explanation(id string) string {
	catalogue, err := spec.Load()
	if err != nil || id == "" {
		return ""
	}
	r, found := catalogue.Lookup(id)
	if !found {
		return ""
	}
	text := fmt.Sprintf("\n## The rule\n\n`%s` (%s, versions %s): %s.\n\n%s\n\nRead in %s, %q.\n",
		r.ID, r.Level, r.Versions, r.Title, strings.TrimSpace(r.Summary), r.Source.Document, r.Source.Heading)
	if notes := strings.TrimSpace(r.Notes); notes != "" {
		text += "\n" + notes + "\n"
	}
	return text
}

// line is a text of the relay on one line, harmless for a terminal.
func line(text string) string { return trace.Printable(text) }

// plain is a text of several lines, harmless for a terminal and unable to end a block of
// code.
func plain(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "```", "'''"), "\n")
	for i := range lines {
		lines[i] = trace.Printable(strings.ReplaceAll(lines[i], "\t", "    "))
	}
	return strings.Join(lines, "\n")
}

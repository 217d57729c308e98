// Command catalogue writes CATALOGUE.md: every requirement and claim, for people.
//
//	go run ./spec/gen/catalogue [-to spec/CATALOGUE.md]
//
// The text depends on the records alone. It exits with 0, with 1 when the catalogue
// cannot be read or written, and with 2 on bad usage.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"smpcheck/spec"
)

func main() {
	to := flag.String("to", filepath.Join("spec", "CATALOGUE.md"), "`file` to write")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "catalogue: expected flags and nothing else; see -help")
		os.Exit(2)
	}
	if err := write(*to); err != nil {
		fmt.Fprintln(os.Stderr, "catalogue:", err)
		os.Exit(1)
	}
}

func write(name string) error {
	catalogue, err := spec.Load()
	if err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text(catalogue.Records())), 0o644)
}

// text returns the catalogue as Markdown: the numbers, then a section for each topic.
func text(records []*spec.Record) string {
	var b strings.Builder
	b.WriteString("# Requirements and claims\n\nMade by `go generate ./spec` from the records in this folder: do not edit.\n")
	b.WriteString("`smpcheck explain ID` shows a record together with the cases that test it.\n\n")
	summary(&b, records)
	topic := ""
	for _, r := range records {
		if r.Topic != topic {
			topic = r.Topic
			fmt.Fprintf(&b, "\n## %s\n", topic)
		}
		entry(&b, r)
	}
	return b.String()
}

func summary(b *strings.Builder, records []*spec.Record) {
	count := map[spec.Level]int{}
	for _, r := range records {
		count[r.Level]++
	}
	b.WriteString("| level | records |\n|---|---:|\n")
	for _, level := range spec.Levels() {
		fmt.Fprintf(b, "| %s | %d |\n", level, count[level])
	}
	fmt.Fprintf(b, "| all | %d |\n", len(records))
}

func entry(b *strings.Builder, r *spec.Record) {
	fmt.Fprintf(b, "\n- **%s** – %s\\\n", r.ID, oneLine(r.Title))
	fmt.Fprintf(b, "  %s\\\n", oneLine(r.Summary))
	fmt.Fprintf(b, "  *%s, %s, versions %s; %s, “%s”*\n", r.Level, r.Role, r.Versions, r.Source.Document, r.Source.Heading)
	if r.Notes != "" {
		fmt.Fprintf(b, "  - Notes: %s\n", oneLine(r.Notes))
	}
	if len(r.Checks) > 0 {
		checks := make([]string, len(r.Checks))
		for i, check := range r.Checks {
			checks[i] = oneLine(string(check))
		}
		fmt.Fprintf(b, "  - Checks: %s\n", strings.Join(checks, "; "))
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"smpcheck/vectors"
)

// writeOperations writes OPERATIONS.md: the dictionary for people.
func writeOperations(to string) error {
	d, err := vectors.Operations()
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("# Operations\n\nMade by `go generate ./vectors` from the folder operations: do not edit.\n\n")
	b.WriteString("An adapter answers operations; [docs/vectors.md](../docs/vectors.md) tells how. All inputs are given, all outputs\n")
	b.WriteString("have to be answered. Values in *italics* are intermediate: an adapter may leave them out, what it gives has to be right.\n")
	b.WriteString("`[]` is a list, `?` a value that may be null.\n\n")
	b.WriteString("| operation | inputs | answer | what it does |\n|---|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(d.Operations)) {
		o := d.Operations[name]
		answer := append(fields(o.Output, ""), fields(o.Intermediate, "*")...)
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, strings.Join(fields(o.Inputs, ""), "<br>"), strings.Join(answer, "<br>"), cell(o.What))
	}
	b.WriteString("\n## Types\n\nTheir JSON Schemas are in the folder operations.\n\n| type | what it is |\n|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(d.Types)) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, cell(d.Types[name].What))
	}
	b.WriteString("\n## Classes of errors\n\n| class | what it means |\n|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(d.Errors)) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, cell(d.Errors[name]))
	}
	return os.WriteFile(filepath.Join(to, "OPERATIONS.md"), []byte(b.String()), 0o644)
}

func fields(of vectors.Fields, mark string) []string {
	var list []string
	for _, name := range of.Names() {
		list = append(list, fmt.Sprintf("%s%s%s: %s", mark, name, mark, of[name]))
	}
	return list
}

// cell escapes text for a cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ").Replace(text)
}

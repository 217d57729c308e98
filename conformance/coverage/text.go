package coverage

import (
	"fmt"
	"io"
	"strings"

	"smpcheck/spec"
)

// marks stand for the columns in the text of the matrix.
var marks = map[Column]string{
	RelayCase: "R", ClientCase: "C", Vector: "V", Property: "P", Test: "T", FuzzTarget: "F", Experiment: "A",
}

// WriteText writes the matrix for people: a line for each requirement, then the numbers,
// then the problems.
func (m *Matrix) WriteText(w io.Writer) error {
	var b strings.Builder
	b.WriteString("R relay case, C client case, V vector, P property, T test, F fuzz target, A audit experiment, - reason, … pending\n\n")
	for _, row := range m.Rows {
		fmt.Fprintf(&b, "%-7s  %-8s  %-6s  %s\n", row.marks(), row.Level, row.Role, row.ID)
	}
	s := m.Summary
	fmt.Fprintf(&b, "\n%d requirements, %d claims, %d cases, %d faults\n", s.Requirements, s.Claims, s.Cases, s.Faults)
	for _, level := range spec.Levels() {
		c := s.Levels[level]
		fmt.Fprintf(&b, "%-9s %4d: %4d checked, %3d with a reason, %3d pending, %3d unchecked\n", level, c.All, c.Checked, c.Reason, c.Pending, c.Unchecked)
	}
	var columns []string
	for _, column := range Columns {
		columns = append(columns, fmt.Sprintf("%s %d", column, s.Columns[column]))
	}
	fmt.Fprintf(&b, "requirements with a %s\n", strings.Join(columns, ", "))
	for _, problem := range m.Problems {
		fmt.Fprintf(&b, "problem: %s\n", problem)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Row) marks() string {
	var b strings.Builder
	for _, column := range Columns {
		if len(r.Checks[column]) > 0 {
			b.WriteString(marks[column])
		} else {
			b.WriteByte(' ')
		}
	}
	if r.Checked() {
		return b.String()
	}
	switch {
	case r.Reason != "":
		return "-"
	case r.Waits != "":
		return "…"
	}
	return ""
}

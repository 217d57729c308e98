// Package coverage tells which requirements are checked, by what, and which are not.
package coverage

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"smpcheck/conformance"
	"smpcheck/conformance/fault"
	"smpcheck/spec"
	"smpcheck/vectors"
)

// Column is a way of checking a requirement.
type Column string

// The columns of the matrix.
const (
	RelayCase  Column = "relay case"
	ClientCase Column = "client case"
	Vector     Column = "vector"
	Property   Column = "property"
	Test       Column = "test"
	FuzzTarget Column = "fuzz target"
	Experiment Column = "audit experiment"
)

// Columns are all columns, in the order of the matrix.
var Columns = []Column{RelayCase, ClientCase, Vector, Property, Test, FuzzTarget, Experiment}

// columnOf has the column of each kind of check that a record can name.
var columnOf = map[spec.CheckKind]Column{
	spec.VectorCheck: Vector, spec.PropertyCheck: Property, spec.TestCheck: Test,
	spec.FuzzCheck: FuzzTarget, spec.AuditCheck: Experiment,
}

// Row is a requirement with all that checks it.
type Row struct {
	ID     string              `json:"id"`
	Title  string              `json:"title"`
	Topic  string              `json:"topic"`
	Role   spec.Role           `json:"role"`
	Level  spec.Level          `json:"level"`
	Checks map[Column][]string `json:"checks"`            // what checks it, by column
	Faults []string            `json:"faults"`            // relays that are wrong on purpose and break it
	Hidden string              `json:"hidden,omitempty"`  // why no client of a relay can see it
	Reason string              `json:"reason,omitempty"`  // why no check can exist
	Waits  string              `json:"pending,omitempty"` // what is going to check it
}

// Checked reports whether anything checks the requirement.
func (r *Row) Checked() bool { return len(r.Checks) > 0 }

// Count is the number of requirements in a state. Each requirement is in one state.
type Count struct {
	All       int `json:"all"`
	Checked   int `json:"checked"`
	Reason    int `json:"reason"`    // not checked, and the record says why
	Pending   int `json:"pending"`   // not checked, but listed as to come
	Unchecked int `json:"unchecked"` // none of the above
}

// Summary is what a matrix comes to.
type Summary struct {
	Requirements int                   `json:"requirements"` // records that are no claims
	Claims       int                   `json:"claims"`
	Must         Count                 `json:"must"`
	Levels       map[spec.Level]*Count `json:"levels"`
	Columns      map[Column]int        `json:"columns"` // requirements with a check in the column
	Cases        int                   `json:"cases"`
	Faults       int                   `json:"faults"`
}

// Matrix is every requirement with all that checks it.
type Matrix struct {
	Summary  Summary  `json:"summary"`
	Problems []string `json:"problems"` // why the matrix is not acceptable
	Rows     []*Row   `json:"requirements"`
}

// New makes the matrix of the cases and records of a registry and the faults that the
// cases have to notice. The problems are: a must or claim that has neither a check nor a
// reason and is not pending; a must of relays without a case that does not say why no
// client can see it; a pending rule with a check; a check that does not exist; a case that
// no fault has to be noticed by; a fault that contradicts itself or the cases.
func New(registry *conformance.Registry, pending []spec.Pending, faults []fault.Fault) (*Matrix, error) {
	m := &Matrix{Problems: []string{}, Summary: Summary{Levels: map[spec.Level]*Count{}, Columns: map[Column]int{}}}
	for _, level := range spec.Levels() {
		m.Summary.Levels[level] = &Count{}
	}
	waits := map[string]string{}
	for _, p := range pending {
		for _, id := range p.IDs {
			waits[id] = p.WaitsFor
		}
	}
	known := vectorIndex{}
	for _, record := range registry.Catalogue().Records() {
		row, err := m.row(record, registry, known)
		if err != nil {
			return nil, err
		}
		row.Waits = waits[record.ID]
		row.Faults = fault.IDs(fault.Breaking(faults, record.ID))
		m.add(row)
	}
	m.addFaults(registry, faults)
	m.Summary.Must = *m.Summary.Levels[spec.Must]
	return m, nil
}

func (m *Matrix) row(record *spec.Record, registry *conformance.Registry, known vectorIndex) (*Row, error) {
	row := &Row{
		ID: record.ID, Title: record.Title, Topic: record.Topic, Role: record.Role, Level: record.Level,
		Checks: map[Column][]string{},
	}
	for _, c := range registry.Citing(record.ID) {
		column := RelayCase
		if c.Role == spec.Client {
			column = ClientCase
		}
		row.Checks[column] = append(row.Checks[column], c.ID)
	}
	for _, check := range record.Checks {
		switch check.Kind() {
		case spec.ReasonCheck:
			row.Reason = check.Name()
			continue
		case spec.HiddenCheck:
			row.Hidden = check.Name()
			continue
		}
		if check.Kind() == spec.VectorCheck {
			exists, err := known.has(check.Name())
			if err != nil {
				return nil, err
			}
			if !exists {
				m.problem("%s names the vectors %q, which do not exist", record.ID, check.Name())
			}
		}
		column := columnOf[check.Kind()]
		row.Checks[column] = append(row.Checks[column], check.Name())
	}
	return row, nil
}

func (m *Matrix) problem(format string, args ...any) {
	m.Problems = append(m.Problems, fmt.Sprintf(format, args...))
}

func (m *Matrix) add(row *Row) {
	m.Rows = append(m.Rows, row)
	count := m.Summary.Levels[row.Level]
	count.All++
	if row.Level == spec.Claim {
		m.Summary.Claims++
	} else {
		m.Summary.Requirements++
	}
	for column := range row.Checks {
		m.Summary.Columns[column]++
	}
	if row.Waits != "" && (row.Checked() || row.Reason != "") {
		m.problem("%s is pending, but its record or a case checks it or says why nothing can: take it off the list", row.ID)
	}
	m.judgeHidden(row)
	switch {
	case row.Checked():
		count.Checked++
	case row.Reason != "":
		count.Reason++
	case row.Waits != "":
		count.Pending++
	default:
		count.Unchecked++
		if row.Level.Binding() {
			m.problem("%s (%s) has no check, gives no reason and is not pending", row.ID, row.Level)
		}
	}
}

// vectorIndex has the names by which records may refer to the vectors of each kind that
// was asked for.
type vectorIndex map[string]map[string]bool

// has reports whether there is a group or a test of the name kind/group or kind/id.
func (v vectorIndex) has(name string) (bool, error) {
	kind, entry, _ := strings.Cut(name, "/")
	if v[kind] == nil {
		file, err := vectors.Load(kind)
		if errors.Is(err, vectors.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		v[kind] = map[string]bool{}
		for g, t := range file.All() {
			v[kind][g.Name], v[kind][t.ID] = true, true
		}
	}
	return v[kind][entry], nil
}

// Select keeps the rows that a function accepts. Summary and problems stay those of the
// whole matrix.
func (m *Matrix) Select(keep func(*Row) bool) {
	m.Rows = slices.DeleteFunc(m.Rows, func(r *Row) bool { return !keep(r) })
}

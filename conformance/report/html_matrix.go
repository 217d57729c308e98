package report

import (
	"fmt"
	"slices"
	"strings"

	"smpcheck/conformance"
)

// Sizes of the matrix in pixels: the distance of cells, their gap, and the room above
// the first row for the versions.
const (
	cellWidth   = 13
	cellHeight  = 9
	cellGap     = 1
	matrixTop   = 12
	narrowWidth = 60
)

// matrix is the picture of requirements and versions, a block for each topic.
type matrix struct {
	// Size is the class of the width of the blocks.
	Size   string
	Blocks []*matrixBlock
	Legend []legendCell
}

// matrixBlock has a column for each version, and a row for each requirement of a topic that
// concerns one of them.
type matrixBlock struct {
	Topic         string
	Width, Height int
	Columns       []matrixColumn
	Rows          []matrixRow
	// Text says what is to be seen. A block without a row is not drawn.
	Text string
}

type matrixColumn struct {
	X       int
	Version uint16
}

// matrixRow is a requirement. Its cells are paths, one for each verdict that occurs.
type matrixRow struct {
	Rule    *htmlRule
	Verdict conformance.Verdict
	Href    string
	Text    string
	Paths   []cellPath
	// Hit is the area that reacts to a pointer, Track the versions that the rule concerns.
	Hit, Track string
}

// Problem says that the requirement is not kept at some version.
func (r matrixRow) Problem() bool { return explained[r.Verdict] }

// cellPath are the cells with one verdict: their areas and the marks on them, which tell
// verdicts apart without colours.
type cellPath struct {
	Verdict    conformance.Verdict
	Area, Mark string
}

type legendCell struct {
	cellPath
	Means string
}

// marks are drawn from the upper left corner of a cell.
var marks = map[conformance.Verdict]string{
	conformance.Fail:      "m3.5 1.5l5 5m0-5l-5 5",
	conformance.Error:     "m6 1v3.5m0 1v1.5",
	conformance.XPass:     "m3 4h6m-3-3v6",
	conformance.Nonstrict: "m3 4h6",
	conformance.XFail:     "m3.5 6.5l5-5",
	conformance.Skip:      "m5 4h2",
}

func newMatrix(topics []*htmlTopic, versions []uint16) *matrix {
	m := &matrix{Size: "large"}
	switch {
	case len(versions) <= 4:
		m.Size = "small"
	case len(versions) <= 8:
		m.Size = "medium"
	}
	for _, v := range conformance.Verdicts() {
		m.Legend = append(m.Legend, legendCell{cellPath{v, area(0, 0), mark(v, 0, 0)}, means[v]})
	}
	for _, t := range topics {
		if len(t.Rules) > 0 {
			m.Blocks = append(m.Blocks, newMatrixBlock(t, versions))
		}
	}
	return m
}

func newMatrixBlock(t *htmlTopic, versions []uint16) *matrixBlock {
	b := &matrixBlock{
		Topic: t.Name,
		Width: max(len(versions)*cellWidth, narrowWidth),
	}
	for i, v := range versions {
		b.Columns = append(b.Columns, matrixColumn{i*cellWidth + cellWidth/2, v})
	}
	broken := 0
	b.Height = matrixTop
	for _, r := range t.Rules {
		row := newMatrixRow(r, versions, b.Height)
		if row.Track == "" && row.Paths == nil {
			continue
		}
		row.Hit = fmt.Sprintf("M0 %dh%dv%dH0z", b.Height, b.Width, cellHeight)
		if row.Problem() {
			broken++
		}
		b.Rows = append(b.Rows, row)
		b.Height += cellHeight
	}
	if !slices.ContainsFunc(b.Rows, func(r matrixRow) bool { return r.Paths != nil }) {
		b.Rows, b.Text = nil, "not tried"
		return b
	}
	b.Text = fmt.Sprintf("%s: %s, %d with a problem", t.Name, Count(len(b.Rows), "requirement"), broken)
	return b
}

func newMatrixRow(r *htmlRule, versions []uint16, y int) matrixRow {
	row := matrixRow{Rule: r, Verdict: r.verdict(), Href: "#" + r.ID}
	if row.Problem() {
		row.Href = "#" + r.worstCase().ID
	}
	row.Text = r.ID + ": " + r.Title + "\n" + r.inWords(versions)
	row.Track = r.track(versions, y)
	paths := make(map[conformance.Verdict]*cellPath)
	for i, version := range versions {
		v, ok := r.Worst[version]
		if !ok {
			continue
		}
		if paths[v] == nil {
			paths[v] = &cellPath{Verdict: v}
		}
		paths[v].Area += area(i*cellWidth, y)
		paths[v].Mark += mark(v, i*cellWidth, y)
	}
	for _, v := range conformance.Verdicts() {
		if paths[v] != nil {
			row.Paths = append(row.Paths, *paths[v])
		}
	}
	return row
}

// track covers the versions that the cases of the requirement concern.
func (r *htmlRule) track(versions []uint16, y int) string {
	first, last := -1, -1
	for i, v := range versions {
		if slices.ContainsFunc(r.Cases, func(c *Case) bool { return c.Versions[0] <= v && v <= c.Versions[1] }) {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return ""
	}
	return fmt.Sprintf("M%d %dh%dv%dH%dz", first*cellWidth, y, (last-first+1)*cellWidth-cellGap, cellHeight-cellGap, first*cellWidth)
}

func area(x, y int) string {
	width := cellWidth - cellGap
	return fmt.Sprintf("M%d %dh%dv%dh-%dz", x, y, width, cellHeight-cellGap, width)
}

func mark(v conformance.Verdict, x, y int) string {
	if marks[v] == "" {
		return ""
	}
	return fmt.Sprintf("M%d %d%s", x, y, marks[v])
}

// worstCase is the case with the worst verdict among those that test the requirement and
// do not blame another one.
func (r *htmlRule) worstCase() *Case {
	blames := func(c *Case) bool { return len(c.Violated) == 0 || slices.Contains(c.Violated, r.ID) }
	return slices.MinFunc(r.Cases, func(a, b *Case) int {
		if blames(a) != blames(b) {
			if blames(a) {
				return -1
			}
			return 1
		}
		return slices.Index(conformance.Verdicts(), a.Verdict) - slices.Index(conformance.Verdicts(), b.Verdict)
	})
}

// inWords lists the versions by verdict: "fail at 6, 7; pass at 9".
func (r *htmlRule) inWords(versions []uint16) string {
	var parts []string
	for _, v := range conformance.Verdicts() {
		var at []string
		for _, version := range versions {
			if worst, ok := r.Worst[version]; ok && worst == v {
				at = append(at, fmt.Sprint(version))
			}
		}
		if at != nil {
			parts = append(parts, fmt.Sprintf("%s at %s", v, strings.Join(at, ", ")))
		}
	}
	if parts == nil {
		return "not tested at any version"
	}
	return strings.Join(parts, "; ")
}

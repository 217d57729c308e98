package report

import (
	"fmt"
	"slices"
	"strings"

	"smpcheck/conformance/trace"
)

// Sizes of a sequence diagram in pixels. A diagram of two parties fits a phone.
const (
	diagramLeft   = 56
	diagramRight  = 54
	diagramTop    = 48
	spanOfTwo     = 212
	spanOfMany    = 140
	lineHeight    = 14
	charWidth     = 6.2
	stepGap       = 12
	notePadding   = 5
	mostLines     = 3
	mostSteps     = 30
	mostLifelines = 8
	destination   = "destination"
)

// diagram is a sequence diagram: a lifeline for each connection and one for the relay,
// and the events from top to bottom.
type diagram struct {
	Width, Height int
	// Fits says that the diagram may shrink to fit a phone.
	Fits bool
	// Foot is where the lifelines end.
	Foot    int
	Parties []party
	Steps   []step
	// Text says what is to be seen.
	Text string
}

// party is a lifeline.
type party struct {
	X     int
	Names []label
	// More tells connections apart.
	More  string
	Relay bool
}

// step is an arrow, or a box if Box is set.
type step struct {
	Number int
	Y      int
	From   int
	To     int
	// Head is the path of the arrow head.
	Head  string
	Box   *box
	Error bool
	Lines []label
}

type box struct{ X, Y, Width, Height int }

type label struct {
	X, Y  int
	Text  string
	Error bool
}

// drawing is a diagram in the making.
type drawing struct {
	*diagram
	relay int
	// places are the lifelines of the connections that have one, by number.
	places map[int]int
	y      int
}

// newDiagram draws at most steps events, the last ones.
func newDiagram(t *trace.Trace, steps int) *diagram {
	d := &drawing{diagram: &diagram{}, places: make(map[int]int)}
	items := items(t)
	hidden := max(0, len(items)-steps)
	items = items[hidden:]
	d.place(t.Connections, items)
	d.y = diagramTop + 8
	if hidden > 0 {
		d.note(0, 0, fmt.Sprintf("%s before these", Count(hidden, "event")), "")
	}
	for _, e := range items {
		if e.Connection == 0 || d.places[e.Connection] != 0 {
			d.event(e)
		}
	}
	d.Foot = d.y
	d.Height = d.y + 6
	d.Text = fmt.Sprintf("Sequence diagram of %s over %s with the relay; the trace lists the same events.",
		Count(len(t.Events), "event"), Count(len(t.Connections), "connection"))
	return d.diagram
}

// place gives a lifeline to the relay and to the connections of the events: those that
// the relay has opened stand to its right, all others to its left.
func (d *drawing) place(connections []trace.Connection, events []trace.Event) {
	var shown []trace.Connection
	for _, c := range connections {
		if len(shown) < mostLifelines && slices.ContainsFunc(events, func(e trace.Event) bool { return e.Connection == c.Number }) {
			shown = append(shown, c)
		}
	}
	span := spanOfTwo
	if len(shown) > 1 {
		span = spanOfMany
	}
	var left, right []trace.Connection
	for _, c := range shown {
		if strings.Contains(c.Role, destination) {
			right = append(right, c)
		} else {
			left = append(left, c)
		}
	}
	x := diagramLeft
	lifeline := func(name, more string, relay bool) {
		p := party{X: x, More: more, Relay: relay}
		for i, line := range wrap(escape(name), 15, 2) {
			p.Names = append(p.Names, label{X: x, Y: 12 + 14*i, Text: line})
		}
		d.Parties = append(d.Parties, p)
		x += span
	}
	for _, c := range left {
		d.places[c.Number] = x
		lifeline(c.Role, d.more(c, len(connections)), false)
	}
	if len(shown) == 0 {
		lifeline("client", "", false)
	}
	d.relay = x
	lifeline("relay under test", "", true)
	for _, c := range right {
		d.places[c.Number] = x
		lifeline(c.Role, d.more(c, len(connections)), false)
	}
	d.Fits = len(d.Parties) <= 3
	d.Width = x - span + diagramRight
}

// more tells connections apart.
func (d *drawing) more(c trace.Connection, connections int) string {
	var parts []string
	if connections > 1 {
		parts = append(parts, fmt.Sprintf("connection %d", c.Number))
	}
	if c.Version != 0 {
		parts = append(parts, fmt.Sprintf("SMP %d", c.Version))
	}
	return strings.Join(parts, ", ")
}

// items are the events to draw. Those that only set up a connection which was then used
// become one.
func items(t *trace.Trace) []trace.Event {
	var out []trace.Event
	for i := 0; i < len(t.Events); {
		n := setup(t, i)
		if n < 2 {
			out = append(out, t.Events[i])
			i++
			continue
		}
		out = append(out, joined(t, t.Events[i:i+n]))
		i += n
	}
	return out
}

// setup is the number of events from the i-th that only set up one connection.
func setup(t *trace.Trace, i int) int {
	connection := t.Events[i].Connection
	used := slices.ContainsFunc(t.Events[i:], func(e trace.Event) bool {
		return e.Connection == connection && e.Kind == trace.KindBlock
	})
	if connection == 0 || !used {
		return 0
	}
	n := 0
	for _, e := range t.Events[i:] {
		if e.Connection != connection || e.Error != "" || !slices.Contains(setupKinds, e.Kind) {
			break
		}
		n++
	}
	return n
}

var setupKinds = []trace.Kind{trace.KindTCP, trace.KindTLS, trace.KindHandshake}

// joined is one event for several that set up a connection.
func joined(t *trace.Trace, events []trace.Event) trace.Event {
	e := events[0]
	e.Direction, e.Kind = trace.Note, trace.KindNote
	parts := []string{}
	for _, other := range events {
		if other.Kind == trace.KindTLS {
			text, _, _ := strings.Cut(other.Summary, ",")
			parts = append(parts, text)
		}
	}
	for _, c := range t.Connections {
		if c.Number == e.Connection && c.Version != 0 {
			parts = append(parts, fmt.Sprintf("SMP %d", c.Version))
		}
	}
	e.Summary = "connects"
	if len(parts) > 0 {
		e.Summary += ": " + strings.Join(parts, ", ")
	}
	return e
}

func (d *drawing) event(e trace.Event) {
	summary, problem := escape(e.Summary), escape(e.Error)
	if e.Direction == trace.Note || e.Connection == 0 {
		d.note(e.Number, d.places[e.Connection], summary, problem)
		return
	}
	s := step{Number: e.Number, From: d.places[e.Connection], To: d.relay, Error: problem != ""}
	if e.Direction == trace.Received {
		s.From, s.To = s.To, s.From
	}
	s.Lines = d.labels((s.From+s.To)/2, s.From-s.To, summary, problem)
	s.Y = d.y
	back := -7
	if s.To < s.From {
		back = 7
	}
	s.Head = fmt.Sprintf("M%d %dl%d-4v8z", s.To, s.Y, back)
	d.y += stepGap
	d.Steps = append(d.Steps, s)
}

// note is a box between a lifeline and that of the relay, over all lifelines if x is 0.
func (d *drawing) note(number, x int, summary, problem string) {
	from, to := min(x, d.relay), max(x, d.relay)
	if x == 0 {
		from, to = d.Parties[0].X, d.Parties[len(d.Parties)-1].X
	}
	s := step{Number: number, Error: problem != ""}
	s.Box = &box{X: from - 8, Y: d.y - 4, Width: to - from + 16}
	d.y += notePadding - 3
	s.Lines = d.labels((from+to)/2, to-from, summary, problem)
	d.y += notePadding
	s.Box.Height = d.y - s.Box.Y
	s.Y = s.Box.Y + s.Box.Height/2 + 4
	d.y += stepGap
	d.Steps = append(d.Steps, s)
}

// labels writes texts in lines of at most width pixels around x, from d.y downwards.
func (d *drawing) labels(x, width int, summary, problem string) []label {
	var out []label
	for i, text := range []string{summary, problem} {
		for _, line := range wrap(text, int(float64(max(width, -width)-10)/charWidth), mostLines) {
			d.y += lineHeight
			out = append(out, label{X: x, Y: d.y - 5, Text: line, Error: i == 1})
		}
	}
	return out
}

// wrap breaks a text into lines of at most width characters, between words where it can;
// what has no room in the lines is cut off.
func wrap(text string, width, lines int) []string {
	var out []string
	rest := []rune(strings.TrimSpace(text))
	for len(rest) > 0 {
		if len(rest) <= width {
			return append(out, string(rest))
		}
		if len(out) == lines-1 {
			return append(out, shorten(string(rest), width))
		}
		end := width
		for i := width; i > width/3; i-- {
			if rest[i] == ' ' {
				end = i
				break
			}
		}
		out = append(out, string(rest[:end]))
		rest = []rune(strings.TrimLeft(string(rest[end:]), " "))
	}
	return out
}

// shorten cuts a text to at most width characters.
func shorten(text string, width int) string {
	runes := []rune(text)
	if len(runes) <= width {
		return text
	}
	return string(runes[:width-1]) + "…"
}

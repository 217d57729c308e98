package report

import (
	"fmt"

	"smpcheck/conformance/trace"
)

// htmlTalk is the conversation of a case: a diagram, and a list of its events.
type htmlTalk struct {
	Diagram *diagram
	Events  []htmlEvent
	// LeftOut events were not recorded, Earlier ones are in the JSON report alone.
	LeftOut, Earlier int
	// Summary says how much there is.
	Summary string
}

// htmlEvent is an event with texts that are safe to show.
type htmlEvent struct {
	Number, Connection int
	Time               string
	// Arrow points the way that the event went.
	Arrow, Way string
	Layer      htmlLayer
}

// htmlLayer is a layer with texts that are safe to show.
type htmlLayer struct {
	Kind           trace.Kind
	Summary, Error string
	Fields         []trace.Field
	// Bytes says how many bytes there are, and how many of them Hex shows.
	Bytes, Hex string
	Layers     []htmlLayer
}

// Empty says that there is nothing to unfold.
func (l htmlLayer) Empty() bool { return len(l.Fields)+len(l.Layers) == 0 && l.Hex == "" }

// newHTMLTalk returns nil for a case without a trace.
func newHTMLTalk(t *trace.Trace, shown extent) *htmlTalk {
	if t == nil || len(t.Events) == 0 {
		return nil
	}
	last := shown.last(t)
	talk := &htmlTalk{
		Diagram: newDiagram(t, min(shown.events, mostSteps)),
		LeftOut: t.LeftOut,
		Earlier: len(t.Events) - len(last),
		Summary: Count(len(t.Events), "event") + ", " + Count(len(t.Connections), "connection"),
	}
	for _, e := range last {
		view := htmlEvent{Number: e.Number, Connection: e.Connection, Layer: newHTMLLayer(&e.Layer, shown.bytes)}
		view.Time = fmt.Sprintf("%.1f ms", e.AtMS)
		switch e.Direction {
		case trace.Sent:
			view.Arrow, view.Way = "→", "to the relay"
		case trace.Received:
			view.Arrow, view.Way = "←", "from the relay"
		case trace.Note:
			view.Arrow, view.Way = "·", "note"
		}
		talk.Events = append(talk.Events, view)
	}
	return talk
}

func newHTMLLayer(l *trace.Layer, limit int) htmlLayer {
	view := htmlLayer{Kind: l.Kind, Summary: escape(l.Summary), Error: escape(l.Error)}
	for _, f := range l.Fields {
		view.Fields = append(view.Fields, trace.Field{Name: escape(f.Name), Value: escape(f.Value)})
	}
	view.Hex = escape(l.Hex[:min(len(l.Hex), 2*limit)])
	if l.Size > 0 {
		view.Bytes = fmt.Sprintf("%d bytes", l.Size)
	}
	if shown := len(view.Hex) / 2; shown > 0 && shown < l.Size {
		view.Bytes += fmt.Sprintf(", the first %d", shown)
	}
	for i := range l.Layers {
		view.Layers = append(view.Layers, newHTMLLayer(&l.Layers[i], limit))
	}
	return view
}

// extent is how much of every conversation a report shows: the number of its last events,
// and the number of bytes of each layer.
type extent struct{ events, bytes int }

// extents are those that a report may have, the largest first.
var extents = []extent{{200, 512}, {60, 256}, {40, 128}, {24, 64}, {12, 32}}

// mostText is the size that the conversations of a report may have together, in bytes.
const mostText = 7 << 20

// extentFor is the largest extent that fits a report, or the smallest that there is.
func extentFor(traces []*trace.Trace) extent {
	for _, e := range extents {
		total := 0
		for _, t := range traces {
			for i := range e.last(t) {
				total += eventMarkup + textSize(&e.last(t)[i].Layer, e.bytes)
			}
		}
		if total <= mostText {
			return e
		}
	}
	return extents[len(extents)-1]
}

// last are the events of a conversation that are shown.
func (e extent) last(t *trace.Trace) []trace.Event { return t.Events[max(0, len(t.Events)-e.events):] }

// The sizes of the markup around an event, in the diagram and in the list, around a
// layer and around a field.
const (
	eventMarkup = 600
	layerMarkup = 200
	fieldMarkup = 45
)

// textSize estimates the size of a layer and those inside it, with at most limit bytes
// of each.
func textSize(l *trace.Layer, limit int) int {
	n := layerMarkup + len(l.Summary) + len(l.Error) + min(len(l.Hex), 2*limit)
	for _, f := range l.Fields {
		n += fieldMarkup + len(f.Name) + len(f.Value)
	}
	for i := range l.Layers {
		n += textSize(&l.Layers[i], limit)
	}
	return n
}

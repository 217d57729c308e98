package trace

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// arrows show the directions, from the side of the runner.
var arrows = map[Direction]string{Sent: "→", Received: "←", Note: "·"}

// Lines returns a line that names the connections, and one for each of the last events,
// at most that many. The beginning of a connection on which
// blocks were exchanged is one line. The texts may hold characters that the relay chose.
func (t *Trace) Lines(last int) []string {
	lines := t.eventLines()
	head, left := t.head(), t.LeftOut
	if more := len(lines) - last; more > 0 {
		lines = lines[more:]
		left += more
	}
	if left > 0 {
		head += fmt.Sprintf("; %s earlier events left out", grouped(left))
	}
	for i, line := range lines {
		lines[i] = strings.ReplaceAll(line, "\n", `\x0a`)
	}
	return append([]string{head}, lines...)
}

// head names the connections.
func (t *Trace) head() string {
	if len(t.Connections) == 0 {
		return "no connection"
	}
	var names []string
	for i, c := range t.Connections {
		if i == maxListed {
			names = append(names, fmt.Sprintf("and %d more", len(t.Connections)-i))
			break
		}
		names = append(names, fmt.Sprintf("#%d %s", c.Number, c.Role))
	}
	return strings.Join(names, ", ")
}

func (t *Trace) eventLines() []string {
	busy := make(map[int]bool)
	for i := range t.Events {
		if e := &t.Events[i]; e.Kind == KindBlock {
			busy[e.Connection] = true
		}
	}
	var lines []string
	begun := make(map[int]*beginning)
	for i := range t.Events {
		e := &t.Events[i]
		if busy[e.Connection] && e.begins() {
			if begun[e.Connection] == nil {
				begun[e.Connection] = &beginning{moment: e.moment()}
			}
			begun[e.Connection].steps = append(begun[e.Connection].steps, e.Summary)
			continue
		}
		if b := begun[e.Connection]; b != nil {
			delete(begun, e.Connection)
			lines = append(lines, fmt.Sprintf("%s #%d · %s", b.moment, e.Connection, strings.Join(b.steps, "; ")))
		}
		lines = append(lines, e.line())
	}
	return lines
}

// beginning are the steps before the first block of a connection.
type beginning struct {
	moment string
	steps  []string
}

// begins reports whether the event is a step of the beginning of a connection that went
// well.
func (e *Event) begins() bool {
	switch e.Kind {
	case KindTLS, KindHandshake:
		return e.Error == ""
	case KindTCP:
		return e.Summary == connected
	}
	return false
}

func (e *Event) moment() string { return fmt.Sprintf("+%.1fms", e.AtMS) }

// line is the event with whatever is wrong inside it.
func (e *Event) line() string {
	connection := ""
	if e.Connection > 0 {
		connection = fmt.Sprintf(" #%d", e.Connection)
	}
	text := fmt.Sprintf("%s%s %s %s", e.moment(), connection, arrows[e.Direction], e.Summary)
	errs := e.errors()
	for _, err := range errs {
		text += ": " + err
	}
	if len(errs) > 0 && len(e.Layers) == 0 || e.Kind == KindNote {
		text += e.start()
	}
	return text
}

// shownBytes is how many bytes a line shows of what does not decode.
const shownBytes = 24

// start is the start of the bytes, if there are any.
func (e *Event) start() string {
	switch {
	case e.Hex == "":
		return ""
	case len(e.Hex) > 2*shownBytes:
		return fmt.Sprintf(" [%s: %s…]", size(e.Size), e.Hex[:2*shownBytes])
	}
	return fmt.Sprintf(" [%s: %s]", size(e.Size), e.Hex)
}

// errors are those of the layer and of all inside it.
func (l *Layer) errors() []string {
	var all []string
	if l.Error != "" {
		all = append(all, l.Error)
	}
	for i := range l.Layers {
		all = append(all, l.Layers[i].errors()...)
	}
	return all
}

// Text writes the whole conversation for a reader: every layer with its fields and the
// first 512 of its bytes. Characters that could act on a terminal are escaped.
func (t *Trace) Text(w io.Writer, h Header) error {
	b := bufio.NewWriter(w)
	h.text(b)
	for _, c := range t.Connections {
		fmt.Fprintf(b, "#%d %s, SMP %d\n", c.Number, c.Role, c.Version)
	}
	number := 0
	for i := range t.Events {
		e := &t.Events[i]
		if left := e.Number - number - 1; left > 0 {
			fmt.Fprintf(b, "\n%d events were not kept\n", left)
		}
		number = e.Number
		connection := ""
		if e.Connection > 0 {
			connection = fmt.Sprintf(" #%d %s", e.Connection, t.Connections[e.Connection-1].Role)
		}
		fmt.Fprintf(b, "\n+%.3fms%s %s %s: %s\n", e.AtMS, connection, arrows[e.Direction], e.Kind, Printable(e.Summary))
		e.writeParts(b, "  ")
	}
	return b.Flush()
}

// text writes the header, a line for each part that there is.
func (h Header) text(w io.Writer) {
	fmt.Fprintf(w, "%s at version %d: %s\n", h.Case, h.Version, h.Verdict)
	for _, f := range []Field{{"expected", h.Expected}, {"actual", h.Actual}, {"detail", h.Detail}, {"again", h.Command}} {
		if f.Value != "" {
			fmt.Fprintf(w, "%s: %s\n", f.Name, strings.ReplaceAll(Printable(f.Value), `\x0a`, "\n  "))
		}
	}
	fmt.Fprintln(w)
}

// writeParts writes what the layer has besides its summary.
func (l *Layer) writeParts(w io.Writer, indent string) {
	if l.Error != "" {
		fmt.Fprintf(w, "%serror: %s\n", indent, Printable(l.Error))
	}
	for _, f := range l.Fields {
		fmt.Fprintf(w, "%s%s: %s\n", indent, f.Name, Printable(f.Value))
	}
	l.dump(w, indent)
	for i := range l.Layers {
		inner := &l.Layers[i]
		fmt.Fprintf(w, "%s%s: %s\n", indent, inner.Kind, Printable(inner.Summary))
		inner.writeParts(w, indent+"  ")
	}
}

// dumpedBytes is how many bytes a dump has.
const dumpedBytes = 512

// dump writes the start of the bytes as hexdump does.
func (l *Layer) dump(w io.Writer, indent string) {
	b, err := hex.DecodeString(l.Hex[:min(len(l.Hex), 2*dumpedBytes)])
	if err != nil || len(b) == 0 {
		return
	}
	first := ""
	if len(b) < l.Size {
		first = fmt.Sprintf(", the first %d", len(b))
	}
	fmt.Fprintf(w, "%s%s%s\n", indent, size(l.Size), first)
	for line := range strings.Lines(hex.Dump(b)) {
		fmt.Fprintf(w, "%s  %s", indent, line)
	}
}

// Printable replaces every character that could act on a terminal or hide in a text, such
// as control characters, by its escape as in a Go string.
func Printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

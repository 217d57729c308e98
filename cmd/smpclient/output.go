package main

import (
	"encoding/json"
	"strings"
	"sync"
	"unicode"
)

// print writes one line with a single write: v as JSON, or the text, unless it is
// empty. The text may have more lines.
func (a *app) print(v any, text string) error {
	line := []byte(text)
	if a.json {
		var err error
		if line, err = a.encode(v); err != nil {
			return err
		}
	}
	if len(line) == 0 {
		return nil
	}
	a.screen.mu.Lock()
	defer a.screen.mu.Unlock()
	line = append(line, '\n')
	if a.screen.waiting == "" || !a.terminal {
		_, err := a.Out.Write(line)
		return err
	}
	_, err := a.Out.Write(append([]byte(eraseLine), line...))
	a.showWaiting()
	return err
}

// encode returns v as JSON, with the ref of a script's command in front.
func (a *app) encode(v any) ([]byte, error) {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	line := strings.TrimSuffix(b.String(), "\n")
	if a.ref != nil {
		line = `{"ref":` + string(a.ref) + "," + strings.TrimPrefix(line, "{")
	}
	return []byte(line), nil
}

// plain returns text for one line of a terminal: nothing in it moves the cursor,
// changes colours or turns the direction of what follows.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return unicode.ReplacementChar
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, text)
}

// indented returns text with all lines plain and those after the first one indented,
// so that no text looks like a line of the program.
func indented(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = plain(lines[i])
	}
	return strings.Join(lines, "\n    ")
}

// eraseLine returns to the start of the line and clears it.
const eraseLine = "\r\x1b[K"

// screen is what goroutines share that write to the streams of one call.
type screen struct {
	mu      sync.Mutex // held while a line is written
	waiting string     // shown in the last line of a terminal
}

// wait shows on a terminal what the program waits for; the result removes it. On
// anything else it does nothing.
func (a *app) wait(text string) (done func()) {
	if !a.progress {
		return func() {}
	}
	set := func(text string) {
		a.screen.mu.Lock()
		defer a.screen.mu.Unlock()
		a.screen.waiting = text
		a.showWaiting()
	}
	set(text)
	return func() { set("") }
}

// showWaiting writes the last line of the terminal. One that is gone does not matter.
func (a *app) showWaiting() { _, _ = a.Err.Write([]byte(eraseLine + a.screen.waiting)) }

package trace

import (
	"encoding/json"
	"io"
)

// Header is what Text and WriteLines write before a conversation.
type Header struct {
	Case    string `json:"case"`
	Version uint16 `json:"version"`
	Verdict string `json:"verdict"`
	// Expected, Actual and Detail are the reasons of the verdict.
	Expected string `json:"expected"`
	Actual   string `json:"actual"`
	Detail   string `json:"detail"`
	Seed     uint64 `json:"seed"`
	// Command runs the case again.
	Command string `json:"command"`
}

// WriteLines writes the conversation for a program, a JSON object on each line: the
// header with the connections and the number of events that were left out, then the
// events.
func (t *Trace) WriteLines(w io.Writer, h Header) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(struct {
		Header
		Connections []Connection `json:"connections"`
		LeftOut     int          `json:"left_out"`
	}{h, t.Connections, t.LeftOut})
	for i := range t.Events {
		if err != nil {
			return err
		}
		err = encoder.Encode(t.Events[i])
	}
	return err
}

package privacy

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
)

// processFaults keep messages where they should not be: in files of the working
// directory, or in memory.
var processFaults = []fault.Fault{
	{
		ID:      "privacy/file-for-message",
		Story:   "A message that waits is a file, so that a restart loses none, and ACK removes the file.",
		Breaks:  []string{"SMP-PRIVACY-MEMORY"},
		Cases:   []string{"relay/privacy/disk-waiting"},
		Process: true,
		Apply: func(c *relay.Config) {
			file := func(id []byte) string { return "message-" + hex.EncodeToString(id) }
			keepsMessages(func(m *relay.Message) { _ = os.WriteFile(file(m.ID), m.Body, 0o600) })(c)
			removes(func(q *relay.Queue, id []byte, next remove) bool {
				removed := next(q, id)
				if removed {
					_ = os.Remove(file(id)) // a file that stays breaks another rule
				}
				return removed
			})(c)
		},
	},
	{
		ID:      "privacy/journal",
		Story:   "Messages are written to the end of a file, and the file is made anew when the relay starts.",
		Breaks:  []string{"SMP-PRIVACY-MEMORY", "SMP-PRIVACY-MEMORY-WIPED", "SMP-PRIVACY-DISK-ACKNOWLEDGED"},
		Cases:   []string{"relay/privacy/disk-waiting", "relay/privacy/disk-acknowledged"},
		Process: true,
		Apply:   keepsMessages(appendsTo("messages.journal", func(m *relay.Message) []byte { return m.Body })),
	},
	{
		ID:      "privacy/debug-log",
		Story:   "A log from the time of development has all messages, in base64.",
		Breaks:  []string{"SMP-PRIVACY-DISK-ACKNOWLEDGED", "SMP-PRIVACY-MEMORY-WIPED"},
		Cases:   []string{"relay/privacy/disk-acknowledged"},
		Process: true,
		Apply: keepsMessages(appendsTo("debug.log", func(m *relay.Message) []byte {
			return []byte("SEND " + base64.StdEncoding.EncodeToString(m.Body) + "\n")
		})),
	},
	{
		ID:      "privacy/recent-messages",
		Story:   "The relay remembers all messages to recognise one that is sent again.",
		Breaks:  []string{"SMP-PRIVACY-MEMORY-ACKNOWLEDGED"},
		Cases:   []string{"relay/privacy/memory-acknowledged"},
		Process: true,
		Apply: fault.Remembering(func(recent *fault.Notes[string, bool]) func(*relay.Config) {
			return keepsMessages(func(m *relay.Message) { recent.Set(string(m.Body), true) })
		}),
	},
	{
		ID:      "privacy/marked-as-read",
		Story:   "ACK marks a message as read, and what was read is removed together with its queue.",
		Breaks:  []string{"SMP-PRIVACY-MEMORY-ACKNOWLEDGED"},
		Cases:   []string{"relay/privacy/memory-acknowledged"},
		Process: true,
		Apply: fault.Remembering(func(read *fault.Notes[*relay.Message, bool]) func(*relay.Config) {
			return removes(func(q *relay.Queue, id []byte, _ remove) bool {
				m := q.Mailbox().Head()
				removed := q.Mailbox().Remove(id)
				if removed {
					read.Set(m, true)
				}
				return removed
			})
		}),
	},
}

// keepsMessages calls keep for every message that a queue takes.
func keepsMessages(keep func(*relay.Message)) func(*relay.Config) {
	return fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
		stored := next(q, m)
		if stored {
			keep(m)
		}
		return stored
	})
}

// appendsTo writes something of each message to the end of a file in the working directory.
func appendsTo(name string, text func(*relay.Message) []byte) func(*relay.Message) {
	var mu sync.Mutex
	return func(m *relay.Message) {
		mu.Lock()
		defer mu.Unlock()
		f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return
		}
		defer f.Close()
		_, _ = f.Write(bytes.Clone(text(m))) // what is missing is not noticed, and a case says so
	}
}

type remove = func(*relay.Queue, []byte) bool

// removes replaces the stage Remove; next is what it was.
func removes(f func(q *relay.Queue, id []byte, next remove) bool) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next := st.Remove
		st.Remove = func(q *relay.Queue, id []byte) bool { return f(q, id, next) }
	})
}

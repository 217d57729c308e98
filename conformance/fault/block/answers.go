package block

import (
	"bytes"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/framing"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// answerFaults are mistakes about the form of errors and what goes with them.
var answerFaults = []fault.Fault{
	{
		ID:     "error/kind-left-out",
		Story:  "The errors about commands are sent as UNKNOWN, SYNTAX and so on, without CMD in front.",
		Breaks: []string{"SMP-ERR-FORM"},
		Cases:  []string{"relay/error/form"},
		Apply: fault.Reencodes(func(s *relay.Session, t *smp.Transmission) uint16 {
			if kind, ok := bytes.CutPrefix(t.Command, []byte("ERR CMD ")); ok {
				t.Command = append([]byte("ERR "), kind...)
			}
			return s.Version()
		}),
	},
	{
		ID:     "error/text-added",
		Story:  "An error says in words what is wrong, after its name.",
		Breaks: []string{"SMP-ERR-FORM"},
		Cases:  []string{"relay/error/form"},
		Apply: fault.Reencodes(func(s *relay.Session, t *smp.Transmission) uint16 {
			if bytes.Equal(t.Command, []byte("ERR AUTH")) {
				t.Command = []byte("ERR AUTH no such queue")
			}
			return s.Version()
		}),
	},
	{
		ID:     "error/ends-session",
		Story:  "A client that makes a mistake in a command is not to be trusted with more of them.",
		Breaks: []string{"SMP-ERR-SESSION-CONTINUES"},
		Cases:  []string{"relay/error/session-continues"},
		Apply: closesAfter(func(out *relay.Output) bool {
			e, ok := out.Response.(smp.ERR)
			return ok && e.Err.Code == smp.CodeCmd
		}),
	},
	{
		ID:     "error/auth-ends-session",
		Story:  "Who guesses keys or ids is cut off after the first one that is wrong.",
		Breaks: []string{"SMP-ERR-SESSION-CONTINUES"},
		Cases:  []string{"relay/error/session-continues"},
		Apply:  closesAfter(func(out *relay.Output) bool { return fault.IsError(out, smp.ErrAuth) }),
	},
	{
		ID:     "error/wrong-ack-removes",
		Story:  "An acknowledgement removes the message first, and its id is compared for the answer.",
		Breaks: []string{"SMP-ERR-NO-EFFECT"},
		Cases:  []string{"relay/error/no-effect"},
		Apply: fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
			ack, ok := r.Command.(smp.ACK)
			if !ok {
				return next(s, r)
			}
			if head := r.Queue.Mailbox().Head(); head != nil && !bytes.Equal(head.ID, ack.MsgID) {
				r.Queue.Mailbox().Remove(head.ID)
			}
			return next(s, r)
		}),
	},
	{
		ID:     "error/large-message-cut",
		Story:  "A message that is too large is refused, after what fits of it was stored.",
		Breaks: []string{"SMP-ERR-NO-EFFECT"},
		Cases:  []string{"relay/error/no-effect"},
		Apply: fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
			send, ok := r.Command.(smp.SEND)
			most := smp.MaxMessageLength(s.Version())
			if !ok || len(send.Body) <= most {
				return next(s, r)
			}
			cut := *r
			cut.Command = smp.SEND{Notify: send.Notify, Body: send.Body[:most]}
			next(s, &cut)
			return next(s, r)
		}),
	},
	{
		ID:     "error/buffer-not-cleared",
		Story:  "Blocks are made in a buffer that all connections share and nobody clears, so that their fill is what was in it.",
		Breaks: []string{"SMP-ERR-NO-ID-LEAK"},
		Cases:  []string{"relay/error/no-leak"},
		Apply:  sharedBuffer,
	},
}

// sharedBuffer makes blocks in a buffer that keeps what was received.
func sharedBuffer(c *relay.Config) {
	var mu sync.Mutex
	buffer := make([]byte, smp.BlockSize)
	framing.Steps{
		Unpad: func(padded []byte) ([]byte, error) {
			content, err := wire.Unpad(padded)
			mu.Lock()
			defer mu.Unlock()
			copy(buffer, content)
			return content, err
		},
		Pad: func(content []byte, size int) ([]byte, error) {
			padded, err := wire.Pad(nil, content, size)
			if err != nil {
				return nil, err
			}
			mu.Lock()
			defer mu.Unlock()
			copy(padded[2+len(content):], buffer[2+len(content):])
			return padded, nil
		},
	}.Apply(c)
}

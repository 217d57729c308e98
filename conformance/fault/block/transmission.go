package block

import (
	"bytes"
	"slices"

	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// transmissionFaults are mistakes in transmissions and commands in blocks.
var transmissionFaults = slices.Concat(idFaults, sessionIDFaults, formFaults, commandFaults, withParameters(), pingFaults)

// idFaults are mistakes in the ids, the order and the authorization of responses.
var idFaults = []fault.Fault{
	{
		ID:     "transmission/correlation-lost-by-ids",
		Story:  "IDS answers a command without a queue and is sent like an event, without correlation id.",
		Breaks: []string{"SMP-TX-CORRELATION"},
		Cases:  []string{"relay/transmission/correlation"},
		Apply: fault.ChangesOutputs(func(_ *relay.Session, out *relay.Output) {
			if _, ok := out.Response.(smp.IDS); ok {
				out.CorrelationID = nil
			}
		}),
	},
	{
		ID:     "transmission/correlation-lost-by-errors",
		Story:  "All errors are sent like that for a block that cannot be read, without correlation id.",
		Breaks: []string{"SMP-TX-CORRELATION"},
		Cases:  []string{"relay/transmission/correlation"},
		Apply: fault.ChangesOutputs(func(_ *relay.Session, out *relay.Output) {
			if _, ok := out.Response.(smp.ERR); ok {
				out.CorrelationID = nil
			}
		}),
	},
	{
		ID:     "transmission/correlation-of-24-bytes",
		Story:  "Correlation ids are kept in 24 bytes, so that longer ones are cut and shorter ones filled.",
		Breaks: []string{"SMP-TX-CORRELATION-ECHO"},
		Cases:  []string{"relay/transmission/correlation-length"},
		Apply: fault.ChangesOutputs(func(_ *relay.Session, out *relay.Output) {
			if len(out.CorrelationID) > 0 {
				fixed := smp.CorrelationNonce(out.CorrelationID)
				out.CorrelationID = fixed[:]
			}
		}),
	},
	{
		ID:     "transmission/correlation-made-up",
		Story:  "A command without a correlation id gets one from the relay.",
		Breaks: []string{"SMP-TX-CORRELATION-EMPTY"},
		Cases:  []string{"relay/transmission/correlation-empty"},
		Apply: fault.ChangesRequests(func(_ *relay.Session, r *relay.Request) {
			if len(r.Transmission.CorrelationID) == 0 {
				r.Transmission.CorrelationID = fault.Random(fault.IDSize)
			}
		}),
	},
	{
		ID:     "transmission/no-correlation-no-answer",
		Story:  "Who sends no correlation id wants no answer.",
		Breaks: []string{"SMP-TX-CORRELATION-EMPTY"},
		Cases:  []string{"relay/transmission/correlation-empty"},
		Apply: fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if len(r.Transmission.CorrelationID) == 0 {
				return nil
			}
			return outs
		}),
	},
	{
		ID:     "transmission/no-correlation-not-executed",
		Story:  "A command without a correlation id is answered as usual and not executed.",
		Breaks: []string{"SMP-TX-CORRELATION-EMPTY"},
		Cases:  []string{"relay/transmission/correlation-empty"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SEND, next fault.Execute) []relay.Output {
			if len(r.Transmission.CorrelationID) == 0 {
				return fault.Reply(r, smp.OK{})
			}
			return next(s, r)
		}),
	},
	{
		ID:       "transmission/session-error-with-entity",
		Story:    "ERR SESSION has the entity id of its command, as all other errors have.",
		Breaks:   []string{"SMP-TX-ERROR-IDS"},
		Cases:    []string{"relay/transmission/error-ids"},
		Versions: wire.Versions(smp.MinVersion, smp.MinVersion),
		Apply:    sessionErrorIDs(func(r *relay.Request, sent smp.Transmission) { r.Transmission.EntityID = sent.EntityID }),
	},
	{
		ID:       "transmission/session-error-of-connection",
		Story:    "A wrong session is an error of the connection, so ERR SESSION has no correlation id.",
		Breaks:   []string{"SMP-TX-ERROR-IDS"},
		Cases:    []string{"relay/transmission/error-ids"},
		Versions: wire.Versions(smp.MinVersion, smp.MinVersion),
		Apply:    sessionErrorIDs(func(r *relay.Request, _ smp.Transmission) { r.Transmission.CorrelationID = nil }),
	},
	{
		ID:     "transmission/event-with-correlation",
		Story:  "The relay gives what it sends by itself a correlation id of its own.",
		Breaks: []string{"SMP-TX-EVENT-CORRELATION"},
		Cases:  []string{"relay/transmission/event"},
		Apply: fault.ChangesOutputs(func(_ *relay.Session, out *relay.Output) {
			if m, ok := out.Response.(smp.MSG); ok && len(out.CorrelationID) == 0 {
				out.CorrelationID = m.ID
			}
		}),
	},
	{
		ID:     "transmission/event-with-sender-id",
		Story:  "A delivery goes out under the id that its message came in with.",
		Breaks: []string{"SMP-TX-EVENT-ENTITY"},
		Cases:  []string{"relay/transmission/event"},
		Apply: fault.ChangesOutputs(func(_ *relay.Session, out *relay.Output) {
			if out.Message != nil && len(out.CorrelationID) == 0 && out.Queue != nil {
				out.EntityID = out.Queue.SenderID()
			}
		}),
	},
	{
		ID:     "transmission/error-without-entity",
		Story:  "An error is about no queue, so it has no entity id.",
		Breaks: []string{"SMP-TX-ENTITY"},
		Cases:  []string{"relay/transmission/entity"},
		Apply: fault.ChangesOutputs(func(_ *relay.Session, out *relay.Output) {
			if _, ok := out.Response.(smp.ERR); ok {
				out.EntityID = nil
			}
		}),
	},
	{
		ID:     "transmission/entity-of-one-size",
		Story:  "The entity id is an array of 24 bytes, into which that of every command is copied.",
		Breaks: []string{"SMP-TX-ENTITY"},
		Cases:  []string{"relay/transmission/entity"},
		Apply: fault.ChangesOutputs(func(_ *relay.Session, out *relay.Output) {
			if len(out.EntityID) > 0 {
				var id [24]byte
				copy(id[:], out.EntityID)
				out.EntityID = id[:]
			}
		}),
	},
	{
		ID:     "transmission/send-answered-with-recipient-id",
		Story:  "Every answer about a queue has the id that the queue is stored under, which is the recipient's.",
		Breaks: []string{"SMP-TX-ENTITY"},
		Cases:  []string{"relay/transmission/entity"},
		Apply: fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if r.Queue != nil {
				for i := range outs {
					outs[i].EntityID = r.Queue.RecipientID()
				}
			}
			return outs
		}),
	},
	{
		ID:     "transmission/responses-signed",
		Story:  "Responses are authorized in the same way as commands, with a signature of the relay.",
		Breaks: []string{"SMP-TX-RESPONSE-UNSIGNED"},
		Cases:  []string{"relay/transmission/response-unsigned"},
		Apply: fault.Reencodes(func(s *relay.Session, t *smp.Transmission) uint16 {
			t.Authorization = bytes.Repeat([]byte{1}, keys.Ed25519.SignatureSize())
			return s.Version()
		}),
	},
	{
		ID:     "transmission/deliveries-signed",
		Story:  "The relay signs what it delivers, so that the recipient knows who it is from.",
		Breaks: []string{"SMP-TX-RESPONSE-UNSIGNED"},
		Cases:  []string{"relay/transmission/response-unsigned"},
		Apply: fault.Reencodes(func(s *relay.Session, t *smp.Transmission) uint16 {
			if bytes.HasPrefix(t.Command, []byte("MSG ")) {
				t.Authorization = bytes.Repeat([]byte{1}, keys.Ed25519.SignatureSize())
			}
			return s.Version()
		}),
	},
	{
		ID:     "transmission/answers-overtake",
		Story:  "SUB takes longer than other commands, whose answers do not wait for it.",
		Breaks: []string{"SMP-TX-ORDER"},
		Cases:  []string{"relay/transmission/order"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next, held := st.Execute, new(fault.PerSession[[]relay.Output])
			st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
				waiting := held.Of(s) // of use to one goroutine, which executes
				outs := next(s, r)
				if _, ok := r.Command.(smp.SUB); ok {
					*waiting = append(*waiting, outs...)
					return nil
				}
				outs = append(outs, *waiting...)
				*waiting = nil
				return outs
			}
		}),
	},
}

// sessionIDFaults are mistakes about session identifiers in transmissions.
var sessionIDFaults = []fault.Fault{
	{
		ID:       "transmission/session-id-empty",
		Story:    "Responses leave the field of the session identifier empty, which only commands need.",
		Breaks:   []string{"SMP-TX-SESSION-ID-V6"},
		Cases:    []string{"relay/transmission/session-id"},
		Versions: beforeAuthenticators,
		Apply: fault.Reencodes(func(s *relay.Session, t *smp.Transmission) uint16 {
			t.SessionID = nil
			return s.Version()
		}),
	},
	{
		ID:       "transmission/session-id-unchecked",
		Story:    "The session identifier of a command is cut off and not compared.",
		Breaks:   []string{"SMP-TX-SESSION-WRONG"},
		Cases:    []string{"relay/transmission/session-id-wrong"},
		Versions: beforeAuthenticators,
		Apply:    takesSessionID(func([]byte) bool { return true }),
	},
	{
		ID:       "transmission/session-id-may-be-empty",
		Story:    "A client that has sent no session identifier has no wrong one.",
		Breaks:   []string{"SMP-TX-SESSION-WRONG"},
		Cases:    []string{"relay/transmission/session-id-wrong"},
		Versions: beforeAuthenticators,
		Apply:    takesSessionID(func(id []byte) bool { return len(id) == 0 }),
	},
	{
		ID:       "transmission/session-id-still-sent",
		Story:    "The session identifier goes with responses at every version.",
		Breaks:   []string{"SMP-TX-SESSION-ID"},
		Cases:    []string{"relay/transmission/session-id-absent"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: fault.Reencodes(func(s *relay.Session, t *smp.Transmission) uint16 {
			t.SessionID = s.Conn().SessionID()
			return smp.VersionAuthenticators - 1
		}),
	},
	{
		ID:       "transmission/session-id-still-accepted",
		Story:    "A transmission that begins with the session identifier is served at every version.",
		Breaks:   []string{"SMP-TX-SESSION-ID"},
		Cases:    []string{"relay/transmission/session-id-absent"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: redecodes(func(s *relay.Session, item []byte) []byte {
			old, err := smp.DecodeTransmission(smp.VersionAuthenticators-1, item)
			if err != nil || !bytes.Equal(old.SessionID, s.Conn().SessionID()) {
				return nil
			}
			old.SessionID = nil
			b, err := old.Encode(s.Version())
			if err != nil {
				return nil
			}
			return b
		}),
	},
}

// beforeAuthenticators are the versions at which the session identifier is sent.
var beforeAuthenticators = wire.Versions(smp.MinVersion, smp.VersionAuthenticators-1)

// takesSessionID takes wrong session identifiers that accepts says.
func takesSessionID(accepts func(id []byte) bool) func(*relay.Config) {
	return redecodes(func(s *relay.Session, item []byte) []byte {
		t, err := smp.DecodeTransmission(s.Version(), item)
		if err != nil || s.Version() >= smp.VersionAuthenticators || !accepts(t.SessionID) {
			return nil
		}
		t.SessionID = s.Conn().SessionID()
		b, err := t.Encode(s.Version())
		if err != nil {
			return nil
		}
		return b
	})
}

// sessionErrorIDs changes the ids with which ERR SESSION answers what was sent.
func sessionErrorIDs(change func(r *relay.Request, sent smp.Transmission)) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next := st.Decode
		st.Decode = func(s *relay.Session, content []byte) []relay.Request {
			encoded, err := smp.DecodeBlock(bytes.Clone(content))
			requests := next(s, content)
			for i := range requests {
				if err != nil || requests[i].Err == nil || !requests[i].Err.Equal(smp.ErrSession) {
					continue
				}
				if sent, err := smp.DecodeTransmission(s.Version(), encoded[i]); err == nil {
					change(&requests[i], sent)
				}
			}
			return requests
		}
	})
}

package privacy

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/framing"
	"smpcheck/conformance/fault/internal/hop"
	"smpcheck/conformance/fault/internal/meeting"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/box"
	"smpcheck/reference/client"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

var partiesFaults = []fault.Fault{
	{
		ID:     "privacy/stale-padding",
		Story:  "Blocks are made in one buffer, and what the last one left there is the padding of the next.",
		Breaks: []string{"CLAIM-UNLINK-PARTIES", "CLAIM-UNLINK-NOTIFIER", "CLAIM-UNLINK-WIRE"},
		Cases:  []string{"relay/privacy/parties", "relay/privacy/parties-forwarded", "relay/privacy/notifier", "relay/privacy/queues"},
		Apply:  func(c *relay.Config) { staleBlocks().Apply(c) },
	},
	{
		ID:       "privacy/message-id-of-command",
		Story:    "The id of a message is the correlation id of its SEND, which is random and has 24 bytes.",
		Breaks:   []string{"CLAIM-UNLINK-PARTIES"},
		Cases:    []string{"relay/privacy/parties"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: fault.MessageIDs(func(r *relay.Request, id []byte) []byte {
			if len(r.Transmission.CorrelationID) == len(id) {
				return bytes.Clone(r.Transmission.CorrelationID)
			}
			return id
		}),
	},
	{
		ID:       "privacy/message-id-of-forward",
		Story:    "The id of a message that was forwarded is the correlation id of RFWD, by which a proxy can ask for it.",
		Breaks:   []string{"CLAIM-UNLINK-PARTIES"},
		Cases:    []string{"relay/privacy/parties-forwarded"},
		Versions: fault.Since(smp.VersionProxy),
		Apply:    messageIDsOfForwards,
	},
	{
		ID:     "privacy/notified-by-body",
		Story:  "The nonce of a notification is the beginning of the message, which its sender has encrypted.",
		Breaks: []string{"CLAIM-UNLINK-NOTIFIER"},
		Cases:  []string{"relay/privacy/notifier"},
		Apply: fault.Remembering(func(beginnings *fault.Notes[string, []byte]) func(*relay.Config) {
			return fault.Together(
				fault.MetaNonces(func(out relay.Output) []byte {
					nonce, _ := beginnings.Get(string(out.Notification.MessageID))
					return nonce
				}),
				fault.Announces(func(r *relay.Relay, q *relay.Queue, m *relay.Message, next fault.Announce) {
					beginnings.Set(string(m.ID), append(bytes.Clone(m.Body), make([]byte, box.NonceSize)...)[:box.NonceSize])
					next(r, q, m)
				}),
			)
		}),
	},
	{
		ID:       "privacy/forward-named-by-key",
		Story:    "The correlation id of RFWD is cut from the key of the command, which is a new one for each.",
		Breaks:   []string{"CLAIM-ROUTE-NO-MATCH"},
		Cases:    []string{"relay/privacy/hops"},
		Versions: fault.Since(smp.VersionProxy),
		Apply: hop.Steps{Nonce: func(_ *client.Client, c smp.ForwardedCommand) box.Nonce {
			return smp.CorrelationNonce(c.Key.Raw()[:box.NonceSize])
		}}.Apply,
	},
	{
		ID:     "privacy/message-id-of-relay",
		Story:  "The first 16 bytes of the id of a message name the relay, so that ids of several relays can stand in one table.",
		Breaks: []string{"CLAIM-UNLINK-WIRE"},
		Cases:  []string{"relay/privacy/queues"},
		Apply: func(c *relay.Config) {
			name := fault.Random(16)
			fault.MessageIDs(func(_ *relay.Request, id []byte) []byte { copy(id, name); return id })(c)
		},
	},
}

// messageIDsOfForwards gives messages the correlation ids of the RFWD that brought them.
func messageIDsOfForwards(c *relay.Config) {
	var outer fault.Notes[*transport.Conn, []byte]
	fault.Stages(func(st *relay.Stages) {
		forwarded := st.Forwarded
		st.Forwarded = func(s *relay.Session, r *relay.Request) smp.Response {
			outer.Set(s.Conn(), bytes.Clone(r.Transmission.CorrelationID))
			return forwarded(s, r)
		}
	})(c)
	fault.MakesIDs(func(s *relay.Session, r *relay.Request, kind relay.IDKind, next fault.NewID) ([]byte, error) {
		id, err := next(s, r, kind)
		if name, ok := outer.Get(s.Conn()); ok && kind == relay.MessageID && len(name) == len(id) {
			return name, err
		}
		return id, err
	})(c)
}

var wireFaults = []fault.Fault{
	{
		ID:     "privacy/hello-longer",
		Story:  "The hello is padded to 16384 bytes without the two bytes of its length.",
		Breaks: []string{"SMP-BLOCK-SIZE"},
		Cases:  []string{"relay/privacy/hello-size"},
		Apply: meeting.Steps{Hello: func(block []byte, _ transport.Binding) []byte {
			return append(block, wire.PadByte, wire.PadByte)
		}}.Apply,
	},
	{
		ID:     "privacy/content-flushed",
		Story:  "Content and padding are written one after the other, and each becomes a record of its own.",
		Breaks: []string{"CLAIM-TLS-RECORDS"},
		Cases:  []string{"relay/privacy/message-records"},
		Apply:  framing.Steps{Write: inTwo(func(content []byte) int { return len(content) })}.Apply,
	},
	{
		ID:     "privacy/message-in-parts",
		Story:  "Blocks that deliver a message are written in parts of 4096 bytes, so that they go out while they are made.",
		Breaks: []string{"CLAIM-TLS-RECORDS", "CLAIM-TLS-SILENT-SIZES"},
		Cases:  []string{"relay/privacy/message-records", "relay/privacy/answer-records"},
		Apply: framing.Steps{Write: func(conn net.Conn, block, content []byte) error {
			if !framing.IsDelivery(content) {
				_, err := conn.Write(block)
				return err
			}
			for part := range slices.Chunk(block, 4096) {
				if _, err := conn.Write(part); err != nil {
					return err
				}
			}
			return nil
		}}.Apply,
	},
	{
		ID:     "privacy/errors-flushed",
		Story:  "An error is flushed as soon as its text is written, and the padding follows.",
		Breaks: []string{"CLAIM-TLS-SILENT-SIZES"},
		Cases:  []string{"relay/privacy/answer-records"},
		Apply: framing.Steps{Write: inTwo(func(content []byte) int {
			if bytes.Contains(content, []byte("ERR ")) {
				return 100
			}
			return 0
		})}.Apply,
	},
	{
		ID:     "privacy/tickets-honoured",
		Story:  "Clients that come again save a part of the handshake by means of a session ticket.",
		Breaks: []string{"CLAIM-UNLINK-TLS"},
		Cases:  []string{"relay/privacy/tickets"},
		Apply:  meeting.Tickets(false, 0),
	},
	{
		ID:     "privacy/random-with-time",
		Story:  "The random of the ServerHello begins with the time, as TLS 1.2 has it.",
		Breaks: []string{"CLAIM-UNLINK-TLS"},
		Cases:  []string{"relay/privacy/server-hello"},
		Apply: meeting.WithTLS(meeting.OwnTLS(func(c *tlsprobe.ServerConfig) {
			c.Randoms = io.MultiReader(bytes.NewReader(binary.BigEndian.AppendUint32(nil, uint32(time.Now().Unix()))), rand.Reader)
		})),
	},
	{
		ID:     "privacy/random-named",
		Story:  "The random of the ServerHello ends with the number of the machine behind the load balancer.",
		Breaks: []string{"CLAIM-UNLINK-TLS"},
		Cases:  []string{"relay/privacy/server-hello"},
		Apply: meeting.WithTLS(meeting.OwnTLS(func(c *tlsprobe.ServerConfig) {
			c.Randoms = io.MultiReader(io.LimitReader(rand.Reader, 24), bytes.NewReader([]byte("relay-17")))
		})),
	},
}

// inTwo writes the first bytes of a block, and then the rest.
func inTwo(first func(content []byte) int) func(net.Conn, []byte, []byte) error {
	return func(conn net.Conn, block, content []byte) error {
		n := min(first(content), len(block))
		if n > 0 {
			if _, err := conn.Write(block[:n]); err != nil {
				return err
			}
		}
		_, err := conn.Write(block[n:])
		return err
	}
}

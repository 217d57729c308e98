package queue

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// deliveryFaults are mistakes in delivery of messages.
var deliveryFaults = slices.Concat(sealFaults, eventFaults, contentFaults, messageIDFaults, orderFaults, deferredFaults)

var sealFaults = []fault.Fault{
	{
		ID:     "delivery/plain",
		Story:  "Blocks are encrypted by TLS, and clients encrypt what matters.",
		Breaks: []string{"SMP-MSG-FORM", "SMP-MSG-ENCRYPTED", "SMP-MSG-NO-SHARED-CIPHERTEXT"},
		Cases:  []string{"relay/delivery/form", "relay/delivery/no-shared-ciphertext"},
		Apply: fault.Seals(func(x *fault.Sealer) {
			x.Seal = func(m smp.RcvMessage, _ []byte, _ *box.Key) ([]byte, error) {
				content, err := m.Encode()
				if err != nil {
					return nil, err
				}
				return wire.Pad(nil, content, smp.PaddedRcvMessage+box.Overhead)
			}
		}),
	},
	{
		ID:     "delivery/nonce-zero",
		Story:  "The nonce of a delivery is zero, since each queue has a key of its own.",
		Breaks: []string{"SMP-MSG-ENCRYPTED"},
		Cases:  []string{"relay/delivery/form"},
		Apply: fault.Seals(func(x *fault.Sealer) {
			x.Seal = func(m smp.RcvMessage, _ []byte, key *box.Key) ([]byte, error) { return m.Seal(nil, key) }
		}),
	},
	{
		ID:     "delivery/raw-secret",
		Story:  "The output of X25519 is used as the key of the box, without the hash that belongs to it.",
		Breaks: []string{"SMP-MSG-ENCRYPTED"},
		Cases:  []string{"relay/delivery/form"},
		Apply: fault.Seals(func(x *fault.Sealer) {
			x.Agree = func(own keys.PrivateKey, other keys.PublicKey) (box.Key, error) {
				secret, err := own.DH(other)
				if err != nil {
					return box.Key{}, err
				}
				return box.Key(secret), nil
			}
		}),
	},
	{
		ID:     "delivery/length-before-body",
		Story:  "The body of MSG has its length in front of it, as other strings have.",
		Breaks: []string{"SMP-MSG-FORM"},
		Cases:  []string{"relay/delivery/form"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Deliver
			st.Deliver = func(s *relay.Session, out relay.Output) (smp.Response, error) {
				response, err := next(s, out)
				if m, ok := response.(smp.MSG); ok {
					m.Body = append(binary.BigEndian.AppendUint16(nil, uint16(len(m.Body))), m.Body...)
					response = m
				}
				return response, err
			}
		}),
	},
	wrongContent("no-timestamp", "The time of a message is told to notifiers only.", func(m smp.RcvMessage, content []byte) []byte { return content[8:] }),
	wrongContent("no-flags", "The notification flag is for the relay and not delivered.", func(m smp.RcvMessage, content []byte) []byte {
		return slices.Concat(content[:8], []byte{' '}, m.Body)
	}),
	wrongContent("short-timestamp", "The timestamp is a word32.", func(m smp.RcvMessage, content []byte) []byte { return content[4:] }),
	{
		ID:     "delivery/size-rounded",
		Story:  "Deliveries are padded to a multiple of 1024 bytes, which hides enough.",
		Breaks: []string{"SMP-MSG-SIZE"},
		Cases:  []string{"relay/delivery/one-size"},
		Apply:  paddedTo(func(_ smp.RcvMessage, n int) int { return (n+2+1023)/1024*1024 - 1 }),
	},
	{
		ID:     "delivery/size-in-the-document",
		Story:  "Deliveries are padded to 16050 bytes, as the document says, and longer ones a little more.",
		Breaks: []string{"SMP-MSG-SIZE-16122"},
		Cases:  []string{"relay/delivery/size-16122"},
		Apply:  paddedTo(func(_ smp.RcvMessage, n int) int { return max(16050, n+2) }),
	},
	{
		ID:     "delivery/marker-unpadded",
		Story:  "The quota marker has nothing to hide and is not padded.",
		Breaks: []string{"SMP-MSG-QUOTA"},
		Cases:  []string{"relay/delivery/quota-form"},
		Apply: paddedTo(func(m smp.RcvMessage, n int) int {
			if m.Quota {
				return n + 2
			}
			return smp.PaddedRcvMessage
		}),
	},
}

// wrongContent is a relay that encrypts something else than the content of a message.
func wrongContent(name, story string, change func(m smp.RcvMessage, content []byte) []byte) fault.Fault {
	return fault.Fault{
		ID:     "delivery/" + name,
		Story:  story,
		Breaks: []string{"SMP-MSG-CONTENT"},
		Cases:  []string{"relay/delivery/form"},
		Apply: fault.Seals(func(x *fault.Sealer) {
			x.Seal = func(m smp.RcvMessage, id []byte, key *box.Key) ([]byte, error) {
				content, err := m.Encode()
				if err != nil {
					return nil, err
				}
				nonce := smp.CorrelationNonce(id)
				return box.SealPadded(nil, change(m, content), smp.PaddedRcvMessage, &nonce, key)
			}
		}),
	}
}

var eventFaults = []fault.Fault{
	{
		ID:     "delivery/correlation-id-of-send",
		Story:  "A delivery has the correlation id of the SEND that caused it.",
		Breaks: []string{"SMP-MSG-EVENT"},
		Cases:  []string{"relay/delivery/event"},
		Apply: fault.Remembering(func(sends *fault.Notes[string, []byte]) func(*relay.Config) {
			return fault.Together(
				fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SEND, next fault.Execute) []relay.Output {
					sends.Set(string(r.Queue.RecipientID()), bytes.Clone(r.Transmission.CorrelationID))
					return next(s, r)
				}),
				fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
					if out.Message != nil {
						out.CorrelationID, _ = sends.Get(string(q.RecipientID()))
					}
					next(to, q, out)
				}),
			)
		}),
	},
	wrongEntity("sender-id", "A delivery has the id of whoever sent the message.", func(q *relay.Queue) []byte { return q.SenderID() }),
	wrongEntity("no-entity", "What nobody asked for has neither correlation id nor entity id.", func(*relay.Queue) []byte { return nil }),
}

// wrongEntity is a relay whose deliveries have another entity id.
func wrongEntity(name, story string, id func(*relay.Queue) []byte) fault.Fault {
	return fault.Fault{
		ID:     "delivery/" + name,
		Story:  story,
		Breaks: []string{"SMP-MSG-EVENT"},
		Cases:  []string{"relay/delivery/event"},
		Apply: fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
			if out.Message != nil {
				out.EntityID = id(q)
			}
			next(to, q, out)
		}),
	}
}

var contentFaults = []fault.Fault{
	wrongTime("milliseconds", "The timestamp is in milliseconds.", func(m *relay.Message) time.Time { return time.Unix(m.Time.UnixMilli(), 0) }),
	wrongTime("zero", "The timestamp is left out for privacy, which means zero.", func(*relay.Message) time.Time { return time.Unix(0, 0) }),
	wrongTime("local", "The timestamp is that of the clock on the wall, ten hours ahead.", func(m *relay.Message) time.Time { return m.Time.Add(10 * time.Hour) }),
	{
		ID:     "delivery/timestamp-of-delivery",
		Story:  "The timestamp says when the message is delivered.",
		Breaks: []string{"SMP-MSG-TIMESTAMP"},
		Cases:  []string{"relay/delivery/waiting"},
		Apply:  delivers(func(_ *relay.Session, _ *relay.Queue, m *relay.Message) { m.Time = time.Now() }),
	},
	{
		ID:     "delivery/marker-timestamp-zero",
		Story:  "The quota marker is no message, so it has no time.",
		Breaks: []string{"SMP-MSG-QUOTA"},
		Cases:  []string{"relay/delivery/quota-form"},
		Apply: delivers(func(_ *relay.Session, _ *relay.Queue, m *relay.Message) {
			if m.Quota {
				m.Time = time.Unix(0, 0)
			}
		}),
	},
	{
		ID:     "delivery/marker-as-message",
		Story:  "The quota marker is an ordinary message with the text QUOTA.",
		Breaks: []string{"SMP-SEND-QUOTA-MARKER"},
		Cases:  []string{"relay/quota/marker"},
		Apply: delivers(func(_ *relay.Session, _ *relay.Queue, m *relay.Message) {
			if m.Quota {
				m.Quota, m.Body = false, []byte("QUOTA")
			}
		}),
	},
	wrongFlag("lost", "The notification flag is for the notifier and not for the recipient.", false),
	wrongFlag("always", "All messages are delivered with the notification flag.", true),
	{
		ID:     "delivery/flag-of-the-queue",
		Story:  "The notification flag stands in the queue, where each SEND sets it.",
		Breaks: []string{"SMP-MSG-FLAGS"},
		Cases:  []string{"relay/delivery/flags"},
		Apply: fault.Remembering(func(flags *fault.Notes[string, bool]) func(*relay.Config) {
			return fault.Together(
				fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
					flags.Set(string(q.RecipientID()), m.Notify)
					return next(q, m)
				}),
				delivers(func(_ *relay.Session, q *relay.Queue, m *relay.Message) {
					m.Notify, _ = flags.Get(string(q.RecipientID()))
				}),
			)
		}),
	},
	{
		ID:     "delivery/large-not-copied",
		Story:  "A large message stays in the buffer of the block that it came in, into which the next block is read.",
		Breaks: []string{"SMP-MSG-KEPT"},
		Cases:  []string{"relay/delivery/large"},
		Apply: fault.Remembering(func(buffers *fault.Notes[string, []byte]) func(*relay.Config) {
			isLarge := func(m *relay.Message) bool { return len(m.Body) > smp.BlockSize/2 }
			return fault.Together(
				fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
					if isLarge(m) {
						buffers.Set(string(q.RecipientID()), m.Body)
					}
					return next(q, m)
				}),
				delivers(func(_ *relay.Session, q *relay.Queue, m *relay.Message) {
					if buffer, _ := buffers.Get(string(q.RecipientID())); isLarge(m) {
						m.Body = buffer[:min(len(buffer), len(m.Body))]
					}
				}),
			)
		}),
	},
}

// wrongTime is a relay whose messages have another time.
func wrongTime(name, story string, of func(*relay.Message) time.Time) fault.Fault {
	return fault.Fault{
		ID:     "delivery/timestamp-" + name,
		Story:  story,
		Breaks: []string{"SMP-MSG-TIMESTAMP"},
		Cases:  []string{"relay/delivery/timestamp"},
		Apply:  delivers(func(_ *relay.Session, _ *relay.Queue, m *relay.Message) { m.Time = of(m) }),
	}
}

// wrongFlag is a relay that delivers all messages with the same flag.
func wrongFlag(name, story string, flag bool) fault.Fault {
	return fault.Fault{
		ID:     "delivery/flag-" + name,
		Story:  story,
		Breaks: []string{"SMP-MSG-FLAGS"},
		Cases:  []string{"relay/delivery/flags"},
		Apply:  delivers(func(_ *relay.Session, _ *relay.Queue, m *relay.Message) { m.Notify = flag }),
	}
}

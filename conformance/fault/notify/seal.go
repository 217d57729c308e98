package notify

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sync/atomic"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/reference/box"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// sealFaults are mistakes in what NMSG holds.
var sealFaults = []fault.Fault{
	{
		ID:     "notify/meta-not-padded",
		Story:  "The metadata have the same length for all messages anyway, so they are not padded.",
		Breaks: []string{"SMP-NTF-NMSG-SIZE"},
		Cases:  []string{"relay/notify/size"},
		Apply:  metaOfSize(func(content int) int { return content + 2 }),
	},
	{
		ID:     "notify/meta-128-with-tag",
		Story:  "The 128 bytes of the metadata are taken to include the tag of the encryption.",
		Breaks: []string{"SMP-NTF-NMSG-SIZE"},
		Cases:  []string{"relay/notify/size"},
		Apply:  metaOfSize(func(int) int { return smp.PaddedNMsgMeta - box.Overhead }),
	},
	{
		ID:     "notify/nonce-message-id",
		Story:  "The id of a message is random and has 24 bytes, so it serves as the nonce of its notification.",
		Breaks: []string{"SMP-NTF-NMSG-NONCE", "SMP-NTF-NMSG-NO-CONTENT"},
		Cases:  []string{"relay/notify/nonce", "relay/notify/no-content"},
		Apply:  fault.MetaNonces(func(out relay.Output) []byte { return out.Notification.MessageID }),
	},
	{
		ID:     "notify/nonce-notifier-id",
		Story:  "The notifier id is the nonce of all its notifications.",
		Breaks: []string{"SMP-NTF-NMSG-NONCE"},
		Cases:  []string{"relay/notify/nonce"},
		Apply:  fault.MetaNonces(func(out relay.Output) []byte { return out.Notification.Notifier.ID }),
	},
	{
		ID:     "notify/nonce-sender-id",
		Story:  "The nonce of a notification is the sender's id, which the recipient knows too.",
		Breaks: []string{"SMP-NTF-NMSG-NONCE", "SMP-NTF-NMSG-NO-CONTENT"},
		Cases:  []string{"relay/notify/nonce", "relay/notify/no-content"},
		Apply:  fault.MetaNonces(func(out relay.Output) []byte { return out.Queue.SenderID() }),
	},
	{
		ID:     "notify/nonce-zero",
		Story:  "The nonce is left at zero, because each queue has a key of its own.",
		Breaks: []string{"SMP-NTF-NMSG-NONCE"},
		Cases:  []string{"relay/notify/nonce"},
		Apply:  fault.MetaNonces(func(relay.Output) []byte { return nil }),
	},
	{
		ID:     "notify/nonce-counter",
		Story:  "The nonce is the number of the notification.",
		Breaks: []string{"SMP-NTF-NMSG-NONCE"},
		Cases:  []string{"relay/notify/nonce"},
		Apply:  countedMetaNonces(),
	},
	{
		ID:     "notify/nonce-another",
		Story:  "The nonce in NMSG is made when NMSG is written, and another one has encrypted the metadata.",
		Breaks: []string{"SMP-NTF-NMSG-KEY"},
		Cases:  []string{"relay/notify/meta-key"},
		Apply: fault.SealsMeta(func(out relay.Output, meta smp.NMsgMeta, nonce box.Nonce) (smp.NMSG, error) {
			m, err := meta.Seal(nonce, &out.Notification.Notifier.MetaKey)
			slices.Reverse(m.Nonce[:])
			return m, err
		}),
	},
	{
		ID:     "notify/meta-message-key",
		Story:  "The metadata are encrypted as messages are, with the secret of NEW and IDS.",
		Breaks: []string{"SMP-NTF-NMSG-KEY"},
		Cases:  []string{"relay/notify/meta-key"},
		Apply:  func(c *relay.Config) { agreesEverything(c, true) },
	},
	{
		ID:     "notify/meta-in-clear",
		Story:  "TLS protects the way to the notifier, so the metadata are padded and not encrypted.",
		Breaks: []string{"SMP-NTF-NMSG-KEY", "SMP-NTF-NMSG-NO-CONTENT"},
		Cases:  []string{"relay/notify/meta-key", "relay/notify/no-content"},
		Apply: fault.SealsMeta(func(_ relay.Output, meta smp.NMsgMeta, nonce box.Nonce) (smp.NMSG, error) {
			content, err := meta.Encode()
			if err != nil {
				return smp.NMSG{}, err
			}
			padded, err := wire.Pad(nil, content, smp.PaddedNMsgMeta+box.Overhead)
			return smp.NMSG{Nonce: nonce, Meta: padded}, err
		}),
	},
	{
		ID:     "notify/meta-id-of-its-own",
		Story:  "A notification has an id of its own in the place of that of its message.",
		Breaks: []string{"SMP-NTF-NMSG-META-SAME"},
		Cases:  []string{"relay/notify/meta"},
		Apply: changedMeta(func(m *smp.NMsgMeta) {
			id := bytes.Clone(m.MessageID)
			slices.Reverse(id)
			m.MessageID = id
		}),
	},
	{
		ID:     "notify/meta-time-in-ms",
		Story:  "The time in the metadata is in milliseconds, as mobile systems count it.",
		Breaks: []string{"SMP-NTF-NMSG-META", "SMP-NTF-NMSG-META-SAME"},
		Cases:  []string{"relay/notify/meta"},
		Apply:  changedMeta(func(m *smp.NMsgMeta) { m.Timestamp *= 1000 }),
	},
	{
		ID:     "notify/meta-without-time",
		Story:  "The notifier knows when a notification came, so the time in it is left at zero.",
		Breaks: []string{"SMP-NTF-NMSG-META", "SMP-NTF-NMSG-META-SAME"},
		Cases:  []string{"relay/notify/meta"},
		Apply:  changedMeta(func(m *smp.NMsgMeta) { m.Timestamp = 0 }),
	},
	{
		ID:     "notify/meta-time-of-sending",
		Story:  "The time in the metadata is that at which the notification is sent.",
		Breaks: []string{"SMP-NTF-NMSG-META-SAME"},
		Cases:  []string{"relay/notify/meta-waiting"},
		Apply:  changedMeta(func(m *smp.NMsgMeta) { m.Timestamp = time.Now().Unix() }),
	},
	{
		ID:     "notify/meta-time-rounded-up",
		Story:  "The time in the metadata is rounded to whole seconds, and upwards, unlike that of the message.",
		Breaks: []string{"SMP-NTF-NMSG-META-SAME"},
		Cases:  []string{"relay/notify/meta", "relay/notify/meta-waiting"},
		Apply:  changedMeta(func(m *smp.NMsgMeta) { m.Timestamp++ }),
	},
	{
		ID:     "notify/preview",
		Story:  "NMSG carries the first bytes of the message behind the metadata, for a preview.",
		Breaks: []string{"SMP-NTF-NMSG-NO-CONTENT", "SMP-NTF-NMSG-SIZE"},
		Cases:  []string{"relay/notify/no-content", "relay/notify/size"},
		Apply:  previews,
	},
	{
		ID:     "notify/nmsg-names-recipient",
		Story:  "The recipient's id stands behind the metadata, so that a client with many queues finds the right one.",
		Breaks: []string{"SMP-NTF-NMSG-NO-CONTENT", "SMP-NTF-NMSG-SIZE"},
		Cases:  []string{"relay/notify/no-content", "relay/notify/size"},
		Apply: fault.SealsMeta(func(out relay.Output, meta smp.NMsgMeta, nonce box.Nonce) (smp.NMSG, error) {
			m, err := meta.Seal(nonce, &out.Notification.Notifier.MetaKey)
			m.Meta = append(m.Meta, out.Queue.RecipientID()...)
			return m, err
		}),
	},
}

// metaOfSize pads metadata to another size, which may depend on that of the content.
func metaOfSize(size func(content int) int) func(*relay.Config) {
	return fault.SealsMeta(func(out relay.Output, meta smp.NMsgMeta, nonce box.Nonce) (smp.NMSG, error) {
		content, err := meta.Encode()
		if err != nil {
			return smp.NMSG{}, err
		}
		sealed, err := box.SealPadded(nil, content, size(len(content)), &nonce, &out.Notification.Notifier.MetaKey)
		return smp.NMSG{Nonce: nonce, Meta: sealed}, err
	})
}

func countedMetaNonces() func(*relay.Config) {
	var count atomic.Uint64
	return fault.MetaNonces(func(relay.Output) []byte {
		return binary.BigEndian.AppendUint64(make([]byte, 16), count.Add(1))
	})
}

// previews appends the start of a message to its notification.
func previews(c *relay.Config) {
	var bodies fault.Notes[string, []byte]
	fault.Announces(func(r *relay.Relay, q *relay.Queue, m *relay.Message, next fault.Announce) {
		bodies.Set(string(m.ID), m.Body)
		next(r, q, m)
	})(c)
	fault.SealsMeta(func(out relay.Output, meta smp.NMsgMeta, nonce box.Nonce) (smp.NMSG, error) {
		m, err := meta.Seal(nonce, &out.Notification.Notifier.MetaKey)
		body, _ := bodies.Take(string(meta.MessageID))
		m.Meta = append(m.Meta, body[:min(len(body), 48)]...)
		return m, err
	})(c)
}

// changedMeta seals other metadata than those of the message.
func changedMeta(change func(*smp.NMsgMeta)) func(*relay.Config) {
	return fault.SealsMeta(func(out relay.Output, meta smp.NMsgMeta, nonce box.Nonce) (smp.NMSG, error) {
		change(&meta)
		return meta.Seal(nonce, &out.Notification.Notifier.MetaKey)
	})
}

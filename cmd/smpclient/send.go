package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"smpcheck/cmd/smpclient/book"
	"smpcheck/cmd/smpclient/session"
)

// sendFlags are the flags of send.
type sendFlags struct {
	receipt, noWait, literal bool
	timeout                  time.Duration
}

func (a *app) sendCommand() *cobra.Command {
	var f sendFlags
	cmd := &cobra.Command{
		Use:   "send NAME TEXT…",
		Short: "Send a message",
		Long: `Send a message, and wait until a relay has taken it.

With - as TEXT it is read from standard input. A message that cannot be sent now is
kept, and sent as soon as a command runs while the relay can be reached.`,
		Args: arguments(2, -1, "NAME TEXT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(cmd, func(ctx context.Context, s *session.Session) error {
				text := strings.Join(args[1:], " ")
				if !f.literal {
					read, err := a.text(text, maxText)
					if err != nil {
						return err
					}
					if text == "-" {
						read = strings.TrimSuffix(read, "\n")
					}
					text = read
				}
				return a.send(ctx, s, args[0], text, f)
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.receipt, "receipt", false, "wait until the other side has the message")
	flags.BoolVar(&f.noWait, "no-wait", false, "do not wait")
	flags.DurationVar(&f.timeout, "timeout", 30*time.Second, "wait at most this `TIME`, 0 for ever")
	flags.BoolVar(&f.literal, "literal", false, "send - as it is")
	return cmd
}

func (a *app) send(parent context.Context, s *session.Session, name, text string, f sendFlags) error {
	sub := s.Subscribe()
	defer sub.Close()
	m, err := s.Send(parent, name, text)
	if err != nil {
		return err
	}
	if err := a.print(eventLine{Event: "queued", Contact: m.Contact, ID: m.ID}, ""); err != nil || f.noWait {
		return err
	}
	c, err := s.ContactNumber(parent, m.ContactID)
	if err != nil {
		return err
	}
	if c.Full && (f.timeout == 0 || f.timeout > fullTimeout) {
		f.timeout = fullTimeout
	}
	done := a.wait("sending…")
	defer done()
	ctx, cancel := limited(parent, f.timeout)
	defer cancel()
	sent, reason := false, ""
	err = follow(ctx, sub, func(n session.Notice) (bool, error) {
		if n.Event == session.EventDelayed && n.ContactID == m.ContactID {
			reason = n.Reason
		}
		sent = sent || n.ID == m.ID && n.Event == session.EventSent
		return a.sendProgress(n, m, f.receipt)
	})
	if !timedOut(ctx) {
		return err
	}
	if sent {
		return fmt.Errorf("the message was sent, but %s has not received it yet", m.Contact)
	}
	return notTaken(parent, s, m, reason)
}

// notTaken tells why no relay has taken a message; reason is what the agent said last.
func notTaken(ctx context.Context, s *session.Session, m book.Message, reason string) error {
	d, err := s.Info(ctx, m.Contact)
	if err != nil {
		return err
	}
	if d.Contact.Full {
		return noRoom(m.Contact)
	}
	if reason != "" {
		return &relayError{fmt.Errorf("%s; the message to %s is kept, and sent when that changes", reason, m.Contact)}
	}
	relay := "the relay"
	if d.Connection != nil && len(d.Connection.Send) > 0 {
		relay = "relay " + d.Connection.Send[0].Server.Address()
	}
	return &relayError{fmt.Errorf("%s of %s cannot be reached; the message is kept, and sent when that changes", relay, m.Contact)}
}

func noRoom(contact string) error {
	return fmt.Errorf("the relay has no room for more messages to %s until they are read; the message is kept, and sent then", contact)
}

// fullTimeout is how long to wait if the relay had no room the last time.
const fullTimeout = 3 * time.Second

// sendProgress prints what became of a message and reports whether that is all that
// was waited for.
func (a *app) sendProgress(n session.Notice, m book.Message, receipt bool) (done bool, err error) {
	switch {
	case n.ID == m.ID && n.Event == session.EventFailed:
		return true, fmt.Errorf("the message was not sent: %s", n.Reason)
	case n.ContactID == m.ContactID && n.Event == session.EventFull:
		return true, noRoom(n.Contact)
	case n.ID == m.ID && n.Event == session.EventSent:
		return !receipt, a.print(n, "✓ sent")
	case n.ID == m.ID && n.Event == session.EventDelivered:
		return true, a.print(n, "✓✓ delivered"+reasonText(n.Reason))
	}
	return false, nil
}

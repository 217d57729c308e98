package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"smpcheck/cmd/smpclient/book"
	"smpcheck/cmd/smpclient/session"
	"smpcheck/reference/agent"
)

// contactLine is a contact in a list.
type contactLine struct {
	Contact string      `json:"contact"`
	Status  book.Status `json:"status"`
	Peer    string      `json:"peer,omitempty"`
	Created time.Time   `json:"created"`
}

func (a *app) contactsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "contacts",
		Short: "List the contacts",
		Args:  arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd, func(ctx context.Context, s *session.Session) error {
				list, err := s.Contacts(ctx)
				for i := 0; i < len(list) && err == nil; i++ {
					c := list[i]
					err = a.print(contactLine{c.Name, c.Status, c.Peer, c.Created}, fmt.Sprintf("%-20s  %s", plain(c.Name), c.Status))
				}
				return err
			})
		},
	}
}

func (a *app) renameCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rename NAME NEW",
		Short: "Give a contact another name",
		Args:  arguments(2, 2, "NAME NEW"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(cmd, func(ctx context.Context, s *session.Session) error {
				if err := s.Rename(ctx, args[0], args[1]); err != nil {
					return err
				}
				return a.print(eventLine{Event: "renamed", Contact: args[1]}, fmt.Sprintf("%s is called %s now", plain(args[0]), plain(args[1])))
			})
		},
	}
}

// infoLine is all about a contact.
type infoLine struct {
	contactLine
	Ready   bool            `json:"ready"`
	PQ      bool            `json:"pq"`
	Sync    agent.SyncState `json:"sync,omitempty"`
	Receive []string        `json:"receive,omitempty"`
	Send    []string        `json:"send,omitempty"`
	Unsent  int             `json:"unsent"`
	Unseen  int             `json:"unseen"`
	Link    string          `json:"link,omitempty"`
}

func (a *app) infoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "info NAME",
		Short: "Show all about a contact",
		Args:  arguments(1, 1, "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(cmd, func(ctx context.Context, s *session.Session) error {
				d, err := s.Info(ctx, args[0])
				if err != nil {
					return err
				}
				line := detailsLine(d)
				return a.print(line, line.text())
			})
		},
	}
}

func detailsLine(d session.Details) infoLine {
	c := d.Contact
	line := infoLine{
		contactLine: contactLine{c.Name, c.Status, c.Peer, c.Created},
		Unsent:      d.Unsent, Unseen: d.Unseen, Link: c.Link,
	}
	if d.Connection == nil {
		return line
	}
	line.Ready, line.PQ, line.Sync = d.Connection.Ready, d.Connection.PQ, d.Connection.Sync
	for _, q := range d.Connection.Receive {
		line.Receive = append(line.Receive, q.Server.String())
	}
	for _, q := range d.Connection.Send {
		line.Send = append(line.Send, q.Server.String())
	}
	return line
}

func (l infoLine) text() string {
	lines := []string{fmt.Sprintf("%s  %s, since %s", plain(l.Contact), l.Status, l.Created.Local().Format("2006-01-02 15:04"))}
	add := func(condition bool, format string, args ...any) {
		if condition {
			lines = append(lines, fmt.Sprintf("  "+format, args...))
		}
	}
	add(l.Peer != "" && l.Peer != l.Contact, "calls itself %s", quotedPlain(l.Peer))
	add(l.Ready && l.PQ, "post-quantum keys")
	add(l.Ready && !l.PQ, "no post-quantum keys")
	add(l.Sync != "" && l.Sync != agent.SyncOK, "keys: %s", l.Sync)
	for _, server := range l.Receive {
		add(true, "messages arrive at %s", plain(server))
	}
	for _, server := range l.Send {
		add(true, "messages go to    %s", plain(server))
	}
	add(l.Unsent > 0, "%d messages wait to be sent", l.Unsent)
	add(l.Unseen > 0, "%d messages were not shown", l.Unseen)
	add(l.Link != "", "invitation: %s", plain(l.Link))
	return strings.Join(lines, "\n")
}

// historyLine is one message of the history.
type historyLine struct {
	Contact   string        `json:"contact"`
	ID        int64         `json:"id"`
	Direction string        `json:"direction"`
	Type      string        `json:"type"`
	Text      string        `json:"text,omitempty"`
	Raw       []byte        `json:"raw,omitempty"`
	Status    book.Delivery `json:"status"`
	Reason    string        `json:"reason,omitempty"`
	Sent      time.Time     `json:"sent"`
}

func (a *app) historyCommand() *cobra.Command {
	var n int
	cmd := &cobra.Command{
		Use:   "history NAME",
		Short: "Show the messages with a contact",
		Args:  arguments(1, 1, "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if n < 0 {
				return usage("-n %d, expected a positive number, or 0 for all", n)
			}
			return a.with(cmd, func(ctx context.Context, s *session.Session) error {
				list, err := s.History(ctx, args[0], n)
				for i := 0; i < len(list) && err == nil; i++ {
					err = a.printHistory(list[i])
				}
				return err
			})
		},
	}
	cmd.Flags().IntVarP(&n, "number", "n", 0, "the last `N` messages (default all)")
	return cmd
}

// marks tell how far a sent message has come.
var marks = map[book.Delivery]string{book.Queued: "…", book.Sent: "✓", book.Delivered: "✓✓", book.Failed: "✗"}

func (a *app) printHistory(m book.Message) error {
	n := session.ShownAs(m, false)
	line := historyLine{
		Contact: m.Contact, ID: m.ID, Direction: "out", Type: m.Type, Text: n.Text, Raw: n.Raw,
		Status: m.Status, Reason: m.Problem, Sent: m.Time,
	}
	if m.Incoming {
		line.Direction = "in"
		return a.print(line, messageText(n))
	}
	n.Contact = "me"
	return a.print(line, messageText(n)+" "+marks[m.Status])
}

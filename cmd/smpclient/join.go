package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"smpcheck/cmd/smpclient/book"
	"smpcheck/cmd/smpclient/session"
	"smpcheck/reference/link"
)

// eventLine is an answer about a contact or a request.
type eventLine struct {
	Event   string `json:"event"`
	Contact string `json:"contact,omitempty"`
	Request int64  `json:"request,omitempty"`
	ID      int64  `json:"id,omitempty"`
}

// connectFlags are the flags of commands after which two sides connect.
type connectFlags struct {
	name    string
	noWait  bool
	timeout time.Duration
}

// connectTimeout is how long connecting takes if both sides are there.
const connectTimeout = 15 * time.Second

func (f *connectFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "`NAME` that you give to the contact (default: what the other side calls itself)")
	flags.BoolVar(&f.noWait, "no-wait", false, "do not wait until the connection is ready")
	flags.DurationVar(&f.timeout, "timeout", connectTimeout, "wait at most this `TIME`, 0 for ever")
}

// connect executes what begins a connection and waits until it is ready, or not
// longer than wanted: then the other side is not there, which is no error.
func (a *app) connect(ctx context.Context, s *session.Session, f connectFlags, begin func() (book.Contact, error)) error {
	sub := s.Subscribe()
	defer sub.Close()
	done := a.wait("connecting…")
	defer done()
	c, err := begin()
	if err != nil {
		return err
	}
	if err := a.print(eventLine{Event: "joining", Contact: c.Name}, ""); err != nil || f.noWait {
		return err
	}
	ctx, cancel := limited(ctx, f.timeout)
	defer cancel()
	err = a.untilConnected(ctx, sub, c)
	if timedOut(ctx) {
		return a.print(eventLine{Event: "waiting", Contact: c.Name},
			fmt.Sprintf("%s has not answered yet; listen completes the connection", plain(c.Name)))
	}
	return err
}

func (a *app) joinCommand() *cobra.Command {
	var f connectFlags
	cmd := &cobra.Command{
		Use:   "join LINK",
		Short: "Use somebody's invitation or address",
		Long:  "Use somebody's invitation or address. With - as LINK it is read from standard input.",
		Args:  arguments(1, 1, "LINK"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] != "-" {
				if _, err := parseLink(args[0]); err != nil {
					return err
				}
			}
			return a.with(cmd, func(ctx context.Context, s *session.Session) error {
				text, err := a.text(args[0], maxLink)
				if err != nil {
					return err
				}
				parsed, err := parseLink(text)
				if err != nil {
					return err
				}
				return a.connect(ctx, s, f, func() (book.Contact, error) { return s.Join(ctx, parsed, f.name) })
			})
		},
	}
	f.register(cmd)
	return cmd
}

// parseLink reads a link with whatever space is around it.
func parseLink(text string) (link.Link, error) {
	parsed, err := link.ParseLink(strings.TrimSpace(text))
	if err != nil {
		return nil, &usageError{err}
	}
	return parsed, nil
}

// Limits of what is read from standard input, in bytes.
const (
	maxLink = 64 << 10
	maxText = 64 << 10
)

// text returns an argument, or for "-" what is on standard input.
func (a *app) text(argument string, limit int64) (string, error) {
	if argument != "-" {
		return argument, nil
	}
	content, err := io.ReadAll(io.LimitReader(a.In, limit+1))
	if err != nil {
		return "", fmt.Errorf("standard input: %w", err)
	}
	if int64(len(content)) > limit {
		return "", usage("more than %d bytes on standard input", limit)
	}
	return string(content), nil
}

func (a *app) requestsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "requests",
		Short: "List who asks for a connection through the address",
		Args:  arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd, func(ctx context.Context, s *session.Session) error {
				list, err := s.Requests(ctx)
				for i := 0; i < len(list) && err == nil; i++ {
					r := list[i]
					err = a.print(session.Notice{Event: session.EventRequest, Request: r.ID, Peer: r.Peer, Sent: &r.Created},
						fmt.Sprintf("%d  %s  since %s", r.ID, quotedPlain(r.Peer), clock(&r.Created)))
				}
				return err
			})
		},
	}
}

func (a *app) acceptCommand() *cobra.Command {
	var f connectFlags
	cmd := &cobra.Command{
		Use:   "accept ID",
		Short: "Make a contact of somebody who asks for a connection",
		Args:  arguments(1, 1, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := requestID(args[0])
			if err != nil {
				return err
			}
			return a.with(cmd, func(ctx context.Context, s *session.Session) error {
				return a.connect(ctx, s, f, func() (book.Contact, error) { return s.Accept(ctx, id, f.name) })
			})
		},
	}
	f.register(cmd)
	return cmd
}

func (a *app) rejectCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "reject ID",
		Short: "Forget somebody who asks for a connection, who is not told",
		Args:  arguments(1, 1, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := requestID(args[0])
			if err != nil {
				return err
			}
			return a.with(cmd, func(ctx context.Context, s *session.Session) error {
				if err := s.Reject(ctx, id); err != nil {
					return err
				}
				return a.print(eventLine{Event: "rejected", Request: id}, fmt.Sprintf("request %d is forgotten", id))
			})
		},
	}
}

func requestID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return 0, usage("%q is not the number of a request", text)
	}
	return id, nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"smpcheck/cmd/smpclient/control"
	"smpcheck/cmd/smpclient/session"
)

func (a *app) listenCommand() *cobra.Command {
	var count int
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "listen",
		Short: "Print the messages of everybody",
		Long: `Print the messages of everybody, until Ctrl-C.

With --json it also executes commands, one JSON object on each line of standard input:

  {"command":"send","contact":"bob","text":"hello","ref":1}

The commands and their fields: send (contact, text), contacts, requests,
accept and reject (request, name), rename (contact, name), history (contact, n),
info (contact), switch (contact, server), sync and delete (contact),
invite (name, short, server), address (short, server), join (link, name), quit.
None of them waits for the other side. The lines of an answer have the ref of the
command, if it has one.`,
		Args: arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if count < 0 || timeout < 0 {
				return usage("--count and --timeout have to be positive")
			}
			return a.withServer(cmd, true, func(ctx context.Context, s *session.Session) error {
				return a.listen(ctx, s, count, timeout)
			})
		},
	}
	cmd.Flags().IntVar(&count, "count", 0, "end after `N` messages")
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "end after this `TIME`")
	return cmd
}

func (a *app) listen(parent context.Context, s *session.Session, count int, timeout time.Duration) error {
	ctx, cancel := limited(parent, timeout)
	defer cancel()
	var running sync.WaitGroup
	defer running.Wait()
	ctx, quit := context.WithCancel(ctx)
	defer quit()
	sub := s.Subscribe()
	defer sub.Close()
	if err := a.print(eventLine{Event: "listening"}, ""); err != nil {
		return err
	}
	notices := make(chan error, 1)
	running.Go(func() {
		notices <- follow(ctx, sub, func(n session.Notice) (bool, error) { return false, a.printNotice(n) })
		quit()
	})
	if a.json && !a.inputTerminal {
		go a.script(ctx, s, "", quit)
	}
	shown := 0
	err := s.Show(ctx, 0, count, func(n session.Notice) error {
		if err := a.printNotice(n); err != nil {
			return err
		}
		shown++
		return nil
	})
	quit()
	return errors.Join(err, a.ended(parent, ctx, <-notices, count, shown))
}

// ended tells how listen has ended, for which there may be several reasons.
func (a *app) ended(parent, ctx context.Context, notices error, count, shown int) error {
	switch {
	case errors.Is(context.Cause(parent), control.ErrClosing) && count == 0:
		return errMoved
	case notices != nil && !errors.Is(notices, context.Canceled) && !errors.Is(notices, context.DeadlineExceeded):
		return notices
	case timedOut(ctx) && shown < count:
		return fmt.Errorf("timed out after %d of %d messages", shown, count)
	}
	return nil
}

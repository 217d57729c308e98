package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"smpcheck/cmd/smpclient/session"
	"smpcheck/reference/agent"
)

// waitFlags are the flags of commands that wait for the other side.
type waitFlags struct {
	noWait  bool
	timeout time.Duration
}

func (f *waitFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.noWait, "no-wait", false, "do not wait until it is done")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 30*time.Second, "wait at most this `TIME`, 0 for ever")
}

// until prints the notices about a contact until done says that it is the last one.
// If the time is over what is left goes on later, which a line says.
func (a *app) until(ctx context.Context, sub *session.Subscription, f waitFlags, contact int64, later string, done func(session.Notice) (bool, error)) error {
	ctx, cancel := limited(ctx, f.timeout)
	defer cancel()
	err := follow(ctx, sub, func(n session.Notice) (bool, error) {
		if n.ContactID != contact {
			return false, nil
		}
		last, err := done(n)
		if err != nil {
			return last, err
		}
		return last, a.printNotice(n)
	})
	if timedOut(ctx) {
		return errors.New(later)
	}
	return err
}

func (a *app) switchCommand() *cobra.Command {
	var f waitFlags
	cmd := &cobra.Command{
		Use:   "switch NAME [SERVER]",
		Short: "Receive the messages of a contact on another relay",
		Args:  arguments(1, 2, "NAME [SERVER]"),
		RunE: func(cmd *cobra.Command, args []string) error {
			address := ""
			if len(args) > 1 {
				address = args[1]
			}
			relay, err := server(address)
			if err != nil {
				return err
			}
			return a.with(cmd, func(ctx context.Context, s *session.Session) error {
				sub := s.Subscribe()
				defer sub.Close()
				c, err := s.Switch(ctx, args[0], relay)
				if err != nil {
					return err
				}
				if f.noWait {
					return a.print(eventLine{Event: "switching", Contact: c.Name}, "")
				}
				defer a.wait("moving to another relay…")()
				later := fmt.Sprintf("%s has not answered yet; the move goes on when both sides run", c.Name)
				return a.until(ctx, sub, f, c.ID, later, func(n session.Notice) (bool, error) {
					return n.Event == session.EventSwitch && n.Side == "receiving" && n.Phase == string(agent.SwitchCompleted), nil
				})
			})
		},
	}
	f.register(cmd)
	return cmd
}

func (a *app) syncCommand() *cobra.Command {
	var f waitFlags
	var force bool
	cmd := &cobra.Command{
		Use:   "sync NAME",
		Short: "Agree on new keys with a contact whose messages cannot be decrypted",
		Args:  arguments(1, 1, "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(cmd, func(ctx context.Context, s *session.Session) error {
				sub := s.Subscribe()
				defer sub.Close()
				c, err := s.Sync(ctx, args[0], force)
				if err != nil {
					return err
				}
				if f.noWait {
					return a.print(eventLine{Event: "syncing", Contact: c.Name}, "")
				}
				defer a.wait("agreeing on new keys…")()
				later := fmt.Sprintf("%s has not answered yet; listen completes the agreement", c.Name)
				return a.until(ctx, sub, f, c.ID, later, func(n session.Notice) (bool, error) {
					return n.Event == session.EventSync && n.Phase == string(agent.SyncOK), nil
				})
			})
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&force, "force", false, "also if nothing is wrong with the keys")
	return cmd
}

func (a *app) deleteCommand() *cobra.Command {
	var f waitFlags
	cmd := &cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a contact with its messages, and tell the other side",
		Args:  arguments(1, 1, "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(cmd, func(ctx context.Context, s *session.Session) error {
				sub := s.Subscribe()
				defer sub.Close()
				c, gone, err := s.Delete(ctx, args[0])
				if err != nil {
					return err
				}
				if gone {
					return a.printNotice(session.Notice{Event: session.EventDeleted, Contact: c.Name})
				}
				if f.noWait {
					return a.print(eventLine{Event: "deleting", Contact: c.Name}, "")
				}
				defer a.wait("deleting…")()
				later := fmt.Sprintf("the relays have not answered yet; %s is deleted when they can be reached", c.Name)
				return a.until(ctx, sub, f, c.ID, later, func(n session.Notice) (bool, error) {
					return n.Event == session.EventDeleted, nil
				})
			})
		},
	}
	f.register(cmd)
	return cmd
}

package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"smpcheck/cmd/smpclient/session"
)

// linkFlags are the flags of commands that make links.
type linkFlags struct {
	short, qr, noQR bool
	server          string
}

func (f *linkFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.short, "short", false, "a short link, which needs a relay that keeps its content")
	flags.StringVar(&f.server, "server", "", "`ADDRESS` of the relay (default: one of the profile's)")
	flags.BoolVar(&f.qr, "qr", false, "a QR code also if the output is no terminal")
	flags.BoolVar(&f.noQR, "no-qr", false, "no QR code")
}

func (a *app) inviteCommand() *cobra.Command {
	var f linkFlags
	var noWait bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "invite [NAME]",
		Short: "Make a link for one person, and wait for this person",
		Long: `Make a link for one person, and wait for this person.

NAME is what you call the person; without it the contact gets the name that the
person has. Stopping to wait is no harm: listen and chat complete the connection.`,
		Args: arguments(0, 1, "[NAME]"),
		RunE: func(cmd *cobra.Command, args []string) error {
			relay, err := server(f.server)
			if err != nil {
				return err
			}
			name := ""
			if len(args) > 0 {
				name = args[0]
			}
			return a.withServer(cmd, !noWait, func(ctx context.Context, s *session.Session) error {
				sub := s.Subscribe()
				defer sub.Close()
				made, err := s.Invite(ctx, name, f.short, relay)
				if err != nil {
					return err
				}
				if err := a.printInvitation(made, f); err != nil || noWait {
					return err
				}
				return a.waitForGuest(ctx, sub, made, timeout)
			})
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "do not wait for the other side")
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "wait at most this `TIME` (default: for ever)")
	return cmd
}

// invitationLine is what invite prints first.
type invitationLine struct {
	Event   string `json:"event"`
	Contact string `json:"contact"`
	Link    string `json:"link"`
	Short   string `json:"short,omitempty"`
}

func (a *app) printInvitation(made session.Invitation, f linkFlags) error {
	shown := made.Link
	if made.Short != "" {
		shown = made.Short
	}
	line := invitationLine{"invitation", made.Contact.Name, made.Link, made.Short}
	return a.print(line, a.withQR(shown, shown, f.qr, f.noQR))
}

func (a *app) waitForGuest(ctx context.Context, sub *session.Subscription, made session.Invitation, timeout time.Duration) error {
	ctx, cancel := limited(ctx, timeout)
	defer cancel()
	done := a.wait("waiting for someone to use the link…")
	defer done()
	err := a.untilConnected(ctx, sub, made.Contact)
	switch {
	case err == nil || ctx.Err() == nil:
		return err
	case timedOut(ctx):
		return errors.New("nobody has used the invitation yet; it stays valid, and listen completes it")
	}
	return errors.New("stopped waiting; the invitation stays valid, and listen completes it")
}

func (a *app) addressCommand() *cobra.Command {
	var f linkFlags
	var automatic, remove bool
	cmd := &cobra.Command{
		Use:   "address",
		Short: "Make or show a link that anybody can use to ask for a connection",
		Args:  arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			relay, err := server(f.server)
			if err != nil {
				return err
			}
			return a.with(cmd, func(ctx context.Context, s *session.Session) error {
				if remove {
					return a.deleteAddress(ctx, s)
				}
				address, _, err := s.Address(ctx, f.short, relay)
				if err != nil {
					return err
				}
				if cmd.Flags().Changed("auto-accept") {
					address.Automatic = automatic
					if err := s.SetAutomatic(ctx, automatic); err != nil {
						return err
					}
				}
				return a.printAddress(addressLine{"address", address.Link, address.Short, address.Automatic}, f)
			})
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&automatic, "auto-accept", false, "make a contact of everybody who asks; --auto-accept=false ends that")
	cmd.Flags().BoolVar(&remove, "delete", false, "delete the address; contacts that came through it stay")
	return cmd
}

// addressLine is what address prints.
type addressLine struct {
	Event      string `json:"event"`
	Link       string `json:"link"`
	Short      string `json:"short,omitempty"`
	AutoAccept bool   `json:"auto_accept"`
}

func (a *app) printAddress(line addressLine, f linkFlags) error {
	shown := line.Link
	if line.Short != "" {
		shown = line.Short
	}
	return a.print(line, a.withQR(shown, shown, f.qr, f.noQR))
}

func (a *app) deleteAddress(ctx context.Context, s *session.Session) error {
	if err := s.DeleteAddress(ctx); err != nil {
		return err
	}
	return a.print(eventLine{Event: "address-deleted"}, "the address is deleted")
}

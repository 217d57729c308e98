package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"smpcheck/cmd/smpclient/book"
	"smpcheck/cmd/smpclient/profile"
	"smpcheck/cmd/smpclient/session"
	"smpcheck/reference/chat"
	"smpcheck/reference/link"
)

// defaultName is what contacts see of somebody who chose no name.
const defaultName = "smpclient"

func (a *app) initCommand() *cobra.Command {
	settings := book.Settings{Name: defaultName}
	cmd := &cobra.Command{
		Use:   "init --server smp://FINGERPRINT[:PASSWORD]@HOST[:PORT]",
		Short: "Make a profile",
		Args:  arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.makeProfile(cmd.Context(), settings)
		},
	}
	settingsFlags(cmd, &settings)
	cmd.Flags().BoolVar(&settings.Plain, "plain", false, "messages are bare bytes, not those of chat applications")
	return cmd
}

func settingsFlags(cmd *cobra.Command, s *book.Settings) {
	flags := cmd.Flags()
	flags.StringVar(&s.Name, "name", s.Name, "`NAME` that contacts see")
	flags.StringArrayVar(&s.Servers, "server", nil, "`ADDRESS` of a relay on which messages arrive, with its password if it has one; repeatable")
	flags.StringArrayVar(&s.Via, "via", nil, "`ADDRESS` of a relay that forwards what is sent, so that the other side's relay does not see where it comes from; repeatable")
	flags.BoolVar(&s.NoPQ, "no-pq", false, "no post-quantum keys for new connections")
	flags.BoolVar(&s.TLS12, "tls12", false, "accept relays that only speak TLS 1.2")
}

// checkSettings returns an error of usage unless a profile can have the settings.
func checkSettings(s book.Settings) error {
	if _, _, err := s.Check(); err != nil {
		return &usageError{err}
	}
	if s.Plain || chat.ValidDisplayName(s.Name) {
		return nil
	}
	if better := chat.CleanDisplayName(s.Name); better != "" {
		return usage("name %q cannot be shown by other applications; %q can", s.Name, better)
	}
	return usage("name %q cannot be shown by other applications", s.Name)
}

// makeProfile makes the directory and the agent's file in it; an error leaves
// nothing behind.
func (a *app) makeProfile(ctx context.Context, settings book.Settings) (err error) {
	if err := checkSettings(settings); err != nil {
		return err
	}
	log, err := a.logger()
	if err != nil {
		return err
	}
	p, err := profile.Find(a.profile)
	if err != nil {
		return err
	}
	undo, err := p.Create()
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			undo()
		}
	}()
	agent, err := a.openAgent(ctx, p, settings, log)
	if err != nil {
		return err
	}
	err = agent.Update(ctx, func(tx *sql.Tx) error { return book.SaveSettings(tx, settings) })
	if err := errors.Join(err, agent.Close()); err != nil {
		return err
	}
	return a.print(struct {
		Profile string `json:"profile"`
		Name    string `json:"name"`
	}{p.Dir, settings.Name}, fmt.Sprintf("made the profile of %s in %s", plain(settings.Name), plain(p.Dir)))
}

func (a *app) configCommand() *cobra.Command {
	var changed book.Settings
	var noVia, passwords bool
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show or change the settings of the profile",
		Long: `Show or change the settings of the profile.

Without flags it shows them. --server and --via replace all that were there. What
was changed is used from the next start on; queues stay where they are, see switch.`,
		Args: arguments(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if noVia && cmd.Flags().Changed("via") {
				return usage("--via and --no-via exclude each other")
			}
			return a.with(cmd, func(ctx context.Context, s *session.Session) error {
				settings, err := s.Settings(ctx)
				if err != nil {
					return err
				}
				if merge(cmd, &settings, changed, noVia) {
					if err := checkSettings(settings); err != nil {
						return err
					}
					if err := s.SaveSettings(ctx, settings); err != nil {
						return err
					}
				}
				return a.printSettings(settings, passwords)
			})
		},
	}
	settingsFlags(cmd, &changed)
	cmd.Flags().BoolVar(&noVia, "no-via", false, "send directly")
	cmd.Flags().BoolVar(&passwords, "passwords", false, "show the passwords of relays too")
	return cmd
}

// merge puts the settings that flags name into s and reports whether there are any.
func merge(cmd *cobra.Command, s *book.Settings, changed book.Settings, noVia bool) (any bool) {
	for flag, set := range map[string]func(){
		"name":   func() { s.Name = changed.Name },
		"server": func() { s.Servers = changed.Servers },
		"via":    func() { s.Via = changed.Via },
		"no-pq":  func() { s.NoPQ = changed.NoPQ },
		"tls12":  func() { s.TLS12 = changed.TLS12 },
	} {
		if cmd.Flags().Changed(flag) {
			set()
			any = true
		}
	}
	if noVia {
		s.Via = nil
	}
	return any || noVia
}

func (a *app) printSettings(s book.Settings, passwords bool) error {
	servers, via, err := s.Check()
	if err != nil {
		return err
	}
	s.Servers, s.Via = addresses(servers, passwords), addresses(via, passwords)
	lines := []string{"name    " + plain(s.Name)}
	for _, server := range s.Servers {
		lines = append(lines, "server  "+plain(server))
	}
	for _, server := range s.Via {
		lines = append(lines, "via     "+plain(server))
	}
	if s.NoPQ {
		lines = append(lines, "no post-quantum keys for new connections")
	}
	if s.TLS12 {
		lines = append(lines, "relays that only speak TLS 1.2 are accepted")
	}
	if s.Plain {
		lines = append(lines, "messages are bare bytes")
	}
	return a.print(s, strings.Join(lines, "\n"))
}

func addresses(servers []link.Server, passwords bool) []string {
	texts := []string{}
	for _, s := range servers {
		if passwords {
			texts = append(texts, s.StringWithPassword())
		} else {
			texts = append(texts, s.String())
		}
	}
	return texts
}

// server parses the address of a relay, nil for an empty one.
func server(text string) (*link.Server, error) {
	if text == "" {
		return nil, nil
	}
	servers, err := book.ParseServers([]string{text})
	if err != nil {
		return nil, &usageError{err}
	}
	return &servers[0], nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"smpcheck/cmd/smpclient/book"
	"smpcheck/cmd/smpclient/control"
	"smpcheck/cmd/smpclient/profile"
	"smpcheck/cmd/smpclient/session"
	"smpcheck/reference/agent"
	"smpcheck/reference/agent/network"
)

// Other commands that have the profile open and do not execute this one end within
// patience; every retryPeriod it is tried again.
const (
	patience    = 45 * time.Second
	retryPeriod = 50 * time.Millisecond
)

// with executes f with the session of the profile. If another process has it open,
// and serves, the whole command is executed there instead.
func (a *app) with(cmd *cobra.Command, f func(context.Context, *session.Session) error) error {
	return a.withServer(cmd, false, f)
}

// withServer is with for commands that take long: they execute those of other
// processes meanwhile.
func (a *app) withServer(cmd *cobra.Command, serve bool, f func(context.Context, *session.Session) error) error {
	ctx := cmd.Context()
	if a.session != nil {
		return f(ctx, a.session)
	}
	p, err := profile.Find(a.profile)
	if err != nil {
		return err
	}
	if err := p.Check(); err != nil {
		return err
	}
	in := &input{from: a.In}
	a.In = reader{in, context.WithoutCancel(ctx)}
	giveUp := time.NewTimer(patience)
	defer giveUp.Stop()
	for {
		exit, err := a.delegate(ctx, p, in)
		if err == nil && exit == exitOK {
			return nil
		}
		if err == nil && exit != exitAgain {
			return &exitError{exit}
		}
		if err != nil && !errors.Is(err, errNobody) {
			return err
		}
		s, err := a.start(ctx, p)
		if err == nil {
			return a.work(ctx, p, s, serve, f)
		}
		if !errors.Is(err, profile.ErrBusy) && !errors.Is(err, agent.ErrInUse) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-giveUp.C:
			return profile.ErrBusy
		case <-time.After(retryPeriod):
		}
	}
}

// errNobody: no process serves the profile.
var errNobody = errors.New("nobody serves the profile")

// delegate lets the process that serves the profile execute this command.
func (a *app) delegate(ctx context.Context, p profile.Profile, in *input) (exit int, err error) {
	conn, err := p.Dial(ctx)
	if err != nil {
		return 0, errNobody
	}
	request := control.Request{
		Version: version, Args: a.args,
		Input: a.inputTerminal, Output: a.terminal, Errors: a.progress,
	}
	reading, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	return control.Call(ctx, conn, request, control.Streams{In: reader{in, reading}, Out: a.Out, Err: a.Err})
}

// start opens the profile.
func (a *app) start(ctx context.Context, p profile.Profile) (*session.Session, error) {
	log, err := a.logger()
	if err != nil {
		return nil, err
	}
	settings, err := p.Settings(ctx)
	if err != nil {
		return nil, err
	}
	opened, err := a.openAgent(ctx, p, settings, log)
	if err != nil {
		return nil, err
	}
	return session.Start(opened, settings, log), nil
}

func (a *app) openAgent(ctx context.Context, p profile.Profile, settings book.Settings, log *slog.Logger) (session.Agent, error) {
	servers, via, err := settings.Check()
	if err != nil {
		return nil, err
	}
	return a.open(ctx, agent.Config{
		Path:    p.Database(),
		Servers: servers,
		Network: network.Config{Proxies: via, TLS12: settings.TLS12},
		NoPQ:    settings.NoPQ,
		Logger:  log,
		Tables:  book.Tables,
	})
}

func (a *app) logger() (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(a.logLevel)); err != nil {
		return nil, usage("--log-level %q, expected debug, info, warn or error", a.logLevel)
	}
	return slog.New(slog.NewTextHandler(a.Err, &slog.HandlerOptions{Level: level})), nil
}

// work executes f, and the commands of other processes meanwhile if serve is set.
func (a *app) work(ctx context.Context, p profile.Profile, s *session.Session, serve bool, f func(context.Context, *session.Session) error) (err error) {
	defer func() { err = errors.Join(err, s.Close()) }()
	if serve {
		listener, err := p.Listen()
		if err != nil {
			return err
		}
		server := control.Serve(ctx, listener, func(ctx context.Context, r control.Request, streams control.Streams) int {
			return a.executeOther(ctx, s, r, streams)
		})
		defer func() { err = errors.Join(err, server.Close()) }()
	}
	// A session that fails ends the command.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	finished := make(chan struct{})
	defer close(finished)
	go func() {
		select {
		case <-s.Done():
			cancel(s.Err())
		case <-finished:
		}
	}()
	err = f(ctx, s)
	if failure := s.Err(); failure != nil {
		return failure
	}
	return err
}

// executeOther executes the command of another process.
func (a *app) executeOther(ctx context.Context, s *session.Session, r control.Request, streams control.Streams) int {
	other := &app{
		Streams: streams, session: s, open: a.open,
		inputTerminal: r.Input, terminal: r.Output, progress: r.Errors,
	}
	if r.Version != version {
		fmt.Fprintf(streams.Err, "smpclient: smpclient %s has this profile open, and this is %s\n", version, plain(r.Version))
		return exitFailure
	}
	return run(ctx, r.Args, other)
}

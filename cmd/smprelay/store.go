package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"smpcheck/reference/relay"
	"smpcheck/reference/relay/recordstore"
)

// openStore opens the file of --store, if there is one, for the relay.
func (o options) openStore(config *relay.Config, stderr io.Writer) (closeStore func() error, err error) {
	if o.store == "" {
		return func() error { return nil }, nil
	}
	s, err := recordstore.Open(o.store)
	if errors.Is(err, recordstore.ErrFolder) {
		return nil, usage("--store: %w", err)
	}
	if err != nil {
		return nil, err
	}
	if isTerminal(stderr) {
		s.Progress = func(records int) { fmt.Fprintf(stderr, "%s%d records read", eraseLine, records) }
	}
	config.Store = s
	return s.Close, nil
}

// endProgress removes what the progress of reading the store has left on a terminal.
func (o options) endProgress(stderr io.Writer) {
	if o.store != "" && isTerminal(stderr) {
		fmt.Fprint(stderr, eraseLine)
	}
}

// eraseLine returns to the start of a line of a terminal and clears it.
const eraseLine = "\r\x1b[K"

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}

// logStart says that the relay serves, and what becomes of its queues.
func (o options) logStart(config relay.Config, e *relay.Endpoint) {
	config.Logger.Info("relay started", "versions", config.Versions.String())
	if o.store == "" {
		config.Logger.Info("everything is kept in memory only")
		return
	}
	config.Logger.Info("queues are kept in a file, messages in memory only", "queues", e.Queues())
	if o.dir == "" {
		config.Logger.Warn("the identity is new: without --dir no client finds the queues again")
	}
}

package main

import (
	"context"
	"errors"
	"fmt"

	"smpcheck/cmd/smpclient/book"
	"smpcheck/cmd/smpclient/control"
	"smpcheck/cmd/smpclient/profile"
	"smpcheck/reference/agent"
	"smpcheck/reference/agent/network"
	"smpcheck/reference/chat"
	"smpcheck/reference/keys"
)

// The exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
	exitRelay   = 3
	// exitAgain is what a process that executes commands of others answers if it ends
	// before a command that can go on in its own process.
	exitAgain = -1
)

// exitError ends the program with a code; what there is to say was said.
type exitError struct{ code int }

func (e *exitError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// usageError: the program was called wrongly.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

func usage(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// relayError: a relay cannot be reached, or is another one.
type relayError struct{ error }

func (e *relayError) Unwrap() error { return e.error }

// errMoved: the process that executed this command ends, and the command goes on in
// its own process.
var errMoved = &exitError{exitAgain}

// callErrors are errors of names and links, which a person has typed.
var callErrors = []error{
	book.ErrNoContact, book.ErrNoRequest, book.ErrNoAddress, book.ErrName, book.ErrNameTaken,
	profile.ErrNone, chat.ErrDisplayName, chat.ErrText, network.ErrAddress,
}

// relayErrors are errors of relays that are not there, or not who they should be.
var relayErrors = []error{
	network.ErrUnreachable, network.ErrNoProxy, keys.ErrFingerprint,
}

func exitCode(err error) int {
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage
	}
	if _, ok := errors.AsType[*relayError](err); ok {
		return exitRelay
	}
	for _, target := range callErrors {
		if errors.Is(err, target) {
			return exitUsage
		}
	}
	for _, target := range relayErrors {
		if errors.Is(err, target) {
			return exitRelay
		}
	}
	if failure, ok := errors.AsType[*network.Error](err); ok && network.Temporary(failure) && !network.FullQueue(failure) {
		return exitRelay
	}
	return exitFailure
}

// explain puts errors of contexts into words.
func explain(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, context.Canceled) && errors.Is(context.Cause(ctx), control.ErrClosing):
		return fmt.Errorf("%w; try again", control.ErrClosing)
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return errors.New("interrupted")
	case errors.Is(err, agent.ErrTooLarge), errors.Is(err, chat.ErrTooLarge):
		return fmt.Errorf("the message is too long: %w", err)
	}
	return err
}

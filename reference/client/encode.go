package client

import (
	"errors"
	"fmt"

	"smpcheck/reference/smp"
)

// Errors of requests that are not sent.
var (
	// ErrNoCommand: a request has no command.
	ErrNoCommand = errors.New("no command")
	// ErrTooLarge: a command does not fit a block.
	ErrTooLarge = errors.New("command does not fit a block")
)

// blockContent is what a block is filled with at most: like the official client
// the same whether blocks are encrypted or not.
const blockContent = smp.EncryptedContent

// encode makes the transmission of a request, authorized for this session.
func (c *Client) encode(r Request) ([]byte, error) {
	if r.Command == nil {
		return nil, ErrNoCommand
	}
	command, err := smp.EncodeCommand(c.Version(), r.Command)
	if err != nil {
		return nil, err
	}
	t := &smp.Transmission{
		SessionID:     c.SessionID(),
		CorrelationID: r.CorrelationID[:],
		EntityID:      r.EntityID,
		Command:       command,
	}
	if !r.Key.IsZero() {
		if err := c.authorize(t, r); err != nil {
			return nil, err
		}
	}
	b, err := t.Encode(c.Version())
	if err != nil {
		return nil, err
	}
	if n := 1 + 2 + len(b); n > blockContent {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, n, blockContent)
	}
	return b, nil
}

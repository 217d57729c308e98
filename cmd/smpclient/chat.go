package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"smpcheck/cmd/smpclient/book"
	"smpcheck/cmd/smpclient/control"
	"smpcheck/cmd/smpclient/session"
)

// drainTimeout is how long chat waits, at the end of its input, for relays to take
// what was typed.
const drainTimeout = 30 * time.Second

func (a *app) chatCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "chat NAME",
		Short: "Write and read",
		Long: `Write and read: each line of standard input is a message.

It ends with Ctrl-C, or at the end of the input when relays have taken all messages.
✓ marks a message that a relay has, ✓✓ one that the other side has. With --json
standard input has commands, as for listen; the contact may be left out.`,
		Args: arguments(1, 1, "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withServer(cmd, true, func(ctx context.Context, s *session.Session) error {
				c, err := s.Contact(ctx, args[0])
				if err != nil {
					return err
				}
				return a.chat(ctx, s, c)
			})
		},
	}
}

// conversation is a running chat.
type conversation struct {
	*app
	session *session.Session
	contact book.Contact

	mu sync.Mutex
	// typed are the messages without a receipt, by id.
	typed map[int64]string
	// changed wakes who waits for the relays.
	changed chan struct{}
}

func (a *app) chat(parent context.Context, s *session.Session, contact book.Contact) error {
	c := &conversation{
		app: a, session: s, contact: contact,
		typed: map[int64]string{}, changed: make(chan struct{}, 1),
	}
	ctx, quit := context.WithCancel(parent)
	var running sync.WaitGroup
	defer running.Wait()
	defer quit()
	sub := s.Subscribe()
	defer sub.Close()
	if err := a.print(eventLine{Event: "listening", Contact: contact.Name}, ""); err != nil {
		quit()
		return err
	}
	var broken error // of standard output, seen by the reader of notices
	running.Go(func() {
		broken = follow(ctx, sub, c.notice)
		quit()
	})
	// A read of standard input cannot be interrupted: it ends with the process, or with
	// the connection to the process that has it.
	go func() {
		if a.json {
			a.script(ctx, s, contact.Name, quit)
		} else {
			c.read(ctx)
		}
		c.drain(ctx)
		quit()
	}()
	err := s.Show(ctx, contact.ID, 0, a.printNotice)
	quit()
	running.Wait()
	if errors.Is(context.Cause(parent), control.ErrClosing) {
		return errMoved
	}
	if errors.Is(broken, context.Canceled) {
		broken = nil
	}
	return errors.Join(err, broken)
}

// read sends each line of standard input.
func (c *conversation) read(ctx context.Context) {
	scanner := bufio.NewScanner(c.In)
	scanner.Buffer(nil, maxText)
	for ctx.Err() == nil && scanner.Scan() {
		text := strings.TrimSuffix(scanner.Text(), "\r")
		if text == "" {
			continue
		}
		if err := c.say(ctx, text); err != nil {
			c.complain(fmt.Errorf("not sent: %q: %w", text, err))
		}
	}
	if err := scanner.Err(); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && ctx.Err() == nil {
		c.complain(fmt.Errorf("standard input: %w", err))
	}
}

// complain tells about an error that does not end the program.
func (a *app) complain(err error) {
	a.screen.mu.Lock()
	defer a.screen.mu.Unlock()
	fmt.Fprintf(a.Err, "smpclient: %s\n", sentence(err))
}

// say sends one message.
func (c *conversation) say(ctx context.Context, text string) error {
	contact, err := c.session.ContactNumber(ctx, c.contact.ID)
	if err != nil {
		return err
	}
	// A notice about the message comes after its id is known here.
	c.mu.Lock()
	defer c.mu.Unlock()
	m, err := c.session.Send(ctx, contact.Name, text)
	if err == nil {
		c.typed[m.ID] = text
	}
	return err
}

// notice prints what happens with the contact.
func (c *conversation) notice(n session.Notice) (done bool, err error) {
	if n.ContactID != c.contact.ID {
		return false, nil
	}
	c.mu.Lock()
	text := c.typed[n.ID]
	if n.Event == session.EventFailed || n.Event == session.EventDelivered {
		delete(c.typed, n.ID)
	}
	c.mu.Unlock()
	select {
	case c.changed <- struct{}{}:
	default:
	}
	return n.Event == session.EventDeleted, c.print(n, c.noticeText(n, text))
}

func (c *conversation) noticeText(n session.Notice, text string) string {
	const visible = 40
	short := []rune(plain(strings.SplitN(text, "\n", 2)[0]))
	if len(short) > visible {
		short = append(short[:visible], '…')
	}
	switch {
	case n.Event == session.EventSent && text != "":
		return "  ✓ " + string(short)
	case n.Event == session.EventDelivered && text != "":
		return "  ✓✓ " + string(short) + reasonText(n.Reason)
	}
	return noticeText(n)
}

// drain waits until relays have taken everything, but not for ever.
func (c *conversation) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	for {
		contact, err := c.session.ContactNumber(ctx, c.contact.ID)
		if err != nil {
			return
		}
		details, err := c.session.Info(ctx, contact.Name)
		if err != nil || details.Unsent == 0 {
			return
		}
		select {
		case <-c.changed:
		case <-ctx.Done():
			return
		}
	}
}

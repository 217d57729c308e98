package client

import (
	"errors"
	"fmt"
)

// Errors that end a connection. Client.Err returns one of them, with its cause
// in the chain, and so does every command that was waiting.
var (
	// ErrClosed: Client.Close was called.
	ErrClosed = errors.New("client is closed")
	// ErrLost: the relay closed the connection, or reading from it or writing
	// to it failed. The cause is io.EOF if the relay closed between blocks.
	ErrLost = errors.New("connection to the relay is lost")
	// ErrBlock: a block from the relay holds no sequence of transmissions.
	ErrBlock = errors.New("relay sent a malformed block")
	// ErrKeepAlive: the relay left several PING in a row without an answer.
	ErrKeepAlive = errors.New("relay does not answer PING")
	// ErrEventOverflow: more events arrived than Config.EventBuffer while
	// nobody took them from the channel.
	ErrEventOverflow = errors.New("event buffer is full")
)

// Errors of one command, or of one event. They leave the connection as it is.
var (
	// ErrUnexpected is matched by every *UnexpectedError.
	ErrUnexpected = errors.New("unexpected transmission from the relay")
	// ErrSyntax: the transmission can be assigned to a command, but what it
	// says is no response of this protocol version.
	ErrSyntax = errors.New("relay sent a malformed response")
)

// UnexpectedError reports a transmission that does not fit: a response of the
// wrong type or for another entity, a response to no command, or an event that
// has no business without a command. It matches ErrUnexpected.
type UnexpectedError struct {
	// Expected says in words what would have been right.
	Expected string
	// Got is the tag of the response that came, and what is wrong with it.
	Got string
}

// Error names both sides. It holds no ids.
func (e *UnexpectedError) Error() string {
	return fmt.Sprintf("%v: expected %s, got %s", ErrUnexpected, e.Expected, e.Got)
}

// Is makes every *UnexpectedError match ErrUnexpected.
func (e *UnexpectedError) Is(target error) bool { return target == ErrUnexpected }

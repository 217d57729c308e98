package probe

import (
	"context"
	"errors"
	"os"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/trace"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// Conn is one connection to the relay under test, at the version of the case.
// It belongs to the goroutine of the case.
type Conn struct {
	t *conformance.T
	*secure
	// stream records the conversation.
	stream *trace.Stream
	// Hello is what the relay's hello said.
	Hello transport.ServerHello
	// HelloErr says why the relay's hello holds no usable session key.
	HelloErr error
	// version that the connection speaks.
	version uint16
	// relayKey is the relay's session key, zero if the hello has no usable one.
	relayKey keys.PublicKey
	// authorizers are those of keys that agree with relayKey.
	authorizers map[keys.PublicKey]smp.Authorizer
	// private is the key of the client's hello, zero if it had none.
	private keys.PrivateKey
	// sending and receiving encrypt blocks from version 11; nil for plain blocks.
	sending, receiving *box.Chain
	inbox              []Received
	// ended says how the connection ended; nil while it is open.
	ended error
	// service signs NEW, SUB and NSUB too; nil for an ordinary client.
	service *smp.ServiceCredentials
	// tap keeps the blocks of the connection; nil for none.
	tap *Tap
	// commands holds the correlation ids of the commands that were encoded.
	commands map[string]bool
	// seen holds the ids of the messages that the case has received.
	seen map[string]bool
	// relying says that the case builds on the form of blocks, onEncryption that it
	// is about their encryption.
	relying, onEncryption bool
}

// SessionID is the channel binding of the connection as TLS gives it.
func (c *Conn) SessionID() []byte { return c.secure.SessionID }

// Chain is the relay's certificate chain as TLS sent it, leaf first, in DER.
func (c *Conn) Chain() [][]byte { return c.secure.Chain }

// ALPN is the protocol name that the relay selected, empty for none.
func (c *Conn) ALPN() string { return c.secure.ALPN }

// RelayKey is the relay's session key. A hello without a usable one blocks the
// case.
func (c *Conn) RelayKey() keys.PublicKey {
	if c.relayKey.IsZero() {
		Blocked(c.t, "the relay's hello holds no usable session key: %v", c.HelloErr)
	}
	return c.relayKey
}

// deadline is the moment d from now, at the time scale of the run and not after
// the deadline of the case.
func (c *Conn) deadline(d time.Duration) time.Time {
	end := time.Now().Add(c.t.Timeout(d))
	if limit, ok := c.t.Context().Deadline(); ok && limit.Before(end) {
		return limit
	}
	return end
}

// Close ends the connection from the client's side.
func (c *Conn) Close() {
	c.ended = errors.New("closed by the case")
	c.stream.Ended(conformance.Sent, "the runner closes the connection", nil)
	c.secure.Close()
}

// ExpectClosed fails the case unless the relay ends the connection. Answers that
// arrive before that are allowed if they are errors.
func (c *Conn) ExpectClosed(after string) {
	end := c.deadline(answerTime)
	for {
		if err := c.receive(end); err != nil {
			if timedOut(err) {
				c.t.Fail("the relay closes the connection after "+after, "the connection stays open")
			}
			return
		}
		for _, r := range c.takeAll() {
			if !r.isError() {
				c.t.Fail("the relay closes the connection after "+after, r.String())
			}
		}
	}
}

func timedOut(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

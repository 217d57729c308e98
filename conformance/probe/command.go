package probe

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// answerTime is how long a relay may take for an answer or a delivery, at time
// scale 1.
const answerTime = 4 * time.Second

// AnswerTime is answerTime for a case that waits for something else than an
// answer.
const AnswerTime = answerTime

// EventTime is how long a relay may take for an event that it sends from a
// periodic task, at time scale 1. The official relay sends END every 15 s.
const EventTime = 20 * time.Second

// NoKey stands for no authorization.
var NoKey keys.PrivateKey

// Transmission returns cmd as a transmission with a random correlation id, and
// authorized with key unless that is NoKey.
func (c *Conn) Transmission(entity []byte, key keys.PrivateKey, cmd smp.Command) smp.Transmission {
	return c.Authorized(entity, key, c.EncodeCommand(cmd))
}

// EncodeCommand returns the encoding of a command at the version of the
// connection.
func (c *Conn) EncodeCommand(cmd smp.Command) []byte {
	b, err := smp.EncodeCommand(c.version, cmd)
	if err != nil {
		c.t.Broken(err)
	}
	return b
}

// Authorized is Transmission for a command in its encoded form, which need not
// be a valid one.
func (c *Conn) Authorized(entity []byte, key keys.PrivateKey, command []byte) smp.Transmission {
	tr := smp.Transmission{CorrelationID: c.t.Fresh().Bytes(smp.CorrelationIDSize), EntityID: entity, Command: command}
	if c.version < smp.VersionAuthenticators {
		tr.SessionID = c.secure.SessionID
	}
	if key.IsZero() {
		return tr
	}
	return c.Authorize(tr, key)
}

// Authorize signs the transmission, or makes its authenticator if key is a key
// agreement key.
func (c *Conn) Authorize(tr smp.Transmission, key keys.PrivateKey) smp.Transmission {
	authorizer, err := c.authorizer(key)
	if err == nil && c.service != nil && signedByService(tr.Command) {
		return c.authorizeInService(tr, authorizer)
	}
	if err == nil {
		err = tr.Authorize(c.secure.SessionID, authorizer)
	}
	if err != nil {
		c.t.Broken(err)
	}
	return tr
}

// authorizer returns what authorizes by the key. Agreements with the relay's key are kept:
// they cost more than all else of a command.
func (c *Conn) authorizer(key keys.PrivateKey) (smp.Authorizer, error) {
	if !key.Algorithm().CanAgree() {
		return smp.NewAuthorizer(key, keys.PublicKey{})
	}
	if made := c.authorizers[key.Public()]; made != nil {
		return made, nil
	}
	made, err := smp.NewAuthorizer(key, c.RelayKey())
	if err == nil && c.authorizers == nil {
		c.authorizers = map[keys.PublicKey]smp.Authorizer{}
	}
	if err == nil {
		c.authorizers[key.Public()] = made
	}
	return made, err
}

// Send sends transmissions in one block.
func (c *Conn) Send(trs ...smp.Transmission) {
	encoded := make([][]byte, len(trs))
	for i, tr := range trs {
		encoded[i] = c.Encode(tr)
	}
	c.SendTransmissions(encoded...)
}

// Encode returns a transmission as it stands in a block.
func (c *Conn) Encode(tr smp.Transmission) []byte {
	c.expecting(tr.CorrelationID)
	b, err := tr.Encode(c.version)
	if err != nil {
		c.t.Broken(err)
	}
	return b
}

// SendTransmissions sends encoded transmissions, which need not be valid, in one
// block.
func (c *Conn) SendTransmissions(encoded ...[]byte) {
	content, err := smp.EncodeBlock(encoded...)
	if err != nil {
		c.t.Broken(err)
	}
	c.SendContent(content)
}

// Ask sends one command and waits for its answer.
func (c *Conn) Ask(entity []byte, key keys.PrivateKey, cmd smp.Command) Answer {
	return c.AskTransmission(cmd.Tag(), c.Transmission(entity, key, cmd))
}

// AskBytes is Ask for a command in its encoded form, which need not be valid.
// What names it in reports.
func (c *Conn) AskBytes(what string, entity []byte, key keys.PrivateKey, command []byte) Answer {
	return c.AskTransmission(what, c.Authorized(entity, key, command))
}

// AskTransmission sends one transmission and waits for its answer.
func (c *Conn) AskTransmission(what string, tr smp.Transmission) Answer {
	c.Send(tr)
	return c.Await(what, tr)
}

// Await waits for the answer to a transmission that was sent before.
func (c *Conn) Await(what string, tr smp.Transmission) Answer {
	return c.AwaitCorrelation(what, tr.CorrelationID)
}

// AwaitCorrelation waits for a transmission with the given correlation id,
// which answers what.
func (c *Conn) AwaitCorrelation(what string, id []byte) Answer {
	r, missing := c.await(answerTime, func(r Received) bool { return bytes.Equal(r.CorrelationID, id) })
	if missing != "" {
		c.blockOnStray()
	}
	return Answer{Received: r, t: c.t, command: what, missing: missing}
}

// await takes the first transmission that matches out of the inbox, or says why
// there is none. However much else comes, it waits no longer than d.
func (c *Conn) await(d time.Duration, match func(Received) bool) (Received, string) {
	end := c.deadline(d)
	for {
		for i, r := range c.inbox {
			if match(r) {
				c.inbox = append(c.inbox[:i:i], c.inbox[i+1:]...)
				return r, ""
			}
		}
		if err := c.receive(end); err != nil {
			return Received{}, c.explain(d, err)
		}
	}
}

// Limits of the inbox: many times what any case causes a relay to send.
const (
	maxInbox      = 4096
	maxInboxBytes = 4 << 20
)

// crowded returns an error if the inbox is full of what nobody waits for.
func (c *Conn) crowded() error {
	size := 0
	for _, r := range c.inbox {
		size += len(r.Command)
	}
	if len(c.inbox) < maxInbox && size < maxInboxBytes {
		return nil
	}
	return fmt.Errorf("the probe ended it after %d transmissions of %d bytes that nothing waits for", len(c.inbox), size)
}

// receive reads one block into the inbox, until the given moment.
func (c *Conn) receive(end time.Time) error {
	if c.ended == nil {
		c.ended = c.crowded()
	}
	if c.ended != nil {
		return c.ended
	}
	encoded, err := c.readTransmissions(end)
	if err != nil {
		if c.relying && errors.Is(err, errMalformed) || !c.onEncryption && errors.Is(err, errEncryption) {
			Blocked(c.t, "the relay sent a block that cannot be read: %v", err)
		}
		if !timedOut(err) {
			c.ended = err
		}
		return err
	}
	for _, b := range encoded {
		c.inbox = append(c.inbox, c.decode(bytes.Clone(b))) // does not keep the whole block
	}
	return nil
}

// readTransmissions reads one block and takes it apart.
func (c *Conn) readTransmissions(end time.Time) ([][]byte, error) {
	content, err := c.readContent(end)
	if err != nil {
		return nil, err
	}
	encoded, err := smp.DecodeBlock(content)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMalformed, err)
	}
	return encoded, nil
}

func (c *Conn) decode(b []byte) Received {
	tr, err := smp.DecodeTransmission(c.version, b)
	if err != nil {
		return Received{Transmission: smp.Transmission{Command: b}, Err: err}
	}
	r := Received{Transmission: tr}
	r.Response, r.Err = smp.DecodeResponse(c.version, tr.Command)
	return r
}

// explain says why nothing came, and what came instead.
func (c *Conn) explain(d time.Duration, err error) string {
	reason := "the connection ended: " + err.Error()
	if timedOut(err) {
		reason = fmt.Sprintf("nothing within %v", c.t.Timeout(d))
	}
	if len(c.inbox) == 0 {
		return reason
	}
	var others []string
	for _, r := range c.inbox[:min(len(c.inbox), maxListed)] {
		others = append(others, r.WithIDs())
	}
	if more := len(c.inbox) - maxListed; more > 0 {
		others = append(others, fmt.Sprintf("and %d more", more))
	}
	return reason + "; instead came " + strings.Join(others, ", ")
}

// maxListed is how many transmissions a report lists.
const maxListed = 8

// WithIDs describes a transmission with its ids.
func (r Received) WithIDs() string {
	return fmt.Sprintf("%s (correlation id %q, entity %q)", r, short(r.CorrelationID), short(r.EntityID))
}

func (r Received) isError() bool {
	_, ok := r.Response.(smp.ERR)
	return ok
}

// takeAll empties the inbox.
func (c *Conn) takeAll() []Received {
	all := c.inbox
	c.inbox = nil
	return all
}

// Next waits for the next transmission, whatever it is. It fails the case if
// none comes; expected says what the case waits for.
func (c *Conn) Next(expected string) Received {
	r, missing := c.await(answerTime, func(Received) bool { return true })
	if missing != "" {
		c.t.Fail(expected, missing)
	}
	return r
}

// AskAny sends one command without authorization and returns the next transmission
// as its answer, whatever its ids.
func (c *Conn) AskAny(cmd smp.Command) Answer {
	c.Send(c.Transmission(nil, NoKey, cmd))
	r, missing := c.await(answerTime, func(Received) bool { return true })
	return Answer{Received: r, t: c.t, command: cmd.Tag(), missing: missing}
}

// Ping is a fence: when it returns, everything that the relay sent before the
// PONG is in the inbox. A relay that does not answer blocks the case.
func (c *Conn) Ping() {
	c.buildOn(nil, NoKey, smp.PING{}).Require(smp.PONG{})
}

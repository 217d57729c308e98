package engine

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"smpcheck/conformance/channel"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/fuzz/drive"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// lane is a recipient and a sender who do nothing unusual, each on a connection of its own,
// with a queue of their own.
type lane struct {
	version           uint16
	recipient, sender *client.Client
	queue             client.Queue
	to                client.SenderQueue
	// token begins each message of the lane.
	token []byte
	// sent is how many messages were sent, expected are those that have not come yet.
	sent     int
	expected [][]byte
	// limit is how long anything may take.
	limit time.Duration
}

// canaryLimit is how long the relay may take for each answer to the canary, and for each
// of its messages, at scale 1.
const canaryLimit = 10 * time.Second

// laneEvents is how many events of a lane may wait.
const laneEvents = 64

// openLane connects both and makes their queue.
func openLane(ctx context.Context, s link.Server, version uint16, tls string, limit time.Duration) (_ *lane, err error) {
	l := &lane{version: version, limit: limit}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	if l.recipient, err = dial(ctx, s, version, tls, limit); err != nil {
		return nil, err
	}
	if l.sender, err = dial(ctx, s, version, tls, limit); err != nil {
		return nil, err
	}
	if l.queue, err = l.recipient.CreateQueue(ctx, client.QueueOptions{}); err != nil {
		return nil, err
	}
	key, err := keys.Generate(keys.Ed25519, rand.Reader)
	if err != nil {
		return nil, err
	}
	if err := l.recipient.Secure(ctx, l.queue, key.Public()); err != nil {
		return nil, err
	}
	l.to = l.queue.Sender(key)
	token := make([]byte, 16)
	_, _ = rand.Read(token) // never fails
	l.token = []byte("canary " + hex.EncodeToString(token) + " ")
	return l, nil
}

// dial connects an ordinary client.
func dial(ctx context.Context, s link.Server, version uint16, tls string, limit time.Duration) (*client.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", s.Address())
	if err != nil {
		return nil, err
	}
	secure, err := channel.Establish(ctx, raw, tls, &tlsprobe.Config{ALPN: []string{channel.ALPN}, HandshakeTimeout: limit})
	if err != nil {
		_ = raw.Close() // it is of no use
		return nil, err
	}
	binding := transport.Binding{SessionID: secure.SessionID, PeerChain: secure.Chain, ALPN: secure.ALPN}
	conn, err := transport.ClientHandshake(ctx, secure, binding, transport.ClientConfig{
		KeyHash: s.KeyHash, Versions: wire.Versions(version, version), Timeout: limit,
	})
	if err != nil {
		return nil, err
	}
	var password smp.Password
	if s.Password != "" {
		password = smp.Password(s.Password)
	}
	return client.New(conn, client.Config{
		Password: password, CommandTimeout: limit, WriteTimeout: limit,
		KeepAlive: client.NoKeepAlive, EventBuffer: laneEvents,
	})
}

// close ends the connections. The queue remains if the relay cannot delete it at once.
func (l *lane) close() {
	ctx, cancel := context.WithTimeout(context.Background(), l.limit/10)
	defer cancel()
	if l.recipient != nil {
		if l.queue.RecipientID != nil {
			_ = l.recipient.Delete(ctx, l.queue) // what cannot be deleted stays
		}
		_ = l.recipient.Conn().Abort() // nobody needs it any more
		_ = l.recipient.Close()        // returns nil
	}
	if l.sender != nil {
		_ = l.sender.Conn().Abort() // nobody needs it any more
		_ = l.sender.Close()        // returns nil
	}
}

// lost reports whether a connection has ended.
func (l *lane) lost() bool {
	select {
	case <-l.recipient.Done():
	case <-l.sender.Done():
	default:
		return false
	}
	return true
}

// check sends some messages, of different sizes, and takes each of them.
func (l *lane) check(ctx context.Context) *drive.Breach {
	for range 1 + l.sent%3 {
		if b := l.send(ctx); b != nil {
			return b
		}
	}
	for len(l.expected) > 0 {
		if b := l.receive(ctx); b != nil {
			return b
		}
	}
	if err := l.recipient.Ping(ctx); err != nil {
		return l.failed("PING", err)
	}
	select {
	case e, open := <-l.recipient.Events():
		if !open {
			return l.failed("PING", l.recipient.Err())
		}
		return l.unexpected(e)
	default:
		return nil
	}
}

// send sends the next message.
func (l *lane) send(ctx context.Context) *drive.Breach {
	body := fmt.Appendf(bytes.Clone(l.token), "%08d ", l.sent)
	for size := 32 + l.sent*2777%15000; len(body) < size; {
		body = append(body, byte('a'+(len(body)+l.sent)%26))
	}
	l.sent++
	l.expected = append(l.expected, body)
	if err := l.sender.SendMessage(ctx, l.to, false, body); err != nil {
		return l.failed("SEND", err)
	}
	return nil
}

// receive takes the next message and acknowledges it. If it does not come for a while,
// another one is sent: if that comes the first is lost for certain.
func (l *lane) receive(ctx context.Context) *drive.Breach {
	limit := time.NewTimer(l.limit)
	defer limit.Stop()
	doubt := time.NewTimer(l.limit / 20)
	defer doubt.Stop()
	for {
		select {
		case e, open := <-l.recipient.Events():
			if !open {
				return l.failed("", l.recipient.Err())
			}
			return l.take(ctx, e)
		case <-doubt.C:
			if b := l.send(ctx); b != nil {
				return b
			}
		case <-limit.C:
			return l.damage("message-late", "SMP-MSG-EVENT", "each message within "+l.limit.String(), "nothing came")
		case <-ctx.Done():
			return l.failed("", ctx.Err())
		}
	}
}

// take compares a message with the one that is expected, and acknowledges it.
func (l *lane) take(ctx context.Context, e client.Event) *drive.Breach {
	message, ok := e.Response.(smp.MSG)
	if !ok || e.Err != nil || !bytes.Equal(e.EntityID, l.queue.RecipientID) {
		return l.unexpected(e)
	}
	content, err := l.queue.Decrypt(message)
	if err != nil {
		return l.damage("message-altered", "SMP-MSG-ENCRYPTED", "a message that opens with the keys of its queue", err.Error())
	}
	if content.Quota {
		return l.damage("quota-marker", "SMP-MSG-QUOTA", "messages, of which few wait", "the marker that the queue was full")
	}
	if !bytes.Equal(content.Body, l.expected[0]) {
		return l.compare(content.Body)
	}
	l.expected = l.expected[1:]
	if err := l.recipient.Ack(ctx, l.queue, message.ID); err != nil {
		return l.failed("ACK", err)
	}
	return nil
}

// compare says what is wrong with a message that is not the expected one.
func (l *lane) compare(body []byte) *drive.Breach {
	for _, later := range l.expected[1:] {
		if bytes.Equal(body, later) {
			return l.damage("message-lost", "SMP-MSG-ORDER", "all messages in the order in which they were sent", "a later message in the place of the next")
		}
	}
	if number, ok := l.numberOf(body); ok && number < l.sent-len(l.expected) {
		return l.damage("message-repeated", "SMP-MSG-ONCE", "each message once", "a message that was acknowledged")
	}
	if bytes.HasPrefix(body, l.token) {
		return l.damage("message-altered", "SMP-SEND-BYTES", "the bytes that were sent", "other bytes")
	}
	return l.damage("message-foreign", "SMP-SEND-BYTES", "the messages of the queue's own sender", fmt.Sprintf("a message of %d bytes that he has not sent", len(body)))
}

// numberOf is the number of a message of the lane.
func (l *lane) numberOf(body []byte) (int, bool) {
	if len(body) < len(l.token)+8 || !bytes.HasPrefix(body, l.token) {
		return 0, false
	}
	n, err := strconv.Atoi(string(body[len(l.token) : len(l.token)+8]))
	return n, err == nil
}

// unexpected is an event that nobody has caused.
func (l *lane) unexpected(e client.Event) *drive.Breach {
	rule := "unexpected-event"
	got := "a transmission that does not decode"
	switch r := e.Response.(type) {
	case nil:
	case smp.MSG:
		if !bytes.Equal(e.EntityID, l.queue.RecipientID) {
			return l.damage("message-foreign", "SMP-MSG-FORM", "the messages of the own queue", "MSG of another queue")
		}
		if content, err := l.queue.Decrypt(r); err == nil {
			l.expected = append(l.expected, nil)
			return l.compare(content.Body)
		}
		return l.damage("message-altered", "SMP-MSG-ENCRYPTED", "a message that opens with the keys of its queue", "one that does not")
	case smp.END:
		rule, got = "subscription-ended", "END, although nobody else has the key of the queue"
	case smp.DELD:
		rule, got = "queue-deleted", "DELD, although nobody else has the key of the queue"
	default:
		got = r.Tag()
	}
	if e.Err != nil && rule == "unexpected-event" {
		got += ": " + kindOf(e.Err)
	}
	return l.damage(rule, "", "messages and nothing else", got)
}

// failed says what is wrong with an answer, or with the connection.
func (l *lane) failed(command string, err error) *drive.Breach {
	var answer *smp.Error
	var b *drive.Breach
	switch {
	case l.lost():
		b = l.damage("disconnected", "", "a connection that stays open", kindOf(err))
	case errors.As(err, &answer):
		b = l.damage("refused", "", "OK for "+command, "ERR "+answer.Error())
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		b = l.damage("no-answer", "", "an answer to "+command+" within "+l.limit.String(), "none")
	default:
		b = l.damage("wrong-answer", "", "the answer to "+command, kindOf(err))
	}
	b.Command = command
	return b
}

func (l *lane) damage(rule, requirement, expected, actual string) *drive.Breach {
	return &drive.Breach{
		Kind: Canary, Rule: rule, Requirement: requirement,
		Expected: fmt.Sprintf("between two that the fuzzer does not touch, at version %d: %s", l.version, expected),
		Actual:   actual,
	}
}

// kindOf is the text of an error without ids and addresses.
func kindOf(err error) string {
	var unexpected *client.UnexpectedError
	switch {
	case err == nil:
		return "no error"
	case errors.As(err, &unexpected):
		return fmt.Sprintf("expected %s, got %s", unexpected.Expected, unexpected.Got)
	case errors.Is(err, client.ErrLost):
		return client.ErrLost.Error()
	case errors.Is(err, client.ErrBlock):
		return client.ErrBlock.Error()
	case errors.Is(err, client.ErrSyntax):
		return client.ErrSyntax.Error()
	}
	return err.Error()
}

package probe

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/trace"
	"smpcheck/reference/box"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

const tlsVersion12 = tls.VersionTLS12

// Leg is a connection of the relay under test, as a proxy, to a Destination. It
// belongs to the goroutine of the case.
type Leg struct {
	// Conn is the connection after its handshakes, with what the proxy's hello said.
	Conn *transport.Conn
	// Destination is where the leg ends.
	Destination *Destination
	// Received and Sent are the contents of all blocks.
	Received, Sent [][]byte

	t      *conformance.T
	raw    net.Conn
	stream *trace.Stream
	err    error
}

// Forward is an RFWD that came over a leg, in its parts.
type Forward struct {
	// Transmission is that of the RFWD.
	Transmission smp.Transmission
	// Content is what the proxy has encrypted.
	Content []byte
	// Command are the parts of Content.
	Command smp.ForwardedCommand
	// Answered is the correlation id of the answer; that of the RFWD unless the case
	// sets another one.
	Answered []byte

	leg   *Leg
	nonce box.Nonce
	key   box.Key
}

// ExpectForward fails the case unless an RFWD comes that the destination can
// decrypt.
func (l *Leg) ExpectForward() *Forward {
	f, err := l.forward(answerTime)
	if err != nil {
		l.t.Fail("RFWD whose content the destination can decrypt", err.Error())
	}
	return f
}

// RequireForward is ExpectForward for an RFWD that the case builds on.
func (l *Leg) RequireForward() *Forward {
	f, err := l.forward(answerTime)
	if err != nil {
		Blocked(l.t, "the destination got no RFWD that it can decrypt: %v", err)
	}
	return f
}

// NextForward is the next RFWD, nil if none comes within the time, at time scale
// 1. One that cannot be decrypted blocks the case.
func (l *Leg) NextForward(within time.Duration) *Forward {
	f, err := l.forward(within)
	if err != nil && !timedOut(err) {
		Blocked(l.t, "the destination got no RFWD that it can decrypt: %v", err)
	}
	return f
}

// ReadForward is the next RFWD, or says why there is none that the destination can
// decrypt. What came is in Received.
func (l *Leg) ReadForward() (*Forward, error) { return l.forward(answerTime) }

// forward reads the next RFWD. A PING before it is answered.
func (l *Leg) forward(within time.Duration) (*Forward, error) {
	for {
		tr, cmd, err := l.read(within)
		if err != nil {
			return nil, err
		}
		switch cmd := cmd.(type) {
		case smp.PING:
			l.answer(tr.CorrelationID, []byte("PONG"))
		case smp.RFWD:
			return l.open(tr, cmd)
		default:
			return nil, fmt.Errorf("%s, expected RFWD", cmd.Tag())
		}
	}
}

func (l *Leg) read(within time.Duration) (tr smp.Transmission, cmd smp.Command, err error) {
	end := l.t.Timeout(within)
	if err := l.Conn.SetReadDeadline(deadlineAfter(l.t, end)); err != nil {
		return tr, nil, err
	}
	content, err := l.Conn.ReadBlock()
	if err != nil {
		recordNoBlock(l.stream, 0, err)
		return tr, nil, err
	}
	l.record(conformance.Received, content)
	l.Received = append(l.Received, bytes.Clone(content))
	got := smp.DecodeCommands(l.Conn.Version(), l.Conn.SessionID(), content)
	if len(got) != 1 {
		return tr, nil, fmt.Errorf("a block of %d transmissions, expected one", len(got))
	}
	tr, cmd = got[0].Transmission, got[0].Command
	if cmd == nil { // also for ids that it must not have: those are for the case to judge
		cmd, err = smp.DecodeCommand(l.Conn.Version(), tr.Command)
	}
	if err != nil {
		return tr, nil, fmt.Errorf("malformed command: %w", got[0].Err)
	}
	return tr, cmd, nil
}

func (l *Leg) open(tr smp.Transmission, cmd smp.RFWD) (*Forward, error) {
	if l.Conn.Secret() == nil {
		return nil, errors.New("the hello of the proxy had no key")
	}
	f := &Forward{Transmission: tr, Answered: tr.CorrelationID, leg: l}
	var err error
	if f.nonce, err = box.NonceFrom(tr.CorrelationID); err != nil {
		return nil, fmt.Errorf("the correlation id: %w", err)
	}
	if f.key, err = box.DeriveKey(l.Conn.Secret()); err != nil {
		return nil, err
	}
	if f.Content, err = box.Open(nil, cmd.Body, &f.nonce, &f.key); err != nil {
		return nil, fmt.Errorf("RFWD: %w", err)
	}
	f.Command, err = smp.DecodeForwardedCommand(f.Content)
	return f, err
}

// OpenInner takes off the encryption of the client: the content of a block.
func (f *Forward) OpenInner() ([]byte, error) {
	nonce, err := box.NonceFrom(f.Command.CorrelationID)
	if err != nil {
		return nil, err
	}
	key, err := box.Agree(f.leg.Conn.SessionKey(), f.Command.Key)
	if err != nil {
		return nil, err
	}
	return box.OpenPadded(f.Command.Body, &nonce, &key)
}

// Answer sends RRES with what the proxy is to pass on.
func (f *Forward) Answer(body []byte) { f.leg.SendTransmissions(f.Transmit(body)) }

// AnswerContent sends RRES with the given content, encrypted for the proxy.
func (f *Forward) AnswerContent(content []byte) {
	nonce := f.nonce.Reverse()
	f.AnswerBytes(append([]byte("RRES "), box.Seal(nil, content, &nonce, &f.key)...))
}

// AnswerBytes sends a response in its encoded form, which need not be valid.
func (f *Forward) AnswerBytes(response []byte) { f.leg.answer(f.Answered, response) }

// AnswerError sends ERR.
func (f *Forward) AnswerError(e *smp.Error) {
	b, err := smp.EncodeResponse(f.leg.Conn.Version(), smp.ERR{Err: e})
	if err != nil {
		f.leg.t.Broken(err)
	}
	f.AnswerBytes(b)
}

// Transmit is RRES with what the proxy is to pass on as it stands in a block.
func (f *Forward) Transmit(body []byte) []byte {
	nonce := f.nonce.Reverse()
	content, err := smp.ForwardedResponse{CorrelationID: f.Command.CorrelationID, Body: body}.Encode()
	if err != nil {
		f.leg.t.Broken(err)
	}
	return f.leg.encode(f.Answered, append([]byte("RRES "), box.Seal(nil, content, &nonce, &f.key)...))
}

// answer writes one response.
func (l *Leg) answer(correlationID, response []byte) {
	l.SendTransmissions(l.encode(correlationID, response))
}

// encode is a response without entity id as it stands in a block.
func (l *Leg) encode(correlationID, response []byte) []byte {
	tr := smp.Transmission{CorrelationID: correlationID, Command: response}
	encoded, err := tr.Encode(l.Conn.Version())
	if err != nil {
		l.t.Broken(err)
	}
	return encoded
}

// SendTransmissions writes one block with encoded transmissions.
func (l *Leg) SendTransmissions(encoded ...[]byte) {
	content, err := smp.EncodeBlock(encoded...)
	if err != nil {
		l.t.Broken(err)
	}
	l.Send(content)
}

// SendBlock writes bytes as they are inside TLS.
func (l *Leg) SendBlock(b []byte) {
	l.stream.Note(fmt.Sprintf("%d bytes are written inside TLS", len(b)))
	if _, err := l.Conn.NetConn().Write(b); err != nil {
		l.stream.Note("writing: " + err.Error())
	}
}

// Send writes one block with the given content.
func (l *Leg) Send(content []byte) {
	l.record(conformance.Sent, content)
	l.Sent = append(l.Sent, slices.Clone(content))
	if err := l.Conn.SetWriteDeadline(deadlineAfter(l.t, l.t.Timeout(answerTime))); err != nil {
		l.t.Broken(err)
	}
	if err := l.Conn.WriteBlock(content); err != nil {
		l.stream.Note("writing: " + err.Error())
	}
}

// Close ends the leg without a word of TLS.
func (l *Leg) Close() {
	l.stream.Ended(conformance.Sent, "the destination closes the connection", nil)
	l.raw.Close()
}

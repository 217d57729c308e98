package tlsprobe

import (
	"bytes"
	"crypto/hmac"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/crypto/cryptobyte"
)

// handshake is what a side keeps until the handshake is over.
type handshake struct {
	*Conn
	stage string
	hello *clientHello
	keys  *schedule
	// clientSecret and serverSecret are the handshake traffic secrets,
	// applicationSecret is the client's after them.
	clientSecret, serverSecret, applicationSecret []byte

	compatSent bool
}

func (hs *handshake) run() error {
	for _, step := range []func() error{
		hs.prepare, hs.hellos, hs.readEncryptedExtensions, hs.readServerCertificate, hs.readServerFinished, hs.sendFlight,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	hs.note(func(s *State) { s.Complete = true })
	return nil
}

// prepare draws the random values of the hello.
func (hs *handshake) prepare() error {
	h := &clientHello{cfg: hs.cfg, random: make([]byte, 32), ticket: hs.cfg.Ticket}
	if h.ticket != nil {
		if err := h.ticket.usable(); err != nil {
			return err
		}
	}
	if !hs.cfg.NoCompatMode {
		h.sessionID = make([]byte, 32)
	}
	for _, b := range [][]byte{h.random, h.sessionID} {
		if _, err := io.ReadFull(hs.cfg.Rand, b); err != nil {
			return fmt.Errorf("reading random bytes: %w", err)
		}
	}
	for _, group := range hs.cfg.KeyShares {
		s, err := exchanges[group](hs.cfg.Rand)
		if err != nil {
			return err
		}
		h.shares = append(h.shares, s)
	}
	hs.hello = h
	hs.note(func(s *State) { s.ClientRandom = h.random })
	return nil
}

// hellos goes from the first ClientHello to the handshake traffic keys.
func (hs *handshake) hellos() error {
	first, err := hs.hello.marshal(nil)
	if err != nil {
		return err
	}
	transcript := first
	if err := hs.sendHello(first); err != nil {
		return err
	}
	msg, err := hs.readMessage(msgServerHello)
	if err != nil {
		return err
	}
	answer, err := hs.checkHello(msg)
	if err != nil {
		return err
	}
	var retry *serverHello
	if answer.retry {
		retry = answer
		if err := hs.prepareRetry(retry); err != nil {
			return err
		}
		prefix := append(suites[retry.suite].retryPrefix(first), msg...)
		second, err := hs.hello.marshal(prefix)
		if err != nil {
			return err
		}
		transcript = append(prefix, second...)
		if err := hs.sendHello(second); err != nil {
			return err
		}
		if msg, err = hs.readMessage(msgServerHello); err != nil {
			return err
		}
		if answer, err = hs.checkHello(msg); err != nil {
			return err
		}
	}
	if err := hs.checkAnswer(answer, retry); err != nil {
		return err
	}
	return hs.agree(answer, append(transcript, msg...))
}

func (hs *handshake) sendHello(msg []byte) error {
	hs.stage = "sending ClientHello"
	hs.out.mu.Lock()
	defer hs.out.mu.Unlock()
	if hs.out.version == TLS12 {
		hs.queueCompat()
	}
	hs.queue(ContentHandshake, msg)
	hs.out.version = TLS12
	return hs.flushFlight()
}

// queueCompat sends the record of "Middlebox Compatibility Mode", once.
func (hs *handshake) queueCompat() {
	if hs.cfg.NoCompatMode || hs.compatSent {
		return
	}
	hs.compatSent = true
	hs.out.pending = append(appendHeader(hs.out.pending, ContentChangeCipherSpec, TLS12, 1), 1)
}

// flushFlight sends what is queued. A server that closed the connection with an
// alert makes the write fail; the alert says more than that failure.
func (hs *handshake) flushFlight() error {
	err := hs.flush()
	if !errors.Is(err, ErrClosed) {
		return err
	}
	for range maxIdle {
		if _, _, readErr := hs.receive(); readErr != nil {
			var alert *AlertError
			if errors.As(readErr, &alert) {
				return alert
			}
			break
		}
	}
	return err
}

// readMessage reads one message, which must be of the type wanted.
func (hs *handshake) readMessage(want ...messageType) ([]byte, error) {
	hs.stage = "waiting for " + want[0].String()
	for {
		msg, err := hs.takeMessage()
		if err != nil {
			return nil, err
		}
		if msg != nil {
			if got := messageType(msg[0]); !slices.Contains(want, got) {
				return nil, violation(AlertUnexpectedMessage, "the peer sent %s, expected %s", got, want[0])
			}
			return msg, nil
		}
		typ, content, err := hs.receive()
		if err != nil {
			return nil, err
		}
		if typ == ContentHandshake {
			if err := hs.addHandshake(content); err != nil {
				return nil, err
			}
		}
	}
}

// next reads one message of the encrypted flight; before is the hash of the
// transcript up to it.
func (hs *handshake) next(want ...messageType) (msg, before []byte, err error) {
	if msg, err = hs.readMessage(want...); err != nil {
		return nil, nil, err
	}
	before = hs.keys.sum()
	hs.keys.transcript.Write(msg)
	return msg, before, nil
}

// endOfFlight refuses bytes behind a message that changes the keys ("Record
// Layer": such a message ends its record).
func (hs *handshake) endOfFlight(typ messageType) error {
	if n := hs.in.hand.Len(); n > 0 {
		return violation(AlertUnexpectedMessage, "%d handshake bytes after %s in the same record", n, typ)
	}
	return nil
}

// agree computes the handshake secrets and sets the keys of both directions.
func (hs *handshake) agree(answer *serverHello, transcript []byte) error {
	i := slices.IndexFunc(hs.hello.shares, func(s *share) bool { return s.group == answer.group })
	secret, err := hs.hello.shares[i].agree(answer.share)
	if err != nil {
		return violation(AlertIllegalParameter, "the server's key share for %s: %v", answer.group, err)
	}
	var psk []byte
	if answer.psk >= 0 {
		psk = hs.hello.ticket.secret
	}
	hs.note(func(s *State) { s.Group, s.PeerShare, s.Resumed = answer.group, bytes.Clone(answer.share), psk != nil })
	hs.suite = suites[answer.suite]
	hs.keys = newSchedule(hs.suite, psk)
	hs.keys.transcript.Write(transcript)
	hs.keys.advance(secret)
	hs.clientSecret = hs.keys.derive("c hs traffic")
	hs.serverSecret = hs.keys.derive("s hs traffic")
	if err := hs.logKeys("CLIENT_HANDSHAKE_TRAFFIC_SECRET", hs.clientSecret, "SERVER_HANDSHAKE_TRAFFIC_SECRET", hs.serverSecret); err != nil {
		return err
	}
	if err := hs.endOfFlight(msgServerHello); err != nil {
		return err
	}
	hs.keys.advance(nil)
	if err := hs.in.install(hs.suite, hs.serverSecret); err != nil {
		return err
	}
	hs.out.mu.Lock()
	defer hs.out.mu.Unlock()
	return hs.out.install(hs.suite, hs.clientSecret)
}

// logKeys writes pairs of label and secret in NSS key log format.
func (hs *handshake) logKeys(pairs ...any) error {
	if hs.cfg.KeyLogWriter == nil {
		return nil
	}
	for pair := range slices.Chunk(pairs, 2) {
		if _, err := fmt.Fprintf(hs.cfg.KeyLogWriter, "%s %x %x\n", pair[0], hs.hello.random, pair[1]); err != nil {
			return fmt.Errorf("writing the key log: %w", err)
		}
	}
	return nil
}

func (hs *handshake) readServerFinished() error {
	msg, before, err := hs.next(msgFinished)
	if err != nil {
		return err
	}
	got := msg[messageHeaderLen:]
	hs.note(func(s *State) { s.ServerFinished = got })
	if want := hs.keys.finished(hs.serverSecret, before); !hmac.Equal(got, want) {
		return fmt.Errorf("%w: %d bytes, expected %d others", ErrBadFinished, len(got), len(want))
	}
	if err := hs.endOfFlight(msgFinished); err != nil {
		return err
	}
	client, server := hs.keys.derive("c ap traffic"), hs.keys.derive("s ap traffic")
	err = hs.logKeys("CLIENT_TRAFFIC_SECRET_0", client, "SERVER_TRAFFIC_SECRET_0", server, "EXPORTER_SECRET", hs.keys.derive("exp master"))
	if err != nil {
		return err
	}
	hs.in.complete, hs.in.idle, hs.in.hand = true, 0, bytes.Buffer{}
	hs.applicationSecret = client
	return hs.in.install(hs.suite, server)
}

// sendFlight sends what the client owes and sets the application traffic keys.
func (hs *handshake) sendFlight() error {
	hs.stage = "sending Finished"
	hs.out.mu.Lock()
	defer hs.out.mu.Unlock()
	hs.queueCompat()
	if hs.state.CertificateRequested {
		if err := hs.queueCertificate(); err != nil {
			return err
		}
	}
	verifyData := hs.keys.finished(hs.clientSecret, hs.keys.sum())
	if err := hs.queueMessage(msgFinished, func(b *cryptobyte.Builder) { b.AddBytes(verifyData) }); err != nil {
		return err
	}
	hs.note(func(s *State) { s.ClientFinished = verifyData })
	hs.resumption = hs.keys.derive("res master")
	if err := hs.flushFlight(); err != nil {
		return err
	}
	return hs.out.install(hs.suite, hs.applicationSecret)
}

// queueMessage adds a message to the flight and to the transcript.
func (hs *handshake) queueMessage(typ messageType, fill func(*cryptobyte.Builder)) error {
	msg, err := message(typ, fill)
	if err != nil {
		return err
	}
	hs.keys.transcript.Write(msg)
	hs.queue(ContentHandshake, msg)
	return nil
}

package drive

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"smpcheck/conformance/channel"
	"smpcheck/conformance/trace"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// answerTime bounds writing, and waiting for answers and the parts of a block, at time
// scale 1.
const answerTime = 5 * time.Second

// maxAbandoned is how many connections are left open that are of no more use.
const maxAbandoned = 16

// line is a connection in one of the slots.
type line struct {
	r    *runner
	slot int
	conn *channel.Conn
	tap  *tap
	// stream records the conversation, nil for none.
	stream *trace.Stream
	// version that is spoken.
	version uint16
	hello   transport.ServerHello
	// relayKey is the relay's session key, zero if its hello has no usable one.
	relayKey keys.PublicKey
	// secret is agreed between the keys of both hellos, nil without one.
	secret []byte
	// sending encrypts blocks; nil for plain ones. receiving belongs to the reader.
	sending, receiving *box.Chain
	authorizers        map[keys.PublicKey]smp.Authorizer

	// held are transmissions for the next block, and what will be changed of it.
	held        []*draft
	heldChanges []change
	// pending is what was sent and not concluded, in the order of its sending; late is
	// what was concluded without an answer, asked has all correlation ids.
	pending []*pending
	late    map[string][]*pending
	asked   map[string]bool
	// forbidden has the correlation ids in blocks that nobody can read.
	forbidden map[string]forbidden
	tunnel    *tunnel

	// ending says how the connection has ended, empty while it is open.
	ending Ending
	// lost says that no answer can be expected any more although it may be open, maybe
	// that the relay may still execute what was sent.
	lost, maybe bool
	// unheard says that the driver leaves a connection that goes on, so that what comes on
	// it need not be here.
	unheard bool
	// abused says that something was sent which is not well-formed, so that the relay
	// may close the connection.
	abused bool
	// uncertain says that only an answer to something else shows what became of what was
	// sent, outOfStep that the two sides may have different keys for the next block. excess
	// counts errors that belong to nothing.
	uncertain, outOfStep bool
	excess               int
	// untold says that the judge does not know the connection.
	untold bool
	// unsettled says that a message may be under way to the connection.
	unsettled bool
	// early is what was read of a stalled connection, whose reader may be at it when it is
	// stalled. Whether it was is not to be seen.
	early []event

	mu      sync.Mutex
	stalled bool
	resumed chan struct{} // closed when the connection is no longer stalled
	partial time.Time     // when the block that is arriving is due; zero between blocks
	done    chan struct{} // closed when nobody wants to read any more
	reading sync.WaitGroup
}

// open reports whether the connection is open and in step.
func (l *line) open() bool { return l != nil && l.ending == "" && !l.lost }

// encrypted reports whether blocks are encrypted inside TLS.
func (l *line) encrypted() bool { return l.sending != nil }

// maxContent is the length of the longest content of a block.
func (l *line) maxContent() int {
	if l.encrypted() {
		return transport.MaxEncryptedContent
	}
	return transport.MaxPlainContent
}

// paddedSize is the size of the padded content of a block.
func (l *line) paddedSize() int { return l.maxContent() + 2 }

// seal makes a block of a padded content, with the next key if blocks are encrypted.
func (l *line) seal(padded []byte) ([]byte, error) {
	if !l.encrypted() {
		return padded, nil
	}
	key, nonce, err := l.sending.NextKey()
	if err != nil {
		return nil, err
	}
	return box.Seal(make([]byte, 0, transport.BlockSize), padded, &nonce, &key), nil
}

// write writes bytes inside TLS. That the relay has closed the connection shows when it
// is read; that it does not take the bytes in time is its fault.
func (l *line) write(b []byte) {
	l.conn.SetWriteDeadline(time.Now().Add(l.r.timeout(answerTime)))
	_, err := l.conn.Write(b)
	if err == nil || l.ending != "" {
		return
	}
	l.note("writing: " + err.Error())
	switch {
	case !isTimeout(err) || l.lost:
	case l.isStalled(): // a relay may wait until its answers are read
		l.lost, l.maybe = true, true
	default:
		l.r.hung(l, "", "not-read", "the relay reads what it is sent", fmt.Sprintf("%d bytes are not taken within %v", len(b), l.r.timeout(answerTime)))
	}
}

// authorizer is that of a key towards the relay, nil if the key cannot authorize in this
// session.
func (l *line) authorizer(key keys.PrivateKey) smp.Authorizer {
	if a, known := l.authorizers[key.Public()]; known {
		return a
	}
	if key.Algorithm() == keys.X25519 && l.version < smp.VersionAuthenticators {
		return nil
	}
	a, err := smp.NewAuthorizer(key, l.relayKey)
	if err != nil {
		a = nil // without a key in the hello of the relay there are no authenticators
	}
	l.authorizers[key.Public()] = a
	return a
}

// note records a remark.
func (l *line) note(text string) {
	if l.stream != nil {
		l.stream.Note(text)
	}
}

// record records a block.
func (l *line) record(direction trace.Direction, form trace.Form, b []byte) {
	if l.stream != nil {
		l.stream.Block(direction, trace.Block{Version: l.version, Form: form, Encrypted: l.encrypted(), Bytes: b})
	}
}

// judge is who watches a connection, nil for nobody.
func (r *runner) judge(l *line) Judge {
	if r.closing || l.untold {
		return nil
	}
	return r.cfg.Judge
}

// close ends a connection: how modulo 3 is 0 for the orderly way, 1 for no word of TLS, 2
// for a TCP reset.
func (r *runner) close(l *line, how uint16) {
	if l == nil {
		return
	}
	if l.ending == "" {
		r.flush(l)
		r.await(l)
		r.settleLine(l)
	}
	if r.lines[l.slot] == l {
		r.lines[l.slot] = nil
	}
	r.leave(l)
	l.hangUp(how)
}

// leave keeps that the driver has given a connection up.
func (r *runner) leave(l *line) {
	r.maybe = r.maybe || l.maybe
	if l.ending != "" {
		r.conclude(l)
		return
	}
	l.ending = ByUs
	r.conclude(l)
	if l.stream != nil {
		l.stream.Ended(trace.Sent, "the fuzzer gives the connection up", nil)
	}
	if j := r.judge(l); j != nil {
		r.breach(j.Closed(l.slot, l.ending)...)
	}
}

// abandon gives up a connection that is of no more use and leaves it open, so that the
// relay has to bear it until the end of the run.
func (r *runner) abandon(l *line) {
	r.lines[l.slot] = nil
	r.leave(l)
	r.abandoned = append(r.abandoned, l)
	if len(r.abandoned) > maxAbandoned {
		r.abandoned[0].hangUp(1)
		r.abandoned = r.abandoned[1:]
	}
}

// hangUp ends the connection and its reader.
func (l *line) hangUp(how uint16) {
	switch how % 3 {
	case 0:
		l.conn.Close()
	case 2:
		if tcp, ok := l.tap.Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // without it the end is orderly, which is allowed too
		}
	}
	l.tap.Conn.Close()
	l.mu.Lock()
	select {
	case <-l.done:
	default:
		close(l.done)
	}
	l.mu.Unlock()
	l.reading.Wait()
}

// closeAll ends all connections.
func (r *runner) closeAll() {
	r.closing = true
	for _, l := range r.lines {
		if l != nil {
			l.hangUp(0)
		}
	}
	for _, l := range r.abandoned {
		l.hangUp(1)
	}
}

// isTimeout reports whether an error is about a deadline.
func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// unpad returns the content of a padded text.
func unpad(padded []byte) ([]byte, error) { return wire.Unpad(padded) }

package trace

import (
	"bytes"
	"net"
	"slices"
	"sync"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
)

// Limits bound what a Recorder keeps.
type Limits struct {
	// First and Last are how many events are kept from the start and from the end.
	First, Last int
	// Bytes is how many bytes of the last events are kept. Later ones displace earlier
	// ones.
	Bytes int
}

// Brief are the limits for a report, Full those for the files of a run.
var (
	Brief = Limits{First: 40, Last: 160, Bytes: 512 << 10}
	Full  = Limits{First: 1000, Last: 3000, Bytes: 8 << 20}
)

// maxEntry is how many bytes of one event are kept: more than a block.
const maxEntry = 20 << 10

// maxKeys is how many private keys are kept.
const maxKeys = 4096

// Recorder collects the conversation of a run. Its methods are safe for use by several
// goroutines.
type Recorder struct {
	limits Limits
	now    func() time.Duration

	mu          sync.Mutex
	closed      bool
	count       int
	first, last []entry
	kept        int
	// displaced is the number of the last event whose bytes were displaced.
	displaced   int
	connections []connection
	byAddress   map[string]int
	privates    []keys.PrivateKey
	secret      string
}

// entry is an event as it was recorded.
type entry struct {
	number     int
	at         time.Duration
	connection int
	direction  Direction
	kind       Kind
	text, err  string
	fields     []Field
	block      Block
	// size is how many bytes there were.
	size int
	// padding is how many '#' at the end are not in the bytes.
	padding int
}

// connection is what is known about a connection besides its events.
type connection struct {
	// role is empty if the conversation has to show it.
	role string
	// relaySide says that the runner is the relay, greeted that the hellos are not
	// among the events.
	relaySide, greeted bool
	// private and peer agree the secret of a proxy session on the side of the relay.
	private keys.PrivateKey
	peer    keys.PublicKey
}

// Form says what the bytes of a Block are.
type Form int

// The forms.
const (
	// Content is what is inside padding and encryption.
	Content Form = iota
	// Padded is the content with its padding, decrypted.
	Padded
	// Raw is what is inside TLS, encrypted if blocks are.
	Raw
)

// Block is a block as the runner sends or reads it.
type Block struct {
	Form Form
	// Version is the SMP version of the connection.
	Version uint16
	// Encrypted says that blocks are encrypted inside TLS.
	Encrypted bool
	// Bytes are copied.
	Bytes []byte
	// Err says why they cannot be decrypted; nil if they can, or need not be.
	Err error
}

// NewRecorder returns a recorder whose time begins now. The secret, which may be empty,
// is the password of the relay: no text of the result has it.
func NewRecorder(limits Limits, secret string) *Recorder {
	start := time.Now()
	return NewRecorderAt(limits, secret, func() time.Duration { return time.Since(start) })
}

// NewRecorderAt is NewRecorder with a clock, which tells the time since the start of the
// case.
func NewRecorderAt(limits Limits, secret string, now func() time.Duration) *Recorder {
	return &Recorder{limits: limits, secret: secret, now: now, byAddress: make(map[string]int)}
}

// Know gives the recorder a private key of the runner, to decrypt what was sent to it.
func (r *Recorder) Know(key keys.PrivateKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed && !key.IsZero() && len(r.privates) < maxKeys {
		r.privates = append(r.privates, key)
	}
}

// Record adds an event without a connection.
func (r *Recorder) Record(direction Direction, what string, b []byte) {
	r.add(entry{direction: direction, kind: KindNote, text: what, block: Block{Form: Raw, Bytes: b}})
}

// connected is the text of the first event of a connection.
const connected = "TCP connection"

// Connected begins a connection that the runner has opened to the relay under test.
func (r *Recorder) Connected(conn net.Conn) *Stream {
	s := r.begin(conn, connection{})
	s.r.add(entry{connection: s.number, direction: Sent, kind: KindTCP, text: connected})
	return s
}

// Accepted begins a connection that the relay under test has opened to the runner, which
// plays the role of another relay.
func (r *Recorder) Accepted(conn net.Conn, role string) *Stream {
	s := r.begin(conn, connection{role: role, relaySide: true})
	s.r.add(entry{connection: s.number, direction: Received, kind: KindTCP, text: connected})
	return s
}

func (r *Recorder) begin(conn net.Conn, c connection) *Stream {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.connections = append(r.connections, c)
	r.byAddress[address(conn)] = len(r.connections)
	return &Stream{r: r, number: len(r.connections)}
}

// Of returns the stream of a connection that has begun; the connection may be wrapped
// in another since. One that has not begun begins.
func (r *Recorder) Of(conn net.Conn) *Stream {
	r.mu.Lock()
	number := r.byAddress[address(conn)]
	r.mu.Unlock()
	if number == 0 {
		return r.Connected(conn)
	}
	return &Stream{r: r, number: number}
}

// address tells connections apart: the ends of a TCP connection.
func address(conn net.Conn) string {
	return conn.LocalAddr().String() + " " + conn.RemoteAddr().String()
}

// Finish returns what was recorded, and ignores whatever comes later.
func (r *Recorder) Finish() *Recording {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	entries := append([]entry{}, r.first...)
	if n := len(r.last); n > 0 {
		oldest := (r.count - r.limits.First) % n
		entries = append(append(entries, r.last[oldest:]...), r.last[:oldest]...)
	}
	return &Recording{
		entries: entries, leftOut: r.count - len(entries), connections: slices.Clone(r.connections),
		privates: r.privates, secret: r.secret,
	}
}

// add keeps an event with a copy of its bytes.
func (r *Recorder) add(e entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.count++
	e.number, e.at = r.count, r.now()
	e.keepBytes()
	if len(r.first) < r.limits.First {
		r.first = append(r.first, e)
		return
	}
	r.kept += len(e.block.Bytes)
	if len(r.last) < r.limits.Last {
		r.last = append(r.last, e)
	} else {
		oldest := &r.last[(r.count-r.limits.First-1)%len(r.last)]
		r.kept -= len(oldest.block.Bytes)
		*oldest = e
	}
	r.displace()
}

// keepBytes copies the bytes, without padding at their end.
func (e *entry) keepBytes() {
	b := e.block.Bytes
	e.size = len(b)
	if e.block.Form != Content {
		unpadded := bytes.TrimRight(b, string(rune(wire.PadByte)))
		e.padding = len(b) - len(unpadded)
		b = unpadded
	}
	if len(b) > maxEntry {
		b, e.padding = b[:maxEntry], 0
	}
	e.block.Bytes = bytes.Clone(b)
}

// displace drops the bytes of the oldest of the last events as long as there are too
// many.
func (r *Recorder) displace() {
	for n := len(r.last); r.kept > r.limits.Bytes && n > 0 && r.displaced < r.count; {
		r.displaced = max(r.displaced+1, r.count-n+1)
		old := &r.last[(r.displaced-r.limits.First-1)%n]
		r.kept -= len(old.block.Bytes)
		old.block.Bytes, old.padding = nil, 0
	}
}

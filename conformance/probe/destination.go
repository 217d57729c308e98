package probe

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/trace"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// Destination is a relay of the case's own, on a port of the loopback interface,
// for the relay under test to forward to. It does the handshakes as they should
// be, unless an option says otherwise, and then nothing: the case reads and
// writes every block of a Leg.
type Destination struct {
	t           *conformance.T
	credentials keys.Credentials
	listener    net.Listener
	options     destinationOptions
	legs        chan *Leg
	accepted    chan struct{}
	met         atomic.Int32
}

// DestinationOption changes what a Destination does.
type DestinationOption func(*destinationOptions)

type destinationOptions struct {
	versions     wire.VersionRange
	certificates int
	// leafFrom and leafUntil limit the validity of the leaf, if they differ.
	leafFrom, leafUntil time.Duration
	// stolen: the leaf is not signed by the identity.
	stolen   bool
	greeting func(*transport.Secure) []byte
	signed   func(chain [][]byte) (transport.ServerHello, error)
	meeting  func(net.Conn)
	gate     <-chan struct{}
	refusing bool
	tap      *Tap
}

// Speaking offers other versions than 6 to 20.
func Speaking(versions wire.VersionRange) DestinationOption {
	return func(o *destinationOptions) { o.versions = versions }
}

// WithCertificates shows a chain of n certificates, instead of 2. With more than 4 the
// destination sends its hello and then nothing.
func WithCertificates(n int) DestinationOption {
	return func(o *destinationOptions) { o.certificates = n }
}

// Greeting sends a block with the given content in the place of the hello, and
// then nothing. It must not use the T of the case.
func Greeting(content func(*transport.Secure) []byte) DestinationOption {
	return func(o *destinationOptions) { o.greeting = content }
}

// SignedBy sends a hello whose session key is signed by another key than that of the
// certificates, and then nothing.
func SignedBy(signer keys.PrivateKey, key keys.PublicKey) DestinationOption {
	return func(o *destinationOptions) {
		o.signed = func(chain [][]byte) (transport.ServerHello, error) {
			signed, err := keys.SignKey(key, signer)
			return transport.ServerHello{Versions: o.versions, Chain: chain, SignedKey: signed}, err
		}
	}
}

// Meeting leaves the TCP connection to meet, which must not use the T of the case.
func Meeting(meet func(net.Conn)) DestinationOption {
	return func(o *destinationOptions) { o.meeting = meet }
}

// Gated accepts connections and begins no handshake before the gate is closed.
func Gated(gate <-chan struct{}) DestinationOption {
	return func(o *destinationOptions) { o.gate = gate }
}

// RefusingUntil ends connections before any handshake until the gate is closed.
func RefusingUntil(gate <-chan struct{}) DestinationOption {
	return func(o *destinationOptions) { o.gate, o.refusing = gate, true }
}

// maxCertificates is how many certificates a relay may have.
const maxCertificates = 4

// loopback is where destinations listen, at a port that the system chooses.
const loopback = "127.0.0.1:0"

// maxLegs is how many connections of a proxy a Destination keeps for the case.
const maxLegs = 16

// NewDestination starts a destination, which ends with the case.
func NewDestination(t *conformance.T, opts ...DestinationOption) *Destination {
	o := destinationOptions{versions: wire.Versions(smp.MinVersion, smp.MaxVersion), certificates: 2}
	for _, set := range opts {
		set(&o)
	}
	credentials, err := o.identity(t.Fresh())
	if err != nil {
		t.Broken(fmt.Errorf("the identity of a destination: %w", err))
	}
	if o.certificates > maxCertificates {
		SignedBy(credentials.Key, NewKey(t, keys.X25519).Public())(&o) // the reference sends no such hello
	}
	l, err := net.Listen("tcp", loopback)
	if err != nil {
		t.Broken(fmt.Errorf("a destination for the relay: %w", err))
	}
	t.Cleanup(func() { l.Close() })
	d := &Destination{
		t: t, credentials: credentials, listener: l, options: o,
		legs: make(chan *Leg, maxLegs), accepted: make(chan struct{}, maxLegs),
	}
	go d.serve()
	return d
}

// FreeAddress is an address of the loopback interface at which nobody listens.
func FreeAddress(t *conformance.T) string {
	l, err := net.Listen("tcp", loopback)
	if err != nil {
		t.Broken(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (d *Destination) serve() {
	for {
		raw, err := d.listener.Accept()
		if err != nil {
			return
		}
		d.t.Cleanup(func() { raw.Close() })
		if d.met.Add(1) > maxLegs {
			raw.Close()
			continue
		}
		if d.options.refusing && !isClosed(d.options.gate) {
			raw.Close()
			continue
		}
		d.accepted <- struct{}{}
		go func() { d.legs <- d.meet(raw) }()
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// meet does the handshakes on a connection.
func (d *Destination) meet(raw net.Conn) *Leg {
	if d.options.gate != nil {
		select {
		case <-d.options.gate:
		case <-d.t.Context().Done():
		}
	}
	leg := &Leg{t: d.t, Destination: d, raw: raw, stream: d.t.Trace().Accepted(raw, "destination")}
	if d.options.meeting != nil {
		d.options.meeting(raw)
		leg.err = errors.New("the destination does no handshake")
		return leg
	}
	config := transport.ServerConfig{
		Credentials: d.credentials, Versions: d.options.versions, Timeout: d.t.Timeout(handshakeTime),
	}
	if d.t.Info().TLS == "1.2" {
		config.MinTLS = tlsVersion12
	}
	if d.options.greeting != nil || d.options.signed != nil {
		leg.err = d.greet(leg, config)
		return leg
	}
	if leg.Conn, leg.err = d.shake(raw, config); leg.err != nil {
		recordRefusal(leg.stream, "handshakes of the destination", leg.err)
		return leg
	}
	leg.stream.Greeted(leg.Conn.Version(), leg.Conn.SessionKey(), leg.Conn.PeerKey())
	return leg
}

// shake does both handshakes.
func (d *Destination) shake(raw net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
	if d.options.tap == nil {
		return transport.Server(d.t.Context(), raw, config)
	}
	s, err := transport.ServerTLS(d.t.Context(), raw, config)
	if err != nil {
		return nil, err
	}
	return transport.ServerHandshake(d.t.Context(), &tapped{Conn: s, tap: d.options.tap}, s.Binding(), config)
}

func (d *Destination) greet(leg *Leg, config transport.ServerConfig) error {
	s, err := transport.ServerTLS(d.t.Context(), leg.raw, config)
	if err != nil {
		recordRefusal(leg.stream, "TLS handshake of the destination", err)
		return err
	}
	content, err := d.greeting(s)
	if err != nil {
		return err
	}
	block, err := wire.Pad(nil, content, transport.BlockSize)
	if err == nil {
		leg.stream.Block(conformance.Sent, trace.Block{Bytes: content})
		_, err = s.Write(block)
	}
	return errors.Join(err, errors.New("the destination sent a hello of its own"))
}

// greeting is what is sent in the place of the hello.
func (d *Destination) greeting(s *transport.Secure) ([]byte, error) {
	if d.options.signed == nil {
		return d.options.greeting(s), nil
	}
	hello, err := d.options.signed(d.credentials.Chain)
	if err != nil {
		return nil, err
	}
	hello.SessionID = s.SessionID()
	return hello.Encode()
}

// Server is the destination as PRXY names it.
func (d *Destination) Server() smp.Server { return serverAt(d.listener.Addr().String(), d.credentials) }

// At is a relay with the identity of the destination at another address.
func (d *Destination) At(address string) smp.Server { return serverAt(address, d.credentials) }

func serverAt(address string, credentials keys.Credentials) smp.Server {
	host, port, _ := net.SplitHostPort(address) // that of a TCP listener has both
	fingerprint := credentials.Fingerprint()
	return smp.Server{Hosts: []string{host}, Port: port, KeyHash: fingerprint[:]}
}

// Chain is the certificate chain of the destination, leaf first.
func (d *Destination) Chain() [][]byte { return d.credentials.Chain }

// Met is how many connections were made to the destination.
func (d *Destination) Met() int { return int(d.met.Load()) }

// AwaitAccepted waits until one more connection was made, and reports whether
// that came within the time, at time scale 1.
func (d *Destination) AwaitAccepted(within time.Duration) bool {
	_, ok := awaitOne(d.t, d.accepted, within)
	return ok
}

// RequireLeg waits for one more connection whose handshakes are done; that there
// is none blocks the case.
func (d *Destination) RequireLeg() *Leg {
	leg, ok := awaitOne(d.t, d.legs, answerTime)
	if !ok {
		Blocked(d.t, "the relay has not connected to the destination")
	}
	if leg.err != nil {
		Blocked(d.t, "the handshake of the relay with the destination failed: %v", leg.err)
	}
	return leg
}

// awaitOne takes one element out of c.
func awaitOne[E any](t *conformance.T, c <-chan E, within time.Duration) (e E, ok bool) {
	timer := time.NewTimer(t.Timeout(within))
	defer timer.Stop()
	select {
	case e = <-c:
		return e, true
	case <-timer.C:
	case <-t.Context().Done():
	}
	return e, false
}

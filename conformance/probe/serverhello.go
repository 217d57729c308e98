package probe

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"smpcheck/conformance"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/wire"
)

// ServerHello is the answer of a relay to a ClientHello, which is in clear. RFC 8446,
// "Server Hello".
type ServerHello struct {
	Version uint16
	// Random are 32 bytes, SessionID are up to 32.
	Random, SessionID []byte
	CipherSuite       uint16
	Compression       byte
	Extensions        []tlsprobe.Extension
}

// Encounter is a handshake of TLS as somebody sees it who observes the network.
type Encounter struct {
	Hello ServerHello
	// ClientHello is the record with that of the client.
	ClientHello []byte
	// Records are all that the relay has sent up to the end of its SMP hello.
	Records []Record
	// State is that of TLS 1.3; the zero value at TLS 1.2.
	State tlsprobe.State
}

// ObserveEncounter opens a connection, reads the hello of SMP and returns what went over
// the network. With TLS 1.3 the ClientHello is the same one for the same seed. A handshake
// that fails blocks the case.
func ObserveEncounter(t *conformance.T, seed *bytes.Reader) Encounter {
	var w Wire
	offer := TLSConfig(t)
	if _, err := seed.Seek(0, 0); err != nil {
		t.Broken(err)
	}
	offer.Rand = seed
	c, err := OpenOver(t, w.over(TCP(t)), offer)
	if err != nil {
		Blocked(t, "the TLS handshake failed: %v", err)
	}
	if err := c.ReadHello(); err != nil {
		Blocked(t, "the relay's hello cannot be read: %v", err)
	}
	g := Encounter{ClientHello: firstRecord(w.Sent())}
	g.State, _ = c.TLSState()
	if g.Hello, err = parseServerHello(firstRecord(w.Received())); err == nil {
		g.Records, err = Records(w.Received())
	}
	if err != nil {
		Blocked(t, "the records of the handshake cannot be taken apart: %v", err)
	}
	c.Close()
	return g
}

// firstRecord is the first record of a stream with its head, all of it if it is cut.
func firstRecord(stream []byte) []byte {
	const head = 5
	if len(stream) < head {
		return stream
	}
	return stream[:min(head+int(binary.BigEndian.Uint16(stream[3:])), len(stream))]
}

// errNoServerHello: the first message of the relay is another one.
var errNoServerHello = errors.New("the first record holds no ServerHello")

// parseServerHello reads the message at the start of a record.
func parseServerHello(record []byte) (h ServerHello, err error) {
	const head, serverHello = 5, 2
	if len(record) < head+4 || record[0] != byte(tlsprobe.ContentHandshake) || record[head] != serverHello {
		return h, errNoServerHello
	}
	size := int(record[head+1])<<16 | int(record[head+2])<<8 | int(record[head+3])
	if size > len(record)-head-4 {
		return h, errNoServerHello
	}
	r := wire.NewReader(record[head+4 : head+4+size])
	h.Version, h.Random, h.SessionID = r.Uint16(), r.Take(32), r.Short()
	h.CipherSuite, h.Compression = r.Uint16(), r.Byte()
	if r.Err() != nil || r.Len() == 0 { // old hellos may end here
		return h, r.Err()
	}
	extensions := wire.NewReader(r.Large())
	for extensions.Len() > 0 && extensions.Err() == nil {
		h.Extensions = append(h.Extensions, tlsprobe.Extension{
			Type: tlsprobe.ExtensionType(extensions.Uint16()), Data: extensions.Large(),
		})
	}
	return h, errors.Join(r.Err(), extensions.Err())
}

// Differs says how the hello differs from another one in what need not be fresh, which is
// all but the random, the session id and the content of the key share; nothing if it does
// not.
func (h ServerHello) Differs(other ServerHello) string {
	fixed := func(e tlsprobe.Extension) []byte {
		if e.Type == tlsprobe.ExtKeyShare {
			return e.Data[:min(4, len(e.Data))]
		}
		return e.Data
	}
	same := func(a, b tlsprobe.Extension) bool {
		return a.Type == b.Type && len(a.Data) == len(b.Data) && bytes.Equal(fixed(a), fixed(b))
	}
	switch {
	case h.Version != other.Version || h.CipherSuite != other.CipherSuite || h.Compression != other.Compression:
		return "another version, cipher suite or compression"
	case !slices.EqualFunc(h.Extensions, other.Extensions, same):
		return fmt.Sprintf("the extensions %v, not %v", h.Extensions, other.Extensions)
	}
	return ""
}

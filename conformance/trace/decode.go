package trace

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// Recording is what was recorded of one run.
type Recording struct {
	entries     []entry
	leftOut     int
	connections []connection
	privates    []keys.PrivateKey
	secret      string
}

// Decode returns as much of the conversation as the extent says.
func (r *Recording) Decode(x Extent) *Trace {
	d := newDecoder(r, x)
	t := &Trace{Connections: []Connection{}, Events: make([]Event, 0, len(r.entries)), LeftOut: r.leftOut}
	for i := range r.entries {
		t.Events = append(t.Events, d.event(&r.entries[i]))
	}
	for i, c := range d.talks {
		t.Connections = append(t.Connections, Connection{Number: i + 1, Role: c.role(), Version: c.version})
	}
	d.clean(t)
	t.fit(x.Size)
	return t
}

// decoder decodes the events of a run, the earlier first: what later ones hold is told
// by the keys and ids in earlier ones.
type decoder struct {
	*ring
	extent Extent
	// talks are the connections by number, less one.
	talks  []*talk
	secret string
	// hidden are passwords that the layers of the current event showed.
	hidden [][]byte
}

func newDecoder(r *Recording, x Extent) *decoder {
	d := &decoder{ring: newRing(r.privates, r.leftOut), extent: x, secret: r.secret}
	for _, c := range r.connections {
		d.talks = append(d.talks, &talk{connection: c})
		if c.greeted && !c.private.IsZero() {
			d.addServerKey(c.private.Public())
		}
	}
	return d
}

func (d *decoder) event(e *entry) Event {
	out := Event{
		Number: e.number, AtMS: milliseconds(e.at), Connection: e.connection, Direction: e.direction,
		Layer: Layer{Kind: e.kind, Summary: e.text, Fields: slices.Clone(e.fields), Error: e.err},
	}
	d.hidden = d.hidden[:0]
	if e.connection > 0 {
		d.block(&out, e, d.talks[e.connection-1])
	}
	out.Size = e.size
	out.Hex = d.start(e.block.Bytes, d.extent.bytesOf(&out.Layer))
	complete(&out.Layer)
	return out
}

// milliseconds returns d with three decimals.
func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Microsecond)) / 1000
}

// complete gives empty lists to a layer that has none.
func complete(l *Layer) {
	if l.Fields == nil {
		l.Fields = []Field{}
	}
	if l.Layers == nil {
		l.Layers = []Layer{}
	}
	for i := range l.Layers {
		complete(&l.Layers[i])
	}
}

// hex is the start of b without passwords.
func (d *decoder) hex(b []byte) string { return d.start(b, d.extent.Bytes) }

// start is at most limit bytes of b without passwords, in hex.
func (d *decoder) start(b []byte, limit int) string {
	b = d.mask(b)
	return hex.EncodeToString(b[:min(len(b), limit)])
}

// errNotKept says that the bytes of an event were displaced by those of later ones.
var errNotKept = errors.New("the bytes were not kept")

// block decodes the block of an event.
func (d *decoder) block(out *Event, e *entry, t *talk) {
	if e.block.Version != 0 {
		t.version = e.block.Version
	}
	if e.kind != KindBlock {
		return
	}
	relay := (e.direction == Received) != t.relaySide
	content, err := e.content()
	if err == nil {
		switch {
		case e.block.Encrypted && e.block.Form == Raw:
			out.Summary = "encrypted block, " + size(e.size)
			if e.block.Err != nil {
				out.Error = e.block.Err.Error()
			}
			return
		case relay && !t.relayGreeted():
			d.serverHello(&out.Layer, content, t)
			return
		case !relay && !t.clientGreeted():
			d.clientHello(&out.Layer, content, t)
			return
		case relay && t.awaitsAdmission():
			d.serviceResponse(&out.Layer, content, t)
			return
		}
		out.Fields = append(out.Fields, Field{"encrypted", yes(e.block.Encrypted)})
		err = d.transmissions(&out.Layer, content, t, relay)
	}
	if err != nil {
		out.Summary, out.Error = "block, "+size(e.size), err.Error()
	}
}

// content is what is in the block besides padding.
func (e *entry) content() ([]byte, error) {
	switch {
	case e.size > 0 && len(e.block.Bytes)+e.padding < e.size:
		return nil, errNotKept
	case e.block.Form == Content || e.block.Form == Raw && e.block.Encrypted:
		return e.block.Bytes, nil
	}
	padded := append(e.block.Bytes[:len(e.block.Bytes):len(e.block.Bytes)], paddingOf(e.padding)...)
	return wire.Unpad(padded)
}

func paddingOf(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = wire.PadByte
	}
	return b
}

// maxListed is how many transmissions the summary of a block names.
const maxListed = 6

// transmissions decodes the content of a block.
func (d *decoder) transmissions(out *Layer, content []byte, t *talk, relay bool) error {
	encoded, err := smp.DecodeBlock(content)
	if err != nil {
		return err
	}
	for i, b := range encoded {
		l := d.transmission(b, t.version, t, relay)
		out.Layers = append(out.Layers, l)
		switch {
		case len(encoded) == 1:
			out.Summary = l.Summary
		case i == 0:
			out.Summary = fmt.Sprintf("%d transmissions: %s", len(encoded), l.Summary)
		case i < maxListed:
			out.Summary += "; " + l.Summary
		case i == maxListed:
			out.Summary += "; …"
		}
	}
	d.extent.shorten(out)
	return nil
}

// transmission decodes one transmission: a response if relay says that it comes from a
// relay, and otherwise a command. The talk is nil for what is forwarded.
func (d *decoder) transmission(b []byte, version uint16, t *talk, relay bool) Layer {
	l := Layer{Kind: KindTransmission, Size: len(b)}
	tr, err := smp.DecodeTransmission(version, b)
	if err != nil {
		l.Summary, l.Error = "transmission, "+size(len(b)), err.Error()
		return l
	}
	l.Fields = d.transmissionFields(tr, version)
	var inner Layer
	if relay {
		inner = d.response(tr, version, t)
		l.Summary = inner.Summary
	} else {
		inner = d.command(tr, version, t)
		l.Summary = withScheme(inner, tr)
	}
	l.Layers = []Layer{inner}
	return l
}

func (d *decoder) transmissionFields(tr smp.Transmission, version uint16) []Field {
	fields := []Field{
		{"correlation id", short(tr.CorrelationID)},
		{"entity id", d.name(tr.EntityID)},
		{"authorization", scheme(tr.Authorization)},
	}
	if tr.ServiceSignature != nil {
		fields = append(fields, Field{"service signature", size(len(tr.ServiceSignature))})
	}
	if version < smp.VersionAuthenticators {
		fields = append(fields, Field{"session id", short(tr.SessionID)})
	}
	return fields
}

// schemes are the words for the schemes of authorization.
var schemes = map[smp.Scheme][2]string{
	smp.Ed25519Signature: {"Ed25519", "Ed25519 signature"},
	smp.Ed448Signature:   {"Ed448", "Ed448 signature"},
	smp.Authenticator:    {"X25519", "X25519 authenticator"},
}

// scheme names an authorization.
func scheme(authorization []byte) string {
	s, err := smp.SchemeOf(authorization)
	switch {
	case err != nil:
		return size(len(authorization)) + ", which no scheme has"
	case s == smp.NoAuthorization:
		return "none"
	}
	return schemes[s][1] + ", " + size(len(authorization))
}

// withScheme adds the scheme of authorization to the summary of a command, after its tag.
func withScheme(command Layer, tr smp.Transmission) string {
	s, err := smp.SchemeOf(tr.Authorization)
	word := schemes[s][0]
	switch {
	case err != nil:
		word = fmt.Sprintf("authorization of %s", size(len(tr.Authorization)))
	case s == smp.NoAuthorization && (len(tr.EntityID) == 0 || len(command.Layers) > 0):
		return command.Summary
	case s == smp.NoAuthorization:
		word = "no authorization"
	}
	tag, end := command.Summary, strings.IndexAny(command.Summary, " ,")
	if end < 0 || command.Error != "" {
		return tag + ", " + word
	}
	return tag[:end] + ", " + word + tag[end:]
}

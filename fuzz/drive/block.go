package drive

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"smpcheck/conformance/trace"
	"smpcheck/fuzz/program"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// laterBlock is a block that is sent after the next operation.
type laterBlock struct {
	line    *line
	drafts  []*draft
	changes []change
}

// pad pads a content that fits.
func pad(content []byte, n int) []byte {
	padded, err := wire.Pad(make([]byte, 0, n), content, n)
	if err != nil {
		panic(fmt.Sprintf("padding a block: %v", err)) // its callers look at the size
	}
	return padded
}

// hold adds a transmission to the next block of the connection. What is held already is
// sent before if both do not fit one.
func (r *runner) hold(l *line, d *draft, changes []change) {
	size := 1 + 2 + len(d.encoded)
	for _, h := range l.held {
		size += 2 + len(h.encoded)
	}
	if size > l.maxContent() || len(l.held) == smp.MaxTransmissions {
		r.flush(l)
	}
	l.held = append(l.held, d)
	l.heldChanges = append(l.heldChanges, changes...)
}

// flush sends what is held.
func (r *runner) flush(l *line) {
	if l == nil || len(l.held) == 0 {
		return
	}
	drafts, changes := l.held, l.heldChanges
	l.held, l.heldChanges = nil, nil
	if has(changes, program.Order, program.Later) {
		r.later = append(r.later, laterBlock{l, drafts, changes})
		return
	}
	r.sendBlock(l, drafts, changes)
}

// sendLater sends the blocks that were put off.
func (r *runner) sendLater(due []laterBlock) {
	for _, b := range due {
		r.sendBlock(b.line, b.drafts, b.changes)
		r.await(b.line)
	}
}

// outgoing is a block on its way from transmissions to bytes.
type outgoing struct {
	line   *line
	drafts []*draft
	// text is the length of the content and the content.
	text []byte
	// padded is the text with its padding; sealed is what the encryption made of it, nil
	// for a block that the relay cannot open.
	padded, sealed []byte
	// bytes are what is written inside TLS.
	bytes []byte
	// cut says that the connection ends after the bytes.
	cut   bool
	block Block
	// offence is what a relay breaks that serves a block which nobody can read.
	offence servedRule
	// envelopes are those of the transmissions of the block, nil for none.
	envelopes []*envelope
}

// sendBlock sends a block with the given transmissions, changed at the levels outside of
// the transmissions.
func (r *runner) sendBlock(l *line, drafts []*draft, changes []change) {
	if len(changes) > 0 {
		r.await(l) // the connection may be of no more use after it
		r.settleLine(l)
	}
	if !l.open() {
		return
	}
	if has(changes, program.Order, program.Reverse) {
		slices.Reverse(drafts)
	}
	o := &outgoing{line: l, drafts: drafts, block: Block{Conn: l.slot, Op: r.op}}
	o.fill()
	r.changeContent(o, changes)
	o.padded = slices.Grow(o.text, l.paddedSize()-len(o.text))
	for len(o.padded) < l.paddedSize() {
		o.padded = append(o.padded, wire.PadByte)
	}
	l.record(trace.Sent, trace.Padded, o.padded)
	var err error
	if o.sealed, err = l.seal(o.padded); err != nil {
		panic(fmt.Sprintf("sealing a block: %v", err)) // HKDF does not fail at these sizes
	}
	o.bytes = o.sealed
	r.changeBlock(o, changes)
	r.takeApart(o)
	r.writeBlock(o, changes)
	if has(changes, program.Order, program.Twice) && l.open() {
		r.again(o)
	}
}

// fill makes the content of the transmissions.
func (o *outgoing) fill() {
	size := 3
	for _, d := range o.drafts {
		size += 2 + len(d.encoded)
	}
	o.text = make([]byte, 0, o.line.paddedSize())
	o.text = binary.BigEndian.AppendUint16(o.text, uint16(size-2))
	o.text = append(o.text, byte(len(o.drafts)))
	for _, d := range o.drafts {
		o.text = binary.BigEndian.AppendUint16(o.text, uint16(len(d.encoded)))
		o.text = append(o.text, d.encoded...)
	}
}

// again sends a block a second time, as it stands. If blocks are encrypted its key is
// used up, and the relay takes the next one for it.
func (r *runner) again(o *outgoing) {
	l := o.line
	second := &outgoing{line: l, drafts: o.drafts, padded: o.padded, sealed: o.sealed, bytes: o.bytes,
		block: Block{Conn: l.slot, Op: r.op}}
	if l.encrypted() {
		second.sealed = nil
		if _, _, err := l.sending.NextKey(); err != nil {
			panic(fmt.Sprintf("the next key of a block: %v", err)) // HKDF does not fail at these sizes
		}
	}
	l.note("the block again")
	r.takeApart(second)
	r.writeBlock(second, nil)
}

// takeApart reads the bytes of a block as the relay has to. What is left of a block that
// was cut is never completed: nothing more is sent on the connection.
func (r *runner) takeApart(o *outgoing) {
	l, b := o.line, &o.block
	b.Desynchronised = len(o.bytes) != transport.BlockSize || o.cut
	o.offence = forgedServed
	if len(o.bytes) < transport.BlockSize {
		b.Broken = true
		return
	}
	first := o.bytes[:transport.BlockSize]
	if l.encrypted() {
		if b.Broken = string(first) != string(o.sealed); b.Broken {
			return
		}
		first = o.padded
	}
	content, err := unpad(first)
	if err != nil {
		b.Malformed, o.offence = true, lengthServed
		return
	}
	raws, err := smp.DecodeBlock(content)
	if err != nil {
		b.Malformed, o.offence = true, contentOffence(err)
		return
	}
	for i, raw := range raws {
		d := o.drafts[min(i, len(o.drafts)-1)]
		s, e := r.truth(l.session(), raw)
		s.Tag = d.tag
		s.Mutated = d.mutated || string(raw) != string(d.encoded)
		b.Transmissions = append(b.Transmissions, s)
		o.envelopes = append(o.envelopes, e)
	}
}

// writeBlock writes a block, and tells the judge.
func (r *runner) writeBlock(o *outgoing, changes []change) {
	l, b := o.line, &o.block
	r.writeBytes(o, changes)
	for _, d := range o.drafts {
		if len(d.changes) > 0 {
			l.note("changed in " + d.tag + ": " + strings.Join(d.changes, ", "))
		}
	}
	if b.Desynchronised {
		l.lost, l.maybe = true, l.maybe || len(b.Transmissions) > 0
	}
	r.expect(o)
	if j := r.judge(l); j != nil {
		r.breach(j.Sent(*b)...)
	}
	if o.cut && l.ending == "" {
		if r.lines[l.slot] == l {
			r.lines[l.slot] = nil
		}
		r.leave(l)
		l.hangUp(1)
	}
}

// writeBytes writes the bytes of a block, in one piece or two, and changes the record.
func (r *runner) writeBytes(o *outgoing, changes []change) {
	l := o.line
	if len(o.bytes) == 0 {
		return
	}
	spoilt := r.armRecord(l.tap, changes)
	if c, pieces := find(changes, program.Order, program.Pieces); pieces && spoilt == nil {
		at := int(c.Position) % len(o.bytes)
		l.write(o.bytes[:at])
		r.pause(time.Duration(c.Value%50) * time.Millisecond)
		l.write(o.bytes[at:])
		return
	}
	l.write(o.bytes)
	if spoilt == nil {
		return
	}
	for _, how := range spoilt.how {
		o.change(how, false)
	}
	o.block.Desynchronised = true
	if spoilt.unreadable {
		o.block.Broken, o.block.Malformed, o.block.Transmissions = true, false, nil
	}
}

// pause waits, unless the run ends.
func (r *runner) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.ctx.Done():
	}
}

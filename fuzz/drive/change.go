package drive

import (
	"fmt"
	"math/rand/v2"

	"smpcheck/fuzz/program"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// change is a mutation of an operation, with the source of what it inserts.
type change struct {
	program.Mutation
	random *rand.Rand
}

// changes are the mutations of an operation.
func (r *runner) changes(op program.Op) []change {
	var list []change
	for i, m := range op.Mutations {
		list = append(list, change{m, r.random(r.op, fromMutations+uint64(i))})
	}
	return list
}

// at are the changes at a level.
func at(list []change, level program.Level) []change {
	var some []change
	for _, c := range list {
		if c.Level == level {
			some = append(some, c)
		}
	}
	return some
}

// outside are the changes of the block and of what is outside of it.
func outside(list []change) []change {
	var some []change
	for _, c := range list {
		if c.Level == program.Order || c.Level == program.Record || c.Level == program.Block || c.Level == program.Content {
			some = append(some, c)
		}
	}
	return some
}

// find returns the first change of the given kind; false if there is none. Actions at
// level Order are taken modulo their number.
func find(list []change, level program.Level, action program.Action) (change, bool) {
	for _, c := range at(list, level) {
		if c.Action%program.OrderActions == action {
			return c, true
		}
	}
	return change{}, false
}

func has(list []change, level program.Level, action program.Action) bool {
	_, found := find(list, level, action)
	return found
}

// word describes a change for a Pair; where is the part that it hits.
func (c change) word(where string) string {
	text := c.Level.String()
	if where != "" {
		text += ":" + where
	}
	text += ":" + c.ActionName()
	if c.Fits() {
		text += "-fit"
	}
	if c.Level != program.Order && c.Action == program.Boundary {
		text += fmt.Sprintf("-%d", int(c.Value&0xff)%(len(boundaries)+2))
	}
	return text
}

// changeCommand changes the encoded command of a draft.
func (r *runner) changeCommand(d *draft, l *line, command []byte, list []change) []byte {
	for _, c := range at(list, program.Field) {
		fields := program.Fields(l.version, command)
		i := c.Index(len(fields))
		whole := marked{command, diceOf(fields, len(command))}.applyTo(fields, i, c)
		command = whole.b
		d.noteShape(program.Fields(l.version, command), whole.dice)
		d.change(c.word(fields[i].Name))
	}
	return command
}

// changeParcel changes what a parcel carries, before or after it is encrypted, and
// returns the command. Field of the mutation tells which: an odd one is before.
func (r *runner) changeParcel(d *draft, p *parcel, list []change) []byte {
	padded := p.padded
	for _, c := range at(list, program.Cipher) {
		if c.Field%2 == 0 {
			continue
		}
		parts := blockParts(p.version, padded)
		out := marked{padded, diceOf(parts, len(padded))}.apply(c.Mutation, c.random)
		d.change(c.word("inside:" + placeOf(parts, c.Mutation, len(padded))))
		padded = out.b[:min(len(out.b), maxSealed)]
		d.unsure = d.unsure || shaped(blockParts(p.version, out.b), out.dice)
	}
	command, err := p.seal(padded)
	if err != nil {
		panic(fmt.Sprintf("encoding %s: %v", d.tag, err)) // its keys and ids have the right sizes
	}
	return command
}

// maxSealed is how much a parcel carries that fits a block.
const maxSealed = smp.PaddedForwarded

// changeCipher changes the ciphertext of a transmission: what it forwards, or else its
// authorization.
func (r *runner) changeCipher(d *draft, version uint16, t *smp.Transmission, list []change) {
	for _, c := range at(list, program.Cipher) {
		if d.parcel == nil {
			t.Authorization = marked{b: t.Authorization}.apply(c.Mutation, c.random).b
			if len(t.Authorization) > maxAuthorization {
				t.Authorization = t.Authorization[:maxAuthorization]
			}
			d.change(c.word("authorization"))
			continue
		}
		if c.Field%2 != 0 {
			continue // changeParcel has done it
		}
		fields := program.Fields(version, t.Command)
		f := fields[len(fields)-1]
		body := marked{b: t.Command[f.Start:f.End]}.apply(c.Mutation, c.random).b
		t.Command = append(append([]byte{}, t.Command[:f.Start]...), body[:min(len(body), f.End-f.Start)]...)
		d.change(c.word(f.Name))
	}
}

// maxAuthorization is the longest authorization that has a length.
const maxAuthorization = 255

// changeTransmission changes an encoded transmission.
func (r *runner) changeTransmission(d *draft, version uint16, list []change) {
	for _, c := range at(list, program.Transmission) {
		parts := transmissionParts(version, d.encoded)
		out := marked{d.encoded, diceOf(parts, len(d.encoded))}.applyIn(parts, c)
		d.change(c.word(placeOf(parts, c.Mutation, len(d.encoded))))
		d.encoded = out.b
		d.noteShape(transmissionParts(version, out.b), out.dice)
	}
}

// change says that the draft was changed, and how.
func (d *draft) change(how string) {
	if !d.mutated && d.how != "" {
		d.how = d.brief
	}
	d.mutated = true
	if d.how != "" {
		d.how += " " + how
	}
	d.changes = append(d.changes, how)
}

// noteShape finds out whether what the bytes mean depends on those that differ between
// runs.
func (d *draft) noteShape(parts []program.Part, dice []bool) {
	d.varies = d.varies || shaped(parts, dice)
}

// changeContent changes the length and the content of a block. Unless it is the length
// that is changed, it is made right again after.
func (r *runner) changeContent(o *outgoing, list []change) {
	v := o.line.version
	for _, c := range at(list, program.Content) {
		parts := blockParts(v, o.text)
		out := marked{o.text, diceOf(parts, len(o.text))}.apply(c.Mutation, c.random)
		where := placeOf(parts, c.Mutation, len(o.text))
		if len(out.b) > o.line.paddedSize() {
			out = marked{out.b[:o.line.paddedSize()], out.dice[:o.line.paddedSize()]}
		}
		if n := len(out.b); n >= 2 && where != "block.length" {
			out.b[0], out.b[1] = byte((n-2)>>8), byte(n-2)
		}
		o.text = out.b
		o.change(c.word(where), shaped(blockParts(v, out.b), out.dice))
	}
}

// change says that the block was changed, and how.
func (o *outgoing) change(how string, varies bool) {
	for _, d := range o.drafts {
		d.change(how)
		d.varies = d.varies || varies
	}
}

// changeBlock changes the bytes inside TLS.
func (r *runner) changeBlock(o *outgoing, list []change) {
	for _, c := range at(list, program.Order) {
		o.change(c.word(""), false)
	}
	for _, c := range at(list, program.Block) {
		parts := blockParts(o.line.version, o.bytes)
		where := placeOf(parts, c.Mutation, len(o.bytes))
		if o.line.encrypted() {
			parts, where = nil, "sealed"
		}
		out := marked{o.bytes, diceOf(parts, len(o.bytes))}.apply(c.Mutation, c.random)
		o.bytes = out.b
		varies := !o.line.encrypted() && shaped(blockParts(o.line.version, out.b), out.dice)
		o.change(c.word(where), varies)
	}
	if c, half := find(list, program.Order, program.Half); half && len(o.bytes) > 0 {
		o.bytes, o.cut = o.bytes[:int(c.Position)%len(o.bytes)], true
	}
}

// spoilt is what became of a TLS record.
type spoilt struct {
	// how are the changes for a Pair.
	how []string
	// unreadable says that nobody can read it any more.
	unreadable bool
}

// recordHeader is the length of the head of a record of TLS.
const recordHeader = 5

// armRecord has the next record changed; nil if it is not to be. What it returns is right
// after the record was written.
func (r *runner) armRecord(t *tap, list []change) *spoilt {
	list = at(list, program.Record)
	if len(list) == 0 {
		return nil
	}
	s := &spoilt{}
	t.arm(func(record []byte) ([]byte, bool) {
		out, end := record, false
		for _, c := range list {
			s.how = append(s.how, c.word(recordPlace(c, len(out))))
			out = marked{b: out}.apply(c.Mutation, c.random).b
			end = end || c.Action == program.Truncate || c.Action == program.Empty
		}
		s.unreadable = !readable(record, out)
		return out, end
	})
	return s
}

// recordPlace names the part of a record that a change hits.
func recordPlace(c change, n int) string {
	if n == 0 {
		return "nothing"
	}
	switch at := int(c.Position) % n; {
	case at == 0:
		return "type"
	case at < 3:
		return "version"
	case at < recordHeader:
		return "length"
	}
	return "body"
}

// readable reports whether a record may still be read: it is whole and something follows
// it, or nothing but the version in its head is different.
func readable(record, changed []byte) bool {
	if len(changed) < len(record) || len(record) < recordHeader {
		return false
	}
	first := append([]byte{}, changed[:len(record)]...)
	copy(first[1:3], record[1:3])
	return string(first) == string(record)
}

// changeHello changes the content of the client's hello.
func (r *runner) changeHello(content []byte, list []change) (changed []byte, how []string, varies bool) {
	out := marked{content, diceOf(helloParts(content), len(content))}
	for _, c := range at(list, program.Hello) {
		parts := helloParts(out.b)
		how = append(how, c.word(placeOf(parts, c.Mutation, len(out.b))))
		out = out.applyIn(parts, c)
		if len(out.b) > transport.MaxPlainContent {
			out = marked{out.b[:transport.MaxPlainContent], out.dice[:transport.MaxPlainContent]}
		}
		varies = varies || shaped(helloParts(out.b), out.dice)
	}
	return out.b, how, varies
}

package drive

import (
	"encoding/binary"
	"fmt"

	"smpcheck/fuzz/program"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// reader takes bytes apart as a relay does, to name the places and to know which bytes
// shape what it makes of them.
type parts struct {
	b    []byte
	off  int
	list []program.Part
	done bool
}

func (p *parts) add(name string, role program.Role, n int) []byte {
	if p.done || n > len(p.b)-p.off {
		p.done = true
		return nil
	}
	p.list = append(p.list, program.Part{Name: name, Role: role, Start: p.off, End: p.off + n})
	p.off += n
	return p.b[p.off-n : p.off]
}

// number adds a length of n bytes and returns it.
func (p *parts) number(name string, n int) int {
	switch b := p.add(name, program.Length, n); {
	case b == nil:
		return 0
	case n == 1:
		return int(b[0])
	default:
		return int(binary.BigEndian.Uint16(b))
	}
}

func (p *parts) short(name string) []byte {
	return p.add(name, program.ID, p.number(name+".length", 1))
}

// rest adds what is left.
func (p *parts) rest() []program.Part {
	p.done = false
	if p.off < len(p.b) {
		p.add("rest", program.Rest, len(p.b)-p.off)
	}
	return p.list
}

// transmissionParts takes a transmission apart.
func transmissionParts(version uint16, b []byte) []program.Part {
	p := &parts{b: b}
	if authorization := p.short("authorization"); len(authorization) > 0 && version >= smp.VersionServices {
		if option := p.add("service.option", program.Choice, 1); option != nil && option[0] == '1' {
			p.short("service")
		}
	}
	if version < smp.VersionAuthenticators {
		p.short("session")
	}
	p.short("correlation")
	p.short("entity")
	if p.done {
		return p.rest()
	}
	return append(p.list, shifted(program.Fields(version, b[p.off:]), p.off)...)
}

func shifted(list []program.Part, by int) []program.Part {
	for i := range list {
		list[i].Start += by
		list[i].End += by
	}
	return list
}

// blockParts takes the length of a content and the content apart.
func blockParts(version uint16, b []byte) []program.Part {
	p := &parts{b: b}
	p.number("block.length", 2)
	n := p.number("block.count", 1)
	for range n {
		size := p.number("block.transmission.length", 2)
		start := p.off
		if p.done || size > len(b)-start {
			break
		}
		p.list = append(p.list, shifted(transmissionParts(version, b[start:start+size]), start)...)
		p.off += size
	}
	return p.rest()
}

// helloParts takes the content of a client's hello apart. Where no key can be read there
// is none.
func helloParts(b []byte) []program.Part {
	p := &parts{b: b}
	version := uint16(0)
	if v := p.add("hello.version", program.Number, 2); v != nil {
		version = binary.BigEndian.Uint16(v)
	}
	p.short("hello.keyHash")
	if version >= smp.VersionAuthenticators && hasKey(b[p.off:]) {
		p.number("hello.key.length", 1)
		p.add("hello.key.prefix", program.Prefix, 12)
		p.add("hello.key", program.Key, 32)
	}
	if version >= smp.VersionProxyFlag {
		p.add("hello.proxy", program.Choice, 1)
	}
	if version >= smp.VersionServices {
		p.add("hello.service.option", program.Choice, 1)
	}
	return p.rest()
}

// hasKey reports whether b starts with an X25519 key and its length.
func hasKey(b []byte) bool {
	if len(b) == 0 || len(b) <= int(b[0]) {
		return false
	}
	key, err := keys.ParsePublic(b[1 : 1+int(b[0])])
	return err == nil && key.Algorithm() == keys.X25519
}

// diceOf marks the bytes that are new in each run.
func diceOf(list []program.Part, n int) []bool {
	dice := make([]bool, n)
	for _, part := range list {
		if part.Role.Differs() {
			for i := part.Start; i < part.End; i++ {
				dice[i] = true
			}
		}
	}
	return dice
}

// shaped reports whether bytes that differ between runs decide how others are read.
func shaped(list []program.Part, dice []bool) bool {
	for _, part := range list {
		if !part.Role.Shapes() {
			continue
		}
		for i := part.Start; i < part.End; i++ {
			if dice[i] {
				return true
			}
		}
	}
	return false
}

// placeOf names the part in which a mutation changes bytes.
func placeOf(list []program.Part, x program.Mutation, n int) string {
	if n == 0 {
		return "nothing"
	}
	at := int(x.Position) % n
	for _, part := range list {
		if part.Start <= at && at < part.End {
			return part.Name
		}
	}
	return fmt.Sprintf("byte %d", at)
}

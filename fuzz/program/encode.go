package program

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Errors of decoding.
var (
	// ErrTruncated: an encoding ends within an operation.
	ErrTruncated = errors.New("the program ends within an operation")
	// ErrRange: a value is none of those that its field has.
	ErrRange = errors.New("value out of range")
	// ErrTooLong: there are more than MaxOps operations.
	ErrTooLong = fmt.Errorf("more than %d operations", MaxOps)
	// ErrLines: the lines of a program in JSON are not those of its code.
	ErrLines = errors.New("the lines are not those of the code")
)

// Sizes of encodings in bytes.
const (
	opSize       = 6
	mutationSize = 7
	maxEncoded   = MaxOps * (opSize + MaxMutations*mutationSize)
)

// Encode returns the encoding of the program. An operation is
//
//	kind, connection and queue and flags (2, 2 and 4 bits from the lowest), entity and
//	signer (4 bits each), argument (2 bytes), number of mutations
//
// and each mutation level, action, field, position and value (2 bytes each). Values that
// are out of range are taken modulo the number of those that there are, and what is too
// much is left out, as by FromBytes.
func (p Program) Encode() []byte {
	ops := p.Ops[:min(len(p.Ops), MaxOps)]
	b := make([]byte, 0, len(ops)*opSize)
	for _, op := range ops {
		op = op.proper()
		b = append(b, byte(op.Kind), op.Conn|op.Queue<<2|byte(op.Flags)<<4, byte(op.Entity)|byte(op.Signer)<<4)
		b = binary.BigEndian.AppendUint16(b, op.Arg)
		b = append(b, byte(len(op.Mutations)))
		for _, m := range op.Mutations {
			b = append(b, byte(m.Level), byte(m.Action), m.Field)
			b = binary.BigEndian.AppendUint16(b, m.Position)
			b = binary.BigEndian.AppendUint16(b, m.Value)
		}
	}
	return b
}

// proper is the operation with all values in range.
func (op Op) proper() Op {
	op.Kind %= Kinds
	op.Conn %= Connections
	op.Queue %= Queues
	op.Flags &= AllFlags
	op.Entity %= Entities
	op.Signer %= Signers
	op.Mutations = slices.Clone(op.Mutations[:min(len(op.Mutations), MaxMutations)])
	for i := range op.Mutations {
		op.Mutations[i] = op.Mutations[i].proper()
	}
	if len(op.Mutations) == 0 {
		op.Mutations = nil
	}
	return op
}

func (m Mutation) proper() Mutation {
	m.Level %= Levels
	m.Action %= actionsAt(m.Level)
	return m
}

// actionsAt is the number of actions at a level.
func actionsAt(l Level) Action {
	if l == Order {
		return OrderActions
	}
	return Actions
}

// Decode returns the program with an encoding. It returns ErrTruncated, ErrRange or
// ErrTooLong for what Encode never returns.
func Decode(b []byte) (Program, error) {
	p, rest := read(b)
	encoded, whole := p.Encode(), b[:len(b)-len(rest)]
	for i := range whole {
		if i >= len(encoded) || encoded[i] != whole[i] {
			return Program{}, fmt.Errorf("%w: 0x%02x at byte %d", ErrRange, b[i], i)
		}
	}
	switch {
	case len(rest) > 0 && len(p.Ops) == MaxOps:
		return Program{}, ErrTooLong
	case len(rest) > 0:
		return Program{}, fmt.Errorf("%w: %d bytes after %d operations", ErrTruncated, len(rest), len(p.Ops))
	default:
		return p, nil
	}
}

// FromBytes returns the program that any bytes stand for: that of Decode if they are an
// encoding. Otherwise values are taken modulo the number of those that there are, zeros
// are read after the end, and what is too much is left out.
func FromBytes(b []byte) Program {
	b = b[:min(len(b), maxEncoded)]
	p, rest := read(b)
	if len(rest) > 0 && len(p.Ops) < MaxOps {
		last, _ := read(append(slices.Clone(rest), make([]byte, opSize+MaxMutations*mutationSize)...))
		p.Ops = append(p.Ops, last.Ops[0])
	}
	return p
}

// read reads the operations that are whole.
func read(b []byte) (p Program, rest []byte) {
	for len(p.Ops) < MaxOps && len(b) >= opSize {
		op := Op{
			Kind: Kind(b[0]), Conn: b[1] & 3, Queue: b[1] >> 2 & 3, Flags: Flags(b[1] >> 4),
			Entity: Entity(b[2] & 15), Signer: Signer(b[2] >> 4), Arg: binary.BigEndian.Uint16(b[3:]),
		}
		n := int(b[5])
		if n > MaxMutations {
			n %= MaxMutations + 1
		}
		if len(b) < opSize+n*mutationSize {
			break
		}
		b = b[opSize:]
		for range n {
			op.Mutations = append(op.Mutations, Mutation{
				Level: Level(b[0]), Action: Action(b[1]), Field: b[2],
				Position: binary.BigEndian.Uint16(b[3:]), Value: binary.BigEndian.Uint16(b[5:]),
			})
			b = b[mutationSize:]
		}
		p.Ops = append(p.Ops, op.proper())
	}
	return p, b
}

// inJSON is a program in JSON.
type inJSON struct {
	// Code is the encoding in base64, Ops its text, a line for each operation.
	Code string   `json:"code"`
	Ops  []string `json:"ops"`
}

// MarshalJSON returns an object with the encoding in base64 as "code", and the text of
// each operation in "ops".
func (p Program) MarshalJSON() ([]byte, error) {
	j := inJSON{Code: base64.StdEncoding.EncodeToString(p.Encode()), Ops: []string{}}
	for _, op := range p.Ops[:min(len(p.Ops), MaxOps)] {
		j.Ops = append(j.Ops, op.String())
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON writes. The lines may be missing; if they are there
// they have to be those of the code, else the error is ErrLines.
func (p *Program) UnmarshalJSON(b []byte) error {
	var j inJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	code, err := base64.StdEncoding.DecodeString(j.Code)
	if err != nil {
		return fmt.Errorf("the code of a program: %w", err)
	}
	read, err := Decode(code)
	if err != nil {
		return err
	}
	for i, line := range j.Ops {
		if len(j.Ops) != len(read.Ops) || read.Ops[i].String() != line {
			return fmt.Errorf("%w: line %d", ErrLines, i+1)
		}
	}
	*p = read
	return nil
}

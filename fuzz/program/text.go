package program

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ErrText: a text is not that of a program.
var ErrText = errors.New("malformed text of a program")

// String is the program as text, a line for each operation; see Op.String.
func (p Program) String() string {
	var b strings.Builder
	for _, op := range p.Ops {
		b.WriteString(op.String() + "\n")
	}
	return b.String()
}

// flagNames are the flags in text, by bit.
var flagNames = [...]string{"hold", "ahead", "often"}

// String is the operation as text: kind, connection, queue, and what is not 0, such as
//
//	SEND c1 q0 arg=100 entity=sender-id signer=stranger hold field[3]:truncate(5,0)
//
// where a mutation is level, field, action, position and value.
func (op Op) String() string {
	op = op.proper()
	words := []string{op.Kind.String(), fmt.Sprintf("c%d", op.Conn), fmt.Sprintf("q%d", op.Queue)}
	if op.Arg != 0 {
		words = append(words, fmt.Sprintf("arg=%d", op.Arg))
	}
	if op.Entity != Own {
		words = append(words, "entity="+op.Entity.String())
	}
	if op.Signer != Right {
		words = append(words, "signer="+op.Signer.String())
	}
	for i, name := range flagNames {
		if op.Flags>>i&1 != 0 {
			words = append(words, name)
		}
	}
	for _, m := range op.Mutations {
		words = append(words, m.String())
	}
	return strings.Join(words, " ")
}

// String is the mutation as text, such as "field[3]:truncate(5,0)".
func (m Mutation) String() string {
	m = m.proper()
	field, fit := m.Field, ""
	if field&Fit != 0 {
		field, fit = field&^Fit, fitWord
	}
	return fmt.Sprintf("%s[%d%s]:%s(%d,%d)", m.Level, field, fit, m.ActionName(), m.Position, m.Value)
}

// Parse reads the text that String writes. Empty lines, and lines that start with #, are
// left out. Every error has ErrText in its chain and names the line.
func Parse(text string) (Program, error) {
	var p Program
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		op, err := parseOp(line)
		if err == nil && len(p.Ops) == MaxOps {
			err = ErrTooLong
		}
		if err != nil {
			return Program{}, fmt.Errorf("%w: line %d: %w", ErrText, i+1, err)
		}
		p.Ops = append(p.Ops, op)
	}
	return p, nil
}

func parseOp(line string) (Op, error) {
	words := strings.Fields(line)
	kind, err := index(kindNames[:], words[0], "operation")
	op := Op{Kind: Kind(kind)}
	for _, word := range words[1:] {
		if err == nil {
			err = op.parseWord(word)
		}
	}
	if err == nil && len(op.Mutations) > MaxMutations {
		err = fmt.Errorf("%d mutations, at most %d", len(op.Mutations), MaxMutations)
	}
	return op, err
}

// parseWord reads one word after the kind.
func (op *Op) parseWord(word string) error {
	if i := slices.Index(flagNames[:], word); i >= 0 {
		op.Flags |= 1 << i
		return nil
	}
	if strings.HasSuffix(word, ")") {
		m, err := parseMutation(word)
		op.Mutations = append(op.Mutations, m)
		return err
	}
	var err error
	name, value, _ := strings.Cut(word, "=")
	switch {
	case name == "arg":
		op.Arg, err = number(value)
	case name == "entity":
		var i int
		i, err = index(entityNames[:], value, name)
		op.Entity = Entity(i)
	case name == "signer":
		var i int
		i, err = index(signerNames[:], value, name)
		op.Signer = Signer(i)
	case len(word) == 2 && word[0] == 'c' && word[1] >= '0' && word[1] < '0'+Connections:
		op.Conn = word[1] - '0'
	case len(word) == 2 && word[0] == 'q' && word[1] >= '0' && word[1] < '0'+Queues:
		op.Queue = word[1] - '0'
	default:
		err = fmt.Errorf("unknown word %q", word)
	}
	return err
}

// fitWord stands for Fit behind the number of a field.
const fitWord = "+fit"

// parseMutation reads LEVEL[FIELD]:ACTION(POSITION,VALUE).
func parseMutation(word string) (Mutation, error) {
	bad := fmt.Errorf("%q is no mutation LEVEL[FIELD]:ACTION(POSITION,VALUE)", word)
	place, rest, ok1 := strings.Cut(word, "]:")
	level, field, ok2 := strings.Cut(place, "[")
	action, rest, ok3 := strings.Cut(strings.TrimSuffix(rest, ")"), "(")
	position, value, ok4 := strings.Cut(rest, ",")
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return Mutation{}, bad
	}
	l, err := ParseLevel(level)
	if err != nil {
		return Mutation{}, err
	}
	names := actionNames[:]
	if l == Order {
		names = orderNames[:]
	}
	a, err := index(names, action, "action")
	if err != nil {
		return Mutation{}, err
	}
	field, fits := strings.CutSuffix(field, fitWord)
	f, err1 := strconv.ParseUint(field, 10, 8)
	if fits {
		f |= Fit
	}
	p, err2 := number(position)
	v, err3 := number(value)
	if err1 != nil || err2 != nil || err3 != nil {
		return Mutation{}, bad
	}
	return Mutation{Level: l, Action: Action(a), Field: byte(f), Position: p, Value: v}, nil
}

func number(text string) (uint16, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%q is no number up to 65535", text)
	}
	return uint16(n), nil
}

func index(names []string, text, what string) (int, error) {
	i := slices.Index(names, text)
	if i < 0 {
		return 0, fmt.Errorf("unknown %s %q", what, text)
	}
	return i, nil
}

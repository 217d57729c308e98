// Package layout encodes commands and responses field by field, independently of the
// reference implementation, and makes malformed ones of them: it knows where each field
// begins and ends, and what may not stand in it.
package layout

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Message is the encoding of a command or response that knows where its fields are.
type Message struct {
	Tag    string
	Fields []Field
	// Doubled is the class with which a second space behind the tag is refused; empty
	// when the space is taken for a part of the first field.
	Doubled string
}

// Field is an encoded field.
type Field struct {
	Name  string
	Value []byte
	// Cut is the class with which bytes are refused that end before or within the field;
	// empty when the field may have any length, and ends the encoding.
	Cut    string
	Faults []Fault
	// prefix is the number of bytes of the field's length; 0 when it has none.
	prefix int
}

// Fault is what a field may have in place of its value, and must not.
type Fault struct {
	Name, What string
	Value      []byte
	Class      string
	Flag       string
}

// Mutation is the encoding with one fault.
type Mutation struct {
	ID, What string
	Encoded  []byte
	Class    string
	Flag     string
}

// Encoded returns the encoding: tag, space and fields.
func (m Message) Encoded() []byte { return m.upTo(len(m.Fields)) }

// upTo returns the encoding with the first n fields.
func (m Message) upTo(n int) []byte {
	b := []byte(m.Tag)
	if len(m.Fields) > 0 {
		b = append(b, ' ')
	}
	for _, f := range m.Fields[:n] {
		b = append(b, f.Value...)
	}
	return b
}

// parameters returns what follows the tag and the space.
func (m Message) parameters() []byte { return bytes.TrimPrefix(m.Encoded(), []byte(m.Tag+" ")) }

// Flags explains the flags of faults that commands and responses share.
var Flags = map[string]string{
	"UnknownTag":        "The first word is no tag. Tags are in capitals, and end at the first space or with the bytes.",
	"NoParameters":      "The tag is there, the parameters are not.",
	"TwoSpaces":         "There is a second space behind a word; it belongs to what follows.",
	"CutBetween":        "The bytes end where a field has to begin.",
	"CutWithin":         "The bytes end within a field.",
	"TrailingBytes":     "Bytes follow the last field.",
	"OtherVersion":      "The bytes are well-formed at another version, and malformed at this one.",
	"LengthBeyondEnd":   "The length of a string is larger than the number of bytes that follow.",
	"WrongKeyAlgorithm": "A key is of an algorithm that its field does not allow.",
	"MalformedKey":      "A key is not the SubjectPublicKeyInfo of one of the four algorithms in DER.",
	"NotBoolean":        "A boolean is neither 'T' nor 'F'.",
	"NotOption":         "What introduces an optional part is neither '0' nor '1'.",
	"NotMode":           "A byte for a mode has none of its values.",
	"NoElements":        "A list that needs an element has none.",
	"MissingElements":   "A list has fewer elements than its count says.",
}

// Mutations returns the encodings with one fault each: in the fields with the names, or
// anywhere if there is no name.
func (m Message) Mutations(names ...string) []Mutation {
	var list []Mutation
	if len(names) == 0 {
		list = m.tagMutations()
	}
	for i, f := range m.Fields {
		if len(names) > 0 && !slices.Contains(names, f.Name) {
			continue
		}
		list = append(list, m.cuts(i)...)
		for _, fault := range m.allFaults(i) {
			encoded := slices.Concat(m.upTo(i), fault.Value, m.Encoded()[len(m.upTo(i+1)):])
			list = append(list, Mutation{f.Name + "-" + fault.Name, f.Name + ": " + fault.What, encoded, fault.Class, fault.Flag})
		}
	}
	return list
}

// tagMutations returns the faults around the tag and at the end.
func (m Message) tagMutations() []Mutation {
	parameters := m.Encoded()[len(m.Tag):]
	with := func(tag string) []byte { return append([]byte(tag), parameters...) }
	list := []Mutation{
		{"tag-lower-case", "tag in lower-case letters", with(strings.ToLower(m.Tag)), "UnknownTag", "UnknownTag"},
		{"tag-longer", "tag with a letter more", with(m.Tag + "X"), "UnknownTag", "UnknownTag"},
		{"tag-first-small", "only the first letter of the tag in lower case", with(strings.ToLower(m.Tag[:1]) + m.Tag[1:]), "UnknownTag", "UnknownTag"},
	}
	if len(m.Fields) == 0 {
		return append(list,
			Mutation{"space", "a space behind the tag, which has no parameters", with(m.Tag + " "), "Trailing", "TrailingBytes"},
			Mutation{"parameter", "a parameter behind the tag, which has none", with(m.Tag + " T"), "Trailing", "TrailingBytes"},
			Mutation{"zero", "a byte 00 behind the tag", with(m.Tag + "\x00"), "UnknownTag", "UnknownTag"})
	}
	list = append(list, Mutation{"no-parameters", "the tag alone", []byte(m.Tag), "MissingParameters", "NoParameters"})
	if !bytes.HasPrefix(m.parameters(), []byte(" ")) { // a length of 32 is a space
		list = append(list, Mutation{"no-space", "no space between tag and parameters", append([]byte(m.Tag), m.parameters()...), "UnknownTag", "UnknownTag"})
	}
	if m.Doubled != "" {
		list = append(list, Mutation{"two-spaces", "two spaces behind the tag", append([]byte(m.Tag+"  "), m.parameters()...), m.Doubled, "TwoSpaces"})
	}
	switch last := m.Fields[len(m.Fields)-1]; last.Cut {
	case "":
	case "Truncated":
		list = append(list, Mutation{"trailing", "a byte 00 behind the last field", append(m.Encoded(), 0), "Trailing", "TrailingBytes"})
	default: // a word
		list = append(list, Mutation{"trailing", "a space behind the last word", append(m.Encoded(), ' '), "Trailing", "TrailingBytes"})
	}
	return list
}

// cuts returns encodings that end before and within a field.
func (m Message) cuts(i int) []Mutation {
	f := m.Fields[i]
	if f.Cut == "" {
		return nil
	}
	before := m.upTo(i)
	list := []Mutation{{"ends-before-" + f.Name, "the bytes end before " + f.Name, before, f.Cut, "CutBetween"}}
	if n := len(f.Value); n > 1 {
		list = append(list, Mutation{"ends-within-" + f.Name, "the bytes end within " + f.Name, append(before, f.Value[:n-1]...), f.Cut, "CutWithin"})
	}
	return list
}

// allFaults returns the faults of a field, and those that depend on what follows it.
func (m Message) allFaults(i int) []Fault {
	f := m.Fields[i]
	beyond := 1<<(8*f.prefix) - 1
	if f.prefix == 0 || len(m.Encoded())-len(m.upTo(i)) > beyond {
		return f.Faults
	}
	length := bytes.Repeat([]byte{255}, f.prefix)
	return append(slices.Clone(f.Faults), Fault{"beyond", fmt.Sprintf("a length of %d, fewer bytes follow", beyond),
		append(length, f.Value[f.prefix:]...), "Truncated", "LengthBeyondEnd"})
}

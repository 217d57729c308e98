package main

import (
	"context"
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"strings"

	"smpcheck/reference/keys"
	"smpcheck/reference/sntrup761"
	"smpcheck/vectors"
	"smpcheck/vectors/codec"
	"smpcheck/vectors/gen/build"
)

// ratchetAnswer returns what the reference codec answers to inputs that it accepts.
func ratchetAnswer(operation string, inputs build.Fields) map[string]json.RawMessage {
	raw := map[string]json.RawMessage{}
	for name, value := range inputs {
		if b, ok := value.([]byte); ok {
			value = vectors.Hex(b)
		}
		raw[name] = ratchetMust(json.Marshal(value))
	}
	return ratchetMust(codec.New().Do(context.Background(), operation, raw))
}

// ratchetBytes returns a field of an answer that holds bytes.
func ratchetBytes(answer map[string]json.RawMessage, field string) []byte {
	var b vectors.Hex
	if err := json.Unmarshal(answer[field], &b); err != nil {
		panic(err)
	}
	return b
}

// ratchetMust returns the value of a call that cannot fail with the inputs of a generator.
func ratchetMust[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// ratchetSorted walks over a map in the order of its names.
func ratchetSorted[T any](m map[string]T) iter.Seq2[string, T] {
	return func(yield func(string, T) bool) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if !yield(name, m[name]) {
				return
			}
		}
	}
}

// ratchetFields returns the fields with others in their place.
func ratchetFields(inputs build.Fields, others build.Fields) build.Fields {
	all := build.Fields{}
	for _, part := range []build.Fields{inputs, others} {
		for name, value := range part {
			all[name] = value
		}
	}
	return all
}

// ratchetX448 returns the X448 key of a name.
func ratchetX448(name string) keys.PrivateKey {
	return ratchetMust(keys.Generate(keys.X448, build.Random(name)))
}

// ratchetKEM returns the KEM key pair of a name.
func ratchetKEM(name string) (public, secret []byte) {
	public, secret, err := sntrup761.GenerateKey(build.Random(name))
	if err != nil {
		panic(err)
	}
	return public, secret
}

// proposedKEM and acceptedKEM are KEM parameters in the form of the vectors.
func proposedKEM(public []byte) any {
	return map[string]any{"public_key": vectors.Hex(public), "ciphertext": nil}
}

func acceptedKEM(public, ciphertext []byte) any {
	return map[string]any{"public_key": vectors.Hex(public), "ciphertext": vectors.Hex(ciphertext)}
}

// ratchetPart is a named part of encoded bytes.
type ratchetPart struct {
	name  string
	bytes []byte
}

// ratchetParts are encoded bytes, part by part.
type ratchetParts []ratchetPart

func (p ratchetParts) bytes() []byte {
	var b []byte
	for _, part := range p {
		b = append(b, part.bytes...)
	}
	return b
}

// with returns the bytes with another value for a part.
func (p ratchetParts) with(name string, value ...byte) []byte {
	at := slices.IndexFunc(p, func(part ratchetPart) bool { return part.name == name })
	if at < 0 {
		panic("no part " + name)
	}
	changed := slices.Clone(p)
	changed[at].bytes = value
	return changed.bytes()
}

// kemParts are encoded KEM parameters; without a ciphertext they propose.
func kemParts(public, ciphertext []byte) ratchetParts {
	parts := ratchetParts{{"option", []byte("1")}, {"KEM tag", []byte("P")}}
	if ciphertext != nil {
		parts[1].bytes = []byte("A")
		parts = append(parts, ratchetPart{"ciphertext length", ratchetWord(len(ciphertext))}, ratchetPart{"ciphertext", ciphertext})
	}
	return append(parts, ratchetPart{"KEM key length", ratchetWord(len(public))}, ratchetPart{"KEM key", public})
}

func ratchetWord(n int) []byte { return []byte{byte(n >> 8), byte(n)} }

// keyParts are a key in DER with its length.
func keyParts(name string, der []byte) ratchetParts {
	return ratchetParts{{name + " length", []byte{byte(len(der))}}, {name, der}}
}

// flippedBit returns bytes with the lowest bit of one of them changed; the last one has
// the number -1.
func flippedBit(b []byte, at int) []byte {
	b = slices.Clone(b)
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 1
	return b
}

// wrongKeys are what can stand in the place of an X448 key in DER and is refused.
func wrongKeys(der []byte) []struct {
	id, what, class, flag string
	bytes                 []byte
} {
	other := func(a keys.Algorithm) []byte {
		return ratchetMust(keys.Generate(a, build.Random("ratchet/other key"))).Public().SPKI()
	}
	return []struct {
		id, what, class, flag string
		bytes                 []byte
	}{
		{"x25519", "an X25519 key", "WrongKeyType", "WrongAlgorithm", other(keys.X25519)},
		{"ed448", "an Ed448 key", "WrongKeyType", "WrongAlgorithm", other(keys.Ed448)},
		{"ed25519", "an Ed25519 key", "WrongKeyType", "WrongAlgorithm", other(keys.Ed25519)},
		{"raw", "a bare key instead of DER", "MalformedKey", "MalformedDER", der[12:]},
		{"short", "DER that lacks its last byte", "MalformedKey", "MalformedDER", der[:len(der)-1]},
		{"long", "DER with a byte behind", "MalformedKey", "MalformedDER", append(slices.Clone(der), 0)},
		{"no-key", "no bytes at all", "MalformedKey", "MalformedDER", nil},
		{"unknown-oid", "an object identifier of no known algorithm", "MalformedKey", "MalformedDER", append(append(slices.Clone(der[:8]), 0x6d), der[9:]...)},
	}
}

// refuseKeys adds a test for each wrong key in a part of encoded bytes.
func refuseKeys(g *build.Group, operation, prefix, field, part string, parts ratchetParts, others build.Fields) {
	for i, p := range parts {
		if p.name != part {
			continue
		}
		for _, wrong := range wrongKeys(p.bytes) {
			changed := slices.Clone(parts)
			changed[i-1].bytes, changed[i].bytes = []byte{byte(len(wrong.bytes))}, wrong.bytes
			g.Invalid(operation, prefix+"-"+wrong.id, part+": "+wrong.what,
				ratchetFields(others, build.Fields{field: changed.bytes()}), wrong.class, wrong.flag)
		}
	}
}

// refuseKEM adds a test for each length of KEM parameters that is wrong by one or zero,
// and for tags that are none.
func refuseKEM(g *build.Group, operation, prefix, field string, parts ratchetParts, others build.Fields) {
	add := func(id, what, class, flag string, b []byte) {
		g.Invalid(operation, prefix+"-"+id, what, ratchetFields(others, build.Fields{field: b}), class, flag)
	}
	add("option", "the byte that introduces an option is '2'", "BadOption", "UnknownTag", parts.with("option", '2'))
	add("tag-R", "KEM parameters with the tag 'R'", "KemTag", "UnknownTag", parts.with("KEM tag", 'R'))
	add("tag-p", "KEM parameters with a small letter as tag", "KemTag", "UnknownTag", parts.with("KEM tag", 'p'))
	for i, p := range parts {
		if p.name != "KEM key" && p.name != "ciphertext" {
			continue
		}
		for id, value := range ratchetSorted(map[string][]byte{"empty": nil, "short": p.bytes[:len(p.bytes)-1], "long": append(slices.Clone(p.bytes), 0)}) {
			changed := slices.Clone(parts)
			changed[i-1].bytes, changed[i].bytes = ratchetWord(len(value)), value
			name := map[string]string{"KEM key": "kem-key", "ciphertext": "ciphertext"}[p.name]
			add(name+"-"+id, p.name+" of another length, everything else fits", "KemLength", "WrongLength", changed.bytes())
		}
	}
}

// refuseEnds adds a test for bytes that end before each part from the first-th on, and
// within each that has more than one byte.
func refuseEnds(g *build.Group, operation, prefix, field, class string, parts ratchetParts, first int, others build.Fields) {
	before := parts[:first].bytes()
	for _, p := range parts[first:] {
		id := prefix + "-" + slug(p.name)
		g.Invalid(operation, id, "ends before: "+p.name,
			ratchetFields(others, build.Fields{field: slices.Clone(before)}), class, "EndsEarly")
		if half := len(p.bytes) / 2; half > 0 {
			g.Invalid(operation, id+"-half", "ends within: "+p.name,
				ratchetFields(others, build.Fields{field: append(slices.Clone(before), p.bytes[:half]...)}), class, "EndsEarly")
		}
		before = append(before, p.bytes...)
	}
}

// slug returns a name as part of an id.
func slug(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), " ", "-")
}

package main

import (
	"fmt"
	"maps"

	"smpcheck/vectors/gen/build"
	"smpcheck/vectors/gen/layout"
)

// smpFile makes vectors of commands or responses. Their bytes are put together field by
// field here; the reference codec has to decode them and to encode them again.
type smpFile struct {
	*build.File
	keys layout.Keys
	what string // "command" or "response"
	seen map[string]bool
}

func newSMPFile(what string, f *build.File) *smpFile {
	for name, text := range layout.Flags {
		f.Flag(name, text)
	}
	return &smpFile{File: f, what: what, seen: map[string]bool{}}
}

// smpGroup is a group of vectors of one tag.
type smpGroup struct {
	*build.Group
	file *smpFile
}

func (f *smpFile) group(name, what string) smpGroup {
	return smpGroup{f.Group(name, what, "decode_"+f.what+"_throughout", "decode_"+f.what, "encode_"+f.what, f.what+"_versions"), f}
}

// valid adds the encoding at all versions of a range.
func (g smpGroup) valid(id, what string, m layout.Message, lowest, highest uint16, flags ...string) {
	g.Valid(id, what, build.Fields{"encoded": m.Encoded(), "range": []uint16{lowest, highest}}, flags...)
}

// faults adds what has to be refused at a version: the encoding with one fault in the
// fields with the names, or everywhere if there are none.
func (g smpGroup) faults(id string, version uint16, m layout.Message, names ...string) {
	for _, mutation := range m.Mutations(names...) {
		g.refused(fmt.Sprintf("%s/v%d/%s", id, version, mutation.ID), mutation.What, version, mutation.Encoded, mutation.Class, mutation.Flag)
	}
}

// refused adds bytes that have to be refused, unless they are there already: different
// faults may lead to the same bytes.
func (g smpGroup) refused(id, what string, version uint16, encoded []byte, class, flag string) {
	key := fmt.Sprintf("%d %x", version, encoded)
	if g.file.seen[key] {
		return
	}
	g.file.seen[key] = true
	g.Invalid("decode_"+g.file.what, id, what, build.Fields{"version": version, "encoded": encoded}, class, flag)
}

// elsewhere adds an encoding that is malformed at other versions than its own, with the
// class at each.
func (g smpGroup) elsewhere(id, what string, m layout.Message, classes map[uint16]string) {
	for version := uint16(6); version <= 20; version++ {
		if class, ok := classes[version]; ok {
			g.refused(fmt.Sprintf("%s/at-v%d", id, version), fmt.Sprintf("%s, received at version %d", what, version),
				version, m.Encoded(), class, "OtherVersion")
		}
	}
}

// unencodable adds a value that cannot be encoded.
func (g smpGroup) unencodable(id, what string, version uint16, value build.Fields, class, flag string) {
	g.Invalid("encode_"+g.file.what, "encode/"+id, what, build.Fields{"version": version, g.file.what: value}, class, flag)
}

// with returns the fields with some in place of others.
func with(value build.Fields, others build.Fields) build.Fields {
	all := maps.Clone(value)
	maps.Copy(all, others)
	return all
}

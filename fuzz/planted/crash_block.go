package planted

import (
	"bytes"
	"encoding/binary"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// crashesOfBlocks are crashes on blocks and transmissions that are not what they should be.
func crashesOfBlocks() []Fault {
	return []Fault{
		{
			ID:    "crash/empty-block",
			Title: "The count of a block is read although the block is empty.",
			Finds: []string{Crash},
			Apply: contents(func(content []byte) { _ = content[0] }),
		},
		{
			ID:    "crash/zero-count",
			Title: "The first transmission of a block is looked at although the block counts none.",
			Finds: []string{Crash},
			Apply: contents(func(content []byte) {
				if len(content) > 0 {
					transmissions := make([][]byte, content[0])
					_ = transmissions[0]
				}
			}),
		},
		{
			ID:    "crash/batch-count",
			Title: "As many lengths of transmissions are read as the block counts, beyond its end too.",
			Finds: []string{Crash},
			Apply: contents(func(content []byte) {
				if len(content) == 0 {
					return
				}
				lengths := trust(content)
				for range lengths.byte() {
					lengths.take(min(lengths.word(), len(lengths)))
				}
			}),
		},
		{
			ID:    "crash/transmission-length",
			Title: "The first transmission of a block is copied with the length that it claims.",
			Finds: []string{Crash},
			Apply: contents(func(content []byte) {
				if len(content) >= smp.BlockHead {
					block := trust(content[1:])
					block.take(block.word())
				}
			}),
		},
		{
			ID:    "crash/signed-length",
			Title: "The length of a transmission is a signed word, so that one of 32768 bytes and more ends before it begins.",
			Finds: []string{Crash},
			Apply: contents(func(content []byte) {
				if len(content) < smp.BlockHead {
					return
				}
				end := smp.BlockHead + int(int16(binary.BigEndian.Uint16(content[1:])))
				if end <= len(content) {
					_ = content[smp.BlockHead:end]
				}
			}),
		},
		{
			ID:    "crash/short-string",
			Title: "The short strings of a transmission are believed to end within it.",
			Finds: []string{Crash},
			Apply: encoded(func(s *relay.Session, item []byte) {
				if len(item) == 0 {
					return
				}
				t := trust(item)
				authorized := len(t.short()) > 0
				if s.Version() >= smp.VersionServices && authorized && t.byte() == '1' {
					t.short()
				}
				if s.Version() < smp.VersionAuthenticators {
					t.short()
				}
				t.short() // correlation id
				t.short() // entity id
			}),
		},
		{
			ID:    "crash/service-signature",
			Title: "Where the signature of a service may stand, whatever is not 0 announces one of 64 bytes.",
			Finds: []string{Crash},
			Apply: encoded(func(s *relay.Session, item []byte) {
				r := wire.NewReader(item)
				if len(r.Short()) == 0 || s.Version() < smp.VersionServices || r.Byte() == '0' {
					return
				}
				signature := r.Short()
				if r.Err() == nil {
					_ = [64]byte(signature)
				}
			}),
		},
		{
			ID:    "crash/unknown-tag",
			Title: "The function for a tag is called although there is none for an unknown one.",
			Finds: []string{Crash},
			Apply: func(c *relay.Config) {
				handlers := make(map[string]func())
				for _, tag := range []string{
					"NEW", "SUB", "SUBS", "KEY", "RKEY", "LSET", "LDEL", "NKEY", "NDEL", "GET", "ACK", "OFF", "DEL", "QUE",
					"SEND", "SKEY", "PING", "LKEY", "LGET", "PRXY", "PFWD", "RFWD", "NSUB", "NSUBS", "RSLV",
				} {
					handlers[tag] = func() {}
				}
				commands(func(command []byte) { handlers[tagOf(command)]() })(c)
			},
		},
		{
			ID:    "crash/long-tag",
			Title: "A tag is copied to a place for eight bytes.",
			Finds: []string{Crash},
			Apply: commands(func(command []byte) {
				var place [8]byte
				for i, c := range []byte(tagOf(command)) {
					place[i] = c
				}
			}),
		},
		{
			ID:    "crash/entity-id",
			Title: "An entity id is copied to a place of 24 bytes, and one of 24 bytes is read from there.",
			Finds: []string{Crash},
			Apply: encoded(func(s *relay.Session, item []byte) {
				t, err := smp.DecodeTransmission(s.Version(), item)
				if err != nil || len(t.EntityID) == 0 || tagOf(t.Command) == "PFWD" {
					return
				}
				place := make([]byte, fault.IDSize)
				copy(place[:len(t.EntityID)], t.EntityID)
				_ = [fault.IDSize]byte(t.EntityID)
			}),
		},
	}
}

// tagOf is what stands before the first space of an encoded command.
func tagOf(command []byte) string {
	tag, _, _ := bytes.Cut(command, []byte(" "))
	return string(tag)
}

package planted

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// The content types of TLS records, from the first to the last, and the longest record of
// TLS 1.3. RFC 8446, sections 5.1 and 5.2.
const (
	firstRecordType = 20
	recordTypes     = 4
	longestRecord   = 1<<14 + 256
)

// crashesOfConnections are crashes on TLS records and hellos.
func crashesOfConnections() []Fault {
	return []Fault{
		{
			ID:    "crash/record-type",
			Title: "The type of a TLS record is an index of a table of the known ones.",
			Finds: []string{Crash},
			Apply: followsRecords(func(kind byte, _ int) {
				counts := make([]int, recordTypes)
				counts[int(kind)-firstRecordType]++
			}, nil),
		},
		{
			ID:    "crash/record-length",
			Title: "A TLS record is read to a place for the longest one, with the length that it claims.",
			Finds: []string{Crash},
			Apply: followsRecords(func(_ byte, length int) {
				place := make([]byte, longestRecord)
				_ = place[:length]
			}, nil),
		},
		{
			ID:    "crash/half-record",
			Title: "A TLS record is taken for complete when the connection ends in the middle of it.",
			Finds: []string{Crash},
			Apply: followsRecords(nil, func(want, got int) {
				record := trust(make([]byte, got))
				record.take(want)
			}),
		},
		{
			ID:    "crash/hello-version",
			Title: "The version in the client's hello is an index of a table of versions.",
			Finds: []string{Crash},
			Apply: hellos(func(content []byte) []byte {
				served := make([]bool, smp.MaxVersion+1)
				r := wire.NewReader(content)
				_ = served[r.Uint16()]
				return content
			}),
		},
		{
			ID:    "crash/hello-key-hash",
			Title: "The key hash in the client's hello is taken for one of 32 bytes, also if it is shorter.",
			Finds: []string{Crash},
			Apply: hellos(func(content []byte) []byte {
				r := wire.NewReader(content)
				r.Uint16()
				hash := r.Short()
				if r.Err() == nil {
					_ = keys.Fingerprint(hash)
				}
				return content
			}),
		},
		{
			ID:    "crash/no-session-key",
			Title: "The client's session key is used from version 7 on, also if its hello has none.",
			Finds: []string{Crash},
			Apply: fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
				if s.Version() >= smp.VersionAuthenticators {
					_ = sessionKey(s).Algorithm()
				}
				return next(s, content)
			}),
		},
	}
}

// sessionKey is the session key of the client, nil if there is none.
func sessionKey(s *relay.Session) *keys.PublicKey {
	key := s.Conn().PeerKey()
	if key.IsZero() {
		return nil
	}
	return &key
}

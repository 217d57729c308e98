package ratchet

import (
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
)

// Header is the plaintext header of a message. PQDR, "Plaintext message header".
type Header struct {
	MaxVersion    uint16         // the highest version that the sender supports
	DH            keys.PublicKey // X448: the sender's ratchet key
	KEM           *KEMParameters // nil: no KEM; from PQVersion on
	PreviousCount uint32         // PN: messages in the sender's previous chain
	Number        uint32         // Ns: of this message in its chain, from 0
}

// Encode returns the header as it is before padding and encryption at an agreed
// version: 79 bytes at version 2; at version 3, 80 without KEM, 1241 when it is
// proposed and 2282 when it is accepted. KEM parameters below PQVersion, a key
// of another algorithm than X448 and wrong sizes are ErrParameters.
func (h Header) Encode(version uint16) ([]byte, error) {
	return encode("message header", func(w *wire.Writer) {
		if err := checkKeys(h.DH); err != nil {
			w.Fail(err)
		}
		if h.KEM != nil && version < PQVersion {
			w.Fail(fmt.Errorf("%w: KEM parameters at version %d", ErrParameters, version))
		}
		w.Uint16(h.MaxVersion)
		w.Short(h.DH.SPKI())
		if version >= PQVersion {
			h.KEM.put(w)
		}
		w.Uint32(h.PreviousCount)
		w.Uint32(h.Number)
	})
}

// DecodeHeader reads what Encode returns; bytes after it are an error.
func DecodeHeader(version uint16, b []byte) (Header, error) {
	return decode("message header", b, func(r *wire.Reader) Header { return readHeader(r, version) })
}

// receiveHeader reads a header as DecodeHeader does, but ignores bytes after its end:
// like the official implementation, so that later versions can add fields within the
// padded size.
func receiveHeader(version uint16, b []byte) (Header, error) {
	return decode("message header", b, func(r *wire.Reader) Header {
		h := readHeader(r, version)
		r.Rest()
		return h
	})
}

func readHeader(r *wire.Reader, version uint16) Header {
	h := Header{MaxVersion: r.Uint16(), DH: readKey(r)}
	if version >= PQVersion {
		h.KEM = readKEMParameters(r)
	}
	h.PreviousCount = r.Uint32()
	h.Number = r.Uint32()
	return h
}

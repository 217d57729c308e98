package upper

import (
	"bytes"

	"github.com/google/gofuzz"

	"smpcheck/fuzz/fill"
	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
)

func x448(c fuzz.Continue) keys.PublicKey { return fill.Key(c, keys.X448) }

// kem returns KEM parameters that propose or, if allowed, accept; or nil.
func kem(c fuzz.Continue, accepted bool) *ratchet.KEMParameters {
	if c.RandBool() {
		return nil
	}
	k := &ratchet.KEMParameters{PublicKey: kemBytes(c, ratchet.KEMPublicKeySize)}
	if accepted && c.RandBool() {
		k.Ciphertext = kemBytes(c, ratchet.KEMCiphertextSize)
	}
	return k
}

// kemBytes returns n bytes of a pattern: a fuzzer has not so many to give.
func kemBytes(c fuzz.Continue, n int) []byte {
	pattern := fill.Bytes(c, 1, 8)
	return bytes.Repeat(pattern, n/len(pattern)+1)[:n]
}

// Offer returns ratchet parameters as links have them; of the KEM only if a version in the
// range has it.
func Offer(c fuzz.Continue) ratchet.Offer {
	o := ratchet.Offer{Versions: versions(c, 2, 4), Key1: x448(c), Key2: x448(c)}
	if o.Versions.Max >= ratchet.PQVersion {
		o.KEM = kem(c, false)
	}
	return o
}

// Parameters returns ratchet parameters at a version, which may accept the KEM.
func Parameters(c fuzz.Continue) ratchet.Parameters {
	p := ratchet.Parameters{Version: versions(c, 2, 4).Max, Key1: x448(c), Key2: x448(c)}
	if p.Version >= ratchet.PQVersion {
		p.KEM = kem(c, true)
	}
	return p
}

// Header returns the header of a ratchet message, which may have the KEM.
func Header(c fuzz.Continue) ratchet.Header {
	return ratchet.Header{MaxVersion: fill.Version(c), DH: x448(c), KEM: kem(c, true), PreviousCount: c.Uint32(), Number: c.Uint32()}
}

// EncryptedMessage returns an encrypted message of any version, with a header of the length
// that one at that version has.
func EncryptedMessage(c fuzz.Continue) ratchet.EncryptedMessage {
	m := ratchet.EncryptedMessage{Header: ratchet.EncryptedHeader{Version: fill.Version(c)}, Body: fill.Bytes(c, 0, 16048)}
	m.Header.Body = fill.Bytes(c, ratchet.HeaderLength, ratchet.HeaderLength)
	if m.Header.Version >= ratchet.PQVersion && c.RandBool() {
		m.Header.Body = kemBytes(c, ratchet.PQHeaderLength)
	}
	c.Read(m.Header.IV[:])
	c.Read(m.Header.Tag[:])
	c.Read(m.Tag[:])
	return m
}

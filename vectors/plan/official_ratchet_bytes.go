package plan

import (
	"encoding/hex"
	"fmt"
	"slices"

	"smpcheck/vectors"
)

// initiatingBytes and joiningBytes are the encoded parameters of both sides, which the
// records of conversations leave out: version, two keys in DER as short strings and, from
// version 3 on, the optional parameters of the KEM.
func (a ratchetAgreement) initiatingBytes() (string, error) {
	kem := ""
	if a.RcvKEM != nil {
		kem = "P" + kemBytes(a.RcvKEM.Public)
	}
	return a.encoded(a.RcvKey1, a.RcvKey2, kem)
}

func (a ratchetAgreement) joiningBytes() (string, error) {
	kem := ""
	switch {
	case a.Ciphertext != nil:
		kem = "A" + kemBytes(*a.Ciphertext) + kemBytes(a.SndKEM.Public)
	case a.SndKEM != nil:
		kem = "P" + kemBytes(a.SndKEM.Public)
	}
	return a.encoded(a.SndKey1, a.SndKey2, kem)
}

func (a ratchetAgreement) encoded(key1, key2 ratchetKey, kem string) (string, error) {
	b := []byte{byte(a.Version >> 8), byte(a.Version)}
	for _, k := range []ratchetKey{key1, key2} {
		der, err := hex.DecodeString(k.PublicDER)
		if err != nil {
			return "", err
		}
		b = append(append(b, byte(len(der))), der...)
	}
	switch {
	case a.Version < 3:
	case kem == "":
		b = append(b, '0')
	default:
		b = append(append(b, '1'), kem...)
	}
	return hex.EncodeToString(b), nil
}

// kemBytes returns the bytes of hexadecimal text with their length in 16 bits before
// them; text that is none gives none.
func kemBytes(text string) string {
	b, err := hex.DecodeString(text)
	if err != nil {
		return ""
	}
	return string([]byte{byte(len(b) >> 8), byte(len(b))}) + string(b)
}

// messageFields takes a message of the ratchet apart: the encrypted header with a length
// (two bytes if the first is below 32), within it version, IV, tag and body with a
// length, then tag and body.
func messageFields(b []byte) (fields, error) {
	var err error
	take := func(n int) []byte {
		if n > len(b) {
			err = fmt.Errorf("the message ends %d bytes too early", n-len(b))
			n = len(b)
		}
		part := b[:n]
		b = b[n:]
		return part
	}
	length := func() int {
		n := number(take(1))
		if n < 32 {
			n = n<<8 | number(take(1))
		}
		return n
	}
	header := take(length())
	tag, body := take(16), b
	b = slices.Clone(header)
	all := fields{
		"version": number(take(2)), "header_iv": vectors.Hex(take(16)), "header_tag": vectors.Hex(take(16)),
		"message_tag": vectors.Hex(tag), "body": vectors.Hex(body),
	}
	all["header_body"] = vectors.Hex(take(length()))
	return all, err
}

// number returns the number that bytes are, most significant first.
func number(b []byte) (n int) {
	for _, digit := range b {
		n = n<<8 | int(digit)
	}
	return n
}

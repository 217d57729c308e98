package session

import (
	"bytes"

	"smpcheck/conformance/fault/internal/meeting"
	"smpcheck/reference/wire"
)

// clientContent changes the content of the client's hello. A block without content is
// left as it is.
func clientContent(change func(content []byte) ([]byte, error)) func([]byte) ([]byte, error) {
	return func(block []byte) ([]byte, error) {
		content, err := wire.Unpad(block)
		if err != nil {
			return block, nil
		}
		if content, err = change(bytes.Clone(content)); err != nil {
			return nil, err
		}
		return meeting.Block(content), nil
	}
}

// clientHello is the hello of a client up to the fields that depend on the version.
type clientHello struct {
	version uint16
	keyHash []byte
	rest    []byte
}

// encode returns the content of the block.
func (h clientHello) encode() ([]byte, error) {
	w := wire.NewWriter(nil)
	w.Uint16(h.version)
	w.Short(h.keyHash)
	content, err := w.Bytes()
	return append(content, h.rest...), err
}

// clientFields changes the fields of the client's hello. One without them is left as it
// is.
func clientFields(change func(*clientHello) error) func([]byte) ([]byte, error) {
	return clientContent(func(content []byte) ([]byte, error) {
		r := wire.NewReader(content)
		h := clientHello{version: r.Uint16(), keyHash: r.Short()}
		if r.Err() != nil {
			return content, nil
		}
		h.rest = r.Rest()
		if err := change(&h); err != nil {
			return nil, err
		}
		return h.encode()
	})
}

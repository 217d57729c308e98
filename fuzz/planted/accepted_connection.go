package planted

import (
	"encoding/binary"
	"io"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/reference/box"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// acceptedConnections are relays that take blocks and hellos which they have to refuse.
func acceptedConnections() []Fault {
	return []Fault{
		{
			ID:    "accepted/forged-block",
			Title: "Blocks are decrypted and their tags are not verified.",
			Finds: []string{Accepted, Violation},
			Apply: opens(func(sealed []byte, nonce *box.Nonce, key *box.Key) ([]byte, error) {
				return unauthenticated(sealed, nonce, key), nil
			}, wire.Unpad),
		},
		{
			ID:    "accepted/block-length",
			Title: "The length of a block's content is not compared with the block, and its transmissions are read all the same.",
			Finds: []string{Accepted, Violation},
			Apply: opens(func(sealed []byte, nonce *box.Nonce, key *box.Key) ([]byte, error) {
				return box.Open(nil, sealed, nonce, key)
			}, func(padded []byte) ([]byte, error) {
				content, err := wire.Unpad(padded)
				if err != nil {
					return counted(padded[2:]), nil
				}
				return content, nil
			}),
		},
		{
			ID:    "accepted/hello-version",
			Title: "A client that chooses a version above those offered is served at the highest one.",
			Finds: []string{Accepted, Violation},
			Apply: hellos(func(content []byte) []byte {
				if r := wire.NewReader(content); r.Uint16() > smp.MaxVersion {
					binary.BigEndian.PutUint16(content, smp.MaxVersion)
				}
				return content
			}),
		},
		{
			ID:    "accepted/hello-key-hash",
			Title: "The key hash in the client's hello is not compared with the identity of the relay.",
			Finds: []string{Accepted, Violation},
			Apply: func(c *relay.Config) {
				own := c.Credentials.Fingerprint()
				hellos(func(content []byte) []byte {
					r := wire.NewReader(content)
					w := wire.NewWriter(nil)
					w.Uint16(r.Uint16())
					r.Short()
					w.Short(own[:])
					w.Raw(r.Rest())
					if changed, err := w.Bytes(); err == nil && r.Err() == nil {
						return changed
					}
					return content
				})(c)
			},
		},
	}
}

// decryption is that of the blocks of one session.
type decryption struct {
	once  sync.Once
	err   error
	chain box.Chain
}

// opens replaces how blocks are decrypted, where they are encrypted, and how their content
// is found. What is an error of these is a block that cannot be taken apart.
func opens(open func(sealed []byte, nonce *box.Nonce, key *box.Key) ([]byte, error), unpad func([]byte) ([]byte, error)) func(*relay.Config) {
	return fault.Remembering(func(sessions *beside[relay.Session, decryption]) func(*relay.Config) {
		return fault.Stages(func(st *relay.Stages) {
			st.Read = func(s *relay.Session) ([]byte, error) {
				padded := make([]byte, transport.BlockSize)
				if _, err := io.ReadFull(s.Conn().NetConn(), padded); err != nil {
					return nil, err
				}
				if s.Conn().Encrypted() {
					d := sessions.of(s)
					d.once.Do(func() { _, d.chain, d.err = box.NewChains(s.Conn().Secret(), s.Conn().SessionID()) })
					key, nonce, err := d.chain.NextKey()
					if d.err != nil || err != nil {
						return nil, transport.ErrNoAuth
					}
					if padded, err = open(padded, &nonce, &key); err != nil {
						return nil, transport.ErrLargeMessage
					}
				}
				content, err := unpad(padded)
				if err != nil {
					return nil, transport.ErrLargeMessage
				}
				return content, nil
			}
		})
	})
}

// unauthenticated decrypts without regard to the tag: what a text of zeros becomes is the
// key stream.
func unauthenticated(sealed []byte, nonce *box.Nonce, key *box.Key) []byte {
	text := make([]byte, len(sealed)-box.Overhead)
	stream := box.Seal(nil, text, nonce, key)
	for i := range text {
		text[i] = sealed[box.Overhead+i] ^ stream[box.Overhead+i]
	}
	return text
}

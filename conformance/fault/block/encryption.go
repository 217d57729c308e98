package block

import (
	"context"
	"errors"
	"net"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/framing"
	"smpcheck/reference/box"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// encryptionFaults are mistakes about the encryption of blocks.
var encryptionFaults = []fault.Fault{
	encryptionFault("chains-swapped",
		"The relay sends with the chain that it has to receive with, as if it were the client.",
		framing.Steps{Agree: func(c *transport.Conn) (sending, receiving *box.Chain, err error) {
			receiving, sending, err = framing.Agreed(c)
			return sending, receiving, err
		}}),
	encryptionFault("chains-not-advanced",
		"All blocks of a direction are encrypted with the first key of its chain.",
		framing.Steps{Step: func(c *box.Chain) (box.Key, box.Nonce, error) {
			first := *c
			return first.NextKey()
		}}),
	encryptionFault("chains-advanced-twice",
		"The first step of a chain is taken when it is made, and so its first key is used by nobody.",
		framing.Steps{Agree: func(c *transport.Conn) (sending, receiving *box.Chain, err error) {
			sending, receiving, err = framing.Agreed(c)
			if err == nil && sending != nil {
				_, _, err = sending.NextKey()
			}
			return sending, receiving, err
		}}),
	encryptionFault("not-encrypted",
		"Blocks are inside TLS in any case, and the relay does not encrypt them once more.",
		framing.Steps{Agree: func(*transport.Conn) (sending, receiving *box.Chain, err error) { return nil, nil, nil }}),
	encryptionFault("one-direction",
		"Only what the relay sends is encrypted, since the client has nothing to hide from itself.",
		framing.Steps{Agree: func(c *transport.Conn) (sending, receiving *box.Chain, err error) {
			sending, _, err = framing.Agreed(c)
			return sending, nil, err
		}}),
	{
		ID:       "block/encryption-demanded",
		Story:    "From version 11 blocks are encrypted, so a client without a key is sent away.",
		Breaks:   []string{"SMP-BLOCK-ENCRYPTION-NO-KEY"},
		Cases:    []string{"relay/block/encryption-without-key"},
		Versions: fault.Since(smp.VersionBlockEncryption),
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Handshake
			st.Handshake = func(ctx context.Context, conn net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
				c, err := next(ctx, conn, config)
				if err == nil && c.Version() >= smp.VersionBlockEncryption && c.PeerKey().IsZero() {
					return nil, errors.Join(errors.New("client without key"), c.Abort())
				}
				return c, err
			}
		}),
	},
	{
		ID:       "block/proxy-encrypted",
		Story:    "Blocks are encrypted whenever there are keys, also for a client that says that it is a proxy.",
		Breaks:   []string{"SMP-BLOCK-ENCRYPTION-PROXY"},
		Cases:    []string{"relay/block/encryption-proxy"},
		Versions: fault.Since(smp.VersionProxyFlag),
		Apply: framing.Steps{Agree: func(c *transport.Conn) (sending, receiving *box.Chain, err error) {
			if c.Proxy() && c.Secret() != nil {
				return framing.Chains(c)
			}
			return framing.Agreed(c)
		}}.Apply,
	},
	{
		ID:       "block/tag-unchecked",
		Story:    "A block is decrypted with the stream cipher alone, and its tag is skipped.",
		Breaks:   []string{"SMP-BLOCK-ENCRYPTION-FORGED"},
		Cases:    []string{"relay/block/encryption-forged"},
		Versions: fault.Since(smp.VersionBlockEncryption),
		Apply: framing.Steps{Open: func(c *framing.Ciphers, block []byte) ([]byte, error) {
			key, nonce, err := c.Receiving.NextKey()
			if err != nil {
				return nil, err
			}
			return unauthenticated(block, &key, &nonce), nil
		}}.Apply,
	},
	{
		ID:       "block/replay-served",
		Story:    "A block that does not decrypt is tried with the key of the one before, as if it had been overtaken.",
		Breaks:   []string{"SMP-BLOCK-ENCRYPTION-REPLAY"},
		Cases:    []string{"relay/block/encryption-replay"},
		Versions: fault.Since(smp.VersionBlockEncryption),
		Apply: framing.Steps{Open: func(c *framing.Ciphers, block []byte) ([]byte, error) {
			key, nonce, err := c.Receiving.NextKey()
			if err != nil {
				return nil, err
			}
			padded, err := box.Open(nil, block, &nonce, &key)
			if err != nil {
				return box.Open(nil, block, &c.Nonce, &c.Key)
			}
			c.Key, c.Nonce = key, nonce
			return padded, nil
		}}.Apply,
	},
	{
		ID:       "block/key-kept",
		Story:    "The key of a block that does not decrypt is kept for the next one.",
		Breaks:   []string{"SMP-BLOCK-ERROR-CONTINUES"},
		Cases:    []string{"relay/block/unreadable-continues"},
		Versions: fault.Since(smp.VersionBlockEncryption),
		Apply: framing.Steps{Open: func(c *framing.Ciphers, block []byte) ([]byte, error) {
			ahead := *c.Receiving
			key, nonce, err := ahead.NextKey()
			if err != nil {
				return nil, err
			}
			padded, err := box.Open(nil, block, &nonce, &key)
			if err == nil {
				*c.Receiving = ahead
			}
			return padded, err
		}}.Apply,
	},
	{
		ID:     "block/error-sticks",
		Story:  "That a block could not be read is kept in the connection, and is what the blocks after it are answered too.",
		Breaks: []string{"SMP-BLOCK-ERROR-CONTINUES"},
		Cases:  []string{"relay/block/unreadable-continues"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next, failed := st.Read, new(fault.PerSession[error])
			st.Read = func(s *relay.Session) ([]byte, error) {
				content, err := next(s)
				kept := failed.Of(s)
				if errors.Is(err, transport.ErrLargeMessage) {
					*kept = err
				}
				return content, errors.Join(*kept, err)
			}
		}),
	},
}

func encryptionFault(id, story string, c framing.Steps) fault.Fault {
	return fault.Fault{
		ID:       "block/" + id,
		Story:    story,
		Breaks:   []string{"SMP-BLOCK-ENCRYPTION"},
		Cases:    []string{"relay/block/encrypted"},
		Versions: fault.Since(smp.VersionBlockEncryption),
		Apply:    c.Apply,
	}
}

// unauthenticated decrypts without regard to the tag: what a text of zeros becomes is the
// key stream.
func unauthenticated(sealed []byte, key *box.Key, nonce *box.Nonce) []byte {
	text := make([]byte, len(sealed)-box.Overhead)
	stream := box.Seal(nil, text, nonce, key)
	for i := range text {
		text[i] = sealed[box.Overhead+i] ^ stream[box.Overhead+i]
	}
	return text
}

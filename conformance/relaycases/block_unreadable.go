package relaycases

import (
	"bytes"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/smp"
)

// SMP, "Error responses": what comes after a block that holds no content at all.
var unreadableCases = []conformance.Case{
	observed(conformance.Case{
		ID:           "relay/block/unreadable-continues",
		Title:        "After ERR BLOCK for a block that cannot be decrypted or unpadded the next ones are served",
		Requirements: []string{"SMP-BLOCK-ERROR-CONTINUES"},
		Run: func(t *T) {
			for _, defect := range unreadableBlocks {
				if t.Version() < defect.since {
					continue
				}
				c := probe.Dial(t)
				c.Ping()
				for range 2 {
					defect.send(c)
					if c.ExpectBlockRefused(defect.what).Closed {
						t.Skip("the relay ends the connection after " + defect.what)
					}
					c.ExpectServed()
					c.ExpectServed()
				}
			}
		},
	}),
}

// unreadableBlocks are blocks without a content, and from which version on they are.
var unreadableBlocks = []struct {
	what  string
	since uint16
	send  func(*probe.Conn)
}{
	{"a block with a length beyond its end", smp.MinVersion, func(c *probe.Conn) {
		c.SendPadded(bytes.Repeat([]byte{0xFF}, c.PaddedSize()))
	}},
	{"an encrypted block with a changed byte", smp.VersionBlockEncryption, func(c *probe.Conn) {
		block := c.Block(c.Content(bare(c, smp.PING{})))
		block[smp.BlockSize-1] ^= 1
		c.SendBlock(block)
	}},
}

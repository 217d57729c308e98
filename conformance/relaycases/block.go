package relaycases

import (
	"bytes"
	"slices"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// SMP, "SMP Transmission and transport block structure".
var blockCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/block/size",
		Title:        "Everything that the relay sends is a block of 16384 bytes with a padded string in it",
		Requirements: []string{"SMP-BLOCK-SIZE", "SMP-BLOCK-PADDED"},
		Run: func(t *T) {
			c := probe.Dial(t)
			for _, b := range variousBlocks(t, c) {
				if _, err := wire.Unpad(b); err != nil {
					t.About("SMP-BLOCK-PADDED")
					t.Fail("a block is a padded string", err.Error())
				}
			}
			t.About("SMP-BLOCK-SIZE")
			c.SendContent(c.Content(bare(c, smp.PING{})))
			content, err := wire.Unpad(c.ExpectPadded())
			if err == nil {
				_, err = smp.DecodeBlock(content)
			}
			if err != nil {
				t.Fail("the next block begins where those before it end", err.Error())
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/block/fill",
		Title:        "The relay fills blocks with number signs",
		Requirements: []string{"SMP-BLOCK-FILL"},
		Run: func(t *T) {
			c := probe.Dial(t, probe.WithoutKey)
			c.Ping()
			for _, b := range variousBlocks(t, c) {
				content, err := wire.Unpad(b)
				if err != nil {
					probe.Blocked(t, "a block is no padded string: %v", err)
				}
				fill := b[2+len(content):]
				if i := slices.IndexFunc(fill, func(c byte) bool { return c != '#' }); i >= 0 {
					t.Failf("all bytes after the content are '#'", "byte %#x after %d bytes of fill", fill[i], i)
				}
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/block/fill-unchecked",
		Title:        "The relay does not look at the fill of a block",
		Requirements: []string{"SMP-BLOCK-FILL-UNCHECKED"},
		Run: func(t *T) {
			c := probe.Dial(t)
			ping := bare(c, smp.PING{})
			padded := t.Rand().Bytes(c.PaddedSize())
			copy(padded, lengthPrefixed(c.Content(ping)))
			c.SendPadded(padded)
			c.Await("PING in a block with random fill", ping).Expect(smp.PONG{})
		},
	}),
	must(conformance.Case{
		ID:           "relay/block/split",
		Title:        "A block that comes in pieces is served",
		Requirements: []string{"SMP-BLOCK-SIZE"},
		Run: func(t *T) {
			c := probe.Dial(t)
			ping := bare(c, smp.PING{})
			rest := c.Block(c.Content(ping))
			for _, n := range []int{1, 1, 30, 1000, 8000} {
				c.SendBlock(rest[:n])
				rest = rest[n:]
			}
			c.SendBlock(rest)
			c.Await("PING in a block sent in pieces", ping).Expect(smp.PONG{})
		},
	}),
	must(conformance.Case{
		ID:           "relay/block/coalesced",
		Title:        "Blocks that come together, also across TLS records, are each served",
		Requirements: []string{"SMP-BLOCK-SIZE"},
		Run: func(t *T) {
			c := probe.Dial(t)
			pings := []smp.Transmission{bare(c, smp.PING{}), bare(c, smp.PING{}), bare(c, smp.PING{})}
			var stream []byte
			for _, ping := range pings {
				stream = append(stream, c.Block(c.Content(ping))...)
			}
			const piece = 12000 // so that TLS records end within blocks
			for part := range slices.Chunk(stream, piece) {
				c.SendBlock(part)
			}
			for _, ping := range pings {
				c.Await("PING in one of three blocks", ping).Expect(smp.PONG{})
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/block/batch",
		Title:        "Each transmission of a block is answered with its correlation id and entity id",
		Requirements: []string{"SMP-BLOCK-BATCH", "SMP-BLOCK-COUNT"},
		Run: func(t *T) {
			c := probe.Dial(t, probe.Unproven)
			for _, pairs := range []int{1, 5} {
				var pings, secures []smp.Transmission
				for range pairs {
					q := c.NewQueue()
					pings = append(pings, bare(c, smp.PING{}))
					secures = append(secures, c.Transmission(q.RecipientID, q.Key, smp.KEY{SenderKey: q.Key.Public()}))
				}
				c.Send(append(pings, secures...)...)
				for i := range pairs {
					c.Await("PING in a batch", pings[i]).Expect(smp.PONG{})
					a := c.Await("KEY in a batch", secures[i]).Expect(smp.OK{})
					if len(a.EntityID) != 0 && !bytes.Equal(a.EntityID, secures[i].EntityID) {
						t.Fail("OK with the entity id of its KEY", "another entity id")
					}
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/block/batch-subscriptions",
		Title:        "A block with 96 subscriptions gets 96 answers and delivers from each queue",
		Requirements: []string{"SMP-BLOCK-BATCH"},
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			owner := probe.Dial(t)
			queues := make([]*probe.Queue, 96)
			for i := range queues {
				queues[i] = owner.NewQueue(probe.OnlyCreate)
			}
			c, sender := probe.Dial(t, probe.Unproven), probe.Dial(t)
			subs := make([]smp.Transmission, len(queues))
			for i, q := range queues {
				subs[i] = c.Transmission(q.RecipientID, q.Key, smp.SUB{})
			}
			c.Send(subs...)
			for _, sub := range subs {
				a := c.Await("SUB in a batch of 96", sub)
				if !isSubscribed(a) {
					t.Fail("SUB in a batch of 96 → OK or SOK", a.String())
				}
				if len(a.EntityID) != 0 && !bytes.Equal(a.EntityID, sub.EntityID) {
					t.Fail("the answer has the entity id of its SUB", "another entity id")
				}
			}
			c.Settle()
			for _, i := range []int{0, 47, 95} {
				body := t.Rand().Bytes(64)
				queues[i].Fill(sender, body)
				queues[i].ExpectMessage(c, body)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/block/batch-255",
		Title:        "A block with 255 transmissions is served",
		Requirements: []string{"SMP-BLOCK-BATCH-255"},
		Versions:     from(smp.VersionAuthenticators), // with session identifiers fewer fit
		Run: func(t *T) {
			c := probe.Dial(t, probe.Unproven)
			pings := make([]smp.Transmission, smp.MaxTransmissions)
			for i := range pings {
				pings[i] = bare(c, smp.PING{})
			}
			c.Ping()
			c.Send(pings...)
			for _, ping := range pings {
				c.Await("PING in a block of 255", ping).Expect(smp.PONG{})
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/block/batch-malformed",
		Title:        "A malformed transmission is answered ERR BLOCK and the others of its block are served",
		Requirements: []string{"SMP-BLOCK-BATCH-MALFORMED"},
		Run: func(t *T) {
			c := probe.Dial(t, probe.Unproven)
			c.Ping()
			first, last := bare(c, smp.PING{}), bare(c, smp.PING{})
			c.SendTransmissions(c.Encode(first), []byte{200, 1, 2, 3}, c.Encode(last))
			c.Await("PING before a malformed transmission", first).Expect(smp.PONG{})
			c.Await("PING after a malformed transmission", last).Expect(smp.PONG{})
			c.AwaitCorrelation("a malformed transmission", nil).ExpectError(smp.ErrBlock)
		},
	}),
	must(conformance.Case{
		ID:           "relay/block/count-zero",
		Title:        "A block with the count 0 is an error",
		Requirements: []string{"SMP-BLOCK-COUNT-ZERO", "SMP-BLOCK-COUNT"},
		Run: func(t *T) {
			probe.Dial(t).ExpectContentRefused([]byte{0}, "a block with the count 0")
			c := probe.Dial(t)
			ping := bare(c, smp.PING{})
			content := c.Content(ping)
			content[0] = 0
			c.ExpectContentRefused(content, "a PING in a block with the count 0")
			c.ExpectUnserved("the block has the count 0", ping)
		},
	}),
	must(conformance.Case{
		ID:           "relay/block/empty",
		Title:        "A block without content is an error",
		Requirements: []string{"SMP-BLOCK-EMPTY"},
		Run: func(t *T) {
			probe.Dial(t).ExpectContentRefused(nil, "a block without content")
		},
	}),
	must(conformance.Case{
		ID:           "relay/block/cut",
		Title:        "A block that ends within a transmission is an error",
		Requirements: []string{"SMP-BLOCK-CUT", "SMP-BLOCK-COUNT"},
		Run: func(t *T) {
			for _, defect := range cutBlocks {
				c := probe.Dial(t)
				c.ExpectContentRefused(defect.content(c.Content(bare(c, smp.PING{}))), defect.what)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/block/trailing",
		Title:        "A block with bytes after its last transmission is an error",
		Requirements: []string{"SMP-BLOCK-TRAILING"},
		Run: func(t *T) {
			for _, extra := range [][]byte{{0}, []byte("#"), {0, 1, 2, 3}} {
				c := probe.Dial(t)
				ping := bare(c, smp.PING{})
				c.ExpectContentRefused(append(c.Content(ping), extra...), "a block with bytes after its last transmission")
				c.ExpectUnserved("the block has bytes after its last transmission", ping)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/block/error-correlation",
		Title:        "ERR BLOCK for a whole block has an empty correlation id and no entity id",
		Requirements: []string{"SMP-BLOCK-ERROR-EMPTY-CORRELATION"},
		Run: func(t *T) {
			for _, defect := range cutBlocks {
				c := probe.Dial(t)
				c.SendContent(defect.content(c.Content(bare(c, smp.PING{}))))
				r, missing := c.AwaitBlockError()
				if missing != "" {
					t.Skip("the relay does not answer " + defect.what + " with ERR BLOCK")
				}
				if len(r.CorrelationID) != 0 || len(r.EntityID) != 0 {
					t.Failf("ERR BLOCK after "+defect.what+" has no ids", "correlation id %x, entity id %x", r.CorrelationID, r.EntityID)
				}
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/block/error-continues",
		Title:        "The session goes on after an incorrect block",
		Requirements: []string{"SMP-BLOCK-ERROR-CONTINUES"},
		Run: func(t *T) {
			c := probe.Dial(t)
			ping := c.Content(bare(c, smp.PING{}))
			for _, content := range [][]byte{nil, {0}, append(slices.Clone(ping), 0)} {
				c.SendContent(content)
				c.ExpectServed()
			}
			for _, defect := range cutBlocks {
				c.SendContent(defect.content(slices.Clone(ping)))
				c.ExpectServed()
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/block/length",
		Title:        "A block whose length points beyond it is never served",
		Requirements: []string{"SMP-BLOCK-LENGTH"},
		Run: func(t *T) {
			size := probe.Dial(t).PaddedSize()
			for _, length := range []int{size - 1, size, 0xFFFF} {
				c := probe.Dial(t)
				ping := bare(c, smp.PING{})
				padded := bytes.Repeat([]byte{'#'}, c.PaddedSize())
				copy(padded, lengthPrefixed(c.Content(ping)))
				padded[0], padded[1] = byte(length>>8), byte(length)
				c.SendPadded(padded)
				c.ExpectBlockRefused("a block with a length beyond its end")
				c.ExpectUnserved("the length of the block points beyond it", ping)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/block/encrypted",
		Title:        "From version 11 blocks are encrypted in both directions, each with its own key",
		Requirements: []string{"SMP-BLOCK-ENCRYPTION"},
		Versions:     from(smp.VersionBlockEncryption),
		Run: func(t *T) {
			c := probe.Dial(t, probe.OnEncryption)
			for range 3 {
				c.ExpectServed()
			}
			c.Send(bare(c, smp.PING{}), bare(c, smp.PING{}))
			c.Send(bare(c, smp.PING{}))
			c.ExpectServed()
		},
	}),
	observed(conformance.Case{
		ID:           "relay/block/encryption-without-key",
		Title:        "A client that sent no key is served with plain blocks",
		Requirements: []string{"SMP-BLOCK-ENCRYPTION-NO-KEY"},
		Versions:     from(smp.VersionBlockEncryption),
		Run: func(t *T) {
			c := probe.Dial(t, probe.WithoutKey, probe.OnEncryption)
			c.ExpectServed()
			c.ExpectServed()
		},
	}),
	must(conformance.Case{
		ID:           "relay/block/encryption-proxy",
		Title:        "A client that says it is a proxy is served with plain blocks",
		Requirements: []string{"SMP-BLOCK-ENCRYPTION-PROXY"},
		Versions:     from(smp.VersionProxyFlag),
		Run: func(t *T) {
			c := probe.Dial(t, probe.AsProxy, probe.OnEncryption)
			c.ExpectServed()
			c.ExpectServed()
		},
	}),
	observed(conformance.Case{
		ID:           "relay/block/encryption-forged",
		Title:        "An encrypted block that was changed on its way is not served",
		Requirements: []string{"SMP-BLOCK-ENCRYPTION-FORGED"},
		Versions:     from(smp.VersionBlockEncryption),
		Run: func(t *T) {
			for _, at := range []int{0, 15, 16, 40, smp.BlockSize - 1} {
				c := probe.Dial(t)
				ping := bare(c, smp.PING{})
				block := c.Block(c.Content(ping))
				block[at] ^= 1
				c.SendBlock(block)
				c.ExpectBlockRefused("an encrypted block with a changed byte")
				c.ExpectUnserved("a byte of the block was changed", ping)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/block/encryption-replay",
		Title:        "An encrypted block that comes again is not served again",
		Requirements: []string{"SMP-BLOCK-ENCRYPTION-REPLAY"},
		Versions:     from(smp.VersionBlockEncryption),
		Run: func(t *T) {
			c := probe.Dial(t)
			ping := bare(c, smp.PING{})
			block := c.Block(c.Content(ping))
			c.SendBlock(block)
			c.Await("PING", ping).Require(smp.PONG{})
			c.SendBlock(block)
			c.ExpectBlockRefused("an encrypted block for the second time")
			if slices.ContainsFunc(c.Waiting(), func(r probe.Received) bool { return bytes.Equal(r.CorrelationID, ping.CorrelationID) }) {
				t.Fail("the repeated block is not served", "PONG")
			}
		},
	}),
}

// cutBlocks change the content of a block with one PING so that it ends within
// a transmission.
var cutBlocks = []struct {
	what    string
	content func(ping []byte) []byte
}{
	{"a block with a count and nothing else", func(ping []byte) []byte { return ping[:1] }},
	{"a block that ends within the length of a transmission", func(ping []byte) []byte { return ping[:2] }},
	{"a block that ends within a transmission", func(ping []byte) []byte { return ping[:len(ping)-1] }},
	{"a block with one transmission and the count 2", func(ping []byte) []byte { return append([]byte{2}, ping[1:]...) }},
}

// bare is a transmission of cmd without authorization and entity id.
func bare(c *probe.Conn, cmd smp.Command) smp.Transmission {
	return c.Transmission(nil, probe.NoKey, cmd)
}

// lengthPrefixed returns content with its word16 length, as a block starts.
func lengthPrefixed(content []byte) []byte {
	return append([]byte{byte(len(content) >> 8), byte(len(content))}, content...)
}

// isSubscribed reports whether a is the answer to a SUB that succeeded with
// nothing to deliver.
func isSubscribed(a probe.Answer) bool {
	switch a.Response.(type) {
	case smp.OK, smp.SOK:
		return true
	}
	return false
}

// variousBlocks returns blocks, decrypted and with their padding, that the relay
// sends on c: answers of several kinds, a batch of them, and a delivery. That
// they follow each other at all shows that they have the size of blocks.
func variousBlocks(t *T, c *probe.Conn) [][]byte {
	create, q := c.NewQueueRequest()
	contents := [][]byte{
		c.Content(bare(c, smp.PING{})),
		c.Content(bare(c, smp.SUB{})),
		c.Content(c.Transmission(nil, q.Key, create)),
		c.Content(bare(c, smp.PING{}), bare(c, smp.PING{}), bare(c, smp.PING{})),
	}
	var blocks [][]byte
	for _, content := range contents {
		c.SendContent(content)
		blocks = append(blocks, c.ExpectPadded())
	}
	subscribed := c.NewQueue()
	subscribed.Fill(probe.Dial(t), t.Rand().Bytes(1000))
	return append(blocks, c.ExpectPadded())
}

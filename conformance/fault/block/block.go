package block

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"slices"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/framing"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// blockFaults are mistakes in blocks and their encryption.
var blockFaults = slices.Concat(blockSizeFaults, batchFaults, mistakenContentFaults, encryptionFaults)

// blockSizeFaults are mistakes about the size and the padding of blocks.
var blockSizeFaults = []fault.Fault{
	{
		ID:     "block/short-batches",
		Story:  "The padding of a block with several transmissions forgets the two bytes of the length.",
		Breaks: []string{"SMP-BLOCK-SIZE"},
		Cases:  []string{"relay/block/size"},
		Apply: framing.Steps{Pad: func(content []byte, size int) ([]byte, error) {
			if len(content) > 0 && content[0] > 1 {
				size -= 2
			}
			return wire.Pad(nil, content, size)
		}}.Apply,
	},
	{
		ID:       "block/unpadded-deliveries",
		Story:    "A message is padded by its sender, so the relay does not pad the block that delivers it.",
		Breaks:   []string{"SMP-BLOCK-SIZE"},
		Cases:    []string{"relay/block/size"},
		Versions: wire.Versions(smp.MinVersion, smp.VersionBlockEncryption-1),
		Apply: framing.Steps{Pad: func(content []byte, size int) ([]byte, error) {
			if framing.IsDelivery(content) {
				size = len(content) + 2
			}
			return wire.Pad(nil, content, size)
		}}.Apply,
	},
	{
		ID:     "block/length-of-block",
		Story:  "The length in front of a message is that of the whole block and not that of the content.",
		Breaks: []string{"SMP-BLOCK-PADDED"},
		Cases:  []string{"relay/block/size"},
		Apply: framing.Steps{Pad: func(content []byte, size int) ([]byte, error) {
			padded, err := wire.Pad(nil, content, size)
			if err == nil && framing.IsDelivery(content) {
				binary.BigEndian.PutUint16(padded, uint16(size))
			}
			return padded, err
		}}.Apply,
	},
	{
		ID:     "block/zero-fill",
		Story:  "Blocks are filled with zeros, as memory is.",
		Breaks: []string{"SMP-BLOCK-FILL"},
		Cases:  []string{"relay/block/fill"},
		Apply:  framing.Steps{Pad: filled(func(fill []byte) { clear(fill) })}.Apply,
	},
	{
		ID:     "block/fill-ends-with-zero",
		Story:  "The fill is made like a C string, with a zero byte at its end.",
		Breaks: []string{"SMP-BLOCK-FILL"},
		Cases:  []string{"relay/block/fill"},
		Apply: framing.Steps{Pad: filled(func(fill []byte) {
			if len(fill) > 0 {
				fill[len(fill)-1] = 0
			}
		})}.Apply,
	},
	{
		ID:     "block/fill-checked",
		Story:  "A block whose fill is not number signs is taken for one that was tampered with.",
		Breaks: []string{"SMP-BLOCK-FILL-UNCHECKED"},
		Cases:  []string{"relay/block/fill-unchecked"},
		Apply: framing.Steps{Unpad: func(padded []byte) ([]byte, error) {
			content, err := wire.Unpad(padded)
			if err == nil && len(bytes.Trim(padded[2+len(content):], "#")) > 0 {
				return nil, transport.ErrLargeMessage
			}
			return content, err
		}}.Apply,
	},
	{
		ID:     "block/first-read-has-length",
		Story:  "The length of a block is taken from the first read, however few bytes that has brought.",
		Breaks: []string{"SMP-BLOCK-SIZE"},
		Cases:  []string{"relay/block/split"},
		Apply: framing.Steps{Read: func(conn net.Conn, block []byte) error {
			n, err := conn.Read(block)
			if err == nil && n < 2 {
				err = framing.ErrShort
			}
			if err == nil {
				_, err = io.ReadFull(conn, block[n:])
			}
			return err
		}}.Apply,
	},
	{
		ID:     "block/read-beyond-dropped",
		Story:  "What was read beyond the end of a block is dropped with the buffer.",
		Breaks: []string{"SMP-BLOCK-SIZE"},
		Cases:  []string{"relay/block/coalesced"},
		Apply: framing.Steps{Read: func(conn net.Conn, block []byte) error {
			buffer := make([]byte, 2*len(block))
			n, err := io.ReadAtLeast(conn, buffer, len(block))
			copy(block, buffer[:n])
			return err
		}}.Apply,
	},
	{
		ID:     "block/length-beyond-cut",
		Story:  "A length that points beyond the block is cut to what there is, and the transmissions are read as far as they are counted.",
		Breaks: []string{"SMP-BLOCK-LENGTH"},
		Cases:  []string{"relay/block/length"},
		Apply: framing.Steps{Unpad: func(padded []byte) ([]byte, error) {
			content, err := wire.Unpad(padded)
			if err != nil {
				content = counted(padded[2:])
			}
			return content, nil
		}}.Apply,
	},
}

// filled pads and lets change look at the fill.
func filled(change func(fill []byte)) func(content []byte, size int) ([]byte, error) {
	return func(content []byte, size int) ([]byte, error) {
		padded, err := wire.Pad(nil, content, size)
		if err == nil {
			change(padded[2+len(content):])
		}
		return padded, err
	}
}

// counted returns the start of a content up to the end of as many transmissions as it
// counts, and everything if they are cut.
func counted(content []byte) []byte {
	if len(content) == 0 {
		return content
	}
	end := 1
	for range content[0] {
		if end+2 > len(content) {
			return content
		}
		end += 2 + int(binary.BigEndian.Uint16(content[end:]))
	}
	return content[:min(end, len(content))]
}

// closesAfter ends sessions after they were sent what last says.
func closesAfter(last func(*relay.Output) bool) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		encode, write := st.Encode, st.Write
		ending := new(fault.PerSession[bool])
		st.Encode = func(s *relay.Session, outs []relay.Output) ([][]byte, error) {
			for i := range outs {
				if last(&outs[i]) {
					*ending.Of(s) = true // Write comes after it on the same goroutine
				}
			}
			return encode(s, outs)
		}
		st.Write = func(s *relay.Session, contents [][]byte) error {
			err := write(s, contents)
			if *ending.Of(s) {
				s.Close()
			}
			return err
		}
	})
}

package main

import (
	"bytes"
	"fmt"
	"math"
	"strings"

	"smpcheck/vectors"
	"smpcheck/vectors/gen/build"
)

// items returns transmissions of the lengths.
func items(lengths ...int) []vectors.Hex {
	list := make([]vectors.Hex, len(lengths))
	for i, n := range lengths {
		list[i] = build.Bytes(fmt.Sprintf("transmission %d", i), n)
	}
	return list
}

func smpBlock() *build.File {
	f := build.New("smp_block", "blocks: their content, batches of transmissions, padding",
		"The content of a block is the number of transmissions (1 to 255) and each with a length of 16 bits.",
		"Real blocks have 16384 bytes; most tests use shorter ones.",
		"A batch fills blocks from the last transmission to the first; a transmission that fits no block becomes an error in its place.")
	f.Flag("CountMismatch", "The number of transmissions in front is not that of the transmissions that follow.")
	f.Flag("NoTransmissions", "A block needs at least one transmission.")
	f.Flag("TooManyTransmissions", "More transmissions than one byte can count.")
	f.Flag("LengthBeyondEnd", "A length points beyond the end.")
	f.Flag("Cut", "The bytes end within a length.")
	f.Flag("NoRoom", "The content does not fit the block.")
	f.Flag("WrongBlockSize", "The block is shorter or longer than all blocks of the connection.")
	f.Flag("FitsNoBlock", "A transmission is too long for any block.")
	f.Flag("OtherPadding", "The bytes after the content are not '#'; they are not checked.")
	f.Flag("RealSize", "A block of 16384 bytes.")
	blockContents(f)
	batches(f)
	paddedBlocks(f)
	return f
}

func blockContents(f *build.File) {
	g := f.Group("content", "the content of a block", "encode_block", "decode_block")
	for _, lengths := range [][]int{{30}, {0}, {30, 40}, {5, 0, 5}, {1, 2, 3}, {255}, {256}} {
		id := strings.Trim(strings.ReplaceAll(fmt.Sprint(lengths), " ", "-"), "[]")
		g.Valid("lengths-"+id, fmt.Sprintf("transmissions of %d bytes", lengths), build.Fields{"transmissions": items(lengths...)})
	}
	g.Valid("255", "as many as one block can have, each of one byte", build.Fields{"transmissions": items(bytesOf(1, 255)...)})
	g.Invalid("encode_block", "none", "no transmissions", build.Fields{"transmissions": items()}, "EmptyBlock", "NoTransmissions")
	g.Invalid("encode_block", "256", "one more than a block can have", build.Fields{"transmissions": items(bytesOf(0, 256)...)}, "BlockFull", "TooManyTransmissions")
	one := []byte{0, 3, 'a', 'b', 'c'}
	refuse := func(id, what string, content []byte, class, flag string) {
		g.Invalid("decode_block", id, what, build.Fields{"content": content}, class, flag)
	}
	refuse("no-bytes", "no bytes", []byte{}, "Truncated", "Cut")
	refuse("count-0", "the number 0", []byte{0}, "EmptyBlock", "NoTransmissions")
	refuse("count-0-and-more", "the number 0 before a transmission", concat([]byte{0}, one), "EmptyBlock", "NoTransmissions")
	refuse("count-alone", "the number 1 and nothing", []byte{1}, "Truncated", "CountMismatch")
	refuse("count-more", "the number 2 before one transmission", concat([]byte{2}, one), "Truncated", "CountMismatch")
	refuse("count-255", "the number 255 before one transmission", concat([]byte{255}, one), "Truncated", "CountMismatch")
	refuse("count-less", "the number 1 before two transmissions", concat([]byte{1}, one, one), "Trailing", "CountMismatch")
	refuse("trailing", "a byte after the transmission", concat([]byte{1}, one, []byte{0}), "Trailing", "CountMismatch")
	refuse("padding", "padding after the transmission", concat([]byte{1}, one, []byte("##")), "Trailing", "CountMismatch")
	refuse("length-cut", "half of a length", []byte{1, 0}, "Truncated", "Cut")
	refuse("second-length-cut", "half of the second length", concat([]byte{2}, one, []byte{0}), "Truncated", "Cut")
	refuse("beyond-by-1", "a length that points one byte beyond the end", []byte{1, 0, 4, 'a', 'b', 'c'}, "Truncated", "LengthBeyondEnd")
	refuse("beyond-by-many", "the length 65535", []byte{1, 0xff, 0xff, 'a', 'b', 'c'}, "Truncated", "LengthBeyondEnd")
	refuse("little-endian", "the length 3 with the least significant byte first", []byte{1, 3, 0, 'a', 'b', 'c'}, "Truncated", "LengthBeyondEnd")
	refuse("second-beyond", "the second length points one byte beyond the end", concat([]byte{2}, one, []byte{0, 4, 'a', 'b', 'c'}), "Truncated", "LengthBeyondEnd")
	refuse("first-too-long", "the first length takes in the second transmission", concat([]byte{2, 0, 8}, one[2:], one), "Truncated", "LengthBeyondEnd")
	refuse("first-too-short", "the first length leaves a byte to the second", concat([]byte{2, 0, 2}, one[2:], one), "Truncated", "LengthBeyondEnd")
	refuse("count-of-2-bytes", "the number in two bytes", concat([]byte{0, 1}, one), "EmptyBlock", "CountMismatch")
	refuse("no-count", "a transmission without number in front", one, "EmptyBlock", "CountMismatch")
	refuse("text-count", "the number as a digit", concat([]byte{'1'}, one), "Truncated", "CountMismatch")
	refuse("no-lengths", "transmissions without lengths", []byte{2, 'a', 'b', 'c', 'd'}, "Truncated", "LengthBeyondEnd")
	refuse("length-of-4-bytes", "the length in four bytes", []byte{1, 0, 0, 0, 3, 'a', 'b', 'c'}, "Trailing", "CountMismatch")
}

// bytesOf returns the length n as often as count says.
func bytesOf(n, count int) []int {
	lengths := make([]int, count)
	for i := range lengths {
		lengths[i] = n
	}
	return lengths
}

func batches(f *build.File) {
	g := f.Group("batch", "transmissions over several blocks", "batch")
	batch := func(id, what string, limit int, lengths []int, flags ...string) {
		g.Valid(id, what, build.Fields{"transmissions": items(lengths...), "limit": limit}, flags...)
	}
	batch("one", "one that fits", 60, []int{20})
	batch("exact", "one that fills the block", 60, []int{57})
	batch("over", "one that is a byte too long", 60, []int{58}, "FitsNoBlock")
	batch("two-exact", "two that fill the block", 60, []int{20, 35})
	batch("two-over", "two that are a byte too long together", 60, []int{20, 36})
	batch("first-alone", "the first block has one, the second two", 60, []int{20, 20, 20})
	batch("from-the-end", "blocks as they are filled from the end", 60, []int{30, 10, 30, 10, 10})
	batch("over-first", "one that does not fit, then two", 60, []int{58, 20, 20}, "FitsNoBlock")
	batch("over-middle", "one that does not fit between two others", 60, []int{20, 58, 20}, "FitsNoBlock")
	batch("over-last", "one that does not fit at the end", 60, []int{20, 20, 58}, "FitsNoBlock")
	batch("over-all", "none fits", 10, []int{20, 20}, "FitsNoBlock")
	batch("empty", "transmissions of no bytes", 6, []int{0, 0, 0})
	batch("255", "as many as a block can have", 2000, bytesOf(0, 255))
	batch("256", "one more: the first block has one", 2000, bytesOf(0, 256))
}

func paddedBlocks(f *build.File) {
	g := f.Group("block", "blocks of connections without block encryption", "seal_plain_block", "open_plain_block")
	for _, size := range []int{2, 16, 64} {
		for _, n := range uniqueInts(0, size-3, size-2) {
			g.Valid(fmt.Sprintf("%d-in-%d", n, size), fmt.Sprintf("content of %d bytes in %d", n, size), build.Fields{"content": build.Bytes("content", n), "block_size": size})
		}
		g.Invalid("seal_plain_block", fmt.Sprintf("no-room-in-%d", size), "content that is one byte too long", build.Fields{"content": build.Bytes("content", size-1), "block_size": size}, "TooLong", "NoRoom")
	}
	g.Valid("real", "a short content in a block of real size", build.Fields{"content": []byte("content"), "block_size": 16384}, "RealSize")
	g.Valid("real-full", "the longest content of a block of real size", build.Fields{"content": bytes.Repeat([]byte("0123456789abcdef"), 1024)[:16382], "block_size": 16384}, "RealSize")
	block := concat([]byte{0, 3}, []byte("abc"), bytes.Repeat([]byte("#"), 11))
	refuse := func(id, what string, block []byte, size int, class, flag string) {
		g.Invalid("open_plain_block", id, what, build.Fields{"block": block, "block_size": size}, class, flag)
	}
	for _, size := range []int{0, 1} {
		g.Invalid("seal_plain_block", fmt.Sprintf("size-%d", size), "no room for the length of the content", build.Fields{"content": []byte{}, "block_size": size}, "TooLong", "NoRoom")
		refuse(fmt.Sprintf("open-size-%d", size), "a block that is too short for a length", make([]byte, size), size, "Truncated", "Cut")
	}
	refuse("short", "the last byte is missing", block[:15], 16, "BlockSize", "WrongBlockSize")
	refuse("long", "a byte more", concat(block, []byte("#")), 16, "BlockSize", "WrongBlockSize")
	refuse("no-bytes", "no bytes", []byte{}, 16, "BlockSize", "WrongBlockSize")
	refuse("two", "two blocks in one", concat(block, block), 16, "BlockSize", "WrongBlockSize")
	refuse("beyond-by-1", "a length that points one byte beyond the end", concat([]byte{0, 15}, block[2:]), 16, "PaddingLength", "LengthBeyondEnd")
	refuse("beyond-by-many", "the length 65535", concat([]byte{0xff, 0xff}, block[2:]), 16, "PaddingLength", "LengthBeyondEnd")
	refuse("little-endian", "the length 3 with the least significant byte first", concat([]byte{3, 0}, block[2:]), 16, "PaddingLength", "LengthBeyondEnd")

	other := f.Group("other-padding", "blocks with other bytes after the content", "open_plain_block")
	for _, fill := range []byte{0, '0', math.MaxUint8} {
		padded := concat(block[:5], bytes.Repeat([]byte{fill}, 11))
		other.Valid(fmt.Sprintf("%02x", fill), fmt.Sprintf("padding of bytes %02x", fill), build.Fields{"block": padded, "block_size": 16}, "OtherPadding")
	}
}

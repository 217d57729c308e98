package main

import (
	"bytes"
	"fmt"

	"smpcheck/vectors"
	"smpcheck/vectors/gen/build"
)

func encoding() *build.File {
	f := build.New("encoding", "the primitive encodings that everything is made of",
		"Numbers stand with the most significant byte first.")
	f.Flag("Truncated", "The bytes end before the value does.")
	f.Flag("Trailing", "A byte follows the value.")
	f.Flag("TooLong", "The value is longer than its length field can say.")
	f.Flag("OtherLetter", "A boolean is neither 'T' nor 'F': numbers and small letters are none.")
	f.Flag("OtherOption", "An option starts with neither '0' nor '1': the numbers 0 and 1 are none.")
	f.Flag("NoItems", "A list that needs an item has none.")
	f.Flag("ReversedRange", "The lowest version is above the highest.")
	numbers(f)
	booleans(f)
	stringsOfBytes(f)
	optionals(f)
	lists(f)
	ranges(f)
	return f
}

// cut adds what every decoder has to refuse: each proper beginning of an encoded value,
// and the value with a byte behind it.
func cut(g *build.Group, operation, name string, value []byte, lengths ...int) {
	for _, n := range lengths {
		g.Invalid(operation, fmt.Sprintf("%s/first-%d", name, n), fmt.Sprintf("the first %d of %d bytes", n, len(value)),
			build.Fields{"encoded": value[:n]}, "Truncated", "Truncated")
	}
	for _, more := range []byte{0, '#', 'T'} {
		g.Invalid(operation, fmt.Sprintf("%s/and-%02x", name, more), fmt.Sprintf("a byte %02x behind the value", more),
			build.Fields{"encoded": append(bytes.Clone(value), more)}, "Trailing", "Trailing")
	}
}

func numbers(f *build.File) {
	g := f.Group("word16", "integers of 16 bits", "encode_word16", "decode_word16")
	for _, v := range []int{0, 1, 127, 128, 255, 256, 258, 32767, 32768, 65534, 65535} {
		g.Valid(fmt.Sprint(v), "a number", build.Fields{"value": v})
	}
	cut(g, "decode_word16", "258", []byte{1, 2}, 0, 1)

	g = f.Group("word32", "integers of 32 bits", "encode_word32", "decode_word32")
	for _, v := range []uint32{0, 1, 255, 256, 65535, 65536, 16909060, 1 << 31, 1<<32 - 1} {
		g.Valid(fmt.Sprint(v), "a number", build.Fields{"value": v})
	}
	cut(g, "decode_word32", "16909060", []byte{1, 2, 3, 4}, 0, 1, 2, 3)

	g = f.Group("int64", "integers of 64 bits with a sign, such as times in seconds", "encode_int64", "decode_int64")
	for _, v := range []string{"0", "1", "-1", "-256", "255", "65536", "4294967295", "4294967296", "1700000000", "-9223372036854775808", "9223372036854775807"} {
		g.Valid(v, "a number", build.Fields{"value": v})
	}
	cut(g, "decode_int64", "1700000000", []byte{0, 0, 0, 0, 0x65, 0x53, 0xf1, 0}, 0, 1, 4, 7)
}

func booleans(f *build.File) {
	g := f.Group("boolean", "booleans", "encode_boolean", "decode_boolean")
	g.Valid("true", "true", build.Fields{"value": true})
	g.Valid("false", "false", build.Fields{"value": false})
	for _, letter := range []byte{0, 1, '0', '1', 't', 'f', 'Y', 0xff} {
		g.Invalid("decode_boolean", fmt.Sprintf("letter-%02x", letter), fmt.Sprintf("the byte %02x is no boolean", letter),
			build.Fields{"encoded": []byte{letter}}, "BadBoolean", "OtherLetter")
	}
	cut(g, "decode_boolean", "true", []byte("T"), 0)
}

func stringsOfBytes(f *build.File) {
	for _, kind := range []struct {
		name, what  string
		prefix, max int // bytes of the length, and the longest value
		lengths     []int
	}{
		{"short_string", "bytes with a length of one byte", 1, 255, []int{0, 1, 2, 32, 127, 128, 254, 255}},
		{"large_string", "bytes with a length of 16 bits", 2, 65535, []int{0, 1, 32, 255, 256, 257, 1000}},
	} {
		encode, decode := "encode_"+kind.name, "decode_"+kind.name
		g := f.Group(kind.name, kind.what, encode, decode)
		for _, n := range kind.lengths {
			g.Valid(fmt.Sprint(n), fmt.Sprintf("%d bytes", n), build.Fields{"value": build.Bytes("string", n)})
		}
		value := []byte{5, 'h', 'e', 'l', 'l', 'o'}
		if kind.prefix == 2 {
			value = append([]byte{0}, value...)
		}
		cut(g, decode, "hello", value, uniqueInts(0, 1, kind.prefix, kind.prefix+1, kind.prefix+4)...)
		if kind.max > 255 {
			continue // what is longer than 65535 bytes would be long in a file, too
		}
		for _, n := range []int{256, 257, 300, 512} {
			g.Invalid(encode, fmt.Sprintf("too-long-%d", n), fmt.Sprintf("%d bytes do not fit a length of one byte", n),
				build.Fields{"value": build.Bytes("string", n)}, "TooLong", "TooLong")
		}
	}
}

func optionals(f *build.File) {
	g := f.Group("optional", "optional values, with a short string as the value", "encode_optional", "decode_optional")
	g.Valid("nothing", "no value", build.Fields{"value": nil})
	for _, n := range []int{0, 1, 24, 255} {
		g.Valid(fmt.Sprintf("%d-bytes", n), fmt.Sprintf("a string of %d bytes", n), build.Fields{"value": build.Bytes("optional", n)})
	}
	for _, letter := range []byte{0, 1, '2', 'T', 'F', ' ', 0xff} {
		g.Invalid("decode_optional", fmt.Sprintf("letter-%02x", letter), fmt.Sprintf("the byte %02x introduces nothing", letter),
			build.Fields{"encoded": []byte{letter, 1, 'a'}}, "BadOption", "OtherOption")
	}
	cut(g, "decode_optional", "abc", []byte("1\x03abc"), 0, 1, 2, 4)
	for _, more := range []byte{0, '0', '1', 1} {
		g.Invalid("decode_optional", fmt.Sprintf("nothing/and-%02x", more), fmt.Sprintf("a byte %02x behind no value", more),
			build.Fields{"encoded": []byte{'0', more}}, "Trailing", "Trailing")
	}
}

func lists(f *build.File) {
	g := f.Group("list", "lists of short strings, with a count of one byte", "encode_list", "decode_list")
	for _, n := range []int{1, 2, 3, 255} {
		items := make([]vectors.Hex, n)
		for i := range items {
			items[i] = build.Bytes(fmt.Sprintf("item %d", i), i%4)
		}
		g.Valid(fmt.Sprintf("%d-items", n), fmt.Sprintf("%d strings of 0 to 3 bytes", n), build.Fields{"values": items})
	}
	g.Invalid("encode_list", "no-items", "no items to encode", build.Fields{"values": []vectors.Hex{}}, "EmptyList", "NoItems")
	g.Invalid("encode_list", "256-items", "256 items do not fit a count of one byte", build.Fields{"values": make([]vectors.Hex, 256)}, "TooLong", "TooLong")
	g.Invalid("decode_list", "count-0", "a count of 0", build.Fields{"encoded": []byte{0}}, "EmptyList", "NoItems")
	cut(g, "decode_list", "two", []byte("\x02\x01a\x02bc"), 0, 1, 2, 3, 4, 5)
}

func ranges(f *build.File) {
	g := f.Group("version_range", "version ranges: lowest and highest version, 16 bits each", "encode_version_range", "decode_version_range")
	for _, r := range [][2]int{{0, 0}, {1, 1}, {6, 20}, {6, 256}, {255, 256}, {0, 65535}, {65535, 65535}} {
		g.Valid(fmt.Sprintf("%d-%d", r[0], r[1]), "a version range", build.Fields{"range": r})
	}
	for _, r := range [][2]int{{1, 0}, {7, 6}, {256, 255}, {65535, 0}} {
		name := fmt.Sprintf("reversed-%d-%d", r[0], r[1])
		g.Invalid("encode_version_range", "encode-"+name, "a range that ends before it starts", build.Fields{"range": r}, "BadVersionRange", "ReversedRange")
		g.Invalid("decode_version_range", name, "a range that ends before it starts",
			build.Fields{"encoded": []byte{byte(r[0] >> 8), byte(r[0]), byte(r[1] >> 8), byte(r[1])}}, "BadVersionRange", "ReversedRange")
	}
	cut(g, "decode_version_range", "6-20", []byte{0, 6, 0, 20}, 0, 1, 2, 3)
}

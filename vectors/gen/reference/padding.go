package main

import (
	"fmt"

	"smpcheck/vectors/gen/build"
)

func padding() *build.File {
	f := build.New("padding", "messages in blocks of a fixed length",
		"The length in front has 16 bits, most significant byte first.")
	f.Flag("NoRoom", "The message is longer than the padded length less the 2 bytes of its own length.")
	f.Flag("NoLength", "Fewer than 2 bytes: there is no length in front.")
	f.Flag("LengthBeyondEnd", "The length in front is larger than the number of bytes that follow.")
	f.Flag("OtherPadding", "The bytes after the message are not '#'. Nobody checks them.")

	pad := f.Group("pad", "padding a message and taking it out again", "pad", "unpad")
	for _, size := range []int{2, 3, 4, 16, 17, 88, 128, 256, 512} {
		for _, length := range uniqueInts(0, (size-2)/2, size-3, size-2) {
			pad.Valid(fmt.Sprintf("%d-in-%d", length, size), fmt.Sprintf("a message of %d bytes in %d", length, size),
				build.Fields{"message": build.Bytes("padding", length), "length": size})
		}
		for _, length := range uniqueInts(size-1, size, size+1) {
			pad.Invalid("pad", fmt.Sprintf("no-room-%d-in-%d", length, size), fmt.Sprintf("a message of %d bytes does not fit %d", length, size),
				build.Fields{"message": build.Bytes("padding", length), "length": size}, "TooLong", "NoRoom")
		}
	}
	for _, size := range []int{0, 1} {
		pad.Invalid("pad", fmt.Sprintf("no-length-%d", size), "no room for the length of the message",
			build.Fields{"message": []byte{}, "length": size}, "TooLong", "NoRoom")
		pad.Invalid("unpad", fmt.Sprintf("no-length-%d-bytes", size), "padded bytes that are too short for a length",
			build.Fields{"padded": make([]byte, size)}, "Truncated", "NoLength")
	}
	for _, size := range []int{2, 3, 16, 128, 300} {
		for _, beyond := range []int{1, 2, 255, 256, 65535 - size + 2} {
			length := size - 2 + beyond
			padded := append([]byte{byte(length >> 8), byte(length)}, build.Bytes("padding", size-2)...)
			pad.Invalid("unpad", fmt.Sprintf("beyond-%d-in-%d", beyond, size), fmt.Sprintf("the length says %d, %d bytes follow", length, size-2),
				build.Fields{"padded": padded}, "PaddingLength", "LengthBeyondEnd")
		}
	}

	other := f.Group("other-padding", "padding that is not '#'", "unpad")
	for _, fill := range []byte{0, 0xff, 'a'} {
		padded := []byte{0, 3, 'a', 'b', 'c', fill, fill, fill, fill}
		other.Valid(fmt.Sprintf("%02x", fill), fmt.Sprintf("padding of bytes %02x", fill), build.Fields{"padded": padded}, "OtherPadding")
	}
	return f
}

// uniqueInts returns the numbers that are not negative, each once, in their order.
func uniqueInts(numbers ...int) []int {
	var unique []int
	seen := map[int]bool{}
	for _, n := range numbers {
		if n >= 0 && !seen[n] {
			unique = append(unique, n)
			seen[n] = true
		}
	}
	return unique
}

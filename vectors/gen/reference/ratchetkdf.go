package main

import (
	"fmt"

	"smpcheck/vectors"
	"smpcheck/vectors/gen/build"
)

func ratchetKDF() *build.File {
	f := build.New("ratchet_kdf", "the three key derivations of the ratchet, step by step",
		"All are HKDF-SHA512 with 96 bytes of output, that is three keys; kdf_prk is the result of Extract, kdf_output that of Expand.",
		"No salt is the empty one, which HKDF takes as 64 zero bytes.")
	f.Flag("WrongLength", "A key, DH result or KEM secret has another length than its place has. DH results are 56 bytes, all others 32.")
	f.Flag("WithKEM", "The secret of the KEM follows the DH results.")

	name := func(group, field string, i int) []byte {
		length := 32
		if field[:2] == "dh" {
			length = 56
		}
		return build.Bytes(fmt.Sprintf("ratchet_kdf/%s/%s/%d", group, field, i), length)
	}
	for _, kdf := range []struct {
		group, what, operation string
		fields                 []string
		count                  int
	}{
		{"x3dh", "the first keys: three DH results", "x3dh_kdf", []string{"dh1", "dh2", "dh3"}, 2},
		{"root", "the keys of a ratchet step: root key and DH result", "ratchet_root_kdf", []string{"root_key", "dh"}, 3},
	} {
		g := f.Group(kdf.group, kdf.what, kdf.operation)
		var inputs build.Fields
		for i := range kdf.count {
			inputs = build.Fields{"kem_shared": nil}
			for _, field := range kdf.fields {
				inputs[field] = name(kdf.group, field, i)
			}
			g.Valid(fmt.Sprintf("%d", i), "without KEM", inputs)
			g.Valid(fmt.Sprintf("%d-kem", i), "with the secret of the KEM",
				ratchetFields(inputs, build.Fields{"kem_shared": vectors.Hex(name(kdf.group, "kem", i))}), "WithKEM")
		}
		for _, field := range append(kdf.fields, "kem_shared") {
			right := name(kdf.group, field, 0)
			for _, length := range []int{0, len(right) - 1, len(right) + 1} {
				g.Invalid(kdf.operation, fmt.Sprintf("%s-%d", field, length), fmt.Sprintf("%s of %d bytes", field, length),
					ratchetFields(inputs, build.Fields{field: resized(right, length)}), "RatchetLength", "WrongLength")
			}
		}
	}

	g := f.Group("chain", "the keys of the messages of one chain, each from the chain key that the one before gave", "ratchet_chain_kdf")
	chain := build.Bytes("ratchet_kdf/chain", 32)
	for i := range 8 {
		g.Valid(fmt.Sprint(i), fmt.Sprintf("message %d of a chain", i), build.Fields{"chain_key": chain})
		chain = ratchetBytes(ratchetAnswer("ratchet_chain_kdf", build.Fields{"chain_key": chain}), "next_chain_key")
	}
	for _, length := range []int{0, 16, 31, 33, 64} {
		g.Invalid("ratchet_chain_kdf", fmt.Sprintf("key-%d", length), fmt.Sprintf("a chain key of %d bytes", length),
			build.Fields{"chain_key": resized(chain, length)}, "RatchetLength", "WrongLength")
	}
	return f
}

package main

import (
	"context"
	"encoding/json"
	"fmt"

	"smpcheck/conformance/codec"
	"smpcheck/reference/keys"
	"smpcheck/vectors"
	"smpcheck/vectors/gen/build"
)

// testPair is a key pair that depends on its name, in DER.
type testPair struct{ private, public []byte }

func newPair(a keys.Algorithm, name string) testPair {
	k, err := keys.Generate(a, build.Random("pair "+name))
	if err != nil {
		panic(fmt.Sprintf("key pair %s: %v", name, err)) // the stream does not end
	}
	return testPair{k.PKCS8(), k.Public().SPKI()}
}

// lowOrder are X25519 keys in DER whose agreement with any key is all zero.
func lowOrder() map[string][]byte {
	order8 := []byte{
		0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
		0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
	}
	points := map[string][]byte{"zero": make([]byte, 32), "one": append([]byte{1}, make([]byte, 31)...), "order-8": order8}
	for name, raw := range points {
		points[name] = append(newPair(keys.X25519, "prefix").public[:12:12], raw...)
	}
	return points
}

// inputsFor returns the fields with some of them replaced: names and values in turn.
func inputsFor(base build.Fields, changes ...any) build.Fields {
	all := build.Fields{}
	for name, value := range base {
		all[name] = value
	}
	for i := 0; i < len(changes); i += 2 {
		all[changes[i].(string)] = changes[i+1]
	}
	return all
}

// answerOf returns a field of the answer that the reference codec gives.
func answerOf(operation, field string, inputs build.Fields) []byte {
	raw := map[string]json.RawMessage{}
	for name, value := range inputs {
		if b, ok := value.([]byte); ok {
			value = vectors.Hex(b)
		}
		text, err := json.Marshal(value)
		if err != nil {
			panic(err) // all values of this program have a JSON form
		}
		raw[name] = text
	}
	answer, err := codec.New().Do(context.Background(), operation, raw)
	var b vectors.Hex
	if err == nil {
		err = json.Unmarshal(answer[field], &b)
	}
	if err != nil {
		panic(fmt.Sprintf("%s of %s: %v", field, operation, err))
	}
	return b
}

// changedBit returns a copy of bytes in which the lowest bit of the byte at a position is
// the other one; from the end if the position is negative.
func changedBit(b []byte, at int) []byte {
	changed := append([]byte{}, b...)
	if at < 0 {
		at += len(b)
	}
	changed[at] ^= 1
	return changed
}

// concat returns the parts one after the other.
func concat(parts ...[]byte) []byte {
	all := []byte{}
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

// shortField returns bytes with their length in one byte before them.
func shortField(b []byte) []byte { return concat([]byte{byte(len(b))}, b) }

// sealedBytes returns a padded crypto_box or secret box of content that need not be well
// formed.
func sealedBytes(secret, nonce, content []byte, length int) []byte {
	return answerOf("seal_padded_secret_box", "box", build.Fields{"secret": secret, "nonce": nonce, "message": content, "length": length})
}

// sealedBare is sealedBytes without padding.
func sealedBare(secret, nonce, content []byte) []byte {
	return answerOf("seal_secret_box", "box", build.Fields{"secret": secret, "nonce": nonce, "message": content})
}

package main

import (
	"context"
	"encoding/json"
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/vectors"
	"smpcheck/vectors/codec"
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

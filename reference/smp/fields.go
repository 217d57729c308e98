package smp

import (
	"errors"
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
)

// Errors of fields. The text around them says what was expected and what came;
// package wire has the errors of lengths and options.
var (
	// ErrUnknownTag: the word before the first space is no command or response.
	ErrUnknownTag = errors.New("unknown tag")
	// ErrNoParameters: a tag that needs parameters is not followed by a space.
	ErrNoParameters = errors.New("no space before the parameters")
	// ErrKeyAlgorithm: a key is of an algorithm that its field does not allow.
	ErrKeyAlgorithm = errors.New("key algorithm not allowed here")
	// ErrEmptyList: a list that must have an element has none.
	ErrEmptyList = errors.New("empty list")
	// ErrMode: a mode byte has none of its values.
	ErrMode = errors.New("unknown mode")
	// ErrFlags: message flags do not start with 'T' or 'F', or do not end in a
	// space.
	ErrFlags = errors.New("malformed message flags")
	// ErrPassword: a relay password has a byte that is not printable, or a
	// space, '@', ':' or '/'.
	ErrPassword = errors.New("character not allowed in a relay password")
	// ErrIDsHash: a hash of queue ids is not 16 bytes.
	ErrIDsHash = errors.New("hash of queue ids is not 16 bytes")
	// ErrJSON: a JSON value is malformed or has another shape than required.
	ErrJSON = errors.New("malformed JSON")
)

// params reads the space between a tag and its parameters.
func params(r *wire.Reader) {
	if !r.Literal(" ") {
		r.Fail(ErrNoParameters)
	}
}

// putAuthKey writes a key that authorizes commands: X25519, Ed25519 or Ed448.
func putAuthKey(w *wire.Writer, k keys.PublicKey) {
	putKey(w, k, authAlgorithm(k.Algorithm()))
}

func readAuthKey(r *wire.Reader) keys.PublicKey {
	return readKey(r, authAlgorithm)
}

func authAlgorithm(a keys.Algorithm) bool { return a == keys.X25519 || a.CanSign() }

// putDHKey writes a key for key agreement: X25519.
func putDHKey(w *wire.Writer, k keys.PublicKey) {
	putKey(w, k, dhAlgorithm(k.Algorithm()))
}

func readDHKey(r *wire.Reader) keys.PublicKey {
	return readKey(r, dhAlgorithm)
}

func dhAlgorithm(a keys.Algorithm) bool { return a == keys.X25519 }

func putKey(w *wire.Writer, k keys.PublicKey, allowed bool) {
	if !allowed {
		w.Fail(fmt.Errorf("%w: %v", ErrKeyAlgorithm, k.Algorithm()))
		return
	}
	w.Short(k.SPKI())
}

func readKey(r *wire.Reader, allowed func(keys.Algorithm) bool) keys.PublicKey {
	der := r.Short()
	if r.Err() != nil {
		return keys.PublicKey{}
	}
	k, err := keys.ParsePublic(der)
	if err == nil && !allowed(k.Algorithm()) {
		err = fmt.Errorf("%w: %v", ErrKeyAlgorithm, k.Algorithm())
	}
	if err != nil {
		r.Fail(err)
		return keys.PublicKey{}
	}
	return k
}

// putOption writes an optional short string; nil is absent, an empty slice is
// not.
func putOption(w *wire.Writer, b []byte) {
	w.Maybe(b != nil)
	if b != nil {
		w.Short(b)
	}
}

func readOption(r *wire.Reader) []byte {
	if !r.Maybe() {
		return nil
	}
	return r.Short()
}

// putFlags writes message flags, of which there is one.
func putFlags(w *wire.Writer, notify bool) {
	w.Bool(notify)
	w.Byte(' ')
}

// readFlags reads message flags and the space after them. Bytes between the
// known flag and the space are flags of later versions and are ignored.
func readFlags(r *wire.Reader) bool {
	notify := r.Bool()
	for {
		switch b, ok := r.Peek(); {
		case !ok:
			r.Fail(fmt.Errorf("%w: no space after them", ErrFlags))
			return false
		case b == ' ':
			r.Byte()
			return notify
		default:
			r.Byte()
		}
	}
}

// readCount reads the length of a list that must not be empty.
func readCount(r *wire.Reader) int {
	n := int(r.Byte())
	if r.Err() == nil && n == 0 {
		r.Fail(ErrEmptyList)
	}
	return n
}

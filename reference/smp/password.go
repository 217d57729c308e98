package smp

import (
	"fmt"
	"io"

	"smpcheck/reference/wire"
)

// Password is what a relay may ask for before it creates queues or forwards
// commands. nil is no password. It never prints its bytes.
type Password []byte

// String hides the password.
func (Password) String() string { return "password" }

// GoString hides the password.
func (Password) GoString() string { return "password" }

// Format hides the password whatever the verb.
func (Password) Format(f fmt.State, _ rune) { io.WriteString(f, "password") }

// putPassword checks the characters of a password and writes it.
func putPassword(w *wire.Writer, p Password) {
	if err := checkPassword(p); err != nil {
		w.Fail(err)
	}
	w.Short(p)
}

func readPassword(r *wire.Reader) Password {
	p := Password(r.Short())
	if err := checkPassword(p); err != nil {
		r.Fail(err)
		return nil
	}
	return p
}

// checkPassword names the position of a character that is not allowed, never
// the password. The official implementation takes bytes as Latin-1 characters
// and allows the printable ones except spaces and the separators of addresses.
func checkPassword(p Password) error {
	for i, c := range p {
		printable := 0x21 <= c && c <= 0x7e || 0xa1 <= c && c != 0xad
		if !printable || c == '@' || c == ':' || c == '/' {
			return fmt.Errorf("%w: byte %d", ErrPassword, i)
		}
	}
	return nil
}

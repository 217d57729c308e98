package main

import (
	"bytes"
	"fmt"

	"smpcheck/reference/smp"
)

// maxPassword is the longest password that the protocol can carry, in bytes.
const maxPassword = 255

// readPassword returns the password of the flags, nil if there is none. Errors
// do not repeat it.
func (o options) readPassword() (smp.Password, error) {
	password := []byte(o.password)
	switch {
	case o.password != "" && o.passwordFile != "":
		return nil, usage("--password and --password-file exclude each other")
	case o.passwordFile != "":
		var err error
		if password, err = secretFrom(o.passwordFile, maxPassword); err != nil {
			return nil, fmt.Errorf("--password-file: %w", err)
		}
	case o.password == "":
		return nil, nil
	}
	if len(password) == 0 || len(password) > maxPassword {
		return nil, usage("password of %d bytes, expected 1 to %d", len(password), maxPassword)
	}
	if i := bytes.IndexFunc(password, notAllowed); i >= 0 {
		return nil, usage("character %d of the password is not allowed: only printable ASCII without space, '@', ':' and '/' is", i+1)
	}
	return password, nil
}

// notAllowed reports whether a character cannot be in the password of a relay
// address. The protocol allows some Latin-1 characters more.
func notAllowed(c rune) bool {
	return c <= ' ' || c > '~' || c == '@' || c == ':' || c == '/'
}

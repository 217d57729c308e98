package target

import (
	"encoding/base64"
	"fmt"
	"strconv"

	"smpcheck/reference/link"
)

// FingerprintSize is the length of the fingerprint in an address: SHA-256, in bytes.
const FingerprintSize = 32

// fingerprint returns the text of a fingerprint as addresses have it.
func fingerprint(b []byte) string { return base64.URLEncoding.EncodeToString(b) }

// ParseAddress reads the address of a relay that can be connected to: besides what
// link.ParseServer wants, the scheme is smp, the fingerprint has FingerprintSize bytes
// and the port is from 1 to 65535. The error holds no password.
func ParseAddress(text string) (link.Server, error) {
	s, err := link.ParseServer(text)
	if err != nil {
		return link.Server{}, fmt.Errorf("%w; expected smp://FINGERPRINT@HOST[:PORT]", err)
	}
	if s.Scheme != link.SMP {
		return link.Server{}, fmt.Errorf("scheme %s in the address, expected smp", s.Scheme)
	}
	if len(s.KeyHash) != FingerprintSize {
		return link.Server{}, fmt.Errorf("the fingerprint in the address has %d bytes, expected %d", len(s.KeyHash), FingerprintSize)
	}
	if s.Port == "" {
		return s, nil
	}
	if port, err := strconv.ParseUint(s.Port, 10, 16); err != nil || port == 0 {
		return link.Server{}, fmt.Errorf("port %s in the address, expected 1 to 65535", s.Port)
	}
	return s, nil
}

// At returns the target that listens at an address.
func At(server link.Server) Target { return remote{server} }

type remote struct{ server link.Server }

func (r remote) Kind() Kind          { return Remote }
func (r remote) Server() link.Server { return r.server }
func (remote) Done() <-chan struct{} { return nil }
func (remote) Obituary() string      { return "" }
func (remote) Close() error          { return nil }

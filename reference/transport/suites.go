package transport

import (
	"crypto/tls"
	_ "unsafe" // for go:linkname
)

// The default cipher suites of TLS 1.3 in crypto/tls, with and without AES
// hardware. crypto/tls has no setting for them and keeps the two names open to
// such links on purpose (golang.org/issue/67401).

//go:linkname defaultCipherSuitesTLS13 crypto/tls.defaultCipherSuitesTLS13
var defaultCipherSuitesTLS13 []uint16

//go:linkname defaultCipherSuitesTLS13NoAES crypto/tls.defaultCipherSuitesTLS13NoAES
var defaultCipherSuitesTLS13NoAES []uint16

// init leaves the one suite that SMP allows. It runs before any connection of
// the program can read the lists.
func init() {
	defaultCipherSuitesTLS13 = []uint16{tls.TLS_CHACHA20_POLY1305_SHA256}
	defaultCipherSuitesTLS13NoAES = []uint16{tls.TLS_CHACHA20_POLY1305_SHA256}
}

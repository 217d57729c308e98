package link

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"smpcheck/reference/wire"
)

// Errors of the parts of texts.
var (
	// ErrBase64: a part is not base64url, is empty, has a "=" too few or too many, or
	// bits set that belong to no byte.
	ErrBase64 = errors.New("not base64url")
	// ErrVersions: a part is not a version or a range of versions.
	ErrVersions = errors.New("malformed version range")
	// ErrPort: a port is not a decimal number.
	ErrPort = errors.New("malformed port")
	// ErrLax: a text is accepted by the official implementation, and therefore by the
	// parsers of this package, but the protocol documents do not provide for it. Only
	// Check returns it.
	ErrLax = errors.New("accepted, but not as the documents have it")
)

// keyHashSize is the length of a real fingerprint: SHA-256.
const keyHashSize = 32

// scanner reads parts of texts. It remembers the first thing that is accepted only
// because the official implementation accepts it.
type scanner struct{ lax error }

func (sc *scanner) note(format string, args ...any) {
	if sc.lax == nil {
		sc.lax = fmt.Errorf("%w: "+format, append([]any{ErrLax}, args...)...)
	}
}

func (sc *scanner) checkKeyHash(hash []byte) {
	if len(hash) != keyHashSize {
		sc.note("fingerprint of %d bytes, expected %d", len(hash), keyHashSize)
	}
}

// span splits s after its longest start whose bytes all satisfy in.
func span(s string, in func(byte) bool) (string, string) {
	for i := range len(s) {
		if !in(s[i]) {
			return s[:i], s[i:]
		}
	}
	return s, ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isBase64(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-' || c == '_'
}

// takeBase64 splits s after the base64url text, with its padding, at its start.
func takeBase64(s string) (string, string) {
	_, rest := span(s, isBase64)
	_, rest = span(rest, func(c byte) bool { return c == '=' })
	return s[:len(s)-len(rest)], rest
}

// parseBase64 decodes the whole of s: at least one byte, padded or not. Its errors do
// not quote s, which may be a secret.
func parseBase64(s string) ([]byte, error) {
	encoding := base64.RawURLEncoding
	if strings.HasSuffix(s, "=") {
		encoding = base64.URLEncoding
	}
	if s == "" || strings.ContainsAny(s, "\r\n") {
		return nil, fmt.Errorf("%w: %d characters", ErrBase64, len(s))
	}
	b, err := encoding.Strict().DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %d characters", ErrBase64, len(s))
	}
	return b, nil
}

// hosts reads a list of at least one host, separated by commas.
func (sc *scanner) hosts(text string) ([]Host, string, error) {
	var hosts []Host
	for {
		host, rest, err := sc.host(text)
		if err != nil {
			return nil, text, err
		}
		hosts = append(hosts, host)
		next, more := strings.CutPrefix(rest, ",")
		if !more {
			return hosts, rest, nil
		}
		text = next
	}
}

// host reads a host from the start of text. Its error does not quote the text, in which keys
// may follow.
func (sc *scanner) host(text string) (Host, string, error) {
	host, rest, err := wire.TakeHost(text)
	if err != nil {
		return Host{}, text, fmt.Errorf("%w: neither a name nor an address", ErrHost)
	}
	if read := text[:len(text)-len(rest)]; host.Kind() == wire.IPv4 && read != host.String() {
		sc.note("IPv4 address %s is taken for %s", read, host)
	}
	return host, rest, nil
}

// port reads ":" and a number, or nothing if text does not start with a colon. The
// number has no leading zeros in the result.
func (sc *scanner) port(text string) (string, string, error) {
	after, ok := strings.CutPrefix(text, ":")
	if !ok {
		return "", text, nil
	}
	digits, rest := span(after, isDigit)
	number, err := strconv.ParseUint(digits, 10, 63)
	if err != nil {
		return "", text, fmt.Errorf("%w: it is not a number", ErrPort)
	}
	port := strconv.FormatUint(number, 10)
	if number == 0 || number > 65535 || port != digits {
		sc.note("port %s", digits)
	}
	return port, rest, nil
}

// word16 is the value of a decimal number, modulo 65536.
func (sc *scanner) word16(digits string) (uint16, bool) {
	n, ok := wire.ParseWord16(digits)
	if ok && strconv.FormatUint(uint64(n), 10) != digits {
		sc.note("number %s is taken for %d", digits, n)
	}
	return n, ok
}

// versions reads the whole of text as "MIN-MAX" or "VERSION".
func (sc *scanner) versions(text string) (wire.VersionRange, error) {
	v, err := wire.ParseVersions(text)
	if errors.Is(err, wire.ErrRange) {
		return wire.VersionRange{}, fmt.Errorf("%w: %w", ErrVersions, err)
	}
	if err != nil { // which quotes the text, and keys may follow
		return wire.VersionRange{}, fmt.Errorf("%w: neither a number nor two and a hyphen", ErrVersions)
	}
	for number := range strings.SplitSeq(text, "-") {
		sc.word16(number)
	}
	return v, nil
}

// Check parses a text of any kind of this package and returns the errors of its parser.
// If the parser accepts it, Check returns an error with ErrLax in its chain for what
// the protocol documents do not provide for: numbers that are taken modulo 65536 or
// 256, ports outside 1 to 65535, fingerprints and link keys of another length than 32
// bytes, parameters that come twice, "%" that introduces no byte, a slash before the
// "#", types of short links in upper case, the key of a queue outside its parameters.
func Check(text string) error {
	var sc scanner
	var err error
	switch {
	case !strings.HasPrefix(text, "simplex:") && !strings.HasPrefix(text, "https:"):
		if strings.Contains(text, "#") {
			_, err = sc.queueURI(text)
		} else {
			_, err = sc.wholeServer(text)
		}
	default:
		_, err = sc.link(text)
	}
	if err != nil {
		return err
	}
	return sc.lax
}

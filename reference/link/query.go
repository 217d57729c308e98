package link

import (
	"errors"
	"fmt"
	"strings"
)

// Errors of query parameters.
var (
	// ErrQuery: the parameters hold a space or a line feed.
	ErrQuery = errors.New("malformed parameters")
	// ErrNoParameter: a parameter that is required is absent.
	ErrNoParameter = errors.New("parameter is missing")
)

// parameter is a name and a value, without percent-encoding.
type parameter struct{ name, value string }

// query is a list of parameters as they come.
type query []parameter

// query reads the whole of text as parameters: "&" or ";" between them, "+" for a
// space, "%" and two hexadecimal digits for any byte. A "%" that is not followed by two
// digits stands for itself, as in the official implementation.
func (sc *scanner) query(text string) (query, error) {
	if i := strings.IndexAny(text, " \n"); i >= 0 {
		return nil, fmt.Errorf("%w: a space or line feed at offset %d", ErrQuery, i)
	}
	text = strings.TrimPrefix(text, "?")
	var q query
	seen := map[string]bool{}
	for _, item := range strings.FieldsFunc(text, func(r rune) bool { return r == '&' || r == ';' }) {
		name, value, _ := strings.Cut(item, "=")
		p := parameter{sc.unescape(name), sc.unescape(value)}
		if seen[p.name] {
			sc.note("a parameter comes twice")
		}
		seen[p.name] = true
		q = append(q, p)
	}
	return q, nil
}

func (sc *scanner) unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b.WriteByte(' ')
		case s[i] != '%':
			b.WriteByte(s[i])
		case i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			b.WriteByte(hexValue(s[i+1])<<4 | hexValue(s[i+2]))
			i += 2
		default:
			sc.note("%% is not followed by two hexadecimal digits")
			b.WriteByte('%')
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func hexValue(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return c&0x0f + 9
}

// get returns the first parameter of a name and whether there is one.
func (q query) get(name string) (string, bool) {
	for _, p := range q {
		if p.name == name {
			return p.value, true
		}
	}
	return "", false
}

func (q query) require(name string) (string, error) {
	value, ok := q.get(name)
	if !ok {
		return "", fmt.Errorf("%w: %q", ErrNoParameter, name)
	}
	return value, nil
}

// escaped returns the text of the parameters with every byte of values other than
// letters, digits and "-_.~" percent-encoded.
func (q query) escaped() string { return q.join(escape) }

// plain returns the text of the parameters with values as they are.
func (q query) plain() string { return q.join(func(s string) string { return s }) }

func (q query) join(encode func(string) string) string {
	items := make([]string, len(q))
	for i, p := range q {
		items[i] = p.name + "=" + encode(p.value)
	}
	return strings.Join(items, "&")
}

func escape(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if isBase64(c) || c == '.' || c == '~' {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', digits[c>>4], digits[c&15]})
	}
	return b.String()
}

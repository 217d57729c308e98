package trace

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// hiddenText stands for the password of the relay in texts.
const hiddenText = "PASSWORD"

// shortestSecret is the length from which on a password is looked for everywhere. A
// shorter one would be found in texts and bytes that have nothing to do with it: of such
// it is the encoded form that is looked for, with the length before it.
const shortestSecret = 4

// mask replaces passwords in b.
func (d *decoder) mask(b []byte) []byte {
	masked := b
	for _, password := range append(d.hidden, []byte(d.secret)) {
		for from := 0; ; {
			at := secretIn(b[from:], password)
			if at < 0 {
				break
			}
			if &masked[0] == &b[0] {
				masked = slices.Clone(b)
			}
			for i := range password {
				masked[from+at+i] = '*'
			}
			from += at + len(password)
		}
	}
	return masked
}

// secretIn is where a password stands in b, -1 if it does not.
func secretIn(b, password []byte) int {
	switch n := len(password); {
	case n == 0:
		return -1
	case n >= shortestSecret:
		return bytes.Index(b, password)
	default:
		at := bytes.Index(b, append([]byte{byte(n)}, password...))
		if at < 0 {
			return -1
		}
		return at + 1
	}
}

// HideText replaces the password of a relay in a text. It leaves passwords of less than
// four characters, which any text may have.
func HideText(text, password string) string {
	if len(password) < shortestSecret {
		return text
	}
	quoted := strings.Trim(strconv.Quote(password), `"`)
	return strings.NewReplacer(password, hiddenText, quoted, hiddenText).Replace(text)
}

// clean takes the password of the relay out of all texts, and bytes that are not UTF-8.
func (d *decoder) clean(t *Trace) {
	for i := range t.Events {
		d.cleanLayer(&t.Events[i].Layer)
	}
}

func (d *decoder) cleanLayer(l *Layer) {
	l.Summary, l.Error = d.cleanText(l.Summary), d.cleanText(l.Error)
	for i := range l.Fields {
		l.Fields[i].Value = d.cleanText(l.Fields[i].Value)
	}
	for i := range l.Layers {
		d.cleanLayer(&l.Layers[i])
	}
}

func (d *decoder) cleanText(text string) string {
	return HideText(strings.ToValidUTF8(text, "\uFFFD"), d.secret)
}

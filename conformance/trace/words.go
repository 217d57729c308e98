package trace

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// shownID is how many bytes of ids and fingerprints are shown.
const shownID = 4

// short shows the start of an id.
func short(id []byte) string {
	switch {
	case len(id) == 0:
		return "none"
	case len(id) <= shownID:
		return hex.EncodeToString(id)
	}
	return hex.EncodeToString(id[:shownID]) + "…"
}

// size is a number of bytes in words.
func size(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return grouped(n) + " bytes"
}

// grouped is a number with a comma before every three digits.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// keyName is the algorithm of a key and the start of the SHA-256 of its encoding.
func keyName(k keys.PublicKey) string {
	if k.IsZero() {
		return "none"
	}
	fingerprint := sha256.Sum256(k.SPKI())
	return fmt.Sprintf("%v key %s", k.Algorithm(), short(fingerprint[:]))
}

// chainName describes certificates in DER, leaf first.
func chainName(chain [][]byte) string {
	if len(chain) == 0 {
		return "none"
	}
	leaf, last := keys.FingerprintOf(chain[0]), keys.FingerprintOf(chain[len(chain)-1])
	if len(chain) == 1 {
		return "1, fingerprint " + short(leaf[:])
	}
	return fmt.Sprintf("%d, fingerprints from %s to %s", len(chain), short(leaf[:]), short(last[:]))
}

// signedKeyName names the key inside a signed one.
func signedKeyName(der []byte) string {
	if len(der) == 0 {
		return "none"
	}
	signed, err := keys.ParseSignedKey(der)
	if err != nil {
		return size(len(der)) + ", which is no signed key: " + err.Error()
	}
	key, err := signed.PublicKey()
	if err != nil {
		return err.Error()
	}
	return keyName(key)
}

// moment is a time in seconds since 1970.
func moment(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }

// fields describes the parts of a command, response or content by the names that they
// have in Go.
func (d *decoder) fields(v any) []Field {
	return d.structFields("", reflect.ValueOf(v))
}

func (d *decoder) structFields(prefix string, v reflect.Value) []Field {
	var fields []Field
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := strings.TrimSpace(prefix + " " + words(f.Name))
		if f.Anonymous {
			name = prefix
		}
		fields = append(fields, d.valueFields(name, f.Name, v.Field(i))...)
	}
	return fields
}

// valueFields describes one value; what has parts is described by them.
func (d *decoder) valueFields(name, goName string, v reflect.Value) []Field {
	if text, ok := d.text(goName, v.Interface()); ok {
		return []Field{{name, text}}
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return []Field{{name, "none"}}
		}
		return d.valueFields(name, goName, v.Elem())
	case reflect.Struct:
		return d.structFields(name, v)
	case reflect.Slice:
		fields := []Field{{name, strconv.Itoa(v.Len())}}
		for i := range v.Len() {
			fields = append(fields, d.valueFields(fmt.Sprintf("%s %d", name, i+1), goName, v.Index(i))...)
		}
		return fields
	}
	return []Field{{name, fmt.Sprint(v.Interface())}}
}

// text describes a value that is shown as one; goName tells ids and signed keys from
// other bytes.
func (d *decoder) text(goName string, v any) (string, bool) {
	switch v := v.(type) {
	case keys.PublicKey:
		return keyName(v), true
	case smp.Password:
		return d.password(v), true
	case box.Nonce:
		return short(v[:]), true
	case smp.IDsHash:
		return short(v[:]), true
	case *smp.Error:
		return v.Error(), true
	case [][]byte:
		return chainName(v), true
	case time.Time:
		return v.Format(time.RFC3339), true
	case fmt.Stringer:
		return v.String(), true
	case bool:
		return yes(v), true
	case string:
		return strconv.Quote(v), true
	case int64:
		if goName == "Timestamp" {
			return moment(v), true
		}
	case []byte:
		return d.bytesText(goName, v), true
	}
	return "", false
}

func (d *decoder) bytesText(goName string, b []byte) string {
	switch {
	case goName == "SignedKey":
		return signedKeyName(b)
	case strings.HasSuffix(goName, "ID") || goName == "KeyHash":
		return d.name(b)
	}
	return size(len(b))
}

// password hides a password and says how long it is.
func (d *decoder) password(p smp.Password) string {
	if p == nil {
		return "none"
	}
	d.hidden = append(d.hidden, p)
	return size(len(p))
}

// wordOf are the words for names, and parts of names, that are none.
var wordOf = map[string]string{"IDsHash": "hash of ids", "ID": "id", "err": "error", "msg": "message", "auth": "authorization"}

// words splits a Go name: "ServerDHKey" is "server DH key".
func words(name string) string {
	if word := wordOf[name]; word != "" {
		return word
	}
	var parts []string
	runes := []rune(name)
	start := 0
	for i := 1; i <= len(runes); i++ {
		if i < len(runes) && !boundary(runes, i) {
			continue
		}
		part := string(runes[start:i])
		if i-start == 1 || !unicode.IsUpper(runes[i-1]) {
			part = strings.ToLower(part)
		}
		if word := wordOf[part]; word != "" {
			part = word
		}
		parts = append(parts, part)
		start = i
	}
	return strings.Join(parts, " ")
}

// boundary reports whether a word begins at i.
func boundary(runes []rune, i int) bool {
	if !unicode.IsUpper(runes[i]) {
		return false
	}
	return !unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && !unicode.IsUpper(runes[i+1])
}

package smp

import (
	"errors"
	"fmt"
	"strings"

	"smpcheck/reference/wire"
)

// ErrName: a name is not labels of ASCII letters, digits and single inner
// hyphens, at least two, joined by dots, or is too long.
var ErrName = errors.New("malformed name")

// Errors of name records.
var (
	// ErrNameText: a text or an address in a name record is longer than
	// MaxRecordText.
	ErrNameText = errors.New("text in a name record is too long")
	// ErrNameAccount: owner or resolver of a name record is not "0x" and 40
	// lower-case hexadecimal digits.
	ErrNameAccount = errors.New("not 0x and 40 lower-case hexadecimal digits")
)

// Limits of names and of the texts in name records, in bytes.
const (
	MaxNameLength  = 253
	MaxLabelLength = 63
	MaxRecordText  = 255
)

// RSLV resolves a public name, from version 20. It has neither authorization
// nor entity id and is answered with RNAME or ERR NAME. SMP, "Resolve name
// command".
type RSLV struct {
	// Domain is a fully qualified name such as "privacy.simplex". It is
	// encoded and decoded in lower case.
	Domain string
}

// RNAME answers RSLV. SMP, "Name record response".
type RNAME struct{ Record NameRecord }

// NameRecord is what a name stands for. Encoding and decoding check the lengths
// and forms that the document gives for its fields, which the official
// implementation leaves to the resolver; what links look like is not checked.
type NameRecord struct {
	// Name, and all texts and addresses below, have at most MaxRecordText
	// bytes.
	Name string `json:"name"`
	// Nickname, Website and Location are empty when unset.
	Nickname string `json:"nickname"`
	Website  string `json:"website"`
	Location string `json:"location"`
	// SimplexContact and SimplexChannel are links, the primary one first.
	SimplexContact []string `json:"simplexContact"`
	SimplexChannel []string `json:"simplexChannel"`
	// Addresses in other networks; nil when unset.
	ETH *string `json:"eth"`
	BTC *string `json:"btc"`
	XMR *string `json:"xmr"`
	DOT *string `json:"dot"`
	// Owner and Resolver are "0x" and 40 lower-case hexadecimal digits.
	Owner    string `json:"owner"`
	Resolver string `json:"resolver"`
}

// Tag returns "RSLV".
func (RSLV) Tag() string { return "RSLV" }

// Tag returns "RNAME".
func (RNAME) Tag() string { return "RNAME" }

func (c RSLV) put(w *wire.Writer, _ uint16) {
	w.Byte(' ')
	name, err := CanonicalName(c.Domain)
	if err != nil {
		w.Fail(err)
	}
	w.String(name)
}

// readRSLV reads a name up to the first white space. The official
// implementation ignores what follows, to allow extension.
func readRSLV(r *wire.Reader) RSLV {
	params(r)
	b := string(r.Rest())
	if r.Err() != nil {
		return RSLV{}
	}
	if i := strings.IndexAny(b, " \t\n\v\f\r"); i >= 0 {
		b = b[:i]
	}
	name, err := CanonicalName(b)
	if err != nil {
		r.Fail(err)
	}
	return RSLV{Domain: name}
}

// CanonicalName checks a name and returns it in lower case, or ErrName, which
// does not repeat the name, since that tells what a user looks for. A relay
// answers CMD SYNTAX to a malformed name in the official implementation, while
// the document has NAME NOT_FOUND for it.
func CanonicalName(name string) (string, error) {
	if len(name) > MaxNameLength {
		return "", fmt.Errorf("%w: %d bytes, at most %d", ErrName, len(name), MaxNameLength)
	}
	labels := strings.Split(name, ".")
	if len(labels) < 2 {
		return "", fmt.Errorf("%w: no top-level domain", ErrName)
	}
	for i, label := range labels {
		if !validLabel(label) {
			return "", fmt.Errorf("%w: label %d of %d", ErrName, i+1, len(labels))
		}
	}
	return strings.ToLower(name), nil
}

func validLabel(label string) bool {
	if label == "" || len(label) > MaxLabelLength {
		return false
	}
	for _, part := range strings.Split(label, "-") {
		if part == "" {
			return false
		}
		for _, c := range []byte(part) {
			if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9') {
				return false
			}
		}
	}
	return true
}

func (c RNAME) put(w *wire.Writer, _ uint16) {
	w.Byte(' ')
	record := c.Record
	record.SimplexContact = present(record.SimplexContact)
	record.SimplexChannel = present(record.SimplexChannel)
	if err := record.check(); err != nil {
		w.Fail(err)
	}
	putJSON(w, record)
}

// check returns ErrNameText or ErrNameAccount if a field has not the length or
// form of the document.
func (n NameRecord) check() error {
	for _, f := range []struct {
		name string
		text *string
	}{{"name", &n.Name}, {"nickname", &n.Nickname}, {"website", &n.Website}, {"location", &n.Location},
		{"eth", n.ETH}, {"btc", n.BTC}, {"xmr", n.XMR}, {"dot", n.DOT}} {
		if f.text == nil {
			continue
		}
		// What is no UTF-8 becomes longer when JSON replaces it.
		if size := len(string([]rune(*f.text))); size > MaxRecordText {
			return fmt.Errorf("%w: %s has %d bytes, at most %d", ErrNameText, f.name, size, MaxRecordText)
		}
	}
	for _, f := range []struct{ name, account string }{{"owner", n.Owner}, {"resolver", n.Resolver}} {
		if !validAccount(f.account) {
			return fmt.Errorf("%w: %s of %d bytes", ErrNameAccount, f.name, len(f.account))
		}
	}
	return nil
}

// validAccount reports whether s is the address of an account or contract.
func validAccount(s string) bool {
	digits, ok := strings.CutPrefix(s, "0x")
	return ok && len(digits) == 40 && strings.Trim(digits, "0123456789abcdef") == ""
}

// present makes nil an empty list, which JSON shows as such.
func present(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func readRNAME(r *wire.Reader) RNAME {
	params(r)
	return RNAME{Record: readNameRecord(r)}
}

// ParseNameRecord reads a name record in JSON, as it stands in RNAME and as a
// resolver gives it to a relay. Fields that the document does not name are
// ignored. SMP, "Name record response".
func ParseNameRecord(b []byte) (NameRecord, error) {
	r := wire.NewReader(b)
	n := readNameRecord(r)
	if err := r.Close(); err != nil {
		return NameRecord{}, fmt.Errorf("name record: %w", err)
	}
	return n, nil
}

func readNameRecord(r *wire.Reader) NameRecord {
	var n NameRecord
	o := readObject(r)
	o.require("name", "a string", &n.Name)
	o.require("nickname", "a string", &n.Nickname)
	o.require("website", "a string", &n.Website)
	o.require("location", "a string", &n.Location)
	n.SimplexContact = o.strings("simplexContact")
	n.SimplexChannel = o.strings("simplexChannel")
	o.optionalString("eth", &n.ETH)
	o.optionalString("btc", &n.BTC)
	o.optionalString("xmr", &n.XMR)
	o.optionalString("dot", &n.DOT)
	o.require("owner", "a string", &n.Owner)
	o.require("resolver", "a string", &n.Resolver)
	o.report(r)
	if err := n.check(); err != nil {
		r.Fail(err)
	}
	return n
}

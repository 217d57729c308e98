package program

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"smpcheck/reference/smp"
)

// Part is a field of an encoded command.
type Part struct {
	// Name is the tag in lower case and what the field is, such as "new.authKey.length".
	Name string
	Role Role
	// Start and End are its extent in the bytes: End is not in it.
	Start, End int
}

// Role says what the bytes of a field do.
type Role byte

// The roles.
const (
	// Tag is the word before the first space.
	Tag Role = iota
	// Separator is a space.
	Separator
	// Length is that of the next field, or the number of those that follow.
	Length
	// Choice is a byte that has few values: modes, options, booleans, flags.
	Choice
	// Prefix is the part of a key before its raw bytes, which names the algorithm.
	Prefix
	// Key is the raw bytes of a key.
	Key
	// ID is an identifier.
	ID
	// Number is a number.
	Number
	// Text is a host, a port, a password or a name.
	Text
	// Data is bytes that the relay keeps and does not read.
	Data
	// Sealed is a ciphertext that a relay opens.
	Sealed
	// Rest is what the grammar has no place for.
	Rest
)

// Shapes reports whether a field with this role decides how its bytes, or those after it,
// are to be read.
func (r Role) Shapes() bool {
	return r != Key && r != ID && r != Data && r != Sealed && r != Rest
}

// Differs reports whether the bytes of a field with this role are new in each run.
func (r Role) Differs() bool { return r == Key || r == ID || r == Sealed }

// keyPrefix is the length of the part of a key before its raw bytes.
const keyPrefix = 12

// Fields takes the bytes of a command apart as far as they follow the grammar of the
// version. The fields are in their order and leave no byte out; what cannot be told apart
// is one field with the role Rest. A field may be empty. SMP, "SMP commands".
func Fields(version uint16, command []byte) []Part {
	w := &walker{version: version, b: command}
	n := bytes.IndexByte(command, ' ')
	if n < 0 {
		n = len(command)
	}
	tag := string(command[:n])
	w.prefix = strings.ToLower(tag) + "."
	read, known := grammar[tag]
	if !known {
		w.prefix = ""
	}
	w.add("tag", Tag, n)
	if w.off < len(w.b) {
		w.add("space", Separator, 1)
		if known {
			read(w)
		}
	}
	if w.off < len(w.b) {
		w.failed = false
		w.add("rest", Rest, len(w.b)-w.off)
	}
	return w.fields
}

// walker goes through the bytes of a command.
type walker struct {
	version uint16
	prefix  string
	b       []byte
	off     int
	fields  []Part
	failed  bool
}

// add adds a field of n bytes, unless there are not so many.
func (w *walker) add(name string, role Role, n int) []byte {
	if w.failed || n > len(w.b)-w.off {
		w.failed = true
		return nil
	}
	w.fields = append(w.fields, Part{Name: w.prefix + name, Role: role, Start: w.off, End: w.off + n})
	w.off += n
	return w.b[w.off-n : w.off]
}

// choice adds a field of one byte and returns it, 0 for none.
func (w *walker) choice(name string) byte {
	if b := w.add(name, Choice, 1); b != nil {
		return b[0]
	}
	return 0
}

// option adds the byte before an optional field and reports whether there is one.
func (w *walker) option(name string) bool { return w.choice(name+".option") == '1' }

// count adds a length of n bytes and returns it.
func (w *walker) count(name string, n int) int {
	b := w.add(name+".length", Length, n)
	switch {
	case b == nil:
		return 0
	case n == 1:
		return int(b[0])
	}
	return int(binary.BigEndian.Uint16(b))
}

func (w *walker) short(name string, role Role) { w.add(name, role, w.count(name, 1)) }
func (w *walker) large(name string, role Role) { w.add(name, role, w.count(name, 2)) }

func (w *walker) tail(name string, role Role) { w.add(name, role, len(w.b)-w.off) }

func (w *walker) key(name string) {
	n := w.count(name, 1)
	if n < keyPrefix {
		w.add(name+".prefix", Prefix, n)
		return
	}
	w.add(name+".prefix", Prefix, keyPrefix)
	w.add(name, Key, n-keyPrefix)
}

// each adds a list with a count of one byte.
func (w *walker) each(name string, element func(name string)) {
	n := w.count(name, 1)
	for i := 0; i < n && !w.failed; i++ {
		element(fmt.Sprintf("%s[%d]", name, i))
	}
}

// grammar has, for each tag, what follows the space after it; nothing for commands
// without parameters.
var grammar = map[string]func(*walker){
	"NEW": (*walker).new, "SUB": bare, "KEY": func(w *walker) { w.key("senderKey") },
	"RKEY": func(w *walker) { w.each("keys", w.key) }, "NKEY": func(w *walker) { w.notifier("") },
	"NDEL": bare, "GET": bare, "ACK": func(w *walker) { w.short("messageId", ID) },
	"OFF": bare, "DEL": bare, "QUE": bare, "PING": bare, "NSUB": bare, "LDEL": bare, "LGET": bare,
	"SKEY": func(w *walker) { w.key("senderKey") }, "LKEY": func(w *walker) { w.key("senderKey") },
	"SEND": (*walker).send,
	"LSET": func(w *walker) { w.short("linkId", ID); w.linkData() },
	"PRXY": (*walker).proxy,
	"PFWD": func(w *walker) { w.add("version", Number, 2); w.key("key"); w.tail("body", Sealed) },
	"RFWD": func(w *walker) { w.tail("body", Sealed) },
	"SUBS": (*walker).service, "NSUBS": (*walker).service,
	"RSLV": func(w *walker) { w.tail("name", Text) },
}

func bare(*walker) {}

func (w *walker) new() {
	w.key("authKey")
	w.key("dhKey")
	switch {
	case w.version >= smp.VersionSenderKeys:
		if w.option("password") {
			w.short("password", Text)
		}
	case w.off < len(w.b) && w.b[w.off] == 'A':
		w.choice("password.option")
		w.short("password", Text)
	}
	w.choice("subscribe")
	switch {
	case w.version >= smp.VersionShortLinks:
		w.request()
	case w.version >= smp.VersionSenderKeys:
		w.choice("senderCanSecure")
	}
	if w.version >= smp.VersionNotifierKeys && w.option("notifier") {
		w.notifier("notifier.")
	}
}

func (w *walker) request() {
	if !w.option("request") {
		return
	}
	mode := w.choice("mode")
	if !w.option("link") {
		return
	}
	if mode == byte(smp.Contact) {
		w.short("linkId", ID)
	}
	w.short("senderId", ID)
	w.linkData()
}

func (w *walker) linkData() {
	w.large("fixedData", Data)
	w.large("userData", Data)
}

func (w *walker) notifier(prefix string) {
	w.key(prefix + "authKey")
	w.key(prefix + "dhKey")
}

// send reads flags up to a space.
func (w *walker) send() {
	n := bytes.IndexByte(w.b[w.off:], ' ')
	if n < 0 {
		w.failed = true
		return
	}
	w.add("flags", Choice, n)
	w.add("flags.end", Separator, 1)
	w.tail("body", Data)
}

func (w *walker) proxy() {
	w.each("hosts", func(name string) { w.short(name, Text) })
	w.short("port", Text)
	w.short("keyHash", ID)
	if w.option("password") {
		w.short("password", Text)
	}
}

func (w *walker) service() {
	if w.version >= smp.VersionServiceCounts {
		w.add("count", Number, 8)
		w.short("idsHash", ID)
	}
}

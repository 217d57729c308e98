package smp

import (
	"bytes"
	"errors"
	"fmt"

	"smpcheck/reference/wire"
)

// Command is a command of a client: NEW, SUB, SUBS, KEY, RKEY, LSET, LDEL,
// NKEY, NDEL, GET, ACK, OFF, DEL, QUE, SEND, SKEY, PING, LKEY, LGET, PRXY,
// PFWD, RFWD, NSUB, NSUBS or RSLV.
type Command interface {
	// Tag is the word that the encoding starts with.
	Tag() string
	put(w *wire.Writer, v uint16)
	command()
}

func (NEW) command()   {}
func (SUB) command()   {}
func (SUBS) command()  {}
func (KEY) command()   {}
func (RKEY) command()  {}
func (LSET) command()  {}
func (LDEL) command()  {}
func (NKEY) command()  {}
func (NDEL) command()  {}
func (GET) command()   {}
func (ACK) command()   {}
func (OFF) command()   {}
func (DEL) command()   {}
func (QUE) command()   {}
func (SEND) command()  {}
func (SKEY) command()  {}
func (PING) command()  {}
func (LKEY) command()  {}
func (LGET) command()  {}
func (PRXY) command()  {}
func (PFWD) command()  {}
func (RFWD) command()  {}
func (NSUB) command()  {}
func (NSUBS) command() {}
func (RSLV) command()  {}

// EncodeCommand returns the encoding of c at version v. It fails if a value
// does not fit its field: a key of the wrong algorithm, a string too long for
// its length, an empty list.
func EncodeCommand(v uint16, c Command) ([]byte, error) {
	return AppendCommand(make([]byte, 0, sizeHint(c)), v, c)
}

// AppendCommand appends the encoding of c at version v to dst.
func AppendCommand(dst []byte, v uint16, c Command) ([]byte, error) {
	if c == nil {
		return nil, errors.New("encoding no command")
	}
	w := wire.NewWriter(dst)
	w.String(c.Tag())
	c.put(w, v)
	b, err := w.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding %s at version %d: %w", c.Tag(), v, err)
	}
	return b, nil
}

// sizeHint is enough room for the encodings of commands and responses that are
// sent often, so that they are built in one allocation.
func sizeHint(c any) int {
	const rest = 64 // tag, flags, message id
	switch c := c.(type) {
	case SEND:
		return rest + len(c.Body)
	case MSG:
		return rest + len(c.Body)
	}
	return rest
}

// DecodeCommand decodes a command at version v. The error is a *DecodeError:
// it has ErrCmdUnknown or ErrCmdSyntax in its chain, which is what a relay
// answers, and the reason. Tags are known at every version, as in the official
// implementation. The result aliases b.
func DecodeCommand(v uint16, b []byte) (Command, error) {
	tag, rest := splitTag(b)
	r := wire.NewReader(rest)
	c := readCommand(r, v, tag)
	if c == nil {
		return nil, unknownTag("command", tag)
	}
	if err := r.Close(); err != nil {
		return nil, &DecodeError{What: c.Tag(), Answer: ErrCmdSyntax, Reason: err}
	}
	return c, nil
}

// readCommand reads the parameters of the command with the given tag; nil for
// an unknown tag.
func readCommand(r *wire.Reader, v uint16, tag []byte) Command {
	switch string(tag) {
	case "NEW":
		return readNEW(r, v)
	case "SUB":
		return SUB{}
	case "SUBS":
		return readSUBS(r, v)
	case "KEY":
		return readKEY(r)
	case "RKEY":
		return readRKEY(r)
	case "LSET":
		return readLSET(r)
	case "LDEL":
		return LDEL{}
	case "NKEY":
		return readNKEY(r)
	case "NDEL":
		return NDEL{}
	case "GET":
		return GET{}
	case "ACK":
		return readACK(r)
	case "OFF":
		return OFF{}
	case "DEL":
		return DEL{}
	case "QUE":
		return QUE{}
	case "SKEY":
		return readSKEY(r)
	case "SEND":
		return readSEND(r)
	case "PING":
		return PING{}
	case "LKEY":
		return readLKEY(r)
	case "LGET":
		return LGET{}
	case "PRXY":
		return readPRXY(r)
	case "PFWD":
		return readPFWD(r)
	case "RFWD":
		return readRFWD(r)
	case "NSUB":
		return NSUB{}
	case "NSUBS":
		return readNSUBS(r, v)
	case "RSLV":
		return readRSLV(r)
	}
	return nil
}

// splitTag splits an encoding before its first space.
func splitTag(b []byte) (tag, rest []byte) {
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return b[:i], b[i:]
	}
	return b, nil
}

// DecodeError says why bytes are not what they should be. Its chain holds both
// the protocol's error and the reason.
type DecodeError struct {
	// What was decoded: a tag, or "command", "transmission", "block".
	What string
	// Answer is the error that the protocol foresees for it.
	Answer *Error
	// Reason is for people and for errors.Is.
	Reason error
}

// Error says what was decoded, the reason and the protocol's error.
func (e *DecodeError) Error() string {
	return fmt.Sprintf("decoding %s: %v (%v)", e.What, e.Reason, e.Answer)
}

// Unwrap returns the protocol's error and the reason.
func (e *DecodeError) Unwrap() []error { return []error{e.Answer, e.Reason} }

// unknownTag repeats the tag if it looks like one; otherwise it may be anything,
// an id among other things.
func unknownTag(what string, tag []byte) error {
	shown := fmt.Sprintf("of %d bytes", len(tag))
	if len(tag) <= 16 && bytes.IndexFunc(tag, func(c rune) bool { return c < '!' || c > '~' }) < 0 {
		shown = fmt.Sprintf("%q", tag)
	}
	return &DecodeError{What: what, Answer: ErrCmdUnknown, Reason: fmt.Errorf("%w %s", ErrUnknownTag, shown)}
}

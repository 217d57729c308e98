package smp

import (
	"errors"
	"fmt"

	"smpcheck/reference/wire"
)

// Response is what a relay sends: IDS, LNK, SOK, SOKS, ALLS, MSG, NID, NMSG,
// PKEY, RRES, PRES, END, ENDS, DELD, INFO, OK, ERR, PONG or RNAME.
type Response interface {
	// Tag is the word that the encoding starts with.
	Tag() string
	put(w *wire.Writer, v uint16)
	response()
}

// OK answers a command that succeeded and has nothing to tell. SMP, "OK
// response".
type OK struct{}

// PONG answers PING. SMP, "Keep-alive command".
type PONG struct{}

// END tells that another connection subscribed to the queue. SMP, "Subscription
// END notification".
type END struct{}

// DELD tells that the queue was deleted by another connection. Below version 10
// it is encoded as END. SMP, "Queue deleted notification".
type DELD struct{}

// MSG delivers a message. SMP, "Deliver queue message".
type MSG struct {
	// ID of the message, 24 bytes; the nonce of Body.
	ID []byte
	// Body is the encrypted RcvMessage.
	Body []byte
}

// ERR answers a command that failed. SMP, "Error responses".
type ERR struct{ Err *Error }

// Tag returns "OK".
func (OK) Tag() string { return "OK" }

// Tag returns "PONG".
func (PONG) Tag() string { return "PONG" }

// Tag returns "END".
func (END) Tag() string { return "END" }

// Tag returns "DELD".
func (DELD) Tag() string { return "DELD" }

// Tag returns "MSG".
func (MSG) Tag() string { return "MSG" }

// Tag returns "ERR".
func (ERR) Tag() string { return "ERR" }

func (OK) put(*wire.Writer, uint16)   {}
func (PONG) put(*wire.Writer, uint16) {}
func (END) put(*wire.Writer, uint16)  {}
func (DELD) put(*wire.Writer, uint16) {}

func (c MSG) put(w *wire.Writer, _ uint16) {
	w.Byte(' ')
	w.Short(c.ID)
	w.Raw(c.Body)
}

func readMSG(r *wire.Reader) MSG {
	params(r)
	return MSG{ID: r.Short(), Body: r.Rest()}
}

func (c ERR) put(w *wire.Writer, v uint16) {
	w.Byte(' ')
	putError(w, c.Err.at(v))
}

func readERR(r *wire.Reader) ERR {
	params(r)
	return ERR{Err: readError(r)}
}

func (IDS) response()   {}
func (LNK) response()   {}
func (SOK) response()   {}
func (SOKS) response()  {}
func (ALLS) response()  {}
func (MSG) response()   {}
func (NID) response()   {}
func (NMSG) response()  {}
func (PKEY) response()  {}
func (RRES) response()  {}
func (PRES) response()  {}
func (END) response()   {}
func (ENDS) response()  {}
func (DELD) response()  {}
func (INFO) response()  {}
func (OK) response()    {}
func (ERR) response()   {}
func (PONG) response()  {}
func (RNAME) response() {}

// at returns what is sent in place of c at version v.
func at(c Response, v uint16) Response {
	switch c.(type) {
	case SOK:
		if v < VersionServices {
			return OK{}
		}
	case DELD:
		if v < VersionDeleted {
			return END{}
		}
	}
	return c
}

// EncodeResponse returns the encoding of c at version v. SOK becomes OK below
// version 16, DELD becomes END below 10, ERR BLOCKED becomes ERR AUTH below 12
// and loses its notice below 18. It fails if a value does not fit its field.
func EncodeResponse(v uint16, c Response) ([]byte, error) {
	return AppendResponse(make([]byte, 0, sizeHint(c)), v, c)
}

// AppendResponse appends the encoding of c at version v to dst.
func AppendResponse(dst []byte, v uint16, c Response) ([]byte, error) {
	if c == nil {
		return nil, errors.New("encoding no response")
	}
	c = at(c, v)
	w := wire.NewWriter(dst)
	w.String(c.Tag())
	c.put(w, v)
	b, err := w.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encoding %s at version %d: %w", c.Tag(), v, err)
	}
	return b, nil
}

// DecodeResponse decodes a response at version v. The error is a *DecodeError
// with ErrCmdUnknown or ErrCmdSyntax in its chain, and the reason. The result
// aliases b.
func DecodeResponse(v uint16, b []byte) (Response, error) {
	tag, rest := splitTag(b)
	r := wire.NewReader(rest)
	c := readResponse(r, v, tag)
	if c == nil {
		return nil, unknownTag("response", tag)
	}
	if err := r.Close(); err != nil {
		return nil, &DecodeError{What: c.Tag(), Answer: ErrCmdSyntax, Reason: err}
	}
	return c, nil
}

// readResponse reads the parameters of the response with the given tag; nil for
// an unknown tag.
func readResponse(r *wire.Reader, v uint16, tag []byte) Response {
	switch string(tag) {
	case "IDS":
		return readIDS(r, v)
	case "LNK":
		return readLNK(r)
	case "SOK":
		return readSOK(r)
	case "SOKS":
		return readSOKS(r, v)
	case "ALLS":
		return ALLS{}
	case "MSG":
		return readMSG(r)
	case "NID":
		return readNID(r)
	case "NMSG":
		return readNMSG(r)
	case "PKEY":
		return readPKEY(r)
	case "RRES":
		return readRRES(r)
	case "PRES":
		return readPRES(r)
	case "END":
		return END{}
	case "ENDS":
		return readENDS(r, v)
	case "DELD":
		return DELD{}
	case "INFO":
		return readINFO(r)
	case "OK":
		return OK{}
	case "ERR":
		return readERR(r)
	case "PONG":
		return PONG{}
	case "RNAME":
		return readRNAME(r)
	}
	return nil
}

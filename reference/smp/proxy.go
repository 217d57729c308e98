package smp

import (
	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
)

// Server is a relay as PRXY names it. Text forms of addresses are not this
// package's.
type Server struct {
	// Hosts are 1 to 255 names or addresses of the relay.
	Hosts []string
	// Port is decimal text, empty for the default port.
	Port string
	// KeyHash is the fingerprint of the relay's identity certificate.
	KeyHash []byte
}

func putServer(w *wire.Writer, s Server) {
	if len(s.Hosts) == 0 {
		w.Fail(ErrEmptyList)
	}
	w.Count(len(s.Hosts))
	for _, h := range s.Hosts {
		putHost(w, h)
	}
	w.Short([]byte(s.Port))
	w.Short(s.KeyHash)
}

func readServer(r *wire.Reader) Server {
	n := readCount(r)
	s := Server{Hosts: make([]string, 0, min(n, 4))}
	for i := 0; i < n && r.Err() == nil; i++ {
		s.Hosts = append(s.Hosts, readHost(r))
	}
	s.Port = string(r.Short())
	s.KeyHash = r.Short()
	return s
}

// PRXY asks a relay for a session with another relay. It has neither
// authorization nor entity id and is answered with PKEY. SMP, "Request proxied
// session".
type PRXY struct {
	Server   Server
	Password Password
}

// PFWD gives a relay an encrypted transmission to forward. Its entity id is the
// session id of PKEY. It is answered with PRES. SMP, "Send command via proxy".
type PFWD struct {
	// Version is the one at which the forwarded transmission is encoded.
	Version uint16
	// Key is the client's key for this command alone: X25519.
	Key keys.PublicKey
	// Body is the encrypted transmission.
	Body []byte
}

// RFWD carries a forwarded transmission to the destination relay. It has
// neither authorization nor entity id and is answered with RRES. SMP, "Forward
// command to destination router".
type RFWD struct {
	// Body is an encrypted ForwardedCommand.
	Body []byte
}

// PKEY answers PRXY: the proxy's session with the destination relay. The
// client must verify the chain against the address that it asked for and the
// key against the chain. SMP, "Request proxied session".
type PKEY struct {
	SessionID []byte
	Versions  wire.VersionRange
	// Chain are the relay's certificates in DER, leaf first.
	Chain [][]byte
	// SignedKey is the relay's session key, signed, in DER.
	SignedKey []byte
}

// RRES answers RFWD.
type RRES struct {
	// Body is an encrypted ForwardedResponse.
	Body []byte
}

// PRES answers PFWD.
type PRES struct {
	// Body is the encrypted response transmission.
	Body []byte
}

// Tag returns "PRXY".
func (PRXY) Tag() string { return "PRXY" }

// Tag returns "PFWD".
func (PFWD) Tag() string { return "PFWD" }

// Tag returns "RFWD".
func (RFWD) Tag() string { return "RFWD" }

// Tag returns "PKEY".
func (PKEY) Tag() string { return "PKEY" }

// Tag returns "RRES".
func (RRES) Tag() string { return "RRES" }

// Tag returns "PRES".
func (PRES) Tag() string { return "PRES" }

func (c PRXY) put(w *wire.Writer, _ uint16) {
	w.Byte(' ')
	putServer(w, c.Server)
	w.Maybe(c.Password != nil)
	if c.Password != nil {
		putPassword(w, c.Password)
	}
}

func readPRXY(r *wire.Reader) PRXY {
	params(r)
	c := PRXY{Server: readServer(r)}
	if r.Maybe() {
		c.Password = readPassword(r)
	}
	return c
}

func (c PFWD) put(w *wire.Writer, _ uint16) {
	w.Byte(' ')
	w.Uint16(c.Version)
	putDHKey(w, c.Key)
	w.Raw(c.Body)
}

func readPFWD(r *wire.Reader) PFWD {
	params(r)
	return PFWD{Version: r.Uint16(), Key: readDHKey(r), Body: r.Rest()}
}

func (c RFWD) put(w *wire.Writer, _ uint16) { putBody(w, c.Body) }
func (c RRES) put(w *wire.Writer, _ uint16) { putBody(w, c.Body) }
func (c PRES) put(w *wire.Writer, _ uint16) { putBody(w, c.Body) }

func readRFWD(r *wire.Reader) RFWD { return RFWD{readBody(r)} }
func readRRES(r *wire.Reader) RRES { return RRES{readBody(r)} }
func readPRES(r *wire.Reader) PRES { return PRES{readBody(r)} }

// putBody writes parameters that are one string without length.
func putBody(w *wire.Writer, body []byte) {
	w.Byte(' ')
	w.Raw(body)
}

func readBody(r *wire.Reader) []byte {
	params(r)
	return r.Rest()
}

func (c PKEY) put(w *wire.Writer, _ uint16) {
	w.Byte(' ')
	w.Short(c.SessionID)
	w.Range(c.Versions)
	if len(c.Chain) == 0 {
		w.Fail(ErrEmptyList)
	}
	w.Count(len(c.Chain))
	for _, der := range c.Chain {
		putSigned(w, der)
	}
	putSigned(w, c.SignedKey)
}

func readPKEY(r *wire.Reader) PKEY {
	params(r)
	c := PKEY{SessionID: r.Short(), Versions: r.Range()}
	n := readCount(r)
	for i := 0; i < n && r.Err() == nil; i++ {
		c.Chain = append(c.Chain, readSigned(r))
	}
	c.SignedKey = readSigned(r)
	return c
}

// ForwardedCommand is the content of RFWD. It is encrypted, without padding,
// with the secret of proxy and relay; the nonce is the correlation id of RFWD.
// SMP, "Forward command to destination router".
type ForwardedCommand struct {
	// CorrelationID, Version, Key and Body are those of the client's PFWD.
	CorrelationID []byte
	Version       uint16
	Key           keys.PublicKey
	Body          []byte
}

// Encode returns the encoding of f. It fails if the key is not X25519 or the
// correlation id is longer than 255 bytes.
func (f ForwardedCommand) Encode() ([]byte, error) {
	w := wire.NewWriter(nil)
	w.Short(f.CorrelationID)
	w.Uint16(f.Version)
	putDHKey(w, f.Key)
	w.Raw(f.Body)
	return w.Bytes()
}

// DecodeForwardedCommand decodes the content of RFWD. The result aliases b.
func DecodeForwardedCommand(b []byte) (ForwardedCommand, error) {
	r := wire.NewReader(b)
	f := ForwardedCommand{CorrelationID: r.Short(), Version: r.Uint16(), Key: readDHKey(r), Body: r.Rest()}
	if err := r.Close(); err != nil {
		return ForwardedCommand{}, &DecodeError{What: "forwarded command", Answer: ErrCrypto, Reason: err}
	}
	return f, nil
}

// ForwardedResponse is the content of RRES. It is encrypted, without padding,
// with the secret of proxy and relay; the nonce is the correlation id of RFWD
// with its bytes reversed (the document says increased by 1). SMP, "Forward
// command to destination router".
type ForwardedResponse struct {
	// CorrelationID is that of the client's PFWD.
	CorrelationID []byte
	// Body is what PRES carries.
	Body []byte
}

// Encode returns the encoding of f. It fails if the correlation id is longer
// than 255 bytes.
func (f ForwardedResponse) Encode() ([]byte, error) {
	w := wire.NewWriter(nil)
	w.Short(f.CorrelationID)
	w.Raw(f.Body)
	return w.Bytes()
}

// DecodeForwardedResponse decodes the content of RRES. The result aliases b.
func DecodeForwardedResponse(b []byte) (ForwardedResponse, error) {
	r := wire.NewReader(b)
	f := ForwardedResponse{CorrelationID: r.Short(), Body: r.Rest()}
	if err := r.Close(); err != nil {
		return ForwardedResponse{}, &DecodeError{What: "forwarded response", Answer: ErrCrypto, Reason: err}
	}
	return f, nil
}

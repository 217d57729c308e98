package link

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"smpcheck/reference/wire"
)

// Scheme is the protocol that a server speaks, as it stands before "://".
type Scheme string

// The schemes.
const (
	SMP  Scheme = "smp"
	NTF  Scheme = "ntf"
	XFTP Scheme = "xftp"
)

// DefaultPort is the TCP port of an SMP relay whose address names none. SMP,
// "SMP queue URI".
const DefaultPort = "5223"

// ErrServer is in the chain of every error about the text of a server address.
var ErrServer = errors.New("malformed server address")

// Server is the address of a server.
type Server struct {
	Scheme Scheme
	// KeyHash is the fingerprint of the server's identity certificate. ParseServer
	// accepts any length from 1 byte, as the official implementation does; a real
	// fingerprint has 32 bytes.
	KeyHash []byte
	// Password is what the server asks for to create queues; empty for none. It is a
	// secret: String leaves it out.
	Password string
	// Hosts are alternatives for one server, at least one.
	Hosts []Host
	// Port is a decimal number without leading zeros, or empty for the default. As in
	// the official implementation it may exceed 65535.
	Port string
}

// ParseServer reads "smp://KEYHASH[:PASSWORD]@HOST[,HOST...][:PORT]", where KEYHASH is
// base64url with or without its "=" at the end. Every error has ErrServer in its chain,
// names the part that is wrong and holds no password. SMP, "SMP queue URI"; the
// password and the list of hosts are as in the official implementation.
func ParseServer(text string) (Server, error) { return new(scanner).wholeServer(text) }

func (sc *scanner) wholeServer(text string) (Server, error) {
	s, rest, err := sc.server(text)
	if err != nil {
		return Server{}, err
	}
	if rest != "" {
		return Server{}, fmt.Errorf("%w: text after the host", ErrServer)
	}
	return s, nil
}

// server reads an address from the start of text and returns what follows it.
func (sc *scanner) server(text string) (Server, string, error) {
	var s Server
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return s, text, fmt.Errorf("%w: it does not start with smp://", ErrServer)
	}
	s.Scheme = Scheme(scheme)
	if !slices.Contains([]Scheme{SMP, NTF, XFTP}, s.Scheme) {
		return s, text, fmt.Errorf("%w: its scheme is none of smp, ntf, xftp", ErrServer)
	}
	identity, location, ok := strings.Cut(rest, "@")
	if !ok {
		return s, text, fmt.Errorf("%w: no @ after the fingerprint", ErrServer)
	}
	if err := sc.identity(&s, identity); err != nil {
		return Server{}, text, err
	}
	rest, err := sc.location(&s, location)
	if err != nil {
		return Server{}, text, err
	}
	return s, rest, nil
}

func (sc *scanner) identity(s *Server, text string) error {
	hash, password, protected := strings.Cut(text, ":")
	var err error
	if s.KeyHash, err = parseBase64(hash); err != nil {
		return fmt.Errorf("%w: fingerprint: %w", ErrServer, err)
	}
	sc.checkKeyHash(s.KeyHash)
	if !protected {
		return nil
	}
	if password == "" {
		return fmt.Errorf("%w: a colon after the fingerprint but no password", ErrServer)
	}
	for i := range len(password) {
		if !inPassword(password[i]) {
			return fmt.Errorf("%w: byte %d of the password is not allowed", ErrServer, i+1)
		}
	}
	s.Password = password
	return nil
}

// inPassword reports whether c is a printable character of Latin-1 other than a space
// and the characters that separate the parts of an address.
func inPassword(c byte) bool {
	const softHyphen = 0xad
	printable := '!' <= c && c <= '~' || 0xa1 <= c && c != softHyphen
	return printable && c != '@' && c != ':' && c != '/'
}

// location reads hosts and port and returns what follows them.
func (sc *scanner) location(s *Server, text string) (string, error) {
	hosts, rest, err := sc.hosts(text)
	if err != nil {
		return text, fmt.Errorf("%w: %w", ErrServer, err)
	}
	s.Hosts = hosts
	if s.Port, rest, err = sc.port(rest); err != nil {
		return text, fmt.Errorf("%w: %w", ErrServer, err)
	}
	return rest, nil
}

// String returns the text of the address without its password. The text of an IPv6
// host has no brackets, as in the official implementation; ParseServer cannot tell its
// end from a port.
func (s Server) String() string { return s.text("") }

// StringWithPassword returns the text of the address with its password, which is a
// secret. Without a password it is what String returns.
func (s Server) StringWithPassword() string {
	if s.Password == "" {
		return s.text("")
	}
	return s.text(":" + s.Password)
}

func (s Server) text(password string) string {
	names := make([]string, len(s.Hosts))
	for i, h := range s.Hosts {
		names[i] = h.String()
	}
	text := string(s.Scheme) + "://" + base64.URLEncoding.EncodeToString(s.KeyHash) + password + "@" + strings.Join(names, ",")
	if s.Port != "" {
		text += ":" + s.Port
	}
	return text
}

// Address returns the first host and the port, or DefaultPort, as net.Dial takes them.
func (s Server) Address() string {
	port := s.Port
	if port == "" {
		port = DefaultPort
	}
	return net.JoinHostPort(s.Hosts[0].String(), port)
}

// Equal reports whether both addresses name the same identity, hosts and port. It does
// not compare passwords.
func (s Server) Equal(o Server) bool {
	return s.Scheme == o.Scheme && bytes.Equal(s.KeyHash, o.KeyHash) &&
		slices.Equal(s.Hosts, o.Hosts) && s.Port == o.Port
}

// Write appends the binary form: a list of hosts as short strings, the port and the
// key hash as short strings. Scheme and password are not part of it.
func (s Server) Write(w *wire.Writer) {
	if len(s.Hosts) == 0 || len(s.Hosts) > 255 {
		w.Fail(fmt.Errorf("%w: %d hosts, expected 1 to 255", ErrServer, len(s.Hosts)))
		return
	}
	w.Byte(byte(len(s.Hosts)))
	for _, h := range s.Hosts {
		w.Short([]byte(h.String()))
	}
	s.writeTail(w)
}

// WriteLegacy appends the binary form for SMP client version 1: the first host alone,
// with no count, then port and key hash.
func (s Server) WriteLegacy(w *wire.Writer) {
	if len(s.Hosts) == 0 {
		w.Fail(fmt.Errorf("%w: no host", ErrServer))
		return
	}
	w.Short([]byte(s.Hosts[0].String()))
	s.writeTail(w)
}

func (s Server) writeTail(w *wire.Writer) {
	w.Short([]byte(s.Port))
	w.Short(s.KeyHash)
}

// ReadServer reads the form that Write appends. The scheme of the result is SMP.
func ReadServer(r *wire.Reader) Server {
	count := int(r.Byte())
	if r.Err() == nil && count == 0 {
		r.Fail(fmt.Errorf("%w: a list of no hosts", ErrServer))
	}
	return readServer(r, count)
}

// ReadLegacyServer reads the form that WriteLegacy appends.
func ReadLegacyServer(r *wire.Reader) Server { return readServer(r, 1) }

func readServer(r *wire.Reader, hosts int) Server {
	s := Server{Scheme: SMP}
	for range hosts {
		h, err := ParseHost(string(r.Short()))
		if r.Err() == nil && err != nil {
			r.Fail(err)
		}
		if r.Err() != nil {
			return Server{}
		}
		s.Hosts = append(s.Hosts, h)
	}
	s.Port = string(r.Short())
	s.KeyHash = bytes.Clone(r.Short())
	if r.Err() != nil {
		return Server{}
	}
	return s
}

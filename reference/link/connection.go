package link

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"smpcheck/reference/ratchet"
	"smpcheck/reference/wire"
)

// MinAgentVersion is the lowest version of the agent protocol: contact links with a
// lower one are read as if they had it.
const MinAgentVersion = 2

// Errors of full connection links.
var (
	// ErrConnection is in the chain of every error about the text of a full link.
	ErrConnection = errors.New("malformed connection link")
	// ErrAppServer is in the chain of every error about the web server of a link.
	ErrAppServer = errors.New("malformed application server")
)

// Mode tells 1-time invitations and contact addresses apart; it is the letter that
// introduces their binary forms.
type Mode byte

// The modes of links.
const (
	Invitation Mode = 'I'
	Contact    Mode = 'C'
)

// modeWords are the modes as they stand in full links.
var modeWords = map[Mode]string{Invitation: "invitation", Contact: "contact"}

// String is "invitation" or "contact".
func (m Mode) String() string {
	if word, ok := modeWords[m]; ok {
		return word
	}
	return fmt.Sprintf("link mode 0x%02x", byte(m))
}

func parseMode(word string) (Mode, bool) {
	for mode, w := range modeWords {
		if w == word {
			return mode, true
		}
	}
	return 0, false
}

// Connection is what a full connection link tells: where to send a request to connect
// and, for an invitation, how the ratchet starts.
type Connection struct {
	Mode          Mode
	AgentVersions wire.VersionRange
	// Queues has at least one.
	Queues []QueueURI
	// Ratchet has the parameters of the inviting side: of an invitation always, of a
	// contact address never (it comes with the request).
	Ratchet *ratchet.Offer
	// ClientData is UTF-8 text of the application; nil if there is none.
	ClientData []byte
}

// AppServer is the web server of an https link: it shows how to get the application
// and takes no part in the protocol.
type AppServer struct {
	Host Host
	// Port is a decimal number, or empty for the default.
	Port string
}

// ParseAppServer reads the whole of text as "HOST[:PORT]".
func ParseAppServer(text string) (AppServer, error) {
	s, rest, err := new(scanner).appServer(text)
	if err == nil && rest != "" {
		err = fmt.Errorf("%w: text after host and port", ErrAppServer)
	}
	if err != nil {
		return AppServer{}, err
	}
	return s, nil
}

func (sc *scanner) appServer(text string) (AppServer, string, error) {
	host, rest, err := sc.host(text)
	if err != nil {
		return AppServer{}, text, fmt.Errorf("%w: %w", ErrAppServer, err)
	}
	port, rest, err := sc.port(rest)
	if err != nil {
		return AppServer{}, text, fmt.Errorf("%w: %w", ErrAppServer, err)
	}
	return AppServer{host, port}, rest, nil
}

// String returns "HOST" or "HOST:PORT"; an IPv6 host before a port is in brackets.
func (s AppServer) String() string {
	switch {
	case s.Port == "":
		return s.Host.String()
	case s.Host.Kind() == wire.IPv6:
		return "[" + s.Host.String() + "]:" + s.Port
	}
	return s.Host.String() + ":" + s.Port
}

// ParseConnection reads "simplex:/MODE#/?PARAMETERS" or "https://HOST[:PORT]/MODE#/?…",
// where MODE is "invitation" or "contact", and parameters are v (agent versions), smp
// (queue URIs separated by semicolons), e2e (for invitations) and data, in any order;
// unknown ones are ignored. The server of an https link is forgotten. The versions of a
// contact link are raised to MinAgentVersion. Bytes of data that are not UTF-8 become
// "?". Every error has ErrConnection in its chain and quotes no key. Agent protocol,
// "Full connection link syntax".
func ParseConnection(text string) (Connection, error) { return new(scanner).connection(text) }

func (sc *scanner) connection(text string) (Connection, error) {
	c, err := sc.fullLink(text)
	if err != nil {
		return Connection{}, fmt.Errorf("%w: %w", ErrConnection, err)
	}
	return c, nil
}

// errScheme: a link starts with neither of the two schemes.
var errScheme = errors.New("expected simplex: or https://")

func (sc *scanner) fullLink(text string) (Connection, error) {
	var c Connection
	rest, simplex := strings.CutPrefix(text, "simplex:")
	if !simplex {
		authority, web := strings.CutPrefix(text, "https://")
		if !web {
			return c, errScheme
		}
		var err error
		if _, rest, err = sc.appServer(authority); err != nil {
			return c, err
		}
	}
	path, params, ok := strings.Cut(rest, "#/?")
	word, slashed := strings.CutPrefix(path, "/")
	if !ok || !slashed {
		return c, errors.New("expected /invitation#/? or /contact#/?")
	}
	word, extra := strings.CutSuffix(word, "/")
	if extra {
		sc.note("a slash before #")
	}
	if c.Mode, ok = parseMode(word); !ok {
		return c, errors.New("the link is neither an invitation nor a contact address")
	}
	list, err := sc.query(params)
	if err != nil {
		return c, err
	}
	return c, sc.connectionParameters(&c, list)
}

func (sc *scanner) connectionParameters(c *Connection, list query) error {
	v, err := list.require("v")
	if err != nil {
		return err
	}
	if c.AgentVersions, err = sc.versions(v); err != nil {
		return err
	}
	queues, err := list.require("smp")
	if err != nil {
		return err
	}
	for uri := range strings.SplitSeq(queues, ";") {
		q, err := sc.queueURI(uri)
		if err != nil {
			return err
		}
		c.Queues = append(c.Queues, q)
	}
	if data, ok := list.get("data"); ok {
		c.ClientData = validText(data)
	}
	if c.Mode == Contact {
		c.AgentVersions.Min = max(c.AgentVersions.Min, MinAgentVersion)
		c.AgentVersions.Max = max(c.AgentVersions.Max, MinAgentVersion)
		return nil
	}
	e2e, err := list.require("e2e")
	if err != nil {
		return err
	}
	offer, err := sc.offer(e2e)
	c.Ratchet = &offer
	return err
}

// validText returns text with "?" for each byte that is not UTF-8. It is never nil.
func validText(text string) []byte {
	valid := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 {
			valid = append(valid, '?')
		} else {
			valid = append(valid, text[:size]...)
		}
		text = text[size:]
	}
	return valid
}

// Text returns the link with the scheme simplex:.
func (c Connection) Text() string { return c.text("simplex:") }

// WebText returns the link as an https link on an application's server.
func (c Connection) WebText(server AppServer) string { return c.text("https://" + server.String()) }

func (c Connection) text(authority string) string {
	queues := make([]string, len(c.Queues))
	for i, q := range c.Queues {
		queues[i] = q.Text()
	}
	params := query{{"v", c.AgentVersions.String()}, {"smp", strings.Join(queues, ";")}}
	if c.Ratchet != nil {
		params = append(params, parameter{"e2e", OfferText(*c.Ratchet)})
	}
	if c.ClientData != nil {
		params = append(params, parameter{"data", string(c.ClientData)})
	}
	return authority + "/" + c.Mode.String() + "#/?" + params.escaped()
}

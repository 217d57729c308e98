package link

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"smpcheck/reference/wire"
)

// ErrShortLink is in the chain of every error about the text of a short link.
var ErrShortLink = errors.New("malformed short link")

// LinkType is what a short link leads to; its value is the letter in the text.
type LinkType byte

// The types of short links.
const (
	InvitationLink LinkType = 'i'
	ContactLink    LinkType = 'a'
	ChannelLink    LinkType = 'c'
	GroupLink      LinkType = 'g'
	RelayLink      LinkType = 'r'
)

// typeNames are the types of short links with their names.
var typeNames = map[LinkType]string{
	InvitationLink: "invitation",
	ContactLink:    "contact",
	ChannelLink:    "channel",
	GroupLink:      "group",
	RelayLink:      "relay",
}

// String is "invitation", "contact", "channel", "group" or "relay".
func (t LinkType) String() string {
	if name, ok := typeNames[t]; ok {
		return name
	}
	return fmt.Sprintf("link type 0x%02x", byte(t))
}

// Mode is Invitation or, for all types but one, Contact.
func (t LinkType) Mode() Mode {
	if t == InvitationLink {
		return Invitation
	}
	return Contact
}

const toLower = 'a' - 'A'

// upper is the letter of the type in the binary form.
func (t LinkType) upper() byte { return byte(t) - toLower }

// ShortLink is a link whose data are stored, encrypted, on a relay.
type ShortLink struct {
	Type LinkType
	// Web is set for "https://" and the first host of the relay, not for "simplex:".
	Web bool
	// Server has neither fingerprint nor port nor a second host in links that were
	// shortened for known relays; see Restore.
	Server Server
	// LinkID is what LKEY takes; of invitations alone. The link id of the other types
	// is derived from the key.
	LinkID []byte
	// Key is the hash of the link's fixed data and what its secrets are derived from.
	Key LinkKey
}

// ParseShortLink reads "simplex:/TYPE#[LINKID/]KEY?h=HOSTS[&p=PORT][&c=KEYHASH]" or
// "https://HOST/TYPE#[LINKID/]KEY[?…]", in which h adds hosts; parameters in any order,
// unknown ones are ignored. As in the official implementation a port is taken modulo
// 65536, and id, key and fingerprint may have any length from 1 byte. Every error has
// ErrShortLink in its chain and quotes no key. Agent protocol, "Short connection link
// syntax".
func ParseShortLink(text string) (ShortLink, error) { return new(scanner).shortLink(text) }

func (sc *scanner) shortLink(text string) (ShortLink, error) {
	l, err := sc.short(text)
	if err != nil {
		return ShortLink{}, fmt.Errorf("%w: %w", ErrShortLink, err)
	}
	return l, nil
}

func (sc *scanner) short(text string) (ShortLink, error) {
	l := ShortLink{Server: Server{Scheme: SMP}}
	rest, simplex := strings.CutPrefix(text, "simplex:")
	if !simplex {
		authority, web := strings.CutPrefix(text, "https://")
		if !web {
			return l, errScheme
		}
		host, after, err := sc.host(authority)
		if err != nil {
			return l, err
		}
		l.Web, l.Server.Hosts, rest = true, []Host{host}, after
	}
	path, fragment, ok := strings.Cut(rest, "#")
	letter, slashed := strings.CutPrefix(path, "/")
	if !ok || !slashed {
		return l, errors.New("expected / and a link type and #")
	}
	letter, extra := strings.CutSuffix(letter, "/")
	if extra {
		sc.note("a slash before #")
	}
	if l.Type, ok = sc.linkType(letter); !ok {
		return l, errors.New("the link type is none of i, a, c, g, r")
	}
	keyText, params, hasParams := strings.Cut(fragment, "?")
	if err := sc.linkKey(&l, keyText); err != nil {
		return l, err
	}
	if hasParams {
		if err := sc.relayParameters(&l.Server, params); err != nil {
			return l, err
		}
	}
	if len(l.Server.Hosts) == 0 {
		return l, fmt.Errorf("%w: host of the relay", ErrNoParameter)
	}
	return l, nil
}

// linkType reads a letter. The official implementation takes upper case too, except
// for invitations.
func (sc *scanner) linkType(letter string) (LinkType, bool) {
	if len(letter) != 1 {
		return 0, false
	}
	t := LinkType(letter[0])
	if typeNames[t] != "" {
		return t, true
	}
	t += toLower
	if t == InvitationLink || typeNames[t] == "" {
		return 0, false
	}
	sc.note("link type in upper case")
	return t, true
}

func (sc *scanner) linkKey(l *ShortLink, text string) error {
	if l.Type == InvitationLink {
		id, key, ok := strings.Cut(text, "/")
		if !ok {
			return errors.New("an invitation needs a link id before its key")
		}
		var err error
		if l.LinkID, err = parseBase64(id); err != nil {
			return fmt.Errorf("link id: %w", err)
		}
		text = key
	}
	key, err := parseBase64(text)
	if err != nil {
		return fmt.Errorf("link key: %w", err)
	}
	if len(key) != LinkKeySize {
		sc.note("link key of %d bytes, expected %d", len(key), LinkKeySize)
	}
	l.Key = key
	return nil
}

func (sc *scanner) relayParameters(s *Server, params string) error {
	list, err := sc.query(params)
	if err != nil {
		return err
	}
	if text, _ := list.get("h"); text != "" {
		hosts, rest, err := sc.hosts(text)
		if err != nil {
			return err
		}
		if rest != "" {
			return fmt.Errorf("%w: text after the hosts", ErrHost)
		}
		s.Hosts = append(s.Hosts, hosts...)
	}
	if text, ok := list.get("p"); ok {
		port, ok := sc.word16(text)
		if !ok {
			return fmt.Errorf("%w: it is not a number", ErrPort)
		}
		if port == 0 {
			sc.note("port 0")
		}
		s.Port = fmt.Sprint(port)
	}
	if text, ok := list.get("c"); ok {
		if s.KeyHash, err = parseBase64(text); err != nil {
			return fmt.Errorf("fingerprint: %w", err)
		}
		sc.checkKeyHash(s.KeyHash)
	}
	return nil
}

// Text returns the link.
func (l ShortLink) Text() string {
	base64url := base64.RawURLEncoding.EncodeToString
	authority, hosts := "simplex:", l.Server.Hosts
	if l.Web && len(hosts) > 0 {
		authority, hosts = "https://"+hosts[0].String(), hosts[1:]
	}
	text := authority + "/" + string(rune(l.Type)) + "#"
	if l.Type == InvitationLink {
		text += base64url(l.LinkID) + "/"
	}
	text += base64url(l.Key)
	var params query
	if len(hosts) > 0 {
		params = append(params, parameter{"h", hostList(hosts)})
	}
	if l.Server.Port != "" {
		params = append(params, parameter{"p", l.Server.Port})
	}
	if len(l.Server.KeyHash) > 0 {
		params = append(params, parameter{"c", base64url(l.Server.KeyHash)})
	}
	if len(params) > 0 {
		text += "?" + params.escaped()
	}
	return text
}

// Write appends the binary form: "I", the server, and link id and key as short strings;
// or "C", the letter of the type in upper case, the server, and the key. The form does
// not tell the scheme. Agent protocol, "Link data encryption".
func (l ShortLink) Write(w *wire.Writer) {
	if typeNames[l.Type] == "" {
		w.Fail(fmt.Errorf("%w: %v", ErrLinkType, l.Type))
		return
	}
	w.Byte(byte(l.Type.Mode()))
	if l.Type != InvitationLink {
		w.Byte(l.Type.upper())
	}
	l.Server.Write(w)
	if l.Type == InvitationLink {
		w.Short(l.LinkID)
	}
	w.Short(l.Key)
}

// ErrLinkType: the letter of a short link in binary form is none of A, C, G, R.
var ErrLinkType = errors.New("unknown type of short link")

// ReadShortLink reads the form that Write appends. As in the official implementation
// the result is a link with Web set.
func ReadShortLink(r *wire.Reader) ShortLink {
	l := ShortLink{Web: true, Type: InvitationLink}
	if readMode(r) == Contact {
		l.Type = readLinkType(r)
	}
	l.Server = ReadServer(r)
	if l.Type == InvitationLink {
		l.LinkID = append([]byte{}, r.Short()...)
	}
	l.Key = append(LinkKey{}, r.Short()...)
	return orZero(r, l)
}

func readLinkType(r *wire.Reader) LinkType {
	b := r.Byte()
	t := LinkType(b + toLower)
	if r.Err() == nil && (t == InvitationLink || typeNames[t] == "") {
		r.Fail(fmt.Errorf("%w: 0x%02x", ErrLinkType, b))
	}
	return t
}

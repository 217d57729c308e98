package codec

import (
	"strings"

	"smpcheck/reference/link"
	"smpcheck/vectors"
)

// shortParts is a short link without its scheme.
type shortParts struct {
	Type string `json:"type"`
	relayParts
	LinkID  *vectors.Hex `json:"link_id"`
	LinkKey vectors.Hex  `json:"link_key"`
}

// linkTypes are the types of short links by their letters.
var linkTypes = map[string]link.LinkType{
	"i": link.InvitationLink, "a": link.ContactLink, "c": link.ChannelLink,
	"g": link.GroupLink, "r": link.RelayLink,
}

func (p shortParts) short() (link.ShortLink, error) {
	kind, ok := linkTypes[p.Type]
	if !ok {
		return link.ShortLink{}, badRequest("%q is no type of short links", p.Type)
	}
	if (kind == link.InvitationLink) != (p.LinkID != nil) {
		return link.ShortLink{}, badRequest("invitations have a link id, all others have none")
	}
	server, err := p.server()
	if err != nil {
		return link.ShortLink{}, err
	}
	l := link.ShortLink{Type: kind, Server: server, Key: link.LinkKey(p.LinkKey)}
	if p.LinkID != nil {
		l.LinkID = *p.LinkID
	}
	return l, nil
}

func partsOfShort(l link.ShortLink) shortParts {
	p := shortParts{Type: string(rune(l.Type)), relayParts: partsOfRelay(l.Server), LinkKey: vectors.Hex(l.Key)}
	if l.Type == link.InvitationLink {
		p.LinkID = (*vectors.Hex)(&l.LinkID)
	}
	return p
}

type parsedShort struct {
	Parameters []string `json:"parameters"`
	Web        bool     `json:"web"`
	shortParts
	Canonical string      `json:"canonical"`
	Encoded   vectors.Hex `json:"encoded"`
}

func parseShortLink(in text) (parsedShort, error) {
	l, err := link.ParseShortLink(in.Text)
	if err != nil {
		return parsedShort{}, err
	}
	_, query, _ := strings.Cut(in.Text, "?")
	b, err := link.Encode(l)
	return parsedShort{parametersOf(query), l.Web, partsOfShort(l), l.Text(), b}, err
}

type shortToFormat struct {
	Web bool `json:"web"`
	shortParts
}

func formatShortLink(in shortToFormat) (canonicalText, error) {
	l, err := in.short()
	l.Web = in.Web
	return canonicalText{l.Text()}, err
}

func encodeShortLink(in shortParts) (encoded, error) {
	l, err := in.short()
	if err != nil {
		return encoded{}, err
	}
	return written(l.Write)
}

type decodedShort struct {
	shortParts
	Canonical string `json:"canonical"`
}

func decodeShortLink(in encoded) (decodedShort, error) {
	l, err := link.Decode(in.Encoded, link.ReadShortLink)
	if err != nil {
		return decodedShort{}, err
	}
	return decodedShort{partsOfShort(l), l.Text()}, nil
}

type toShorten struct {
	Link    string   `json:"link"`
	Presets []string `json:"presets"`
}

type shortened struct {
	Parameters []string `json:"parameters"`
	Known      []string `json:"known"`
	Shortened  string   `json:"shortened"`
	Restored   string   `json:"restored"`
}

func shortenLink(in toShorten) (shortened, error) {
	l, err := link.ParseShortLink(in.Link)
	if err != nil {
		return shortened{}, err
	}
	var presets []link.Server
	known := []string{}
	for _, text := range in.Presets {
		s, err := link.ParseServer(text)
		if err != nil {
			return shortened{}, err
		}
		presets, known = append(presets, s), append(known, s.String())
	}
	_, query, _ := strings.Cut(in.Link, "?")
	short := l.Shorten(presets)
	return shortened{parametersOf(query), known, short.Text(), short.Restore(presets).Text()}, nil
}

package codec

import (
	"errors"
	"fmt"
	"strings"

	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/vectors"
)

// links are the operations on full and short links.
var links = area{
	operations: map[string]handler{
		"parse_link":             operation(parseLink),
		"check_link":             operation(checkLink),
		"parse_connection_link":  operation(parseConnectionLink),
		"format_connection_link": operation(formatConnectionLink),
		"encode_connection_link": operation(encodeConnectionLink),
		"decode_connection_link": operation(decodeConnectionLink),
		"parse_e2e_parameters":   operation(parseE2E),
		"format_e2e_parameters":  operation(formatE2E),
		"parse_short_link":       operation(parseShortLink),
		"format_short_link":      operation(formatShortLink),
		"encode_short_link":      operation(encodeShortLink),
		"decode_short_link":      operation(decodeShortLink),
		"shorten_link":           operation(shortenLink),
	},
	classes: []class{
		{link.ErrLax, "NotByTheText"},
		{link.ErrNoParameter, "MissingParameter"},
		{link.ErrBase64, "BadBase64"},
		{link.ErrVersions, "NotVersions"},
		{link.ErrQuery, "BadParameters"},
		{link.ErrPort, "BadPort"},
		{keys.ErrEncoding, "MalformedKey"},
		{link.ErrKey, "WrongKeyType"},
		{link.ErrMode, "WrongMode"},
		{link.ErrNoQueues, "NoQueues"},
		{link.ErrLinkType, "UnknownLinkType"},
		{link.ErrOffer, "MalformedE2eParameters"},
		{link.ErrAppServer, "MalformedWebServer"},
		{link.ErrQueue, "MalformedQueueUri"},
		{link.ErrShortLink, "MalformedShortLink"},
		{link.ErrConnection, "MalformedConnectionLink"},
		{link.ErrLink, "NotALink"},
	},
}

type anyLink struct {
	Form      string `json:"form"`
	Canonical string `json:"canonical"`
}

func parseLink(in text) (anyLink, error) {
	l, err := link.ParseLink(in.Text)
	if err != nil {
		return anyLink{}, err
	}
	return anyLink{linkForm(l), l.Text()}, nil
}

func linkForm(l link.Link) string {
	if _, short := l.(link.ShortLink); short {
		return "short"
	}
	return "full"
}

type formOnly struct {
	Form string `json:"form"`
}

func checkLink(in text) (formOnly, error) {
	if err := link.Check(in.Text); err != nil {
		return formOnly{}, err
	}
	l, err := link.ParseLink(in.Text)
	if err != nil {
		return formOnly{"queue"}, nil // it is none of the links that Check accepts
	}
	return formOnly{linkForm(l)}, nil
}

// connectionParts is a full link without its scheme.
type connectionParts struct {
	Mode          string   `json:"mode"`
	AgentVersions versions `json:"agent_versions"`
	Queues        []string `json:"queues"`
	E2E           *string  `json:"e2e"`
	ClientData    *string  `json:"client_data"`
}

// linkModes are the modes of links by their names.
var linkModes = map[string]link.Mode{
	link.Invitation.String(): link.Invitation,
	link.Contact.String():    link.Contact,
}

func (p connectionParts) connection() (link.Connection, error) {
	c := link.Connection{}
	var ok bool
	if c.Mode, ok = linkModes[p.Mode]; !ok {
		return c, badRequest("%q is no mode of a link", p.Mode)
	}
	var err error
	if c.AgentVersions, err = p.AgentVersions.wire(); err != nil {
		return c, err
	}
	for _, uri := range p.Queues {
		q, err := link.ParseQueueURI(uri)
		if err != nil {
			return c, err
		}
		c.Queues = append(c.Queues, q)
	}
	if p.E2E != nil {
		o, err := link.ParseOffer(*p.E2E)
		if err != nil {
			return c, err
		}
		c.Ratchet = &o
	}
	if p.ClientData != nil {
		c.ClientData = []byte(*p.ClientData)
	}
	return c, nil
}

func partsOfConnection(c link.Connection) connectionParts {
	p := connectionParts{Mode: c.Mode.String(), AgentVersions: rangeOf(c.AgentVersions), Queues: []string{}}
	for _, q := range c.Queues {
		p.Queues = append(p.Queues, q.Text())
	}
	if c.Ratchet != nil {
		e2e := link.OfferText(*c.Ratchet)
		p.E2E = &e2e
	}
	if c.ClientData != nil {
		data := string(c.ClientData)
		p.ClientData = &data
	}
	return p
}

type parsedConnection struct {
	Parameters []string `json:"parameters"`
	WebServer  *string  `json:"web_server"`
	connectionParts
	Canonical string      `json:"canonical"`
	Encoded   vectors.Hex `json:"encoded"`
}

func parseConnectionLink(in text) (parsedConnection, error) {
	c, err := link.ParseConnection(in.Text)
	if err != nil {
		return parsedConnection{}, err
	}
	out := parsedConnection{connectionParts: partsOfConnection(c), Canonical: c.Text()}
	_, query, _ := strings.Cut(in.Text, "?")
	out.Parameters = parametersOf(query)
	if rest, web := strings.CutPrefix(in.Text, "https://"); web {
		authority, _, _ := strings.Cut(rest, "/")
		server, err := link.ParseAppServer(authority)
		if err != nil {
			return parsedConnection{}, err
		}
		name := server.String()
		out.WebServer = &name
	}
	out.Encoded, err = link.Encode(c)
	return out, err
}

type connectionToFormat struct {
	WebServer *string `json:"web_server"`
	connectionParts
}

func formatConnectionLink(in connectionToFormat) (text, error) {
	c, err := in.connection()
	if err != nil {
		return text{}, err
	}
	if in.WebServer == nil {
		return text{c.Text()}, nil
	}
	server, err := link.ParseAppServer(*in.WebServer)
	if err != nil {
		return text{}, err
	}
	return text{c.WebText(server)}, nil
}

func encodeConnectionLink(in connectionParts) (encoded, error) {
	c, err := in.connection()
	if err != nil {
		return encoded{}, err
	}
	return written(c.Write)
}

type decodedConnection struct {
	connectionParts
	Recoded vectors.Hex `json:"recoded"`
}

func decodeConnectionLink(in encoded) (decodedConnection, error) {
	c, err := link.Decode(in.Encoded, link.ReadConnection)
	if err != nil {
		return decodedConnection{}, asOffer(err)
	}
	again, err := written(c.Write)
	return decodedConnection{partsOfConnection(c), again.Encoded}, err
}

// asOffer marks errors of ratchet parameters as errors of those of a link.
func asOffer(err error) error {
	for _, of := range []error{ratchet.ErrParameters, ratchet.ErrKEMTag, ratchet.ErrKEMState} {
		if errors.Is(err, of) {
			return fmt.Errorf("%w: %w", link.ErrOffer, err)
		}
	}
	return err
}

type e2eText struct {
	E2E string `json:"e2e"`
}

type e2eParts struct {
	Versions versions     `json:"e2e_versions"`
	Key1     vectors.Hex  `json:"key1"`
	Key2     vectors.Hex  `json:"key2"`
	KEMKey   *vectors.Hex `json:"kem_key"`
}

type parsedE2E struct {
	Parameters []string `json:"parameters"`
	e2eParts
	Canonical string `json:"canonical"`
}

func parseE2E(in e2eText) (parsedE2E, error) {
	o, err := link.ParseOffer(in.E2E)
	if err != nil {
		return parsedE2E{}, err
	}
	out := parsedE2E{Parameters: parametersOf(in.E2E), Canonical: link.OfferText(o)}
	out.e2eParts = e2eParts{Versions: rangeOf(o.Versions), Key1: o.Key1.SPKI(), Key2: o.Key2.SPKI()}
	if o.KEM != nil {
		out.KEMKey = (*vectors.Hex)(&o.KEM.PublicKey)
	}
	return out, nil
}

func formatE2E(in e2eParts) (canonicalText, error) {
	v, err := in.Versions.wire()
	if err != nil {
		return canonicalText{}, err
	}
	o := ratchet.Offer{Versions: v}
	if o.Key1, err = publicKeyFor(in.Key1, keys.X448); err != nil {
		return canonicalText{}, err
	}
	if o.Key2, err = publicKeyFor(in.Key2, keys.X448); err != nil {
		return canonicalText{}, err
	}
	if in.KEMKey != nil {
		o.KEM = &ratchet.KEMParameters{PublicKey: *in.KEMKey}
	}
	if err := o.Check(); err != nil {
		return canonicalText{}, asOffer(err)
	}
	return canonicalText{link.OfferText(o)}, nil
}

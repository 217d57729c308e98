package main

import (
	"fmt"
	"strings"

	"smpcheck/reference/link"
	"smpcheck/vectors"
	"smpcheck/vectors/gen/build"
)

func shortLink() *build.File {
	f := build.New("short_link", "short links of all types, as text and in binary form, and without what readers know of relays",
		"The link key is a SHA3-256 hash: 32 bytes. Only invitations have a link id, of 24 bytes here.")
	linkFlags(f, "Truncated", "Trailing", "Scheme", "Separator", "Base64", "Missing", "Host", "Port", "Fingerprint", "Space", "OtherForm", "OnlyAccepted", "SchemeNotWritten")
	f.Flag("Type", "The type is none of those that exist, or more than one letter.")
	f.Flag("LinkID", "An invitation has no link id, or another type has one.")
	f.Flag("OnlyHost", "The link names nothing of the relay but its host: the rest is in the reader's list of known relays.")
	f.Flag("NotShortened", "The relay is not the known one, or not in all parts, so that nothing is left out.")
	f.Flag("Mode", "The letter of the mode is neither 'I' nor 'C'.")
	shortTexts(f)
	otherShortTexts(f)
	shortBinaries(f)
	shortening(f)
	laxTexts(f, laxShortLinks())
	return f
}

// linkTypeLetters are the types of short links.
var linkTypeLetters = []link.LinkType{link.InvitationLink, link.ContactLink, link.ChannelLink, link.GroupLink, link.RelayLink}

// Parts of the short links in all vectors.
var (
	linkIDBytes  = build.Bytes("link id", 24)
	linkKeyBytes = build.Bytes("link key", 32)
)

// onlyHost is a relay of which readers know the rest.
func onlyHost() link.Server {
	s := linkRelay("", "smp.example.com")
	s.KeyHash = nil
	return s
}

// shortOf returns a short link on a relay.
func shortOf(of link.LinkType, web bool, relay link.Server) link.ShortLink {
	l := link.ShortLink{Type: of, Web: web, Server: relay, Key: link.LinkKey(linkKeyBytes)}
	if of == link.InvitationLink {
		l.LinkID = linkIDBytes
	}
	return l
}

func shortTexts(f *build.File) {
	g := f.Group("text", "canonical texts", "parse_short_link", "format_short_link", "encode_short_link")
	schemes := []struct {
		id  string
		web bool
	}{{"simplex", false}, {"https", true}}
	for _, of := range linkTypeLetters {
		for _, scheme := range schemes {
			id := of.String() + "-" + scheme.id
			g.Valid(id, id, build.Fields{"text": shortOf(of, scheme.web, linkRelay("5223", "smp.example.com")).Text()})
			g.Valid(id+"-known", id+", the relay is known to readers", build.Fields{"text": shortOf(of, scheme.web, onlyHost()).Text()}, "OnlyHost")
		}
	}
	for _, form := range linkRelays {
		for _, scheme := range schemes {
			id := form.id + "-" + scheme.id
			g.Valid(id, "relay: "+form.id, build.Fields{"text": shortOf(link.GroupLink, scheme.web, form.relay).Text()})
		}
	}
	ipv6 := linkRelay("5223", "2001:db8::1")
	g.Valid("ipv6-simplex", "relay with an IPv6 address", build.Fields{"text": shortOf(link.ContactLink, false, ipv6).Text()})
	refuseAll(g, "parse_short_link", "text", refusedShortTexts())
}

func refusedShortTexts() []refusal[string] {
	relay := linkRelay("5223", "smp.example.com")
	text := shortOf(link.ContactLink, false, relay).Text()
	web := shortOf(link.ContactLink, true, relay).Text()
	invitation := shortOf(link.InvitationLink, false, relay).Text()
	id, key, hash := unpadded(linkIDBytes), unpadded(linkKeyBytes), unpadded(linkRelayHash)
	with := func(old, with string) string { return swapped(text, old, with) }
	short := "MalformedShortLink"
	return []refusal[string]{
		{"empty", "no text", "", short, "Scheme"},
		{"scheme-http", "the scheme http", swapped(web, "https:", "http:"), short, "Scheme"},
		{"scheme-smp", "the scheme of relays", with("simplex:", "smp:"), short, "Scheme"},
		{"scheme-capitals", "capital letters", with("simplex:", "Simplex:"), short, "Scheme"},
		{"scheme-two-slashes", "two slashes", with("simplex:/", "simplex://"), short, "Scheme"},
		{"scheme-no-slash", "no slash", with("simplex:/", "simplex:"), short, "Scheme"},
		{"scheme-https-one-slash", "one slash", swapped(web, "https://", "https:/"), short, "Scheme"},
		{"space-first", "a space in front", " " + text, short, "Space"},
		{"space-last", "a space at the end", text + " ", "BadParameters", "Space"},
		{"space-key", "a space in the link key", with(key, key[:20]+" "+key[20:]), "BadBase64", "Space"},
		{"line-feed", "a line feed at the end", text + "\n", "BadParameters", "Space"},
		{"type-b", "a letter that is no type", with("/a#", "/b#"), short, "Type"},
		{"type-none", "no type", with("/a#", "/#"), short, "Type"},
		{"type-two", "two letters", with("/a#", "/aa#"), short, "Type"},
		{"type-capital-i", "a capital letter", swapped(invitation, "/i#", "/I#"), short, "Type"},
		{"type-word", "a word", with("/a#", "/contact#"), short, "Type"},
		{"no-hash", "no # before the key", with("/a#", "/a/"), short, "Separator"},
		{"two-slashes", "two slashes before the type", with("/a#", "//a#"), short, "Separator"},
		{"web-host-none", "no host", swapped(web, "smp.example.com", ""), "MalformedHost", "Host"},
		{"web-host-space", "a host with a space", swapped(web, "smp.example.com", "smp example.com"), short, "Host"},
		{"web-host-two", "two hosts with a comma between them", swapped(web, "smp.example.com", "smp.example.com,a.example"), short, "Host"},
		{"web-port", "the port after the host", swapped(web, "smp.example.com", "smp.example.com:5223"), short, "Port"},
		{"h-none", "no host with the scheme simplex:", with("h=smp.example.com&", ""), "MissingParameter", "Missing"},
		{"h-empty", "an empty host", with("smp.example.com", ""), "MissingParameter", "Missing"},
		{"no-parameters", "no parameters with the scheme simplex:", text[:strings.Index(text, "?")], "MissingParameter", "Missing"},
		{"h-comma", "a comma and no host", with("smp.example.com", "%2C"), "MalformedHost", "Host"},
		{"h-comma-last", "a comma after the host", with("smp.example.com", "smp.example.com%2C"), "MalformedHost", "Host"},
		{"h-port", "a port in h", with("smp.example.com", "smp.example.com%3A5223"), "MalformedHost", "Host"},
		{"p-empty", "an empty port", with("p=5223", "p="), "BadPort", "Port"},
		{"p-letters", "a port in letters", with("p=5223", "p=smp"), "BadPort", "Port"},
		{"p-minus", "a port below zero", with("p=5223", "p=-1"), "BadPort", "Port"},
		{"p-two", "two ports", with("p=5223", "p=443%2C5223"), "BadPort", "Port"},
		{"c-empty", "an empty fingerprint", with(hash, ""), "BadBase64", "Fingerprint"},
		{"c-plus", "a character of the other base64 alphabet", with(hash, "%2B"+hash[1:]), "BadBase64", "Fingerprint"},
		{"c-cut", "one character of base64 too few", with(hash, hash[:41]), "BadBase64", "Fingerprint"},
		{"c-bits", "bits after the last byte", with(hash, laterLetter(hash)), "BadBase64", "Fingerprint"},
		{"key-none", "no link key", with(key, ""), "BadBase64", "Base64"},
		{"key-plus", "a character of the other base64 alphabet", with(key, "+"+key[1:]), "BadBase64", "Base64"},
		{"key-escaped", "an escape in the link key", with(key, "%41"+key[1:]), "BadBase64", "Base64"},
		{"key-cut", "one character of base64 too few", with(key, key[:41]), "BadBase64", "Base64"},
		{"key-bits", "bits after the last byte", with(key, laterLetter(key)), "BadBase64", "Base64"},
		{"key-two-pads", "two = where one belongs", with(key, key+"=="), "BadBase64", "Base64"},
		{"id-none", "an invitation without link id", swapped(invitation, id+"/", ""), short, "LinkID"},
		{"id-empty", "an empty link id", swapped(invitation, id+"/", "/"), "BadBase64", "LinkID"},
		{"id-plus", "a character of the other base64 alphabet", swapped(invitation, id, "+"+id[1:]), "BadBase64", "Base64"},
		{"id-cut", "one character of base64 too few", swapped(invitation, id, id[:29]), "BadBase64", "Base64"},
		{"id-two", "two link ids", swapped(invitation, id, id+"/"+id), "BadBase64", "LinkID"},
		{"contact-id", "a contact address with a link id", with(key, id+"/"+key), "BadBase64", "LinkID"},
		{"invitation-key-none", "an invitation without link key", swapped(invitation, key, ""), "BadBase64", "Base64"},
	}
}

func otherShortTexts(f *build.File) {
	g := f.Group("other-text", "texts that are not the canonical ones", "parse_short_link", "encode_short_link")
	text := shortOf(link.ChannelLink, false, linkRelay("5223", "smp.example.com", linkOnion)).Text()
	start, params, _ := strings.Cut(text, "?")
	items := strings.Split(params, "&")
	key, hash := unpadded(linkKeyBytes), unpadded(linkRelayHash)
	add := func(id, what, text string) { g.Valid(id, what, build.Fields{"text": text}, "OtherForm") }
	add("order", "parameters in another order", start+"?"+items[2]+"&"+items[0]+"&"+items[1])
	add("semicolons", "';' between the parameters", start+"?"+strings.Join(items, ";"))
	add("unknown-first", "an unknown parameter in front", start+"?x=1&"+params)
	add("unknown-last", "an unknown parameter at the end", text+"&unknown=abc")
	add("comma", "a comma that is not escaped", swapped(text, "%2C", ","))
	add("key-padded", "a link key with =", swapped(text, key, key+"="))
	add("hash-padded", "a fingerprint with =", swapped(text, hash, hash+"%3D"))
	web := shortOf(link.RelayLink, true, onlyHost()).Text()
	add("web-unknown", "an unknown parameter alone", web+"?x=1")
	add("web-h-empty", "an h without host beside that of the web", web+"?h=")
	add("web-ipv6", "an IPv6 address in brackets", swapped(web, "smp.example.com", "[2001:db8::1]"))
}

// shortPieces are the fields of the binary form of a short link.
func shortPieces(l link.ShortLink) []piece {
	p := []piece{{"mode", []byte{byte(l.Type.Mode())}}}
	if l.Type != link.InvitationLink {
		p = append(p, piece{"type", []byte(strings.ToUpper(string(rune(l.Type))))})
	}
	p = append(p, relayPieces(l.Server)...)
	if l.Type == link.InvitationLink {
		p = append(p, piece{"link-id", shortBytes(l.LinkID)})
	}
	p = append(p, piece{"link-key", shortBytes(l.Key)})
	if string(joined(p)) != string(must(link.Encode(l))) {
		panic("the pieces are not those of the link")
	}
	return p
}

func shortBinaries(f *build.File) {
	g := f.Group("binary", "binary forms", "decode_short_link", "encode_short_link")
	for _, of := range linkTypeLetters {
		for _, relay := range []relayForm{{"full", linkRelay("5223", "smp.example.com")}, {"known", onlyHost()}} {
			id := of.String() + "-" + relay.id
			g.Valid(id, id, build.Fields{"encoded": must(link.Encode(shortOf(of, true, relay.relay)))}, "SchemeNotWritten")
		}
	}
	for _, form := range append(linkRelays[2:], relayForm{"ipv6", linkRelay("443", "2001:db8::1")}) {
		g.Valid(form.id, "relay: "+form.id, build.Fields{"encoded": must(link.Encode(shortOf(link.GroupLink, true, form.relay)))}, "SchemeNotWritten")
	}
	invitation := shortPieces(shortOf(link.InvitationLink, true, linkRelay("5223", "smp.example.com")))
	contact := shortPieces(shortOf(link.ContactLink, true, linkRelay("5223", "smp.example.com")))
	refusePieces(g, "decode_short_link", "encoded", "invitation-", invitation)
	refusePiecesFrom(g, "decode_short_link", "encoded", "contact-", contact, "type")
	list := []refusal[vectors.Hex]{
		{"invitation-trailing", "a byte at the end", append(joined(invitation), 0), "Trailing", "Trailing"},
		{"contact-trailing", "a byte at the end", append(joined(contact), 0), "Trailing", "Trailing"},
		{"mode-small", "the mode as a small letter", withPiece(contact, "mode", []byte{'c'}), "WrongMode", "Mode"},
		{"mode-type", "the type in the place of the mode", withPiece(contact, "mode", nil), "WrongMode", "Mode"},
		{"type-none", "a contact address without type", withPiece(contact, "type", nil), "UnknownLinkType", "Type"},
		{"type-small", "the type as a small letter", withPiece(contact, "type", []byte{'a'}), "UnknownLinkType", "Type"},
		{"type-invitation", "the type of invitations after the mode of contact addresses", withPiece(contact, "type", []byte{'I'}), "UnknownLinkType", "Type"},
		{"type-other", "a letter that is no type", withPiece(contact, "type", []byte{'B'}), "UnknownLinkType", "Type"},
		{"no-hosts", "a list of no hosts", noHosts(contact), "MalformedServer", "Host"},
		{"host-empty", "an empty host", withPiece(contact, "host-1", []byte{0}), "MalformedHost", "Host"},
		{"host-space", "a host with a space", withPiece(contact, "host-1", shortBytes([]byte("a b"))), "MalformedHost", "Host"},
		{"invitation-no-id", "an invitation without link id", withPiece(invitation, "link-id", nil), "Truncated", "LinkID"},
		{"contact-with-id", "a contact address with a link id", append(withPiece(contact, "link-key", shortBytes(linkIDBytes)), shortBytes(linkKeyBytes)...), "Trailing", "LinkID"},
	}
	refuseAll(g, "decode_short_link", "encoded", list)
}

// noHosts returns the binary form without hosts.
func noHosts(pieces []piece) []byte {
	var kept []piece
	for _, p := range pieces {
		switch p.name {
		case "host-count":
			kept = append(kept, piece{p.name, []byte{0}})
		case "host-1":
		default:
			kept = append(kept, p)
		}
	}
	return joined(kept)
}

func shortening(f *build.File) {
	g := f.Group("shorten", "links without what readers know of the relay", "shorten_link")
	preset := linkRelay("", "smp.example.com", linkOnion)
	other := preset
	other.KeyHash = build.Bytes("another relay", 32)
	add := func(id, what string, relay, preset link.Server, flags ...string) {
		for _, web := range []bool{false, true} {
			l := shortOf(link.ContactLink, web, relay)
			g.Valid(fmt.Sprintf("%s-web-%t", id, web), what, build.Fields{"link": l.Text(), "presets": []string{preset.String()}}, flags...)
		}
	}
	add("all", "host and onion address", preset, preset, "OnlyHost")
	add("first-host", "the first host alone", linkRelay("", "smp.example.com"), preset, "OnlyHost")
	add("port-5223", "the port that is the default", linkRelay("5223", "smp.example.com"), preset, "OnlyHost")
	add("port-443", "the port that web servers and relays share", linkRelay("443", "smp.example.com"), preset, "OnlyHost")
	add("same-port", "the same port", linkRelay("5224", "smp.example.com"), linkRelay("5224", "smp.example.com"), "OnlyHost")
	add("other-port", "another port", linkRelay("5224", "smp.example.com"), preset, "NotShortened")
	add("other-fingerprint", "another fingerprint", linkRelay("", "smp.example.com"), other, "NotShortened")
	add("more-hosts", "a host that the known relay does not have", linkRelay("", "smp.example.com", "a.example"), preset, "NotShortened")
	add("other-host", "another host", linkRelay("", "a.example"), preset, "NotShortened")
	g.Invalid("shorten_link", "preset", "a known relay without fingerprint", build.Fields{
		"link": shortOf(link.ContactLink, true, preset).Text(), "presets": []string{"smp://@smp.example.com"},
	}, "MalformedServer", "Fingerprint")
}

func laxShortLinks() []refusal[string] {
	text := shortOf(link.ContactLink, true, linkRelay("5223", "smp.example.com")).Text()
	return []refusal[string]{
		lax("port-99999", "a port above 65535", swapped(text, "p=5223", "p=99999")),
		lax("port-0", "port 0", swapped(text, "p=5223", "p=0")),
		lax("port-zeros", "a port with zeros in front", swapped(text, "p=5223", "p=05223")),
		lax("capital", "a type as a capital letter", swapped(text, "/a#", "/A#")),
		lax("slash", "a slash after the type", swapped(text, "/a#", "/a/#")),
		lax("key-31", "a link key of 31 bytes", swapped(text, unpadded(linkKeyBytes), unpadded(linkKeyBytes[:31]))),
		lax("fingerprint-20", "a fingerprint of 20 bytes", swapped(text, unpadded(linkRelayHash), unpadded(linkRelayHash[:20]))),
		lax("twice", "a parameter that comes twice", text+"&p=443"),
		lax("percent", "a % that introduces no byte", text+"&x=%"),
	}
}

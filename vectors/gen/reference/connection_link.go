package main

import (
	"fmt"
	"strings"

	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
	"smpcheck/vectors/gen/build"
)

func connectionLink() *build.File {
	f := build.New("connection_link", "full connection links: invitations and contact addresses, as text and in binary form",
		"The text form of end-to-end parameters is that of the official implementation; the documents do not have it.",
		"KEM keys are random bytes of the right length.")
	linkFlags(f, "Truncated", "Trailing", "Scheme", "Separator", "Base64", "Versions", "Missing", "Key", "Host", "Port", "Space", "OtherForm", "OnlyAccepted")
	f.Flag("NoLink", "The text is neither a full link nor a short one, which the scheme and the path before '#' tell.")
	f.Flag("Path", "The word before '#' is neither invitation nor contact.")
	f.Flag("Queue", "The link has no queue, or one whose URI is malformed.")
	f.Flag("VersionRaised", "The lowest agent version that exists is 2: a contact link with a lower one is read as if it had 2.")
	f.Flag("WrongMode", "The letter of the mode is another one, or an invitation has no end-to-end parameters, or a contact address has some.")
	f.Flag("KEM", "The KEM parameters are neither absent nor a key of the right length: only an answer has an encapsulated key.")
	f.Flag("Option", "What introduces an optional value is neither '0' nor '1'.")
	f.Flag("KEMBelow3", "End-to-end version 2 has no KEM: a KEM key in the text is not looked at.")
	anyLinks(f)
	connectionTexts(f)
	otherConnectionTexts(f)
	e2eTexts(f)
	connectionBinaries(f)
	laxTexts(f, laxConnections())
	return f
}

// webServers are web servers with names for ids; empty is the scheme simplex:.
var webServers = [][2]string{
	{"simplex", ""}, {"https", "simplex.chat"}, {"https-port", "example.com:8443"}, {"https-ipv4", "192.0.2.1"}, {"https-ipv6", "[2001:db8::1]:443"},
}

// connectionText is the text of a link on a web server, or with the scheme simplex:.
func connectionText(c link.Connection, web string) string {
	if web == "" {
		return c.Text()
	}
	return c.WebText(must(link.ParseAppServer(web)))
}

// connections are full links with names for ids.
func connections() []struct {
	id string
	of link.Connection
} {
	many := func(c link.Connection, queues ...link.QueueURI) link.Connection {
		c.Queues = queues
		return c
	}
	at := func(c link.Connection, lowest, highest uint16) link.Connection {
		c.AgentVersions = wire.Versions(lowest, highest)
		return c
	}
	data := func(c link.Connection, text string) link.Connection {
		c.ClientData = []byte(text)
		return c
	}
	offered := func(lowest, highest uint16, kem bool) link.Connection {
		c, offer := linkInvitation(), linkOffer(lowest, highest, kem)
		c.Ratchet = &offer
		return c
	}
	onion := linkQueue(1, 4, smp.Messaging)
	onion.Server = linkRelay("", "smp.example.com", linkOnion)
	second := linkQueue(4, 4, smp.Contact)
	second.SenderID = build.Bytes("second sender id", 24)
	return []struct {
		id string
		of link.Connection
	}{
		{"two-queues", many(linkContact(), linkQueue(4, 4, smp.Contact), second)},
		{"three-queues", many(linkInvitation(), linkQueue(3, 4, smp.Messaging), second, linkQueue(4, 4, smp.Messaging))},
		{"hosts-at-v1", many(linkInvitation(), onion)},
		{"messaging-at-v1", many(linkContact(), linkQueue(1, 4, smp.Messaging))},
		{"agent-2", at(linkContact(), 2, 2)},
		{"agent-7", at(linkInvitation(), 7, 7)},
		{"agent-4-5", at(linkContact(), 4, 5)},
		{"agent-1-7", at(linkInvitation(), 1, 7)},
		{"data", data(linkContact(), `{"groupLinkId":"abc="}`)},
		{"data-empty", data(linkContact(), "")},
		{"data-unicode", data(linkInvitation(), "Привет & 100% + ü?#")},
		{"e2e-2", offered(2, 2, false)},
		{"e2e-3", offered(3, 3, false)},
		{"e2e-3-kem", offered(3, 3, true)},
	}
}

func anyLinks(f *build.File) {
	g := f.Group("any", "texts of which the path tells the kind of link", "parse_link")
	contact := linkContact().Text()
	short := shortOf(link.ContactLink, true, linkRelay("5223", "smp.example.com")).Text()
	g.Valid("contact", "a contact address", build.Fields{"text": contact})
	g.Valid("short", "a short link to a contact address", build.Fields{"text": short})
	g.Valid("short-invitation", "a short link of an invitation", build.Fields{"text": shortOf(link.InvitationLink, false, onlyHost()).Text()})
	refuseAll(g, "parse_link", "text", []refusal[string]{
		{"empty", "no text", "", "NotALink", "NoLink"},
		{"queue", "a queue URI", linkQueue(4, 4, smp.Contact).Text(), "NotALink", "NoLink"},
		{"relay", "the address of a relay", linkRelay("5223", "smp.example.com").String(), "NotALink", "NoLink"},
		{"scheme", "the scheme http", swapped(short, "https:", "http:"), "NotALink", "NoLink"},
		{"word", "a word that is no kind of link", swapped(contact, "/contact", "/address"), "NotALink", "NoLink"},
		{"two-letters", "two letters as type", swapped(short, "/a#", "/ab#"), "NotALink", "NoLink"},
		{"web-page", "a web page", "https://simplex.chat/", "NotALink", "NoLink"},
		{"short-for-full", "a letter in the place of the word, and so a short link without link key", swapped(contact, "/contact", "/a"), "BadBase64", "NoLink"},
		{"full-for-short", "a word in the place of the letter, and so a full link without parameters", swapped(short, "/a#", "/contact#"), "MalformedConnectionLink", "NoLink"},
	})
}

func connectionTexts(f *build.File) {
	g := f.Group("text", "canonical texts", "parse_connection_link", "format_connection_link")
	for _, web := range webServers {
		for _, c := range []link.Connection{linkInvitation(), linkContact()} {
			g.Valid(web[0]+"-"+c.Mode.String(), "one queue, scheme: "+web[0], build.Fields{"text": connectionText(c, web[1])})
		}
	}
	for _, c := range connections() {
		g.Valid(c.id, "a link: "+c.id, build.Fields{"text": c.of.Text()})
	}
	refuseAll(g, "parse_connection_link", "text", refusedConnections())
	for id, server := range inOrder(map[string]string{"path": "example.com/path", "port-letter": "example.com:443a"}) {
		g.Invalid("format_connection_link", "format-web-server-"+id, "text after the web server", build.Fields{
			"mode": "contact", "web_server": server, "agent_versions": [2]uint16{2, 7},
			"queues": []string{linkQueue(4, 4, smp.Contact).Text()}, "e2e": nil, "client_data": nil,
		}, "MalformedWebServer", "Host")
	}
}

// query returns the parts of a full link: up to "#/?", and the parameters.
func query(text string) (start string, items []string) {
	start, params, _ := strings.Cut(text, "#/?")
	return start, strings.Split(params, "&")
}

func refusedConnections() []refusal[string] {
	text := linkInvitation().Text()
	web := connectionText(linkInvitation(), "simplex.chat:443")
	contact := linkContact().Text()
	_, items := query(text)
	queue, e2e := items[1], items[2]
	with := func(old, with string) string { return swapped(text, old, with) }
	link := "MalformedConnectionLink"
	return []refusal[string]{
		{"empty", "no text", "", link, "Scheme"},
		{"scheme-http", "the scheme http", swapped(web, "https:", "http:"), link, "Scheme"},
		{"scheme-smp", "the scheme of relays", with("simplex:", "smp:"), link, "Scheme"},
		{"scheme-capitals", "capital letters", with("simplex:", "SIMPLEX:"), link, "Scheme"},
		{"scheme-https-capitals", "capital letters", swapped(web, "https:", "HTTPS:"), link, "Scheme"},
		{"scheme-two-slashes", "two slashes", with("simplex:/", "simplex://"), link, "Scheme"},
		{"scheme-no-slash", "no slash", with("simplex:/", "simplex:"), link, "Scheme"},
		{"scheme-https-one-slash", "one slash", swapped(web, "https://", "https:/"), link, "Scheme"},
		{"space-first", "a space in front", " " + text, link, "Space"},
		{"space-last", "a space at the end", text + " ", "BadParameters", "Space"},
		{"line-feed", "a line feed between parameters", with("&e2e", "\n&e2e"), "BadParameters", "Space"},
		{"web-server-none", "no web server", swapped(web, "simplex.chat:443", ""), "MalformedHost", "Host"},
		{"web-server-space", "a space in the web server", swapped(web, "simplex.chat", "simplex chat"), link, "Host"},
		{"web-server-comma", "two web servers", swapped(web, "simplex.chat", "simplex.chat,a.example"), link, "Host"},
		{"web-port-none", "a colon without port", swapped(web, ":443", ":"), "BadPort", "Port"},
		{"web-port-letters", "letters as port", swapped(web, ":443", ":https"), "BadPort", "Port"},
		{"path-other", "another word", with("/invitation", "/invite"), link, "Path"},
		{"path-capitals", "capital letters", with("/invitation", "/Invitation"), link, "Path"},
		{"path-none", "no word", with("/invitation", "/"), link, "Path"},
		{"path-two", "two words", with("/invitation", "/invitation/contact"), link, "Path"},
		{"no-hash", "no #", with("#/?", "/?"), link, "Separator"},
		{"no-slash", "no slash after #", with("#/?", "#?"), link, "Separator"},
		{"no-question-mark", "no ? before the parameters", with("#/?", "#/"), link, "Separator"},
		{"v-none", "no agent versions", with("v=2-7&", ""), "MissingParameter", "Missing"},
		{"v-empty", "an empty version range", with("#/?v=2-7", "#/?v="), "NotVersions", "Versions"},
		{"v-reversed", "the lowest version above the highest", with("#/?v=2-7", "#/?v=7-2"), "BadVersionRange", "Versions"},
		{"v-letters", "a version in letters", with("#/?v=2-7", "#/?v=two"), "NotVersions", "Versions"},
		{"smp-none", "no queues", with("&"+queue, ""), "MissingParameter", "Missing"},
		{"smp-empty", "an empty list of queues", with(queue, "smp="), "MalformedServer", "Queue"},
		{"smp-semicolon", "a semicolon after the queue", with(queue, queue+"%3B"), "MalformedServer", "Queue"},
		{"smp-not-escaped", "a queue URI that is not escaped: its parameters become those of the link", swapped(contact, contact[strings.Index(contact, "smp="):], "smp="+linkQueue(4, 4, smp.Contact).Text()), "MissingParameter", "Queue"},
		{"smp-escaped-twice", "a queue URI that is escaped twice", with(queue, "smp="+strings.ReplaceAll(queue[4:], "%", "%25")), "MalformedServer", "Queue"},
		{"smp-scheme", "a queue of a file server", with("smp=smp", "smp=xftp"), "MalformedServer", "Queue"},
		{"smp-no-key", "a queue without key", with("%26dh%3D", "%26hd%3D"), "MissingParameter", "Queue"},
		{"smp-second", "a second queue without sender id", with(queue, queue+"%3Bsmp%3A%2F%2F"+unpadded(linkRelayHash)+"%40a.example%2F%23%2F%3Fv%3D4"), "BadBase64", "Queue"},
		{"e2e-none", "an invitation without end-to-end parameters", with("&"+e2e, ""), "MissingParameter", "Missing"},
		{"e2e-empty", "empty end-to-end parameters", with(e2e, "e2e="), "MissingParameter", "Missing"},
		{"contact-as-invitation", "a contact address under the path of invitations", swapped(contact, "/contact", "/invitation"), "MissingParameter", "Missing"},
		{"e2e-escaped-twice", "end-to-end parameters that are escaped twice", with(e2e, "e2e="+strings.ReplaceAll(e2e[4:], "%", "%25")), "MissingParameter", "Missing"},
	}
}

func otherConnectionTexts(f *build.File) {
	g := f.Group("other-text", "texts that are not the canonical ones", "parse_connection_link")
	c := linkInvitation()
	c.ClientData = []byte("a b")
	text := c.Text()
	start, items := query(text)
	add := func(id, what, text string, flags ...string) {
		g.Valid(id, what, build.Fields{"text": text}, append([]string{"OtherForm"}, flags...)...)
	}
	for i := range items {
		order := append(append([]string{}, items[i:]...), items[:i]...)
		order[0], order[1] = order[1], order[0]
		add(fmt.Sprintf("order-%d", i+1), "parameters in another order", start+"#/?"+strings.Join(order, "&"))
	}
	add("unknown-first", "an unknown parameter in front", swapped(text, "#/?", "#/?unknown=1&"))
	add("unknown-last", "an unknown parameter at the end", text+"&x=%41")
	add("semicolons", "';' between the parameters", start+"#/?"+strings.Join(items, ";"))
	add("plus", "a space as '+'", swapped(text, "a%20b", "a+b"))
	add("small-escapes", "escapes with small letters", swapped(text, "smp%3A", "smp%3a"))
	add("web-port-zeros", "a web server and its port with zeros in front", swapped(text, "simplex:", "https://example.com:0443"))
	add("web-ipv6", "a web server with an IPv6 address in brackets and no port", swapped(text, "simplex:", "https://[2001:db8::1]"))
	add("contact-with-e2e", "a contact address with end-to-end parameters, which it does not need", swapped(text, "/invitation", "/contact"))
	contact := linkContact().Text()
	add("agent-1", "agent version 1 alone", swapped(contact, "#/?v=2-7", "#/?v=1"), "VersionRaised")
	add("agent-1-7", "agent versions 1 to 7", swapped(contact, "#/?v=2-7", "#/?v=1-7"), "VersionRaised")
	old := linkContact()
	old.Queues = []link.QueueURI{linkQueue(1, 4, smp.Messaging)}
	add("k-only", "a queue with k=s and without q", swapped(old.Text(), "%26q%3Dm", ""))
}

func e2eTexts(f *build.File) {
	g := f.Group("e2e", "canonical end-to-end parameters", "parse_e2e_parameters", "format_e2e_parameters")
	for _, c := range []struct {
		lowest, highest uint16
		kem             bool
	}{{2, 3, false}, {2, 2, false}, {3, 3, false}, {1, 3, false}, {2, 3, true}} {
		name := fmt.Sprintf("%d-%d", c.lowest, c.highest)
		if c.kem {
			name += "-kem"
		}
		g.Valid(name, "versions and keys: "+name, build.Fields{"e2e": link.OfferText(linkOffer(c.lowest, c.highest, c.kem))})
	}
	offer := linkOffer(2, 3, false)
	text := link.OfferText(offer)
	key1, key2 := base64url(offer.Key1.SPKI()), base64url(offer.Key2.SPKI())
	der := offer.Key1.SPKI()
	with := func(old, with string) string { return swapped(text, old, with) }
	kem := func(n int) string { return "&kem_key=" + base64url(build.Bytes("kem", n)) }
	list := []refusal[string]{
		{"empty", "no parameters", "", "MissingParameter", "Missing"},
		{"v-none", "no versions", with("v=2-3&", ""), "MissingParameter", "Missing"},
		{"v-reversed", "the lowest version above the highest", with("v=2-3", "v=3-2"), "BadVersionRange", "Versions"},
		{"v-open", "no highest version", with("v=2-3", "v=2-"), "NotVersions", "Versions"},
		{"x3dh-none", "no keys", with("x3dh", "x"), "MissingParameter", "Missing"},
		{"one-key", "one key", with(","+key2, ""), "WrongKeyType", "Key"},
		{"three-keys", "three keys", text + "," + key1, "WrongKeyType", "Key"},
		{"key1-empty", "no first key", with(key1, ""), "BadBase64", "Key"},
		{"key2-empty", "no second key", with(key2, ""), "BadBase64", "Key"},
		{"key1-x25519", "a first key of X25519", with(key1, base64url(linkQueueKey.SPKI())), "WrongKeyType", "Key"},
		{"key2-ed448", "a second key of Ed448", with(key2, base64url(linkKeyPair(keys.Ed448, "other").Public().SPKI())), "WrongKeyType", "Key"},
		{"key1-cut", "a first key without its last byte", with(key1, base64url(der[:len(der)-1])), "MalformedKey", "Key"},
		{"key2-bare", "a second key without its algorithm", with(key2, base64url(der[12:])), "MalformedKey", "Key"},
		{"key1-plus", "a character of the other base64 alphabet", with(key1, "%2B"+key1[1:]), "BadBase64", "Base64"},
		{"kem-empty", "an empty KEM key", text + "&kem_key=", "BadBase64", "Base64"},
		{"kem-cut", "a KEM key of 1157 bytes", text + kem(1157), "MalformedE2eParameters", "KEM"},
		{"kem-longer", "a KEM key of 1159 bytes", text + kem(1159), "MalformedE2eParameters", "KEM"},
		{"kem-accepted", "an encapsulated key beside the KEM key", text + kem(1158) + "&kem_ct=" + base64url(build.Bytes("ct", ratchet.KEMCiphertextSize)), "MalformedE2eParameters", "KEM"},
		{"space", "a space", text + " ", "BadParameters", "Space"},
	}
	refuseAll(g, "parse_e2e_parameters", "e2e", list)

	other := f.Group("e2e-other", "end-to-end parameters that are not the canonical ones", "parse_e2e_parameters")
	v, x3dh, _ := strings.Cut(text, "&")
	other.Valid("order", "keys before versions", build.Fields{"e2e": x3dh + "&" + v}, "OtherForm")
	other.Valid("unknown", "an unknown parameter", build.Fields{"e2e": text + "&x=1"}, "OtherForm")
	other.Valid("escaped", "values that are escaped", build.Fields{"e2e": strings.ReplaceAll(strings.ReplaceAll(text, "=,", "%3D%2C"), "U=", "U%3D")}, "OtherForm")
	other.Valid("kem-below-3", "a KEM parameter at version 2", build.Fields{"e2e": with("v=2-3", "v=2") + "&kem_key=AAAA"}, "OtherForm", "KEMBelow3")
}

// connectionPieces are the fields of the binary form of a link with one queue.
func connectionPieces(c link.Connection) []piece {
	p := []piece{
		{"mode", []byte{byte(c.Mode)}},
		{"agent-versions", append(word(int(c.AgentVersions.Min)), word(int(c.AgentVersions.Max))...)},
		{"queue-count", []byte{byte(len(c.Queues))}},
	}
	for _, q := range queuePieces(c.Queues[0]) {
		p = append(p, piece{"queue-" + strings.TrimPrefix(q.name, "queue-"), q.bytes})
	}
	if c.ClientData == nil {
		p = append(p, piece{"data-option", []byte{'0'}})
	} else {
		p = append(p, piece{"data-option", []byte{'1'}}, piece{"client-data", append(word(len(c.ClientData)), c.ClientData...)})
	}
	if o := c.Ratchet; o != nil {
		p = append(p,
			piece{"e2e-versions", append(word(int(o.Versions.Min)), word(int(o.Versions.Max))...)},
			piece{"key1", shortBytes(o.Key1.SPKI())}, piece{"key2", shortBytes(o.Key2.SPKI())})
		if o.KEM == nil {
			p = append(p, piece{"kem-option", []byte{'0'}})
		} else {
			p = append(p, piece{"kem-option", []byte{'1'}}, piece{"kem-tag", []byte{'P'}}, piece{"kem-key", append(word(len(o.KEM.PublicKey)), o.KEM.PublicKey...)})
		}
	}
	if string(joined(p)) != string(must(link.Encode(c))) {
		panic("the pieces are not those of the link")
	}
	return p
}

func connectionBinaries(f *build.File) {
	g := f.Group("binary", "binary forms", "decode_connection_link", "encode_connection_link")
	g.Valid("invitation", "an invitation", build.Fields{"encoded": must(link.Encode(linkInvitation()))})
	g.Valid("contact", "a contact address", build.Fields{"encoded": must(link.Encode(linkContact()))})
	for _, c := range connections() {
		g.Valid(c.id, "a link: "+c.id, build.Fields{"encoded": must(link.Encode(c.of))})
	}
	contact, invitation := linkContact(), linkInvitation()
	contact.ClientData = []byte("client data")
	kem := linkOffer(3, 3, true)
	invitation.Ratchet = &kem
	pieces := connectionPieces(contact)
	refusePieces(g, "decode_connection_link", "encoded", "contact-", pieces)
	tail := connectionPieces(invitation)
	refusePiecesFrom(g, "decode_connection_link", "encoded", "invitation-", tail, "e2e-versions")
	whole, short := joined(pieces), linkOffer(2, 3, false)
	invitation.Ratchet = &short
	small := connectionPieces(invitation)
	key := short.Key1.SPKI()
	refuseAll(g, "decode_connection_link", "encoded", []refusal[vectors.Hex]{
		{"contact-trailing", "a byte at the end", append(whole, '0'), "Trailing", "Trailing"},
		{"invitation-trailing", "a byte at the end", append(joined(small), '0'), "Trailing", "Trailing"},
		{"mode-small", "the mode as a small letter", withPiece(pieces, "mode", []byte{'c'}), "WrongMode", "WrongMode"},
		{"mode-other", "the letter of a channel", withPiece(pieces, "mode", []byte{'G'}), "WrongMode", "WrongMode"},
		{"contact-as-invitation", "a contact address with the letter of invitations", withPiece(pieces, "mode", []byte{'I'}), "Truncated", "WrongMode"},
		{"invitation-as-contact", "an invitation with the letter of contact addresses", withPiece(small, "mode", []byte{'C'}), "Trailing", "WrongMode"},
		{"agent-reversed", "the lowest agent version above the highest", withPiece(pieces, "agent-versions", []byte{0, 7, 0, 2}), "BadVersionRange", "Versions"},
		{"no-queues", "a list of no queues", append(append([]byte{}, whole[:5]...), 0, '0'), "NoQueues", "Queue"},
		{"queue-key", "a queue with a key of X448", withPiece(pieces, "queue-dh-key", shortBytes(key)), "WrongKeyType", "Key"},
		{"data-option", "what introduces client data is neither 0 nor 1", withPiece(pieces, "data-option", []byte{1}), "BadOption", "Option"},
		{"e2e-reversed", "the lowest end-to-end version above the highest", withPiece(small, "e2e-versions", []byte{0, 3, 0, 2}), "BadVersionRange", "Versions"},
		{"key1-cut", "a first key without its last byte", withPiece(small, "key1", shortBytes(key[:len(key)-1])), "MalformedKey", "Key"},
		{"key2-bare", "a second key without its algorithm", withPiece(small, "key2", shortBytes(key[12:])), "MalformedKey", "Key"},
		{"key2-x25519", "a second key of X25519", withPiece(small, "key2", shortBytes(linkQueueKey.SPKI())), "WrongKeyType", "Key"},
		{"kem-option", "what introduces KEM parameters is neither 0 nor 1", withPiece(small, "kem-option", []byte{'2'}), "BadOption", "Option"},
		{"kem-tag", "an unknown tag of KEM parameters", withPiece(small, "kem-option", []byte{'1', 'Q', 0, 0}), "MalformedE2eParameters", "KEM"},
		{"kem-cut", "a KEM key of 4 bytes", withPiece(small, "kem-option", []byte{'1', 'P', 0, 4, 1, 2, 3, 4}), "MalformedE2eParameters", "KEM"},
		{"kem-accepted", "KEM parameters of an answer", withPiece(small, "kem-option", linkAcceptedKEM()), "MalformedE2eParameters", "KEM"},
	})
	parts := func(mode string, e2e any, queues ...string) build.Fields {
		return build.Fields{"mode": mode, "agent_versions": [2]uint16{2, 7}, "queues": append([]string{}, queues...), "e2e": e2e, "client_data": nil}
	}
	queue, e2e := linkQueue(4, 4, smp.Contact).Text(), link.OfferText(short)
	g.Invalid("encode_connection_link", "encode-no-queues", "no queue", parts("contact", nil), "NoQueues", "Queue")
	g.Invalid("encode_connection_link", "encode-invitation", "an invitation without end-to-end parameters", parts("invitation", nil, queue), "WrongMode", "WrongMode")
	g.Invalid("encode_connection_link", "encode-contact", "a contact address with end-to-end parameters", parts("contact", e2e, queue), "WrongMode", "WrongMode")
	g.Invalid("encode_connection_link", "encode-queue", "text that is no queue", parts("contact", nil, "smp://"), "MalformedServer", "Queue")
}

// linkAcceptedKEM is what an answer to an offer has: tag, encapsulated key and KEM key.
func linkAcceptedKEM() []byte {
	b := append([]byte{'1', 'A'}, word(ratchet.KEMCiphertextSize)...)
	b = append(b, build.Bytes("ct", ratchet.KEMCiphertextSize)...)
	b = append(b, word(ratchet.KEMPublicKeySize)...)
	return append(b, build.Bytes("kem key", ratchet.KEMPublicKeySize)...)
}

func laxConnections() []refusal[string] {
	text := linkContact().Text()
	web := connectionText(linkContact(), "example.com:443")
	return []refusal[string]{
		lax("slash", "a slash after the word", swapped(text, "/contact#", "/contact/#")),
		lax("web-port-99999", "a port above 65535", swapped(web, ":443", ":99999")),
		lax("version-65538", "a version above 65535", swapped(text, "#/?v=2-7", "#/?v=65538-7")),
		lax("twice", "a parameter that comes twice", text+"&v=3"),
		lax("percent", "a % that introduces no byte", text+"&data=100%"),
		lax("queue-port", "a queue with port 0", swapped(text, "%3A5223", "%3A0")),
	}
}

package main

import (
	"fmt"
	"strings"

	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/vectors"
	"smpcheck/vectors/gen/build"
)

func queueURI() *build.File {
	f := build.New("queue_uri", "addresses of queues: SMP queue URIs, their binary form, and that at one SMP client version",
		"SMP client versions 1 to 4 differ: hosts after the first are outside the address at 1, queues have a sender who may secure them from 3 on, and a mode from 4 on.",
		"The document has k=s only; q=m and q=c are those of the official implementation.")
	linkFlags(f, "Truncated", "Trailing", "Scheme", "Separator", "Base64", "Versions", "Missing", "Key", "Host", "Port",
		"Fingerprint", "Space", "OtherForm", "OnlyAccepted", "ModeNotWritten", "BracketsLost")
	queueTexts(f)
	otherQueueTexts(f)
	queueBinaries(f)
	queueInfos(f)
	laxTexts(f, laxQueues())
	return f
}

func queueTexts(f *build.File) {
	g := f.Group("text", "canonical texts", "parse_queue_uri", "format_queue_uri")
	for _, v := range clientVersions {
		for _, mode := range allQueueModes {
			g.Valid(fmt.Sprintf("v%d-%d-%s", v[0], v[1], queueModeNames[mode]), fmt.Sprintf("client versions %d to %d, mode: %s", v[0], v[1], queueModeNames[mode]),
				build.Fields{"text": linkQueue(v[0], v[1], mode).Text()})
		}
	}
	for _, v := range []uint16{1, 4} {
		for _, form := range linkRelays {
			q := linkQueue(v, 4, smp.Messaging)
			q.Server = form.relay
			g.Valid(fmt.Sprintf("v%d-4-%s", v, form.id), "relay: "+form.id, build.Fields{"text": q.Text()})
		}
	}
	short := linkQueue(4, 4, smp.Contact)
	short.SenderID = build.Bytes("short id", 1)
	g.Valid("id-1", "a sender id of one byte", build.Fields{"text": short.Text()})
	refuseAll(g, "parse_queue_uri", "text", refusedQueueTexts(linkQueue(1, 4, smp.Messaging)))
}

// refusedQueueTexts are texts with one fault each.
func refusedQueueTexts(q link.QueueURI) []refusal[string] {
	text := q.Text()
	hash, id, key := base64url(q.Server.KeyHash), base64url(q.SenderID), q.DHKey.SPKI()
	dh := "dh=" + strings.ReplaceAll(base64url(key), "=", "%3D")
	with := func(old, with string) string { return swapped(text, old, with) }
	keyText := func(der []byte) string { return with(dh, "dh="+strings.ReplaceAll(base64url(der), "=", "%3D")) }
	other := func(a keys.Algorithm) []byte { return linkKeyPair(a, "other").Public().SPKI() }
	server, uri := "MalformedServer", "MalformedQueueUri"
	list := []refusal[string]{
		{"empty", "no text", "", server, "Scheme"},
		{"scheme-ntf", "the scheme of notification servers", with("smp:", "ntf:"), server, "Scheme"},
		{"scheme-xftp", "the scheme of file servers", with("smp:", "xftp:"), server, "Scheme"},
		{"scheme-https", "the scheme of the web", with("smp:", "https:"), server, "Scheme"},
		{"scheme-simplex", "the scheme of links", with("smp://", "simplex:/"), server, "Scheme"},
		{"scheme-capitals", "capital letters", with("smp:", "SMP:"), server, "Scheme"},
		{"scheme-one-slash", "one slash", with("smp://", "smp:/"), server, "Scheme"},
		{"scheme-none", "it starts with the fingerprint", with("smp://", ""), server, "Scheme"},
		{"space-first", "a space in front", " " + text, server, "Scheme"},
		{"space-last", "a space at the end", text + " ", "BadParameters", "Space"},
		{"space-value", "a space in a parameter", with("v=1-4", "v=1 -4"), "BadParameters", "Space"},
		{"line-feed", "a line feed at the end", text + "\n", "BadParameters", "Space"},
		{"fingerprint-none", "no fingerprint", with(hash, ""), server, "Fingerprint"},
		{"fingerprint-plus", "a character of the other base64 alphabet", with(hash, "+"+hash[1:]), server, "Fingerprint"},
		{"fingerprint-cut", "one character of base64 is missing", with(hash, hash[1:]), server, "Fingerprint"},
		{"fingerprint-bits", "bits after the last byte", with(hash, laterLetter(hash)), server, "Fingerprint"},
		{"password", "queues have no password", with("@", ":password@"), server, "Separator"},
		{"no-at", "no @ before the host", with("@", ""), server, "Separator"},
		{"host-none", "no host", with("smp.example.com", ""), server, "Host"},
		{"host-comma", "a comma after the host", with("smp.example.com", "smp.example.com,"), server, "Host"},
		{"host-ipv6-open", "a bracket that does not close", with("smp.example.com", "[2001:db8::1"), server, "Host"},
		{"port-none", "a colon without port", with(":5223", ":"), server, "Port"},
		{"port-letter", "a port with a letter in front", with(":5223", ":a5223"), server, "Port"},
		{"port-minus", "a port below zero", with(":5223", ":-1"), server, "Port"},
		{"port-then-letter", "a letter after the port", with(":5223", ":5223a"), uri, "Separator"},
		{"no-slash", "no slash before the sender id", with("/"+id, id), uri, "Separator"},
		{"no-hash", "no # before the parameters", with("#/?", "/?"), uri, "Separator"},
		{"no-question-mark", "no ? before the parameters", with("#/?", "#/"), uri, "Separator"},
		{"id-none", "no sender id", with(id, ""), "BadBase64", "Base64"},
		{"id-plus", "a character of the other base64 alphabet", with(id, "+"+id[1:]), "BadBase64", "Base64"},
		{"id-cut", "a rest of one character", with(id, id[:29]), "BadBase64", "Base64"},
		{"id-bits", "bits after the last byte", with(id, "AB"), "BadBase64", "Base64"},
		{"id-padding", "a = where none belongs", with(id, id+"="), "BadBase64", "Base64"},
		{"id-one-pad", "one = where two belong", with(id, "AA="), "BadBase64", "Base64"},
		{"v-none", "no client versions", with("v=1-4&", ""), "MissingParameter", "Missing"},
		{"v-empty", "an empty version range", with("v=1-4", "v="), "NotVersions", "Versions"},
		{"v-letter", "a letter as version", with("v=1-4", "v=a"), "NotVersions", "Versions"},
		{"v-open", "no highest version", with("v=1-4", "v=1-"), "NotVersions", "Versions"},
		{"v-no-lowest", "no lowest version", with("v=1-4", "v=-4"), "NotVersions", "Versions"},
		{"v-three", "three versions", with("v=1-4", "v=1-2-4"), "NotVersions", "Versions"},
		{"v-reversed", "the lowest version above the highest", with("v=1-4", "v=4-1"), "BadVersionRange", "Versions"},
		{"dh-none", "no key", with(dh+"&", ""), "MissingParameter", "Missing"},
		{"dh-empty", "an empty key", with(dh, "dh="), "BadBase64", "Base64"},
		{"dh-plus", "a character of the other base64 alphabet", with(dh, "dh=%2B"+dh[4:]), "BadBase64", "Base64"},
		{"dh-padding", "a = too many", with(dh, dh+"%3D"), "BadBase64", "Base64"},
		{"dh-cut", "a key without its last byte", keyText(key[:len(key)-1]), "MalformedKey", "Key"},
		{"dh-longer", "a key with a byte more", keyText(append(key, 0)), "MalformedKey", "Key"},
		{"dh-bare", "a key without its algorithm", keyText(key[12:]), "MalformedKey", "Key"},
		{"srv-comma", "a comma and no host in srv", text + "&srv=%2C", "MalformedHost", "Host"},
		{"srv-comma-last", "a comma after the host in srv", text + "&srv=a.example%2C", "MalformedHost", "Host"},
		{"srv-port", "a port in srv", text + "&srv=a.example%3A5223", "MalformedHost", "Host"},
	}
	for _, a := range []keys.Algorithm{keys.X448, keys.Ed25519, keys.Ed448} {
		name := strings.ToLower(a.String())
		list = append(list, refusal[string]{"dh-" + name, "a key of another algorithm: " + a.String(), keyText(other(a)), "WrongKeyType", "Key"})
	}
	return list
}

// laterLetter changes the last letter of base64 text so that it has a bit that belongs
// to no byte.
func laterLetter(text string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	end := len(strings.TrimRight(text, "=")) - 1
	return text[:end] + string(alphabet[strings.IndexByte(alphabet, text[end])|1]) + text[end+1:]
}

func otherQueueTexts(f *build.File) {
	g := f.Group("other-text", "texts that are not the canonical ones", "parse_queue_uri")
	q := linkQueue(1, 4, smp.Messaging)
	text := q.Text()
	start, params, _ := strings.Cut(text, "?")
	items := strings.Split(params, "&")
	hash, id := base64url(q.Server.KeyHash), base64url(q.SenderID)
	reversed := items[3] + "&" + items[2] + "&" + items[1] + "&" + items[0]
	add := func(id, what, text string) { g.Valid(id, what, build.Fields{"text": text}, "OtherForm") }
	add("order", "parameters in the reverse order", start+"?"+reversed)
	add("unknown-first", "an unknown parameter in front", swapped(text, "?v=", "?unknown=1&v="))
	add("unknown-last", "an unknown parameter at the end", text+"&other=abc")
	add("unknown-empty", "an unknown parameter without value", text+"&flag")
	add("k-only", "k=s without q, as in the document", swapped(text, "&q=m", ""))
	add("k-only-v4", "k=s without q at client version 4", swapped(swapped(text, "&q=m", ""), "v=1-4", "v=4"))
	add("q-only", "q=m without k", swapped(text, "&k=s", ""))
	add("k-at-v4", "k=s beside q=m at client version 4", swapped(text, "v=1-4", "v=4"))
	add("k-with-contact", "q=c counts, k=s does not", swapped(text, "q=m", "q=c"))
	add("semicolons", "';' between the parameters", start+"?"+strings.ReplaceAll(params, "&", ";"))
	add("hash-unpadded", "a fingerprint without =", swapped(text, hash, strings.TrimRight(hash, "=")))
	add("dh-unpadded", "a key without =", swapped(text, "%3D", ""))
	add("dh-plain", "a key with = not escaped", swapped(text, "%3D", "="))
	add("id-unpadded", "a sender id without =", swapped(text, id, unpadded(build.Bytes("unpadded id", 23))))
	add("escaped-letters", "letters that need no escape are escaped", swapped(text, "v=1-4", "v=%31%2d4"))
	add("hosts-at-v1", "two hosts before the parameters at client version 1", swapped(text, "smp.example.com", "smp.example.com,"+linkOnion))
	add("srv-at-v2", "a host in srv at client version 2", swapped(text, "v=1-4", "v=2-4")+"&srv="+linkOnion)
	add("srv-empty", "srv without a host", text+"&srv=")
	for _, host := range []string{"[2001:db8::1]", "[::1]"} {
		g.Valid("ipv6-"+strings.Trim(host, "[]"), "an IPv6 address in brackets and a port", build.Fields{"text": swapped(text, "smp.example.com", host)}, "OtherForm", "BracketsLost")
	}
}

func queueBinaries(f *build.File) {
	g := f.Group("binary", "binary forms", "decode_queue_uri", "encode_queue_uri")
	seen := map[string]bool{}
	add := func(id, what string, q link.QueueURI) {
		b := must(link.Encode(q))
		if seen[string(b)] {
			return
		}
		seen[string(b)] = true
		g.Valid(id, what, build.Fields{"encoded": b})
	}
	for _, v := range clientVersions {
		for _, mode := range allQueueModes {
			add(fmt.Sprintf("v%d-%d-%s", v[0], v[1], queueModeNames[mode]), fmt.Sprintf("client versions %d to %d, written for mode: %s", v[0], v[1], queueModeNames[mode]), linkQueue(v[0], v[1], mode))
		}
	}
	for _, form := range linkRelays {
		q := linkQueue(2, 4, smp.Messaging)
		q.Server = form.relay
		add("v2-4-"+form.id, "relay: "+form.id, q)
	}
	ipv6 := linkQueue(4, 4, smp.Contact)
	ipv6.Server = linkRelay("5223", "2001:db8::1")
	add("v4-ipv6", "relay with an IPv6 address", ipv6)

	pieces := queuePieces(linkQueue(3, 4, smp.Messaging))
	refusePieces(g, "decode_queue_uri", "encoded", "", pieces[:len(pieces)-1])
	refuseAll(g, "decode_queue_uri", "encoded", refusedQueueBinaries(pieces))
	key := linkQueueKey.SPKI()
	parts := build.Fields{
		"key_hash": linkRelayHash, "hosts": []string{"smp.example.com"}, "port": "5223", "sender_id": linkSenderID,
		"client_versions": [2]uint16{2, 4}, "dh_key": key, "queue_mode": "M",
	}
	refuse := func(id, what, field string, value any, class, flag string) {
		changed := build.Fields{}
		for name, v := range parts {
			changed[name] = v
		}
		changed[field] = value
		g.Invalid("encode_queue_uri", id, what, changed, class, flag)
	}
	refuse("encode-ed25519", "a key for signatures", "dh_key", linkKeyPair(keys.Ed25519, "other").Public().SPKI(), "WrongKeyType", "Key")
	refuse("encode-bare-key", "a key without its algorithm", "dh_key", key[12:], "MalformedKey", "Key")
	refuse("encode-host", "no host", "hosts", []string{"a b"}, "MalformedHost", "Host")
	refuse("encode-versions", "the lowest version above the highest", "client_versions", [2]uint16{4, 2}, "BadVersionRange", "Versions")

	written := f.Group("written", "modes that have no place in the binary form", "encode_queue_uri")
	for _, c := range []struct {
		lowest, highest uint16
		mode            smp.QueueMode
	}{{1, 4, smp.Contact}, {2, 4, smp.Contact}, {1, 1, smp.Messaging}, {2, 2, smp.Messaging}, {2, 2, smp.Contact}, {3, 4, 0}, {3, 3, 0}} {
		q := linkQueue(c.lowest, c.highest, c.mode)
		changed := build.Fields{}
		for name, v := range parts {
			changed[name] = v
		}
		changed["client_versions"], changed["queue_mode"] = [2]uint16{c.lowest, c.highest}, modeOrNull(q.Mode)
		written.Valid(fmt.Sprintf("v%d-%d-%s", c.lowest, c.highest, queueModeNames[c.mode]), "mode: "+queueModeNames[c.mode], changed, "ModeNotWritten")
	}
}

// modeOrNull is the letter of a mode, or null for none.
func modeOrNull(m smp.QueueMode) any {
	if m == 0 {
		return nil
	}
	return string(rune(m))
}

// refusedQueueBinaries are binary forms with one fault each.
func refusedQueueBinaries(pieces []piece) []refusal[vectors.Hex] {
	key := linkQueueKey.SPKI()
	return []refusal[vectors.Hex]{
		{"trailing", "a byte after the mode", append(joined(pieces), 0), "Trailing", "Trailing"},
		{"trailing-mode", "a second mode", append(joined(pieces), 'T'), "Trailing", "Trailing"},
		{"trailing-number", "a number after the key, where a letter belongs", withPiece(pieces, "queue-mode", []byte{1}), "Trailing", "Trailing"},
		{"reversed", "the lowest version above the highest", withPiece(pieces, "client-versions", []byte{0, 4, 0, 3}), "BadVersionRange", "Versions"},
		{"no-hosts", "a list of no hosts", withPiece(pieces, "host-count", []byte{0}), "MalformedServer", "Host"},
		{"more-hosts", "a count of two, and one host: all fields are read in the place of the one before", withPiece(pieces, "host-count", []byte{2}), "Truncated", "Host"},
		{"host-empty", "an empty host", withPiece(pieces, "host-1", []byte{0}), "MalformedHost", "Host"},
		{"host-space", "a host with a space", withPiece(pieces, "host-1", shortBytes([]byte("a b"))), "MalformedHost", "Host"},
		{"key-empty", "an empty key", withPiece(pieces, "dh-key", []byte{0}), "MalformedKey", "Key"},
		{"key-cut", "a key without its last byte", withPiece(pieces, "dh-key", shortBytes(key[:43])), "MalformedKey", "Key"},
		{"key-longer", "a key with a byte more", withPiece(pieces, "dh-key", shortBytes(append(key, 0))), "MalformedKey", "Key"},
		{"key-bare", "a key without its algorithm", withPiece(pieces, "dh-key", shortBytes(key[12:])), "MalformedKey", "Key"},
		{"key-ed25519", "a key for signatures", withPiece(pieces, "dh-key", shortBytes(linkKeyPair(keys.Ed25519, "other").Public().SPKI())), "WrongKeyType", "Key"},
		{"key-x448", "a key of X448", withPiece(pieces, "dh-key", shortBytes(linkKeyPair(keys.X448, "other").Public().SPKI())), "WrongKeyType", "Key"},
	}
}

func queueInfos(f *build.File) {
	g := f.Group("info", "the address at one client version", "decode_queue_info", "encode_queue_info")
	info := func(version uint16, mode smp.QueueMode) link.QueueInfo { return linkQueue(1, 4, mode).At(version) }
	for _, c := range []struct {
		version uint16
		modes   []smp.QueueMode
	}{{1, []smp.QueueMode{0}}, {2, []smp.QueueMode{0}}, {3, []smp.QueueMode{smp.Messaging, 0}}, {4, allQueueModes}} {
		for _, mode := range c.modes {
			g.Valid(fmt.Sprintf("v%d-%s", c.version, queueModeNames[mode]), fmt.Sprintf("client version %d, mode: %s", c.version, queueModeNames[mode]), build.Fields{"encoded": must(link.Encode(info(c.version, mode)))})
		}
	}
	for _, version := range []uint16{2, 4} {
		q := info(version, 0)
		q.Server = linkRelay("", "smp.example.com", linkOnion)
		g.Valid(fmt.Sprintf("v%d-two-hosts", version), "two hosts and no port", build.Fields{"encoded": must(link.Encode(q))})
	}
	for _, version := range []uint16{1, 4} {
		q := info(version, smp.Messaging)
		pieces := queuePieces(linkQueue(4, 4, smp.Messaging))
		pieces[0] = piece{"version", word(int(version))}
		if version == 1 {
			pieces = append(pieces[:1], pieces[2:]...) // no count of hosts
			pieces = pieces[:len(pieces)-1]            // no mode
		} else if string(joined(pieces)) != string(must(link.Encode(q))) {
			panic("the pieces are not those of the address")
		}
		end := len(pieces)
		if version == 4 {
			end--
		}
		prefix := fmt.Sprintf("v%d-", version)
		refusePieces(g, "decode_queue_info", "encoded", prefix, pieces[:end])
		g.Invalid("decode_queue_info", prefix+"trailing", "a byte at the end", build.Fields{"encoded": append(joined(pieces), 0)}, "Trailing", "Trailing")
		g.Invalid("decode_queue_info", prefix+"key", "a key of X448",
			build.Fields{"encoded": withPiece(pieces, "dh-key", shortBytes(linkKeyPair(keys.X448, "other").Public().SPKI()))}, "WrongKeyType", "Key")
	}
	v1 := must(link.Encode(info(1, 0)))
	g.Invalid("decode_queue_info", "v1-as-v2", "no count of hosts at client version 2: the length of the host is taken for it",
		build.Fields{"encoded": append(word(2), v1[2:]...)}, "MalformedHost", "Versions")
	v2 := must(link.Encode(info(2, 0)))
	g.Invalid("decode_queue_info", "v2-as-v1", "a count of hosts at client version 1 is taken for the length of the host",
		build.Fields{"encoded": append(word(1), v2[2:]...)}, "Truncated", "Versions")

	written := f.Group("info-written", "modes that have no place at the client version", "encode_queue_info")
	for _, c := range []struct {
		version uint16
		mode    smp.QueueMode
	}{{1, smp.Messaging}, {1, smp.Contact}, {2, smp.Messaging}, {2, smp.Contact}, {3, smp.Contact}} {
		written.Valid(fmt.Sprintf("v%d-%s", c.version, queueModeNames[c.mode]), "mode: "+queueModeNames[c.mode], build.Fields{
			"version": c.version, "key_hash": linkRelayHash, "hosts": []string{"smp.example.com"}, "port": "5223",
			"sender_id": linkSenderID, "dh_key": linkQueueKey.SPKI(), "queue_mode": modeOrNull(c.mode),
		}, "ModeNotWritten")
	}
}

// laxTexts adds a group of texts that the official parser takes against the documents.
func laxTexts(f *build.File, list []refusal[string]) {
	g := f.Group("not-by-the-text", "texts that the official parser takes although the documents do not have them: for strict parsers", "check_link")
	refuseAll(g, "check_link", "text", list)
}

func lax(id, what, text string) refusal[string] {
	return refusal[string]{id, what, text, "NotByTheText", "OnlyAccepted"}
}

func laxQueues() []refusal[string] {
	text := linkQueue(1, 4, smp.Messaging).Text()
	hash := base64url(linkRelayHash)
	key := base64url(linkQueueKey.SPKI())
	start, _, _ := strings.Cut(text, "#")
	return []refusal[string]{
		lax("port-99999", "a port above 65535", swapped(text, ":5223", ":99999")),
		lax("port-0", "port 0", swapped(text, ":5223", ":0")),
		lax("port-zeros", "a port with zeros in front", swapped(text, ":5223", ":05223")),
		lax("ipv4-300", "a byte of an IPv4 address above 255", swapped(text, "smp.example.com", "192.0.2.300")),
		lax("fingerprint-31", "a fingerprint of 31 bytes", swapped(text, hash, base64url(linkRelayHash[:31]))),
		lax("version-65537", "a version above 65535", swapped(text, "v=1-4", "v=65537-65540")),
		lax("version-zeros", "a version with a zero in front", swapped(text, "v=1-4", "v=1-04")),
		lax("slash", "a slash after the sender id", swapped(text, "#/", "/#/")),
		lax("no-slash", "no slash before the parameters", swapped(text, "#/?", "#?")),
		lax("twice", "a parameter that comes twice", text+"&v=1-4"),
		lax("percent", "a % that introduces no byte", text+"&x=%zz"),
		lax("key-in-fragment", "the key between # and the parameters", start+"#"+key+"/?v=1-4"),
		lax("key-alone", "the key after # and no parameters", start+"#"+key),
	}
}

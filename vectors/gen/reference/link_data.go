package main

import (
	"bytes"
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
	"smpcheck/vectors/gen/build"
)

func linkDataVectors() *build.File {
	f := build.New("link_data", "the data behind short links: content, link key, derived secrets, signatures, owners and encryption",
		"Fixed data never change and have the link key as their hash; user data can be changed by those who sign them.",
		"Private keys are in PKCS #8 form, public ones are SubjectPublicKeyInfo. All signatures are by Ed25519.",
		"The padding of encrypted data is '#'.")
	linkFlags(f, "Truncated", "Trailing", "Key", "Versions", "Host")
	f.Flag("Mode", "The letter of the mode is neither 'I' nor 'C', or fixed and user data are of different modes.")
	f.Flag("ContactOnly", "Invitations have neither owners nor relays nor direct connections.")
	f.Flag("Relay", "A relay link is malformed or an invitation.")
	f.Flag("SignatureSize", "A signature has 64 bytes.")
	f.Flag("TooLong", "The value does not fit its length, or the data do not fit the padded size.")
	f.Flag("Later", "Bytes that follow are left to later versions.")
	f.Flag("Boolean", "A boolean is neither 'T' nor 'F'.")
	f.Flag("OwnerIsRoot", "The root key is that of an owner.")
	f.Flag("OwnerTwice", "Two owners have the same id or the same key.")
	f.Flag("Unauthorized", "The signature of an owner is neither by the root key nor by that of an owner before it, or covers something else.")
	f.Flag("LinkKey", "The link key is not the hash of the fixed data.")
	f.Flag("RootSignature", "The signature of the fixed data is not by the root key, or covers something else.")
	f.Flag("UserSignature", "The signature of the user data is by nobody who may change them, or covers something else.")
	f.Flag("SignedByOwner", "An owner signed the user data.")
	f.Flag("Changed", "A bit of nonce, tag, ciphertext or key was changed.")
	f.Flag("Size", "Encrypted data, nonce and secret have fixed sizes.")
	f.Flag("Padding", "The length at the start of the padded data is too large.")
	secretsOfLinks(f)
	fixedContents(f)
	userContents(f)
	owners(f)
	ownerChains(f)
	verifications(f)
	sealings(f)
	return f
}

// linkPerson returns the key pair of somebody who signs.
func linkPerson(name string) keys.PrivateKey { return linkKeyPair(keys.Ed25519, name) }

func secretsOfLinks(f *build.File) {
	g := f.Group("secrets", "link id and secrets from the link key", "derive_link_secrets")
	for _, name := range []string{"1", "2", "3"} {
		g.Valid(name, "a link key", build.Fields{"link_key": build.Bytes("secrets "+name, 32)})
	}
	g.Valid("zero", "a link key of zeros", build.Fields{"link_key": make([]byte, 32)})
}

// fixedOf returns fixed data of the root with the connection.
func fixedOf(c link.Connection, id []byte) link.FixedData {
	return link.FixedData{AgentVersions: wire.Versions(2, 7), RootKey: linkPerson("root").Public(), Connection: c, EntityID: id}
}

func fixedContents(f *build.File) {
	g := f.Group("fixed", "fixed data and the link key", "encode_fixed_data", "decode_fixed_data")
	root := linkPerson("root").Public().SPKI()
	contact, invitation := must(link.Encode(linkContact())), must(link.Encode(linkInvitation()))
	parts := func(connection []byte, id any) build.Fields {
		if b, ok := id.([]byte); ok {
			id = vectors.Hex(b)
		}
		return build.Fields{"agent_versions": [2]uint16{2, 7}, "root_key": root, "connection": connection, "entity_id": id}
	}
	g.Valid("contact", "a contact address", parts(contact, nil))
	g.Valid("invitation", "an invitation", parts(invitation, nil))
	for _, n := range []int{0, 1, 16, 255} {
		g.Valid(fmt.Sprintf("id-%d", n), fmt.Sprintf("an entity id of %d bytes", n), parts(contact, build.Bytes("entity", n)))
	}
	seven := parts(contact, nil)
	seven["agent_versions"] = [2]uint16{7, 7}
	g.Valid("agent-7", "agent version 7 alone", seven)

	refuse := func(id, what, field string, value any, class, flag string) {
		changed := parts(contact, nil)
		changed[field] = value
		g.Invalid("encode_fixed_data", id, what, changed, class, flag)
	}
	refuse("encode-id-256", "an entity id of 256 bytes", "entity_id", vectors.Hex(make([]byte, 256)), "TooLong", "TooLong")
	refuse("encode-root-x25519", "a root key for key agreement", "root_key", linkQueueKey.SPKI(), "WrongKeyType", "Key")
	refuse("encode-root-ed448", "a root key of Ed448", "root_key", linkKeyPair(keys.Ed448, "root").Public().SPKI(), "WrongKeyType", "Key")
	refuse("encode-root-bare", "a root key without its algorithm", "root_key", root[12:], "MalformedKey", "Key")
	refuse("encode-versions", "the lowest version above the highest", "agent_versions", [2]uint16{7, 2}, "BadVersionRange", "Versions")
	refuse("encode-connection-cut", "a link without its last byte", "connection", contact[:len(contact)-1], "Truncated", "Truncated")
	refuse("encode-connection-trailing", "a link and a byte more", "connection", append(contact, 0), "Trailing", "Trailing")
	pieces := []piece{
		{"agent-versions", []byte{0, 2, 0, 7}}, {"root-key", shortBytes(root)}, {"connection", contact},
	}
	refusePieces(g, "decode_fixed_data", "fixed_data", "", pieces)
	refuseAll(g, "decode_fixed_data", "fixed_data", []refusal[vectors.Hex]{
		{"versions", "the lowest version above the highest", withPiece(pieces, "agent-versions", []byte{0, 7, 0, 2}), "BadVersionRange", "Versions"},
		{"root-empty", "an empty root key", withPiece(pieces, "root-key", []byte{0}), "MalformedKey", "Key"},
		{"root-cut", "a root key without its last byte", withPiece(pieces, "root-key", shortBytes(root[:43])), "MalformedKey", "Key"},
		{"root-longer", "a root key with a byte more", withPiece(pieces, "root-key", shortBytes(append(root, 0))), "MalformedKey", "Key"},
		{"root-x25519", "a root key for key agreement", withPiece(pieces, "root-key", shortBytes(linkQueueKey.SPKI())), "WrongKeyType", "Key"},
		{"root-ed448", "a root key of Ed448", withPiece(pieces, "root-key", shortBytes(linkKeyPair(keys.Ed448, "root").Public().SPKI())), "WrongKeyType", "Key"},
		{"mode", "a link of an unknown mode", withPiece(pieces, "connection", append([]byte{'X'}, contact[1:]...)), "WrongMode", "Mode"},
		{"mode-invitation", "a contact address with the letter of invitations", withPiece(pieces, "connection", append([]byte{'I'}, contact[1:]...)), "Truncated", "Mode"},
	})

	later := f.Group("fixed-later", "fixed data of later versions", "decode_fixed_data")
	later.Valid("after-id", "bytes after the entity id", build.Fields{"fixed_data": append(joined(pieces), 2, 'i', 'd', 9, 9, 9)}, "Later")
	later.Valid("no-id", "bytes that are no entity id, because they are fewer than their length says", build.Fields{"fixed_data": append(joined(pieces), 9, 'i', 'd')}, "Later")

	signed := f.Group("fixed-signed", "fixed data with the signature of the root key", "sign_fixed_data")
	key := linkPerson("root").PKCS8()
	fixed := must(link.Encode(fixedOf(linkContact(), nil)))
	signed.Valid("contact", "a contact address", build.Fields{"fixed_data": fixed, "private_key": key})
	signed.Valid("invitation", "an invitation with an entity id", build.Fields{"fixed_data": must(link.Encode(fixedOf(linkInvitation(), build.Bytes("entity", 16)))), "private_key": key})
	signed.Invalid("sign_fixed_data", "x25519", "a key for key agreement", build.Fields{"fixed_data": fixed, "private_key": linkKeyPair(keys.X25519, "queue").PKCS8()}, "WrongKeyType", "Key")
	signed.Invalid("sign_fixed_data", "ed448", "a key of Ed448", build.Fields{"fixed_data": fixed, "private_key": linkKeyPair(keys.Ed448, "root").PKCS8()}, "WrongKeyType", "Key")
}

// ownerFields is an owner as the vectors have it.
func ownerFields(o link.Owner) map[string]vectors.Hex {
	return map[string]vectors.Hex{"id": o.ID, "key": o.Key.SPKI(), "signature": o.Signature}
}

// linkOwner returns an owner with a name, authorized by another person.
func linkOwner(name, by string) link.Owner {
	return must(link.AuthorizeOwner([]byte(name), linkPerson(name).Public(), linkPerson(by)))
}

// relayLink returns the short link of a relay.
func relayLink(host string) link.ShortLink {
	l := shortOf(link.RelayLink, true, linkRelay("5223", host))
	l.Key = link.LinkKey(build.Bytes("relay link", 32))
	return l
}

func userContents(f *build.File) {
	g := f.Group("user", "user data", "encode_user_data", "decode_user_data")
	first, second := linkOwner("owner-1", "root"), linkOwner("owner-2", "owner-1")
	type content struct {
		mode   string
		direct bool
		owners []link.Owner
		relays []link.ShortLink
		size   int
	}
	parts := func(c content) build.Fields {
		owners, relays := []map[string]vectors.Hex{}, []string{}
		for _, o := range c.owners {
			owners = append(owners, ownerFields(o))
		}
		for _, l := range c.relays {
			relays = append(relays, l.Text())
		}
		return build.Fields{
			"mode": c.mode, "agent_versions": [2]uint16{2, 7}, "direct": c.direct, "owners": owners, "relays": relays,
			"application_data": build.Bytes("application", c.size),
		}
	}
	add := func(id, what string, c content) { g.Valid(id, what, parts(c)) }
	for _, n := range []int{0, 1, 254, 255, 256, 1000} {
		add(fmt.Sprintf("invitation-%d", n), fmt.Sprintf("an invitation with %d bytes of the application", n), content{mode: "invitation", size: n})
		add(fmt.Sprintf("contact-%d", n), fmt.Sprintf("a contact address with %d bytes of the application", n), content{mode: "contact", direct: true, size: n})
	}
	add("not-direct", "no direct connections, one relay", content{mode: "contact", relays: []link.ShortLink{relayLink("a.example")}, size: 5})
	add("relays", "two relays", content{mode: "contact", direct: true, relays: []link.ShortLink{relayLink("a.example"), relayLink("b.example")}, size: 5})
	add("owner", "one owner", content{mode: "contact", direct: true, owners: []link.Owner{first}, size: 5})
	add("owners", "two owners and a relay", content{mode: "contact", direct: true, owners: []link.Owner{first, second}, relays: []link.ShortLink{relayLink("a.example")}, size: 5})

	refuse := func(id, what string, fields build.Fields, class, flag string) {
		g.Invalid("encode_user_data", id, what, fields, class, flag)
	}
	refuse("encode-invitation-direct", "an invitation with direct connections", parts(content{mode: "invitation", direct: true}), "NotForInvitations", "ContactOnly")
	refuse("encode-invitation-owner", "an invitation with an owner", parts(content{mode: "invitation", owners: []link.Owner{first}}), "NotForInvitations", "ContactOnly")
	refuse("encode-invitation-relay", "an invitation with a relay", parts(content{mode: "invitation", relays: []link.ShortLink{relayLink("a.example")}}), "NotForInvitations", "ContactOnly")
	refuse("encode-relay-invitation", "an invitation in the place of a relay", parts(content{mode: "contact", relays: []link.ShortLink{shortOf(link.InvitationLink, true, linkRelay("", "a.example"))}}), "WrongMode", "Relay")
	short := first
	short.Signature = short.Signature[:63]
	refuse("encode-signature-63", "an owner with a signature of 63 bytes", parts(content{mode: "contact", owners: []link.Owner{short}}), "SignatureSize", "SignatureSize")
	other := first
	other.Key = linkQueueKey
	refuse("encode-owner-x25519", "an owner with a key for key agreement", parts(content{mode: "contact", owners: []link.Owner{other}}), "WrongKeyType", "Key")
	refuseUserData(g, first)

	d := link.UserData{Mode: link.Contact, AgentVersions: wire.Versions(2, 7), Direct: true, Data: []byte("data")}
	later := f.Group("user-later", "user data of later versions", "decode_user_data")
	later.Valid("contact", "bytes after the data", build.Fields{"user_data": append(must(link.Encode(d)), 1, 2, 3)}, "Later")
	d.Mode, d.Direct = link.Invitation, false
	later.Valid("invitation", "bytes after the data", build.Fields{"user_data": append(must(link.Encode(d)), 'x')}, "Later")

	signed := f.Group("user-signed", "user data with a signature", "sign_user_data")
	signed.Valid("root", "signed with the root key", build.Fields{"user_data": must(link.Encode(d)), "private_key": linkPerson("root").PKCS8()})
	d.Mode, d.Owners = link.Contact, []link.Owner{first}
	content1 := must(link.Encode(d))
	signed.Valid("owner", "signed by an owner", build.Fields{"user_data": content1, "private_key": linkPerson("owner-1").PKCS8()})
	signed.Invalid("sign_user_data", "x25519", "a key for key agreement", build.Fields{"user_data": content1, "private_key": linkKeyPair(keys.X25519, "queue").PKCS8()}, "WrongKeyType", "Key")
	signed.Invalid("sign_user_data", "ed448", "a key of Ed448", build.Fields{"user_data": content1, "private_key": linkKeyPair(keys.Ed448, "root").PKCS8()}, "WrongKeyType", "Key")
}

func refuseUserData(g *build.Group, owner link.Owner) {
	relay := relayLink("a.example")
	pieces := []piece{
		{"mode", []byte{'C'}}, {"agent-versions", []byte{0, 2, 0, 7}}, {"direct", []byte{'T'}},
		{"owner-count", []byte{1}}, {"owner", must(link.Encode(owner))},
		{"relay-count", []byte{1}}, {"relay", must(link.Encode(relay))}, {"data", shortBytes([]byte("data"))},
	}
	refusePieces(g, "decode_user_data", "user_data", "", pieces)
	large := withPiece(pieces, "data", append([]byte{0xff}, append(word(300), build.Bytes("application", 300)...)...))
	ownerBytes := func(inner ...[]byte) []byte { return shortBytes(bytes.Join(inner, nil)) }
	id, key, signature := shortBytes(owner.ID), shortBytes(owner.Key.SPKI()), shortBytes(owner.Signature)
	refuseAll(g, "decode_user_data", "user_data", []refusal[vectors.Hex]{
		{"large-cut", "300 bytes of the application, the last one missing", large[:len(large)-1], "Truncated", "Truncated"},
		{"large-length-cut", "half a length of 16 bits", large[:len(large)-301], "Truncated", "Truncated"},
		{"mode-other", "the letter of another mode", withPiece(pieces, "mode", []byte{'G'}), "WrongMode", "Mode"},
		{"versions", "the lowest version above the highest", withPiece(pieces, "agent-versions", []byte{0, 7, 0, 2}), "BadVersionRange", "Versions"},
		{"direct-1", "a 1 in the place of a boolean", withPiece(pieces, "direct", []byte{'1'}), "BadBoolean", "Boolean"},
		{"owner-id-only", "an owner that ends after its id", withPiece(pieces, "owner", ownerBytes(id)), "Truncated", "Truncated"},
		{"owner-no-signature", "an owner without signature", withPiece(pieces, "owner", ownerBytes(id, key)), "Truncated", "Truncated"},
		{"owner-signature-63", "an owner with a signature of 63 bytes", withPiece(pieces, "owner", ownerBytes(id, key, shortBytes(owner.Signature[:63]))), "SignatureSize", "SignatureSize"},
		{"owner-x25519", "an owner with a key for key agreement", withPiece(pieces, "owner", ownerBytes(id, shortBytes(linkQueueKey.SPKI()), signature)), "WrongKeyType", "Key"},
		{"relay-invitation", "an invitation in the place of a relay", withPiece(pieces, "relay", must(link.Encode(shortOf(link.InvitationLink, true, relay.Server)))), "WrongMode", "Relay"},
		{"relay-type", "a relay of an unknown type", withPiece(pieces, "relay", append([]byte{'C', 'X'}, must(link.Encode(relay))[2:]...)), "UnknownLinkType", "Relay"},
		{"relay-no-host", "a relay without host", withPiece(pieces, "relay", []byte{'C', 'R', 0, 0, 0, 0}), "MalformedServer", "Host"},
	})
}

func owners(f *build.File) {
	g := f.Group("owner", "owners: authorization and binary form", "authorize_owner", "encode_owner", "decode_owner")
	parts := func(id []byte, name, by string) build.Fields {
		return build.Fields{"owner_id": id, "owner_key": linkPerson(name).Public().SPKI(), "private_key": linkPerson(by).PKCS8()}
	}
	for _, n := range []int{0, 1, 16, 144} {
		g.Valid(fmt.Sprintf("id-%d", n), fmt.Sprintf("an id of %d bytes", n), parts(build.Bytes("owner id", n), "owner-1", "root"))
	}
	g.Valid("by-owner", "authorized by an owner", parts([]byte("owner-2"), "owner-2", "owner-1"))
	refuse := func(operation, id, what string, fields build.Fields, class, flag string) {
		g.Invalid(operation, id, what, fields, class, flag)
	}
	refuse("authorize_owner", "authorize-id-145", "an id that leaves no room in 255 bytes", parts(make([]byte, 145), "owner-1", "root"), "TooLong", "TooLong")
	x25519, ed448 := linkKeyPair(keys.X25519, "queue"), linkKeyPair(keys.Ed448, "root")
	changed := parts([]byte("id"), "owner-1", "root")
	changed["owner_key"] = x25519.Public().SPKI()
	refuse("authorize_owner", "authorize-x25519", "an owner with a key for key agreement", changed, "WrongKeyType", "Key")
	changed = parts([]byte("id"), "owner-1", "root")
	changed["private_key"] = ed448.PKCS8()
	refuse("authorize_owner", "authorize-by-ed448", "authorized with a key of Ed448", changed, "WrongKeyType", "Key")
	o := linkOwner("owner-1", "root")
	encode := func(id, key, signature []byte) build.Fields {
		return build.Fields{"owner_id": id, "owner_key": key, "signature": signature}
	}
	key := o.Key.SPKI()
	refuse("encode_owner", "encode-signature-63", "a signature of 63 bytes", encode(o.ID, key, o.Signature[:63]), "SignatureSize", "SignatureSize")
	refuse("encode_owner", "encode-signature-none", "no signature", encode(o.ID, key, nil), "SignatureSize", "SignatureSize")
	refuse("encode_owner", "encode-bare-key", "a key without its algorithm", encode(o.ID, key[12:], o.Signature), "MalformedKey", "Key")
	refuse("encode_owner", "encode-id-256", "an id of 256 bytes", encode(make([]byte, 256), key, o.Signature), "TooLong", "TooLong")
	inner := []piece{{"id", shortBytes(o.ID)}, {"key", shortBytes(key)}, {"signature", shortBytes(o.Signature)}}
	at := 0
	for _, p := range inner {
		for _, end := range []int{at, at + len(p.bytes) - 1} {
			refuse("decode_owner", fmt.Sprintf("inner-%d", end), fmt.Sprintf("the outer string has %d bytes and ends before or in the %s", end, p.name),
				build.Fields{"encoded_owner": shortBytes(joined(inner)[:end])}, "Truncated", "Truncated")
		}
		at += len(p.bytes)
	}
	whole := must(link.Encode(o))
	refuseAll(g, "decode_owner", "encoded_owner", []refusal[vectors.Hex]{
		{"cut", "the last byte is missing", whole[:len(whole)-1], "Truncated", "Truncated"},
		{"empty", "no bytes", vectors.Hex{}, "Truncated", "Truncated"},
		{"trailing", "a byte after the outer string", append(append([]byte{}, whole...), 0), "Trailing", "Trailing"},
		{"signature-65", "a signature of 65 bytes", shortBytes(withPiece(inner, "signature", shortBytes(append(o.Signature, 0)))), "SignatureSize", "SignatureSize"},
		{"signature-0", "an empty signature", shortBytes(withPiece(inner, "signature", []byte{0})), "SignatureSize", "SignatureSize"},
		{"key-x25519", "a key for key agreement", shortBytes(withPiece(inner, "key", shortBytes(x25519.Public().SPKI()))), "WrongKeyType", "Key"},
		{"key-bare", "a key without its algorithm", shortBytes(withPiece(inner, "key", shortBytes(key[12:]))), "MalformedKey", "Key"},
	})
	later := f.Group("owner-later", "owners of later versions", "decode_owner")
	later.Valid("bytes", "bytes after the signature, in the outer string", build.Fields{"encoded_owner": shortBytes(append(joined(inner), 7, 8, 9))}, "Later")
}

func ownerChains(f *build.File) {
	g := f.Group("owners", "chains of owners", "verify_owners")
	root := linkPerson("root").Public().SPKI()
	parts := func(list ...link.Owner) build.Fields {
		owners := []map[string]vectors.Hex{}
		for _, o := range list {
			owners = append(owners, ownerFields(o))
		}
		return build.Fields{"root_key": root, "owners": owners}
	}
	one, two, three := linkOwner("owner-1", "root"), linkOwner("owner-2", "owner-1"), linkOwner("owner-3", "owner-2")
	g.Valid("none", "no owners: the root key alone may sign", parts())
	g.Valid("one", "one owner", parts(one))
	g.Valid("by-root", "two owners authorized by the root key", parts(one, linkOwner("owner-2", "root")))
	g.Valid("chain", "each owner is authorized by the one before", parts(one, two, three))
	g.Valid("by-first", "the third owner is authorized by the first", parts(one, two, linkOwner("owner-3", "owner-1")))
	g.Valid("other-order", "an owner of the root key between two of a chain", parts(one, linkOwner("owner-4", "root"), two))

	refuse := func(id, what, class, flag string, list ...link.Owner) {
		g.Invalid("verify_owners", id, what, parts(list...), class, flag)
	}
	change := func(o link.Owner, with func(*link.Owner)) link.Owner {
		o.ID, o.Signature = bytes.Clone(o.ID), bytes.Clone(o.Signature)
		with(&o)
		return o
	}
	isRoot := must(link.AuthorizeOwner([]byte("owner-2"), linkPerson("root").Public(), linkPerson("root")))
	refuse("root", "the root key as the only owner", "OwnerIsRoot", "OwnerIsRoot", isRoot)
	refuse("root-second", "the root key as the second owner", "OwnerIsRoot", "OwnerIsRoot", one, isRoot)
	refuse("root-by-owner", "the root key authorized by an owner", "OwnerIsRoot", "OwnerIsRoot", one,
		must(link.AuthorizeOwner([]byte("owner-2"), linkPerson("root").Public(), linkPerson("owner-1"))))
	refuse("twice", "the same owner twice", "OwnerTwice", "OwnerTwice", one, one)
	refuse("twice-apart", "the same owner twice with another between", "OwnerTwice", "OwnerTwice", one, two, one)
	refuse("same-id", "two owners with the same id", "OwnerTwice", "OwnerTwice", one,
		must(link.AuthorizeOwner([]byte("owner-1"), linkPerson("owner-2").Public(), linkPerson("root"))))
	refuse("same-key", "two owners with the same key", "OwnerTwice", "OwnerTwice", one,
		must(link.AuthorizeOwner([]byte("owner-2"), linkPerson("owner-1").Public(), linkPerson("root"))))
	refuse("stranger", "authorized by a stranger", "OwnerUnauthorized", "Unauthorized", linkOwner("owner-1", "stranger"))
	refuse("self", "authorized by itself", "OwnerUnauthorized", "Unauthorized", linkOwner("owner-1", "owner-1"))
	refuse("before", "an owner before the one that authorized it", "OwnerUnauthorized", "Unauthorized", two, one)
	refuse("last-before", "the third authorized by the second, and before it", "OwnerUnauthorized", "Unauthorized", one, three, two)
	refuse("removed", "authorized by an owner that is not in the list", "OwnerUnauthorized", "Unauthorized", one, three)
	refuse("second-stranger", "the second owner is authorized by a stranger", "OwnerUnauthorized", "Unauthorized", one, linkOwner("owner-2", "stranger"))
	refuse("signature", "a bit of the signature is changed", "OwnerUnauthorized", "Unauthorized", change(one, func(o *link.Owner) { o.Signature[0] ^= 1 }))
	refuse("signature-end", "a bit of the second half of the signature is changed", "OwnerUnauthorized", "Unauthorized", change(one, func(o *link.Owner) { o.Signature[40] ^= 0x80 }))
	refuse("signature-short", "a signature of 63 bytes", "OwnerUnauthorized", "Unauthorized", change(one, func(o *link.Owner) { o.Signature = o.Signature[:63] }))
	refuse("id", "another id than the one that was signed", "OwnerUnauthorized", "Unauthorized", change(one, func(o *link.Owner) { o.ID = []byte("owner-9") }))
	refuse("key", "another key than the one that was signed", "OwnerUnauthorized", "Unauthorized", change(one, func(o *link.Owner) { o.Key = linkPerson("owner-9").Public() }))
	refuse("swapped", "the signatures of two owners are in each other's place", "OwnerUnauthorized", "Unauthorized",
		change(one, func(o *link.Owner) { o.Signature = two.Signature }), change(two, func(o *link.Owner) { o.Signature = one.Signature }))
	wrong := parts(one)
	wrong["root_key"] = linkPerson("stranger").Public().SPKI()
	g.Invalid("verify_owners", "other-root", "another root key", wrong, "OwnerUnauthorized", "Unauthorized")
	lengths := must(link.AuthorizeOwner([]byte("owner-1"), linkPerson("owner-1").Public(), linkPerson("root")))
	lengths.Signature = must(linkPerson("root").Sign(append(shortBytes(lengths.ID), shortBytes(lengths.Key.SPKI())...)))
	refuse("with-lengths", "the signature covers the lengths of id and key too", "OwnerUnauthorized", "Unauthorized", lengths)
	bare := lengths
	bare.Signature = must(linkPerson("root").Sign(append(bytes.Clone(bare.ID), bare.Key.Raw()...)))
	refuse("bare-key", "the signature covers the bare key", "OwnerUnauthorized", "Unauthorized", bare)
	keyOnly := lengths
	keyOnly.Signature = must(linkPerson("root").Sign(keyOnly.Key.SPKI()))
	refuse("key-only", "the signature covers the key alone", "OwnerUnauthorized", "Unauthorized", keyOnly)
	x25519 := parts(one)
	x25519["root_key"] = linkQueueKey.SPKI()
	g.Invalid("verify_owners", "root-x25519", "a root key for key agreement", x25519, "WrongKeyType", "Key")
}

// signedData is decrypted link data with its link key.
type signedData struct {
	fixed, user []byte
	key         link.LinkKey
}

// signedBy returns link data of the root, the user data signed by somebody.
func signedBy(fixed link.FixedData, user link.UserData, by string) signedData {
	signed, key, err := link.SignFixed(fixed, linkPerson("root"))
	return signedData{must(signed, err), must(link.SignUser(user, linkPerson(by))), key}
}

// userOf returns user data of a mode with owners.
func userOf(mode link.Mode, owners ...link.Owner) link.UserData {
	return link.UserData{Mode: mode, AgentVersions: wire.Versions(2, 7), Direct: mode == link.Contact, Owners: owners, Data: []byte("profile")}
}

func (d signedData) fields() build.Fields {
	return build.Fields{"link_key": []byte(d.key), "signed_fixed_data": d.fixed, "signed_user_data": d.user}
}

// bySignature returns content signed by a person.
func bySignature(content []byte, by string) []byte {
	return append(shortBytes(must(linkPerson(by).Sign(content))), content...)
}

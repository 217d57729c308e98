package main

import (
	"bytes"
	"fmt"
	"strings"

	"smpcheck/reference/box"
	"smpcheck/reference/link"
	"smpcheck/vectors"
	"smpcheck/vectors/gen/build"
)

// signedPrefix is the length of a signature with its own length.
const signedPrefix = 1 + 64

func verifications(f *build.File) {
	g := f.Group("verify", "decrypted link data", "verify_link_data")
	one, two := linkOwner("owner-1", "root"), linkOwner("owner-2", "owner-1")
	fixed, invitation := fixedOf(linkContact(), nil), fixedOf(linkInvitation(), nil)
	valid := signedBy(fixed, userOf(link.Contact), "root")
	owned := signedBy(fixed, userOf(link.Contact, one, two), "root")
	g.Valid("contact", "a contact address", valid.fields())
	g.Valid("invitation", "an invitation", signedBy(invitation, userOf(link.Invitation), "root").fields())
	g.Valid("entity", "fixed data with an entity id", signedBy(fixedOf(linkContact(), build.Bytes("entity", 16)), userOf(link.Contact), "root").fields())
	g.Valid("owners", "two owners, signed with the root key", owned.fields())
	g.Valid("by-first-owner", "signed by the first owner", signedBy(fixed, userOf(link.Contact, one, two), "owner-1").fields(), "SignedByOwner")
	g.Valid("by-last-owner", "signed by the last owner", signedBy(fixed, userOf(link.Contact, one, two), "owner-2").fields(), "SignedByOwner")

	refuse := func(id, what, class, flag string, d signedData) {
		g.Invalid("verify_link_data", id, what, d.fields(), class, flag)
	}
	change := func(with func(*signedData)) signedData {
		d := signedData{bytes.Clone(valid.fixed), bytes.Clone(valid.user), bytes.Clone(valid.key)}
		with(&d)
		return d
	}
	content := valid.fixed[signedPrefix:]
	user := valid.user[signedPrefix:]
	refuse("link-key", "a bit of the link key is changed", "LinkKeyMismatch", "LinkKey", change(func(d *signedData) { d.key[31] ^= 1 }))
	refuse("link-key-short", "a link key without its last byte", "LinkKeyMismatch", "LinkKey", change(func(d *signedData) { d.key = d.key[:31] }))
	refuse("link-key-empty", "no link key", "LinkKeyMismatch", "LinkKey", change(func(d *signedData) { d.key = nil }))
	refuse("link-key-signed", "the hash covers the signature too", "LinkKeyMismatch", "LinkKey", change(func(d *signedData) { d.key = link.HashFixedData(d.fixed) }))
	refuse("fixed-changed", "the highest agent version of the fixed data is another one", "LinkKeyMismatch", "LinkKey", change(func(d *signedData) { d.fixed[signedPrefix+3]++ }))
	refuse("fixed-longer", "a byte after the fixed data", "LinkKeyMismatch", "LinkKey", change(func(d *signedData) { d.fixed = append(d.fixed, 0) }))
	refuse("fixed-other", "the fixed data of another link", "LinkKeyMismatch", "LinkKey", change(func(d *signedData) {
		d.fixed = signedBy(fixedOf(linkContact(), []byte("other")), userOf(link.Contact), "root").fixed
	}))
	refuse("fixed-signature", "a bit of the signature of the fixed data is changed", "NotSignedByRoot", "RootSignature", change(func(d *signedData) { d.fixed[1] ^= 1 }))
	refuse("fixed-signature-end", "a bit of the second half of that signature is changed", "NotSignedByRoot", "RootSignature", change(func(d *signedData) { d.fixed[50] ^= 1 }))
	refuse("fixed-by-stranger", "fixed data signed by a stranger", "NotSignedByRoot", "RootSignature", change(func(d *signedData) { d.fixed = bySignature(content, "stranger") }))
	refuse("fixed-by-owner", "fixed data signed by an owner", "NotSignedByRoot", "RootSignature", signedData{bySignature(content, "owner-1"), owned.user, valid.key})
	refuse("fixed-signs-user", "the signature of the user data before the fixed data", "NotSignedByRoot", "RootSignature", change(func(d *signedData) { copy(d.fixed, d.user[:signedPrefix]) }))
	refuse("fixed-signature-63", "a signature of 63 bytes before the fixed data", "SignatureSize", "SignatureSize", change(func(d *signedData) { d.fixed = append(shortBytes(d.fixed[1:64]), content...) }))
	refuse("fixed-signature-none", "an empty signature before the fixed data", "SignatureSize", "SignatureSize", change(func(d *signedData) { d.fixed = append([]byte{0}, content...) }))
	refuse("fixed-cut", "fixed data without their last byte", "Truncated", "Truncated", change(func(d *signedData) { d.fixed = d.fixed[:len(d.fixed)-1] }))
	refuse("fixed-only-signature", "a signature and no fixed data", "Truncated", "Truncated", change(func(d *signedData) { d.fixed = d.fixed[:signedPrefix] }))
	refuse("fixed-empty", "no fixed data", "Truncated", "Truncated", change(func(d *signedData) { d.fixed = nil }))
	refuse("user-changed", "a letter of the user data is another one", "NotSignedByOwner", "UserSignature", change(func(d *signedData) { d.user[len(d.user)-1] ^= 1 }))
	refuse("user-direct", "direct connections are switched off", "NotSignedByOwner", "UserSignature", change(func(d *signedData) { d.user[signedPrefix+5] = 'F' }))
	refuse("user-longer", "a byte after the user data", "NotSignedByOwner", "UserSignature", change(func(d *signedData) { d.user = append(d.user, 0) }))
	refuse("user-signature", "a bit of the signature of the user data is changed", "NotSignedByOwner", "UserSignature", change(func(d *signedData) { d.user[1] ^= 1 }))
	refuse("user-by-stranger", "user data signed by a stranger", "NotSignedByOwner", "UserSignature", signedBy(fixed, userOf(link.Contact), "stranger"))
	refuse("user-by-stranger-owners", "user data with owners signed by a stranger", "NotSignedByOwner", "UserSignature", signedBy(fixed, userOf(link.Contact, one, two), "stranger"))
	refuse("user-by-removed-owner", "user data signed by somebody who is no owner any more", "NotSignedByOwner", "UserSignature", signedBy(fixed, userOf(link.Contact, one), "owner-2"))
	refuse("invitation-by-owner", "an invitation signed by another key than the root key", "NotSignedByOwner", "UserSignature", signedBy(invitation, userOf(link.Invitation), "owner-1"))
	refuse("user-signature-65", "a signature of 65 bytes before the user data", "SignatureSize", "SignatureSize", change(func(d *signedData) { d.user = append(shortBytes(append(d.user[1:65:65], 0)), user...) }))
	refuse("user-cut", "user data without their last byte", "Truncated", "Truncated", change(func(d *signedData) { d.user = d.user[:len(d.user)-1] }))
	refuse("user-empty", "no user data", "Truncated", "Truncated", change(func(d *signedData) { d.user = nil }))
	refuse("user-mode", "user data of an invitation for a contact address", "WrongMode", "Mode", signedData{valid.fixed, bySignature(must(link.Encode(userOf(link.Invitation))), "root"), valid.key})
	invited := signedBy(invitation, userOf(link.Invitation), "root")
	refuse("fixed-mode", "user data of a contact address for an invitation", "WrongMode", "Mode", signedData{invited.fixed, valid.user, invited.key})
	refuse("owner-stranger", "an owner who is not authorized", "OwnerUnauthorized", "Unauthorized", signedBy(fixed, userOf(link.Contact, linkOwner("owner-1", "stranger")), "root"))
	refuse("owner-signs-itself", "user data signed by an owner who authorized itself", "OwnerUnauthorized", "Unauthorized", signedBy(fixed, userOf(link.Contact, linkOwner("owner-1", "owner-1")), "owner-1"))
	refuse("owner-order", "an owner before the one that authorized it", "OwnerUnauthorized", "Unauthorized", signedBy(fixed, userOf(link.Contact, two, one), "root"))
	refuse("owner-twice", "the same owner twice", "OwnerTwice", "OwnerTwice", signedBy(fixed, userOf(link.Contact, one, one), "owner-1"))
	refuse("owner-root", "the root key as an owner", "OwnerIsRoot", "OwnerIsRoot", signedBy(fixed, userOf(link.Contact, must(link.AuthorizeOwner([]byte("root"), linkPerson("root").Public(), linkPerson("root")))), "root"))
}

// sealedData is link data as a relay has it.
type sealedData struct {
	fixed, user []byte
	key         link.LinkKey
	secret      link.Secret
}

// sealed encrypts link data with the secret of its mode.
func (d signedData) sealed(mode link.Mode) sealedData {
	_, secret, err := d.key.ContactSecret()
	if mode == link.Invitation {
		secret, err = d.key.InvitationSecret()
	}
	secret = must(secret, err)
	return sealedData{
		must(link.SealFixed(d.fixed, secret, build.Random("fixed nonce"))),
		must(link.SealUser(d.user, secret, build.Random("user nonce"))), d.key, secret,
	}
}

func sealings(f *build.File) {
	data := signedBy(fixedOf(linkContact(), nil), userOf(link.Contact), "root")
	sealed := data.sealed(link.Contact)
	sealedFixed(f, data, sealed)
	digests(f, data, sealed)
	sealedUser(f, data, sealed)
	resolutions(f, sealed)
}

// changedAt returns bytes with one bit changed.
func changedAt(b []byte, at int) []byte {
	c := bytes.Clone(b)
	c[at] ^= 1
	return c
}

func sealedFixed(f *build.File, data signedData, sealed sealedData) {
	g := f.Group("fixed-sealed", "encrypted fixed data", "seal_fixed_data", "open_fixed_data")
	nonce := build.Bytes("fixed nonce", box.NonceSize)
	parts := func(signed []byte) build.Fields {
		return build.Fields{"signed_fixed_data": signed, "secret": sealed.secret[:], "nonce": nonce}
	}
	g.Valid("contact", "a contact address", parts(data.fixed))
	g.Valid("full", "data that leave no room for padding", parts(build.Bytes("signed", link.FixedPadded-2)))
	g.Invalid("seal_fixed_data", "too-long", "one byte too many", parts(build.Bytes("signed", link.FixedPadded-1)), "TooLong", "TooLong")
	for _, n := range []int{23, 25} {
		p := parts(data.fixed)
		p["nonce"] = build.Bytes("fixed nonce", n)
		g.Invalid("seal_fixed_data", fmt.Sprintf("nonce-%d", n), fmt.Sprintf("a nonce of %d bytes", n), p, "NonceSize", "Size")
	}
	for _, n := range []int{31, 33} {
		p := parts(data.fixed)
		p["secret"] = build.Bytes("secret", n)
		g.Invalid("seal_fixed_data", fmt.Sprintf("secret-%d", n), fmt.Sprintf("a secret of %d bytes", n), p, "SecretSize", "Size")
	}
	open := func(id, what string, b, secret []byte, class, flag string) {
		g.Invalid("open_fixed_data", id, what, build.Fields{"sealed_fixed_data": b, "secret": secret}, class, flag)
	}
	secret := sealed.secret[:]
	open("nonce-changed", "a bit of the nonce is changed", changedAt(sealed.fixed, 0), secret, "BoxClosed", "Changed")
	open("nonce-end-changed", "a bit of the nonce's last 8 bytes is changed", changedAt(sealed.fixed, 23), secret, "BoxClosed", "Changed")
	open("tag-changed", "a bit of the tag is changed", changedAt(sealed.fixed, 24), secret, "BoxClosed", "Changed")
	open("ciphertext-changed", "a bit of the ciphertext is changed", changedAt(sealed.fixed, 100), secret, "BoxClosed", "Changed")
	open("padding-changed", "a bit of the encrypted padding is changed", changedAt(sealed.fixed, 2047), secret, "BoxClosed", "Changed")
	open("secret-changed", "a bit of the secret is changed", sealed.fixed, changedAt(secret, 31), "BoxClosed", "Changed")
	other := must(data.key.InvitationSecret())
	open("secret-invitation", "the secret of an invitation with this link key", sealed.fixed, other[:], "BoxClosed", "Changed")
	open("size-2047", "a byte too few", sealed.fixed[:2047], secret, "LinkDataSize", "Size")
	open("size-2049", "a byte too many", append(bytes.Clone(sealed.fixed), 0), secret, "LinkDataSize", "Size")
	open("size-0", "no bytes", nil, secret, "LinkDataSize", "Size")
	key := must(box.DeriveKey(secret))
	n := box.Nonce(nonce)
	plain := bytes.Repeat([]byte("#"), link.FixedPadded)
	copy(plain, word(link.FixedPadded-1))
	open("padding-length", "the length in front is by one too large", box.Seal(bytes.Clone(nonce), plain, &n, &key), secret, "PaddingLength", "Padding")
	standard := box.Key(secret)
	copy(plain, word(len(data.fixed)))
	copy(plain[2:], data.fixed)
	open("plain-secretbox", "NaCl's secretbox, in which the secret does not go through HSalsa20", box.Seal(bytes.Clone(nonce), plain, &n, &standard), secret, "BoxClosed", "Changed")
}

// digests are about encrypted user data, which are too long for many vectors.
func digests(f *build.File, data signedData, sealed sealedData) {
	g := f.Group("user-digest", "encrypted user data, of which the digest is given", "digest_user_data")
	parts := func(signed []byte) build.Fields {
		return build.Fields{"signed_user_data": signed, "secret": sealed.secret[:], "nonce": build.Bytes("user nonce", box.NonceSize)}
	}
	g.Valid("contact", "a contact address", parts(data.user))
	owned := userOf(link.Contact, linkOwner("owner-1", "root"))
	g.Valid("owner", "signed by an owner", parts(must(link.SignUser(owned, linkPerson("owner-1")))))
	g.Valid("invitation", "an invitation", parts(must(link.SignUser(userOf(link.Invitation), linkPerson("root")))))
	g.Valid("full", "data that leave no room for padding", parts(build.Bytes("signed", link.UserPadded-2)))
	g.Invalid("digest_user_data", "too-long", "one byte too many", parts(build.Bytes("signed", link.UserPadded-1)), "TooLong", "TooLong")
	for _, field := range []struct{ name, class string }{{"nonce", "NonceSize"}, {"secret", "SecretSize"}} {
		p := parts(data.user)
		p[field.name] = build.Bytes(field.name, 16)
		g.Invalid("digest_user_data", field.name+"-16", "a "+field.name+" of 16 bytes", p, field.class, "Size")
	}
}

func sealedUser(f *build.File, data signedData, sealed sealedData) {
	g := f.Group("user-sealed", "encrypted user data", "seal_user_data", "open_user_data")
	g.Valid("contact", "a contact address", build.Fields{"signed_user_data": data.user, "secret": sealed.secret[:], "nonce": build.Bytes("user nonce", box.NonceSize)})
	open := func(id, what string, b []byte, class, flag string) {
		g.Invalid("open_user_data", id, what, build.Fields{"sealed_user_data": b, "secret": sealed.secret[:]}, class, flag)
	}
	open("ciphertext-changed", "a bit of the ciphertext is changed", changedAt(sealed.user, 13823), "BoxClosed", "Changed")
	open("size-13823", "a byte too few", sealed.user[:13823], "LinkDataSize", "Size")
	open("size-2048", "fixed data in the place of user data", sealed.fixed, "LinkDataSize", "Size")
}

func resolutions(f *build.File, sealed sealedData) {
	g := f.Group("resolve", "what a client does with link data from a relay", "resolve_link_data")
	parts := func(mode link.Mode, d sealedData) build.Fields {
		return build.Fields{"mode": strings.ToLower(mode.String()), "link_key": []byte(d.key), "sealed_fixed_data": d.fixed, "sealed_user_data": d.user}
	}
	invitation := signedBy(fixedOf(linkInvitation(), nil), userOf(link.Invitation), "root").sealed(link.Invitation)
	g.Valid("contact", "a contact address", parts(link.Contact, sealed))
	g.Valid("invitation", "an invitation", parts(link.Invitation, invitation))
	refuse := func(id, what string, fields build.Fields, class, flag string) {
		g.Invalid("resolve_link_data", id, what, fields, class, flag)
	}
	refuse("mode", "the secret of invitations is derived for a contact address", parts(link.Invitation, sealed), "BoxClosed", "Mode")
	changed := sealed
	changed.key = changedAt(sealed.key, 0)
	refuse("link-key", "a bit of the link key is changed, and so the secret is another one", parts(link.Contact, changed), "BoxClosed", "LinkKey")

	opening := f.Group("open", "link data with a secret that is given", "open_link_data")
	with := func(d sealedData) build.Fields {
		return build.Fields{"link_key": []byte(d.key), "secret": d.secret[:], "sealed_fixed_data": d.fixed, "sealed_user_data": d.user}
	}
	opening.Valid("contact", "a contact address", with(sealed))
	opening.Invalid("open_link_data", "link-key", "another link key than that of the secret", with(changed), "LinkKeyMismatch", "LinkKey")
	replayed := sealed
	other := signedBy(fixedOf(linkContact(), []byte("other")), userOf(link.Contact), "root")
	replayed.fixed = must(link.SealFixed(other.fixed, sealed.secret, build.Random("other nonce")))
	opening.Invalid("open_link_data", "fixed-other", "fixed data that are signed with the root key, but not those of the link", with(replayed), "LinkKeyMismatch", "LinkKey")
	opening.Invalid("open_link_data", "secret-31", "a secret of 31 bytes",
		build.Fields{"link_key": []byte(sealed.key), "secret": vectors.Hex(sealed.secret[:31]), "sealed_fixed_data": sealed.fixed, "sealed_user_data": []byte{}}, "SecretSize", "Size")
	opening.Invalid("open_link_data", "user-none", "no user data",
		build.Fields{"link_key": []byte(sealed.key), "secret": sealed.secret[:], "sealed_fixed_data": sealed.fixed, "sealed_user_data": []byte{}}, "LinkDataSize", "Size")
}

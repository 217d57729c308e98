package link_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/fill"
	"smpcheck/fuzz/fill/upper"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// privateFrom returns an Ed25519 key that depends on one byte.
func privateFrom(t testing.TB, b byte) keys.PrivateKey {
	t.Helper()
	k, err := keys.NewPrivate(keys.Ed25519, bytes.Repeat([]byte{b}, 32))
	require.NoError(t, err)
	return k
}

// FuzzOpenLinkData: link data of any content open for the link that they belong to, as they
// were, and for no other one. Of what is sealed no bit can be changed, and a signature of
// somebody else does not help whoever has the link.
func FuzzOpenLinkData(f *testing.F) {
	for i := range 24 {
		f.Add(bytes.Repeat([]byte{byte(i), byte(5 * i)}, 60), uint32(i*i*999))
	}
	f.Fuzz(func(t *testing.T, data []byte, at uint32) {
		filler := upper.Filler(data)
		fixed, user := fill.Value[link.FixedData](filler), fill.Value[link.UserData](filler)
		root, stranger := privateFrom(t, 1), privateFrom(t, 2)
		for i := range user.Owners {
			o, err := link.AuthorizeOwner(append([]byte{byte(i)}, user.Owners[i].ID...), user.Owners[i].Key, root)
			require.NoError(t, err)
			user.Owners[i] = o
		}
		user.Mode = fixed.Connection.Mode
		if user.Mode == link.Invitation {
			user.Direct, user.Owners, user.Relays = false, nil, nil
		}
		p, err := prepareEither(fixed, user, root, bytes.NewReader(nonces(data)))
		if errors.Is(err, link.ErrAmbiguous) || errors.Is(err, wire.ErrPadTooLong) || errors.Is(err, wire.ErrTooLong) {
			return
		}
		require.NoError(t, err)
		l, sender := p.Address(link.ContactLink), p.Fixed.Connection.Queues[0].SenderID
		if user.Mode == link.Invitation {
			l = p.Invitation([]byte("link id"))
		}
		gotFixed, gotUser, err := l.Open(sender, p.Data)
		require.NoError(t, err)
		require.Equal(t, fixedDataAt(p.Fixed), gotFixed)
		require.Equal(t, user, gotUser)

		refuse := func(want error, l link.ShortLink, sender []byte, d smp.LinkData) {
			t.Helper()
			_, _, err := l.Open(sender, d)
			require.ErrorIs(t, err, want)
		}
		refuse(link.ErrOtherQueue, l, append([]byte{0}, sender...), p.Data)
		refuse(box.ErrOpen, l, sender, smp.LinkData{Fixed: flip(p.Data.Fixed, at), User: p.Data.User})
		refuse(box.ErrOpen, l, sender, smp.LinkData{Fixed: p.Data.Fixed, User: flip(p.Data.User, at)})
		refuse(link.ErrDataSize, l, sender, smp.LinkData{Fixed: p.Data.Fixed[1:], User: p.Data.User})
		refuse(link.ErrDataSize, l, sender, smp.LinkData{Fixed: p.Data.Fixed, User: append(p.Data.User, 0)})
		other := l
		other.Key = flip(l.Key, at)
		refuse(box.ErrOpen, other, sender, p.Data)
		forged, err := link.SignAndSealUser(user, stranger, p.Secret, bytes.NewReader(nonces(data)))
		require.NoError(t, err)
		refuse(link.ErrUserSignature, l, sender, smp.LinkData{Fixed: p.Data.Fixed, User: forged})
		replaced, err := prepareEither(fixed, user, stranger, bytes.NewReader(nonces(data)))
		if err != nil { // the owners are not those of the stranger
			require.ErrorIs(t, err, link.ErrOwnerUnauthorized)
			return
		}
		signed, err := link.OpenFixed(replaced.Data.Fixed, replaced.Secret)
		require.NoError(t, err)
		sealed, err := link.SealFixed(signed, p.Secret, bytes.NewReader(nonces(data)))
		require.NoError(t, err)
		refuse(link.ErrHash, l, sender, smp.LinkData{Fixed: sealed, User: p.Data.User})
	})
}

func prepareEither(fixed link.FixedData, user link.UserData, root keys.PrivateKey, rand *bytes.Reader) (link.PreparedLink, error) {
	if fixed.Connection.Mode == link.Invitation {
		return link.PrepareInvitation(fixed, user, root, rand)
	}
	return link.PrepareContact(fixed, user, root, rand)
}

// nonces are random bytes for what is sealed.
func nonces(data []byte) []byte { return append(bytes.Clone(data), make([]byte, 2*box.NonceSize)...) }

// flip returns b with one bit changed.
func flip(b []byte, at uint32) []byte {
	changed := bytes.Clone(b)
	changed[int(at>>3)%len(b)] ^= 1 << (at & 7)
	return changed
}

// FuzzOpenHostileLinkData: whatever a holder of the keys seals, opening it neither panics nor
// takes more memory than its size asks for, and does not accept it for another link.
func FuzzOpenHostileLinkData(f *testing.F) {
	f.Add([]byte{}, []byte{1, 2})
	eachLinkData(f, func(out dataOutput) { f.Add([]byte(out.SignedFixedData), []byte(out.SignedUserData)) })
	f.Fuzz(func(t *testing.T, signedFixed, signedUser []byte) {
		var secret link.Secret
		var zero [24]byte
		data, err := sealBoth(signedFixed, signedUser, secret, zero[:])
		if err != nil {
			require.ErrorIs(t, err, wire.ErrPadTooLong)
			return
		}
		bound.Check(t, link.FixedSize+link.UserSize, func() {
			_, _, err = link.OpenLinkData(data, make(link.LinkKey, link.LinkKeySize), secret)
		})
		require.Error(t, err)
		// For its own link it may be right; then every part of it verified.
		if len(signedFixed) < 65 {
			return
		}
		fixed, user, err := link.OpenLinkData(data, link.HashFixedData(signedFixed[65:]), secret)
		if err != nil {
			return
		}
		require.True(t, keys.Verify(fixed.RootKey, signedFixed[65:], signedFixed[1:65]))
		require.NoError(t, link.VerifyOwners(fixed.RootKey, user.Owners))
		require.Equal(t, fixed.Connection.Mode, user.Mode)
	})
}

// FuzzVerifyOwners compares the verdict about a list of owners with one that is made of how
// the list was made: who signed what, and what was changed afterwards.
func FuzzVerifyOwners(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{1, 0, 0, 2, 1, 0, 3, 2, 0})
	f.Add([]byte{1, 0, 0, 1, 0, 0})
	f.Add([]byte{1, 7, 0})
	f.Add([]byte{0, 0, 0})
	f.Add([]byte{1, 0, 1, 2, 0, 2})
	f.Fuzz(func(t *testing.T, steps []byte) {
		const root = 0 // key 0 is the root key, 1 to 7 are keys of owners and strangers
		known := map[byte]bool{root: true}
		ids := map[byte]bool{}
		var owners []link.Owner
		var want error
		for i := 0; i+2 < len(steps) && len(owners) < 6; i += 3 {
			key, by, change := steps[i]%8, steps[i+1]%8, steps[i+2]
			id := key + change>>4
			o, err := link.AuthorizeOwner([]byte{id}, privateFrom(t, key).Public(), privateFrom(t, by))
			require.NoError(t, err)
			right := known[by]
			switch change & 3 {
			case 1:
				o.Signature, right = flip(o.Signature, uint32(change)), false
			case 2:
				o.ID, id, right = []byte{id + 1}, id+1, false
			}
			owners = append(owners, o)
			switch {
			case want != nil:
			case key == root:
				want = link.ErrOwnerIsRoot
			case known[key] || ids[id]:
				want = link.ErrOwnerTwice
			case !right:
				want = link.ErrOwnerUnauthorized
			}
			known[key], ids[id] = true, true
		}
		if err := link.VerifyOwners(privateFrom(t, root).Public(), owners); !errors.Is(err, want) {
			t.Fatalf("%v, expected %v", err, want)
		}
	})
}

// FuzzPresets: a link that was shortened for known relays and restored leads to a relay of
// the same identity, and to all hosts that it named; nothing shortens twice.
func FuzzPresets(f *testing.F) {
	for i := range 24 {
		f.Add(bytes.Repeat([]byte{byte(i), byte(3 * i), 9}, 30), uint8(i))
	}
	f.Fuzz(func(t *testing.T, data []byte, how uint8) {
		filler := upper.Filler(data)
		l := fill.Value[link.ShortLink](filler)
		presets := []link.Server{fill.Value[link.Server](filler), fill.Value[link.Server](filler)}
		known := &presets[how&1]
		known.Password = "secret"
		if how&2 != 0 {
			l.Server = *known
		}
		if how&4 != 0 {
			l.Server.Hosts = l.Server.Hosts[:1]
		}
		if how&8 != 0 {
			l.Server.Port = "443"
		}
		if how&16 != 0 {
			presets[1-how&1].Hosts[0] = known.Hosts[0]
		}
		l.Server.Password = ""
		short := l.Shorten(presets)
		require.Equal(t, short, short.Shorten(presets))
		restored := short.Restore(presets)
		require.Empty(t, restored.Server.Password)
		require.Equal(t, restored, restored.Restore(presets))
		require.Equal(t, l.Server.KeyHash, restored.Server.KeyHash)
		require.Subset(t, restored.Server.Hosts, l.Server.Hosts)
		if restored.Server.Port != l.Server.Port {
			require.Contains(t, []string{"443", link.DefaultPort}, l.Server.Port)
			require.Empty(t, restored.Server.Port)
		}
		restored.Server = l.Server
		require.Equal(t, l, restored, "only the relay is shortened")
	})
}

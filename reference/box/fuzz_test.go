package box_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"smpcheck/fuzz/bound"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// addInputs calls add with the decoded inputs and outputs of the valid tests of a group.
func addInputs[In, Out any](f *testing.F, file, group string, add func(In, Out)) {
	f.Helper()
	vf, err := vectors.Load(file)
	if err != nil {
		f.Fatal(err)
	}
	g, ok := vf.Group(group)
	if !ok {
		f.Fatalf("%s has no group %s", file, group)
	}
	for _, test := range g.Tests {
		var in In
		var out Out
		if test.Result == vectors.Valid && test.Inputs.Decode(&in) == nil && test.Output.Decode(&out) == nil {
			add(in, out)
		}
	}
}

// take returns the first n bytes of b, with zeros where it has too few.
func take(b []byte, n int) []byte {
	return append(bytes.Clone(b[:min(n, len(b))]), make([]byte, max(0, n-len(b)))...)
}

// flipped returns b with one bit changed, which at names.
func flipped(b []byte, at uint16) []byte {
	changed := bytes.Clone(b)
	changed[int(at)%(8*len(b))/8] ^= 1 << (at % 8)
	return changed
}

// FuzzOpenBox: bytes that nobody sealed do not open, and what Seal made opens to what was
// sealed, unless a bit of it, of the nonce or of the key was changed.
func FuzzOpenBox(f *testing.F) {
	type inputs struct{ Secret, Nonce, Message vectors.Hex }
	type output struct{ Box vectors.Hex }
	addInputs(f, "secret_box", "box", func(in inputs, out output) {
		f.Add([]byte(in.Secret), []byte(in.Nonce), []byte(in.Message), uint16(len(in.Message)))
		f.Add([]byte(in.Secret), []byte(in.Nonce), []byte(out.Box), uint16(0))
	})
	f.Fuzz(func(t *testing.T, secret, nonceBytes, content []byte, at uint16) {
		nonce, err := box.NonceFrom(nonceBytes)
		if (err == nil) != (len(nonceBytes) == box.NonceSize) || err != nil && !errors.Is(err, box.ErrNonceSize) {
			t.Fatalf("nonce of %d bytes: %v", len(nonceBytes), err)
		}
		key, err := box.DeriveKey(secret)
		if (err == nil) != (len(secret) == box.KeySize) || err != nil && !errors.Is(err, box.ErrSecretSize) {
			t.Fatalf("secret of %d bytes: %v", len(secret), err)
		}
		if err != nil {
			key, _ = box.DeriveKey(take(secret, box.KeySize))
		}
		if b, err := box.Open(nil, content, &nonce, &key); err == nil {
			// So it is with the boxes of vectors; nobody else finds one.
			if !bytes.Equal(box.Seal(nil, b, &nonce, &key), content) {
				t.Fatalf("%x opened as %x", content, b)
			}
		} else if !errors.Is(err, box.ErrOpen) || b != nil {
			t.Fatalf("%x opened as %x: %v", content, b, err)
		}
		sealed := box.Seal([]byte("before"), content, &nonce, &key)[len("before"):]
		opened, err := box.Open(nil, sealed, &nonce, &key)
		if err != nil || !bytes.Equal(opened, content) || len(sealed) != len(content)+box.Overhead {
			t.Fatalf("%x became %x, %v", content, opened, err)
		}
		otherNonce, otherKey := box.Nonce(flipped(nonce[:], at)), box.Key(flipped(key[:], at))
		for what, err := range map[string]error{
			"bit":    second(box.Open(nil, flipped(sealed, at), &nonce, &key)),
			"cut":    second(box.Open(nil, sealed[:int(at)%len(sealed)], &nonce, &key)),
			"longer": second(box.Open(nil, append(bytes.Clone(sealed), byte(at)), &nonce, &key)),
			"nonce":  second(box.Open(nil, sealed, &otherNonce, &key)),
			"key":    second(box.Open(nil, sealed, &nonce, &otherKey)),
		} {
			if !errors.Is(err, box.ErrOpen) {
				t.Fatalf("box of %x with another %s, %d: %v", content, what, at, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

// FuzzOpenPadded: whatever somebody with the key puts into a box, it is refused by name or
// has a content that SealPadded seals to a box of the same size; its padding is '#', and of
// other padding nothing comes back.
func FuzzOpenPadded(f *testing.F) {
	type inputs struct {
		Secret, Nonce, Message vectors.Hex
		Length                 int
	}
	addInputs(f, "secret_box", "padded", func(in inputs, _ vectors.Value) {
		padded, err := wire.Pad(nil, in.Message, in.Length)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(in.Nonce), padded)
		f.Add([]byte(in.Nonce), append(padded, 0))
	})
	f.Add([]byte{}, []byte{0xff, 0xff, '#'})
	f.Fuzz(func(t *testing.T, nonceBytes, padded []byte) {
		nonce, key := box.Nonce(take(nonceBytes, box.NonceSize)), box.Key{1}
		sealed := box.Seal(nil, padded, &nonce, &key)
		var content []byte
		var err error
		bound.Check(t, len(sealed), func() { content, err = box.OpenPadded(sealed, &nonce, &key) })
		if err != nil {
			if !errors.Is(err, wire.ErrPadShort) && !errors.Is(err, wire.ErrPadLength) {
				t.Fatalf("%x: %v", padded, err)
			}
			return
		}
		again, err := box.SealPadded(nil, content, len(padded), &nonce, &key)
		if err != nil || len(again) != len(sealed) {
			t.Fatalf("content of %d bytes sealed to %d, %v", len(content), len(again), err)
		}
		if onlyHashes := bytes.Count(padded[2+len(content):], []byte{'#'}) == len(padded)-2-len(content); bytes.Equal(again, sealed) != onlyHashes {
			t.Fatalf("%x sealed as another padding of the same content", padded)
		}
		if _, err := box.SealPadded(nil, content, len(content)+1, &nonce, &key); !errors.Is(err, wire.ErrPadTooLong) {
			t.Fatalf("%d bytes fit into %d: %v", len(content), len(content)+1, err)
		}
	})
}

// FuzzAgree: any key of a peer is refused by name or gives a key that opens what it seals;
// both sides of two true keys get the same one. A refused key is of another algorithm or of
// low order, whose secret is zero.
func FuzzAgree(f *testing.F) {
	type inputs struct {
		Private vectors.Hex `json:"private_key"`
		Public  vectors.Hex `json:"public_key"`
	}
	addInputs(f, "crypto_box", "agree", func(in inputs, _ vectors.Value) { f.Add([]byte(in.Private), []byte(in.Public)) })
	for _, low := range []byte{0, 1} {
		k, err := keys.NewPublic(keys.X25519, append([]byte{low}, make([]byte, 31)...))
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte{}, k.SPKI())
	}
	f.Fuzz(func(t *testing.T, privateDER, publicDER []byte) {
		own, err := keys.ParsePrivate(privateDER)
		if err != nil {
			own, err = keys.NewPrivate(keys.X25519, take(privateDER, 32))
			if err != nil {
				t.Fatal(err)
			}
		}
		peer, err := keys.ParsePublic(publicDER)
		if err != nil {
			peer, err = keys.NewPublic(keys.X25519, take(publicDER, 32))
			if err != nil {
				t.Fatal(err)
			}
		}
		key, err := box.Agree(own, peer)
		if err != nil {
			allowed := []error{keys.ErrAlgorithm, keys.ErrLowOrder, box.ErrSecretSize}
			if !slices.ContainsFunc(allowed, func(e error) bool { return errors.Is(err, e) }) {
				t.Fatal(err)
			}
			return
		}
		if own.Algorithm() != keys.X25519 || peer.Algorithm() != keys.X25519 {
			t.Fatalf("%v agreed with %v", own.Algorithm(), peer.Algorithm())
		}
		if key == (box.Key{}) {
			t.Fatal("agreed on zeros")
		}
		other, err := keys.NewPrivate(keys.X25519, take(publicDER, 32))
		if err != nil {
			t.Fatal(err)
		}
		one, err1 := box.Agree(own, other.Public())
		two, err2 := box.Agree(other, own.Public())
		if err1 != nil || err2 != nil || one != two {
			t.Fatalf("two sides disagree: %v, %v", err1, err2)
		}
	})
}

// FuzzVerifyAuthenticator: only the one authenticator of a text, id and key verifies.
func FuzzVerifyAuthenticator(f *testing.F) {
	type inputs struct {
		Authorized    vectors.Hex
		CorrelationID vectors.Hex `json:"correlation_id"`
		Private       vectors.Hex `json:"private_key"`
		Public        vectors.Hex `json:"public_key"`
	}
	type output struct{ Authenticator vectors.Hex }
	addInputs(f, "authenticator", "make", func(in inputs, out output) {
		f.Add([]byte(out.Authenticator), []byte(in.Authorized), []byte(in.CorrelationID), uint16(3))
	})
	f.Fuzz(func(t *testing.T, auth, authorized, correlationID []byte, at uint16) {
		nonce, key := box.Nonce(take(correlationID, box.NonceSize)), box.Key(take(auth, box.KeySize))
		right := box.Authenticator(authorized, &nonce, &key)
		if box.VerifyAuthenticator(auth, authorized, &nonce, &key) != bytes.Equal(auth, right[:]) {
			t.Fatalf("%x is taken for the authenticator of %x", auth, authorized)
		}
		if !box.VerifyAuthenticator(right[:], authorized, &nonce, &key) {
			t.Fatalf("the authenticator of %x is not taken for it", authorized)
		}
		otherNonce, otherKey := box.Nonce(flipped(nonce[:], at)), box.Key(flipped(key[:], at))
		switch {
		case box.VerifyAuthenticator(flipped(right[:], at), authorized, &nonce, &key),
			box.VerifyAuthenticator(right[:int(at)%len(right)], authorized, &nonce, &key),
			box.VerifyAuthenticator(right[:], append(bytes.Clone(authorized), byte(at)), &nonce, &key),
			box.VerifyAuthenticator(right[:], authorized, &otherNonce, &key),
			box.VerifyAuthenticator(right[:], authorized, &nonce, &otherKey):
			t.Fatalf("authenticator of %x verifies with something changed at %d", authorized, at)
		}
	})
}

// FuzzBlockChains: the chains of the two sides of a connection stay together for ever, the
// directions differ, and a block opens at its own place alone.
func FuzzBlockChains(f *testing.F) {
	type inputs struct {
		Secret    vectors.Hex
		SessionID vectors.Hex `json:"session_id"`
	}
	addInputs(f, "block_encryption", "chains", func(in inputs, _ vectors.Value) {
		f.Add([]byte(in.Secret), []byte(in.SessionID), []byte("\x00\x01\x02\x00"))
	})
	f.Fuzz(func(t *testing.T, secret, session, moves []byte) {
		first, second, err := box.NewChains(secret, session)
		if err != nil {
			t.Fatal(err)
		}
		ours := [2]*box.Chain{&first, &second}
		peerFirst, peerSecond, err := box.NewChains(secret, session)
		if err != nil {
			t.Fatal(err)
		}
		theirs := [2]*box.Chain{&peerFirst, &peerSecond}
		if first.Key() == second.Key() {
			t.Fatal("one chain for both directions")
		}
		seen := map[box.Key]bool{}
		for _, move := range moves[:min(len(moves), 8)] {
			key, nonce, err := ours[move%2].NextKey()
			if err != nil || seen[key] {
				t.Fatalf("a key comes again, %v", err)
			}
			seen[key] = true
			sealed := box.Seal(nil, moves, &nonce, &key)
			late := *theirs[move%2]
			if peerKey, peerNonce, err := theirs[move%2].NextKey(); err != nil || peerKey != key || peerNonce != nonce {
				t.Fatalf("the sides part, %v", err)
			}
			if _, _, err := late.NextKey(); err != nil {
				t.Fatal(err)
			}
			if lateKey, lateNonce, err := late.NextKey(); err != nil {
				t.Fatal(err)
			} else if _, err := box.Open(nil, sealed, &lateNonce, &lateKey); !errors.Is(err, box.ErrOpen) {
				t.Fatalf("a block opens in the place of the next: %v", err)
			}
		}
	})
}

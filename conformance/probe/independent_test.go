package probe_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/target"
	"smpcheck/reference/link"
	"smpcheck/reference/wire"
	"smpcheck/spec"
)

// judged is how a case ends that does nothing but check.
func judged(t *testing.T, check func(*conformance.T)) (conformance.Verdict, string) {
	t.Helper()
	c := conformance.Case{ID: "relay/test/check", Role: spec.Relay, Level: spec.Must, Run: check}
	o := conformance.Execute(t.Context(), []*conformance.Case{&c}, target.At(link.Server{}),
		target.Info{Versions: wire.Versions(20, 20)}, conformance.Options{})
	return o.Results[0].Verdict, o.Results[0].Actual
}

func randomIDs(n int) [][]byte {
	ids := make([][]byte, n)
	for i := range ids {
		ids[i] = make([]byte, 24)
		rand.Read(ids[i])
	}
	return ids
}

// made makes n ids of random ones.
func made(n int, change func(i int, id []byte) []byte) [][]byte {
	ids := randomIDs(n)
	for i := range ids {
		ids[i] = change(i, ids[i])
	}
	return ids
}

func TestRandomIDsAreIndependent(t *testing.T) {
	t.Parallel()
	for range 40 {
		ids, others := randomIDs(64), randomIDs(64)
		verdict, actual := judged(t, func(t *conformance.T) {
			probe.ExpectApart(t, "ids", ids)
			probe.ExpectNoOrder(t, "ids", ids)
			probe.ExpectBalanced(t, "ids", ids)
			probe.ExpectUnderivable(t, related(ids, others))
		})
		require.Equal(t, conformance.Pass, verdict, actual)
	}
}

func related(a, b [][]byte) probe.Related {
	r := probe.Related{First: "recipient", Second: "sender"}
	for i := range a {
		r.Pairs = append(r.Pairs, [2][]byte{a[i], b[i]})
	}
	return r
}

func TestPatternsAreNoticed(t *testing.T) {
	t.Parallel()
	secret := randomIDs(1)[0]
	for name, ids := range map[string][][]byte{
		"a part in common":     made(64, func(_ int, id []byte) []byte { copy(id[5:], secret[:8]); return id }),
		"a part moves":         made(64, func(i int, id []byte) []byte { copy(id[i%16:], secret[:8]); return id }),
		"hexadecimal":          made(64, func(_ int, id []byte) []byte { return []byte(hex.EncodeToString(id[:12])) }),
		"high bits":            made(64, func(_ int, id []byte) []byte { return lowBits(id) }),
		"counter":              made(64, func(i int, id []byte) []byte { id[9] = byte(i); return id }),
		"counter down":         made(64, func(i int, id []byte) []byte { id[0] = byte(-i); return id }),
		"counter, last first":  made(64, func(i int, id []byte) []byte { binary.LittleEndian.PutUint32(id[20:], uint32(500*i)); return id }),
		"counter begins again": made(64, func(i int, id []byte) []byte { binary.BigEndian.PutUint32(id[3:], uint32((i+10)%64*999)); return id }),
		"equal":                append(randomIDs(62), secret, secret),
		"turned around":        append(randomIDs(62), secret, turned(secret)),
	} {
		verdict, _ := judged(t, func(t *conformance.T) {
			probe.ExpectApart(t, "ids", ids)
			probe.ExpectNoOrder(t, "ids", ids)
			probe.ExpectBalanced(t, "ids", ids)
		})
		require.Equal(t, conformance.Fail, verdict, name)
	}
}

func lowBits(id []byte) []byte {
	for i := range id {
		id[i] &= 0x7f
	}
	return id
}

func turned(id []byte) []byte {
	id = slices.Clone(id)
	slices.Reverse(id)
	return id
}

func TestDerivedIDsAreNoticed(t *testing.T) {
	t.Parallel()
	secret := randomIDs(1)[0]
	for name, derive := range map[string]func(id []byte) []byte{
		"hash": func(id []byte) []byte { h := sha256.Sum256(id); return h[:24] },
		"mask": func(id []byte) []byte {
			b := slices.Clone(id)
			for i := range b {
				b[i] ^= secret[i]
			}
			return b
		},
		"sum":            func(id []byte) []byte { return added(id, secret) },
		"sum, backwards": func(id []byte) []byte { return turned(added(turned(id), secret)) },
		"complement":     func(id []byte) []byte { return added(negative(id), secret) },
	} {
		a := randomIDs(8)
		var b [][]byte
		for _, id := range a {
			b = append(b, derive(id))
		}
		verdict, _ := judged(t, func(t *conformance.T) { probe.ExpectUnderivable(t, related(a, b)) })
		require.Equal(t, conformance.Fail, verdict, name)
		verdict, _ = judged(t, func(t *conformance.T) { probe.ExpectUnderivable(t, related(b, a)) })
		require.Equal(t, conformance.Fail, verdict, "%s, the other way round", name)
	}
}

// added is the sum of two numbers, without what is carried.
func added(a, b []byte) []byte {
	s, carry := make([]byte, len(a)), 0
	for i := len(a) - 1; i >= 0; i-- {
		carry += int(a[i]) + int(b[i])
		s[i], carry = byte(carry), carry>>8
	}
	return s
}

func negative(a []byte) []byte {
	n := make([]byte, len(a))
	for i, b := range a {
		n[i] = ^b
	}
	return n
}

package probe

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"slices"

	"smpcheck/conformance"
)

// The bounds in this file are such that random ids, 16 to 24 bytes long and not more than
// 200 of them, are taken for others less than once in 10^12 runs.

// independentRun is the shortest run of bytes that two ids, or their differences, have in
// common only if they are not independent.
const independentRun = 8

// ExpectApart fails the case if two of the ids, of whatever kind, are equal or have eight
// bytes in a row in common, also with the bytes of one of them reversed.
func ExpectApart(t *conformance.T, what string, ids [][]byte) {
	ExpectDifferentIDs(t, what, ids)
	for i, a := range ids {
		turned := backwards(a)
		for _, b := range ids[:i] {
			if run := runOf(independentRun, a, b); run != nil {
				t.Fail(what+" that share nothing", fmt.Sprintf("%x and %x share %x", a, b, run))
			}
			if run := runOf(independentRun, turned, b); run != nil {
				t.Fail(what+" that share nothing", fmt.Sprintf("%x backwards and %x share %x", a, b, run))
			}
		}
	}
}

// Related are the ids of two kinds that belong together, such as those of recipient and
// sender, for each of several queues.
type Related struct {
	First, Second string
	Pairs         [][2][]byte
}

// ExpectUnderivable fails the case if one of two ids that belong together can be computed
// from the other: as its hash or its reverse, or as what comes out of xor, addition or
// subtraction with a value that is the same for another pair.
func ExpectUnderivable(t *conformance.T, r Related) {
	expected := "ids of " + r.First + " and " + r.Second + " that have nothing to do with each other"
	for _, pair := range r.Pairs {
		for _, h := range hashes {
			if startsAs(h.sum(pair[0]), pair[1]) {
				t.Failf(expected, "the %s's id is the %s of the %s's", r.Second, h.name, r.First)
			}
			if startsAs(h.sum(pair[1]), pair[0]) {
				t.Failf(expected, "the %s's id is the %s of the %s's", r.First, h.name, r.Second)
			}
		}
	}
	for name, difference := range map[string]func(a, b []byte) []byte{
		"exclusive or":                       exclusiveOr,
		"difference":                         minus,
		"difference from the last byte on":   func(a, b []byte) []byte { return minus(backwards(a), backwards(b)) },
		"sum":                                plus,
		"sum of one and the other backwards": func(a, b []byte) []byte { return plus(a, backwards(b)) },
	} {
		var seen [][]byte
		for _, pair := range r.Pairs {
			d := difference(pair[0], pair[1])
			for _, other := range seen {
				if run := runOf(independentRun, d, other); run != nil {
					t.Fail(expected, fmt.Sprintf("the %s of %x and %x holds %x as for another queue", name, pair[0], pair[1], run))
				}
			}
			seen = append(seen, d)
		}
	}
}

// runOf returns the first run of n bytes that stands in both, nil for none.
func runOf(n int, a, b []byte) []byte {
	for i := 0; i+n <= len(a); i++ {
		if bytes.Contains(b, a[i:i+n]) {
			return a[i : i+n]
		}
	}
	return nil
}

// minus is a-b, of as many bytes as the shorter one has, and without what is carried.
func minus(a, b []byte) []byte { return carried(a, b, (*big.Int).Sub) }

// plus is a+b in the same way.
func plus(a, b []byte) []byte { return carried(a, b, (*big.Int).Add) }

func carried(a, b []byte, operation func(z, x, y *big.Int) *big.Int) []byte {
	n := min(len(a), len(b))
	x, y := new(big.Int).SetBytes(a[:n]), new(big.Int).SetBytes(b[:n])
	limit := new(big.Int).Lsh(big.NewInt(1), uint(8*n))
	z := operation(new(big.Int), x, y)
	return z.Mod(z, limit).FillBytes(make([]byte, n))
}

// Ordered ids: of 32 that are random, a window of bytes falls from one to the next no more
// than 3 times with a chance of 7 in 10^17, and there are fewer than 150 windows.
const (
	// LeastForOrder is how many ids ExpectNoOrder needs.
	LeastForOrder = 32
	orderedFalls  = 3
	orderedWindow = 4
)

// ExpectNoOrder fails the case if ids, in the order in which they were made, rise or fall:
// as a whole or in any byte or four bytes of them, read from either end. One that was made
// out of turn, or a counter that begins anew, changes nothing.
func ExpectNoOrder(t *conformance.T, what string, ids [][]byte) {
	if len(ids) < LeastForOrder {
		t.Broken(fmt.Errorf("%d ids, expected at least %d", len(ids), LeastForOrder))
	}
	shortest := len(slices.MinFunc(ids, func(a, b []byte) int { return len(a) - len(b) }))
	for _, size := range []int{1, orderedWindow} {
		for at := 0; at+size <= shortest; at++ {
			expectNoOrder(t, what, fmt.Sprintf("bytes %d to %d", at+1, at+size), windows(ids, at, size, false))
			if size > 1 {
				expectNoOrder(t, what, fmt.Sprintf("bytes %d to %d from the last on", at+1, at+size), windows(ids, at, size, true))
			}
		}
	}
}

func windows(ids [][]byte, at, size int, turned bool) [][]byte {
	cut := make([][]byte, len(ids))
	for i, id := range ids {
		if cut[i] = id[at : at+size]; turned {
			cut[i] = backwards(cut[i])
		}
	}
	return cut
}

func expectNoOrder(t *conformance.T, what, where string, values [][]byte) {
	rises, falls := 0, 0
	for i := 1; i < len(values); i++ {
		switch c := bytes.Compare(values[i-1], values[i]); {
		case c < 0:
			rises++
		case c > 0:
			falls++
		}
	}
	steps := len(values) - 1
	for _, o := range []struct {
		name  string
		count int
	}{{"rise", rises}, {"fall", falls}} {
		if o.count >= steps-orderedFalls {
			t.Failf(what+" in no order", "%s of %d ids %s in %d of %d steps", where, len(values), o.name, o.count, steps)
		}
	}
}

// balancedDeviations is how far the ones in n random bits are from n/2, in standard
// deviations, with a chance of less than 10^-13.
const balancedDeviations = 7.5

// ExpectBalanced fails the case if there are many more ones than zeros, or the other way
// round, in the bits of the ids or in those at one place of their bytes. There have to be
// 64 ids at least.
func ExpectBalanced(t *conformance.T, what string, ids [][]byte) {
	const least = 64
	if len(ids) < least {
		t.Broken(fmt.Errorf("%d ids, expected at least %d", len(ids), least))
	}
	size, ones, onesAt := 0, 0, [8]int{}
	for _, id := range ids {
		size += len(id)
		for _, b := range id {
			ones += bits.OnesCount8(b)
			for bit := range onesAt {
				onesAt[bit] += int(b >> bit & 1)
			}
		}
	}
	expectBalanced(t, what, "all bits", ones, 8*size)
	for bit, count := range onesAt {
		expectBalanced(t, what, fmt.Sprintf("the bits of value %d of all bytes", 1<<bit), count, size)
	}
}

func expectBalanced(t *conformance.T, what, where string, ones, all int) {
	if away := math.Abs(float64(2*ones-all)) / math.Sqrt(float64(all)); away > balancedDeviations {
		t.Failf(what+" with as many ones as zeros", "%d ones in %d, %s: %.1f standard deviations from a half", ones, all, where, away)
	}
}

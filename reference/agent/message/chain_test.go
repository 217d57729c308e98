package message_test

import (
	"crypto/sha256"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/agent/message"
)

func TestHashIsSHA256OfTheEncoding(t *testing.T) {
	t.Parallel()
	encoded, err := message.EncodeMessage(message.AgentConnInfo{Info: []byte("info")})
	require.NoError(t, err)
	want := sha256.Sum256([]byte("Iinfo"))
	assert.Equal(t, want[:], message.Hash(encoded))
}

func TestChainStartsWithNumberOneAndNoHash(t *testing.T) {
	t.Parallel()
	assert.Equal(t, message.Header{ID: 1}, message.Chain{}.Next())
}

func TestChainNamesTheFault(t *testing.T) {
	t.Parallel()
	last := message.Hash([]byte("last"))
	chain := message.Chain{ID: 7, Hash: last}
	for name, test := range map[string]struct {
		header message.Header
		want   message.Integrity
	}{
		"next":                {message.Header{ID: 8, PreviousHash: last}, message.Integrity{Verdict: message.OK, From: 8, To: 8}},
		"next, other hash":    {message.Header{ID: 8, PreviousHash: []byte("x")}, message.Integrity{Verdict: message.BadHash, From: 8, To: 8}},
		"next, no hash":       {message.Header{ID: 8}, message.Integrity{Verdict: message.BadHash, From: 8, To: 8}},
		"one missing":         {message.Header{ID: 9, PreviousHash: last}, message.Integrity{Verdict: message.Skipped, From: 8, To: 8}},
		"many missing":        {message.Header{ID: 100}, message.Integrity{Verdict: message.Skipped, From: 8, To: 99}},
		"the last one again":  {message.Header{ID: 7, PreviousHash: last}, message.Integrity{Verdict: message.Duplicate, From: 7, To: 7}},
		"an older one":        {message.Header{ID: 3, PreviousHash: last}, message.Integrity{Verdict: message.BadID, From: 3, To: 3}},
		"a negative number":   {message.Header{ID: -1}, message.Integrity{Verdict: message.BadID, From: -1, To: -1}},
		"the highest number":  {message.Header{ID: math.MaxInt64}, message.Integrity{Verdict: message.Skipped, From: 8, To: math.MaxInt64 - 1}},
		"the smallest number": {message.Header{ID: math.MinInt64}, message.Integrity{Verdict: message.BadID, From: math.MinInt64, To: math.MinInt64}},
	} {
		assert.Equal(t, test.want, chain.Check(test.header), name)
	}
}

// A chain of messages is checked by its receiver without fault; a message left out, given
// twice or changed is noticed at the next one, and the one after that is right again.
func TestPropertyChainNoticesEveryFaultOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		bodies := rapid.SliceOfN(rapid.SliceOf(rapid.Byte()), 3, 20).Draw(t, "bodies")
		var sender message.Chain
		type sent struct {
			header  message.Header
			encoded []byte
		}
		var all []sent
		for _, body := range bodies {
			header := sender.Next()
			encoded, err := message.EncodeMessage(message.AgentMessage{Header: header, Body: message.A_MSG{Body: body}})
			require.NoError(t, err)
			sender.Advance(header.ID, encoded)
			all = append(all, sent{header, encoded})
		}
		fault := rapid.SampledFrom([]string{"none", "lost", "twice", "changed"}).Draw(t, "fault")
		at := rapid.IntRange(0, len(all)-3).Draw(t, "at")
		var receiver message.Chain
		var got []message.Verdict
		receive := func(s sent) {
			got = append(got, receiver.Check(s.header).Verdict)
			receiver.Advance(s.header.ID, s.encoded)
		}
		for i, s := range all {
			switch {
			case i != at || fault == "none":
				receive(s)
			case fault == "twice":
				receive(s)
				receive(s)
			case fault == "changed":
				receive(sent{s.header, append(s.encoded[:len(s.encoded):len(s.encoded)], 'x')})
			}
		}
		want := map[string][]message.Verdict{
			"none": nil, "lost": {message.Skipped}, "twice": {message.Duplicate}, "changed": {message.BadHash},
		}[fault]
		var faults []message.Verdict
		for _, v := range got {
			if v != message.OK {
				faults = append(faults, v)
			}
		}
		assert.Equal(t, want, faults)
	})
}

func TestVerdictsHaveNames(t *testing.T) {
	t.Parallel()
	for v, want := range map[message.Verdict]string{
		message.OK: "ok", message.Skipped: "skipped", message.BadID: "bad id",
		message.BadHash: "bad hash", message.Duplicate: "duplicate", 0: "verdict 0",
	} {
		assert.Equal(t, want, v.String())
	}
}

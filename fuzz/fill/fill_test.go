package fill_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/google/gofuzz"
	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/fill"
	"smpcheck/reference/smp"
)

// inputs calls yield with inputs of several lengths, the same each time.
func inputs(n int) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		r := rand.NewChaCha8([32]byte{1})
		for i := range n {
			b := make([]byte, i%400)
			_, _ = r.Read(b)
			if !yield(binary.BigEndian.AppendUint32(b, uint32(i))) {
				return
			}
		}
	}
}

// What is filled for a version is encoded and read back as it was.
func TestValidValuesSurviveTheCodec(t *testing.T) {
	t.Parallel()
	for data := range inputs(4000) {
		version := smp.MinVersion + uint16(len(data))%(smp.MaxVersion-smp.MinVersion+1)
		f := fill.Valid(data, version)
		command, response := f.Command(), f.Response()
		b, err := smp.EncodeCommand(version, command)
		require.NoErrorf(t, err, "%#v", command)
		c, err := smp.DecodeCommand(version, b)
		require.NoErrorf(t, err, "%#v", command)
		require.Equal(t, command, c)
		b, err = smp.EncodeResponse(version, response)
		require.NoErrorf(t, err, "%#v", response)
		r, err := smp.DecodeResponse(version, b)
		require.NoErrorf(t, err, "%#v", response)
		require.Equal(t, response, r)
		transmission := f.Transmission()
		b, err = transmission.Encode(version)
		require.NoError(t, err)
		again, err := smp.DecodeTransmission(version, b)
		require.NoError(t, err)
		require.Equal(t, transmission, again)
	}
}

// Every command and response comes up, with and without what it may have.
func TestEveryKindIsFilled(t *testing.T) {
	t.Parallel()
	commands, responses := map[string]int{}, map[string]int{}
	parts := map[string]int{}
	count := func(name string, there bool) {
		parts[name]++
		if there {
			parts[name+" there"]++
		}
	}
	for data := range inputs(6000) {
		f := fill.Valid(data, smp.MaxVersion)
		c := f.Command()
		commands[c.Tag()]++
		if c, ok := c.(smp.NEW); ok {
			count("password", c.Password != nil)
			count("request", c.Request != nil)
			count("link", c.Request != nil && c.Request.Link != nil)
			count("notifier", c.Notifier != nil)
		}
		r := f.Response()
		responses[r.Tag()]++
		if r, ok := r.(smp.ERR); ok {
			count("proxy error", r.Err.Proxy != nil)
			count("notice", r.Err.Blocking != nil && r.Err.Blocking.Notice != nil)
		}
	}
	for _, c := range fill.Commands() {
		require.Greater(t, commands[c.Tag()], 50, c.Tag())
	}
	require.Len(t, commands, len(fill.Commands()))
	for _, r := range fill.Responses() {
		require.Greater(t, responses[r.Tag()], 50, r.Tag())
	}
	require.Len(t, responses, len(fill.Responses()))
	for _, name := range []string{"password", "request", "link", "notifier", "proxy error", "notice"} {
		require.Positive(t, parts[name+" there"], name)
		require.Less(t, parts[name+" there"], parts[name], name)
	}
}

// Arbitrary values are often right and often wrong.
func TestArbitraryValuesAreOftenWrong(t *testing.T) {
	t.Parallel()
	encoded, refused := 0, 0
	for data := range inputs(3000) {
		f := fill.Arbitrary(data)
		_, err := smp.EncodeCommand(smp.MaxVersion, f.Command())
		_, err2 := smp.EncodeResponse(smp.MaxVersion, f.Response())
		for _, err := range []error{err, err2} {
			if err == nil {
				encoded++
			} else {
				refused++
			}
		}
	}
	require.Greater(t, encoded, 600)
	require.Greater(t, refused, 600)
}

// The same bytes give the same values, other bytes other ones.
func TestBytesDecide(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for data := range inputs(300) {
		body := fill.Value[smp.SEND](fill.Valid(data, 20)).Body
		require.Equal(t, body, fill.Value[smp.SEND](fill.Valid(data, 20)).Body)
		require.Equal(t, fill.Arbitrary(data).Command(), fill.Arbitrary(data).Command())
		seen[string(body)] = true
	}
	require.Greater(t, len(seen), 270) // some bodies are empty
	require.NotPanics(t, func() { fill.Valid(nil, 6).Command() })
}

// A caller's function fills its types, alone and inside of others.
func TestCallersFunctions(t *testing.T) {
	t.Parallel()
	type inner struct{ n int }
	type outer struct{ A, B inner }
	f := fill.Valid([]byte("seed"), 20, func(i *inner, c fuzz.Continue) { i.n = 7 })
	require.Equal(t, outer{inner{7}, inner{7}}, fill.Value[outer](f))
}

package wire_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// The tests of this file run the records of the official implementation that
// this package answers. Each group is walked whole: a record that no branch
// knows fails the test.

const blockSize = 16384

// tests returns the tests of a group, at least one.
func tests(t *testing.T, file, group string) []vectors.Test {
	t.Helper()
	f, err := vectors.Load(file)
	require.NoError(t, err)
	g, ok := f.Group(group)
	require.True(t, ok, "%s has no group %s", file, group)
	require.NotEmpty(t, g.Tests)
	return g.Tests
}

func TestOracleVersions(t *testing.T) {
	t.Parallel()
	ran := map[string]int{}
	all := tests(t, "misc", "versions")
	for _, test := range all {
		switch {
		case strings.HasPrefix(test.ID, "versions/capped/"):
			ran["capped"] += versionsCapped(t, test)
		case strings.HasPrefix(test.ID, "versions/parse/"):
			ran["text"] += versionsText(t, test)
		default:
			ran["common"] += versionsCommon(t, test)
		}
	}
	requireAtLeast(t, map[string]int{"capped": 41, "text": 10, "common": 70}, ran)
}

func versionsCommon(t *testing.T, test vectors.Test) int {
	var in struct{ Range1, Range2 [2]uint16 }
	var out struct {
		Range   *[2]uint16
		Version *uint16
	}
	require.NoError(t, test.Inputs.Decode(&in))
	require.NoError(t, test.Output.Decode(&out))
	a := wire.Versions(in.Range1[0], in.Range1[1])
	b := wire.Versions(in.Range2[0], in.Range2[1])
	ab, okAB := a.Common(b)
	ba, okBA := b.Common(a)
	require.Equal(t, !test.Invalid(), okAB, test.ID)
	require.Equal(t, okAB, okBA, test.ID)
	require.Equal(t, ab, ba, test.ID)
	if okAB {
		require.Equal(t, wire.Versions(out.Range[0], out.Range[1]), ab, test.ID)
		require.Equal(t, *out.Version, ab.Max, test.ID)
	}
	return 1
}

func versionsCapped(t *testing.T, test vectors.Test) int {
	var in struct {
		Range   [2]uint16
		Version uint16
	}
	var out *[2]uint16
	require.NoError(t, test.Inputs.Decode(&in))
	require.NoError(t, test.Output.Decode(&out))
	r := wire.Versions(in.Range[0], in.Range[1])
	require.Equal(t, !test.Invalid(), r.Contains(in.Version), test.ID)
	if !test.Invalid() {
		capped, ok := r.Common(wire.Versions(0, in.Version))
		require.True(t, ok, test.ID)
		require.Equal(t, wire.Versions(out[0], out[1]), capped, test.ID)
	}
	return 1
}

// versionsText checks how the text of a range is read, its usual form and its binary form.
func versionsText(t *testing.T, test vectors.Test) int {
	var in struct{ Text string }
	require.NoError(t, test.Inputs.Decode(&in))
	r, err := wire.ParseVersions(in.Text)
	if test.Invalid() {
		require.Error(t, err, test.ID)
		return 1
	}
	require.NoError(t, err, test.ID)
	var out struct {
		Binary   vectors.Hex
		Min, Max uint16
		Text     string
	}
	require.NoError(t, test.Output.Decode(&out))
	require.Equal(t, wire.Versions(out.Min, out.Max), r, test.ID)
	require.Equal(t, out.Text, r.String(), test.ID)
	w := wire.NewWriter(nil)
	w.Range(r)
	got, err := w.Bytes()
	require.NoError(t, err, test.ID)
	require.Equal(t, []byte(out.Binary), got, test.ID)
	in2 := wire.NewReader(out.Binary)
	require.Equal(t, r, in2.Range(), test.ID)
	require.NoError(t, in2.Close(), test.ID)
	return 1
}

func TestOracleEncoding(t *testing.T) {
	t.Parallel()
	all := tests(t, "misc", "encoding")
	for _, test := range all {
		var in struct{ Value string }
		var out vectors.Hex
		require.NoError(t, test.Inputs.Decode(&in))
		require.NoError(t, test.Output.Decode(&out))
		v, err := strconv.ParseInt(in.Value, 10, 64)
		require.NoError(t, err, test.ID)
		w := wire.NewWriter(nil)
		w.Int64(v)
		got, err := w.Bytes()
		require.NoError(t, err, test.ID)
		require.Equal(t, []byte(out), got, test.ID)
		r := wire.NewReader(out)
		require.Equal(t, v, r.Int64(), test.ID)
		require.NoError(t, r.Close(), test.ID)
	}
	require.GreaterOrEqual(t, len(all), 6)
}

// message decodes a message that is given as bytes, or as the stream of its
// label, its length and its digest.
func message(t *testing.T, v vectors.Value) []byte {
	t.Helper()
	var plain vectors.Hex
	if v.Decode(&plain) == nil {
		return plain
	}
	var long struct {
		Label  string
		Len    int
		SHA256 vectors.Hex
	}
	require.NoError(t, v.Decode(&long))
	var stream []byte
	for i := uint32(0); len(stream) < long.Len; i++ {
		sum := sha512.Sum512(binary.BigEndian.AppendUint32([]byte(long.Label), i))
		stream = append(stream, sum[:]...)
	}
	stream = stream[:long.Len]
	sum := sha256.Sum256(stream)
	require.Equal(t, []byte(long.SHA256), sum[:])
	return stream
}

// requirePadded compares padded bytes with an output that is given whole, or by
// its ends, its length and its digest.
func requirePadded(t *testing.T, test vectors.Test, got []byte) {
	t.Helper()
	var whole vectors.Hex
	if test.Output.Decode(&whole) == nil {
		require.Equal(t, []byte(whole), got, test.ID)
		return
	}
	var out struct {
		First4  vectors.Hex `json:"first_4"`
		Last4   vectors.Hex `json:"last_4"`
		First16 vectors.Hex `json:"first_16"`
		Last16  vectors.Hex `json:"last_16"`
		Len     int
		SHA256  vectors.Hex
	}
	require.NoError(t, test.Output.Decode(&out))
	sum := sha256.Sum256(got)
	require.Len(t, got, out.Len, test.ID)
	require.True(t, bytes.HasPrefix(got, out.First4) && bytes.HasPrefix(got, out.First16), test.ID)
	require.True(t, bytes.HasSuffix(got, out.Last4) && bytes.HasSuffix(got, out.Last16), test.ID)
	require.Equal(t, []byte(out.SHA256), sum[:], test.ID)
}

func TestOraclePad(t *testing.T) {
	t.Parallel()
	all := tests(t, "blocks", "pad")
	for _, test := range all {
		var in struct {
			Message   vectors.Value
			PaddedLen int `json:"padded_len"`
		}
		require.NoError(t, test.Inputs.Decode(&in))
		content := message(t, in.Message)
		got, err := wire.Pad(nil, content, in.PaddedLen)
		if test.Invalid() {
			require.ErrorIs(t, err, wire.ErrPadTooLong, test.ID)
			continue
		}
		require.NoError(t, err, test.ID)
		requirePadded(t, test, got)
		back, err := wire.Unpad(got)
		require.NoError(t, err, test.ID)
		require.True(t, bytes.Equal(content, back), test.ID)
	}
	require.GreaterOrEqual(t, len(all), 8)
}

func TestOracleUnpad(t *testing.T) {
	t.Parallel()
	all := tests(t, "blocks", "unpad")
	for _, test := range all {
		var in struct{ Padded vectors.Hex }
		require.NoError(t, test.Inputs.Decode(&in))
		requireUnpad(t, test, in.Padded)
	}
	require.GreaterOrEqual(t, len(all), 8)
}

func requireUnpad(t *testing.T, test vectors.Test, padded []byte) {
	t.Helper()
	got, err := wire.Unpad(padded)
	if test.Invalid() {
		want := wire.ErrPadLength
		if len(padded) < 2 {
			want = wire.ErrPadShort
		}
		require.ErrorIs(t, err, want, test.ID)
		return
	}
	var out vectors.Hex
	require.NoError(t, test.Output.Decode(&out))
	require.NoError(t, err, test.ID)
	require.True(t, bytes.Equal(out, got), test.ID)
}

func TestOraclePlainBlocks(t *testing.T) {
	t.Parallel()
	all := tests(t, "blocks", "plain")
	for _, test := range all {
		var in struct{ Content vectors.Hex }
		require.NoError(t, test.Inputs.Decode(&in))
		got, err := wire.Pad(nil, in.Content, blockSize)
		require.NoError(t, err, test.ID)
		requirePadded(t, test, got)
		back, err := wire.Unpad(got)
		require.NoError(t, err, test.ID)
		require.True(t, bytes.Equal(in.Content, back), test.ID)
	}
	require.GreaterOrEqual(t, len(all), 3)
}

// The encrypted blocks of the group are run by package box. A short block never
// reaches Unpad: reading a whole block fails.
func TestOracleDecodePlainBlocks(t *testing.T) {
	t.Parallel()
	ran := map[string]int{}
	all := tests(t, "blocks", "decode")
	for _, test := range all {
		var in struct {
			DHSecret  vectors.Hex `json:"dh_secret"`
			SessionID vectors.Hex `json:"session_id"`
			Encrypted bool
			Raw       vectors.Hex
		}
		require.NoError(t, test.Inputs.Decode(&in))
		block := make([]byte, blockSize)
		_, err := io.ReadFull(bytes.NewReader(in.Raw), block)
		switch {
		case in.Encrypted:
			ran["encrypted"]++
		case test.Error == "EOF":
			require.ErrorIs(t, err, io.ErrUnexpectedEOF, test.ID)
			ran["short"]++
		default:
			require.NoError(t, err, test.ID)
			requireUnpad(t, test, block)
			ran["plain"]++
		}
	}
	requireAtLeast(t, map[string]int{"encrypted": 3, "short": 1, "plain": 3}, ran)
	require.GreaterOrEqual(t, len(all), 3+1+3)
}

// requireAtLeast fails unless every kind of test ran at least as often as it
// must; vector files may grow.
func requireAtLeast[K comparable](t *testing.T, want, ran map[K]int) {
	t.Helper()
	for kind, n := range want {
		require.GreaterOrEqual(t, ran[kind], n, "%v", kind)
	}
}

package link_test

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/reference/link"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// group returns the tests of a group of the file misc.
func group(t *testing.T, name string) []vectors.Test {
	t.Helper()
	f, err := vectors.Load("misc")
	require.NoError(t, err)
	g, ok := f.Group(name)
	require.True(t, ok, name)
	require.NotEmpty(t, g.Tests)
	return g.Tests
}

// text is the form of inputs in both groups.
type text struct {
	Text string `json:"text"`
}

func TestHostsAgreeWithTheOfficialImplementation(t *testing.T) {
	t.Parallel()
	for _, test := range group(t, "host") {
		t.Run(test.ID, func(t *testing.T) {
			t.Parallel()
			var in text
			require.NoError(t, test.Inputs.Decode(&in))
			h, err := link.ParseHost(latin1(in.Text))
			if test.Invalid() {
				assert.ErrorIs(t, err, link.ErrHost)
				return
			}
			require.NoError(t, err)
			var out struct {
				Binary vectors.Hex `json:"binary"`
				Kind   string      `json:"kind"`
				Text   string      `json:"text"`
			}
			require.NoError(t, test.Output.Decode(&out))
			assert.Equal(t, out.Kind, h.Kind().String())
			assert.Equal(t, latin1(out.Text), h.String())
			w := wire.NewWriter(nil)
			w.Short([]byte(h.String()))
			encoded, err := w.Bytes()
			require.NoError(t, err)
			assert.Equal(t, out.Binary.String(), hex.EncodeToString(encoded))
			again, err := link.ParseHost(string(wire.NewReader(out.Binary).Short()))
			require.NoError(t, err)
			assert.Equal(t, h, again)
		})
	}
}

// latin1 returns the bytes that a text of the vectors stands for: they hold one
// character for each byte.
func latin1(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteByte(byte(r))
	}
	return b.String()
}

func TestServersAgreeWithTheOfficialImplementation(t *testing.T) {
	t.Parallel()
	for _, test := range group(t, "server") {
		t.Run(test.ID, func(t *testing.T) {
			t.Parallel()
			var in text
			require.NoError(t, test.Inputs.Decode(&in))
			s, err := link.ParseServer(in.Text)
			if test.Invalid() {
				assert.ErrorIs(t, err, link.ErrServer)
				return
			}
			require.NoError(t, err)
			if strings.HasPrefix(test.ID, "server/binary/") {
				checkBinary(t, s, test)
				return
			}
			checkText(t, s, test)
		})
	}
}

func checkText(t *testing.T, s link.Server, test vectors.Test) {
	t.Helper()
	var out struct {
		Hosts    []string    `json:"hosts"`
		KeyHash  vectors.Hex `json:"key_hash"`
		Password *string     `json:"password"`
		Port     string      `json:"port"`
		Text     string      `json:"text"`
	}
	require.NoError(t, test.Output.Decode(&out))
	var hosts []string
	for _, h := range s.Hosts {
		hosts = append(hosts, h.String())
	}
	assert.Equal(t, out.Hosts, hosts)
	assert.Equal(t, out.KeyHash.String(), hex.EncodeToString(s.KeyHash))
	assert.Equal(t, out.Port, s.Port)
	assert.Equal(t, out.Text, s.StringWithPassword())
	if out.Password == nil {
		assert.Empty(t, s.Password)
		assert.Equal(t, out.Text, s.String())
	} else {
		assert.Equal(t, *out.Password, s.Password)
		assert.NotContains(t, s.String(), s.Password)
	}
	again, err := link.ParseServer(out.Text)
	if slices.ContainsFunc(s.Hosts, func(h link.Host) bool { return h.Kind() == wire.IPv6 }) {
		return // without brackets a port cannot be told from the address
	}
	require.NoError(t, err)
	assert.Equal(t, s, again)
}

func checkBinary(t *testing.T, s link.Server, test vectors.Test) {
	t.Helper()
	var out struct {
		Binary vectors.Hex `json:"binary"`
		Legacy vectors.Hex `json:"legacy_binary"`
	}
	require.NoError(t, test.Output.Decode(&out))
	for _, form := range []struct {
		want  vectors.Hex
		write func(link.Server, *wire.Writer)
		read  func(*wire.Reader) link.Server
		hosts int
	}{
		{out.Binary, link.Server.Write, link.ReadServer, len(s.Hosts)},
		{out.Legacy, link.Server.WriteLegacy, link.ReadLegacyServer, 1},
	} {
		w := wire.NewWriter(nil)
		form.write(s, w)
		encoded, err := w.Bytes()
		require.NoError(t, err)
		assert.Equal(t, form.want.String(), hex.EncodeToString(encoded))
		r := wire.NewReader(form.want)
		decoded := form.read(r)
		require.NoError(t, r.Close())
		want := s
		want.Hosts = s.Hosts[:form.hosts]
		assert.True(t, want.Equal(decoded), "%s", decoded)
	}
}

func TestABinaryServerIsReadStrictly(t *testing.T) {
	t.Parallel()
	for _, test := range []string{"", "00", "0100", "01016100", "0101610401", "010361206200" + "00"} {
		b, err := hex.DecodeString(test)
		require.NoError(t, err)
		r := wire.NewReader(b)
		assert.Zero(t, link.ReadServer(r), test)
		assert.Error(t, r.Err(), test)
	}
	w := wire.NewWriter(nil)
	link.Server{}.Write(w)
	_, err := w.Bytes()
	assert.ErrorIs(t, err, link.ErrServer)
}

func TestErrorsHoldNoPassword(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"smp://AAAA:secret word@host", "smp://AAAA:secret/@host", "smp://AAAA:secret@ho st", "smp://AAAA:secret@",
		"smp://AAAA:secret@host:x", "http://AAAA:secret@host", "smp://:secret@host", "smp://AAAA:secret",
	} {
		_, err := link.ParseServer(s)
		require.ErrorIs(t, err, link.ErrServer, s)
		assert.NotContains(t, err.Error(), "secret")
	}
}

func TestAddressHasTheDefaultPort(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"smp://AAAA@relay.example,other.example": "relay.example:5223",
		"smp://AAAA@relay.example:443":           "relay.example:443",
		"smp://AAAA@[::1]:443":                   "[::1]:443",
	} {
		s, err := link.ParseServer(in)
		require.NoError(t, err)
		assert.Equal(t, want, s.Address())
	}
}

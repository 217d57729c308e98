package smp_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

func testKey(t testing.TB, alg keys.Algorithm, seed byte) keys.PrivateKey {
	t.Helper()
	k, err := keys.Generate(alg, constant(seed))
	require.NoError(t, err)
	return k
}

func testPublic(t testing.TB, alg keys.Algorithm) keys.PublicKey {
	t.Helper()
	return testKey(t, alg, 1).Public()
}

func TestServiceCommandsHaveCountAndHashFromVersion19(t *testing.T) {
	q := smp.ServiceQueues{Count: 258, IDsHash: smp.HashIDs([]byte("one"), []byte("two"))}
	tail := "\x00\x00\x00\x00\x00\x00\x01\x02\x10" + string(q.IDsHash[:])
	for _, test := range []struct {
		command smp.Command
		below   smp.Command
		want    string
	}{
		{smp.SUBS{ServiceQueues: q}, smp.SUBS{ServiceQueues: smp.ServiceQueues{Count: smp.UnknownCount}}, "SUBS"},
		{smp.NSUBS{ServiceQueues: q}, smp.NSUBS{ServiceQueues: smp.ServiceQueues{Count: smp.UnknownCount}}, "NSUBS"},
	} {
		b, err := smp.EncodeCommand(18, test.command)
		require.NoError(t, err)
		require.Equal(t, test.want, string(b))
		c, err := smp.DecodeCommand(18, b)
		require.NoError(t, err)
		require.Equal(t, test.below, c)
		_, err = smp.DecodeCommand(19, b)
		require.ErrorIs(t, err, smp.ErrNoParameters)

		b, err = smp.EncodeCommand(19, test.command)
		require.NoError(t, err)
		require.Equal(t, test.want+" "+tail, string(b))
		c, err = smp.DecodeCommand(20, b)
		require.NoError(t, err)
		require.Equal(t, test.command, c)
		_, err = smp.DecodeCommand(18, b)
		require.ErrorIs(t, err, smp.ErrCmdSyntax)

		_, err = smp.DecodeCommand(19, []byte(test.want+" 12345678\x0f"+strings.Repeat("h", 15)))
		require.ErrorIs(t, err, smp.ErrIDsHash)
	}
}

func TestHashOfIDsIsTheSameInAnyOrder(t *testing.T) {
	a, b := []byte("first"), []byte("second")
	h := smp.HashIDs(a, b)
	require.Equal(t, h, smp.HashIDs(b, a))
	h.Toggle(a)
	require.Equal(t, smp.HashIDs(b), h)
	require.Equal(t, smp.IDsHash{}, smp.HashIDs())
	sum := smp.HashIDs([]byte("abc"))
	// MD5 of "abc", RFC 1321, appendix A.5.
	require.Equal(t, "\x90\x01\x50\x98\x3c\xd2\x4f\xb0\xd6\x96\x3f\x7d\x28\xe1\x7f\x72", string(sum[:]))
}

func TestNames(t *testing.T) {
	long := strings.Repeat("a", 63)
	for name, want := range map[string]string{
		"RSLV privacy.simplex":              "privacy.simplex",
		"RSLV Alice.Simplex.ETH":            "alice.simplex.eth",
		"RSLV a-b.c-1":                      "a-b.c-1",
		"RSLV a.b later extension":          "a.b",
		"RSLV a.b\tlater extension":         "a.b",
		"RSLV " + long + "." + long:         long + "." + long,
		"RSLV bare":                         "",
		"RSLV":                              "",
		"RSLV ":                             "",
		"RSLV  a.b":                         "",
		"RSLV .b":                           "",
		"RSLV a..b":                         "",
		"RSLV a.b.":                         "",
		"RSLV -a.b":                         "",
		"RSLV a-.b":                         "",
		"RSLV a--b.c":                       "",
		"RSLV a_b.c":                        "",
		"RSLV \xd0\xb0.b":                   "",
		"RSLV a\x00.b":                      "",
		"RSLV " + long + "a.b":              "",
		"RSLV " + strings.Repeat("a.", 127): "",
		"RSLV " + strings.Repeat("a.", 126) + "bc": "",
		"RSLV " + strings.Repeat("a.", 126) + "b":  strings.Repeat("a.", 126) + "b",
	} {
		c, err := smp.DecodeCommand(20, []byte(name))
		if want == "" {
			require.ErrorIsf(t, err, smp.ErrCmdSyntax, "%q", name)
			continue
		}
		require.NoErrorf(t, err, "%q", name)
		require.Equal(t, smp.RSLV{Domain: want}, c)
		b, err := smp.EncodeCommand(20, c)
		require.NoError(t, err)
		require.Equal(t, "RSLV "+want, string(b))
	}
}

func TestCommandsThatDoNotEncode(t *testing.T) {
	x25519, ed25519, x448 := testPublic(t, keys.X25519), testPublic(t, keys.Ed25519), testPublic(t, keys.X448)
	long := bytes.Repeat([]byte("x"), 256)
	for _, test := range []struct {
		name    string
		command smp.Command
		want    error
	}{
		{"no key", smp.KEY{}, smp.ErrKeyAlgorithm},
		{"X448 key", smp.SKEY{SenderKey: x448}, smp.ErrKeyAlgorithm},
		{"DH key that signs", smp.NEW{AuthKey: x25519, DHKey: ed25519}, smp.ErrKeyAlgorithm},
		{"no recipient keys", smp.RKEY{}, smp.ErrEmptyList},
		{"256 recipient keys", smp.RKEY{Keys: make([]keys.PublicKey, 256)}, wire.ErrTooLong},
		{"long message id", smp.ACK{MsgID: long}, wire.ErrTooLong},
		{"long link data", smp.LSET{Data: smp.LinkData{User: make([]byte, 65536)}}, wire.ErrTooLong},
		{"bad password", smp.NEW{AuthKey: x25519, DHKey: x25519, Password: smp.Password("a b")}, smp.ErrPassword},
		{"no mode", smp.NEW{AuthKey: x25519, DHKey: x25519, Request: &smp.QueueRequest{}}, smp.ErrMode},
		{"no hosts", smp.PRXY{}, smp.ErrEmptyList},
		{"bad host", smp.PRXY{Server: smp.Server{Hosts: []string{"a b"}}}, wire.ErrHost},
		{"bad name", smp.RSLV{Domain: "bare"}, smp.ErrName},
	} {
		_, err := smp.EncodeCommand(20, test.command)
		require.ErrorIs(t, err, test.want, test.name)
	}
	_, err := smp.EncodeCommand(20, nil)
	require.Error(t, err)
}

func TestErrorsOfCommandsSayWhy(t *testing.T) {
	for encoded, want := range map[string]error{
		"":                                 smp.ErrUnknownTag,
		"SUBX":                             smp.ErrUnknownTag,
		"\x00\x01 x":                       smp.ErrUnknownTag,
		"KEY":                              smp.ErrNoParameters,
		"SUB ":                             wire.ErrTrailing,
		"ACK \x05abc":                      wire.ErrTruncated,
		"ACK \x01ab":                       wire.ErrTrailing,
		"KEY \x03abc":                      keys.ErrEncoding,
		"RKEY \x00":                        smp.ErrEmptyList,
		"SEND X ":                          wire.ErrBadBool,
		"SEND T":                           smp.ErrFlags,
		"PRXY \x01\x01 ":                   wire.ErrHost,
		"PRXY \x01\x01a\x00\x002":          wire.ErrBadMaybe,
		"PRXY \x01\x01a\x00\x001\x02a:":    smp.ErrPassword,
		"PRXY \x01\x01a\x00\x001\x02a\xa0": smp.ErrPassword,
		"PRXY \x01\x01a\x00\x001\x02a\xad": smp.ErrPassword,
	} {
		_, err := smp.DecodeCommand(20, []byte(encoded))
		require.ErrorIsf(t, err, want, "%q", encoded)
		answer := smp.ErrCmdSyntax
		if want == smp.ErrUnknownTag {
			answer = smp.ErrCmdUnknown
		}
		require.ErrorIsf(t, err, answer, "%q", encoded)
		var d *smp.DecodeError
		require.ErrorAs(t, err, &d)
		require.Same(t, d.Answer, smp.AnswerTo(err))
	}
	_, err := smp.DecodeCommand(20, []byte("SUBX"))
	require.EqualError(t, err, `decoding command: unknown tag "SUBX" (CMD UNKNOWN)`)
	_, err = smp.DecodeCommand(20, []byte{1, 2, 3})
	require.EqualError(t, err, `decoding command: unknown tag of 3 bytes (CMD UNKNOWN)`)
	require.Nil(t, smp.AnswerTo(nil))
}

func TestPasswordNeverPrints(t *testing.T) {
	c := smp.PRXY{Password: smp.Password("hunter2")}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		require.NotContains(t, fmt.Sprintf(format, c), "hunter2")
		require.NotContains(t, fmt.Sprintf(format, c), "68756e746572")
	}
	require.Equal(t, "password", c.Password.String())
	require.Equal(t, "password", c.Password.GoString())
}

func TestPasswordMayBeEmptyButPresent(t *testing.T) {
	k := testPublic(t, keys.X25519)
	for v := smp.MinVersion; v <= smp.MaxVersion; v++ {
		for _, password := range []smp.Password{nil, {}, smp.Password("s\xc3\xa9cret")} {
			b, err := smp.EncodeCommand(v, smp.NEW{AuthKey: k, DHKey: k, Password: password})
			require.NoError(t, err)
			c, err := smp.DecodeCommand(v, b)
			require.NoError(t, err)
			require.Equalf(t, password, c.(smp.NEW).Password, "version %d", v)
		}
	}
}

// latin1 undoes the vectors' reading of bytes as characters.
func latin1(s string) (b []byte) {
	for _, c := range s {
		b = append(b, byte(c))
	}
	return b
}

// TestHosts gives the hosts of the vectors to PRXY.
func TestHosts(t *testing.T) {
	f, err := vectors.Load("misc")
	require.NoError(t, err)
	g, ok := f.Group("host")
	require.True(t, ok)
	for i := range g.Tests {
		v := &g.Tests[i]
		var in struct {
			Text string `json:"text"`
		}
		var want struct {
			Binary vectors.Hex `json:"binary"`
			Kind   string      `json:"kind"`
			Text   string      `json:"text"`
		}
		decode(t, v.Inputs, &in)
		decode(t, v.Output, &want)
		raw := latin1(in.Text)
		before := append([]byte("PRXY \x01"), append([]byte{byte(len(raw))}, raw...)...)
		c, err := smp.DecodeCommand(20, append(before, "\x045223\x04hash0"...))
		if v.Invalid() {
			require.ErrorIs(t, err, wire.ErrHost, v.ID)
			continue
		}
		require.NoError(t, err, v.ID)
		b, err := smp.EncodeCommand(20, c)
		require.NoError(t, err)
		require.Equal(t, "PRXY \x01"+string(want.Binary)+"\x045223\x04hash0", string(b), v.ID)
	}
}

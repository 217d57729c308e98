package seed_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/fill"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// Every command and every response is among the seeds, in the form of the newest version; those
// of the oldest one are too.
func TestSeedsHaveEveryKind(t *testing.T) {
	t.Parallel()
	newest, oldest := map[string]uint16{}, map[string]bool{}
	for _, i := range append(seed.Of(seed.Command), seed.Of(seed.Response)...) {
		tag, _, _ := strings.Cut(string(i.Data), " ")
		newest[tag] = max(newest[tag], i.Version)
		oldest[tag] = oldest[tag] || i.Version == smp.MinVersion
	}
	for _, c := range fill.Commands() {
		require.GreaterOrEqual(t, newest[c.Tag()], smp.VersionServiceCounts, c.Tag())
	}
	for _, r := range fill.Responses() {
		require.GreaterOrEqual(t, newest[r.Tag()], smp.VersionServiceCounts, r.Tag())
	}
	for _, tag := range []string{"NEW", "SUB", "SEND", "ACK", "IDS", "MSG", "ERR", "OK"} {
		require.True(t, oldest[tag], tag)
	}
}

// Most seeds decode, in the session that they name; some are wrong on purpose.
func TestSeedsDecode(t *testing.T) {
	t.Parallel()
	good, bad := 0, 0
	for _, i := range seed.Of(seed.CommandBlock) {
		for _, r := range smp.DecodeCommands(i.Version, i.SessionID, i.Data) {
			if r.Err == nil {
				good++
			} else {
				bad++
			}
		}
	}
	require.Greater(t, good, 300)
	require.Greater(t, bad, 100)
	require.NotEmpty(t, seed.Of(seed.ServerHello)) // some are wrong on purpose too
	require.NotEmpty(t, seed.Of(seed.ClientHello))
	require.NotEmpty(t, seed.Of(seed.ServiceResponse))
	for _, i := range seed.Of(seed.ServiceResponse) {
		_, err := transport.DecodeServiceResponse(i.Data)
		require.NoError(t, err)
	}
	for _, i := range seed.Of(seed.Message) {
		_, err := smp.DecodeRcvMessage(i.Data)
		require.NoError(t, err)
	}
	for _, i := range seed.Of(seed.Notification) {
		_, err := smp.DecodeNMsgMeta(i.Data)
		require.NoError(t, err)
	}
	require.NotEmpty(t, seed.Of(seed.ForwardedCommand))
	require.NotEmpty(t, seed.Of(seed.ForwardedResponse))
}

func TestItemsAreReadAsWritten(t *testing.T) {
	t.Parallel()
	items := []seed.Item{{Kind: seed.CommandBlock, Version: 6, SessionID: []byte("s"), Data: []byte("data")},
		{Kind: seed.ServerHello, Version: 20, SessionID: []byte{}, Data: []byte{}}}
	var b bytes.Buffer
	require.NoError(t, seed.Write(&b, items))
	got, err := seed.Read(&b)
	require.NoError(t, err)
	require.Equal(t, items, got)
	for _, bad := range []string{"x", "a b c d", "a 1 x 00", "a 1 00 0", "a 70000 00 00"} {
		_, err := seed.Read(strings.NewReader(bad + "\n"))
		require.Error(t, err, bad)
	}
}

func TestVectorsGiveBytesAndTexts(t *testing.T) {
	t.Parallel()
	for _, file := range seed.Files() {
		require.NotEmpty(t, seed.Texts(file), file)
	}
	require.Greater(t, len(seed.Hex("commands")), 100)
}

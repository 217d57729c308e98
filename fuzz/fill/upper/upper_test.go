package upper_test

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/fill"
	"smpcheck/fuzz/fill/upper"
	"smpcheck/reference/agent/message"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
)

// each calls f with fillers of inputs of several lengths, the same each time.
func each(n int, f func(*fill.Filler)) {
	r := rand.NewChaCha8([32]byte{2})
	for i := range n {
		b := make([]byte, i%300)
		_, _ = r.Read(b)
		f(upper.Filler(binary.BigEndian.AppendUint32(b, uint32(i))))
	}
}

// What is filled can be written, in every form that it has.
func TestValuesEncode(t *testing.T) {
	t.Parallel()
	each(1000, func(f *fill.Filler) {
		c := fill.Value[link.Connection](f)
		require.NoError(t, link.Check(c.Text()))
		if _, err := link.Encode(c); !errors.Is(err, link.ErrAmbiguous) {
			require.NoError(t, err)
		}
		_, err := link.Encode(fill.Value[link.UserData](f))
		require.NoError(t, err)
		_, err = link.Encode(fill.Value[link.QueueInfo](f))
		require.NoError(t, err)
		_, err = fill.Value[ratchet.Parameters](f).Encode()
		require.NoError(t, err)
		_, err = fill.Value[ratchet.EncryptedMessage](f).Encode()
		require.NoError(t, err)
		_, err = message.EncodeMessage(fill.Value[message.Message](f))
		require.NoError(t, err)
		_, err = fill.Value[message.Envelope](f).Encode()
		require.NoError(t, err)
	})
}

// Every kind comes up, with and without what it may have.
func TestEveryKindIsFilled(t *testing.T) {
	t.Parallel()
	count := map[string]int{}
	kem := func(k *ratchet.KEMParameters) string {
		switch {
		case k == nil:
			return "no KEM"
		case k.Accepted():
			return "accepted"
		}
		return "proposed"
	}
	each(4000, func(f *fill.Filler) {
		count["a message "+fill.Value[message.AMessage](f).Tag()]++
		count["message "+fill.Value[message.Message](f).Tag()]++
		count["envelope "+fill.Value[message.Envelope](f).Content.Tag()]++
		count["link "+fill.Value[link.ShortLink](f).Type.String()]++
		c := fill.Value[link.Connection](f)
		count["connection "+c.Mode.String()]++
		for _, q := range c.Queues {
			count["mode "+string(rune(q.Mode))]++
			count["host "+q.Server.Hosts[0].Kind().String()]++
		}
		d := fill.Value[link.UserData](f)
		count["data "+d.Mode.String()]++
		count["owners"] += len(d.Owners)
		count["relays"] += len(d.Relays)
		count["header "+kem(fill.Value[ratchet.Header](f).KEM)]++
		count["offer "+kem(fill.Value[ratchet.Offer](f).KEM)]++
	})
	require.Zero(t, count["offer accepted"])
	for _, kind := range []string{
		"a message H", "a message M", "a message V", "a message E", "a message QC", "a message QA", "a message QK",
		"a message QU", "a message QT", "message I", "message D", "message R", "message M",
		"envelope C", "envelope M", "envelope I", "envelope R",
		"link invitation", "link contact", "link channel", "link group", "link relay",
		"connection invitation", "connection contact", "mode \x00", "mode M", "mode C",
		"host ipv4", "host ipv6", "host onion", "host domain", "data invitation", "data contact", "owners", "relays",
		"header no KEM", "header proposed", "header accepted", "offer no KEM", "offer proposed",
	} {
		require.Greater(t, count[kind], 50, kind)
	}
}

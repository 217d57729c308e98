package store

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/gofuzz"
	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/fill"
	"smpcheck/fuzz/fill/upper"
	"smpcheck/reference/agent/message"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// fillers make the values of stored connections.
func fillers() []any {
	return append(upper.Functions(),
		func(k *PrivateKey, c fuzz.Continue) { k.PrivateKey = fill.PrivateKey(c, keys.X25519, keys.Ed25519) },
		func(k *PublicKey, c fuzz.Continue) {
			if *k = (PublicKey{}); c.RandBool() {
				k.PublicKey = fill.AuthKey(c)
			}
		},
		func(s *Server, c fuzz.Continue) {
			if s.Server = upper.Server(c); c.RandBool() {
				s.Password = fill.Word(c, "abcXYZ019!#$", 20)
			}
		},
		func(q *Queue, c fuzz.Continue) {
			dh := fill.PrivateKey(c, keys.X25519)
			created, err := client.NewQueue(smp.IDS{
				RecipientID: fill.ID(c), SenderID: fill.ID(c), ServerDHKey: dh.Public(), Mode: fill.Pick(c, 0, smp.Messaging, smp.Contact),
			}, fill.PrivateKey(c, keys.Ed25519), dh)
			if err != nil {
				panic(err) // a key of its own pair is never of low order
			}
			q.Queue = created
		},
		func(q *QueueInfo, c fuzz.Continue) { q.QueueInfo = upper.QueueInfoAt(upper.QueueInfo(c)) },
		func(h *message.Chain, c fuzz.Continue) {
			*h = message.Chain{ID: int64(c.RandUint64()), Hash: fill.Bytes(c, 0, 32)}
		},
		func(q **ReceiveQueue, c fuzz.Continue) { *q = new(ReceiveQueue); c.Fuzz(*q) },
		func(q **SendQueue, c fuzz.Continue) { *q = new(SendQueue); c.Fuzz(*q) },
		func(b *[]byte, c fuzz.Continue) { *b = fill.Bytes(c, 1, 40) },
		func(p **ratchet.PrivateParameters, _ fuzz.Continue) { *p = nil }, // FuzzDecodePrivate has them
	)
}

// FuzzParseConnection: what is stored of a connection, or anything else, is refused or read;
// what was read is stored as it was read, and its queues can be used.
func FuzzParseConnection(f *testing.F) {
	for i := range 16 {
		c := fill.Value[Connection](fill.Valid(bytes.Repeat([]byte{byte(i), 5, byte(9 * i)}, 100), smp.MaxVersion, fillers()...))
		text, err := json.Marshal(&c)
		require.NoError(f, err)
		f.Add(text)
	}
	for _, text := range []string{`{}`, `null`, `{"receive":[null]}`, `{"send":[null]}`, `{"receive":[{}]}`, `{"private":null,"link":{}}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var c *Connection
		var err error
		bound.Check(t, len(text), func() { c, err = parseConnection("id", text) })
		if err != nil {
			require.Nil(t, c)
			return
		}
		for _, q := range c.Receive {
			require.NotNil(t, c.ReceiveQueue(q.Number))
			require.NotEmpty(t, q.Server.Address())
		}
		for _, q := range c.Send {
			require.NotEmpty(t, q.Address.Server.Address())
		}
		stored, err := json.Marshal(c)
		require.NoError(t, err)
		again, err := parseConnection("id", stored)
		require.NoError(t, err, "%s", stored)
		storedAgain, err := json.Marshal(again)
		require.NoError(t, err)
		require.Equal(t, string(stored), string(storedAgain))
	})
}

// FuzzStoreConnection: connections of any content are read as they were stored.
func FuzzStoreConnection(f *testing.F) {
	for i := range 24 {
		f.Add(bytes.Repeat([]byte{byte(i), byte(11 * i), 3}, 60))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := fill.Value[Connection](fill.Valid(data, smp.MaxVersion, fillers()...))
		c.queues = ""
		text, err := json.Marshal(&c)
		require.NoError(t, err)
		got, err := parseConnection(c.ID, text)
		require.NoError(t, err)
		require.Equal(t, c.receiveQueues(), got.queues)
		got.queues = ""
		require.Equal(t, &c, got)
	})
}

// FuzzStoredValues: texts of stored values are refused or give a value, which is stored as one
// text from then on.
func FuzzStoredValues(f *testing.F) {
	from := fill.Valid([]byte("values"), smp.MaxVersion, fillers()...)
	for range 4 {
		for i, v := range []interface{ MarshalText() ([]byte, error) }{
			fill.Value[PrivateKey](from), fill.Value[PublicKey](from), fill.Value[Queue](from), fill.Value[Server](from), fill.Value[QueueInfo](from),
		} {
			text, err := v.MarshalText()
			require.NoError(f, err)
			f.Add(uint8(i), text)
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, text []byte) {
		switch kind % 5 {
		case 0:
			requireStored[PrivateKey](t, text)
		case 1:
			requireStored[PublicKey](t, text)
		case 2:
			requireStored[Queue](t, text)
		case 3:
			if s, err := link.ParseServer(string(text)); err != nil || !endless(s) {
				requireStored[Server](t, text)
			}
		case 4:
			requireStored[QueueInfo](t, text)
		}
	})
}

// stored is a value that is stored as text.
type stored[T any] interface {
	*T
	UnmarshalText([]byte) error
	MarshalText() ([]byte, error)
}

// requireStored checks that a text is refused or a value that has one text.
func requireStored[T any, P stored[T]](t *testing.T, text []byte) {
	t.Helper()
	var v, again T
	var err error
	bound.Check(t, len(text), func() { err = P(&v).UnmarshalText(text) })
	if err != nil {
		return
	}
	one, err := P(&v).MarshalText()
	require.NoError(t, err)
	require.NoError(t, P(&again).UnmarshalText(one), "%s", one)
	two, err := P(&again).MarshalText()
	require.NoError(t, err)
	require.Equal(t, string(one), string(two))
}

// endless reports whether the text of an address has an IPv6 address right before a port,
// whose end it does not tell.
func endless(s link.Server) bool {
	return s.Port != "" && s.Hosts[len(s.Hosts)-1].Kind() == wire.IPv6
}

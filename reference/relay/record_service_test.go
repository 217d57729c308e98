package relay

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/keys"
	"smpcheck/reference/transport"
)

// knownParts are the fields of a notifier and of services as they are in files: this
// must not change.
const knownParts = "09" + "020f10" + // id of the notifier
	"03" + "1111111111111111111111111111111111111111111111111111111111111111" +
	"1212121212121212121212121212121212121212121212121212121212121212" +
	"0a" + "0113" +
	"0b" + "021415"

func TestKnownNotifierAndServices(t *testing.T) {
	record, err := hex.DecodeString(knownRecord + knownParts)
	require.NoError(t, err)
	q, err := decodeQueue([]byte{1, 2}, record)
	require.NoError(t, err)
	key, err := keys.NewPublic(keys.Ed25519, bytes.Repeat([]byte{0x11}, 32))
	require.NoError(t, err)
	require.Equal(t, &notifications{
		Notifier: Notifier{ID: []byte{15, 16}, AuthKey: key, MetaKey: [32]byte(bytes.Repeat([]byte{0x12}, 32))},
		service:  &service{ServiceRecord: ServiceRecord{ID: []byte{20, 21}, Role: transport.RoleNotifier}},
	}, q.notifier)
	require.Equal(t, &service{ServiceRecord: ServiceRecord{ID: []byte{19}, Role: transport.RoleMessaging}}, q.service())
	again, err := encodeQueue(q, q.state())
	require.NoError(t, err)
	require.Equal(t, record, again)
}

func TestKnownServiceRecord(t *testing.T) {
	fingerprint := bytes.Repeat([]byte{7}, 32)
	want := ServiceRecord{ID: []byte{1, 2, 3}, Role: transport.RoleNotifier, Fingerprint: keys.Fingerprint(fingerprint)}
	record := []byte{1, 'N', 3, 1, 2, 3}
	got, err := decodeService(fingerprint, record)
	require.NoError(t, err)
	require.Equal(t, want, got)
	again, err := encodeService(got)
	require.NoError(t, err)
	require.Equal(t, record, again)
	clear(record)
	require.Equal(t, want, got)
	for name, record := range map[string][]byte{
		"nothing":       nil,
		"later version": {2, 'N', 1, 1},
		"unknown role":  {1, 'X', 1, 1},
		"no id":         {1, 'N', 0},
		"cut":           {1, 'N', 2, 1},
		"more":          {1, 'N', 1, 1, 1},
	} {
		_, err := decodeService(fingerprint, record)
		require.ErrorIs(t, err, ErrRecord, name)
	}
	for _, n := range []int{0, 31, 33} {
		_, err := decodeService(make([]byte, n), []byte{1, 'N', 1, 1})
		require.ErrorIs(t, err, ErrRecord)
	}
}

// Every field of a service comes back.
func TestPropertyServiceRecords(t *testing.T) {
	roles := rapid.SampledFrom([]transport.Role{transport.RoleMessaging, transport.RoleNotifier, transport.RoleProxy})
	rapid.Check(t, func(t *rapid.T) {
		v := ServiceRecord{
			ID:          rapid.SliceOfN(rapid.Byte(), 1, 255).Draw(t, "id"),
			Role:        roles.Draw(t, "role"),
			Fingerprint: keys.Fingerprint(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "fingerprint")),
		}
		record, err := encodeService(v)
		require.NoError(t, err)
		got, err := decodeService(v.Fingerprint[:], record)
		require.NoError(t, err)
		require.Equal(t, v, got)
		_, err = decodeService(v.Fingerprint[:], record[:rapid.IntRange(0, len(record)-1).Draw(t, "length")])
		require.ErrorIs(t, err, ErrRecord)
	})
}

// What belongs to a notifier is refused without it, and a notifier without id or key.
func TestNotifiersThatAreRefused(t *testing.T) {
	known, err := hex.DecodeString(knownRecord)
	require.NoError(t, err)
	parts, err := hex.DecodeString(knownParts)
	require.NoError(t, err)
	for name, more := range map[string][]byte{
		"no notifier":       parts[69+3:],
		"no id":             append([]byte{9, 0}, parts[4:]...),
		"unknown algorithm": bytes.Replace(parts, []byte{3, 0x11}, []byte{9, 0x11}, 1),
		"cut":               parts[:50],
		"service first":     append(bytes.Clone(parts[69:72]), parts[:69]...),
		"twice":             append(bytes.Clone(parts[:69]), parts...),
	} {
		_, err := decodeQueue([]byte{1, 2}, append(bytes.Clone(known), more...))
		require.ErrorIs(t, err, ErrRecord, name)
	}
}

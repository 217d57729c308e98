package relay

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// notStored are the fields of Queue that a restart may lose. A field that is
// neither here nor restored by decodeQueue fails TestPropertyRecords.
var notStored = map[string]bool{
	"mu": true, "mailbox": true, "quota": true, "usedAt": true, "deleted": true, "pending": true, "subscriber": true,
}

// notStoredParts are the fields of what a queue points to that a restart may lose.
var notStoredParts = map[reflect.Type][]string{
	reflect.TypeFor[notifications](): {"waiting", "subscriber", "postponed"},
	reflect.TypeFor[uncommon]():      {"getters"},
}

// stored lists the names of all fields of Queue that are stored.
func stored() []string {
	var names []string
	for field := range reflect.TypeFor[Queue]().Fields() {
		if !notStored[field.Name] {
			names = append(names, field.Name)
		}
	}
	return names
}

// member is a field of a queue that can be set though it is not exported.
func member(q *Queue, name string) reflect.Value {
	f := reflect.ValueOf(q).Elem().FieldByName(name)
	return reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem()
}

// fill sets v to a random value that is not zero, except for what may be missing.
func fill(t *rapid.T, name string, v reflect.Value) {
	if v.Kind() == reflect.Pointer {
		if v.Type() == reflect.TypeFor[*Record]() || name == "uncommon.service" || rapid.Bool().Draw(t, name+" is there") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, name, v.Elem())
		}
		return
	}
	switch v.Addr().Interface().(type) {
	case *Notifier: // which always has a key
		n := Notifier{AuthKey: drawKey(t, name)}
		fill(t, name+".ID", reflect.ValueOf(&n.ID).Elem())
		fill(t, name+".MetaKey", reflect.ValueOf(&n.MetaKey).Elem())
		v.Set(reflect.ValueOf(n))
		return
	case *service: // which is named by its id
		role := transport.RoleMessaging
		if strings.Contains(name, "notifier") {
			role = transport.RoleNotifier
		}
		v.FieldByName("Role").Set(reflect.ValueOf(role))
		fill(t, name+".ID", v.FieldByName("ID"))
		return
	}
	switch v.Interface().(type) {
	case keys.PublicKey:
		if rapid.Bool().Draw(t, name+" is set") {
			v.Set(reflect.ValueOf(drawKey(t, name)))
		}
	case []keys.PublicKey:
		list := make([]keys.PublicKey, rapid.IntRange(1, 4).Draw(t, name+" count"))
		for i := range list {
			list[i] = drawKey(t, name)
		}
		v.Set(reflect.ValueOf(list))
	case smp.BlockingReason:
		v.Set(reflect.ValueOf(rapid.SampledFrom([]smp.BlockingReason{smp.BlockedSpam, smp.BlockedContent}).Draw(t, name)))
	case smp.QueueMode:
		v.Set(reflect.ValueOf(rapid.SampledFrom([]smp.QueueMode{0, smp.Messaging, smp.Contact}).Draw(t, name)))
	case time.Time:
		if rapid.Bool().Draw(t, name+" is set") {
			v.Set(reflect.ValueOf(time.Unix(rapid.Int64Range(1, 30_000).Draw(t, name+" day")*day, 0)))
		}
	default:
		fillKind(t, name, v)
	}
}

// fillKind is fill for types without meaning of their own.
func fillKind(t *rapid.T, name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for field := range v.Type().Fields() {
			if !slices.Contains(notStoredParts[v.Type()], field.Name) {
				f := v.FieldByIndex(field.Index)
				fill(t, name+"."+field.Name, reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem())
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).SetUint(uint64(rapid.ByteRange(1, 255).Draw(t, name)))
		}
	case reflect.Slice:
		v.SetBytes(rapid.SliceOfN(rapid.Byte(), 1, 255).Draw(t, name))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, name))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(rapid.Byte().Draw(t, name)))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(rapid.ByteRange(1, 255).Draw(t, name)))
	case reflect.String:
		v.SetString(rapid.String().Draw(t, name))
	default:
		panic(fmt.Sprintf("%s: this test cannot make a value of %v", name, v.Type()))
	}
}

func drawKey(t *rapid.T, name string) keys.PublicKey {
	algorithm := rapid.SampledFrom([]keys.Algorithm{keys.X25519, keys.X448, keys.Ed25519, keys.Ed448}).Draw(t, name+" algorithm")
	n := algorithm.PublicSize()
	key, err := keys.NewPublic(algorithm, rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, name))
	require.NoError(t, err)
	return key
}

func drawQueue(t *rapid.T) *Queue {
	q := new(Queue)
	for _, name := range stored() {
		fill(t, name, member(q, name))
	}
	return q
}

// Every field of Queue and of what it points to comes back, except those that are meant to
// be forgotten. Whoever adds a field has to decide which it is.
func TestPropertyRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := drawQueue(t)
		record, err := encodeQueue(q, q.state())
		require.NoError(t, err)
		id := bytes.Clone(q.recipientID)
		got, err := decodeQueue(id, record)
		require.NoError(t, err)
		again, err := encodeQueue(got, got.state())
		require.NoError(t, err)
		require.Equal(t, record, again)
		clear(record)
		clear(id)
		for _, name := range stored() {
			require.Equal(t, member(q, name).Interface(), member(got, name).Interface(), name)
		}
		for name := range notStored {
			require.True(t, member(got, name).IsZero(), name)
		}
	})
}

// Everything that can change in a queue and is stored is part of its state: a
// change of it is noticed, and undone if the store fails.
func TestPropertyQueueState(t *testing.T) {
	constant := map[string]bool{"recipientID": true, "senderID": true, "deliveryKey": true}
	rapid.Check(t, func(t *rapid.T) {
		q, other := drawQueue(t), drawQueue(t)
		before := q.state()
		for _, name := range stored() {
			if constant[name] {
				continue
			}
			old := reflect.ValueOf(member(q, name).Interface())
			member(q, name).Set(member(other, name))
			if !member(other, name).Equal(old) {
				require.NotEqual(t, before, q.state(), "a change of %s is not noticed", name)
			}
			q.restore(before)
			require.Equal(t, old.Interface(), member(q, name).Interface(), "%s is not restored", name)
		}
		if n := q.notifier; n != nil {
			n.service = &service{}
			require.NotEqual(t, before, q.state(), "another service of the notifier is not noticed")
			q.restore(before)
			require.Same(t, n, q.notifier)
			require.Same(t, before.notifierService, n.service)
		}
	})
}

// A record cut or extended anywhere is refused.
func TestPropertyBrokenRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := drawQueue(t)
		record, err := encodeQueue(q, q.state())
		require.NoError(t, err)
		cut := rapid.IntRange(0, len(record)-1).Draw(t, "length")
		if got, err := decodeQueue(q.recipientID, record[:cut]); err == nil {
			// It was cut between two fields that may be missing.
			again, err := encodeQueue(got, got.state())
			require.NoError(t, err)
			require.Equal(t, record[:cut], again)
		} else {
			require.ErrorIs(t, err, ErrRecord)
		}
		_, err = decodeQueue(q.recipientID, append(record, rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "more")...))
		if err != nil {
			require.ErrorIs(t, err, ErrRecord)
		}
	})
}

// knownRecord is a record as it is in files: this must not change.
const knownRecord = "01" +
	"01" + "020506" + // sender id
	"02" + "0707070707070707070707070707070707070707070707070707070707070707" +
	"03" + "01" + "03" + "0808080808080808080808080808080808080808080808080808080808080808" +
	"04" + "01" + "0909090909090909090909090909090909090909090909090909090909090909" +
	"05" + "43" +
	"06" + "00000003" +
	"07" + "020a0b" + "00020c0d" + "00010e"

func TestKnownRecord(t *testing.T) {
	record, err := hex.DecodeString(knownRecord)
	require.NoError(t, err)
	q, err := decodeQueue([]byte{1, 2}, record)
	require.NoError(t, err)
	recipientKey, err := keys.NewPublic(keys.Ed25519, bytes.Repeat([]byte{8}, 32))
	require.NoError(t, err)
	senderKey, err := keys.NewPublic(keys.X25519, bytes.Repeat([]byte{9}, 32))
	require.NoError(t, err)
	want := &Queue{
		recipientID: []byte{1, 2},
		senderID:    []byte{5, 6},
		deliveryKey: [32]byte(bytes.Repeat([]byte{7}, 32)),
		record: &Record{
			RecipientKeys: []keys.PublicKey{recipientKey},
			SenderKey:     senderKey,
			Mode:          smp.Contact,
			SuspendedAt:   time.Unix(3*day, 0),
		},
		link: &Link{ID: []byte{10, 11}, Data: smp.LinkData{Fixed: []byte{12, 13}, User: []byte{14}}},
	}
	require.Equal(t, want, q)
	again, err := encodeQueue(q, q.state())
	require.NoError(t, err)
	require.Equal(t, record, again)
}

func TestRecordsThatAreRefused(t *testing.T) {
	known, err := hex.DecodeString(knownRecord)
	require.NoError(t, err)
	changed := func(i int, b byte) []byte {
		r := bytes.Clone(known)
		r[i] = b
		return r
	}
	for name, test := range map[string]struct {
		record []byte
		text   string
	}{
		"nothing":           {nil, ""},
		"later version":     {changed(0, 2), "version 2"},
		"unknown field":     {append(bytes.Clone(known), 200), "field 200"},
		"field twice":       {append(bytes.Clone(known), 5, 'C'), "field 5"},
		"unknown algorithm": {changed(40, 9), "algorithm 9"},
		"no recipient key":  {changed(39, 0), ""},
		"unknown mode":      {changed(bytes.Index(known, []byte{5, 'C'})+1, 'X'), "0x58"},
		"version alone":     {known[:1], "without ids"},
		"no ids":            {append([]byte{1}, known[5:]...), "without ids"},
	} {
		_, err := decodeQueue([]byte{1, 2}, test.record)
		require.ErrorIs(t, err, ErrRecord, name)
		require.ErrorContains(t, err, test.text, name)
	}
	_, err = decodeQueue(nil, known)
	require.ErrorIs(t, err, ErrRecord)
}

// The time of suspension is stored as a day, and the queue kept no shorter for it.
func TestSuspensionIsStoredAsDay(t *testing.T) {
	const start = 20_000 * day
	for at, want := range map[int64]int64{start: start, start + 1: start + day, start + day - 1: start + day, start + day: start + day} {
		key, err := keys.NewPublic(keys.X25519, make([]byte, 32))
		require.NoError(t, err)
		q := &Queue{senderID: []byte{1}, deliveryKey: [32]byte{1}, record: &Record{RecipientKeys: []keys.PublicKey{key}}}
		q.suspend(time.Unix(at, 0))
		record, err := encodeQueue(q, q.state())
		require.NoError(t, err)
		got, err := decodeQueue([]byte{1}, record)
		require.NoError(t, err)
		require.Equal(t, want, got.record.SuspendedAt.Unix())
		require.True(t, got.record.Suspended())
	}
}

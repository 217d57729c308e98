package recordstore

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/bound"
	"smpcheck/reference/relay"
)

// FuzzUnseal: the checksum of a record is right for what was sealed and for nothing that differs
// from it in a byte, be it the value, the id, their lengths or the kind.
func FuzzUnseal(f *testing.F) {
	f.Add(byte('Q'), []byte("id"), []byte("value"), uint16(0), byte(1))
	f.Add(byte('S'), make([]byte, 32), []byte{}, uint16(5), byte(0))
	f.Fuzz(func(t *testing.T, kind byte, id, value []byte, at uint16, xor byte) {
		if len(id) > 255 {
			return // ids are short strings
		}
		record := relay.StoredRecord{Kind: relay.RecordKind(kind), ID: id, Value: value}
		sealed := record
		sealed.Value = seal(record)
		opened := sealed
		require.True(t, unseal(&opened))
		require.True(t, bytes.Equal(value, opened.Value))

		foreign := record // without a checksum
		bound.Check(t, len(id)+len(value), func() {
			foreign = record
			if unseal(&foreign) {
				require.Equal(t, value, seal(foreign))
			}
		})
		if xor == 0 {
			return
		}
		for _, changed := range [][]byte{sealed.Value, id} {
			if len(changed) == 0 {
				continue
			}
			other := sealed
			copied := bytes.Clone(changed)
			copied[int(at)%len(copied)] ^= xor
			if &changed[0] == &sealed.Value[0] {
				other.Value = copied
			} else {
				other.ID = copied
			}
			require.False(t, unseal(&other))
		}
		other := sealed
		other.Kind ^= relay.RecordKind(xor)
		require.False(t, unseal(&other))
	})
}

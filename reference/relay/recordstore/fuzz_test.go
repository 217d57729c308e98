package recordstore_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/relay"
	"smpcheck/reference/relay/recordstore"
)

// FuzzOpen changes bytes of the file of a store, and cuts it. It is refused with one of the
// errors of the package, or has the records that were written and no others.
func FuzzOpen(f *testing.F) {
	path := newPath(f)
	s := open(f, path)
	want := map[key]string{}
	for i := range 60 {
		r := put(string(rune('a'+i)), string(bytes.Repeat([]byte{byte(i)}, i*10)))
		commit(f, s, r)
		want[key{r.Kind, string(r.ID)}] = string(r.Value)
	}
	require.NoError(f, s.Close())
	whole, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add([]byte(nil), uint32(len(whole)))
	f.Add([]byte(nil), uint32(0))
	f.Add([]byte(nil), uint32(99))
	f.Add([]byte(nil), uint32(4096))
	for at := range uint32(12) {
		f.Add(binary.BigEndian.AppendUint32(nil, at*997<<8|1), uint32(len(whole)))
	}
	for at := range uint32(100) {
		f.Add(binary.BigEndian.AppendUint32(nil, at<<8|0xff), uint32(len(whole)))
	}
	f.Fuzz(func(t *testing.T, changes []byte, length uint32) {
		content := bytes.Clone(whole[:min(int(length), len(whole))])
		for n := 0; len(changes) >= 4 && len(content) > 0 && n < 20; changes, n = changes[4:], n+1 {
			at := int(changes[0])<<16 | int(changes[1])<<8 | int(changes[2])
			content[at%len(content)] ^= changes[3]
		}
		path := newPath(t)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		s, err := recordstore.Open(path)
		if err != nil {
			requireRefusal(t, err)
			return
		}
		defer func() { _ = s.Close() }()
		got := map[key]string{}
		err = s.Load(func(r relay.StoredRecord) error {
			got[key{r.Kind, string(r.ID)}] = string(r.Value)
			return nil
		})
		for k, v := range got {
			require.Equal(t, want[k], v, "record %v was never written", k)
		}
		switch {
		case err != nil:
			requireRefusal(t, err)
		case len(content) > 0:
			require.Equal(t, want, got)
		}
	})
}

func requireRefusal(t *testing.T, err error) {
	t.Helper()
	for _, known := range []error{recordstore.ErrFormat, recordstore.ErrLater, recordstore.ErrDamaged} {
		if bytes.Contains([]byte(err.Error()), []byte(known.Error())) {
			require.ErrorIs(t, err, known)
			return
		}
	}
	t.Fatalf("refused with %v", err)
}

package recordstore

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What makes a commit survive a power failure, and a removed row vanish, cannot be
// seen from outside.
func TestPragmas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queues.db")
	for range 2 {
		s, err := Open(path)
		require.NoError(t, err)
		for name, expected := range map[string]string{
			"secure_delete": "1", "synchronous": "2", "journal_mode": "wal", "locking_mode": "exclusive", "temp_store": "2",
		} {
			var value string
			require.NoError(t, s.db.QueryRow("PRAGMA "+name).Scan(&value))
			require.Equal(t, expected, value, name)
		}
		require.NoError(t, s.Close())
	}
}

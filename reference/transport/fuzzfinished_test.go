package transport

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/bound"
)

// FuzzFinishedReader: however the bytes of a client are cut, the reader finds the same, keeps
// one record at most, and either has all of the Finished message or says that it is missing.
func FuzzFinishedReader(f *testing.F) {
	recorded := recordFlight(f)
	at := firstEncrypted(recorded.bytes)
	f.Add(recorded.bytes[:at], recorded.line, recorded.bytes[at:], uint8(1))
	f.Add(recorded.bytes[:at], recorded.line, recorded.bytes[at:], uint8(77))
	f.Add([]byte{recordChangeCipherSpec, 3, 3, 0, 1, 1}, []byte("CLIENT_HANDSHAKE_TRAFFIC_SECRET 00 00"), []byte{23, 3, 3, 0, 17}, uint8(200))
	f.Add([]byte{recordAlert, 3, 3, 0, 2, 1, 0}, []byte("CLIENT_HANDSHAKE_TRAFFIC_SECRET 00 zz"), []byte{22, 3, 3, 0xff, 0xff}, uint8(3))
	f.Fuzz(func(t *testing.T, before, line, after []byte, step uint8) {
		var verify []byte
		var err error
		bound.Check(t, len(before)+len(line)+len(after), func() {
			verify, err = readFinished(t, before, line, after, int(step)+1)
		})
		whole, wholeErr := readFinished(t, before, line, after, len(before)+len(after)+1)
		require.Equal(t, whole, verify)
		require.Equal(t, wholeErr == nil, err == nil)
		if err == nil {
			require.Len(t, verify, 32)
		} else {
			require.ErrorIs(t, err, errFinished)
		}
	})
}

// readFinished gives a reader a flight in pieces, and the secret where the server answers.
func readFinished(t *testing.T, before, line, after []byte, step int) ([]byte, error) {
	r := new(finishedReader)
	for _, part := range [][]byte{before, after} {
		for len(part) > 0 {
			n := min(len(part), step)
			r.feed(part[:n])
			part = part[n:]
			require.LessOrEqual(t, len(r.body), maxRecordSize)
		}
		_, err := r.Write(line)
		require.NoError(t, err)
	}
	verify, err := r.verifyData()
	if err == nil {
		require.Nil(t, r.aead)
	}
	return verify, err
}

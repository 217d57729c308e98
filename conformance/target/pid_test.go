package target

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPIDIsThatOfTheTarget(t *testing.T) {
	t.Parallel()
	p, err := start(t.Context(), t, "serve")
	require.NoError(t, err)
	started, err := os.FindProcess(p.(interface{ PID() int }).PID())
	require.NoError(t, err)
	require.NoError(t, started.Kill())
	<-p.Done()
	require.NoError(t, p.Close())
}

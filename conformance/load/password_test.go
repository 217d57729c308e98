package load

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/link"
	"smpcheck/reference/smp"
)

func TestNoPasswordIsSentWithoutOne(t *testing.T) {
	t.Parallel()
	require.Nil(t, password(link.Server{}))
	require.Equal(t, smp.Password("sesame"), password(link.Server{Password: "sesame"}))
}

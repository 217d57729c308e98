package main

import (
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInputGoesToTheNextReader(t *testing.T) {
	t.Parallel()
	from, to := io.Pipe()
	in := &input{from: from}
	ctx, cancel := context.WithCancel(context.Background())
	waiting := make(chan error)
	go func() {
		_, err := reader{in, ctx}.Read(make([]byte, 10))
		waiting <- err
	}()
	cancel()
	require.ErrorIs(t, <-waiting, context.Canceled)
	go func() {
		_, _ = io.WriteString(to, "one\ntwo\nrest")
		_ = to.Close()
	}()
	p := make([]byte, 10)
	next := reader{in, context.Background()}
	for _, want := range []string{"one\n", "two\n", "rest"} {
		n, err := next.Read(p)
		require.NoError(t, err)
		require.Equal(t, want, string(p[:n]))
	}
	for range 2 {
		_, err := next.Read(p)
		require.ErrorIs(t, err, io.EOF)
	}
}

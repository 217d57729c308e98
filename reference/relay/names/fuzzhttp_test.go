package names_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/seed"
	"smpcheck/reference/relay/names"
	"smpcheck/reference/smp"
)

// FuzzHTTP lets an endpoint answer a lookup with any bytes. The resolver gives the record that
// a correct response has in it, or one of the two errors that go to clients, and no text of
// the endpoint.
func FuzzHTTP(f *testing.F) {
	const head = "HTTP/1.1 200 OK\r\nContent-Length: "
	record := marshal(f, recordOf("alice.simplex"))
	f.Add([]byte(head + "443\r\n\r\n" + record))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n0\r\n\r\n"))
	f.Add([]byte("HTTP/1.0 200 OK\r\n\r\n" + record))
	f.Add([]byte("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 x\r\n\r\n"))
	for _, i := range seed.Of(seed.Response) {
		if record, ok := bytes.CutPrefix(i.Data, []byte("RNAME ")); ok {
			f.Add(append([]byte("HTTP/1.1 200 OK\r\n\r\n"), record...))
		}
	}
	answers := make(chan []byte, 1)
	endpoint := serveCanned(f, answers)
	f.Fuzz(func(t *testing.T, answer []byte) {
		answers <- answer
		h, err := names.NewHTTP(endpoint, "")
		require.NoError(t, err)
		defer h.Close()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		got, err := h.Resolve(ctx, "alice.simplex")
		if err == nil {
			b, err := smp.EncodeResponse(smp.MaxVersion, smp.RNAME{Record: got})
			require.NoError(t, err)
			require.Less(t, len(b), smp.BlockSize+smp.BlockSize)
			return
		}
		require.Zero(t, got)
		if errors.Is(err, smp.ErrNameNotFound) {
			return
		}
		var e *smp.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, smp.NameResolver, e.Name)
		require.Regexp(t, `^(transport failure|response too large|invalid response|HTTP -?[0-9]+)$`, e.Text)
	})
}

// serveCanned is the URL of an endpoint that reads one request on each connection, writes the
// next answer and closes it.
func serveCanned(f *testing.F, answers <-chan []byte) string {
	f.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(f, err)
	f.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = conn.Write(<-answers)
			}
			_ = conn.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

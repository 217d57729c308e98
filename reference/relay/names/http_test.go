package names_test

import (
	"context"

	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/relay/names"
	"smpcheck/reference/smp"
)

const patience = 20 * time.Second

// endpoint runs an HTTP server for the time of the test.
func endpoint(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return s.URL
}

// lookup asks an endpoint for alice.simplex.
func lookup(t *testing.T, url, authorization string) (smp.NameRecord, error) {
	t.Helper()
	h, err := names.NewHTTP(url, authorization)
	require.NoError(t, err)
	defer h.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return h.Resolve(ctx, "alice.simplex")
}

// The request has the documented shape.
func TestRequest(t *testing.T) {
	t.Parallel()
	requests := make(chan *http.Request, 3)
	base := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		requests <- r
		_, _ = w.Write([]byte(marshal(t, recordOf("alice.simplex")) + "\n"))
	})
	for _, test := range []struct{ path, authorization, want string }{
		{"", "", "/resolve/alice.simplex"},
		{"/", "Bearer secret", "/resolve/alice.simplex"},
		{"/names//", "Basic dTpw", "/names/resolve/alice.simplex"},
	} {
		record, err := lookup(t, base+test.path, test.authorization)
		require.NoError(t, err)
		require.Equal(t, recordOf("alice.simplex"), record)
		r := <-requests
		require.Equal(t, http.MethodGet, r.Method)
		require.Equal(t, test.want, r.RequestURI)
		require.Equal(t, "application/json", r.Header.Get("Accept"))
		require.Equal(t, test.authorization, r.Header.Get("Authorization"))
		require.Empty(t, r.Header.Get("Accept-Encoding"))
	}
}

func TestAnswersOfAnEndpoint(t *testing.T) {
	t.Parallel()
	record := marshal(t, recordOf("alice.simplex"))
	padded := func(n int) string { return record + strings.Repeat(" ", n-len(record)) }
	for name, test := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"record":             {200, record, nil},
		"longest record":     {200, padded(names.MaxResponseLength), nil},
		"unknown fields":     {200, `{"more": [1],` + record[1:], nil},
		"too large":          {200, padded(names.MaxResponseLength + 1), smp.ResolverError("response too large")},
		"unknown name":       {404, record, smp.ErrNameNotFound},
		"unknown TLD":        {400, "", smp.ErrNameNotFound},
		"upstream failure":   {502, "", smp.ResolverError("HTTP 502")},
		"unauthorized":       {401, "", smp.ResolverError("HTTP 401")},
		"success of a kind":  {204, "", smp.ResolverError("HTTP 204")},
		"no JSON":            {200, "hello", smp.ResolverError("invalid response")},
		"no record":          {200, "{}", smp.ResolverError("invalid response")},
		"something after it": {200, record + "{}", smp.ResolverError("invalid response")},
		"empty":              {200, "", smp.ResolverError("invalid response")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := lookup(t, endpoint(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			}), "")
			if test.want == nil {
				require.NoError(t, err)
			} else {
				require.Equal(t, test.want, err)
			}
		})
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int64
	other := endpoint(t, func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	for _, status := range []int{301, 302, 303, 307, 308} {
		_, err := lookup(t, endpoint(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other, status)
		}), "Bearer secret")
		var refused *smp.Error
		require.ErrorAs(t, err, &refused)
		require.Equal(t, smp.NameResolver, refused.Name)
	}
	require.Zero(t, elsewhere.Load())
}

// An endpoint that sends without end, or nothing, or garbage, costs one lookup.
func TestHostileEndpoints(t *testing.T) {
	t.Parallel()
	_, err := lookup(t, endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		for chunk := []byte(strings.Repeat(" ", 4096)); r.Context().Err() == nil; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}), "")
	require.Equal(t, smp.ResolverError("response too large"), err)

	_, err = lookup(t, endpoint(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
	}), "")
	require.Equal(t, smp.ResolverError("transport failure"), err)

	_, err = lookup(t, endpoint(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), "")
	require.Equal(t, smp.ResolverError("transport failure"), err)

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, err = lookup(t, "http://"+l.Addr().String(), "")
	require.Equal(t, smp.ResolverError("transport failure"), err)
}

func TestSilentEndpoint(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	h, err := names.NewHTTP(endpoint(t, func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	}), "")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	_, err = h.Resolve(ctx, "alice.simplex")
	require.Equal(t, smp.ResolverError("timeout"), err)
}

func TestEndpointsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ url, authorization, reason string }{
		{"", "", "scheme"},
		{"127.0.0.1:8000", "", "not a URL"},
		{"ftp://names.example", "", "scheme"},
		{"file:///etc/names", "", "scheme"},
		{"http:///path", "", "no host"},
		{"https://u:secret@names.example", "", "user"},
		{"https://names.example?x=1", "", "query"},
		{"https://names.example?", "", "query"},
		{"https://names.example#x", "", "fragment"},
		{"http://u:secret@names example", "", "not a URL"},
		{"http://names.example", "Bearer secret", "in clear"},
		{"http://10.0.0.1", "Bearer secret", "in clear"},
		{"https://names.example", "Bearer secret\r\nX: y", "printable"},
	} {
		_, err := names.NewHTTP(test.url, test.authorization)
		require.ErrorIs(t, err, names.ErrEndpoint, test.url)
		require.ErrorContains(t, err, test.reason)
		require.NotContains(t, err.Error(), "secret")
	}
	for _, test := range []struct{ url, authorization string }{
		{"http://names.example", ""}, {"https://names.example", "Bearer secret"}, {"http://localhost:1", "Bearer secret"},
		{"http://[::1]:1", "Bearer secret"}, {"http://127.0.0.2", "Bearer secret"},
	} {
		_, err := names.NewHTTP(test.url, test.authorization)
		require.NoError(t, err, test.url)
	}
}

package names

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"smpcheck/reference/smp"
)

// MaxResponseLength is the longest answer of an endpoint, in bytes: more would not
// fit RNAME. SMP, "Name record response", wire-size budget.
const MaxResponseLength = 16000

// Bounds of the connections to an endpoint.
const (
	maxConnections = 10
	maxHeader      = 16 << 10
	idleTimeout    = time.Minute
)

// ErrEndpoint: an endpoint cannot be used; the text says why.
var ErrEndpoint = errors.New("endpoint of the resolver")

// What clients are told after NAME RESOLVER.
var (
	errTransport = smp.ResolverError("transport failure")
	errTimeout   = smp.ResolverError("timeout")
	errTooLarge  = smp.ResolverError("response too large")
	errInvalid   = smp.ResolverError("invalid response")
)

// HTTP is a resolver that asks an HTTP endpoint in the form that the document
// gives: GET BASE/resolve/NAME is answered with status 200 and a record in JSON,
// with 404 or 400 if there is no such name, and with another status if it fails.
// SMP, "Resolver commands".
//
// Redirects are not followed and the proxy settings of the environment are not
// used: nobody else gets to know the names.
type HTTP struct {
	base          string
	authorization string
	client        *http.Client
}

// NewHTTP returns a resolver for an endpoint: the URL before "/resolve/NAME", with
// the scheme http or https and without user, query and fragment. authorization is
// the value of that header, empty for none; it is not sent over http to another
// machine. The error is ErrEndpoint and does not repeat the authorization.
func NewHTTP(endpoint, authorization string) (*HTTP, error) {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: not a URL", ErrEndpoint) // err repeats what may have a password
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("%w: scheme %q, expected http or https", ErrEndpoint, u.Scheme)
	case u.User != nil:
		return nil, fmt.Errorf("%w: the URL has a user; credentials have a file of their own", ErrEndpoint)
	case u.Hostname() == "":
		return nil, fmt.Errorf("%w: the URL has no host", ErrEndpoint)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("%w: the URL has a query or a fragment", ErrEndpoint)
	case authorization != "" && u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, fmt.Errorf("%w: credentials would be sent in clear to another machine; use https", ErrEndpoint)
	case strings.ContainsFunc(authorization, func(c rune) bool { return c < ' ' || c > '~' }):
		return nil, fmt.Errorf("%w: the credentials have a character that is not printable ASCII", ErrEndpoint)
	}
	return &HTTP{
		base:          strings.TrimRight(u.String(), "/"),
		authorization: authorization,
		client: &http.Client{
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{
				DialContext:            new(net.Dialer).DialContext,
				MaxConnsPerHost:        maxConnections,
				MaxIdleConnsPerHost:    maxConnections,
				MaxResponseHeaderBytes: maxHeader,
				IdleConnTimeout:        idleTimeout,
				DisableCompression:     true,
			},
		},
	}, nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// Resolve asks the endpoint. It takes as long as ctx allows. Its errors are
// smp.ErrNameNotFound and smp.ResolverError, whose texts say nothing about the
// endpoint but the status.
func (h *HTTP) Resolve(ctx context.Context, name string) (smp.NameRecord, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.base+"/resolve/"+url.PathEscape(name), nil)
	if err != nil {
		return smp.NameRecord{}, errTransport
	}
	request.Header.Set("Accept", "application/json")
	if h.authorization != "" {
		request.Header.Set("Authorization", h.authorization)
	}
	response, err := h.client.Do(request)
	if err != nil {
		return smp.NameRecord{}, failure(ctx)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusBadRequest:
		return smp.NameRecord{}, smp.ErrNameNotFound
	default:
		return smp.NameRecord{}, smp.ResolverError(fmt.Sprintf("HTTP %d", response.StatusCode))
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, MaxResponseLength+1))
	switch {
	case err != nil:
		return smp.NameRecord{}, failure(ctx)
	case len(body) > MaxResponseLength:
		return smp.NameRecord{}, errTooLarge
	}
	record, err := smp.ParseNameRecord(body)
	if err != nil {
		return smp.NameRecord{}, errInvalid
	}
	return record, nil
}

// failure is the error of a request that was not answered.
func failure(ctx context.Context) error {
	if ctx.Err() != nil {
		return errTimeout
	}
	return errTransport
}

// Close closes the connections that nobody uses.
func (h *HTTP) Close() { h.client.CloseIdleConnections() }

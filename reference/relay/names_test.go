package relay_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// resolver is a relay.Resolver that calls a function.
type resolver func(ctx context.Context, name string) (smp.NameRecord, error)

func (r resolver) Resolve(ctx context.Context, name string) (smp.NameRecord, error) {
	return r(ctx, name)
}

// resolving gives a relay the names role.
func resolving(resolve resolver, change ...func(*relay.NamesConfig)) func(*relay.Config) {
	return func(c *relay.Config) {
		c.Names = &relay.NamesConfig{Resolver: resolve, Timeout: patience}
		for _, f := range change {
			f(c.Names)
		}
	}
}

// account is some address of an owner and of a contract.
var account = "0x" + strings.Repeat("0a", 20)

// recordOf is the record of a name.
func recordOf(name string) smp.NameRecord {
	return smp.NameRecord{
		Name: name, SimplexContact: []string{"https://smp.example/a#x"}, SimplexChannel: []string{}, Owner: account, Resolver: account,
	}
}

// directory knows every name below the top-level domain "simplex".
func directory(_ context.Context, name string) (smp.NameRecord, error) {
	if !strings.HasSuffix(name, ".simplex") {
		return smp.NameRecord{}, smp.ErrNameNotFound
	}
	return recordOf(name), nil
}

var someName = smp.RSLV{Domain: "alice.simplex"}

func TestNames(t *testing.T) {
	t.Parallel()
	e := start(t, resolving(directory))
	c, p := connect(t, e, 20), behind(t, e, 20, 20)
	for _, do := range []func(smp.Command) smp.Response{
		func(command smp.Command) smp.Response { return c.do(noKey, nil, command) },
		func(command smp.Command) smp.Response { return p.do(noKey, nil, command) },
	} {
		require.Equal(t, smp.RNAME{Record: recordOf("alice.simplex")}, do(smp.RSLV{Domain: "Alice.SIMPLEX"}))
		require.Equal(t, refused(smp.ErrNameNotFound), do(smp.RSLV{Domain: "alice.example"}))
	}
	key := newKey(t, keys.Ed25519)
	require.Equal(t, refused(smp.ErrCmdHasAuth), c.do(key, nil, someName))
	require.Equal(t, refused(smp.ErrCmdHasAuth), c.do(noKey, newID(), someName))
}

func TestNamesBelowTheirVersion(t *testing.T) {
	t.Parallel()
	e := start(t, resolving(func(context.Context, string) (smp.NameRecord, error) {
		t.Error("looked up")
		return smp.NameRecord{}, nil
	}))
	for _, version := range []uint16{6, 7, 18, 19} {
		require.Equal(t, refused(smp.ErrCmdUnknown), connect(t, e, version).do(noKey, nil, someName), "version %d", version)
	}
	require.Equal(t, refused(smp.ErrCmdUnknown), behind(t, e, 20, 19).do(noKey, nil, someName))
}

func TestRelayWithoutNames(t *testing.T) {
	t.Parallel()
	e := start(t)
	require.Equal(t, refused(smp.ErrNameNoResolver), connect(t, e, 20).do(noKey, nil, someName))
	require.Equal(t, refused(smp.ErrNameNoResolver), behind(t, e, 20, 20).do(noKey, nil, someName))
}

func TestFailuresOfAResolver(t *testing.T) {
	t.Parallel()
	large := recordOf("large.simplex")
	large.SimplexContact = []string{strings.Repeat("x", 15900)}
	odd := recordOf("odd.simplex")
	odd.Owner = "somebody"
	for name, test := range map[string]struct {
		record smp.NameRecord
		err    error
		want   string
	}{
		"text for clients": {err: smp.ResolverError("HTTP 502"), want: "HTTP 502"},
		"another error":    {err: errors.New("secret detail"), want: "resolver error"},
		"another code":     {err: smp.ErrAuth, want: "resolver error"},
		"too large":        {record: large, want: "response too large"},
		"no record":        {record: odd, want: "invalid response"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := start(t, resolving(func(context.Context, string) (smp.NameRecord, error) { return test.record, test.err }))
			want := refused(smp.ResolverError(test.want))
			require.Equal(t, want, connect(t, e, 20).do(noKey, nil, someName))
			require.Equal(t, want, behind(t, e, 20, 20).do(noKey, nil, someName))
		})
	}
}

// The longest record that is sent arrives, also through a proxy.
func TestLongestRecord(t *testing.T) {
	t.Parallel()
	record := recordOf("long.simplex")
	record.SimplexContact = []string{""}
	encoded, err := smp.EncodeResponse(20, smp.RNAME{Record: record})
	require.NoError(t, err)
	record.SimplexContact[0] = strings.Repeat("x", 16000+len("RNAME ")-len(encoded))
	e := start(t, resolving(func(context.Context, string) (smp.NameRecord, error) { return record, nil }))
	require.Equal(t, smp.RNAME{Record: record}, connect(t, e, 20).do(noKey, nil, someName))
	require.Equal(t, smp.RNAME{Record: record}, behind(t, e, 20, 20).do(noKey, nil, someName))
	record.SimplexContact[0] += "x"
	require.Equal(t, refused(smp.ResolverError("response too large")), connect(t, e, 20).do(noKey, nil, someName))
}

func TestLookupThatTakesTooLong(t *testing.T) {
	t.Parallel()
	e := start(t, resolving(func(ctx context.Context, _ string) (smp.NameRecord, error) {
		<-ctx.Done()
		return smp.NameRecord{}, ctx.Err()
	}, func(c *relay.NamesConfig) { c.Timeout = time.Millisecond }))
	require.Equal(t, refused(smp.ResolverError("timeout")), connect(t, e, 20).do(noKey, nil, someName))
	require.Equal(t, refused(smp.ResolverError("timeout")), behind(t, e, 20, 20).do(noKey, nil, someName))
}

// slow returns a resolver whose lookups end when the function is called, and a
// channel that has an element for each lookup under way.
func slow() (resolve resolver, begun chan struct{}, end func()) {
	begun, ended := make(chan struct{}, 100), make(chan struct{})
	return func(ctx context.Context, name string) (smp.NameRecord, error) {
		begun <- struct{}{}
		select {
		case <-ended:
			return recordOf(name), nil
		case <-ctx.Done():
			return smp.NameRecord{}, ctx.Err()
		}
	}, begun, func() { close(ended) }
}

func await(t *testing.T, begun chan struct{}) {
	t.Helper()
	select {
	case <-begun:
	case <-time.After(patience):
		require.FailNow(t, "the resolver is not asked")
	}
}

func TestSlowLookupDelaysNobody(t *testing.T) {
	t.Parallel()
	resolve, begun, end := slow()
	e := start(t, resolving(resolve))
	c, p := connect(t, e, 20), behind(t, e, 20, 20)
	q := c.newQueue(contact, onlyCreate)

	sent, encoded := c.request(noKey, nil, someName)
	c.write(encoded)
	inner := p.inner(noKey, nil, someName)
	content, err := inner.AppendBlock(nil, 20)
	require.NoError(t, err)
	forwarded, _ := p.seal(inner.CorrelationID, content)
	nonce, _ := p.writeRFWD(forwarded)
	await(t, begun)
	await(t, begun)

	require.Equal(t, smp.OK{}, c.send(q, "directly"))
	require.Equal(t, smp.OK{}, p.do(noKey, q.sndID, smp.SEND{Body: []byte("forwarded")}))
	end()
	answer := c.next()
	require.Equal(t, sent.CorrelationID, answer.Transmission.CorrelationID)
	require.Equal(t, smp.RNAME{Record: recordOf("alice.simplex")}, answer.Response)
	answer = p.next()
	require.Equal(t, nonce[:], answer.Transmission.CorrelationID)
	require.IsType(t, smp.RRES{}, answer.Response)
}

// Lookups above a limit are refused at once, those of other connections not, and
// a lookup that has ended makes room.
func TestLimitsOfLookups(t *testing.T) {
	t.Parallel()
	resolve, begun, end := slow()
	e := start(t, resolving(resolve, func(c *relay.NamesConfig) { c.MaxLookups, c.MaxClientLookups = 3, 2 }))
	busy := refused(smp.ResolverError("too many lookups"))
	first, second := connect(t, e, 20), connect(t, e, 20)
	ask := func(c *client) {
		_, encoded := c.request(noKey, nil, someName)
		c.write(encoded)
		await(t, begun)
	}
	ask(first)
	ask(first)
	require.Equal(t, busy, first.do(noKey, nil, someName), "two of the client")
	ask(second)
	require.Equal(t, busy, second.do(noKey, nil, someName), "three of all")
	end()
	for _, c := range []*client{first, first, second} {
		require.IsType(t, smp.RNAME{}, c.next().Response)
	}
	// A lookup is over for the limit a moment after its answer.
	require.Eventually(t, func() bool {
		_, resolved := first.do(noKey, nil, someName).(smp.RNAME)
		return resolved
	}, patience, time.Millisecond)
}

// Lookups under way count for a proxy's connection, not for the session of each
// forwarded command.
func TestLimitOfForwardedLookups(t *testing.T) {
	t.Parallel()
	resolve, begun, _ := slow()
	e := start(t, resolving(resolve, func(c *relay.NamesConfig) { c.MaxClientLookups = 1 }))
	p := behind(t, e, 20, 20)
	inner := p.inner(noKey, nil, someName)
	content, err := inner.AppendBlock(nil, 20)
	require.NoError(t, err)
	forwarded, _ := p.seal(inner.CorrelationID, content)
	p.writeRFWD(forwarded)
	await(t, begun)
	require.Equal(t, refused(smp.ResolverError("too many lookups")), p.do(noKey, nil, someName))
}

func TestClosingEndsLookups(t *testing.T) {
	t.Parallel()
	resolve, begun, _ := slow()
	e := start(t, resolving(resolve, func(c *relay.NamesConfig) { c.Timeout = time.Hour }))
	c := connect(t, e, 20)
	_, encoded := c.request(noKey, nil, someName)
	c.write(encoded)
	await(t, begun)
	require.NoError(t, e.Close())
}

func TestStageResolve(t *testing.T) {
	t.Parallel()
	e := start(t, resolving(directory), func(c *relay.Config) {
		c.Stages.Resolve = func(context.Context, *relay.Session, smp.RSLV) smp.Response { return nil }
	})
	c, p := connect(t, e, 20), behind(t, e, 20, 20)
	_, encoded := c.request(noKey, nil, someName)
	c.write(encoded)
	c.quiet()
	content, err := p.inner(noKey, nil, someName).AppendBlock(nil, 20)
	require.NoError(t, err)
	forwarded, _ := p.seal(newID(), content)
	p.writeRFWD(forwarded)
	p.quiet()
}

func TestNamesConfig(t *testing.T) {
	t.Parallel()
	for _, bad := range []relay.NamesConfig{
		{}, {Resolver: resolver(directory), Timeout: -1}, {Resolver: resolver(directory), MaxLookups: -1},
		{Resolver: resolver(directory), MaxClientLookups: -1},
	} {
		_, err := relay.New(relay.Config{Credentials: credentials(), Names: &bad})
		require.ErrorIs(t, err, relay.ErrConfig)
	}
}

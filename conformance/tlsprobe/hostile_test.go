package tlsprobe

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hostileTime is what a hostile server can cost; hostileSlack is for the
// scheduler of a busy machine.
const (
	hostileTime  = 300 * time.Millisecond
	hostileSlack = 5 * time.Second
)

// raw gives a server that sends bytes and then waits for the client to go.
func raw(b string) behaviour {
	return behaviour{instead: func(r *rogue) error {
		if err := r.write([]byte(b)); err != nil {
			return err
		}
		return r.drain()
	}}
}

func (r *rogue) drain() error {
	_, err := io.Copy(io.Discard, r.nc)
	return err
}

// endless gives a server that repeats bytes for as long as the client takes them.
func endless(b string) behaviour {
	return behaviour{instead: func(r *rogue) error {
		for {
			if err := r.write([]byte(b)); err != nil {
				return err
			}
		}
	}}
}

// A hostile server before its hello: each ends in time, with an error of its own.
func TestHostileHandshake(t *testing.T) {
	t.Parallel()
	fragment := "\x16\x03\x03\x40\x00" + strings.Repeat("\x05", MaxPlaintext)
	long := "\x16\x03\x03\x40\x00\x02\x03\xff\x00" + strings.Repeat("\x00", MaxPlaintext-4)
	protocol, alert := as[*ProtocolError](), as[*AlertError]()
	for name, test := range map[string]struct {
		behaviour
		want expectation
	}{
		"silence":                {behaviour{instead: (*rogue).drain}, is(ErrTimeout)},
		"closes at once":         {behaviour{instead: func(r *rogue) error { return io.EOF }}, is(ErrClosed)},
		"closes after the hello": {behaviour{instead: func(r *rogue) error { _, err := r.readHello(); return errors.Join(err, io.EOF) }}, is(ErrClosed)},
		"half a record":          {raw("\x16\x03\x03\x00\x50\x02"), is(ErrTimeout)},
		"text":                   {raw("HTTP/1.1 400 Bad Request\r\n\r\n"), protocol},
		"one byte of text":       {behaviour{instead: func(r *rogue) error { return r.write([]byte("H")) }}, protocol},
		"garbage":                {endless("\xff\x00\xaa"), protocol},
		"zeros":                  {endless(strings.Repeat("\x00", 1024)), protocol},
		"record too long":        {raw("\x16\x03\x03\x41\x01"), protocol},
		"plain record too long":  {raw("\x16\x03\x03\x40\x01" + strings.Repeat("\x00", MaxPlaintext+1)), protocol},
		"hello of length ffffff": {raw("\x16\x03\x03\x00\x04\x02\xff\xff\xff"), is(ErrLimit)},
		"endless handshake":      {endless(fragment), is(ErrLimit)},
		"long handshake":         {endless(long), protocol},
		"empty handshake record": {raw("\x16\x03\x03\x00\x00"), protocol},
		"other message":          {raw("\x16\x03\x03\x00\x04\x0b\x00\x00\x00"), protocol},
		"data before the hello":  {raw("\x17\x03\x03\x00\x01\x00"), protocol},
		"many change_cipher":     {endless("\x14\x03\x03\x00\x01\x01"), is(ErrLimit)},
		"bad change_cipher":      {raw("\x14\x03\x03\x00\x01\x02"), protocol},
		"many user_canceled":     {endless("\x15\x03\x03\x00\x02\x01\x5a"), is(ErrLimit)},
		"alert":                  {raw("\x15\x03\x03\x00\x02\x02\x28"), alert},
		"close_notify":           {raw("\x15\x03\x03\x00\x02\x01\x00"), alert},
		"long alert":             {raw("\x15\x03\x03\x00\x03\x02\x28\x00"), protocol},
		"a byte at a time":       {behaviour{instead: (*rogue).trickle}, is(ErrTimeout)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			_, err := Client(t.Context(), runRogue(t, test.behaviour), &Config{HandshakeTimeout: hostileTime})
			require.Less(t, time.Since(start), hostileTime+hostileSlack)
			require.True(t, test.want(err), "%v", err)
		})
	}
}

// trickle sends a hello that never ends, a byte a tick.
func (r *rogue) trickle() error {
	ticker := time.NewTicker(hostileTime / 10)
	defer ticker.Stop()
	for b := []byte("\x16\x03\x03\x40\x00"); ; b = append(b[1:], 0) {
		if err := r.write(b[:1]); err != nil {
			return err
		}
		<-ticker.C
	}
}

// A server that never reads stops a client at its deadline too.
func TestHostileWriteBlocks(t *testing.T) {
	t.Parallel()
	client, server := net.Pipe()
	defer func() { _ = server.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), hostileTime)
	defer cancel()
	_, err := Client(ctx, client, nil)
	require.ErrorIs(t, err, ErrTimeout)
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	require.True(t, timeout.Timeout())
}

func TestCancelledContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Client(ctx, runRogue(t, behaviour{instead: func(r *rogue) error {
		cancel()
		return r.drain()
	}}), nil)
	require.ErrorIs(t, err, context.Canceled)
}

// Chains too long for either limit end with ErrLimit; the certificates that were
// kept and the number sent are there to report.
func TestHostileChains(t *testing.T) {
	t.Parallel()
	entry := func(n int) []byte {
		return append(append([]byte{0, byte(n >> 8), byte(n)}, bytes.Repeat([]byte{0x30}, n)...), 0, 0)
	}
	chain := func(count, size int) behaviour {
		list := bytes.Repeat(entry(size), count)
		body := append([]byte{0, byte(len(list) >> 16), byte(len(list) >> 8), byte(len(list))}, list...)
		msg := append([]byte{byte(msgCertificate), byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
		return behaviour{message: map[messageType]func([]byte) []byte{msgCertificate: func([]byte) []byte { return msg }}}
	}
	_, err := probeRogue(t, chain(1000, 400), nil)
	require.ErrorIs(t, err, ErrLimit)

	_, err = probeRogue(t, chain(1000, 20), nil)
	require.ErrorIs(t, err, ErrLimit)
	var failed *HandshakeError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, 1000, failed.State.CertificateCount)
	require.Len(t, failed.State.PeerCertificates, DefaultMaxCertificates)
}

// The limit on the handshake counts all its messages together, to the byte.
func TestHandshakeLimitIsExact(t *testing.T) {
	t.Parallel()
	c, err := probeRogue(t, behaviour{}, nil)
	require.NoError(t, err)
	total := c.in.total
	_, err = probeRogue(t, behaviour{}, &Config{MaxHandshakeBytes: total})
	require.NoError(t, err)
	_, err = probeRogue(t, behaviour{}, &Config{MaxHandshakeBytes: total - 1})
	require.ErrorIs(t, err, ErrLimit)
}

// What a server may do after the handshake, and what ends the connection.
func TestHostileRecords(t *testing.T) {
	t.Parallel()
	data := func(r *rogue) error { return r.writeRecord(ContentApplicationData, []byte("hello")) }
	repeat := func(typ ContentType, content string) func(*rogue) error {
		return func(r *rogue) error {
			for {
				if err := r.writeRecord(typ, []byte(content)); err != nil {
					return err
				}
				if content == "\x18\x00\x00\x01\x00" {
					if err := r.out.update(); err != nil {
						return err
					}
				}
			}
		}
	}
	once := func(typ ContentType, content string) func(*rogue) error {
		return func(r *rogue) error { return r.writeRecord(typ, []byte(content)) }
	}
	ticket := "\x04\x00\x00\x0f\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x01\x01\x00\x00"
	protocol, alert := as[*ProtocolError](), as[*AlertError]()
	for name, test := range map[string]struct {
		after func(*rogue) error
		text  string
		want  expectation
	}{
		"data":                   {data, "hello", is(ErrClosed)},
		"empty data":             {repeat(ContentApplicationData, ""), "", is(ErrLimit)},
		"key updates":            {repeat(ContentHandshake, "\x18\x00\x00\x01\x00"), "", is(ErrLimit)},
		"tickets":                {repeat(ContentHandshake, ticket), "", is(ErrLimit)},
		"canceled then closed":   {both(once(ContentAlert, "\x01\x5a"), once(ContentAlert, "\x01\x00")), "", is(io.EOF)},
		"closed with level 2":    {both(data, once(ContentAlert, "\x02\x00")), "hello", is(io.EOF)},
		"alert":                  {both(data, once(ContentAlert, "\x02\x50")), "hello", alert},
		"plain alert":            {func(r *rogue) error { return r.write([]byte("\x15\x03\x03\x00\x02\x02\x28")) }, "", protocol},
		"plain data":             {func(r *rogue) error { return r.write([]byte("\x17\x03\x03\x00\x05hello")) }, "", protocol},
		"change_cipher_spec":     {func(r *rogue) error { return r.write([]byte("\x14\x03\x03\x00\x01\x01")) }, "", protocol},
		"protected cipher spec":  {once(ContentChangeCipherSpec, "\x01"), "", protocol},
		"unknown type inside":    {once(99, "x"), "", protocol},
		"no type inside":         {once(0, "\x00\x00"), "", protocol},
		"too much inside":        {once(ContentApplicationData, strings.Repeat("x", MaxPlaintext+1)), "", protocol},
		"data inside a message":  {both(once(ContentHandshake, "\x04\x00"), data), "", protocol},
		"bytes behind keyupdate": {once(ContentHandshake, "\x18\x00\x00\x01\x00\x04"), "", protocol},
		"key update 2":           {once(ContentHandshake, "\x18\x00\x00\x01\x02"), "", protocol},
		"long key update":        {once(ContentHandshake, "\x18\x00\x00\x02\x00\x00"), "", protocol},
		"malformed ticket":       {once(ContentHandshake, "\x04\x00\x00\x01\x00"), "", protocol},
		"certificate request":    {once(ContentHandshake, "\x0d\x00\x00\x00"), "", protocol},
		"message over the limit": {once(ContentHandshake, "\x04\xff\xff\xff"), "", is(ErrLimit)},
		"replayed record":        {replayed, "hello", protocol},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := probeRogue(t, behaviour{after: test.after}, nil)
			require.NoError(t, err)
			text, err := io.ReadAll(eofHidden{c})
			require.Equal(t, test.text, string(text))
			require.True(t, test.want(err), "%v", err)
			_, again := c.Read(make([]byte, 1))
			require.Equal(t, errors.Unwrap(err), again, "a fatal error stays")
		})
	}
}

// eofHidden keeps io.ReadAll from swallowing io.EOF.
type eofHidden struct{ io.Reader }

type readError struct{ error }

func (e readError) Unwrap() error { return e.error }

func (r eofHidden) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	if err != nil {
		err = readError{err}
	}
	return n, err
}

func both(first, second func(*rogue) error) func(*rogue) error {
	return func(r *rogue) error { return errors.Join(first(r), second(r)) }
}

// replayed sends the same record twice.
func replayed(r *rogue) error {
	record := r.out.seal(nil, ContentApplicationData, TLS12, []byte("hello"))
	return r.write(append(record, record...))
}

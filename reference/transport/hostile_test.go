package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// zeros never ends.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// hostile are peers that do not play by the rules. Each returns when the
// connection is closed.
var hostile = map[string]func(net.Conn){
	"is silent":      func(c net.Conn) { io.Copy(io.Discard, c) },
	"closes at once": func(c net.Conn) { c.Close() },
	"sends zeros":    func(c net.Conn) { io.Copy(c, zeros{}) },
	"sends garbage":  func(c net.Conn) { c.Write([]byte("GET / HTTP/1.1\r\nHost: relay\r\n\r\n")); io.Copy(io.Discard, c) },
	"sends half a record": func(c net.Conn) {
		c.Write([]byte{recordHandshake, 3, 3, 0x40, 0, 1, 2, 3})
		io.Copy(io.Discard, c)
	},
	"sends endless records": func(c net.Conn) {
		record := append([]byte{recordHandshake, 3, 3, 0x40, 0, 2, 0xff, 0xff, 0xff}, make([]byte, 1<<14-4)...)
		for {
			if _, err := c.Write(record); err != nil {
				return
			}
		}
	},
	"sends endless alerts": func(c net.Conn) {
		for {
			if _, err := c.Write([]byte{recordAlert, 3, 3, 0, 2, 1, 0}); err != nil {
				return
			}
		}
	},
}

const short = 150 * time.Millisecond

func TestHostilePeersBelowTLS(t *testing.T) {
	t.Parallel()
	for name, peer := range hostile {
		for side, run := range map[string]func(net.Conn) error{
			"client": func(c net.Conn) error {
				_, err := Client(context.Background(), c, ClientConfig{KeyHash: keyHash(relay()), Timeout: short})
				return err
			},
			"server": func(c net.Conn) error {
				_, err := Server(context.Background(), c, ServerConfig{Credentials: relay(), Timeout: short})
				return err
			},
		} {
			t.Run(side+" whose peer "+name, func(t *testing.T) {
				t.Parallel()
				near, far := tcpPair(t)
				done := make(chan struct{})
				go func() {
					defer close(done)
					peer(far)
				}()
				start := time.Now()
				require.Error(t, run(near))
				require.Less(t, time.Since(start), patience)
				<-done // the connection was closed
			})
		}
	}
}

func TestHostilePeersInsideTLS(t *testing.T) {
	t.Parallel()
	half := make([]byte, BlockSize/2)
	for _, test := range []struct {
		name string
		peer func(net.Conn)
		err  error
	}{
		{"is silent", func(c net.Conn) { io.Copy(io.Discard, c) }, context.DeadlineExceeded},
		{"sends half a block", func(c net.Conn) { c.Write(half); io.Copy(io.Discard, c) }, context.DeadlineExceeded},
		{"sends half a block and closes", func(c net.Conn) { c.Write(half); c.Close() }, io.ErrUnexpectedEOF},
		{"closes", func(c net.Conn) { c.Close() }, io.EOF},
		{"sends zeros", func(c net.Conn) { io.Copy(c, zeros{}) }, ErrHandshakeParse},
		{"sends a length of 65535", func(c net.Conn) { c.Write(bytes.Repeat([]byte{0xff}, BlockSize)); io.Copy(io.Discard, c) }, ErrLargeMessage},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, side := range []string{"client", "server"} {
				a, b := tcpPair(t)
				client, server := secure(t, a, b, ClientConfig{KeyHash: keyHash(relay())}, ServerConfig{Credentials: relay()})
				near, far := client, server
				run := func() error {
					_, err := ClientHandshake(context.Background(), near, near.Binding(), ClientConfig{KeyHash: keyHash(relay()), Timeout: short})
					return err
				}
				if side == "server" {
					near, far = server, client
					run = func() error {
						_, err := ServerHandshake(context.Background(), near, near.Binding(), ServerConfig{Credentials: relay(), Timeout: short})
						return err
					}
				}
				done := make(chan struct{})
				go func() {
					defer close(done)
					test.peer(far)
				}()
				err := run()
				if errors.Is(test.err, io.EOF) { // or a reset, if the peer closed with our hello unread
					require.Error(t, err, side)
				} else if !errors.Is(err, test.err) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("%s: %v, expected %v", side, err, test.err)
				}
				far.Abort()
				<-done
			}
		})
	}
}

func TestThousandCertificates(t *testing.T) {
	t.Parallel()
	own, err := certificate(relay())
	require.NoError(t, err)
	own.Certificate = slices.Repeat(own.Certificate[1:], 500)
	own.Certificate = append([][]byte{relay().Chain[0]}, own.Certificate...)
	a, b := tcpPair(t)
	ctx := testContext(t)
	c, _ := both(
		func() (*Conn, error) { return Client(ctx, a, ClientConfig{KeyHash: keyHash(relay())}) },
		func() (struct{}, error) {
			s := tls.Server(b, &tls.Config{Certificates: []tls.Certificate{own}})
			return struct{}{}, s.HandshakeContext(ctx)
		})
	require.Error(t, c.err)
}

func TestContextEndsHandshakes(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(context.Context, net.Conn) error{
		"Client": func(ctx context.Context, c net.Conn) error {
			_, err := Client(ctx, c, ClientConfig{KeyHash: keyHash(relay())})
			return err
		},
		"Server": func(ctx context.Context, c net.Conn) error {
			_, err := Server(ctx, c, ServerConfig{Credentials: relay()})
			return err
		},
		"ClientHandshake": func(ctx context.Context, c net.Conn) error {
			_, err := ClientHandshake(ctx, c, Binding{}, ClientConfig{})
			return err
		},
		"ServerHandshake": func(ctx context.Context, c net.Conn) error {
			_, err := ServerHandshake(ctx, c, Binding{}, ServerConfig{Credentials: relay()})
			return err
		},
	} {
		near, far := tcpPair(t)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- run(ctx, near) }()
		if name != "ClientHandshake" && name != "Server" { // they wait for the peer first
			_, err := far.Read(make([]byte, 1))
			require.NoError(t, err)
		}
		cancel()
		require.ErrorIs(t, <-done, context.Canceled, name)
		far.SetReadDeadline(time.Now().Add(patience))
		_, err := io.Copy(io.Discard, far)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "%s: connection is still open", name)
	}
}

func TestDialFails(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	_, err = Dial(testContext(t), address, ClientConfig{KeyHash: keyHash(relay())})
	require.Error(t, err)
}

package transport

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// pairAt returns two ends in memory that agreed on version, and what is below
// them.
func pairAt(t testing.TB, version uint16) (client, server *Conn, clientEnd, serverEnd *recorder) {
	t.Helper()
	c, s := handshake(t, ClientConfig{KeyHash: keyHash(relay()), Versions: wire.Versions(6, version)}, ServerConfig{Credentials: relay()})
	require.NoError(t, c.err)
	require.NoError(t, s.err)
	clientEnd, serverEnd = c.value.conn.(*recorder), s.value.conn.(*recorder)
	clientEnd.written, clientEnd.writes = nil, 0
	return c.value, s.value, clientEnd, serverEnd
}

// readAll reads n blocks.
func readAll(c *Conn, n int) ([][]byte, error) {
	var list [][]byte
	for range n {
		content, err := c.ReadBlock()
		if err != nil {
			return list, err
		}
		list = append(list, content)
	}
	return list, nil
}

func TestContentLimits(t *testing.T) {
	t.Parallel()
	for version, limit := range map[uint16]int{smp.VersionBlockEncryption - 1: 16382, smp.VersionBlockEncryption: 16366} {
		client, server, end, _ := pairAt(t, version)
		require.Equal(t, limit, client.MaxContent())
		tooLong := make([]byte, limit+1)
		require.ErrorIs(t, client.WriteBlock(tooLong), ErrLargeMessage)
		require.ErrorIs(t, client.WriteBlocks(nil, []byte("a"), tooLong), ErrLargeMessage)
		require.Empty(t, end.written, "part of a refused batch was sent")

		for _, content := range [][]byte{{}, {1}, bytes.Repeat([]byte{7}, limit)} {
			w, r := both(
				func() (struct{}, error) { return struct{}{}, client.WriteBlock(content) },
				func() ([]byte, error) { return server.ReadBlock() })
			require.NoError(t, w.err)
			require.NoError(t, r.err, "the keys are out of step")
			require.Equal(t, content, r.value)
		}
		require.Len(t, end.written, 3*BlockSize)
	}
}

func TestBlocksShareWrites(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{6, 20} {
		for n, writes := range map[int]int{0: 0, 1: 1, 2: 1, blocksPerWrite: 1, blocksPerWrite + 1: 2, 2*blocksPerWrite + 3: 3} {
			a, b := tcpPair(t)
			counted := &recorder{Conn: a}
			client, server := connect(t, counted, b,
				ClientConfig{KeyHash: keyHash(relay()), Versions: wire.Versions(6, version)}, ServerConfig{Credentials: relay()})
			before := counted.writes
			var contents [][]byte
			for i := range n {
				contents = append(contents, binary.BigEndian.AppendUint32(nil, uint32(i)))
			}
			w, r := both(
				func() (struct{}, error) { return struct{}{}, client.WriteBlocks(contents...) },
				func() ([][]byte, error) { return readAll(server, n) })
			require.NoError(t, w.err)
			require.NoError(t, r.err)
			require.Equal(t, contents, r.value)
			require.Equal(t, writes, counted.writes-before, "%d blocks", n)
			exchange(t, client, server)
		}
	}
}

func TestFailedSharedWriteEndsWriting(t *testing.T) {
	t.Parallel()
	a, b := tcpPair(t)
	client, server := connect(t, a, b, ClientConfig{KeyHash: keyHash(relay())}, ServerConfig{Credentials: relay()})
	exchange(t, client, server)
	require.NoError(t, client.Abort())
	err := client.WriteBlocks([]byte("first"), []byte("other"))
	require.ErrorIs(t, err, net.ErrClosed)
	require.ErrorIs(t, client.WriteBlock([]byte("third")), net.ErrClosed)
}

func TestConcurrentReadersAndWriters(t *testing.T) {
	t.Parallel()
	a, b := tcpPair(t)
	client, server := connect(t, a, b, ClientConfig{KeyHash: keyHash(relay())}, ServerConfig{Credentials: relay()})
	const writers, blocks = 4, 25
	var wg sync.WaitGroup
	for _, c := range []*Conn{client, server} {
		for w := range writers {
			wg.Go(func() {
				for i := range blocks {
					// Two blocks with the same content, never parted.
					content := []byte{byte(w), byte(i)}
					if err := c.WriteBlocks(content, content); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Go(func() {
			next := [writers]byte{}
			for range writers * blocks {
				pair, err := readAll(c, 2)
				if err != nil {
					t.Error(err)
					return
				}
				if !bytes.Equal(pair[0], pair[1]) || pair[0][1] != next[pair[0][0]] {
					t.Errorf("blocks out of order: %v", pair)
				}
				next[pair[0][0]]++
			}
		})
	}
	wg.Wait()
}

func TestReadCanBeRepeatedAfterADeadline(t *testing.T) {
	t.Parallel()
	a, b := tcpPair(t)
	client, server := connect(t, a, b, ClientConfig{KeyHash: keyHash(relay())}, ServerConfig{Credentials: relay()})
	sealed, err := client.sealer.Seal(nil, []byte("late"))
	require.NoError(t, err)
	sent := 0
	for _, upTo := range []int{0, 5, 100, BlockSize - 1} {
		_, err := client.NetConn().Write(sealed[sent:upTo])
		require.NoError(t, err)
		sent = upTo
		require.NoError(t, server.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
		_, err = server.ReadBlock()
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	}
	_, err = client.NetConn().Write(sealed[sent:])
	require.NoError(t, err)
	require.NoError(t, server.SetReadDeadline(time.Now().Add(patience)))
	content, err := server.ReadBlock()
	require.NoError(t, err)
	require.Equal(t, "late", string(content))
	exchange(t, client, server)
}

func TestEndOfConnection(t *testing.T) {
	t.Parallel()
	_, server, end, _ := pairAt(t, 20)
	w, r := both(
		func() (struct{}, error) { return struct{}{}, end.Close() },
		func() ([]byte, error) { return server.ReadBlock() })
	require.NoError(t, w.err)
	require.Equal(t, io.EOF, r.err)

	for _, n := range []int{1, 16, 17, BlockSize - 1} {
		_, server, end, _ := pairAt(t, 20)
		_, r := both(
			func() (struct{}, error) {
				_, err := end.Conn.Write(make([]byte, n))
				end.Close()
				return struct{}{}, err
			},
			func() ([]byte, error) { return server.ReadBlock() })
		require.Equal(t, io.ErrUnexpectedEOF, r.err, "after %d bytes", n)
	}
}

func TestBlocksAfterABadOneCanBeRead(t *testing.T) {
	t.Parallel()
	client, server, end, _ := pairAt(t, 20)
	bad, err := client.sealer.Seal(nil, []byte("changed"))
	require.NoError(t, err)
	bad[100] ^= 1
	_, r := both(
		func() (int, error) { return end.Conn.Write(bad) },
		func() ([]byte, error) { return server.ReadBlock() })
	require.ErrorIs(t, r.err, ErrLargeMessage)
	exchange(t, client, server)

	_, server, end, _ = pairAt(t, 6)
	_, r = both(
		func() (int, error) { return end.Conn.Write(bytes.Repeat([]byte{0xff}, BlockSize)) },
		func() ([]byte, error) { return server.ReadBlock() })
	require.ErrorIs(t, r.err, ErrLargeMessage)
}

func TestNothingIsWrittenAfterAFailedWrite(t *testing.T) {
	t.Parallel()
	client, _, end, _ := pairAt(t, 20)
	require.NoError(t, client.SetWriteDeadline(time.Now().Add(10*time.Millisecond)))
	first := client.WriteBlock([]byte("nobody reads"))
	require.ErrorIs(t, first, os.ErrDeadlineExceeded)
	require.NoError(t, client.SetWriteDeadline(time.Time{}))
	writes := end.writes
	require.Equal(t, first, client.WriteBlock([]byte("again")))
	require.Equal(t, writes, end.writes)
}

func TestContentBelongsToTheCaller(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{6, 20} {
		client, server, _, _ := pairAt(t, version)
		w, r := both(
			func() (struct{}, error) { return struct{}{}, client.WriteBlocks([]byte("first"), []byte("other")) },
			func() ([][]byte, error) { return readAll(server, 2) })
		require.NoError(t, w.err)
		require.NoError(t, r.err)
		copy(r.value[0], "XXXXX")
		require.Equal(t, "other", string(r.value[1]))
		require.Equal(t, len(r.value[0]), cap(r.value[0]))
	}
}

func TestAbortDoesNotWaitForThePeer(t *testing.T) {
	t.Parallel()
	a, b := tcpPair(t)
	client, server := connect(t, a, b, ClientConfig{KeyHash: keyHash(relay())}, ServerConfig{Credentials: relay()})
	failed := make(chan error, 1)
	go func() {
		for {
			if err := server.WriteBlock(nil); err != nil { // the client does not read
				failed <- err
				return
			}
		}
	}()
	_, err := client.ReadBlock()
	require.NoError(t, err)
	start := time.Now()
	require.NoError(t, server.Abort())
	require.ErrorIs(t, <-failed, net.ErrClosed)
	require.Less(t, time.Since(start), 4*time.Second, "waited like Close")
}

func TestAccessors(t *testing.T) {
	t.Parallel()
	a, b := tcpPair(t)
	key := newKey(t, keys.X25519)
	client, server := connect(t, a, b,
		ClientConfig{KeyHash: keyHash(relay()), Key: key, Versions: wire.Versions(8, 17)},
		ServerConfig{Credentials: relay(), Versions: wire.Versions(6, 18)})
	require.Equal(t, key, client.SessionKey())
	require.Equal(t, key.Public(), server.PeerKey())
	require.Equal(t, wire.Versions(8, 17), client.Versions())
	require.Equal(t, wire.Versions(6, 17), server.Versions())
	require.Equal(t, relay().Chain, client.PeerChain())
	require.Equal(t, relay().Chain, client.ServerHello().Chain)
	require.Equal(t, server.ServerHello(), client.ServerHello())
	require.Equal(t, Protocol, server.ALPN())
	require.False(t, client.Proxy())
	require.NoError(t, client.SetDeadline(time.Now().Add(patience)))
	require.NoError(t, client.Close())
	_, err := server.ReadBlock()
	require.Equal(t, io.EOF, err)
}

func TestConnectionsPrintNoKeys(t *testing.T) {
	t.Parallel()
	client, server, _, _ := pairAt(t, 20)
	for _, c := range []*Conn{client, server} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
			require.Equal(t, "SMP connection", fmt.Sprintf(verb, c))
		}
	}
}

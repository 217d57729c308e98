package tlsprobe

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// RecordSize cuts every record; by default a block of 16384 bytes is one.
func TestRecordSizes(t *testing.T) {
	t.Parallel()
	for size, want := range map[int][]int{0: {16384}, 10000: {10000, 6384}, 16383: {16383, 1}} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			got := make(chan []int, 1)
			c, err := probeRogue(t, behaviour{after: func(r *rogue) error {
				if err := r.in.install(r.keys.suite, r.keys.clientApplication()); err != nil {
					return err
				}
				var sizes []int
				for total := 0; total < MaxPlaintext; {
					_, content, err := r.readRecord()
					if err != nil {
						return err
					}
					total += len(content)
					sizes = append(sizes, len(content))
				}
				got <- sizes
				return nil
			}}, &Config{RecordSize: size})
			require.NoError(t, err)
			n, err := c.Write(make([]byte, MaxPlaintext))
			require.NoError(t, err)
			require.Equal(t, MaxPlaintext, n)
			require.Equal(t, want, <-got)
		})
	}
}

// clientApplication is the client's first application traffic secret; the
// transcript of a rogue ends with its own Finished.
func (k *schedule) clientApplication() []byte { return k.derive("c ap traffic") }

// Records of the caller's making arrive as they were made.
func TestWriteRecordAndRaw(t *testing.T) {
	t.Parallel()
	type record struct {
		typ  ContentType
		size int
	}
	got := make(chan record, 4)
	rawBytes := make(chan string, 1)
	c, err := probeRogue(t, behaviour{after: func(r *rogue) error {
		if err := r.in.install(r.keys.suite, r.keys.clientApplication()); err != nil {
			return err
		}
		for range 2 {
			typ, content, err := r.readRecord()
			if err != nil {
				return err
			}
			got <- record{typ, len(content)}
		}
		rest, err := io.ReadAll(r.nc)
		rawBytes <- string(rest)
		return err
	}}, nil)
	require.NoError(t, err)
	require.NoError(t, c.WriteRecord(ContentApplicationData, nil))
	require.NoError(t, c.WriteRecord(ContentHandshake, []byte("abc")))
	require.Error(t, c.WriteRecord(ContentApplicationData, make([]byte, 1<<16)))
	require.NoError(t, c.WriteRaw([]byte("garbage")))
	require.NoError(t, c.nc.(interface{ CloseWrite() error }).CloseWrite())
	require.Equal(t, record{ContentApplicationData, 0}, <-got)
	require.Equal(t, record{ContentHandshake, 3}, <-got)
	require.Equal(t, "garbage", <-rawBytes)
}

// A Read that its deadline ends loses nothing, not even half a record.
func TestReadTimeoutLosesNothing(t *testing.T) {
	t.Parallel()
	more := make(chan struct{})
	c, err := probeRogue(t, behaviour{after: func(r *rogue) error {
		record := r.out.seal(nil, ContentApplicationData, TLS12, []byte("hello"))
		if err := r.write(record[:9]); err != nil {
			return err
		}
		<-more
		return r.write(record[9:])
	}}, nil)
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, c.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
		_, err = c.Read(make([]byte, 1))
		require.ErrorIs(t, err, ErrTimeout)
	}
	close(more)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
	requireRead(t, c, "he")
	requireRead(t, c, "llo")
}

// An answer to a key update waits for the writer, and both go on.
func TestKeyUpdateIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	answers := make(chan string, 3)
	c, err := probeRogue(t, behaviour{after: func(r *rogue) error {
		if err := r.in.install(r.keys.suite, r.keys.clientApplication()); err != nil {
			return err
		}
		for range 3 {
			if err := r.writeRecord(ContentHandshake, []byte{24, 0, 0, 1, 1}); err != nil {
				return err
			}
			if err := r.out.update(); err != nil {
				return err
			}
		}
		if err := r.writeRecord(ContentApplicationData, []byte("hello")); err != nil {
			return err
		}
		for range 3 {
			typ, content, err := r.readRecord()
			if err != nil {
				return err
			}
			answers <- fmt.Sprintf("%s %x", typ, content)
			if typ == ContentHandshake {
				if err := r.in.update(); err != nil {
					return err
				}
			}
		}
		return nil
	}}, nil)
	require.NoError(t, err)
	requireRead(t, c, "hello")
	for range 2 {
		_, err = c.Write([]byte("ok"))
		require.NoError(t, err)
	}
	require.Equal(t, "handshake 1800000100", <-answers)
	require.Equal(t, "application_data 6f6b", <-answers)
	require.Equal(t, "application_data 6f6b", <-answers)
}

// Closing ends a Read that waits; the peer has had its close_notify before.
func TestCloseEndsRead(t *testing.T) {
	t.Parallel()
	closed := make(chan string, 1)
	c, err := probeRogue(t, behaviour{after: func(r *rogue) error {
		if err := r.in.install(r.keys.suite, r.keys.clientApplication()); err != nil {
			return err
		}
		typ, content, err := r.readRecord()
		closed <- fmt.Sprintf("%s %x", typ, content)
		return err
	}}, nil)
	require.NoError(t, err)
	require.Equal(t, c.nc.RemoteAddr(), c.RemoteAddr())
	require.Equal(t, c.nc.LocalAddr(), c.LocalAddr())
	ended := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 1))
		ended <- err
	}()
	require.NoError(t, c.Close())
	require.Error(t, <-ended)
	require.Equal(t, "alert 0100", <-closed)
	_, err = c.Write([]byte("x"))
	require.ErrorIs(t, err, errShutdown)
	require.ErrorIs(t, c.Close(), net.ErrClosed)
}

// A peer that reads nothing stops a Write at its deadline, for good.
func TestWriteTimeoutStays(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	c, err := probeRogue(t, behaviour{after: func(*rogue) error {
		<-done
		return nil
	}}, nil)
	defer close(done)
	require.NoError(t, err)
	require.NoError(t, c.SetWriteDeadline(time.Now().Add(50*time.Millisecond)))
	_, err = c.Write(make([]byte, 64<<20))
	require.ErrorIs(t, err, ErrTimeout)
	require.NoError(t, c.SetWriteDeadline(time.Time{}))
	for _, again := range []error{c.UpdateKeys(false), c.WriteRaw([]byte{1}), c.CloseWrite()} {
		require.ErrorIs(t, again, ErrTimeout)
	}
}

// brokenConn takes no more bytes; what the peer said before can still be read.
type brokenConn struct{ cannedConn }

func (brokenConn) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// An alert that a server sent before it closed is told in place of the failing
// write.
func TestAlertBehindBrokenWrite(t *testing.T) {
	t.Parallel()
	said := func(b string) net.Conn {
		return brokenConn{cannedConn{bytes.NewReader([]byte(b)), new(bytes.Buffer)}}
	}
	_, err := Client(t.Context(), said("\x15\x03\x03\x00\x02\x02\x46"), nil)
	requireAlert(t, err, AlertProtocolVersion)
	_, err = Client(t.Context(), said(""), nil)
	require.ErrorIs(t, err, ErrClosed)
	require.ErrorIs(t, err, syscall.EPIPE)
}

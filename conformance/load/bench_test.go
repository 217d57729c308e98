package load_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/conformance/load"
	"smpcheck/conformance/target"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// The benchmarks measure a server in this process under the load of another one, so that
// what they report is the server's alone, and -cpuprofile and -memprofile show nothing
// else. The other process is this program again, with the work in its environment.
const workVariable = "SMPCHECK_LOAD_BENCHMARK"

// work is what the other process does.
type work struct {
	Address     string
	Echo        bool // of blocks in TLS, instead of messages
	Idle        bool // connections and queues until standard input ends, instead of messages
	Queues      int  // idle ones
	Connections int
	Version     uint16
	Seconds     float64
}

func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(workVariable); ok {
		var w work
		if err := json.Unmarshal([]byte(text), &w); err != nil {
			panic(err)
		}
		if err := w.do(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// do works, and prints an empty line when the set-up is over and then the number of
// messages or blocks.
func (w work) do() error {
	server, err := target.ParseAddress(w.Address)
	if err != nil {
		return err
	}
	if w.Echo {
		return w.echo(server.Address(), server.KeyHash)
	}
	mix, err := load.ParseMix("send")
	if err != nil {
		return err
	}
	o := load.Options{Target: server, Connections: w.Connections, Queues: w.Connections, Mix: mix, Keep: true,
		Versions: wire.Versions(w.Version, w.Version), Duration: time.Duration(w.Seconds * float64(time.Second))}
	if w.Idle {
		o.Queues, o.IdleQueues, o.Duration, o.Hold = 0, w.Queues, 0, load.MaxTime
	}
	announce := sync.OnceFunc(func() { fmt.Println() })
	o.Progress = func(p load.Progress) {
		if p.Phase == "load" || p.Phase == "hold" {
			announce()
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, os.Stdin) // however it ends
	}()
	report, err := load.Run(ctx, o)
	if err != nil {
		return err
	}
	if report.Messages.Wrong() > 0 || len(report.Errors) > 0 {
		return fmt.Errorf("messages %+v, errors %+v", report.Messages, report.Errors)
	}
	fmt.Println(report.Messages.Delivered)
	return nil
}

// echo sends a block on each connection and reads it back, until the time is over.
func (w work) echo(address string, keyHash []byte) error {
	conns := make([]net.Conn, w.Connections)
	for i := range conns {
		raw, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		if conns[i], err = transport.ClientTLS(context.Background(), raw, transport.ClientConfig{KeyHash: keyHash}); err != nil {
			return err
		}
	}
	fmt.Println()
	until := time.Now().Add(time.Duration(w.Seconds * float64(time.Second)))
	counts := make(chan int, len(conns))
	errs := make(chan error, len(conns))
	for _, conn := range conns {
		go func() {
			block, n := make([]byte, transport.BlockSize), 0
			var err error
			for ; err == nil && time.Now().Before(until); n++ {
				if _, err = conn.Write(block); err == nil {
					_, err = io.ReadFull(conn, block)
				}
			}
			counts <- n
			errs <- err
		}()
	}
	total := 0
	for range conns {
		total += <-counts
		if err := <-errs; err != nil {
			return err
		}
	}
	fmt.Println(total)
	return nil
}

// measure runs the work in another process and reports what this one spends meanwhile
// for each message or block.
func (w work) measure(b *testing.B, unit string) {
	w.Seconds = 3
	lines, end := w.start(b)
	before, began := readServer(b), time.Now()
	require.True(b, lines.Scan(), "the work failed")
	after, took := readServer(b), time.Since(began)
	end()
	var n float64
	_, err := fmt.Sscan(lines.Text(), &n)
	require.NoError(b, err)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(n/took.Seconds(), unit+"s/s")
	b.ReportMetric(float64((after.cpu-before.cpu).Microseconds())/n, "CPU-µs/"+unit)
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/n, "allocs/"+unit)
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/n, "B/"+unit)
}

// start starts the work in another process, and returns when the set-up is over: what the
// process prints, and how to end it.
func (w work) start(b *testing.B) (lines *bufio.Scanner, end func()) {
	text, err := json.Marshal(w)
	require.NoError(b, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), workVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	lines = bufio.NewScanner(out)
	require.True(b, lines.Scan(), "the set-up failed")
	return lines, func() {
		require.NoError(b, in.Close())
		require.NoError(b, cmd.Wait())
	}
}

// memory is what the heap and the stacks of this process hold, without garbage.
func memory() float64 {
	runtime.GC()
	runtime.GC() // what the first one has put aside of pools is gone
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}

// spent is what a process has spent.
type spent struct {
	runtime.MemStats
	cpu time.Duration
}

func readServer(b *testing.B) (s spent) {
	usage, err := load.UsageOf(os.Getpid())
	require.NoError(b, err)
	s.cpu = usage.CPU()
	runtime.ReadMemStats(&s.MemStats)
	return s
}

// BenchmarkRelay is the reference relay under message cycles in a closed loop.
func BenchmarkRelay(b *testing.B) {
	for _, version := range []uint16{6, 20} {
		for _, n := range []int{1, 100} {
			b.Run(fmt.Sprintf("version=%d/connections=%d", version, n), func(b *testing.B) {
				e, err := relay.Listen(b.Context(), "127.0.0.1:0", relay.Config{Credentials: identity(b)})
				require.NoError(b, err)
				defer e.Close()
				for b.Loop() {
					work{Address: e.Address(), Connections: n, Version: version}.measure(b, "message")
				}
			})
		}
	}
}

// BenchmarkIdle is the memory of the reference relay for a connection and for a queue
// that nobody uses, without garbage.
func BenchmarkIdle(b *testing.B) {
	for _, test := range []struct {
		unit string
		n    int
		work work
	}{
		{"connection", 1000, work{Connections: 1000}},
		{"queue", 100_000, work{Connections: 10, Queues: 100_000}},
	} {
		b.Run(test.unit, func(b *testing.B) {
			e, err := relay.Listen(b.Context(), "127.0.0.1:0", relay.Config{Credentials: identity(b)})
			require.NoError(b, err)
			defer e.Close()
			test.work.Address, test.work.Idle, test.work.Version = e.Address(), true, 20
			for b.Loop() {
				before := memory()
				_, end := test.work.start(b)
				b.ReportMetric((memory()-before)/float64(test.n), "B/"+test.unit)
				end()
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkEcho is the limit: a server that sends back blocks of TLS. A message cycle is
// two blocks to the relay and three from it.
func BenchmarkEcho(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("connections=%d", n), func(b *testing.B) {
			credentials := identity(b)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(b, err)
			defer l.Close()
			go echo(l, credentials)
			address := fmt.Sprintf("smp://%s@%s", credentials.Fingerprint(), l.Addr())
			for b.Loop() {
				work{Address: address, Connections: n, Echo: true}.measure(b, "block")
			}
		})
	}
}

// echo serves a listener until it is closed.
func echo(l net.Listener, credentials keys.Credentials) {
	for {
		raw, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			conn, err := transport.ServerTLS(context.Background(), raw, transport.ServerConfig{Credentials: credentials})
			if err != nil {
				return
			}
			defer conn.Close()
			block := make([]byte, transport.BlockSize)
			for {
				if _, err := io.ReadFull(conn, block); err != nil {
					return
				}
				if _, err := conn.Write(block); err != nil {
					return
				}
			}
		}()
	}
}

// identity makes the credentials of a relay.
func identity(tb testing.TB) keys.Credentials {
	tb.Helper()
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(tb, err)
	return credentials
}

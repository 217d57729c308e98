// Package control lets one process execute the commands of others: of those that
// are called for a profile which this process has open. A connection carries one
// command. Both sides send frames, JSON objects of one line each:
//
//	client  {"request":{"version":"…","args":[…]}}              the command
//	        {"input":"BASE64"} or {"input_end":true}            after "want"
//	        {"written":true} or {"broken":true}                 after "output" and "error_output"
//	        {"interrupt":true}                                  Ctrl-C
//	server  {"output":"BASE64"}, {"error_output":"BASE64"}      for the client's outputs
//	        {"want":true}                                       the command reads its input
//	        {"exit":0}                                          the end
//	both    {"alive":true}                                      every 15 seconds
//
// The server waits for "written", so that a command knows what has reached the
// terminal or file of its caller exactly as it knows of its own. Input is read only
// if the command wants it. A frame has at most MaxFrame bytes; who is silent for a
// minute, or does not read for half a minute, is disconnected.
package control

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// MaxFrame is the length of the longest frame in bytes. Longer output goes in parts.
const MaxFrame = 1 << 20

// maxPart is how much input or output one frame takes.
const maxPart = 512 << 10

// Deadlines.
const (
	requestTimeout = 10 * time.Second
	writeTimeout   = 30 * time.Second
	silenceTimeout = time.Minute
	alivePeriod    = 15 * time.Second
)

// ErrProtocol: the other side sent what it must not.
var ErrProtocol = errors.New("malformed message on the control socket")

// Request is a command as it was called.
type Request struct {
	Version string   `json:"version,omitempty"`
	Args    []string `json:"args,omitempty"`
	// Input, Output and Errors tell which of the streams are terminals.
	Input  bool `json:"input_terminal,omitempty"`
	Output bool `json:"output_terminal,omitempty"`
	Errors bool `json:"errors_terminal,omitempty"`
}

// frame is one line. Exactly one kind of field is set.
type frame struct {
	Request     *Request `json:"request,omitempty"`
	Input       []byte   `json:"input,omitempty"`
	InputEnd    bool     `json:"input_end,omitempty"`
	Written     bool     `json:"written,omitempty"`
	Broken      bool     `json:"broken,omitempty"`
	Interrupt   bool     `json:"interrupt,omitempty"`
	Output      []byte   `json:"output,omitempty"`
	ErrorOutput []byte   `json:"error_output,omitempty"`
	Want        bool     `json:"want,omitempty"`
	Exit        *int     `json:"exit,omitempty"`
	Alive       bool     `json:"alive,omitempty"`
}

// framed is a connection that carries frames. One goroutine reads; any may write.
type framed struct {
	conn   net.Conn
	reader *bufio.Reader
	mu     sync.Mutex
}

func newFramed(conn net.Conn) *framed {
	return &framed{conn: conn, reader: bufio.NewReaderSize(conn, MaxFrame)}
}

func (f *framed) read(timeout time.Duration) (frame, error) {
	var v frame
	if err := f.conn.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return v, err
	}
	line, err := f.reader.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return v, fmt.Errorf("%w: longer than %d bytes", ErrProtocol, MaxFrame)
	}
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(line, &v); err != nil {
		return v, fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	return v, nil
}

func (f *framed) write(v frame) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	_, err = f.conn.Write(append(line, '\n'))
	return err
}

// stayAlive sends signs of life until stop is closed or the connection fails.
func (f *framed) stayAlive(stop <-chan struct{}) {
	ticker := time.NewTicker(alivePeriod)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			if f.write(frame{Alive: true}) != nil {
				return
			}
		}
	}
}

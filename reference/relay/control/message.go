package control

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// The commands of requests.
const (
	CommandStats   = "stats"
	CommandBlock   = "block"
	CommandUnblock = "unblock"
)

// Lengths of lines, in bytes and with the line feed.
const (
	maxRequest  = 4096
	maxResponse = 64 << 10
)

// maxID is the longest id, in bytes.
const maxID = 255

// ErrMessage: a line is no request or response; the text says why.
var ErrMessage = errors.New("malformed control message")

// Request is what an operator asks.
type Request struct {
	// Command is one of the constants.
	Command string `json:"command"`
	// Queue is the sender id or link id of the queue for block and unblock: see
	// EncodeID.
	Queue string `json:"queue,omitempty"`
	// Relay is the fingerprint of the relay that the queue is on; empty for
	// whichever relay it is.
	Relay string `json:"relay,omitempty"`
	// Reason is "spam" or "content", for block.
	Reason smp.BlockingReason `json:"reason,omitempty"`
	// NoticeSeconds asks clients to show a notice for so long, 0 for no limit; nil
	// for no notice. For block.
	NoticeSeconds *int64 `json:"notice_seconds,omitempty"`
}

// Response answers a request.
type Response struct {
	// Error is a sentence, empty if the request was executed.
	Error string `json:"error,omitempty"`
	// Stats answers stats.
	Stats *Stats `json:"stats,omitempty"`
}

// Stats are relay.Stats in JSON.
type Stats struct {
	UptimeSeconds float64           `json:"uptime_seconds"`
	Connections   int               `json:"connections"`
	Handshakes    int               `json:"handshakes"`
	Queues        int               `json:"queues"`
	Blocked       int               `json:"blocked"`
	Messages      int               `json:"messages"`
	Destinations  int               `json:"destinations"`
	BytesReceived uint64            `json:"bytes_received"`
	BytesSent     uint64            `json:"bytes_sent"`
	Commands      map[string]uint64 `json:"commands"`
	Errors        map[string]uint64 `json:"errors"`
}

func statsOf(s relay.Stats) *Stats {
	return &Stats{
		UptimeSeconds: s.Uptime.Seconds(),
		Connections:   s.Connections,
		Handshakes:    s.Handshakes,
		Queues:        s.Queues,
		Blocked:       s.Blocked,
		Messages:      s.Messages,
		Destinations:  s.Destinations,
		BytesReceived: s.BytesReceived,
		BytesSent:     s.BytesSent,
		Commands:      s.Commands,
		Errors:        s.Errors,
	}
}

// EncodeID is the form of an id in a request: base64url without padding.
func EncodeID(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }

// DecodeID reads base64url with or without padding, of 1 to 255 bytes, in its one form.
func DecodeID(text string) ([]byte, error) {
	id, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	oneForm := text == EncodeID(id) || text == base64.URLEncoding.EncodeToString(id) // base64 skips line ends
	if err != nil || !oneForm || len(id) == 0 || len(id) > maxID {
		return nil, fmt.Errorf("%w: the id of the queue is not base64url of 1 to %d bytes", ErrMessage, maxID)
	}
	return id, nil
}

// id is the id of the queue, checked to be on the relay.
func (r *Request) id(fingerprint keys.Fingerprint) ([]byte, error) {
	if r.Relay != "" {
		want, err := keys.ParseFingerprint(r.Relay)
		if err != nil {
			return nil, fmt.Errorf("%w: the fingerprint of the relay", ErrMessage)
		}
		if want != fingerprint {
			return nil, errors.New("the queue is on another relay")
		}
	}
	return DecodeID(r.Queue)
}

// info is the reason with the notice.
func (r *Request) info() smp.BlockingInfo {
	info := smp.BlockingInfo{Reason: r.Reason}
	switch n := r.NoticeSeconds; {
	case n == nil:
	case *n == 0:
		info.Notice = &smp.ClientNotice{}
	default:
		info.Notice = &smp.ClientNotice{TTL: n}
	}
	return info
}

// writeLine writes a message.
func writeLine(w io.Writer, message any) error {
	line, err := json.Marshal(message)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// readLine reads a message of at most limit bytes.
func readLine(r io.Reader, limit int64, message any) error {
	line, err := bufio.NewReader(io.LimitReader(r, limit)).ReadBytes('\n')
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: it does not end after %d bytes", ErrMessage, len(line))
	}
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(message); err != nil {
		return fmt.Errorf("%w: %w", ErrMessage, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: something follows the object", ErrMessage)
	}
	return nil
}

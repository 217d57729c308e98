package seed

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Kind says what an Item is.
type Kind string

// The kinds of items.
const (
	// CommandBlock and ResponseBlock are contents of blocks, decrypted and without padding.
	CommandBlock  Kind = "command-block"
	ResponseBlock Kind = "response-block"
	// The hellos are contents of blocks too.
	ServerHello     Kind = "server-hello"
	ClientHello     Kind = "client-hello"
	ServiceResponse Kind = "service-response"
	// Message and Notification are the decrypted contents of MSG and NMSG.
	Message      Kind = "message"
	Notification Kind = "notification"
	// ForwardedCommand and ForwardedResponse are those of RFWD and RRES.
	ForwardedCommand  Kind = "forwarded-command"
	ForwardedResponse Kind = "forwarded-response"
	// Transmission, Command and Response are parts of the blocks.
	Transmission Kind = "transmission"
	Command      Kind = "command"
	Response     Kind = "response"
)

// Item is something that an implementation has sent.
type Item struct {
	Kind Kind
	// Version is that of the connection.
	Version uint16
	// SessionID is the identifier of the connection, where it is sent: in blocks of
	// version 6.
	SessionID []byte
	Data      []byte
}

// Write writes items as text, one a line: kind, version, session identifier and data, the
// latter two in hexadecimal.
func Write(w io.Writer, items []Item) error {
	for _, i := range items {
		if _, err := fmt.Fprintf(w, "%s %d %x %x\n", i.Kind, i.Version, i.SessionID, i.Data); err != nil {
			return err
		}
	}
	return nil
}

// Read reads what Write wrote.
func Read(r io.Reader) ([]Item, error) {
	var items []Item
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		item, err := parse(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("seed %d: %w", len(items)+1, err)
		}
		items = append(items, item)
	}
	return items, lines.Err()
}

func parse(line string) (Item, error) {
	fields := strings.Split(line, " ")
	if len(fields) != 4 {
		return Item{}, fmt.Errorf("expected 4 fields, found %d", len(fields))
	}
	version, err := strconv.ParseUint(fields[1], 10, 16)
	if err != nil {
		return Item{}, err
	}
	item := Item{Kind: Kind(fields[0]), Version: uint16(version)}
	if item.SessionID, err = hex.DecodeString(fields[2]); err != nil {
		return Item{}, err
	}
	item.Data, err = hex.DecodeString(fields[3])
	return item, err
}

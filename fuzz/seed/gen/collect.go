package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"smpcheck/conformance/trace"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/smp"
)

// longest is the size of the largest seed in bytes. What is longer is so by an encrypted or
// random body, of which there are enough in the recordings of official clients.
const longest = 2048

// collection holds the shortest item of each shape.
type collection map[string]seed.Item

// offer keeps an item if it is the first or the shortest of its shape.
func (c collection) offer(item seed.Item, summary, problem string) {
	if len(item.Data) == 0 || len(item.Data) > longest {
		return
	}
	shape := fmt.Sprintf("%s %d %s %s", item.Kind, class(item.Version), generic(summary), generic(problem))
	if old, ok := c[shape]; !ok || len(item.Data) < len(old.Data) {
		c[shape] = item
	}
}

// specific are the parts of a summary that differ in every run: ids by their first digits,
// sizes, and all but the first word of bytes that are shown because they do not decode.
var specific = regexp.MustCompile(`[0-9a-f]+…|[0-9,]+|( [^"]|[^A-Z" ])[^"]*"`)

// events is a row of transmissions, of which the first and the last one count.
var events = regexp.MustCompile(`(\w+[^;]*; )(\w+[^;]*; )+`)

func generic(text string) string {
	return events.ReplaceAllString(specific.ReplaceAllString(text, "0"), "$1")
}

// steps are the versions at which encodings change.
var steps = []uint16{smp.VersionAuthenticators, smp.VersionSenderKeys, smp.VersionBlocked, smp.VersionProxyFlag, smp.VersionShortLinks,
	smp.VersionServices, smp.VersionNotifierKeys, smp.VersionServiceCounts}

// class is the number of steps that a version has behind it.
func class(version uint16) int {
	return len(steps) - len(slices.DeleteFunc(slices.Clone(steps), func(s uint16) bool { return s <= version }))
}

// readFolder offers what all .jsonl files of a folder have.
func (c collection) readFolder(folder string) error {
	files, err := filepath.Glob(filepath.Join(folder, "*.jsonl"))
	if err == nil && len(files) == 0 {
		err = errors.New("no .jsonl files in " + folder)
	}
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := c.readFile(file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// readFile offers what one conversation has: a line about the run, then one for each event.
func (c collection) readFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	var talk conversation
	for n := 0; lines.Scan(); n++ {
		if n == 0 {
			if err := json.Unmarshal(lines.Bytes(), &talk); err != nil {
				return err
			}
			continue
		}
		var e trace.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("line %d: %w", n+1, err)
		}
		if err := c.readEvent(&talk, &e); err != nil {
			return fmt.Errorf("event %d: %w", e.Number, err)
		}
	}
	return lines.Err()
}

// conversation is the first line of a file, and what is learned from the others.
type conversation struct {
	Connections []trace.Connection
	sessions    map[int][]byte
}

func (t *conversation) connection(number int) trace.Connection {
	for _, c := range t.Connections {
		if c.Number == number {
			return c
		}
	}
	return trace.Connection{}
}

func (c collection) readEvent(talk *conversation, e *trace.Event) error {
	data, err := hex.DecodeString(e.Hex)
	if err != nil {
		return err
	}
	connection := talk.connection(e.Connection)
	// The runner plays the client, unless it is the relay to which the one under test forwards.
	fromClient := (e.Direction == trace.Sent) != strings.Contains(connection.Role, "destination")
	switch e.Kind {
	case trace.KindHandshake:
		c.readHandshake(talk, connection, e, data)
	case trace.KindBlock:
		item := seed.Item{Kind: seed.CommandBlock, Version: connection.Version, Data: data}
		if !fromClient {
			item.Kind = seed.ResponseBlock
		}
		if connection.Version < smp.VersionAuthenticators {
			item.SessionID = talk.sessions[e.Connection]
		}
		c.offer(item, e.Summary, e.Error)
		for i := range e.Layers {
			c.readLayer(&e.Layers[i], "", connection.Version, fromClient)
		}
	}
	return nil
}

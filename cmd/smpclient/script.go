package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"smpcheck/cmd/smpclient/session"
)

// scriptLine is a command of a script: one line of standard input.
type scriptLine struct {
	Command string          `json:"command"`
	Ref     json.RawMessage `json:"ref"`
	Contact string          `json:"contact"`
	Text    string          `json:"text"`
	Name    string          `json:"name"`
	Link    string          `json:"link"`
	Server  string          `json:"server"`
	Request int64           `json:"request"`
	N       int             `json:"n"`
	Short   bool            `json:"short"`
}

// scriptCommands make the arguments of the program of a script's commands.
var scriptCommands = map[string]func(scriptLine) []string{
	"contacts": func(scriptLine) []string { return nil },
	"requests": func(scriptLine) []string { return nil },
	"send":     func(l scriptLine) []string { return []string{"--no-wait", "--literal", "--", l.Contact, l.Text} },
	"accept":   func(l scriptLine) []string { return []string{"--no-wait", "--name", l.Name, "--", number(l.Request)} },
	"reject":   func(l scriptLine) []string { return []string{"--", number(l.Request)} },
	"rename":   func(l scriptLine) []string { return []string{"--", l.Contact, l.Name} },
	"history":  func(l scriptLine) []string { return []string{"-n", strconv.Itoa(l.N), "--", l.Contact} },
	"info":     func(l scriptLine) []string { return []string{"--", l.Contact} },
	"switch":   func(l scriptLine) []string { return append([]string{"--no-wait", "--", l.Contact}, given(l.Server)...) },
	"sync":     func(l scriptLine) []string { return []string{"--no-wait", "--", l.Contact} },
	"delete":   func(l scriptLine) []string { return []string{"--no-wait", "--", l.Contact} },
	"invite": func(l scriptLine) []string {
		return append([]string{"--no-wait", "--short=" + strconv.FormatBool(l.Short), "--server", l.Server, "--"}, given(l.Name)...)
	},
	"address": func(l scriptLine) []string {
		return []string{"--short=" + strconv.FormatBool(l.Short), "--server", l.Server}
	},
	"join": func(l scriptLine) []string { return []string{"--no-wait", "--name", l.Name, "--", l.Link} },
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// given returns an argument that may be left out.
func given(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// script executes the commands on standard input, one after the other, until the
// end, ctx ends, or the command quit. Commands that name no contact are about the
// given one.
func (a *app) script(ctx context.Context, s *session.Session, contact string, quit func()) {
	scanner := bufio.NewScanner(a.In)
	scanner.Buffer(nil, 2*maxText)
	for ctx.Err() == nil && scanner.Scan() {
		text := strings.TrimSpace(scanner.Text())
		if text == "" {
			continue
		}
		line := scriptLine{Contact: contact}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			a.refuse(nil, usage("not a command: %w", err))
			continue
		}
		if line.Command == "quit" {
			quit()
			return
		}
		a.executeLine(ctx, s, line)
	}
	if err := scanner.Err(); err != nil && ctx.Err() == nil {
		a.refuse(nil, fmt.Errorf("standard input: %w", err))
	}
}

func (a *app) executeLine(ctx context.Context, s *session.Session, line scriptLine) {
	arguments, known := scriptCommands[line.Command]
	switch {
	case !known:
		a.refuse(line.Ref, usage("unknown command %q", line.Command))
		return
	case line.Command == "join" && line.Link == "-":
		a.refuse(line.Ref, usage("no link"))
		return
	}
	nested := *a
	nested.session, nested.ref = s, line.Ref
	run(ctx, append([]string{line.Command, "--json"}, arguments(line)...), &nested)
}

// refuse answers a line that is no command.
func (a *app) refuse(ref json.RawMessage, err error) {
	nested := *a
	nested.ref = ref
	nested.fail(err)
}

package report

import (
	"fmt"
	"strconv"
	"strings"

	"smpcheck/conformance/trace"
	"smpcheck/reference/link"
)

// Invocation is how smpcheck was called, as far as it decides how a case ends.
type Invocation struct {
	// Exec is the command of the target, empty if smpcheck did not start it as a process.
	Exec string
	// Server is the target. Its password stands in no command.
	Server link.Server
	// Embedded says that the target is the relay inside smpcheck.
	Embedded bool
	// Fault is what is wrong with the embedded relay on purpose, empty for nothing.
	Fault string
	// Scan is the folder of the target that is searched for messages, empty for none.
	Scan         string
	Seed         uint64
	TimeoutScale float64
	// KnownName is the value of --known-name, empty for none.
	KnownName string
	// Cases is the folder with cases besides those of smpcheck, empty for none.
	Cases string
}

// Command is the line for a shell that runs a case again at a version: with the same
// random choices and deadlines, and PASSWORD in the place of a password.
func (i Invocation) Command(id string, version uint16) string {
	return i.command("--run", id, "--versions", fmt.Sprint(version))
}

// command is the line for a shell that runs the cases that the words select.
func (i Invocation) command(selection ...string) string {
	words := append([]string{"smpcheck", "relay"}, selection...)
	words = append(words, "--seed", fmt.Sprint(i.Seed))
	if i.TimeoutScale != 1 {
		words = append(words, "--timeout-scale", strconv.FormatFloat(i.TimeoutScale, 'g', -1, 64))
	}
	if i.Cases != "" {
		words = append(words, "--cases", i.Cases)
	}
	if i.KnownName != "" {
		words = append(words, "--known-name", i.KnownName)
	}
	switch {
	case i.Fault != "":
		words = append(words, "--fault", i.Fault)
	case i.Embedded:
	case i.Exec != "":
		if i.Scan != "" {
			words = append(words, "--scan", i.Scan)
		}
		words = append(words, "--exec", trace.HideText(i.Exec, i.Server.Password))
	default:
		words = append(words, i.address())
	}
	return ShellLine(words...)
}

// ShellLine is the words as one line for a POSIX shell, which reads the same words.
func ShellLine(words ...string) string {
	quoted := make([]string, len(words))
	for n, w := range words {
		quoted[n] = shellQuoted(w)
	}
	return strings.Join(quoted, " ")
}

// address is that of the target with a placeholder for its password.
func (i Invocation) address() string {
	server := i.Server
	if server.Password == "" {
		return server.String()
	}
	server.Password = "PASSWORD"
	return server.StringWithPassword()
}

// plain are the characters that mean nothing to a shell.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,"

// shellQuoted is a word as a POSIX shell reads it.
func shellQuoted(word string) string {
	if word != "" && strings.Trim(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Repeat gives the document the command that runs everything again, and every case with a
// trace that for the case alone. The options of the document are set before. A file of
// expectations decides about no run and stands in no command.
func (d *Document) Repeat(i Invocation) {
	d.Command = i.command(d.selection()...)
	for n := range d.Cases {
		if c := &d.Cases[n]; c.Trace != nil {
			c.Command = i.Command(c.ID, c.Version)
		}
	}
}

// selection are the flags that have selected the cases of the document.
func (d *Document) selection() []string {
	var words []string
	o := d.Options
	if o.Profile != "" {
		words = append(words, "--profile", o.Profile)
	}
	for _, pattern := range o.Run {
		words = append(words, "--run", pattern)
	}
	for _, pattern := range o.Skip {
		words = append(words, "--skip", pattern)
	}
	if o.Level != "" {
		words = append(words, "--level", o.Level)
	}
	if len(o.Versions) > 0 {
		words = append(words, "--versions", strings.Trim(strings.ReplaceAll(fmt.Sprint(o.Versions), " ", ","), "[]"))
	}
	if d.Shard != nil {
		words = append(words, "--shard", fmt.Sprintf("%d/%d", d.Shard.Index, d.Shard.Count))
	}
	return words
}

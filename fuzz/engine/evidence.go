package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"smpcheck/conformance/target"
	"smpcheck/conformance/trace"
	"smpcheck/reference/link"
)

// cabinet is where findings are kept, a folder for each.
type cabinet struct {
	dir string // empty for nowhere
	// server and command say what was fuzzed; secret is the password, which no file has.
	server  link.Server
	command target.Command
	secret  string
	// made are the ids of the folders that this run has made.
	made map[string]bool
}

// openCabinet makes the folder of the options if need be.
func openCabinet(o Options, secret string) (*cabinet, error) {
	if o.Findings != "" {
		if err := os.MkdirAll(o.Findings, 0o755); err != nil {
			return nil, fmt.Errorf("the findings: %w", err)
		}
	}
	return &cabinet{o.Findings, o.Server, o.Command, secret, make(map[string]bool)}, nil
}

// evidence is what belongs to a finding besides itself; what is missing is left as it is.
type evidence struct {
	rec    *trace.Recorder
	output string
}

// earlier returns the finding with the id that an earlier run has left, if there is one.
func (c *cabinet) earlier(id string) (Finding, bool) {
	if c.dir == "" {
		return Finding{}, false
	}
	f, err := loadFinding(filepath.Join(c.dir, id))
	return f, err == nil
}

// save writes a finding. The file that counts comes first: whoever is killed in between
// has at least the program.
func (c *cabinet) save(f Finding, e evidence) error {
	if c.dir == "" {
		return nil
	}
	folder := filepath.Join(c.dir, f.ID)
	err := os.Mkdir(folder, 0o755)
	switch {
	case err == nil:
		c.made[f.ID] = true
		err = syncFolder(c.dir)
	case errors.Is(err, fs.ErrExist):
		err = nil
	}
	if err == nil {
		var document []byte
		if document, err = json.MarshalIndent(c.public(f), "", "  "); err == nil {
			err = writeFile(filepath.Join(folder, findingFile), append(document, '\n'))
		}
	}
	if err == nil && e.rec != nil {
		err = c.saveTrace(folder, f, e.rec)
	}
	if err == nil && e.output != "" {
		err = writeFile(filepath.Join(folder, stderrFile), []byte(c.hide(e.output)))
	}
	if err == nil {
		err = writeFile(filepath.Join(folder, readmeFile), []byte(c.readme(f)))
	}
	if err != nil {
		return fmt.Errorf("the findings: %w", err)
	}
	return nil
}

// remove forgets a finding that this run has saved, for a better one under another id.
func (c *cabinet) remove(id string) error {
	if c.dir == "" || !c.made[id] {
		return nil
	}
	delete(c.made, id)
	if err := os.RemoveAll(filepath.Join(c.dir, id)); err != nil {
		return fmt.Errorf("the findings: %w", err)
	}
	return nil
}

func (c *cabinet) saveTrace(folder string, f Finding, rec *trace.Recorder) error {
	var text bytes.Buffer
	f = c.public(f)
	err := rec.Finish().Decode(trace.FileExtent).Text(&text, trace.Header{
		Case: "finding " + f.ID, Version: f.Versions.Max, Verdict: string(f.Kind) + ": " + f.Rule,
		Expected: f.Expected, Actual: f.Actual, Seed: f.Seed, Command: c.replayCommand(f),
	})
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(folder, traceFile), text.Bytes())
}

// public is a finding without the password, which a relay may have written into its stack
// trace.
func (c *cabinet) public(f Finding) Finding {
	f.Expected, f.Actual, f.Detail = c.hide(f.Expected), c.hide(f.Actual), c.hide(f.Detail)
	return f
}

func (c *cabinet) hide(text string) string { return trace.HideText(text, c.secret) }

// replayCommand is the one command that shows a finding again.
func (c *cabinet) replayCommand(f Finding) string {
	path := shellWord(filepath.Join(c.dir, f.ID, findingFile))
	if c.command == nil {
		return "smpcheck replay " + path + " " + shellWord(c.server.String())
	}
	words := make([]string, len(c.command))
	for i, word := range c.command {
		words[i] = shellWord(word)
	}
	return "smpcheck replay " + path + " --exec " + shellWord(c.hide(strings.Join(words, " ")))
}

// shellWord is a word as a shell reads it.
func shellWord(word string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./:@%+,"
	if word != "" && strings.Trim(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

package engine

import (
	"path"
	"regexp"
	"strings"
	"unicode/utf8"
)

// traceSize is how much of a stack trace a finding has, in bytes.
const traceSize = 16 << 10

// stackTrace cuts from the output of a process that has crashed what it says about that:
// from the first line that begins a stack trace in one of the usual languages. Without
// such a line it is the end of the output.
func stackTrace(output string) string {
	if at := crashLine.FindStringIndex(output); at != nil {
		return cut(output[at[0]:], traceSize)
	}
	if len(output) > traceSize/4 {
		output = output[len(output)-traceSize/4:]
	}
	return strings.ToValidUTF8(strings.TrimSpace(output), "\uFFFD")
}

// cut returns the first n bytes, as valid text.
func cut(text string, n int) string {
	if len(text) > n {
		for n > 0 && !utf8.RuneStart(text[n]) {
			n--
		}
		text = text[:n] + "…"
	}
	return strings.ToValidUTF8(strings.TrimSpace(text), "\uFFFD")
}

// crashLine is how the report of a crash begins: in Go, Rust, C with a sanitizer, Python,
// Java, JavaScript and Haskell.
var crashLine = regexp.MustCompile(`(?m)^(panic: |fatal error: |SIGSEGV|unexpected fault address|runtime: |` +
	`thread '.*' \(?\d*\)? ?panicked at|==\d+==ERROR: |.*runtime error: |Traceback \(most recent call last\):|` +
	`Exception in thread |Uncaught |.*Error: .*\n +at |CallStack \(from HasCallStack\)|.*: internal error: |\*\* \()`)

// places find where a stack trace says that the crash happened, one for each form. The
// groups are the function, which may be missing, and the file with its line.
var places = []*regexp.Regexp{
	// Go: the function on a line and the file on the next.
	regexp.MustCompile(`(?m)^([\w./~%-]+(?:\.\(\*?[\w\[\].]+\))?\.[\w.\[\]-]+)\(.*\)\n\t([^\s:]+:\d+)`),
	// Rust: panicked at src/main.rs:3:5.
	regexp.MustCompile(`panicked at ()(?:'.*', )?([^\s:]+:\d+)`),
	// A sanitizer: #0 0x… in function file.c:3.
	regexp.MustCompile(`(?m)^ *#\d+ 0x[0-9a-f]+ in (\S+) ([^\s:]+:\d+)`),
	// Java and JavaScript: at function(file:line).
	regexp.MustCompile(`(?m)^\s+at ([\w.$<>/]+) ?\(([^()\s]+:\d+)`),
	// Haskell: error, called at file.hs:3:5.
	regexp.MustCompile(`(?m)^\s*(\w+), called at ([^\s:]+:\d+)`),
}

// python finds the lines of a Python trace, the last of which is the place.
var python = regexp.MustCompile(`(?m)^ +File "([^"]+)", line (\d+), in (\S+)`)

// goMachinery are the packages and functions of Go that report a crash and are not where
// it happened.
var goMachinery = regexp.MustCompile(`^(panic|runtime|internal/runtime|runtime/debug|sync|internal/sync)\b|^(log\.(Panic|Fatal))`)

// crashPlace is the place of a crash by its stack trace, in a form that stays the same
// when it happens again: no addresses, no folders. Without any it is how the process ended.
func crashPlace(trace, status string) string {
	if found := python.FindAllStringSubmatch(trace, -1); found != nil && strings.Contains(trace, "Traceback") {
		last := found[len(found)-1]
		return last[3] + " " + path.Base(last[1]) + ":" + last[2]
	}
	for _, form := range places {
		for _, found := range form.FindAllStringSubmatch(trace, -1) {
			if !goMachinery.MatchString(found[1]) {
				return strings.TrimSpace(found[1] + " " + path.Base(found[2]))
			}
		}
	}
	first, _, _ := strings.Cut(status, "\n")
	first, _, _ = strings.Cut(first, "; its standard error")
	return first
}

// firstLines is how a process ended and the first line of its stack trace.
func firstLines(status, trace string) string {
	status, _, _ = strings.Cut(status, "; its standard error")
	first, _, _ := strings.Cut(trace, "\n")
	if first == "" {
		return status
	}
	return status + ": " + cut(first, 200)
}

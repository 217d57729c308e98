package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance"
	"smpcheck/conformance/target"
	"smpcheck/conformance/trace"
	"smpcheck/reference/link"
	"smpcheck/reference/wire"
	"smpcheck/spec"
)

var update = flag.Bool("update", false, "write the golden files")

func testCatalogue(t *testing.T) *spec.Catalogue {
	t.Helper()
	c, err := spec.LoadFS(fstest.MapFS{"new.yaml": {Data: []byte(`
- id: SMP-NEW-RULE
  title: A rule
  role: relay
  level: must
  versions: 6-20
  summary: Every queue is created with care & <love>.
  source: {document: simplex-messaging.md, heading: Create queue command}
`)}})
	require.NoError(t, err)
	return c
}

// hostile is a text such as a target could make: markup, control characters, invisible
// and invalid ones.
const hostile = "]]> <b>&\"' \x1b[2J\x00\r\ttab \u202e\ufffe \xff end"

// conversation has a connection with an answered PING, and an event whose text the relay
// chose. It took no time.
func conversation() *trace.Recording {
	r := trace.NewRecorderAt(trace.Brief, "topsecret", func() time.Duration { return 1500 * time.Microsecond })
	conn, other := net.Pipe()
	conn.Close()
	other.Close()
	s := r.Connected(conn)
	for _, said := range []struct {
		direction trace.Direction
		content   string
	}{
		{trace.Received, "\x00\x06\x00\x09\x01s"}, // hello: versions 6 to 9, session id
		{trace.Sent, "\x00\x06\x01h"},             // hello: version 6, fingerprint
		{trace.Sent, "\x01\x00\x0a\x00\x01s\x01c\x00PING"},
		{trace.Received, "\x01\x00\x0a\x00\x01s\x01c\x00PONG"},
		{trace.Received, "topsecret"},
	} {
		s.Block(said.direction, trace.Block{Version: 6, Bytes: []byte(said.content)})
	}
	s.Ended(trace.Received, "the relay ends the connection", io.EOF)
	r.Record(trace.Received, hostile+"\ntopsecret", nil)
	return r.Finish()
}

// outcome has one case for each verdict.
func outcome() *conformance.Outcome {
	result := func(id string, v conformance.Verdict, runs ...conformance.Run) conformance.Result {
		return conformance.Result{
			Case: &conformance.Case{
				ID: id, Title: "Title of " + id, Role: spec.Relay, Level: spec.Must,
				Requirements: []string{"SMP-NEW-RULE"}, Versions: wire.Versions(9, 20),
			},
			Run:  conformance.Run{Verdict: v, Duration: 1234567 * time.Nanosecond},
			Runs: runs,
		}
	}
	failed := result("relay/new/fail", conformance.Fail,
		conformance.Run{Version: 9, Verdict: conformance.Pass, Duration: time.Millisecond},
		conformance.Run{Version: 10, Verdict: conformance.Fail, Expected: "ERR AUTH", Actual: hostile, Violated: []string{"SMP-NEW-RULE"}, Duration: time.Second},
		conformance.Run{Version: 11, Verdict: conformance.Fail, Expected: "ERR AUTH", Actual: "OK", Violated: []string{"SMP-NEW-RULE"}},
	)
	failed.Version, failed.Expected, failed.Actual = 10, "ERR AUTH", hostile
	failed.Violated = []string{"SMP-NEW-RULE"}
	failed.Recording = conversation()
	broken := result("relay/new/error", conformance.Error)
	broken.Version, broken.Detail = 9, "the case panicked: "+hostile+"\ngoroutine 1\n\tfile.go:1\n"
	nonstrict := result("relay/sub/nonstrict", conformance.Nonstrict)
	nonstrict.Version, nonstrict.Expected, nonstrict.Actual = 12, "SOK", "OK"
	nonstrict.Case.Versions = wire.VersionRange{}
	skipped := result("relay/sub/skip", conformance.Skip)
	skipped.Detail = "no " + hostile
	xpassed := result("relay/sub/xpass", conformance.XPass)
	xpassed.Version, xpassed.Expected, xpassed.Actual = 9, "fail", "pass"
	return &conformance.Outcome{
		Started:  time.Date(2026, 1, 2, 3, 4, 5, 678900000, time.FixedZone("", 3600)),
		Duration: 2345 * time.Millisecond,
		Results: []conformance.Result{
			result("relay/new/pass", conformance.Pass), failed, broken,
			nonstrict, skipped, result("relay/sub/xfail", conformance.XFail), xpassed,
		},
	}
}

func document(t *testing.T) *Document {
	t.Helper()
	server, err := target.ParseAddress("smp://" + strings.Repeat("A", 43) + "=:topsecret@relay.example")
	require.NoError(t, err)
	info := target.Info{Versions: wire.Versions(6, 20), Capabilities: []target.Capability{
		{Name: target.TLS13, State: target.Yes},
		{Name: target.Links, State: target.No, Detail: "exists from version 15 on"},
		{Name: target.Services, State: target.Unknown, Detail: hostile},
	}}
	d := New(Tool{"smpcheck", "1.2.3"}, target.At(server), info, 42, outcome())
	d.Options = asked()
	d.Repeat(Invocation{Server: server, Seed: 42, TimeoutScale: 1})
	return d
}

// asked are the options of a run with most flags.
func asked() Options {
	return Options{
		Profile: "full", Run: []string{"relay/new/*", "relay/sub/*"}, Skip: []string{}, Level: "may",
		Versions: []uint16{9, 10}, TimeoutScale: 2, Expectations: strings.Repeat("0a", 32),
	}
}

// render writes the document in the format.
func render(t *testing.T, d *Document, f Format) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, d.Write(&b, f, testCatalogue(t), false))
	return b.Bytes()
}

func TestReportsMatchTheGoldenFiles(t *testing.T) {
	t.Parallel()
	for f, name := range map[Format]string{TextFormat: "report.txt", JSONFormat: "report.json", JUnitFormat: "report.xml", HTMLFormat: "report.html"} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			got := render(t, document(t), f)
			assert.NotContains(t, string(got), "topsecret")
			path := filepath.Join("testdata", name)
			if *update {
				require.NoError(t, os.WriteFile(path, got, 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(got))
		})
	}
}

func TestNoReportHasControlCharacters(t *testing.T) {
	t.Parallel()
	for _, f := range Formats() {
		for _, b := range render(t, document(t), f) {
			assert.True(t, b >= ' ' || b == '\n', "byte %#x in %s", b, f)
			assert.NotEqual(t, byte(0x7f), b, f)
		}
	}
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource("report.json", parsed))
	s, err := c.Compile("report.json")
	require.NoError(t, err)
	return s
}

func TestJSONFitsTheSchema(t *testing.T) {
	t.Parallel()
	s := schema(t)
	for name, d := range map[string]*Document{
		"full":  document(t),
		"empty": empty(t),
		"shard": {
			Tool: Tool{"smpcheck", "1"}, Target: document(t).Target, Options: asked(), Shard: &Shard{1, 2, 3},
			Summary: document(t).Summary, Cases: document(t).Cases,
		},
	} {
		parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(render(t, d, JSONFormat)))
		require.NoError(t, err, name)
		assert.NoError(t, s.Validate(parsed), name)
	}
}

// empty is the report of a run without cases.
func empty(t *testing.T) *Document {
	t.Helper()
	d := New(Tool{"smpcheck", "1"}, target.At(mustServer(t)), target.Info{}, 1<<53-1, &conformance.Outcome{})
	d.Options = Options{Run: []string{}, Skip: []string{}, Versions: []uint16{}, TimeoutScale: 1}
	return d
}

func TestTheSchemaIsClosed(t *testing.T) {
	t.Parallel()
	s := schema(t)
	add := func(m any) { m.(map[string]any)["surplus"] = 1 }
	for name, change := range map[string]func(map[string]any){
		"document": func(d map[string]any) { add(d) },
		"tool":     func(d map[string]any) { add(d["tool"]) },
		"target":   func(d map[string]any) { add(d["target"]) },
		"options":  func(d map[string]any) { add(d["options"]) },
		"ability":  func(d map[string]any) { add(d["target"].(map[string]any)["capabilities"].([]any)[0]) },
		"summary":  func(d map[string]any) { add(d["summary"]) },
		"case":     func(d map[string]any) { add(d["cases"].([]any)[1]) },
		"run":      func(d map[string]any) { add(d["cases"].([]any)[1].(map[string]any)["runs"].([]any)[0]) },
		"missing":  func(d map[string]any) { delete(d, "seed") },
		"trace":    func(d map[string]any) { add(conversationIn(d)) },
		"event":    func(d map[string]any) { add(conversationIn(d)["events"].([]any)[0]) },
		"layer": func(d map[string]any) {
			event := conversationIn(d)["events"].([]any)[0].(map[string]any)
			event["layers"] = []any{map[string]any{"kind": "command", "surplus": 1}}
		},
		"inner kind": func(d map[string]any) { conversationIn(d)["events"].([]any)[0].(map[string]any)["kind"] = "command" },
	} {
		var parsed map[string]any
		require.NoError(t, json.Unmarshal(render(t, document(t), JSONFormat), &parsed))
		change(parsed)
		assert.Error(t, s.Validate(parsed), name)
	}
}

// conversationIn is the trace of the case that failed.
func conversationIn(d map[string]any) map[string]any {
	return d["cases"].([]any)[1].(map[string]any)["trace"].(map[string]any)
}

func mustServer(t *testing.T) link.Server {
	t.Helper()
	s, err := target.ParseAddress("smp://" + strings.Repeat("A", 43) + "=@relay.example")
	require.NoError(t, err)
	return s
}

func TestJUnitIsParsedBack(t *testing.T) {
	t.Parallel()
	var suites junitSuites
	require.NoError(t, xml.Unmarshal(render(t, document(t), JUnitFormat), &suites))
	assert.Equal(t, [4]int{7, 2, 1, 2}, [4]int{suites.Tests, suites.Failures, suites.Errors, suites.Skipped})
	require.Len(t, suites.Suites, 2)
	assert.Equal(t, "new", suites.Suites[0].Name)
	failed := suites.Suites[0].Cases[1]
	assert.Equal(t, "relay/new/fail", failed.Name)
	assert.Equal(t, "relay.new", failed.Class)
	require.NotNil(t, failed.Failure)
	assert.Nil(t, failed.Error)
	assert.Equal(t, `expected ERR AUTH, got ]]> <b>&"' \x1b[2J\x00\x0d\x09tab \u202e\ufffe `+"\uFFFD end", failed.Failure.Message)
	assert.Contains(t, failed.Failure.Text, "SMP-NEW-RULE (must) Every queue is created with care & <love>.")
	assert.Contains(t, failed.Failure.Text, "#1 → PING")
	broken := suites.Suites[0].Cases[2]
	assert.Nil(t, broken.Failure)
	require.NotNil(t, broken.Error)
	assert.Contains(t, broken.Error.Text, "goroutine 1")
	assert.Contains(t, suites.Suites[1].Cases[0].Output, "SOK")
}

func TestJUnitHasOneRoot(t *testing.T) {
	t.Parallel()
	decoder := xml.NewDecoder(bytes.NewReader(render(t, document(t), JUnitFormat)))
	depth, roots := 0, 0
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		switch token.(type) {
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			depth++
		case xml.EndElement:
			depth--
		}
	}
	assert.Equal(t, 1, roots)
}

func TestColourIsForTheTextAlone(t *testing.T) {
	t.Parallel()
	for _, f := range Formats() {
		var b bytes.Buffer
		require.NoError(t, document(t).Write(&b, f, testCatalogue(t), true))
		assert.Equal(t, f == TextFormat, bytes.Contains(b.Bytes(), []byte("\x1b[31;1mfail")), f)
	}
}

func TestParseDestination(t *testing.T) {
	t.Parallel()
	d, err := ParseDestination("json=a=b.json")
	require.NoError(t, err)
	assert.Equal(t, Destination{JSONFormat, "a=b.json"}, d)
	for text, want := range map[string]string{
		"pdf=x":   `"pdf" is none of [text json junit html]`,
		"":        "none of [text json junit html]",
		"JSON=x":  "none of",
		"json":    "names no file",
		"json=":   "names no file",
		"=x.json": "none of",
	} {
		_, err := ParseDestination(text)
		assert.ErrorContains(t, err, want, "%q", text)
	}
	assert.ErrorContains(t, document(t).Write(io.Discard, "pdf", nil, false), "none of")
}

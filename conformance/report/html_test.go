package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance"
	"smpcheck/conformance/trace"
	"smpcheck/spec"
)

// attack is what a target could send to act in the page of a reader.
const attack = `</pre></script></style></svg><script>attacked=1</script><img src=x onerror="attacked=1">` +
	`"><a href="javascript:attacked=1">'{{.}}` + "`\x00\x1b[2J\u202e"

// hostileTalk has events of every kind, with hostile words.
func hostileTalk() *trace.Trace {
	layer := func(kind trace.Kind, summary string, inside ...trace.Layer) trace.Layer {
		return trace.Layer{
			Kind: kind, Summary: summary, Layers: inside, Size: 16384, Hex: strings.Repeat("0a", 512),
			Fields: []trace.Field{{Name: "correlation id", Value: "a1b2c3d4…"}, {Name: "body", Value: attack}},
		}
	}
	event := func(number, connection int, way trace.Direction, l trace.Layer) trace.Event {
		return trace.Event{Number: number, AtMS: 1.5 * float64(number), Connection: connection, Direction: way, Layer: l}
	}
	broken := layer(trace.KindBlock, "block, 16,384 bytes")
	broken.Error = "the count is 3, " + attack
	return &trace.Trace{
		Connections: []trace.Connection{{Number: 1, Role: "recipient", Version: 10}, {Number: 2, Role: "sender and proxy", Version: 10}},
		LeftOut:     2,
		Events: []trace.Event{
			event(1, 1, trace.Sent, trace.Layer{Kind: trace.KindTCP, Summary: "TCP connection"}),
			event(2, 1, trace.Note, layer(trace.KindTLS, "TLS 1.3, ALPN smp/1")),
			event(3, 1, trace.Received, layer(trace.KindHandshake, "server hello, versions 6-20")),
			event(6, 1, trace.Sent, layer(trace.KindBlock, "NEW, Ed25519", layer(trace.KindTransmission, "NEW", layer(trace.KindCommand, "NEW")))),
			event(7, 1, trace.Received, layer(trace.KindBlock, "IDS "+attack)),
			event(8, 0, trace.Note, trace.Layer{Kind: trace.KindNote, Summary: "the case waits for " + attack}),
			event(9, 2, trace.Sent, layer(trace.KindBlock, "SEND, 16,048 bytes")),
			event(10, 2, trace.Received, broken),
		},
	}
}

// talkative is the document with a conversation for each problem, and hostile words
// everywhere a target has a say.
func talkative(t *testing.T) *Document {
	d := document(t)
	for i := range d.Cases {
		if c := &d.Cases[i]; explained[c.Verdict] {
			c.Trace, c.Command = hostileTalk(), "smpcheck relay --run "+c.ID+" 'smp://relay.example'"
			c.Detail += attack + "\n" + strings.Repeat("long", 100)
			c.Actual += attack + strings.Repeat("0123456789abcdef", 20)
		}
	}
	return d
}

// many is a document of n failures with long conversations, about the requirements of
// the catalogue.
func many(t *testing.T, n int) *Document {
	t.Helper()
	d := document(t)
	template := d.Cases[1]
	d.Cases = nil
	for i := range n {
		c := template
		c.ID = fmt.Sprintf("relay/topic%d/case%d", i%20, i)
		c.Trace = hostileTalk()
		for len(c.Trace.Events) < 40 {
			e := c.Trace.Events[len(c.Trace.Events)%8]
			e.Number = len(c.Trace.Events) + 3
			c.Trace.Events = append(c.Trace.Events, e)
		}
		d.Cases = append(d.Cases, c)
	}
	d.Summary[conformance.Fail] = n
	return d
}

func TestHTMLHoldsNothingHostile(t *testing.T) {
	t.Parallel()
	page := string(render(t, talkative(t), HTMLFormat))
	assert.Equal(t, 1, strings.Count(page, "<script"))
	assert.Equal(t, 1, strings.Count(page, "<style"))
	for _, bad := range []string{"<img", "<script>attacked", "ZgotmplZ", "\x1b", "\x00", "\u202e", "javascript:", "style="} {
		_, body, _ := strings.Cut(page, "<body>")
		if bad == "javascript:" {
			bad = `href="javascript:`
		}
		assert.NotContains(t, body, bad)
	}
	assert.Contains(t, page, `&lt;script&gt;attacked=1`)
}

func TestHTMLNamesTheFaultOfTheRelay(t *testing.T) {
	t.Parallel()
	d := document(t)
	d.Target.Fault = "send/x"
	assert.Contains(t, string(render(t, d, HTMLFormat)), "send/x")
}

func TestHTMLAllowsItsOwnStyleAndScriptAlone(t *testing.T) {
	t.Parallel()
	page := string(render(t, document(t), HTMLFormat))
	policy := regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)
	require.NotNil(t, policy)
	allowed := strings.NewReplacer("&#39;", "'", "&#43;", "+").Replace(policy[1])
	for _, element := range []string{"style", "script"} {
		text := regexp.MustCompile(`(?s)<` + element + `>(.*?)</` + element + `>`).FindStringSubmatch(page)
		require.NotNil(t, text, element)
		sum := sha256.Sum256([]byte(text[1]))
		assert.Contains(t, allowed, fmt.Sprintf("%s-src 'sha256-%s'", element, base64.StdEncoding.EncodeToString(sum[:])))
	}
	assert.True(t, strings.HasPrefix(allowed, "default-src 'none'; "))
	assert.NotContains(t, allowed, "unsafe")
}

func TestHTMLNeedsNothingElse(t *testing.T) {
	t.Parallel()
	page := string(render(t, talkative(t), HTMLFormat))
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		assert.Regexp(t, `^(#|data:,|https://github\.com/simplex-chat/)`, m[1])
	}
	assert.NotContains(t, page, "url(")
	assert.NotContains(t, page, "@import")
}

func TestHTMLOfManyFailuresIsBounded(t *testing.T) {
	t.Parallel()
	size := len(render(t, many(t, 300), HTMLFormat))
	t.Logf("300 failures: %d bytes", size)
	assert.Less(t, size, 10<<20)
}

func TestHTMLOfAFullRunIsSmall(t *testing.T) {
	t.Parallel()
	catalogue, err := spec.Load()
	require.NoError(t, err)
	d := document(t)
	passed := d.Cases[0]
	d.Cases = nil
	for i, r := range catalogue.Records() {
		if len(d.Cases) == 620 {
			break
		}
		c := passed
		c.ID = fmt.Sprintf("relay/topic%d/a-case-with-a-name-%d", i/25, i)
		c.Title, c.Requirements = r.Summary, []string{r.ID}
		c.Runs = nil
		for _, v := range []uint16{6, 7, 9, 11, 14, 16, 20} {
			c.Runs = append(c.Runs, Run{Version: v, Verdict: conformance.Pass})
		}
		d.Cases = append(d.Cases, c)
	}
	var b bytes.Buffer
	require.NoError(t, d.HTML(&b, catalogue))
	t.Logf("%d cases: %d bytes", len(d.Cases), b.Len())
	assert.Less(t, b.Len(), 3<<19)
}

func TestHTMLLinksTheHeadingOfARule(t *testing.T) {
	t.Parallel()
	for heading, want := range map[string]string{
		"Create queue command":                  "create-queue-command",
		"SMP Transmission and transport block":  "smp-transmission-and-transport-block",
		"Short links: `link data` (X-Y), v_2.0": "short-links-link-data-x-y-v_20",
	} {
		assert.Equal(t, want, slug(heading))
	}
}

func TestConversationsAreShortenedIfThereIsMuch(t *testing.T) {
	t.Parallel()
	talk := func(events, size int) *trace.Trace {
		out := &trace.Trace{}
		for range events {
			out.Events = append(out.Events, trace.Event{Layer: trace.Layer{Hex: hex.EncodeToString(make([]byte, size))}})
		}
		return out
	}
	assert.Equal(t, extents[0], extentFor(nil))
	assert.Equal(t, extents[0], extentFor(slices.Repeat([]*trace.Trace{talk(20, 512)}, 100)))
	assert.Equal(t, extents[1], extentFor(slices.Repeat([]*trace.Trace{talk(20, 512)}, 220)))
	assert.Equal(t, extents[4], extentFor(slices.Repeat([]*trace.Trace{talk(100, 512)}, 1000)))
	short := newHTMLTalk(talk(20, 512), extents[4])
	require.Len(t, short.Events, 12)
	assert.Equal(t, 8, short.Earlier)
	assert.Len(t, short.Events[0].Layer.Hex, 64)
}

func TestDiagramJoinsWhatSetsUpAConnection(t *testing.T) {
	t.Parallel()
	d := newDiagram(hostileTalk(), mostSteps)
	require.Len(t, d.Parties, 3)
	assert.True(t, d.Parties[2].Relay)
	var texts []string
	for _, s := range d.Steps {
		texts = append(texts, s.Lines[0].Text)
		assert.LessOrEqual(t, s.Y, d.Foot)
	}
	assert.Equal(t, []string{"connects: TLS 1.3, SMP 10", "NEW, Ed25519"}, texts[:2])
	require.Len(t, d.Steps, 6)
	last := d.Steps[5]
	assert.True(t, last.Error)
	assert.Equal(t, [2]int{d.Parties[2].X, d.Parties[1].X}, [2]int{last.From, last.To})
}

func TestDiagramShowsAHandshakeThatLeadsNowhere(t *testing.T) {
	t.Parallel()
	talk := hostileTalk()
	talk.Events = talk.Events[:3]
	assert.Len(t, newDiagram(talk, mostSteps).Steps, 3)
}

func TestDiagramPutsADestinationBehindTheRelay(t *testing.T) {
	t.Parallel()
	talk := hostileTalk()
	talk.Connections[0].Role = "destination"
	d := newDiagram(talk, mostSteps)
	var names []string
	for _, p := range d.Parties {
		names = append(names, p.Names[0].Text)
	}
	assert.Equal(t, []string{"sender and", "relay under", "destination"}, names)
}

func TestDiagramIsBounded(t *testing.T) {
	t.Parallel()
	talk := &trace.Trace{}
	for i := range 40 {
		talk.Connections = append(talk.Connections, trace.Connection{Number: i + 1, Role: "client"})
	}
	for i := range 1000 {
		talk.Events = append(talk.Events, trace.Event{Number: i + 1, Connection: i%40 + 1, Direction: trace.Sent, Layer: trace.Layer{Kind: trace.KindBlock, Summary: "PING"}})
	}
	d := newDiagram(talk, mostSteps)
	require.Len(t, d.Parties, mostLifelines+1)
	assert.Equal(t, "connection 11", d.Parties[0].More, "the first of the last events")
	require.Len(t, d.Steps, mostLifelines+1)
	assert.Contains(t, d.Steps[0].Lines[0].Text, "970 events before these")
}

func TestWrapKeepsWordsAndBounds(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"one two", "three"}, wrap("one two three", 8, 3))
	assert.Equal(t, []string{"abcdefgh", "ij"}, wrap("abcdefghij", 8, 3))
	assert.Equal(t, []string{"aaaa", "bbb…"}, wrap("aaaa bbbb cccc", 4, 2))
	assert.Empty(t, wrap("", 8, 3))
}

func TestMatrixBlamesTheViolatedRequirementAlone(t *testing.T) {
	t.Parallel()
	d := document(t)
	c := d.Cases[1]
	c.Requirements = []string{"SMP-NEW-RULE", "SMP-NEW-OTHER"}
	d.Cases = []Case{c}
	rows := newPage(d, testCatalogue(t)).Matrix.Blocks[0].Rows
	require.Len(t, rows, 2)
	assert.Equal(t, conformance.Fail, rows[0].Verdict)
	assert.Equal(t, "#relay/new/fail", rows[0].Href)
	assert.Equal(t, "SMP-NEW-RULE: A rule\nfail at 10, 11; pass at 9", rows[0].Text)
	assert.Equal(t, conformance.Pass, rows[1].Verdict)
	assert.Equal(t, "#SMP-NEW-OTHER", rows[1].Href)
	assert.Equal(t, "SMP-NEW-OTHER: \npass at 9; skip at 10, 11", rows[1].Text)
}

func TestMatrixLeavesOutWhatNoVersionConcerns(t *testing.T) {
	t.Parallel()
	d := document(t)
	late := d.Cases[0]
	late.ID, late.Requirements = "relay/new/late", []string{"SMP-NEW-OTHER"}
	late.Versions, late.Runs = [2]uint16{19, 20}, nil
	d.Cases = []Case{d.Cases[1], late}
	block := newPage(d, testCatalogue(t)).Matrix.Blocks[0]
	require.Len(t, block.Rows, 1)
	assert.Equal(t, "SMP-NEW-RULE", block.Rows[0].Rule.ID)
	assert.Equal(t, matrixTop+cellHeight, block.Height)
	d.Cases = []Case{late}
	d.Cases[0].ID = "relay/old/late"
	block = newPage(d, testCatalogue(t)).Matrix.Blocks[0]
	assert.Empty(t, block.Rows)
	assert.Equal(t, "not tried", block.Text)
}

func TestAPageNamesTheFaultOfTheRelay(t *testing.T) {
	t.Parallel()
	d := document(t)
	d.Target.Fault = "send/lost"
	assert.Contains(t, string(render(t, d, HTMLFormat)), "send/lost")
}

func TestHeadlines(t *testing.T) {
	t.Parallel()
	for want, summary := range map[string]map[conformance.Verdict]int{
		"2 of 3 cases failed.":                {conformance.Fail: 2, conformance.Pass: 1},
		"1 of 3 cases could not be judged.":   {conformance.Error: 1, conformance.Pass: 2},
		"3 cases passed against expectation.": {conformance.XPass: 3},
		"No case passed.":                     {conformance.Skip: 3},
		"1 of 3 cases passed, none failed.":   {conformance.Pass: 1, conformance.Skip: 2},
		"All 3 cases passed.":                 {conformance.Pass: 3},
	} {
		d := &Document{Summary: summary, Cases: make([]Case, 3)}
		assert.Equal(t, want, d.headline())
	}
}

package trace

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files")

// scenes are conversations for the golden files, by name.
var scenes = map[string]func(*stage){
	"deliver": (*stage).deliver, "announce": (*stage).announce, "forward": (*stage).forward,
	"mistake": (*stage).mistake, "admit": (*stage).admit,
}

var header = Header{
	Case: "relay/send/example", Version: 18, Verdict: "fail", Expected: "SEND → OK", Actual: "ERR AUTH",
	Detail: "first\nsecond", Seed: 42, Command: "smpcheck relay --run relay/send/example",
}

// forms renders a recording as the files of a run and as the lines of a report.
func forms(t testing.TB, r *Recording) map[string]string {
	var text, lines bytes.Buffer
	full := r.Decode(RawExtent)
	require.NoError(t, full.Text(&text, header))
	require.NoError(t, full.WriteLines(&lines, header))
	brief := r.Decode(ReportExtent)
	asJSON, err := json.Marshal(brief)
	require.NoError(t, err)
	return map[string]string{
		"txt": text.String(), "jsonl": lines.String(), "lines": strings.Join(brief.Lines(20), "\n") + "\n",
		"json": string(asJSON),
	}
}

func TestConversationsMatchTheGoldenFiles(t *testing.T) {
	t.Parallel()
	for name, play := range scenes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, Full)
			play(s)
			all := forms(t, s.r.Finish())
			compare(t, name+".lines", all["lines"])
			compare(t, name+".txt", all["txt"])
		})
	}
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

func TestNoFormHasASecret(t *testing.T) {
	t.Parallel()
	s := newStage(t, Full)
	for _, play := range scenes {
		play(s)
	}
	for form, text := range forms(t, s.r.Finish()) {
		for _, secret := range append(s.secrets, []byte(password), []byte(password[:6]), []byte(wrongPassword)) {
			for what, written := range writings(secret) {
				found := strings.Contains(strings.ToLower(text), strings.ToLower(written))
				assert.False(t, found, "%s of %x in %s", what, secret, form)
			}
		}
	}
}

// writings are the ways in which bytes could stand in a text.
func writings(b []byte) map[string]string {
	dump := hex.Dump(b)
	return map[string]string{
		"bytes": string(b), "hex": hex.EncodeToString(b),
		"base64": strings.TrimRight(base64.StdEncoding.EncodeToString(b), "="),
		"dump":   strings.TrimSpace(dump[10:min(58, len(dump))]),
	}
}

func TestPasswordsAreMaskedWhereverTheyStand(t *testing.T) {
	t.Parallel()
	d := &decoder{secret: password, extent: RawExtent}
	assert.Equal(t, hex.EncodeToString([]byte("a"+strings.Repeat("*", len(password))+"b")), d.hex([]byte("a"+password+"b")))
	twice := []byte(password + password)
	assert.Equal(t, strings.Repeat("2a", len(twice)), d.hex(twice))
	assert.Equal(t, password+password, string(twice), "the bytes themselves are left alone")
	short := &decoder{hidden: [][]byte{[]byte("xy")}, extent: RawExtent}
	assert.Equal(t, "022a2a", short.hex([]byte("\x02xy")))
	assert.Equal(t, "037879", short.hex([]byte("\x03xy")), "a short password is one with its length alone")
	assert.Equal(t, "say PASSWORD", HideText("say "+password, password))
	assert.Equal(t, `say "PASSWORD"`, HideText(`say "a\"bcd"`, `a"bcd`))
	assert.Equal(t, "xyz", HideText("xyz", "xy"))
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	t.Parallel()
	limits := Limits{First: 3, Last: 10, Bytes: 10_000}
	s := newStage(t, limits)
	l := line{stage: s, Stream: s.r.Connected(port{local: "127.0.0.1:1"}), version: 6}
	for i := range 100 {
		l.say(Sent, bytes.Repeat([]byte{byte(i)}, 3000))
	}
	l.say(Sent, make([]byte, 1<<20))
	r := s.r.Finish()
	kept := 0
	for i, e := range r.entries {
		if i >= limits.First {
			kept += len(e.block.Bytes)
		}
	}
	assert.LessOrEqual(t, kept, limits.Bytes)
	d := r.Decode(RawExtent)
	assert.Equal(t, 102-limits.First-limits.Last, d.LeftOut)
	var numbers []int
	for _, e := range d.Events {
		numbers = append(numbers, e.Number)
	}
	assert.Equal(t, []int{1, 2, 3, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102}, numbers)
	assert.Equal(t, errNotKept.Error(), d.Events[4].Error)
	assert.Equal(t, 3000, d.Events[4].Size)
	assert.Len(t, d.Events[1].Hex, 6000, "the bytes of the first events stay")
	assert.Contains(t, d.Lines(4)[0], "; 97 earlier events left out")
}

func TestAKeyMayBeLeftOut(t *testing.T) {
	t.Parallel()
	s := newStage(t, Limits{First: 4, Last: 3, Bytes: 1 << 20})
	s.deliver()
	lines := s.r.Finish().Decode(RawExtent).Lines(2)
	assert.Contains(t, lines[1], "OK; MSG (")
	assert.Contains(t, lines[1], errNoKeyKept.Error())
}

func TestTheNewestBytesAreKept(t *testing.T) {
	t.Parallel()
	s := newStage(t, Limits{First: 1, Last: 10, Bytes: 7000})
	l := line{stage: s, Stream: s.r.Connected(port{local: "127.0.0.1:1"}), version: 6}
	for i := range 5 {
		l.say(Sent, bytes.Repeat([]byte{byte(i)}, 3000))
	}
	var kept []bool
	for _, e := range s.r.Finish().Decode(RawExtent).Events[1:] {
		kept = append(kept, e.Hex != "")
	}
	assert.Equal(t, []bool{false, false, false, true, true}, kept)
}

func TestLaterEventsAreIgnored(t *testing.T) {
	t.Parallel()
	s := newStage(t, Brief)
	l := line{stage: s, Stream: s.r.Connected(port{local: "127.0.0.1:1"})}
	r := s.r.Finish()
	l.Note("late")
	l.Greeted(6, noKey, noKey.Public())
	s.r.Connected(port{local: "127.0.0.1:2"})
	s.r.Know(s.key(1, false))
	got := r.Decode(RawExtent)
	assert.Len(t, got.Events, 1)
	assert.Equal(t, []Connection{{Number: 1, Role: "client"}}, got.Connections)
}

func TestAWrappedConnectionIsTheSame(t *testing.T) {
	t.Parallel()
	s := newStage(t, Brief)
	first := s.r.Connected(port{local: "127.0.0.1:1"})
	s.r.Connected(port{local: "127.0.0.1:2"})
	assert.Equal(t, first.number, s.r.Of(struct{ port }{port{local: "127.0.0.1:1"}}).number)
	assert.Equal(t, 3, s.r.Of(port{local: "127.0.0.1:3"}).number)
	assert.Equal(t, 4, s.r.Connected(port{local: "127.0.0.1:1"}).number)
	assert.Equal(t, 4, s.r.Of(port{local: "127.0.0.1:1"}).number, "the port is used again")
}

func TestWords(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"SenderKey": "sender key", "DHKey": "DH key", "ServerDHKey": "server DH key", "MsgID": "message id",
		"KeyHash": "key hash", "IDsHash": "hash of ids", "ID": "id", "Err": "error", "ETH": "ETH", "X": "x",
	} {
		assert.Equal(t, want, words(name), name)
	}
	assert.Equal(t, "1 byte", size(1))
	assert.Equal(t, "16,384 bytes", size(16384))
	assert.Equal(t, "1,234,567 bytes", size(1234567))
	assert.Equal(t, "100 bytes", size(100))
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x01\x00\x05hello"), uint16(6), true)
	f.Add([]byte{}, uint16(20), false)
	f.Fuzz(func(t *testing.T, content []byte, version uint16, received bool) {
		s := newStage(t, Brief)
		l := line{stage: s, Stream: s.r.Connected(port{local: "127.0.0.1:1"}), version: version}
		direction := Sent
		if received {
			direction = Received
		}
		for range 3 {
			l.say(direction, content)
		}
		forms(t, s.r.Finish())
	})
}

package program

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/smp"
)

// tile fails the test unless the fields follow each other and leave no byte out.
func tile(t require.TestingT, b []byte, parts []Part, about string) {
	at := 0
	for _, p := range parts {
		require.Equal(t, at, p.Start, "%s: %s", about, p.Name)
		require.GreaterOrEqual(t, p.End, p.Start, "%s: %s", about, p.Name)
		at = p.End
	}
	require.Equal(t, len(b), at, about)
	require.NotEmpty(t, parts, about)
}

func TestFieldsOfEveryCommandAtEveryVersion(t *testing.T) {
	t.Parallel()
	for k := PING; k < Kinds; k++ {
		for v := smp.MinVersion; v <= smp.MaxVersion; v++ {
			b, about := Example(k, v), fmt.Sprintf("%s at version %d", k, v)
			parts := Fields(v, b)
			tile(t, b, parts, about)
			for i, p := range parts {
				assert.NotEqual(t, Rest, p.Role, about)
				assert.True(t, strings.HasPrefix(p.Name, strings.ToLower(k.String())+"."), p.Name)
				if p.Role == Length && strings.Count(p.Name, "keys.") == 0 && strings.Count(p.Name, "hosts.") == 0 {
					what := strings.TrimSuffix(p.Name, ".length")
					after := slices.IndexFunc(parts[i+1:], func(o Part) bool { return o.Name != what && o.Name != what+".prefix" })
					if after < 0 {
						after = len(parts) - i - 1
					}
					require.NotZero(t, after, "%s: nothing after %s", about, p.Name)
					n := 0
					for _, c := range b[p.Start:p.End] {
						n = n<<8 | int(c)
					}
					assert.Equal(t, n, parts[i+after].End-p.End, "%s: %s", about, p.Name)
				}
			}
			for _, p := range parts { // where a field shapes others, its loss shows
				if p.Role == Length && p.End < len(b) {
					wrong := bytes.Clone(b)
					wrong[p.End-1]++
					_, err := smp.DecodeCommand(v, wrong)
					assert.Error(t, err, "%s: %s", about, p.Name)
				}
			}
		}
	}
	assert.Nil(t, Example(Connect, 20))
}

// names are the fields of a command.
func names(v uint16, b []byte) (names []string) {
	for _, p := range Fields(v, b) {
		names = append(names, p.Name)
	}
	return names
}

func TestFieldsOfNEW(t *testing.T) {
	t.Parallel()
	head := []string{"new.tag", "new.space", "new.authKey.length", "new.authKey.prefix", "new.authKey", "new.dhKey.length", "new.dhKey.prefix", "new.dhKey",
		"new.password.option", "new.password.length", "new.password", "new.subscribe"}
	request := []string{"new.request.option", "new.mode", "new.link.option", "new.linkId.length", "new.linkId", "new.senderId.length", "new.senderId",
		"new.fixedData.length", "new.fixedData", "new.userData.length", "new.userData"}
	notifier := []string{"new.notifier.option", "new.notifier.authKey.length", "new.notifier.authKey.prefix", "new.notifier.authKey",
		"new.notifier.dhKey.length", "new.notifier.dhKey.prefix", "new.notifier.dhKey"}
	for v := smp.MinVersion; v <= smp.MaxVersion; v++ {
		want := slices.Clone(head)
		switch {
		case v >= 17:
			want = slices.Concat(head, request, notifier)
		case v >= 15:
			want = slices.Concat(head, request)
		case v >= 9:
			want = append(want, "new.senderCanSecure")
		}
		assert.Equal(t, want, names(v, Example(NEW, v)), "version %d", v)
	}
}

func TestFieldsByExample(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		command string
		want    []string
	}{
		{"PING", []string{"ping.tag"}},
		{"PING x", []string{"ping.tag", "ping.space", "ping.rest"}},
		{"PINGX y", []string{"tag", "space", "rest"}},
		{"", []string{"tag"}},
		{"SEND T body", []string{"send.tag", "send.space", "send.flags", "send.flags.end", "send.body"}},
		{"SEND T ", []string{"send.tag", "send.space", "send.flags", "send.flags.end", "send.body"}},
		{"SEND T", []string{"send.tag", "send.space", "send.rest"}},
		{"ACK \x02ab", []string{"ack.tag", "ack.space", "ack.messageId.length", "ack.messageId"}},
		{"ACK \x02abc", []string{"ack.tag", "ack.space", "ack.messageId.length", "ack.messageId", "ack.rest"}},
		{"ACK \x02a", []string{"ack.tag", "ack.space", "ack.messageId.length", "ack.rest"}},
		{"KEY \x03abc", []string{"key.tag", "key.space", "key.senderKey.length", "key.senderKey.prefix"}},
		{"RKEY \x00", []string{"rkey.tag", "rkey.space", "rkey.keys.length"}},
	} {
		assert.Equal(t, c.want, names(20, []byte(c.command)), c.command)
		tile(t, []byte(c.command), Fields(20, []byte(c.command)), c.command)
	}
}

// Whatever the bytes are, the fields leave none out.
func TestFieldsOfMalformedCommands(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := uint16(rapid.IntRange(6, 20).Draw(t, "version"))
		b := bytes.Clone(Example(PING+Kind(rapid.IntRange(0, int(Kinds-PING)-1).Draw(t, "kind")), v))
		for range rapid.IntRange(0, 4).Draw(t, "changes") {
			at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
			b[at] = rapid.Byte().Draw(t, "byte")
		}
		b = b[:rapid.IntRange(0, len(b)).Draw(t, "length")]
		parts := Fields(v, b)
		tile(t, b, parts, fmt.Sprintf("%q", b))
		if _, err := smp.DecodeCommand(v, b); err == nil {
			for _, p := range parts {
				require.NotEqual(t, Rest, p.Role, "%q", b)
			}
		}
	})
}

func TestDictionary(t *testing.T) {
	t.Parallel()
	words := Dictionary()
	for _, w := range words {
		assert.NotEmpty(t, w)
		assert.LessOrEqual(t, len(w), 80)
	}
	for k := PING; k < Kinds; k++ {
		assert.Contains(t, words, []byte(k.String()+" "))
	}
	for _, w := range [][]byte{{0xff, 0xff}, {0x40, 0}, []byte("M"), {44}, []byte("QUOTA "), {45}} {
		assert.Contains(t, words, w)
	}
}

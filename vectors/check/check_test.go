package check_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
	"smpcheck/vectors/check"
)

// shortTimeout is how long the adapters that never answer may take.
const shortTimeout = 2 * time.Second

func load(t *testing.T, names ...string) []*vectors.File {
	t.Helper()
	var files []*vectors.File
	for _, name := range names {
		f, err := vectors.Load(name)
		require.NoError(t, err)
		files = append(files, f)
	}
	return files
}

func TestARightAdapterPasses(t *testing.T) {
	t.Parallel()
	report, err := check.Run(t.Context(), "right", start(t, "right"), load(t, "padding", "encoding"), check.Options{})
	require.NoError(t, err)
	require.True(t, report.OK(), report.Failures)
	require.Len(t, report.Kinds, 2)
	padding, encoding := report.Kinds[1], report.Kinds[0]
	if padding.Kind != "padding" {
		padding, encoding = encoding, padding
	}
	assert.Equal(t, padding.Tests, padding.Pass)
	assert.Equal(t, "generated", padding.Source)
	assert.Equal(t, encoding.Tests, encoding.Skip, "what is not supported is skipped, not passed")
	assert.Contains(t, report.Skipped, "decode_boolean")
	assert.NotContains(t, report.Skipped, "pad")
}

// The report says which misunderstanding the failures show.
func TestAWrongAdapterFailsWithTheFlagOfItsFault(t *testing.T) {
	t.Parallel()
	report, err := check.Run(t.Context(), "careless", start(t, "careless"), load(t, "padding"), check.Options{})
	require.NoError(t, err)
	require.False(t, report.OK())
	require.Len(t, report.Flags, 1)
	flag := report.Flags[0]
	assert.Equal(t, "LengthBeyondEnd", flag.Flag)
	assert.Equal(t, flag.Tests, flag.Fail)
	assert.Equal(t, report.Summary.Fail, flag.Fail)
	var text strings.Builder
	require.NoError(t, report.WriteText(&text))
	assert.Contains(t, text.String(), "padding LengthBeyondEnd: 25 of 25 fail: The length in front is larger than the number of bytes that follow.")
	assert.Contains(t, text.String(), "expected a refusal as PaddingLength, accepted with")
}

// A codec that says nothing of classes passes, unless the check is strict.
func TestClassesCountWhenTheCheckIsStrict(t *testing.T) {
	t.Parallel()
	report, err := check.Run(t.Context(), "right", start(t, "right"), load(t, "padding"), check.Options{Strict: true})
	require.NoError(t, err)
	require.False(t, report.OK())
	for _, f := range report.Failures {
		assert.Contains(t, f.Detail, "expected a refusal as PaddingLength, refused as")
	}
}

// A refusal for another reason is told even where it does not count.
func TestOtherClassesAreListed(t *testing.T) {
	t.Parallel()
	report, err := check.Run(t.Context(), "vague", vague{}, load(t, "padding"), check.Options{})
	require.NoError(t, err)
	require.True(t, report.OK())
	assert.Len(t, report.OtherClass, 25)
	assert.Contains(t, report.OtherClass, "padding/pad/beyond-1-in-2")
	var text strings.Builder
	require.NoError(t, report.WriteText(&text))
	assert.Contains(t, text.String(), "25 refused with another class than expected")
}

func TestARequestThatIsNotUnderstoodIsNoRefusal(t *testing.T) {
	t.Parallel()
	report, err := check.Run(t.Context(), "clueless", start(t, "clueless"), load(t, "padding"), check.Options{})
	require.NoError(t, err)
	assert.Equal(t, report.Summary.Tests, report.Summary.Fail)
	assert.Contains(t, report.Failures[0].Detail, "what is a message?")
}

func TestBrokenAdaptersEndTheRun(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"obliging": `the operation "no-such-operation" with "unsupported"`,
		"mute":     "gave no answer within 2s",
		"deaf":     "gave no answer within 2s",
		"dead":     "no licence key found",
		"endless":  "token too long",
		"echo":     "not a line of the protocol",
		"late":     "answered request 99, expected an answer to 1",
		"both":     "gave 2 of them",
		"none":     "gave 0 of them",
		"prose":    "I do not know is not a line of the protocol",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := check.Run(t.Context(), name, start(t, name), load(t, "padding"), check.Options{})
			require.ErrorContains(t, err, want)
			assert.Zero(t, report.Summary.Tests)
			assert.False(t, report.OK())
		})
	}
}

func TestAProgramThatCannotBeStarted(t *testing.T) {
	t.Parallel()
	_, err := check.Start(t.Context(), nil, 0)
	require.ErrorContains(t, err, "expected a command")
	_, err = check.Start(t.Context(), []string{"./there-is-no-such-program"}, 0)
	require.Error(t, err)
}

func TestARunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	done := 0
	adapter := start(t, "right")
	report, err := check.Run(ctx, "right", adapter, load(t, "padding"), check.Options{Progress: func(n int) {
		if done = n; n == 5 {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 5, done)
	assert.Equal(t, 5, report.Summary.Pass)
}

func TestServeRefusesWhatIsNoRequest(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"hello", `{"id":1}{}`, `{"id":1,"operation":"pad","inputs":{},"more":1}`} {
		err := check.Serve(t.Context(), paddingCodec{}, strings.NewReader(line+"\n"), &strings.Builder{})
		require.Error(t, err, line)
	}
	var out strings.Builder
	require.NoError(t, check.Serve(t.Context(), paddingCodec{}, strings.NewReader(`{"id":7,"operation":"pad","inputs":{"message":"61","length":4}}`+"\n"), &out))
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(out.String()), &got))
	assert.Equal(t, map[string]any{"id": 7.0, "output": map[string]any{"padded": "00016123"}}, got)
}

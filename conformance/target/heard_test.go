package target

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOutput(t *testing.T) {
	t.Parallel()
	o := NewOutput()
	assert.Zero(t, o.Lines())
	_, err := o.Write([]byte("one\ntwo\nthr"))
	require.NoError(t, err)
	_, err = o.Write([]byte("ee\n"))
	require.NoError(t, err)
	assert.Equal(t, 3, o.Lines())
	assert.True(t, o.Holds([]byte("two\nthree")), "over the border of two writes")
	assert.False(t, o.Holds([]byte("four")))
}

func TestOutputKeepsItsEnd(t *testing.T) {
	t.Parallel()
	o := NewOutput()
	for _, text := range []string{"first\n", strings.Repeat("x", outputSize-11), "last\n"} {
		_, err := o.Write([]byte(text))
		require.NoError(t, err)
	}
	assert.True(t, o.Holds([]byte("first")))
	_, err := o.Write(bytes.Repeat([]byte("y"), 6))
	require.NoError(t, err)
	assert.False(t, o.Holds([]byte("first")))
	assert.True(t, o.Holds([]byte("last")))
	assert.Equal(t, 2, o.Lines(), "those that are not kept count too")
}

func TestOutputIsAwaited(t *testing.T) {
	t.Parallel()
	o := NewOutput()
	done := make(chan bool)
	go func() { done <- o.Await(time.Minute, func() bool { return o.Lines() == 3 }) }()
	for range 3 {
		_, err := o.Write([]byte("line\n"))
		require.NoError(t, err)
	}
	assert.True(t, <-done)
	assert.False(t, o.Await(time.Nanosecond, func() bool { return false }))
}

func TestHeard(t *testing.T) {
	t.Parallel()
	server, err := ParseAddress(address)
	require.NoError(t, err)
	o := NewOutput()
	h := Heard(At(server), o)
	assert.Equal(t, address, h.Server().String())
	assert.Same(t, o, h.(interface{ Output() *Output }).Output())
}

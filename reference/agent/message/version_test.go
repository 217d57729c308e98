package message_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"smpcheck/reference/agent/message"
)

func TestPaddedLengths(t *testing.T) {
	t.Parallel()
	for version := message.Supported.Min; version <= message.Supported.Max; version++ {
		connInfo, numbered := 14832, 15840
		assert.Equal(t, connInfo, message.PaddedConnInfo(version, false), "version %d", version)
		assert.Equal(t, numbered, message.PaddedMessage(version, false), "version %d", version)
		if version >= 5 {
			connInfo, numbered = 11106, 13618
		}
		assert.Equal(t, connInfo, message.PaddedConnInfo(version, true), "version %d", version)
		assert.Equal(t, numbered, message.PaddedMessage(version, true), "version %d", version)
	}
	assert.Equal(t, uint16(2), message.Supported.Min)
	assert.Equal(t, uint16(7), message.Supported.Max)
}

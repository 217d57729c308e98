package link_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/link"
	"smpcheck/reference/smp"
)

// Only "k=s" and "q=m" say that the sender may secure the queue. The mode decides where
// both are there.
func TestOnlyTwoParametersAllowTheSenderToSecure(t *testing.T) {
	t.Parallel()
	for parameters, want := range map[string]smp.QueueMode{
		"":         0,
		"&k=s":     smp.Messaging,
		"&q=m":     smp.Messaging,
		"&q=m&k=s": smp.Messaging,
		"&k=x&q=m": smp.Messaging,
		"&q=c":     smp.Contact,
		"&q=c&k=s": smp.Contact,
		"&k=":      0,
		"&k=S":     0,
		"&k=ss":    0,
		"&k":       0,
		"&K=s":     0,
		"&s=k":     0,
		"&q=":      0,
		"&q=M":     0,
		"&q=s":     0,
	} {
		q, err := link.ParseQueueURI(testQueue + parameters)
		require.NoError(t, err, parameters)
		assert.Equal(t, want, q.Mode, parameters)
	}
}

// A slash too many and one too few around the number sign change nothing.
func TestSlashesAroundTheNumberSign(t *testing.T) {
	t.Parallel()
	want, err := link.ParseQueueURI(testQueue)
	require.NoError(t, err)
	for _, mark := range []string{"/#/?", "#?", "/#?"} {
		got, err := link.ParseQueueURI(swap(testQueue, "#/?", mark))
		require.NoError(t, err, mark)
		assert.Equal(t, want, got, mark)
	}
}

// A short link is the same with either scheme.
func TestPropertySchemesNameTheSameLink(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := drawShortLink(t, append(contactTypes, link.InvitationLink)...)
		other := l
		other.Web = !l.Web
		require.NotEqual(t, l.Text(), other.Text())
		got, err := link.ParseShortLink(other.Text())
		require.NoError(t, err)
		got.Web = l.Web
		assert.Equal(t, l, got)
	})
}

// The brackets of an IPv6 address are written before a port and read in either case.
func TestApplicationServersWithIPv6(t *testing.T) {
	t.Parallel()
	host, err := link.ParseHost("2001:db8::1")
	require.NoError(t, err)
	for text, want := range map[string]link.AppServer{
		"[2001:db8::1]:8443": {Host: host, Port: "8443"},
		"[2001:db8::1]":      {Host: host},
	} {
		got, err := link.ParseAppServer(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	assert.Equal(t, "[2001:db8::1]:8443", link.AppServer{Host: host, Port: "8443"}.String())
}

package network_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent/network"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

func TestOtherIdentity(t *testing.T) {
	t.Parallel()
	s := start(t, relay.Config{})
	n := open(t, network.Config{})
	address := s.address
	address.KeyHash = make([]byte, 32)
	address.Password = "secret"
	_, err := n.CreateQueue(within(t), address, client.QueueOptions{})
	require.ErrorIs(t, err, keys.ErrFingerprint)
	require.False(t, network.Temporary(err))
	require.Equal(t, fmt.Sprintf("relay %s: its identity does not match the address", s.listener.Addr()), err.Error())
	var typed *network.Error
	require.ErrorAs(t, err, &typed)
	require.Equal(t, address.KeyHash, typed.Server.KeyHash)
	require.Empty(t, typed.Server.Password)

	require.NoError(t, n.Watch(address, newQueue(t, n, s.address)))
	require.IsType(t, network.Up{}, <-n.Events(), "of the other address")
	require.ErrorIs(t, next[network.Down](t, n).Err, keys.ErrFingerprint)
}

// The password is looked up for each command, not for each connection.
func TestPassword(t *testing.T) {
	t.Parallel()
	s := start(t, relay.Config{Password: smp.Password("right")})
	n := open(t, network.Config{})
	require.NoError(t, n.Ping(within(t), s.address))
	for _, password := range []string{"", "wrong"} {
		address := s.address
		address.Password = password
		_, err := n.CreateQueue(within(t), address, client.QueueOptions{})
		require.ErrorIs(t, err, network.ErrPassword)
		require.ErrorIs(t, err, smp.ErrAuth)
		require.False(t, network.Temporary(err))
		require.Equal(t, fmt.Sprintf("relay %s: wrong or missing password", s.listener.Addr()), err.Error())
	}
	address := s.address
	address.Password = "right"
	_, err := n.CreateQueue(within(t), address, client.QueueOptions{})
	require.NoError(t, err)
	require.Empty(t, next[network.Up](t, n).Server.Password)
	require.Equal(t, 1, s.listener.accepted())

	knowing := open(t, network.Config{Passwords: func(asked link.Server) string {
		require.True(t, asked.Equal(s.address))
		return "right"
	}})
	_, err = knowing.CreateQueue(within(t), s.address, client.QueueOptions{})
	require.NoError(t, err)
}

// A relay that says nothing holds a caller no longer than the caller wants.
func TestHangingRelay(t *testing.T) {
	t.Parallel()
	silent := hang(t)
	n := open(t, network.Config{HandshakeTimeout: patience})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := n.Ping(ctx, silent.address)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.True(t, network.Temporary(err))
	require.Equal(t, fmt.Sprintf("relay %s: no answer in time", silent.Addr()), err.Error())
}

// A command that is not answered ends in time.
func TestHangingCommand(t *testing.T) {
	t.Parallel()
	stages := relay.DefaultStages()
	execute := stages.Execute
	stages.Execute = func(session *relay.Session, r *relay.Request) []relay.Output {
		if _, ok := r.Command.(smp.QUE); ok {
			return nil
		}
		return execute(session, r)
	}
	s := start(t, relay.Config{Stages: stages})
	n := open(t, network.Config{CommandTimeout: 50 * time.Millisecond})
	q := newQueue(t, n, s.address)
	_, err := n.Info(t.Context(), s.address, q)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.True(t, network.Temporary(err))
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	n := open(t, network.Config{})
	good := link.Server{Scheme: link.SMP, KeyHash: make([]byte, 32), Hosts: hosts(t, "localhost"), Port: "1"}
	for sentence, change := range map[string]func(*link.Server){
		"it is not the address of an SMP relay":            func(s *link.Server) { s.Scheme = link.XFTP },
		"its fingerprint does not have 32 bytes":           func(s *link.Server) { s.KeyHash = s.KeyHash[1:] },
		"its port is not from 1 to 65535":                  func(s *link.Server) { s.Port = "65536" },
		"it has no host":                                   func(s *link.Server) { s.Hosts = nil },
		"its hosts are behind Tor, which is not supported": func(s *link.Server) { s.Hosts = hosts(t, "a.onion") },
	} {
		address := good
		change(&address)
		_, err := n.Info(within(t), address, client.Queue{})
		require.ErrorIs(t, err, network.ErrAddress)
		require.ErrorContains(t, err, sentence)
		require.False(t, network.Temporary(err))
		require.ErrorIs(t, n.Watch(address), network.ErrAddress)
		require.ErrorIs(t, n.Send(within(t), address, client.SenderQueue{}, false, nil), network.ErrAddress)
		_, err = network.New(network.Config{Proxies: []link.Server{address}})
		require.ErrorIs(t, err, network.ErrConfig)
	}
	good.Hosts = hosts(t, "a\x1b\u202e.example")
	require.ErrorContains(t, &network.Error{Server: good, Err: io.EOF}, `relay "a\x1b\u202e.example:1": `)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]network.Config{
		"timeout":   {CommandTimeout: -1},
		"idle":      {IdleTimeout: -1},
		"alive":     {KeepAlive: -2},
		"pause":     {Backoff: network.Backoff{First: -1}},
		"factor":    {Backoff: network.Backoff{Factor: 0.5}},
		"buffer":    {EventBuffer: -1},
		"handshake": {HandshakeTimeout: -1},
	} {
		_, err := network.New(config)
		require.ErrorIs(t, err, network.ErrConfig, name)
	}
	open(t, network.Config{KeepAlive: client.NoKeepAlive})
}

// What each error means: whether it may pass, and what a person reads. Nothing
// that a relay wrote is shown.
func TestErrors(t *testing.T) {
	t.Parallel()
	broker := func(b smp.BrokerError) error {
		return &client.ProxyError{Destination: true, Answer: smp.ProxyBrokerError(b)}
	}
	for _, c := range []struct {
		err       error
		temporary bool
		sentence  string
	}{
		{smp.ErrAuth, false, "it refused: there is no such queue, or another key secures it"},
		{smp.ErrQuota, true, "the queue is full"},
		{smp.ErrInternal, true, "it failed to do SEND"},
		{smp.StoreError("injected"), true, "it failed to do SEND"},
		{smp.BlockedError(smp.BlockedSpam, nil), false, "its operator has blocked the queue"},
		{smp.ErrCmdSyntax, false, "it answered SEND with CMD SYNTAX"},
		{smp.ErrSession, false, "it answered SEND with SESSION"},
		{smp.ErrLargeMsg, false, "the message is too large"},
		{client.ErrTooLarge, false, "the message is too large"},
		{client.ErrLost, true, "the connection was lost"},
		{client.ErrClosed, true, "the connection was lost"},
		{client.ErrEventOverflow, true, "the connection was lost"},
		{client.ErrKeepAlive, true, "it does not answer any more"},
		{client.ErrBlock, true, "it sent something malformed"},
		{client.ErrSyntax, false, "it sent a malformed answer"},
		{&client.UnexpectedError{}, false, "it sent a malformed answer"},
		{transport.ErrIdentity, false, "its identity does not match the address"},
		{transport.ErrVersion, false, "it speaks another version of the protocol"},
		{context.Canceled, true, "cancelled"},
		{network.ErrClosed, true, "the program is disconnecting"},
		{network.ErrNoProxy, true, "no relay forwards to it"},
		{errors.New("odd"), false, "SEND is not possible: odd"},
		{fmt.Errorf("%w: %w", network.ErrUnreachable, &net.DNSError{IsNotFound: true}), true, "cannot be reached: no such host"},
		{fmt.Errorf("%w: %w", network.ErrUnreachable, io.EOF), true, "cannot be reached: it closed the connection"},
		{broker(smp.BrokerError{Code: smp.BrokerTimeout}), true, "the relay that forwards to it cannot connect"},
		{broker(smp.BrokerError{Code: smp.BrokerNetwork}), true, "the relay that forwards to it cannot connect"},
		{broker(smp.BrokerError{Code: smp.BrokerUnexpected, Text: "injected"}), false, "the relay that forwards to it cannot connect"},
		{broker(smp.BrokerError{Code: smp.BrokerTransport, Transport: smp.TransportVersion}), false, "the relay that forwards to it cannot connect"},
		{&client.ProxyError{Answer: smp.ErrProxyNoSession}, true, "it lost the connection to the destination"},
		{&client.ProxyError{Answer: smp.ErrProxyBasicAuth}, false, "wrong or missing password"},
		{&client.ProxyError{Answer: smp.ProxyProtocolError(smp.ErrInternal)}, true, "it failed to do SEND"},
		{&client.ProxyError{Err: client.ErrLost}, true, "the connection was lost"},
	} {
		err := &network.Error{Server: link.Server{Hosts: hosts(t, "relay.example")}, Op: "SEND", Err: c.err}
		require.Equal(t, "relay relay.example:5223: "+c.sentence, err.Error())
		require.Equal(t, c.temporary, network.Temporary(err), "%v", c.err)
		require.Equal(t, errors.Is(c.err, smp.ErrQuota), network.FullQueue(err))
	}
	require.False(t, network.Temporary(nil))
}

// A message that does not fit is refused before it is sent.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	s := start(t, relay.Config{})
	n := open(t, network.Config{})
	err := n.Send(within(t), s.address, someSender(t), false, make([]byte, smp.BlockSize))
	require.Error(t, err)
	require.False(t, network.Temporary(err))
	require.True(t, strings.HasSuffix(err.Error(), "the message is too large"), err.Error())
}

package smp_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// everyError holds each error that can be sent, with its encoding at the newest
// version.
var everyError = map[string]*smp.Error{
	"BLOCK": smp.ErrBlock, "SESSION": smp.ErrSession, "AUTH": smp.ErrAuth, "SERVICE": smp.ErrService,
	"CRYPTO": smp.ErrCrypto, "QUOTA": smp.ErrQuota, "EXPIRED": smp.ErrExpired, "NO_MSG": smp.ErrNoMsg,
	"LARGE_MSG": smp.ErrLargeMsg, "INTERNAL": smp.ErrInternal, "DUPLICATE_": smp.ErrDuplicate,
	"CMD UNKNOWN": smp.ErrCmdUnknown, "CMD SYNTAX": smp.ErrCmdSyntax, "CMD PROHIBITED": smp.ErrCmdProhibited,
	"CMD NO_AUTH": smp.ErrCmdNoAuth, "CMD HAS_AUTH": smp.ErrCmdHasAuth, "CMD NO_ENTITY": smp.ErrCmdNoEntity,
	"PROXY BASIC_AUTH": smp.ErrProxyBasicAuth, "PROXY NO_SESSION": smp.ErrProxyNoSession,
	"NAME NO_RESOLVER": smp.ErrNameNoResolver, "NAME NOT_FOUND": smp.ErrNameNotFound,
	"NAME RESOLVER bad gateway":                       smp.ResolverError("bad gateway"),
	"STORE disk full":                                 smp.StoreError("disk full"),
	"BLOCKED reason=spam":                             smp.BlockedError(smp.BlockedSpam, nil),
	"PROXY PROTOCOL AUTH":                             smp.ProxyProtocolError(smp.ErrAuth),
	"PROXY PROTOCOL PROXY PROTOCOL CMD SYNTAX":        smp.ProxyProtocolError(smp.ProxyProtocolError(smp.ErrCmdSyntax)),
	"PROXY PROTOCOL BLOCKED reason=content,notice={}": smp.ProxyProtocolError(smp.BlockedError(smp.BlockedContent, &smp.ClientNotice{})),
	"PROXY BROKER RESPONSE \x03bad":                   smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerResponse, Text: "bad"}),
	"PROXY BROKER UNEXPECTED \x00":                    smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerUnexpected}),
	"PROXY BROKER NETWORK":                            smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerNetwork, Network: smp.NetworkError{Code: smp.NetworkFailed}}),
	"PROXY BROKER TIMEOUT":                            smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerTimeout}),
	"PROXY BROKER HOST":                               smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerHost}),
	"PROXY BROKER NO_SERVICE":                         smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerNoService}),
	"PROXY BROKER TRANSPORT BLOCK":                    transport(smp.TransportBlock),
	"PROXY BROKER TRANSPORT VERSION":                  transport(smp.TransportVersion),
	"PROXY BROKER TRANSPORT LARGE_MSG":                transport(smp.TransportLargeMsg),
	"PROXY BROKER TRANSPORT SESSION":                  transport(smp.TransportSession),
	"PROXY BROKER TRANSPORT NO_AUTH":                  transport(smp.TransportNoAuth),
	"PROXY BROKER TRANSPORT HANDSHAKE PARSE":          transport(smp.TransportHandshakeParse),
	"PROXY BROKER TRANSPORT HANDSHAKE IDENTITY":       transport(smp.TransportHandshakeIdentity),
	"PROXY BROKER TRANSPORT HANDSHAKE BAD_AUTH":       transport(smp.TransportHandshakeBadAuth),
	"PROXY BROKER TRANSPORT HANDSHAKE BAD_SERVICE":    transport(smp.TransportHandshakeService),
}

func transport(e smp.TransportError) *smp.Error {
	return smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerTransport, Transport: e})
}

func TestEveryErrorBothWays(t *testing.T) {
	for encoded, e := range everyError {
		b, err := smp.EncodeResponse(20, smp.ERR{Err: e})
		require.NoError(t, err, encoded)
		require.Equal(t, "ERR "+encoded, string(b))
		decoded, err := smp.DecodeResponse(20, b)
		require.NoError(t, err, encoded)
		require.Equal(t, smp.ERR{Err: e}, decoded)
		require.ErrorIs(t, decoded.(smp.ERR).Err, e)
		for other, o := range everyError {
			require.Equal(t, encoded == other, errors.Is(e, o), "%s is %s", encoded, other)
		}
	}
}

func TestErrorsForPeople(t *testing.T) {
	require.EqualError(t, smp.ErrCmdSyntax, "CMD SYNTAX")
	require.EqualError(t, smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerResponse, Text: "bad"}), "PROXY BROKER RESPONSE bad")
	require.EqualError(t, &smp.Error{}, `malformed error ""`)
	require.EqualError(t, (*smp.Error)(nil), "no error")
	require.Equal(t, smp.ErrAuth, smp.AnswerTo(fmt.Errorf("looking up a queue: %w", smp.ErrAuth)))
	require.False(t, smp.ErrAuth.Equal(nil))
}

func TestNetworkErrorsLoseTheirReason(t *testing.T) {
	for encoded, want := range map[string]smp.NetworkError{
		"":                 {Code: smp.NetworkFailed},
		" FAILED":          {Code: smp.NetworkFailed},
		" UNKNOWNCA":       {Code: smp.NetworkUnknownCA},
		" TIMEOUT":         {Code: smp.NetworkTimeout},
		" CONNECT \x02no":  {Code: smp.NetworkConnect, Text: "no"},
		" TLS \x00":        {Code: smp.NetworkTLS},
		" SUBSCRIBE \x01x": {Code: smp.NetworkSubscribe, Text: "x"},
	} {
		decoded, err := smp.DecodeResponse(18, []byte("ERR PROXY BROKER NETWORK"+encoded))
		require.NoError(t, err, encoded)
		require.Equal(t, want, decoded.(smp.ERR).Err.Proxy.Broker.Network)
		b, err := smp.EncodeResponse(18, decoded)
		require.NoError(t, err)
		require.Equal(t, "ERR PROXY BROKER NETWORK", string(b))
	}
}

func TestMalformedErrors(t *testing.T) {
	for _, malformed := range []string{"", "auth", "AUTHX", "CMD", "CMD ", "CMD  SYNTAX", "CMD SYNTAX ", "PROXY", "PROXY FOO",
		"PROXY PROTOCOL", "PROXY PROTOCOL FOO", "PROXY BROKER", "PROXY BROKER FOO", "PROXY BROKER RESPONSE", "PROXY BROKER RESPONSE \x02a",
		"PROXY BROKER RESPONSE \x01ab", "PROXY BROKER NETWORK ", "PROXY BROKER NETWORK CONNECT", "PROXY BROKER TRANSPORT",
		"PROXY BROKER TRANSPORT HANDSHAKE", "PROXY BROKER TRANSPORT HANDSHAKE PARSE x", "BLOCKED ", "BLOCKED reason=", "BLOCKED reason=spamx",
		"BLOCKED reason=spam,notice=", "BLOCKED reason=spam,notice=null", "BLOCKED reason=spam,notice=[]", `BLOCKED reason=spam,notice={"ttl":"1"}`,
		"STORE", "NAME", "NAME FOO", "NAME RESOLVER", "NAME NOT_FOUND x"} {
		_, err := smp.DecodeResponse(20, []byte("ERR "+malformed))
		require.ErrorIsf(t, err, smp.ErrCmdSyntax, "%q", malformed)
	}
	for name, e := range map[string]*smp.Error{
		"no code":           {},
		"unknown code":      {Code: "FOO"},
		"no CMD":            {Code: smp.CodeCmd},
		"no PROXY":          {Code: smp.CodeProxy},
		"unknown PROXY":     {Code: smp.CodeProxy, Proxy: &smp.ProxyError{Code: "FOO"}},
		"no PROTOCOL":       {Code: smp.CodeProxy, Proxy: &smp.ProxyError{Code: smp.ProxyProtocol}},
		"no BROKER":         {Code: smp.CodeProxy, Proxy: &smp.ProxyError{Code: smp.ProxyBroker}},
		"unknown TRANSPORT": transport("FOO"),
		"no BLOCKED":        {Code: smp.CodeBlocked},
		"unknown reason":    smp.BlockedError("FOO", nil),
		"no NAME":           {Code: smp.CodeName},
	} {
		_, err := smp.EncodeResponse(20, smp.ERR{Err: e})
		require.ErrorIs(t, err, smp.ErrUnknownCode, name)
	}
}

func TestTextThatIsNotUTF8(t *testing.T) {
	decoded, err := smp.DecodeResponse(18, []byte("ERR STORE a\xffb\xc3\xa9\xe2\x82"))
	require.NoError(t, err)
	require.Equal(t, "a?bé??", decoded.(smp.ERR).Err.Text)
}

func TestNoticeLifetimeInAnyNotation(t *testing.T) {
	for notation, want := range map[string]int64{"60": 60, "6e1": 60, "60.0": 60, "600e-1": 60, "-1": -1} {
		decoded, err := smp.DecodeResponse(18, []byte(`ERR BLOCKED reason=spam,notice={"ttl":`+notation+`}`))
		require.NoError(t, err, notation)
		require.Equal(t, want, *decoded.(smp.ERR).Err.Blocking.Notice.TTL)
	}
	for _, notation := range []string{"0.5", "1e19", "1e999999999", "true", "{}"} {
		_, err := smp.DecodeResponse(18, []byte(`ERR BLOCKED reason=spam,notice={"ttl":`+notation+`}`))
		require.ErrorIs(t, err, smp.ErrJSON, notation)
	}
}

func TestTransportErrorOnItsOwn(t *testing.T) {
	w := wire.NewWriter(nil)
	smp.TransportHandshakeService.Put(w)
	b, err := w.Bytes()
	require.NoError(t, err)
	require.Equal(t, "HANDSHAKE BAD_SERVICE", string(b))
	r := wire.NewReader(b)
	require.Equal(t, smp.TransportHandshakeService, smp.ReadTransportError(r))
	require.NoError(t, r.Close())
	require.EqualError(t, smp.TransportVersion, "VERSION")
}

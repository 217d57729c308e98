package fill

import (
	"slices"

	"github.com/google/gofuzz"

	"smpcheck/reference/smp"
)

// The codes of errors, by level.
var (
	errorCodes = []smp.ErrorCode{smp.CodeBlock, smp.CodeSession, smp.CodeCmd, smp.CodeProxy, smp.CodeAuth,
		smp.CodeBlocked, smp.CodeService, smp.CodeCrypto, smp.CodeQuota, smp.CodeStore, smp.CodeExpired, smp.CodeNoMsg,
		smp.CodeLargeMsg, smp.CodeInternal, smp.CodeName, smp.CodeDuplicate}
	proxyCodes  = []smp.ProxyCode{smp.ProxyProtocol, smp.ProxyBroker, smp.ProxyBasicAuth, smp.ProxyNoSession}
	brokerCodes = []smp.BrokerCode{smp.BrokerResponse, smp.BrokerUnexpected, smp.BrokerNetwork, smp.BrokerTimeout,
		smp.BrokerHost, smp.BrokerNoService, smp.BrokerTransport}
	transportErrors = []smp.TransportError{smp.TransportBlock, smp.TransportVersion, smp.TransportLargeMsg,
		smp.TransportSession, smp.TransportNoAuth, smp.TransportHandshakeParse, smp.TransportHandshakeIdentity,
		smp.TransportHandshakeBadAuth, smp.TransportHandshakeService}
)

// protocolError returns an error of any kind, with at most depth errors of other relays
// inside of one another.
func protocolError(c fuzz.Continue, depth int) *smp.Error {
	codes := errorCodes
	if depth == 0 {
		codes = slices.DeleteFunc(slices.Clone(codes), func(code smp.ErrorCode) bool { return code == smp.CodeProxy })
	}
	switch code := Pick(c, codes...); code {
	case smp.CodeCmd:
		return &smp.Error{Code: code, Cmd: Pick(c, smp.CmdUnknown, smp.CmdSyntax, smp.CmdProhibited, smp.CmdNoAuth,
			smp.CmdHasAuth, smp.CmdNoEntity)}
	case smp.CodeProxy:
		return &smp.Error{Code: code, Proxy: proxyError(c, depth)}
	case smp.CodeBlocked:
		return smp.BlockedError(Pick(c, smp.BlockedSpam, smp.BlockedContent),
			Maybe(c, func(c fuzz.Continue) smp.ClientNotice {
				return smp.ClientNotice{TTL: Maybe(c, func(c fuzz.Continue) int64 { return int64(c.RandUint64()) })}
			}))
	case smp.CodeStore:
		return smp.StoreError(c.RandString())
	case smp.CodeName:
		return Pick(c, smp.ErrNameNoResolver, smp.ErrNameNotFound, smp.ResolverError(c.RandString()))
	default:
		return &smp.Error{Code: code}
	}
}

func proxyError(c fuzz.Continue, depth int) *smp.ProxyError {
	p := &smp.ProxyError{Code: Pick(c, proxyCodes...)}
	switch p.Code {
	case smp.ProxyProtocol:
		p.Protocol = protocolError(c, depth-1)
	case smp.ProxyBroker:
		p.Broker.Code = Pick(c, brokerCodes...)
		switch p.Broker.Code {
		case smp.BrokerResponse, smp.BrokerUnexpected:
			p.Broker.Text = string(Bytes(c, 0, 255))
		case smp.BrokerNetwork:
			p.Broker.Network.Code = smp.NetworkFailed // its reason is not sent
		case smp.BrokerTransport:
			p.Broker.Transport = Pick(c, transportErrors...)
		}
	}
	return p
}

package relay

import (
	"context"
	"errors"
	"net"
	"os"

	"smpcheck/reference/box"
	"smpcheck/reference/client"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// brokers are the failures between this relay and another one that have an
// error of their own. SMP, "Error responses".
var brokers = []struct {
	err    error
	broker smp.BrokerError
}{
	{errHost, smp.BrokerError{Code: smp.BrokerHost}},
	{errForbidden, smp.BrokerError{Code: smp.BrokerHost}},
	{smp.ErrUnknownTag, smp.BrokerError{Code: smp.BrokerResponse, Text: smp.ErrCmdUnknown.Error()}},
	{client.ErrSyntax, smp.BrokerError{Code: smp.BrokerResponse, Text: smp.ErrCmdSyntax.Error()}},
	{client.ErrTooLarge, smp.BrokerError{Code: smp.BrokerTransport, Transport: smp.TransportLargeMsg}},
	{client.ErrBlock, smp.BrokerError{Code: smp.BrokerTransport, Transport: smp.TransportBlock}},
	{context.DeadlineExceeded, smp.BrokerError{Code: smp.BrokerTimeout}},
	{os.ErrDeadlineExceeded, smp.BrokerError{Code: smp.BrokerTimeout}},
}

// brokerError is what a client is told about a failure between this relay and
// the one it asked for. A relay that does not prove its identity is NETWORK, as
// in the official relay; time that runs out is always TIMEOUT, there it is
// NETWORK while connecting.
func brokerError(err error) *smp.Error {
	var (
		answer     *smp.Error
		unexpected *client.UnexpectedError
		handshake  transport.Error
		network    net.Error
	)
	switch {
	case errors.As(err, &answer):
		return smp.ProxyProtocolError(answer)
	case errors.Is(err, box.ErrOpen):
		return smp.ErrCrypto
	case errors.As(err, &unexpected):
		return smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerUnexpected, Text: unexpected.Got})
	}
	for _, b := range brokers {
		if errors.Is(err, b.err) {
			return smp.ProxyBrokerError(b.broker)
		}
	}
	switch {
	case errors.As(err, &handshake):
		return smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerTransport, Transport: smp.TransportError(handshake)})
	case errors.As(err, &network) && network.Timeout():
		return smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerTimeout})
	}
	return smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerNetwork})
}

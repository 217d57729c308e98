package fault

import "slices"

// proxyFaults are mistakes in private routing.
var proxyFaults = slices.Concat(
	proxySessionFaults,
	proxyPasswordFaults,
	proxyTableFaults,
	proxyHelloFaults,
	proxyForwardFaults,
	proxyHopFaults,
	proxyTogetherFaults,
	proxyErrorFaults,
	proxyUnreachedFaults,
	proxyValidityFaults,
	proxyDestinationFaults,
	proxyResponseFaults,
	proxyInnerFaults,
	proxyInnerCommandFaults(),
)

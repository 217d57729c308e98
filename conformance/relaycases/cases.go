// Package relaycases holds the conformance cases for relays: one file per topic
// of the protocol, one case per rule. A case reads as its rule does; package
// probe has the words.
//
// Bodies follow one pattern: set up with methods that block the case (NewQueue,
// Secure, Fill, Subscribe, Require…), then do the one thing that the rule is
// about and judge it with Expect…. A case accepts every behaviour that the
// documents allow, and runs at every version that its rule and the target share.
package relaycases

import (
	"slices"

	"smpcheck/conformance"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/spec"
)

// T is what a case works with.
type T = conformance.T

// All returns the cases of every topic, in the order of the protocol document:
// transport first, then commands, then deliveries.
func All() []conformance.Case {
	return slices.Concat(
		tlsCases,
		tlsSessionCases,
		tlsBindingCases,
		certificateCases,
		serverHelloCases,
		clientHelloCases,
		clientKeyCases,
		serviceHelloCases,
		versionCases,
		blockCases,
		batchCases,
		unreadableCases,
		transmissionCases,
		commandCases,
		authorizationCases,
		timingCases,
		errorCases,
		newCases,
		idsCases,
		subscribeCases,
		subscribeManyCases,
		secureCases,
		sendCases,
		sendSeriesCases,
		quotaCases,
		privacyOutputCases,
		deliveryCases,
		acknowledgeCases,
		getCases,
		manageCases,
		queueInfoCases,
		proxySessionCases,
		proxyForwardCases,
		proxyUnreachedCases,
		proxyErrorCases,
		proxyTogetherCases,
		proxyDestinationCases,
		proxyInnerCases,
		linkNewCases,
		linkSetCases,
		linkReadCases,
		nameCases,
		nameRecordCases,
		notifierKeyCases,
		notifierSubscribeCases,
		notificationCases,
		undisturbedCases,
		limitCases,
		serviceIdentityCases,
		serviceQueueCases,
		serviceSubscribeCases,
		serviceSignatureCases,
		serviceNotifyCases,
		privacyIDCases,
		privacyPartiesCases,
		privacyWireCases,
		privacyTLSCases,
		privacyResidueCases,
	)
}

// must, should, observed and claim are cases of the role relay at one level.
func must(c conformance.Case) conformance.Case     { return relay(c, spec.Must) }
func should(c conformance.Case) conformance.Case   { return relay(c, spec.Should) }
func observed(c conformance.Case) conformance.Case { return relay(c, spec.Observed) }
func claim(c conformance.Case) conformance.Case    { return relay(c, spec.Claim) }

func relay(c conformance.Case, level spec.Level) conformance.Case {
	c.Role, c.Level = spec.Relay, level
	return c
}

// from is the range of versions from v on.
func from(v uint16) wire.VersionRange { return wire.Versions(v, smp.MaxVersion) }

// until is the range of versions up to v.
func until(v uint16) wire.VersionRange { return wire.Versions(smp.MinVersion, v) }

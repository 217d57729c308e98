package proxy

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// sessionFaults are mistakes in PRXY and PKEY.
var sessionFaults = []fault.Fault{
	{
		ID:     "proxy/session-of-client",
		Story:  "PKEY names the session of the client's own connection instead of that with the destination.",
		Breaks: []string{"SMP-PROXY-PKEY-SESSION", "SMP-PROXY-SELF"},
		Cases:  []string{"relay/proxy/opens", "relay/proxy/apart", "relay/proxy/itself"},
		Apply:  changesPKEY(func(s *relay.Session, k *smp.PKEY) { k.SessionID = s.Conn().SessionID() }),
	},
	{
		ID:     "proxy/hosts-without-count",
		Story:  "PRXY is read as if it had one host and no count before it.",
		Breaks: []string{"SMP-PROXY-PRXY-HOSTS"},
		Cases:  []string{"relay/proxy/opens"},
		Apply: fault.ParsesAs("PRXY", func(r *wire.Reader) {
			r.Short()
			readRestOfPRXY(r)
		}),
	},
	{
		ID:     "proxy/port-as-number",
		Story:  "The port in PRXY is read as a word16, as ports are in most protocols.",
		Breaks: []string{"SMP-PROXY-PRXY-PORT"},
		Cases:  []string{"relay/proxy/opens"},
		Apply: fault.ParsesAs("PRXY", func(r *wire.Reader) {
			readHosts(r)
			r.Uint16()
			r.Short()
			readPasswordOfPRXY(r)
		}),
	},
	{
		ID:     "proxy/password-flag-letter",
		Story:  "The optional password of PRXY is read as if T or F said whether there is one.",
		Breaks: []string{"SMP-PROXY-PRXY-PASSWORD"},
		Cases:  []string{"relay/proxy/opens"},
		Apply: fault.ParsesAs("PRXY", func(r *wire.Reader) {
			readHosts(r)
			r.Short()
			r.Short()
			if r.Bool() {
				r.Short()
			}
		}),
	},
	{
		ID:     "proxy/prxy-tail-ignored",
		Story:  "What follows a whole PRXY is not looked at.",
		Breaks: []string{"SMP-PROXY-PRXY-PASSWORD"},
		Cases:  []string{"relay/proxy/prxy-malformed"},
		Apply:  fault.Rewrites("PRXY", func(_ uint16, command []byte) []byte { return bytes.TrimSuffix(command, []byte("x")) }),
	},
	{
		ID:     "proxy/prxy-mark-any",
		Story:  "Whatever is not 1 before the password of PRXY means that there is none.",
		Breaks: []string{"SMP-PROXY-PRXY-PASSWORD"},
		Cases:  []string{"relay/proxy/prxy-malformed"},
		Apply: fault.Rewrites("PRXY", func(_ uint16, command []byte) []byte {
			command[len(command)-1] = '0'
			return command
		}),
	},
	{
		ID:     "proxy/prxy-mark-optional",
		Story:  "PRXY that ends after the fingerprint is taken for one without a password.",
		Breaks: []string{"SMP-PROXY-PRXY-PASSWORD"},
		Cases:  []string{"relay/proxy/prxy-malformed"},
		Apply:  fault.Rewrites("PRXY", func(_ uint16, command []byte) []byte { return append(command, '0') }),
	},
	{
		ID:     "proxy/fingerprint-cut",
		Story:  "The fingerprint in PRXY is read to the end if the command ends in it.",
		Breaks: []string{"SMP-PROXY-PRXY-FINGERPRINT"},
		Cases:  []string{"relay/proxy/prxy-malformed"},
		Apply:  fault.Rewrites("PRXY", func(_ uint16, command []byte) []byte { return append(command, "123456789"+"0"...) }),
	},
	{
		ID:     "proxy/no-host-broker",
		Story:  "An empty list of hosts is taken for a list without a host that may be used.",
		Breaks: []string{"SMP-PROXY-PRXY-NO-HOST"},
		Cases:  []string{"relay/proxy/no-host"},
		Apply: fault.ChangesRequests(func(_ *relay.Session, r *relay.Request) {
			if bytes.HasPrefix(r.Transmission.Command, []byte("PRXY \x00")) {
				r.Err = broker(smp.BrokerHost)
			}
		}),
	},
	{
		ID:     "proxy/prxy-authorization-ignored",
		Story:  "Nobody looks whether PRXY has an authorization or an entity id, since it needs none.",
		Breaks: []string{"SMP-PROXY-PRXY-UNSIGNED"},
		Cases:  []string{"relay/proxy/unsigned"},
		Apply:  fault.AllowsCredentials("PRXY"),
	},
	{
		ID:     "proxy/chain-cut",
		Story:  "PKEY has the leaf and the certificate after it, as if no relay had more.",
		Breaks: []string{"SMP-PROXY-PKEY-UNCHANGED", "SMP-PROXY-PKEY-CHAIN"},
		Cases:  []string{"relay/proxy/key"},
		Apply:  changesPKEY(func(_ *relay.Session, k *smp.PKEY) { k.Chain = k.Chain[:2] }),
	},
	{
		ID:     "proxy/chain-reversed",
		Story:  "The certificates in PKEY begin with the identity instead of the leaf.",
		Breaks: []string{"SMP-PROXY-PKEY-UNCHANGED", "SMP-PROXY-PKEY-CHAIN"},
		Cases:  []string{"relay/proxy/key"},
		Apply: changesPKEY(func(_ *relay.Session, k *smp.PKEY) {
			k.Chain = slices.Clone(k.Chain)
			slices.Reverse(k.Chain)
		}),
	},
	{
		ID:     "proxy/own-identity",
		Story:  "PKEY has certificates and key of the proxy, which could then read what it forwards.",
		Breaks: []string{"SMP-PROXY-PKEY-UNCHANGED", "SMP-PROXY-PKEY-CHAIN", "SMP-PROXY-PKEY-KEY"},
		Cases:  []string{"relay/proxy/key"},
		Apply: changesPKEY(func(s *relay.Session, k *smp.PKEY) {
			hello := s.Conn().ServerHello()
			k.Chain, k.SignedKey = hello.Chain, hello.SignedKey
		}),
	},
	{
		ID:     "proxy/key-substituted",
		Story:  "PKEY has the certificates of the destination and a session key of the proxy.",
		Breaks: []string{"SMP-PROXY-PKEY-UNCHANGED", "SMP-PROXY-PKEY-KEY"},
		Cases:  []string{"relay/proxy/key"},
		Apply:  changesPKEY(func(s *relay.Session, k *smp.PKEY) { k.SignedKey = s.Conn().ServerHello().SignedKey }),
	},
	{
		ID:     "proxy/key-without-signature",
		Story:  "PKEY has the bare session key, since the proxy has verified its signature already.",
		Breaks: []string{"SMP-PROXY-PKEY-KEY"},
		Cases:  []string{"relay/proxy/opens"},
		Apply: fault.ChangesTransmissions(func(_ *relay.Session, t *smp.Transmission) {
			if body, ok := bytes.CutPrefix(t.Command, []byte("PKEY ")); ok {
				t.Command = append([]byte("PKEY "), bareKey(body)...)
			}
		}),
	},
	{
		ID:     "proxy/key-entity",
		Story:  "PKEY has the new session as entity id.",
		Breaks: []string{"SMP-PROXY-PKEY-ENTITY"},
		Cases:  []string{"relay/proxy/key-entity"},
		Apply: fault.ChangesTransmissions(func(_ *relay.Session, t *smp.Transmission) {
			if session, ok := bytes.CutPrefix(t.Command, []byte("PKEY ")); ok {
				t.EntityID = wire.NewReader(session).Short()
			}
		}),
	},
	{
		ID:     "proxy/one-version",
		Story:  "PKEY has the agreed version alone instead of the lowest and the highest one.",
		Breaks: []string{"SMP-PROXY-PKEY-VERSIONS"},
		Cases:  []string{"relay/proxy/opens"},
		Apply: fault.ChangesTransmissions(func(_ *relay.Session, t *smp.Transmission) {
			if rest, ok := bytes.CutPrefix(t.Command, []byte("PKEY ")); ok {
				r := wire.NewReader(rest)
				session := 1 + len(r.Short())
				t.Command = slices.Concat([]byte("PKEY "), rest[:session], rest[session+2:])
			}
		}),
	},
	{
		ID:     "proxy/versions-of-proxy",
		Story:  "PKEY has the versions of the proxy whatever the destination speaks.",
		Breaks: []string{"SMP-PROXY-PKEY-VERSION-CAP"},
		Cases:  []string{"relay/proxy/version-cap"},
		Apply: changesPKEY(func(_ *relay.Session, k *smp.PKEY) {
			k.Versions = fault.Since(smp.VersionProxy)
		}),
	},
	{
		ID:     "proxy/versions-of-destination",
		Story:  "PKEY passes on the versions in the hello of the destination, also those without forwarding.",
		Breaks: []string{"SMP-PROXY-PKEY-VERSION-CAP"},
		Cases:  []string{"relay/proxy/version-cap"},
		Apply:  changesPKEY(func(_ *relay.Session, k *smp.PKEY) { k.Versions.Min = smp.MinVersion }),
	},
	{
		ID:     "proxy/first-session",
		Story:  "All PFWD of a connection go to the destination of its first PRXY.",
		Breaks: []string{"SMP-PROXY-PFWD-ENTITY"},
		Cases:  []string{"relay/proxy/apart"},
		Apply:  firstSession(),
	},
	{
		ID:     "proxy/itself-refused",
		Story:  "A relay takes its own address for a mistake of the client.",
		Breaks: []string{"SMP-PROXY-SELF"},
		Cases:  []string{"relay/proxy/itself"},
		Apply: proxies(func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response {
			own := s.Relay().Fingerprint()
			if c, ok := r.Command.(smp.PRXY); ok && bytes.Equal(c.Server.KeyHash, own[:]) {
				return smp.ERR{Err: broker(smp.BrokerHost)}
			}
			return next(ctx, s, r)
		}),
	},
}

// bareKey is the body of PKEY with the key at its end taken out of its signature.
func bareKey(body []byte) []byte {
	r := wire.NewReader(body)
	r.Short()
	r.Range()
	for range r.Byte() {
		r.Large()
	}
	head := len(body) - r.Len()
	signed, err := keys.ParseSignedKey(r.Large())
	if err != nil {
		return body
	}
	w := wire.NewWriter(slices.Clone(body[:head]))
	w.Large(signed.SPKI)
	bare, err := w.Bytes()
	if err != nil {
		return body
	}
	return bare
}

func readHosts(r *wire.Reader) {
	for range r.Byte() {
		r.Short()
	}
}

func readRestOfPRXY(r *wire.Reader) {
	r.Short()
	r.Short()
	readPasswordOfPRXY(r)
}

func readPasswordOfPRXY(r *wire.Reader) {
	if r.Maybe() {
		r.Short()
	}
}

// changesPKEY changes what PRXY is answered with.
func changesPKEY(change func(*relay.Session, *smp.PKEY)) func(*relay.Config) {
	return proxies(func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response {
		answer := next(ctx, s, r)
		if k, ok := answer.(smp.PKEY); ok {
			change(s, &k)
			return k
		}
		return answer
	})
}

// firstSession forwards everything in the first session of the connection.
func firstSession() func(*relay.Config) {
	var first sync.Map // of session identifiers, by *relay.Session
	return proxies(func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response {
		if id, ok := first.Load(s); ok && r.Command.Tag() == "PFWD" {
			r.Transmission.EntityID = id.([]byte)
		}
		answer := next(ctx, s, r)
		if k, ok := answer.(smp.PKEY); ok {
			first.LoadOrStore(s, k.SessionID)
		}
		return answer
	})
}

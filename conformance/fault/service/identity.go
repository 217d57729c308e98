package service

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net"
	"slices"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/meeting"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// identityFaults are mistakes in whom the relay takes for which service.
var identityFaults = []fault.Fault{
	{
		ID:       "service/answers-everybody",
		Story:    "The relay sends its third message to every client, with an empty service id to those without credentials.",
		Breaks:   []string{"SMP-SERVICE-ANSWER-ONLY"},
		Cases:    []string{"relay/service/ordinary-gets-no-answer"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    fault.Stages(answersEverybody),
	},
	{
		ID:       "service/any-role",
		Story:    "A service says in each handshake what it is for, and the role is not kept with its certificate.",
		Breaks:   []string{"SMP-SERVICE-ID-ROLE"},
		Cases:    []string{"relay/service/one-role"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    fault.Stages(acceptsAnyRole),
	},
	{
		ID:       "service/unknown-role",
		Story:    "A letter that is none of the three roles is taken for a service that receives messages.",
		Breaks:   []string{"SMP-SERVICE-ROLE-OTHER"},
		Cases:    []string{"relay/service/unknown-role"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    vouches(vouching{unknownRole: true}),
	},
	{
		ID:       "service/key-signature-unverified",
		Story:    "The session key of a service is taken out of its signature, and the signature is not verified.",
		Breaks:   []string{"SMP-SERVICE-KEY-SIGNATURE"},
		Cases:    []string{"relay/service/key-signed-by-another"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    vouches(vouching{anySigner: true}),
	},
	{
		ID:       "service/chain-not-that-of-tls",
		Story:    "The certificates in the hello are believed, whichever ones TLS has shown.",
		Breaks:   []string{"SMP-SERVICE-CHAIN-TLS"},
		Cases:    []string{"relay/service/chain-of-another"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    vouches(vouching{anyChain: true}),
	},
	{
		ID:       "service/chain-unverified",
		Story:    "TLS asks for a client certificate without a list of authorities, and nobody verifies who has signed it.",
		Breaks:   []string{"SMP-SERVICE-ID-UNIQUE"},
		Cases:    []string{"relay/service/identity-of-another"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    believesChains(func(error) bool { return true }),
	},
	{
		ID:       "service/validity-unchecked",
		Story:    "The fingerprint is the identity of a service, so the relay looks at no dates in its certificates.",
		Breaks:   []string{"SMP-SERVICE-CHAIN-VALIDITY"},
		Cases:    []string{"relay/service/validity"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    believesChains(func(err error) bool { return err == nil || errors.Is(err, keys.ErrValidity) }),
	},
	{
		ID:       "service/leaf-is-identity",
		Story:    "A service is known by the certificate whose key it uses, the first one.",
		Breaks:   []string{"SMP-SERVICE-ID-IDENTITY"},
		Cases:    []string{"relay/service/renewed-leaf"},
		Versions: fault.Since(smp.VersionServices),
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Service
			st.Service = func(ctx context.Context, r *relay.Relay, s transport.Service, chain [][]byte) ([]byte, error) {
				s.Fingerprint = keys.FingerprintOf(chain[0])
				return next(ctx, r, s, chain)
			}
		}),
	},
	{
		ID:       "service/single-certificate-refused",
		Story:    "The chain of a service has to have two certificates, as that of a relay.",
		Breaks:   []string{"SMP-SERVICE-CHAIN-SELF"},
		Cases:    []string{"relay/service/one-certificate"},
		Versions: fault.Since(smp.VersionServices),
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Service
			st.Service = func(ctx context.Context, r *relay.Relay, s transport.Service, chain [][]byte) ([]byte, error) {
				if len(chain) < 2 {
					return nil, transport.ErrBadService
				}
				return next(ctx, r, s, chain)
			}
		}),
	},
}

// roleFaults let services do what is for another role.
var roleFaults = []fault.Fault{
	{
		ID:       "service/subs-of-notifier",
		Story:    "Every service may use SUBS, whatever its role is.",
		Breaks:   []string{"SMP-SERVICE-ROLE-COMMANDS"},
		Cases:    []string{"relay/service/role-of-service-commands"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    inRole(transport.RoleMessaging, "SUBS"),
	},
	{
		ID:       "service/nsubs-of-messaging",
		Story:    "A messaging service may use NSUBS, because it may do more than a notifier.",
		Breaks:   []string{"SMP-SERVICE-ROLE-COMMANDS"},
		Cases:    []string{"relay/service/role-of-service-commands"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    inRole(transport.RoleNotifier, "NSUBS"),
	},
	{
		ID:       "service/notifier-creates",
		Story:    "NEW is for everybody, also for a notification service.",
		Breaks:   []string{"SMP-SERVICE-ROLE-QUEUES"},
		Cases:    []string{"relay/service/role-of-queue-commands"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    inRole(transport.RoleMessaging, "NEW"),
	},
	{
		ID:       "service/notifier-receives",
		Story:    "The role decides about SUBS and NSUBS alone, and a notification service may use the commands for single queues.",
		Breaks:   []string{"SMP-SERVICE-ROLE-QUEUES"},
		Cases:    []string{"relay/service/role-of-queue-commands"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    inRole(transport.RoleMessaging, "SUB", "QUE", "SEND"),
	},
	{
		ID:       "service/messaging-notifies",
		Story:    "A messaging service may subscribe to notifications with NSUB.",
		Breaks:   []string{"SMP-SERVICE-ROLE-QUEUES"},
		Cases:    []string{"relay/service/role-of-queue-commands"},
		Versions: fault.Since(smp.VersionServiceCounts),
		Apply:    inRole(transport.RoleNotifier, "NSUB"),
	},
}

// answersEverybody sends the answer to service credentials also where there are none.
func answersEverybody(st *relay.Stages) {
	next := st.Handshake
	st.Handshake = func(ctx context.Context, raw net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
		conn, err := next(ctx, raw, config)
		if err != nil || conn.Version() < smp.VersionServices || conn.Service() != nil {
			return conn, err
		}
		answer, err := transport.ServiceResponse{}.Encode()
		if err == nil {
			err = conn.WriteBlock(answer)
		}
		if err != nil {
			return nil, errors.Join(err, conn.Abort())
		}
		return conn, nil
	}
}

// acceptsAnyRole keeps one record for a service, whatever role it has this time.
func acceptsAnyRole(st *relay.Stages) {
	var first fault.Notes[keys.Fingerprint, transport.Role]
	service, handshake := st.Service, st.Handshake
	st.Service = func(ctx context.Context, r *relay.Relay, s transport.Service, chain [][]byte) ([]byte, error) {
		s.Role = first.Update(s.Fingerprint, func(role transport.Role) transport.Role {
			if role == 0 {
				return s.Role
			}
			return role
		})
		return service(ctx, r, s, chain)
	}
	st.Handshake = func(ctx context.Context, raw net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
		conn, err := handshake(ctx, raw, config)
		if err == nil && conn.Service() != nil {
			conn.Service().Role, _ = first.Get(conn.Service().Fingerprint)
		}
		return conn, err
	}
}

// idPerConnection gives a service another id in each of its connections.
func idPerConnection(c *relay.Config) {
	fault.ServiceIDs(func() []byte { return fault.Random(fault.IDSize) })(c)
	present := func(s *relay.Session, _ smp.SOK) smp.SOK { return smp.SOK{ServiceID: s.Conn().Service().ID} }
	fault.Together(sok[smp.SUB](present), sok[smp.NSUB](present))(c)
}

// believesChains accepts services with certificates of which such says so, from what is wrong
// with them.
func believesChains(such func(error) bool) func(*relay.Config) {
	return meeting.WithTLS(func(ctx context.Context, raw net.Conn, config transport.ServerConfig) (net.Conn, transport.Binding, error) {
		conn, err := tlsprobe.Server(ctx, raw, &tlsprobe.ServerConfig{
			Certificate: &tlsprobe.Certificate{Chain: config.Credentials.Chain, Key: meeting.Signer(config.Credentials.Key)},
			SelectALPN:  meeting.SelectSMP,
		})
		if err != nil {
			return nil, transport.Binding{}, err
		}
		state := conn.State()
		if len(state.PeerCertificates) > 0 {
			if err := keys.ValidateServiceChain(state.PeerCertificates); !such(err) {
				return nil, transport.Binding{}, err
			}
		}
		return conn, transport.Binding{
			SessionID: state.ClientFinished, PeerChain: state.PeerCertificates, ALPN: state.ALPN, CertificateSent: true,
		}, nil
	})
}

// vouching is what a relay believes of a service.
type vouching struct {
	anyChain    bool // that it has the certificates in its hello, whichever TLS has shown
	anySigner   bool // that its certificate has signed its session key
	unknownRole bool // that a role that nobody knows is that for messages
}

// vouches accepts services as v says. What it believes it signs itself, for the reference to
// see nothing wrong.
func vouches(v vouching) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		st.Handshake = func(ctx context.Context, raw net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
			s, err := transport.ServerTLS(ctx, raw, config)
			if err != nil {
				return nil, err
			}
			binding := s.Binding()
			if len(binding.PeerChain) == 0 {
				return transport.ServerHandshake(ctx, s, binding, config)
			}
			return v.handshake(ctx, s, config)
		}
	})
}

func (v vouching) handshake(ctx context.Context, s *transport.Secure, config transport.ServerConfig) (*transport.Conn, error) {
	own, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	if err != nil {
		return nil, errors.Join(err, s.Abort())
	}
	hello := &vouchedHello{vouching: v, shown: s.PeerChain(), own: own}
	binding, decide := s.Binding(), config.Service
	binding.PeerChain = own.Chain
	config.Service = func(ctx context.Context, service transport.Service, chain [][]byte) ([]byte, error) {
		service.Fingerprint = hello.fingerprint
		return decide(ctx, service, chain)
	}
	believing := meeting.Steps{Client: hello.vouched}
	conn, err := transport.ServerHandshake(ctx, believing.On(s, binding), binding, config)
	if err == nil && conn.Service() != nil {
		conn.Service().Fingerprint = hello.fingerprint
	}
	return conn, err
}

// vouchedHello is the hello of a service: if the relay believes it, it shows the
// certificates of the relay's own.
type vouchedHello struct {
	vouching
	shown       [][]byte // in TLS
	own         keys.Credentials
	fingerprint keys.Fingerprint // of the service in the hello
}

// vouched returns the block that the reference is to read: the one that came, with which
// it refuses the service, unless the relay believes it.
func (h *vouchedHello) vouched(block []byte) ([]byte, error) {
	content, err := wire.Unpad(block)
	if err != nil {
		return block, nil
	}
	if h.unknownRole {
		content = knownRole(bytes.Clone(content))
	}
	hello, err := transport.DecodeClientHello(content)
	if err != nil || hello.Service == nil || !h.anyChain && !slices.EqualFunc(hello.Service.Chain, h.shown, bytes.Equal) {
		return block, nil
	}
	if err := h.adopt(hello.Service); err != nil {
		return block, nil
	}
	if content, err = hello.Encode(); err != nil {
		return nil, err
	}
	return meeting.Block(content), nil
}

// adopt has the service show the relay's own certificates, or says what is wrong with its
// key.
func (h *vouchedHello) adopt(service *transport.ClientService) (err error) {
	if h.fingerprint, err = fingerprintOf(service.Chain); err != nil {
		return err
	}
	key, err := signedKey(service, h.anySigner)
	if err != nil {
		return err
	}
	service.SignedKey, err = keys.SignKey(key, h.own.Key)
	service.Chain = h.own.Chain
	return err
}

func fingerprintOf(chain [][]byte) (keys.Fingerprint, error) {
	identity, err := keys.Identity(chain)
	return keys.FingerprintOf(identity), err
}

// signedKey is the session key of a service, if its certificate or anybody has signed it.
func signedKey(service *transport.ClientService, anySigner bool) (keys.PublicKey, error) {
	signed, err := keys.ParseSignedKey(service.SignedKey)
	if err != nil {
		return keys.PublicKey{}, err
	}
	leaf, err := keys.CertificatePublicKey(service.Chain[0])
	if err != nil {
		return keys.PublicKey{}, err
	}
	if err := signed.Verify(leaf); err != nil && !anySigner {
		return keys.PublicKey{}, err
	}
	return signed.PublicKey()
}

// knownRole replaces an unknown role in the content of a hello.
func knownRole(content []byte) []byte {
	r := wire.NewReader(content)
	r.Uint16() // version
	r.Short()  // key hash
	r.Short()  // session key
	r.Bool()   // proxy
	if !r.Maybe() || r.Err() != nil {
		return content
	}
	rest := r.Rest()
	at := len(content) - len(rest)
	if at < len(content) && !bytes.ContainsRune([]byte("MNP"), rune(content[at])) {
		content[at] = byte(transport.RoleMessaging)
	}
	return content
}

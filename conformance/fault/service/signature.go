package service

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// signatureFaults are mistakes with what a service signs besides the keys of queues.
var signatureFaults = []fault.Fault{
	{
		ID:       "service/signature-optional",
		Story:    "The signature of the service is verified where there is one, and SUB and NEW may go without.",
		Breaks:   []string{"SMP-SERVICE-SIGNATURE-MISSING"},
		Cases:    []string{"relay/service/signature-missing"},
		Versions: fault.Since(smp.VersionServices),
		Apply: authorisesWithout(func(_ *relay.Session, r *relay.Request) bool {
			return fault.IsOneOf(r, "SUB", "NEW") && r.Transmission.ServiceSignature == nil
		}),
	},
	{
		ID:       "service/signature-optional-in-new",
		Story:    "NEW of a service needs no signature of the service, because there is no queue yet to take.",
		Breaks:   []string{"SMP-SERVICE-SIGNATURE-MISSING"},
		Cases:    []string{"relay/service/signature-missing"},
		Versions: fault.Since(smp.VersionServices),
		Apply: authorisesWithout(func(_ *relay.Session, r *relay.Request) bool {
			return fault.IsOneOf(r, "NEW") && r.Transmission.ServiceSignature == nil
		}),
	},
	{
		ID:       "service/signature-unverified",
		Story:    "The signature of the service is parsed and not verified: the handshake has shown who it is.",
		Breaks:   []string{"SMP-SERVICE-SIGNATURE-COVERS"},
		Cases:    []string{"relay/service/signature-wrong"},
		Versions: fault.Since(smp.VersionServices),
		Apply: authorisesWithout(func(_ *relay.Session, r *relay.Request) bool {
			return fault.IsOneOf(r, "SUB", "NEW") && r.Transmission.ServiceSignature != nil
		}),
	},
	{
		ID:       "service/nsub-signature-optional",
		Story:    "Services were built for messages first, and the signature is asked for in NEW and SUB alone.",
		Breaks:   []string{"SMP-SERVICE-SIGNATURE-MISSING"},
		Cases:    []string{"relay/service/signature-nsub"},
		Versions: fault.Since(smp.VersionServices),
		Apply: authorisesWithout(func(_ *relay.Session, r *relay.Request) bool {
			return fault.IsOneOf(r, "NSUB") && r.Transmission.ServiceSignature == nil
		}),
	},
	{
		ID:       "service/nsub-signature-unverified",
		Story:    "The signature of the service in NSUB is parsed and not verified.",
		Breaks:   []string{"SMP-SERVICE-SIGNATURE-COVERS"},
		Cases:    []string{"relay/service/signature-nsub"},
		Versions: fault.Since(smp.VersionServices),
		Apply: authorisesWithout(func(_ *relay.Session, r *relay.Request) bool {
			return fault.IsOneOf(r, "NSUB") && r.Transmission.ServiceSignature != nil
		}),
	},
	{
		ID:       "service/queue-key-signs-alone",
		Story:    "The key of the queue signs what it signs elsewhere, without the certificate of the service.",
		Breaks:   []string{"SMP-SERVICE-SIGNATURE-QUEUE-KEY"},
		Cases:    []string{"relay/service/signature-queue-key", "relay/service/signature-nsub"},
		Versions: fault.Since(smp.VersionServices),
		Apply: fault.Stages(func(st *relay.Stages) {
			verify := st.Verify
			st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
				bare := *r
				bare.Transmission.ServiceSignature = nil
				return verify(s, r, key) || verify(s, &bare, key)
			}
		}),
	},
	{
		ID:       "service/authenticator-alone",
		Story:    "The certificate of the service comes before what the key of a queue signs, and not before what it authenticates.",
		Breaks:   []string{"SMP-SERVICE-SIGNATURE-QUEUE-KEY"},
		Cases:    []string{"relay/service/signature-authenticator"},
		Versions: fault.Since(smp.VersionServices),
		Apply: fault.Stages(func(st *relay.Stages) {
			verify := st.Verify
			st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
				bare := *r
				if key.Algorithm() == keys.X25519 {
					bare.Transmission.ServiceSignature = nil
				}
				return verify(s, &bare, key)
			}
		}),
	},
	{
		ID:       "service/signature-anywhere",
		Story:    "A signature of the service is ignored in commands that do not need it.",
		Breaks:   []string{"SMP-SERVICE-SIGNATURE-WHERE"},
		Cases:    []string{"relay/service/signature-needless"},
		Versions: fault.Since(smp.VersionServices),
		Apply: dropsSignature(func(s *relay.Session, r *relay.Request) bool {
			return fault.IsService(s) && !smp.UsesServiceSignature(r.Command)
		}),
	},
	{
		ID:       "service/signature-of-anybody",
		Story:    "The signature of a service is ignored in sessions of ordinary clients.",
		Breaks:   []string{"SMP-SERVICE-SIGNATURE-MISSING"},
		Cases:    []string{"relay/service/signature-ordinary"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    dropsSignature(func(s *relay.Session, _ *relay.Request) bool { return !fault.IsService(s) }),
	},
}

// dropsSignature authorises some requests as if the service had not signed them.
func dropsSignature(such func(s *relay.Session, r *relay.Request) bool) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		authorise := st.Authorise
		st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			if such(s, r) {
				r.Transmission.ServiceSignature = nil
			}
			return authorise(s, r)
		}
	})
}

// commandFaults are mistakes in who may use SUBS and NSUBS.
var commandFaults = []fault.Fault{
	{
		ID:       "service/subs-of-ordinary",
		Story:    "SUBS and NSUBS of a client that is no service are answered with a count of 0.",
		Breaks:   []string{"SMP-SERVICE-COMMAND-ORDINARY"},
		Cases:    []string{"relay/service/command-ordinary"},
		Versions: fault.Since(smp.VersionServices),
		Apply: fault.Together(accepts(func(s *relay.Session, _ *relay.Request) bool { return !fault.IsService(s) }),
			fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
				if fault.IsOneOf(r, "SUBS", "NSUBS") && !fault.IsService(s) {
					return fault.Reply(r, smp.SOKS{})
				}
				return next(s, r)
			})),
	},
	{
		ID:       "service/subs-unsigned",
		Story:    "TLS has shown who the service is, so SUBS and NSUBS need no authorization.",
		Breaks:   []string{"SMP-SERVICE-COMMAND-UNSIGNED"},
		Cases:    []string{"relay/service/command-unsigned"},
		Versions: fault.Since(smp.VersionServices),
		Apply: fault.Together(fault.Unsigned("SUBS"), fault.Unsigned("NSUBS"),
			accepts(func(s *relay.Session, r *relay.Request) bool {
				return fault.IsService(s) && len(r.Transmission.Authorization) == 0
			})),
	},
	{
		ID:       "service/subs-any-key",
		Story:    "The authorization of SUBS and NSUBS is parsed and not verified.",
		Breaks:   []string{"SMP-SERVICE-COMMAND-WRONG-KEY"},
		Cases:    []string{"relay/service/command-wrong-key"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    accepts(func(s *relay.Session, r *relay.Request) bool { return fault.IsService(s) }),
	},
	{
		ID:       "service/subs-any-id",
		Story:    "The connection says which service SUBS is for, and its entity id is not looked at.",
		Breaks:   []string{"SMP-SERVICE-ENTITY-OTHER"},
		Cases:    []string{"relay/service/command-id-of-another"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    accepts(signedByService),
	},
	{
		ID:       "service/subs-signature-apart",
		Story:    "The signature of the service has to stand in its own field in SUBS and NSUBS too.",
		Breaks:   []string{"SMP-SERVICE-COMMAND-SIGNED"},
		Cases:    []string{"relay/service/command-signed"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    refusesService(func(s *relay.Session, r *relay.Request) bool { return r.Transmission.ServiceSignature == nil }),
	},
	{
		ID:       "service/subs-without-id",
		Story:    "SUBS and NSUBS are about the whole connection and must not name anything.",
		Breaks:   []string{"SMP-SERVICE-ENTITY"},
		Cases:    []string{"relay/service/command-signed"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    refusesService(func(s *relay.Session, r *relay.Request) bool { return len(r.Transmission.EntityID) > 0 }),
	},
}

// accepts takes SUBS and NSUBS that such says, besides those that are right.
func accepts(such func(s *relay.Session, r *relay.Request) bool) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		authorise := st.Authorise
		st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			err := authorise(s, r)
			if err.Equal(smp.ErrService) && fault.IsOneOf(r, "SUBS", "NSUBS") && such(s, r) {
				return nil
			}
			return err
		}
	})
}

// refusesService refuses SUBS and NSUBS that such says.
func refusesService(such func(s *relay.Session, r *relay.Request) bool) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		authorise := st.Authorise
		st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			if fault.IsOneOf(r, "SUBS", "NSUBS") && such(s, r) {
				return smp.ErrService
			}
			return authorise(s, r)
		}
	})
}

// signedByService reports whether the key of the service in this session has authorized a
// request.
func signedByService(s *relay.Session, r *relay.Request) bool {
	if !fault.IsService(s) {
		return false
	}
	authorized, err := r.Transmission.Authorized(s.Conn().SessionID())
	return err == nil && keys.Verify(s.Conn().Service().Key, authorized, r.Transmission.Authorization)
}

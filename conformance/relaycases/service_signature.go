package relaycases

import (
	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// SMP, "SMP Transmission and transport block structure" (serviceSig) and "Command
// verification": what a service signs. The rules are those of the official relay.
var serviceSignatureCases = []conformance.Case{
	observed(conformance.Case{
		ID:           "relay/service/signature-missing",
		Title:        "SUB and NEW of a service without its signature are refused and change nothing",
		Requirements: []string{"SMP-SERVICE-SIGNATURE-MISSING"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			q, s := unowned(t)
			bare := s.OrdinaryTransmission(q.RecipientID, q.Key, smp.SUB{})
			s.AskTransmission("SUB without service signature", bare).ExpectError(smp.ErrService)
			create, another := s.NewQueueRequest()
			bare = s.OrdinaryTransmission(nil, another.Key, create)
			s.AskTransmission("NEW without service signature", bare).ExpectError(smp.ErrService)
			expectUnowned(t, q, s)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/signature-wrong",
		Title:        "SUB with a wrong service signature is refused and changes nothing",
		Requirements: []string{"SMP-SERVICE-SIGNATURE-COVERS"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			q, s := unowned(t)
			for _, i := range []int{0, 40, 63} {
				tr := s.Transmission(q.RecipientID, q.Key, smp.SUB{})
				tr.ServiceSignature[i] ^= 1
				s.AskTransmission("SUB with a wrong service signature", tr).ExpectError(smp.ErrService)
			}
			tr := s.Transmission(q.RecipientID, q.Key, smp.SUB{})
			tr.ServiceSignature = s.Transmission(q.RecipientID, q.Key, smp.SUB{}).ServiceSignature
			s.AskTransmission("SUB with the service signature of another SUB", tr).ExpectError(smp.ErrService)
			expectUnowned(t, q, s)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/signature-queue-key",
		Title:        "SUB of a service is refused if the queue's key has not signed the service's certificate too",
		Requirements: []string{"SMP-SERVICE-SIGNATURE-QUEUE-KEY"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			q, s := unowned(t)
			tr := s.Transmission(q.RecipientID, q.Key, smp.SUB{})
			tr.Authorization = signedAlone(t, s, tr, q.Key)
			s.AskTransmission("SUB whose queue key knows of no service", tr).ExpectError(smp.ErrAuth)
			expectUnowned(t, q, s)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/signature-authenticator",
		Title:        "The authenticator of a queue's key covers the service's certificate as a signature does",
		Requirements: []string{"SMP-SERVICE-SIGNATURE-QUEUE-KEY"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			q := probe.Dial(t).NewQueueWithKey(probe.NewKey(t, keys.X25519), probe.OnlyCreate)
			probe.RequireA[smp.INFO](q.Recipient(q.Conn, smp.QUE{}))
			s := messagingService(t, probe.NewService(t))
			bare := s.OrdinaryTransmission(q.RecipientID, q.Key, smp.SUB{})
			bare.ServiceSignature = signedAlone(t, s, bare, s.Key)
			s.AskTransmission("SUB whose authenticator knows of no service", bare).ExpectError(smp.ErrAuth)
			q.Recipient(s.Conn, smp.SUB{}).Expect(smp.SOK{ServiceID: s.ID})
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/signature-nsub",
		Title:        "NSUB of a service needs its signature and a queue key that knows of the service, as SUB does",
		Requirements: []string{"SMP-SERVICE-SIGNATURE-MISSING", "SMP-SERVICE-SIGNATURE-COVERS", "SMP-SERVICE-SIGNATURE-QUEUE-KEY"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			n := probe.Dial(t).NewServiceNotifier()
			s := notificationService(t, probe.NewService(t))
			bare := s.OrdinaryTransmission(n.ID, n.Key, smp.NSUB{})
			t.About("SMP-SERVICE-SIGNATURE-MISSING")
			s.AskTransmission("NSUB without service signature", bare).ExpectError(smp.ErrService)
			tr := s.Transmission(n.ID, n.Key, smp.NSUB{})
			tr.ServiceSignature[40] ^= 1
			t.About("SMP-SERVICE-SIGNATURE-COVERS")
			s.AskTransmission("NSUB with a wrong service signature", tr).ExpectError(smp.ErrService)
			tr = s.Transmission(n.ID, n.Key, smp.NSUB{})
			tr.Authorization = signedAlone(t, s, tr, n.Key)
			t.About("SMP-SERVICE-SIGNATURE-QUEUE-KEY")
			s.AskTransmission("NSUB whose queue key knows of no service", tr).ExpectError(smp.ErrAuth)
			s.ExpectQueues(smp.NSUBS{})
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/signature-needless",
		Title:        "Commands that a service does not sign are refused with its signature",
		Requirements: []string{"SMP-SERVICE-SIGNATURE-WHERE"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			q, s := unowned(t)
			for _, cmd := range []smp.Command{smp.QUE{}, smp.OFF{}, smp.KEY{SenderKey: probe.NewKey(t, keys.Ed25519).Public()}, smp.DEL{}} {
				signed := s.Transmission(q.RecipientID, q.Key, cmd)
				signed.ServiceSignature = s.Transmission(q.RecipientID, q.Key, smp.SUB{}).ServiceSignature
				s.AskTransmission(cmd.Tag()+" with a service signature", signed).ExpectError(smp.ErrService)
			}
			probe.ExpectA[smp.INFO](q.Recipient(s.Conn, smp.QUE{}))
			q.Fill(probe.Dial(t), t.Rand().Bytes(40)) // neither suspended, secured nor deleted
			expectUnowned(t, q, s)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/signature-ordinary",
		Title:        "A client that is no service cannot use a service signature",
		Requirements: []string{"SMP-SERVICE-SIGNATURE-MISSING"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			q, _ := waiting(t, 0)
			c := probe.Dial(t)
			tr := c.Transmission(q.RecipientID, q.Key, smp.SUB{})
			authorized, err := tr.Authorized(c.SessionID())
			if err == nil {
				tr.ServiceSignature, err = probe.NewKey(t, keys.Ed25519).Sign(authorized)
			}
			if err != nil {
				t.Broken(err)
			}
			c.AskTransmission("SUB with a service signature", tr).ExpectError(smp.ErrService)
			q.Fill(probe.Dial(t), t.Rand().Bytes(40))
			q.ExpectNoMessage(c, "SUB was refused")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/command-ordinary",
		Title:        "A client that is no service cannot use SUBS and NSUBS",
		Requirements: []string{"SMP-SERVICE-COMMAND-ORDINARY"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			c, id := probe.Dial(t), probe.DialService(t, transport.RoleNotifier, probe.NewService(t)).ID
			key := probe.NewKey(t, keys.Ed25519)
			c.Ask(id, key, smp.SUBS{}).ExpectError(smp.ErrService)
			c.Ask(id, key, smp.NSUBS{}).ExpectError(smp.ErrService)
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/command-unsigned",
		Title:        "SUBS and NSUBS without authorization are refused",
		Requirements: []string{"SMP-SERVICE-COMMAND-UNSIGNED"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			s, cmd := withCommand(t)
			s.Ask(s.ID, probe.NoKey, cmd).ExpectError(smp.ErrCmdNoAuth)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/command-id-of-another",
		Title:        "A service cannot subscribe for the id of another service",
		Requirements: []string{"SMP-SERVICE-ENTITY-OTHER"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			s, cmd := withCommand(t)
			another, _ := withCommand(t)
			s.Ask(another.ID, s.Key, cmd).ExpectError(smp.ErrService)
			s.Ask(t.Fresh().Bytes(24), s.Key, cmd).ExpectError(smp.ErrService)
			probe.ExpectA[smp.SOKS](s.Command(cmd))
		},
	}),
	observed(conformance.Case{
		ID:           "relay/service/command-wrong-key",
		Title:        "SUBS and NSUBS are refused unless the key of this session has signed them",
		Requirements: []string{"SMP-SERVICE-COMMAND-WRONG-KEY"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			s, cmd := withCommand(t)
			s.Ask(s.ID, probe.NewKey(t, keys.Ed25519), cmd).ExpectError(smp.ErrService)
			probe.ExpectA[smp.SOKS](s.Command(cmd))
		},
	}),
	must(conformance.Case{
		ID:           "relay/service/command-signed",
		Title:        "SUBS and NSUBS that the key of the session has signed are accepted",
		Requirements: []string{"SMP-SERVICE-COMMAND-SIGNED", "SMP-SERVICE-ENTITY"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			s, cmd := withCommand(t)
			probe.ExpectA[smp.SOKS](s.Command(cmd))
		},
	}),
}

// signedAlone is what a key signs of a transmission, if it is the service's, or a queue key
// that knows of no service.
func signedAlone(t *T, s *probe.ServiceConn, tr smp.Transmission, key keys.PrivateKey) []byte {
	authorized, err := tr.Authorized(s.SessionID())
	if err != nil {
		t.Broken(err)
	}
	signature, err := key.Sign(authorized)
	if err != nil {
		t.Broken(err)
	}
	return signature
}

// unowned returns a queue that nobody is subscribed to and a messaging service.
func unowned(t *T) (*probe.Queue, *probe.ServiceConn) {
	q, _ := waiting(t, 0)
	return q, messagingService(t, probe.NewService(t))
}

// expectUnowned fails the case if the service gets messages of the queue.
func expectUnowned(t *T, q *probe.Queue, s *probe.ServiceConn) {
	s.Ping()
	q.Fill(probe.Dial(t), t.Rand().Bytes(40))
	q.ExpectNoMessage(s.Conn, "the service's command for the queue was refused")
	if t.Version() >= smp.VersionServiceCounts {
		s.ExpectQueues(smp.SUBS{})
	}
}

// withCommand connects as a service that has a command for everything that belongs
// to it at the version of the case: below 19 only notification services do.
func withCommand(t *T) (*probe.ServiceConn, smp.Command) {
	if t.Version() < smp.VersionServiceCounts {
		return probe.DialService(t, transport.RoleNotifier, probe.NewService(t)), smp.NSUBS{}
	}
	return messagingService(t, probe.NewService(t)), smp.SUBS{}
}

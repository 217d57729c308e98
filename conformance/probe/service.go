package probe

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"slices"

	"smpcheck/conformance"
	"smpcheck/conformance/target"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// ServiceConn is the connection of a client service that the relay has accepted.
// NEW, SUB and NSUB that are sent on it are signed by the service too.
type ServiceConn struct {
	*Conn
	// ID is the service id that the relay gave.
	ID []byte
	// Key is the key of this session, which signs for the service.
	Key keys.PrivateKey
}

// ServiceOffer is what a client shows to be accepted as a service.
type ServiceOffer struct {
	Role transport.Role
	// TLS is shown in the TLS handshake, with the key of its leaf.
	TLS keys.Credentials
	// Chain stands in the hello.
	Chain [][]byte
	// Signer signs the session key.
	Signer keys.PrivateKey
}

// NewService makes the certificates of a service with its own issuer.
func NewService(t *conformance.T) keys.Credentials {
	c, err := keys.NewCredentials(t.Fresh(), keys.Ed25519, 2)
	if err != nil {
		t.Broken(err)
	}
	return c
}

// HonestOffer is what a service with the given certificates shows.
func HonestOffer(role transport.Role, c keys.Credentials) ServiceOffer {
	return ServiceOffer{Role: role, TLS: c, Chain: c.Chain, Signer: c.Key}
}

// OfferService connects with the offer and returns the relay's third message, or
// says why none can be read. A relay that sends no hello after a TLS handshake with
// client certificates gives an error too.
func OfferService(t *conformance.T, o ServiceOffer) (*ServiceConn, transport.ServiceResponse, error) {
	signer, _ := o.TLS.Key.Ed25519()
	c, err := OpenOffering(t, func(cfg *tlsprobe.Config) {
		cfg.Certificate = &tlsprobe.Certificate{Chain: o.TLS.Chain, Key: signer}
	})
	if err == nil {
		err = c.ReadHello()
	}
	if err != nil {
		return nil, transport.ServiceResponse{}, err
	}
	c.RequireBinding()
	s := &ServiceConn{Conn: c, Key: c.generate(keys.Ed25519)}
	signed, err := keys.SignKey(s.Key.Public(), o.Signer)
	if err != nil {
		t.Broken(err)
	}
	private, h := c.generate(keys.X25519), c.ClientHello()
	h.Key = private.Public()
	h.Service = &transport.ClientService{Role: o.Role, Chain: o.Chain, SignedKey: signed}
	c.SendHello(h)
	content, err := c.ReadContent(EventTime)
	if err != nil {
		return nil, transport.ServiceResponse{}, err
	}
	response, err := transport.DecodeServiceResponse(content)
	if err != nil {
		return nil, response, err
	}
	s.ID, c.relying = bytes.Clone(response.ServiceID), true
	c.service = &smp.ServiceCredentials{CertFingerprint: o.TLS.Fingerprint(), Key: s.Key}
	c.Encrypt(private, h)
	return s, response, nil
}

// DialService connects as a service. A relay that does not accept it skips the
// case, one whose third message cannot be read blocks it.
func DialService(t *conformance.T, role transport.Role, credentials keys.Credentials) *ServiceConn {
	if reason, found := t.Info().Unusable[t.Version()]; found {
		Blocked(t, "at version %d the relay serves nothing: %s", t.Version(), reason)
	}
	s, response, err := OfferService(t, HonestOffer(role, credentials))
	if err != nil {
		Blocked(t, "the third message of the handshake cannot be read: %v", err)
	}
	if response.Error != "" {
		Lack(t, target.Services, "it refuses the service: "+string(response.Error))
	}
	return s
}

// signedByService reports whether a service signs an encoded command besides the
// queue's key.
func signedByService(command []byte) bool {
	tag, _, _ := bytes.Cut(command, []byte(" "))
	return slices.Contains([]string{"NEW", "SUB", "NSUB"}, string(tag))
}

// authorizeInService is Authorize for what the service signs as well.
func (c *Conn) authorizeInService(tr smp.Transmission, authorizer smp.Authorizer) smp.Transmission {
	if err := tr.AuthorizeInService(c.secure.SessionID, authorizer, *c.service); err != nil {
		c.t.Broken(err)
	}
	return tr
}

// OrdinaryTransmission is Transmission as a client would send it that is no
// service: the service signs nothing, and the queue's key knows of no service.
func (s *ServiceConn) OrdinaryTransmission(entity []byte, key keys.PrivateKey, cmd smp.Command) smp.Transmission {
	plain := *s.Conn
	plain.service = nil
	return plain.Transmission(entity, key, cmd)
}

// Command asks SUBS or NSUBS, which the service alone signs.
func (s *ServiceConn) Command(cmd smp.Command) Answer { return s.Ask(s.ID, s.Key, cmd) }

// Subscribe subscribes to everything that belongs to the service. An answer other
// than SOKS blocks the case. After SUBS it waits for ALLS, without which the case
// is blocked too; messages that came stay in the inbox.
func (s *ServiceConn) Subscribe(cmd smp.Command) smp.ServiceQueues {
	soks := RequireA[smp.SOKS](s.Command(cmd))
	if _, messages := cmd.(smp.SUBS); messages {
		if _, missing := s.await(answerTime, isALLS); missing != "" {
			Blocked(s.t, "SUBS was not followed by ALLS: %s", missing)
		}
	}
	s.Settle()
	return soks.ServiceQueues
}

// ExpectQueues sends SUBS or NSUBS and fails the case unless SOKS has count and
// hash of the given ids. After SUBS it leaves everything that follows in the inbox.
func (s *ServiceConn) ExpectQueues(cmd smp.Command, ids ...[]byte) {
	s.Command(cmd).Expect(smp.SOKS{ServiceQueues: QueuesOf(ids...)})
}

// QueuesOf is the count of ids and the exclusive or of their MD5 digests.
func QueuesOf(ids ...[]byte) smp.ServiceQueues {
	q := smp.ServiceQueues{Count: int64(len(ids))}
	for _, id := range ids {
		digest := md5.Sum(id)
		for i, b := range digest {
			q.IDsHash[i] ^= b
		}
	}
	return q
}

func isALLS(r Received) bool {
	_, ok := r.Response.(smp.ALLS)
	return ok
}

// ExpectALLS fails the case unless ALLS comes, and returns it.
func (s *ServiceConn) ExpectALLS() Received {
	r, missing := s.await(answerTime, isALLS)
	if missing != "" {
		s.t.Fail("ALLS", missing)
	}
	return r
}

// ExpectNoALLS fails the case if ALLS has come. A PING is the fence.
func (s *ServiceConn) ExpectNoALLS(why string) {
	s.Ping()
	if slices.ContainsFunc(s.inbox, isALLS) {
		s.t.Fail("no ALLS: "+why, "ALLS")
	}
}

// TakenBefore returns what came before ALLS, which has to come, and leaves the
// rest in the inbox.
func (s *ServiceConn) TakenBefore() []Received {
	end := s.deadline(answerTime)
	for {
		if i := slices.IndexFunc(s.inbox, isALLS); i >= 0 {
			before := slices.Clone(s.inbox[:i])
			s.inbox = s.inbox[i+1:]
			return before
		}
		if err := s.receive(end); err != nil {
			s.t.Fail("ALLS", s.explain(answerTime, err))
		}
	}
}

// ExpectENDS fails the case unless ENDS comes with the service id and an empty
// correlation id, and returns it.
func (s *ServiceConn) ExpectENDS() smp.ENDS {
	r, missing := s.await(EventTime, func(r Received) bool {
		_, ok := r.Response.(smp.ENDS)
		return ok
	})
	if missing != "" {
		s.t.Fail("ENDS", missing)
	}
	if len(r.CorrelationID) > 0 || !bytes.Equal(r.EntityID, s.ID) {
		s.t.Fail(fmt.Sprintf("ENDS with the service id %q and an empty correlation id", short(s.ID)), r.WithIDs())
	}
	return r.Response.(smp.ENDS)
}

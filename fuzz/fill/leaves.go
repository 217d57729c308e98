package fill

import (
	"time"

	"github.com/google/gofuzz"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// validLeaves are the functions for values that are right or wrong by themselves.
var validLeaves = []any{
	func(b *[]byte, c fuzz.Continue) { *b = Bytes(c, 0, 255) },
	func(k *keys.PublicKey, c fuzz.Continue) { *k = AuthKey(c) },
	func(k *keys.PrivateKey, c fuzz.Continue) { *k = PrivateKey(c, keys.X25519, keys.Ed25519) },
	func(r *wire.VersionRange, c fuzz.Continue) { *r = Range(c) },
	func(t *time.Time, c fuzz.Continue) { *t = Time(c) },
	func(p *smp.Password, c fuzz.Continue) { *p = password(c) },
	func(m *smp.QueueMode, c fuzz.Continue) { *m = Pick(c, smp.Messaging, smp.Contact) },
	func(q *smp.QueueRequest, c fuzz.Continue) { *q = queueRequest(c) },
	func(d *smp.LinkData, c fuzz.Continue) { *d = linkData(c) },
	func(k *smp.NotifierKeys, c fuzz.Continue) { *k = notifierKeys(c) },
	func(n *smp.NotifierCredentials, c fuzz.Continue) { *n = notifierCredentials(c) },
	func(q *smp.ServiceQueues, c fuzz.Continue) { *q = serviceQueues(c) },
	func(n *smp.NameRecord, c fuzz.Continue) { *n = nameRecord(c) },
	func(q *smp.QueueInfo, c fuzz.Continue) { *q = queueInfo(c) },
	func(e *smp.Error, c fuzz.Continue) { *e = *protocolError(c, 4) },
	func(r *smp.RKEY, c fuzz.Continue) { r.Keys = List(c, 1, Pick(c, 3, 3, 255), AuthKey) },
	func(r *smp.SEND, c fuzz.Continue) { *r = smp.SEND{Notify: c.RandBool(), Body: Bytes(c, 0, 16088)} },
	func(r *smp.MSG, c fuzz.Continue) { *r = smp.MSG{ID: ID(c), Body: Bytes(c, 0, 16122)} },
	func(r *smp.SOK, c fuzz.Continue) { *r = smp.SOK{ServiceID: Option(c)} },
	func(r *smp.PFWD, c fuzz.Continue) {
		*r = smp.PFWD{Version: Version(c), Key: DHKey(c), Body: Bytes(c, 0, 16242)}
	},
	func(r *smp.PKEY, c fuzz.Continue) {
		*r = smp.PKEY{SessionID: ID(c), Versions: Range(c), Chain: List(c, 1, 4, Signed), SignedKey: Signed(c)}
	},
	func(s *smp.Server, c fuzz.Continue) {
		*s = smp.Server{Hosts: List(c, 1, 3, Host), Port: Pick(c, "", "5223", Text(c, 40)), KeyHash: ID(c)}
	},
	func(r *smp.RSLV, c fuzz.Continue) { r.Domain = Name(c) },
	func(f *smp.ForwardedCommand, c fuzz.Continue) {
		*f = smp.ForwardedCommand{CorrelationID: ID(c), Version: Version(c), Key: DHKey(c), Body: Bytes(c, 0, 16242)}
	},
	func(m *smp.RcvMessage, c fuzz.Continue) {
		*m = smp.RcvMessage{Timestamp: c.Int63n(1 << 40)}
		if m.Quota = c.Intn(4) == 0; !m.Quota {
			m.Notify, m.Body = c.RandBool(), Bytes(c, 0, smp.MaxRcvBody)
		}
	},
	func(m *smp.ClientMessage, c fuzz.Continue) {
		*m = smp.ClientMessage{Body: Bytes(c, 0, 15998)}
		if c.RandBool() {
			m.SenderKey = AuthKey(c)
		}
	},
	func(e *smp.Envelope, c fuzz.Continue) {
		*e = smp.Envelope{Version: Version(c), Nonce: [24]byte(Bytes(c, 24, 24)), Body: Bytes(c, 0, 16000)}
		if c.RandBool() {
			e.DHKey = DHKey(c)
		}
	},
}

// password returns a password of the characters that may be in one, or nil.
func password(c fuzz.Continue) smp.Password {
	switch c.Intn(4) {
	case 0:
		return nil
	case 1:
		return smp.Password{}
	}
	return smp.Password(Word(c, alphanumeric+"!#$%&*+-.\xa1\xac\xae\xff", 20))
}

// arbitraryLeaves give values that are right in three of four cases and wrong in the rest,
// so that structures of them are sometimes wrong in a single place.
var arbitraryLeaves = []any{
	func(b *[]byte, c fuzz.Continue) {
		switch c.Intn(16) {
		case 0:
			*b = nil
		case 1:
			*b = Bytes(c, 256, 256)
		case 2:
			*b = Bytes(c, 65536, 65536)
		case 3, 4:
			*b = Signed(c)
		default:
			*b = Bytes(c, 0, 255)
		}
	},
	func(s *string, c fuzz.Continue) {
		*s = Pick(c, c.RandString(), string(Bytes(c, 0, 256)), Host(c), Name(c), Account(c))
	},
	func(k *keys.PublicKey, c fuzz.Continue) {
		if *k = AuthKey(c); c.Intn(4) == 0 {
			*k = Pick(c, keys.PublicKey{}, Key(c, keys.X448))
		}
	},
	func(p *smp.Password, c fuzz.Continue) {
		if *p = password(c); c.Intn(4) == 0 {
			*p = Bytes(c, 0, 256)
		}
	},
	func(m *smp.QueueMode, c fuzz.Continue) { *m = Pick(c, smp.Messaging, smp.Contact, 0, 'm') },
	func(v *wire.VersionRange, c fuzz.Continue) { *v = wire.Versions(Version(c), Version(c)) },
	func(t *time.Time, c fuzz.Continue) { *t = time.Unix(int64(c.RandUint64()), 0) },
	func(s *smp.SubscriptionThread, c fuzz.Continue) { *s = Pick(c, smp.NoSubscription, "other") },
	func(m *smp.MessageType, c fuzz.Continue) { *m = Pick(c, smp.MessageSent, smp.MessageQuota, "other") },
	func(e *smp.ErrorCode, c fuzz.Continue) { *e = Pick(c, append(errorCodes, "OTHER", "")...) },
	func(e *smp.CmdCode, c fuzz.Continue) { *e = Pick(c, smp.CmdUnknown, smp.CmdSyntax, "OTHER") },
	func(e *smp.ProxyCode, c fuzz.Continue) { *e = Pick(c, append(proxyCodes, "OTHER")...) },
	func(e *smp.BrokerCode, c fuzz.Continue) { *e = Pick(c, append(brokerCodes, "OTHER")...) },
	func(e *smp.TransportError, c fuzz.Continue) { *e = Pick(c, append(transportErrors, "OTHER")...) },
	func(e *smp.NetworkCode, c fuzz.Continue) { *e = Pick(c, smp.NetworkFailed, smp.NetworkTLS, "OTHER") },
	func(e *smp.NameCode, c fuzz.Continue) {
		*e = Pick(c, smp.NameNoResolver, smp.NameNotFound, smp.NameResolver, "OTHER")
	},
	func(e *smp.BlockingReason, c fuzz.Continue) {
		*e = Pick(c, smp.BlockedSpam, smp.BlockedContent, "other")
	},
}

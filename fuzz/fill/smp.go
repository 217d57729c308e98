package fill

import (
	"github.com/google/gofuzz"

	"smpcheck/reference/smp"
)

// Commands are an example of each command, in the order of the documents.
func Commands() []smp.Command {
	return []smp.Command{smp.NEW{}, smp.SUB{}, smp.SUBS{}, smp.KEY{}, smp.RKEY{}, smp.LSET{}, smp.LDEL{}, smp.NKEY{},
		smp.NDEL{}, smp.GET{}, smp.ACK{}, smp.OFF{}, smp.DEL{}, smp.QUE{}, smp.SEND{}, smp.SKEY{}, smp.PING{},
		smp.LKEY{}, smp.LGET{}, smp.PRXY{}, smp.PFWD{}, smp.RFWD{}, smp.NSUB{}, smp.NSUBS{}, smp.RSLV{}}
}

// Responses are an example of each response.
func Responses() []smp.Response {
	return []smp.Response{smp.IDS{}, smp.LNK{}, smp.SOK{}, smp.SOKS{}, smp.ALLS{}, smp.MSG{}, smp.NID{}, smp.NMSG{},
		smp.PKEY{}, smp.RRES{}, smp.PRES{}, smp.END{}, smp.ENDS{}, smp.DELD{}, smp.INFO{}, smp.OK{}, smp.ERR{},
		smp.PONG{}, smp.RNAME{}}
}

// Command returns a filled command of any kind.
func (f *Filler) Command() smp.Command {
	c := anyOf(f, Commands())
	if f.valid {
		return CommandAt(f.version, c)
	}
	return c
}

// Response returns a filled response of any kind.
func (f *Filler) Response() smp.Response {
	c := anyOf(f, Responses())
	if f.valid {
		return ResponseAt(f.version, c)
	}
	return c
}

// Transmission returns a filled transmission of a filled command.
func (f *Filler) Transmission() smp.Transmission { return Value[smp.Transmission](f) }

// validStructures are the functions for structures whose fields depend on one another or on
// the version. Parts that the version lacks are left to CommandAt and ResponseAt.
func validStructures(version uint16) []any {
	return []any{
		func(r *smp.NEW, c fuzz.Continue) {
			*r = smp.NEW{AuthKey: AuthKey(c), DHKey: DHKey(c), Subscribe: c.RandBool(),
				Request: Maybe(c, queueRequest), Notifier: Maybe(c, notifierKeys)}
			c.Fuzz(&r.Password)
			*r = CommandAt(version, *r).(smp.NEW)
		},
		func(r *smp.IDS, c fuzz.Continue) {
			*r = smp.IDS{RecipientID: ID(c), SenderID: ID(c), ServerDHKey: DHKey(c),
				Mode: Pick(c, 0, smp.Messaging, smp.Contact), LinkID: Option(c), ServiceID: Option(c),
				Notifier: Maybe(c, notifierCredentials)}
			*r = ResponseAt(version, *r).(smp.IDS)
		},
		func(r *smp.ERR, c fuzz.Continue) {
			*r = smp.ERR{Err: protocolError(c, 4)}
			*r = ResponseAt(version, *r).(smp.ERR)
		},
		func(r *smp.SUBS, c fuzz.Continue) {
			*r = CommandAt(version, smp.SUBS{ServiceQueues: serviceQueues(c)}).(smp.SUBS)
		},
		func(r *smp.NSUBS, c fuzz.Continue) {
			*r = CommandAt(version, smp.NSUBS{ServiceQueues: serviceQueues(c)}).(smp.NSUBS)
		},
		func(r *smp.SOKS, c fuzz.Continue) {
			*r = ResponseAt(version, smp.SOKS{ServiceQueues: serviceQueues(c)}).(smp.SOKS)
		},
		func(r *smp.ENDS, c fuzz.Continue) {
			*r = ResponseAt(version, smp.ENDS{ServiceQueues: serviceQueues(c)}).(smp.ENDS)
		},
		func(t *smp.Transmission, c fuzz.Continue) {
			*t = smp.Transmission{Authorization: Bytes(c, 0, 0), CorrelationID: ID(c), EntityID: ID(c)}
			if c.RandBool() {
				t.Authorization = Bytes(c, 0, 255)
				if n := Pick(c, 0, 64, 80, 114); n > 0 {
					t.Authorization = Bytes(c, n, n)
				}
			}
			if version >= smp.VersionServices && len(t.Authorization) > 0 && c.RandBool() {
				t.ServiceSignature = Bytes(c, 64, 64)
			}
			if version < smp.VersionAuthenticators {
				t.SessionID = Bytes(c, 0, 255)
			}
			t.Command = Bytes(c, 0, 16000)
		},
	}
}

func queueRequest(c fuzz.Continue) smp.QueueRequest {
	q := smp.QueueRequest{Mode: Pick(c, smp.Messaging, smp.Contact)}
	if c.RandBool() {
		q.Link = &smp.QueueLink{SenderID: ID(c), Data: linkData(c)}
		if q.Mode == smp.Contact {
			q.Link.LinkID = ID(c)
		}
	}
	return q
}

func linkData(c fuzz.Continue) smp.LinkData {
	return smp.LinkData{Fixed: Bytes(c, 0, 65535), User: Bytes(c, 0, 65535)}
}

func notifierKeys(c fuzz.Continue) smp.NotifierKeys {
	return smp.NotifierKeys{AuthKey: AuthKey(c), DHKey: DHKey(c)}
}

func notifierCredentials(c fuzz.Continue) smp.NotifierCredentials {
	return smp.NotifierCredentials{NotifierID: ID(c), ServerDHKey: DHKey(c)}
}

func serviceQueues(c fuzz.Continue) smp.ServiceQueues {
	return smp.ServiceQueues{Count: int64(c.RandUint64()), IDsHash: smp.IDsHash(Bytes(c, 16, 16))}
}

func nameRecord(c fuzz.Continue) smp.NameRecord {
	text := func(c fuzz.Continue) string { return Text(c, smp.MaxRecordText) }
	return smp.NameRecord{Name: text(c), Nickname: text(c), Website: text(c), Location: text(c),
		SimplexContact: List(c, 0, 3, text), SimplexChannel: List(c, 0, 3, text),
		ETH: Maybe(c, text), BTC: Maybe(c, text), XMR: Maybe(c, text), DOT: Maybe(c, text),
		Owner: Account(c), Resolver: Account(c)}
}

func queueInfo(c fuzz.Continue) smp.QueueInfo {
	text := func(c fuzz.Continue) string { return Text(c, 100) }
	return smp.QueueInfo{Secured: c.RandBool(), Notifier: c.RandBool(), Size: int64(c.RandUint64()),
		Subscription: Maybe(c, func(c fuzz.Continue) smp.SubscriptionInfo {
			return smp.SubscriptionInfo{Delivered: Maybe(c, text), Thread: Pick(c, smp.NoSubscription,
				smp.SubscriptionPending, smp.SubscriptionRunning, smp.SubscriptionProhibited)}
		}),
		Message: Maybe(c, func(c fuzz.Continue) smp.MessageInfo {
			return smp.MessageInfo{ID: text(c), Time: Time(c), Type: Pick(c, smp.MessageSent, smp.MessageQuota)}
		})}
}

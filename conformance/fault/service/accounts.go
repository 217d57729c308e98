package service

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"slices"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// accounts is how a faulty relay counts what belongs to services: the ids of recipients
// for messages, those of notifiers for notifications.
type accounts struct {
	// forgets says of which events it forgets that they end what belongs to a service:
	// "SUB", "NSUB", "DEL", "NDEL", "NKEY"; "move" for SUB of another service; and "NEW" if it forgets
	// that this one begins it.
	forgets []string
	// hash is made of ids in the order in which the service got them; nil for the right
	// one.
	hash func(ids [][]byte) smp.IDsHash
	// named is the id that counts for a notifier; nil for its own.
	named func(q *relay.Queue) []byte

	mu    sync.Mutex
	owned []owned
}

type owned struct{ service, id string }

// counting answers SUBS and NSUBS, and tells in ENDS, what such accounts say.
func counting(forgets []string, hash func(ids [][]byte) smp.IDsHash, named func(q *relay.Queue) []byte) func(*relay.Config) {
	return func(c *relay.Config) {
		a := &accounts{forgets: forgets, hash: hash, named: named}
		execute := c.Stages.Execute
		c.Stages.Execute = func(s *relay.Session, r *relay.Request) []relay.Output { return a.execute(s, r, execute) }
		servicesGet(func(out *relay.Output, _ smp.ENDS) { out.Response = smp.ENDS{ServiceQueues: a.of(out.EntityID)} })(c)
	}
}

func (a *accounts) execute(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
	var notifier []byte
	if r.Queue != nil && r.Queue.Notifier() != nil {
		notifier = r.Queue.Notifier().ID
	}
	outs := next(s, r)
	if len(outs) == 0 {
		return outs
	}
	switch response := outs[0].Response.(type) {
	case smp.IDS:
		a.give(response.RecipientID, response.ServiceID, "NEW")
	case smp.SOK:
		id := r.Transmission.EntityID
		if _, ok := r.Command.(smp.NSUB); ok && a.named != nil {
			id = a.named(r.Queue)
		}
		a.give(id, response.ServiceID, r.Command.Tag())
	case smp.SOKS:
		outs[0].Response = smp.SOKS{ServiceQueues: a.of(r.Transmission.EntityID)}
	case smp.NID:
		a.give(notifier, nil, "NKEY")
	case smp.OK:
		switch r.Command.(type) {
		case smp.DEL:
			a.give(r.Transmission.EntityID, nil, "DEL")
			a.give(notifier, nil, "DEL of a notifier")
		case smp.NDEL:
			a.give(notifier, nil, "NDEL")
		}
	}
	return outs
}

// give makes an id belong to a service, or to none.
func (a *accounts) give(id, service []byte, event string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if event == "SUB" && service != nil {
		event = "move"
	}
	i := slices.IndexFunc(a.owned, func(o owned) bool { return o.id == string(id) })
	switch {
	case event == "NEW" && slices.Contains(a.forgets, event):
		return
	case i >= 0 && a.owned[i].service == string(service):
		return
	case i >= 0 && !slices.Contains(a.forgets, event):
		a.owned = slices.Delete(a.owned, i, i+1)
	}
	if service != nil {
		a.owned = append(a.owned, owned{string(service), string(id)})
	}
}

// of is what SOKS and ENDS say for a service.
func (a *accounts) of(service []byte) smp.ServiceQueues {
	a.mu.Lock()
	defer a.mu.Unlock()
	var ids [][]byte
	for _, o := range a.owned {
		if o.service == string(service) {
			ids = append(ids, []byte(o.id))
		}
	}
	hash := a.hash
	if hash == nil {
		hash = func(ids [][]byte) smp.IDsHash { return smp.HashIDs(ids...) }
	}
	return smp.ServiceQueues{Count: int64(len(ids)), IDsHash: hash(ids)}
}

// accountFaults are mistakes in count and hash of what belongs to a service.
var accountFaults = slices.Concat(miscounted(), mishashed())

func miscounted() (faults []fault.Fault) {
	for _, f := range []struct {
		name, story    string
		forgets        string
		broken, caseID string
	}{
		{"uncounted-after-new", "SUB gives a queue to a service, and NEW forgets to count it.", "NEW", "SMP-SERVICE-SOKS-COUNT", "subs"},
		{"counted-after-sub", "SUB of an ordinary client takes a queue from its service and leaves it in count and hash.", "SUB", "SMP-SERVICE-SUB-DETACHES", "sub-detaches"},
		{"counted-after-move", "A queue to which another service subscribes is counted for both.", "move", "SMP-SERVICE-SOKS-COUNT", "migration"},
		{"counted-after-del", "DEL removes a queue and leaves it in count and hash of its service.", "DEL", "SMP-SERVICE-SOKS-COUNT", "delete"},
		{"counted-after-nsub", "NSUB of an ordinary client takes a notifier from its service and leaves it in count and hash.", "NSUB", "SMP-SERVICE-NSUB-DETACHES", "nsub-detaches"},
		{"counted-after-ndel", "NDEL removes a notifier and leaves it in count and hash of its service.", "NDEL", "SMP-SERVICE-NSUBS-SOKS", "ndel"},
		{"counted-after-nkey", "NKEY replaces a notifier and leaves it in count and hash of its service.", "NKEY", "SMP-SERVICE-NSUBS-SOKS", "ndel"},
		{"counted-after-del-of-notifier", "DEL takes a queue from count and hash, and forgets its notifier.", "DEL of a notifier", "SMP-SERVICE-NSUBS-SOKS", "ndel"},
	} {
		faults = append(faults, fault.Fault{
			ID: "service/" + f.name, Story: f.story,
			Breaks: []string{f.broken}, Cases: []string{"relay/service/" + f.caseID}, Versions: fault.Since(smp.VersionServiceCounts),
			Apply: counting([]string{f.forgets}, nil, nil),
		})
	}
	return faults
}

func mishashed() (faults []fault.Fault) {
	for _, f := range []struct {
		name, story string
		hash        func(ids [][]byte) smp.IDsHash
		breaks      []string
		cases       []string
	}{
		{
			"concatenated", "The hash is the MD5 of all ids in a row.",
			func(ids [][]byte) smp.IDsHash { return md5.Sum(bytes.Join(ids, nil)) },
			[]string{"SMP-SERVICE-SOKS-COUNT", "SMP-SERVICE-HASH", "SMP-SERVICE-HASH-EMPTY"},
			[]string{"relay/service/subs", "relay/service/hash-order", "relay/service/subs-none"},
		},
		{
			"chained", "The hash of each id is taken together with the hash of those before it.",
			func(ids [][]byte) (h smp.IDsHash) {
				for _, id := range ids {
					h = md5.Sum(append(h[:], id...))
				}
				return h
			},
			[]string{"SMP-SERVICE-HASH"},
			[]string{"relay/service/hash-order"},
		},
		{
			"of-nothing", "The hash of no ids is the MD5 of nothing.",
			func(ids [][]byte) smp.IDsHash {
				if len(ids) == 0 {
					return md5.Sum(nil)
				}
				return smp.HashIDs(ids...)
			},
			[]string{"SMP-SERVICE-HASH-EMPTY"},
			[]string{"relay/service/subs-none"},
		},
		{
			"sum", "The digests are added up as numbers, which does not depend on their order either.", sumOfDigests,
			[]string{"SMP-SERVICE-SOKS-COUNT", "SMP-SERVICE-ENDS-COUNT", "SMP-SERVICE-KEPT"},
			[]string{"relay/service/subs", "relay/service/ends", "relay/service/kept"},
		},
		{
			"sha256", "The digests are the first 16 bytes of SHA-256, because MD5 is not to be used any more.",
			xorOf(func(id []byte) []byte {
				sum := sha256.Sum256(id)
				return sum[:md5.Size]
			}),
			[]string{"SMP-SERVICE-SOKS-COUNT"},
			[]string{"relay/service/subs"},
		},
		{
			"of-hex", "The digests are those of the ids as text in hexadecimal.",
			xorOf(func(id []byte) []byte {
				sum := md5.Sum(hex.AppendEncode(nil, id))
				return sum[:]
			}),
			[]string{"SMP-SERVICE-SOKS-COUNT", "SMP-SERVICE-NSUBS-SOKS"},
			[]string{"relay/service/subs", "relay/service/nsubs"},
		},
		{
			"of-ids", "The ids are combined by exclusive or, and what comes out is cut to 16 bytes without any digest.",
			xorOf(func(id []byte) []byte { return id[:md5.Size] }),
			[]string{"SMP-SERVICE-SOKS-COUNT"},
			[]string{"relay/service/subs"},
		},
	} {
		faults = append(faults, fault.Fault{
			ID: "service/hash-" + f.name, Story: f.story,
			Breaks: f.breaks, Cases: f.cases, Versions: fault.Since(smp.VersionServiceCounts),
			Apply: counting(nil, f.hash, nil),
		})
	}
	return append(faults, fault.Fault{
		ID:     "service/hash-of-recipients",
		Story:  "NSUBS is answered with the hash of the recipients' ids, as SUBS is.",
		Breaks: []string{"SMP-SERVICE-NSUBS-SOKS"}, Cases: []string{"relay/service/nsubs"}, Versions: fault.Since(smp.VersionServiceCounts),
		Apply: counting(nil, nil, (*relay.Queue).RecipientID),
	})
}

func xorOf(digest func(id []byte) []byte) func(ids [][]byte) smp.IDsHash {
	return func(ids [][]byte) (h smp.IDsHash) {
		for _, id := range ids {
			for i, b := range digest(id) {
				h[i] ^= b
			}
		}
		return h
	}
}

func sumOfDigests(ids [][]byte) (h smp.IDsHash) {
	sum := new(big.Int)
	for _, id := range ids {
		digest := md5.Sum(id)
		sum.Add(sum, new(big.Int).SetBytes(digest[:]))
	}
	sum.Mod(sum, new(big.Int).Lsh(big.NewInt(1), 8*md5.Size))
	sum.FillBytes(h[:])
	return h
}

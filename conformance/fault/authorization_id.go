package fault

import (
	"bytes"
	"strings"
	"sync"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// idCommands are commands for a queue, the versions that have them, and what a relay
// answers that takes an unknown queue for something else than a refusal.
var idCommands = []struct {
	tag     string
	from    uint16
	unknown smp.Response
	story   string
}{
	{"SUB", 6, smp.OK{}, "A subscription to a queue that is not there is noted for the time when it will be."},
	{"KEY", 6, smp.ERR{Err: smp.ErrInternal}, "A queue that the store does not find for KEY is reported as a failure of the store."},
	{"RKEY", 15, smp.ERR{Err: smp.ErrCmdProhibited}, "What is no contact queue may have no further keys, and an unknown queue is none."},
	{"ACK", 6, smp.ERR{Err: smp.ErrNoMsg}, "An unknown queue holds nothing that could be acknowledged."},
	{"GET", 6, smp.OK{}, "An unknown queue has no message, and GET says so."},
	{"OFF", 6, smp.OK{}, "An unknown queue takes no messages, so OFF has nothing to do and succeeds."},
	{"DEL", 6, smp.OK{}, "Deleting what is gone succeeds, so that clients can repeat DEL."},
	{"QUE", 6, smp.ERR{Err: smp.ErrInternal}, "QUE is for debugging and tells when there is no such queue."},
	{"SKEY", 9, smp.OK{}, "SKEY for a queue that was deleted succeeds, so that the sender can go on."},
	{"SEND", 6, smp.OK{}, "A message for an unknown queue is dropped without a word, so that nobody learns which queues exist."},
}

// byEitherID are relays that look queues up in one table for the ids of both parties.
func byEitherID() (faults []Fault) {
	for _, c := range idCommands {
		name := strings.ToLower(c.tag)
		faults = append(faults, Fault{
			ID:       "authorization/" + name + "-by-either-id",
			Story:    "Both ids of a queue are in one table, and " + c.tag + " does not look whose id it has found.",
			Breaks:   []string{"SMP-AUTH-ID-KIND"},
			Cases:    []string{"relay/authorization/id-kind-" + name},
			Versions: wire.Versions(c.from, smp.MaxVersion),
			Apply: stages(func(st *relay.Stages) {
				known := learnIDs(st)
				looksUp(st, func(r *relay.Request) []byte {
					if r.Command == nil || r.Command.Tag() != c.tag {
						return nil
					}
					id, party := known.other(r.Transmission.EntityID)
					if party == partyOf(c.tag) {
						return nil
					}
					return id
				})
			}),
		})
	}
	return faults
}

// forUnknownQueues are relays that do not refuse a command for an unknown queue with AUTH.
func forUnknownQueues() (faults []Fault) {
	for _, c := range idCommands {
		name := strings.ToLower(c.tag)
		faults = append(faults, Fault{
			ID:       "authorization/" + name + "-unknown-queue",
			Story:    c.story,
			Breaks:   []string{"SMP-AUTH-UNKNOWN-QUEUE"},
			Cases:    []string{"relay/authorization/unknown-queue-" + name},
			Versions: wire.Versions(c.from, smp.MaxVersion),
			Apply: stages(func(st *relay.Stages) {
				authorise, execute := st.Authorise, st.Execute
				st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
					err := authorise(s, r)
					if err != nil && r.Queue == nil && r.Command.Tag() == c.tag {
						return nil
					}
					return err
				}
				st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
					if r.Queue != nil || r.Command.Tag() != c.tag {
						return execute(s, r)
					}
					return []relay.Output{answerTo(r, c.unknown)}
				}
			}),
		})
	}
	return faults
}

// inexactIDs are relays to which other ids than that of a queue are the id of the queue.
var inexactIDs = []Fault{
	inexactID("longer", "An id is copied into an array of the usual size, and what does not fit is not missed.",
		func(id, sent []byte) bool { return len(sent) > len(id) && bytes.HasPrefix(sent, id) }),
	inexactID("prefix", "Queues are found by the first half of their ids, which is random enough.",
		func(id, sent []byte) bool { return len(sent) >= len(id)/2 && bytes.HasPrefix(sent, id[:len(id)/2]) }),
	inexactID("checksum", "The last byte of an id is a checksum for the store, which the parser does not look at.",
		func(id, sent []byte) bool {
			return len(sent) == len(id) && bytes.HasPrefix(sent, id[:len(id)-1])
		}),
}

// inexactID is a relay that takes an id that was sent for that of a queue if it is like it.
func inexactID(name, story string, like func(id, sent []byte) bool) Fault {
	return Fault{
		ID:     "authorization/id-" + name,
		Story:  story,
		Breaks: []string{"SMP-AUTH-UNKNOWN-QUEUE"},
		Cases:  []string{"relay/authorization/id-inexact"},
		Apply: stages(func(st *relay.Stages) {
			known := learnIDs(st)
			looksUp(st, func(r *relay.Request) []byte {
				return known.like(func(id []byte) bool { return like(id, r.Transmission.EntityID) })
			})
		}),
	}
}

// answerTo is the answer to a request.
func answerTo(r *relay.Request, response smp.Response) relay.Output {
	return relay.Output{CorrelationID: r.Transmission.CorrelationID, EntityID: r.Transmission.EntityID, Response: response}
}

// partyOf is whose id a command has to have.
func partyOf(tag string) relay.IDKind {
	if tag == "SEND" || tag == "SKEY" {
		return relay.SenderID
	}
	return relay.RecipientID
}

// knownIDs are the ids of the queues of a relay, as its answers to NEW gave them.
type knownIDs struct {
	mu    sync.Mutex
	kinds map[string]relay.IDKind
	pairs map[string][]byte
	keys  map[keys.PublicKey][][]byte // recipient ids by the key of NEW
}

// learnIDs has st remember the ids of the queues that it creates.
func learnIDs(st *relay.Stages) *knownIDs {
	known := &knownIDs{
		kinds: make(map[string]relay.IDKind), pairs: make(map[string][]byte), keys: make(map[keys.PublicKey][][]byte),
	}
	execute := st.Execute
	st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
		outs := execute(s, r)
		create, ok := r.Command.(smp.NEW)
		if !ok || len(outs) != 1 {
			return outs
		}
		if ids, ok := outs[0].Response.(smp.IDS); ok {
			known.add(create.AuthKey, ids)
		}
		return outs
	}
	return known
}

func (q *knownIDs) add(key keys.PublicKey, ids smp.IDS) {
	q.mu.Lock()
	defer q.mu.Unlock()
	recipient, sender := string(ids.RecipientID), string(ids.SenderID)
	q.kinds[recipient], q.kinds[sender] = relay.RecipientID, relay.SenderID
	q.pairs[recipient], q.pairs[sender] = ids.SenderID, ids.RecipientID
	q.keys[key] = append(q.keys[key], ids.RecipientID)
}

// other returns the other id of the queue that has id, and whose id it is itself; nil if
// there is none.
func (q *knownIDs) other(id []byte) ([]byte, relay.IDKind) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pairs[string(id)], q.kinds[string(id)]
}

// like returns an id that such is true for; nil if there is none.
func (q *knownIDs) like(such func(id []byte) bool) []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	for id := range q.kinds {
		if such([]byte(id)) {
			return []byte(id)
		}
	}
	return nil
}

// of returns the recipient ids of the queues that were created with the key.
func (q *knownIDs) of(key keys.PublicKey) [][]byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.keys[key][:len(q.keys[key]):len(q.keys[key])]
}

// looksUp has Authorise look for the queue with the id that alias says, nil for that of
// the transmission, and Verify verify what was sent.
func looksUp(st *relay.Stages, alias func(*relay.Request) []byte) {
	authorise, verify := st.Authorise, st.Verify
	var sent sync.Map // of transmissions by their requests
	st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
		id := alias(r)
		if id == nil {
			return authorise(s, r)
		}
		original := r.Transmission
		sent.Store(r, original)
		defer func() {
			sent.Delete(r)
			r.Transmission = original
		}()
		r.Transmission.EntityID = id
		return authorise(s, r)
	}
	st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
		if original, ok := sent.Load(r); ok {
			request := *r
			request.Transmission = original.(smp.Transmission)
			return verify(s, &request, key)
		}
		return verify(s, r, key)
	}
}

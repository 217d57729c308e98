package authorization

import (
	"bytes"
	"strings"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/directory"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
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
func byEitherID() (faults []fault.Fault) {
	for _, c := range idCommands {
		name, ownID := strings.ToLower(c.tag), directory.RecipientID
		if c.tag == "SEND" || c.tag == "SKEY" {
			ownID = directory.SenderID
		}
		faults = append(faults, fault.Fault{
			ID:       "authorization/" + name + "-by-either-id",
			Story:    "Both ids of a queue are in one table, and " + c.tag + " does not look whose id it has found.",
			Breaks:   []string{"SMP-AUTH-ID-KIND"},
			Cases:    []string{"relay/authorization/id-kind-" + name},
			Versions: fault.Since(c.from),
			Apply:    directory.EitherID(c.tag, ownID),
		})
	}
	return faults
}

// forUnknownQueues are relays that do not refuse a command for an unknown queue with AUTH.
func forUnknownQueues() (faults []fault.Fault) {
	for _, c := range idCommands {
		name := strings.ToLower(c.tag)
		faults = append(faults, fault.Fault{
			ID:       "authorization/" + name + "-unknown-queue",
			Story:    c.story,
			Breaks:   []string{"SMP-AUTH-UNKNOWN-QUEUE"},
			Cases:    []string{"relay/authorization/unknown-queue-" + name},
			Versions: fault.Since(c.from),
			Apply: fault.Stages(func(st *relay.Stages) {
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
					return fault.Reply(r, c.unknown)
				}
			}),
		})
	}
	return faults
}

// inexactIDs are relays to which other ids than that of a queue are the id of the queue.
var inexactIDs = []fault.Fault{
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
func inexactID(name, story string, like func(id, sent []byte) bool) fault.Fault {
	return fault.Fault{
		ID:     "authorization/id-" + name,
		Story:  story,
		Breaks: []string{"SMP-AUTH-UNKNOWN-QUEUE"},
		Cases:  []string{"relay/authorization/id-inexact"},
		Apply: fault.Stages(func(st *relay.Stages) {
			var known directory.Queues
			known.Note(st)
			directory.LooksUp(st, func(r *relay.Request) []byte {
				return known.Like(func(id []byte) bool { return like(id, r.Transmission.EntityID) })
			})
		}),
	}
}

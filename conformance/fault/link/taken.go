package link

import (
	"bytes"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// takenFaults are mistakes with a sender id or link id in NEW that is wrong or taken.
var takenFaults = []fault.Fault{
	mistake("new-sender-id-derived", "The sender id in NEW is not compared with the one that follows from the correlation id, which is used.",
		"SMP-NEW-LINK-SENDER-ID", "new-sender-id-foreign",
		foreign(func(x *call, c smp.NEW, link *smp.QueueLink) []relay.Output {
			link.SenderID = smp.SenderID(x.r.Transmission.CorrelationID)
			return x.does(c)
		})),
	mistake("new-sender-id-empty", "An empty sender id in NEW is taken for a wish that the relay makes it.",
		"SMP-NEW-LINK-SENDER-ID", "new-sender-id-foreign",
		foreign(func(x *call, c smp.NEW, link *smp.QueueLink) []relay.Output {
			if len(link.SenderID) > 0 {
				return x.does(c)
			}
			return x.createsAs(c, link)
		})),
	mistake("new-sender-id-free", "Any sender id in NEW is accepted unless it is taken, so that NEW tells which exist.",
		"SMP-NEW-LINK-SENDER-ID", "new-sender-id-foreign",
		foreign(func(x *call, c smp.NEW, link *smp.QueueLink) []relay.Output {
			chosen := link.SenderID
			if x.find(chosen, smp.SEND{}) != nil {
				return x.refuses(smp.ErrAuth)
			}
			link.SenderID = smp.SenderID(x.r.Transmission.CorrelationID)
			return changed(x.does(c), func(ids *smp.IDS) { ids.SenderID = chosen })
		})),
	mistake("new-sender-id-late", "The sender id in NEW is compared when the link is stored already, and nobody removes it.",
		"SMP-NEW-LINK-SENDER-ID", "new-sender-id-foreign",
		foreign(func(x *call, c smp.NEW, link *smp.QueueLink) []relay.Output {
			link.SenderID = smp.SenderID(x.r.Transmission.CorrelationID)
			x.does(c)
			return x.refuses(smp.ErrCmdProhibited)
		})),

	mistake("new-link-id-replaced", "NEW with the link id of another queue replaces that link.",
		"SMP-LINK-ID-TAKEN", "new-link-id-taken", replaced),
	mistake("new-link-id-remade", "For a link id that is taken the relay makes another one.",
		"SMP-LINK-ID-TAKEN", "new-link-id-taken",
		idTaken(func(x *call, c smp.NEW, link *smp.QueueLink) []relay.Output {
			link.LinkID = fault.Random(smp.SenderIDSize)
			return x.does(c)
		})),
	mistake("new-link-id-told", "NEW with a link id that is taken is told so, with DUPLICATE.",
		"SMP-LINK-ID-TAKEN", "new-link-id-taken",
		idTaken(func(x *call, _ smp.NEW, _ *smp.QueueLink) []relay.Output {
			return x.refuses(smp.ErrDuplicate)
		})),
	mistake("new-link-id-late", "NEW finds out that its link id is taken when the queue exists already.",
		"SMP-LINK-ID-TAKEN", "new-link-id-taken",
		idTaken(func(x *call, c smp.NEW, link *smp.QueueLink) []relay.Output {
			link.LinkID = fault.Random(smp.SenderIDSize)
			x.does(c)
			return x.refuses(smp.ErrAuth)
		})),

	mistake("new-repeated", "NEW with the correlation id of an earlier one is answered as that was, whoever sends it.",
		"SMP-LINK-SENDER-ID-TAKEN", "new-sender-id-taken", repeated()),
	mistake("new-sender-id-told", "NEW with a sender id that is taken is told so, with DUPLICATE.",
		"SMP-LINK-SENDER-ID-TAKEN", "new-sender-id-taken",
		senderTaken(func(x *call, _ smp.NEW, _ *smp.QueueLink) []relay.Output {
			return x.refuses(smp.ErrDuplicate)
		})),
	mistake("new-sender-id-taken-late", "NEW finds out that its sender id is taken when its link is stored already.",
		"SMP-LINK-SENDER-ID-TAKEN", "new-sender-id-taken",
		senderTaken(func(x *call, c smp.NEW, link *smp.QueueLink) []relay.Output {
			x.createsAs(c, link)
			return x.refuses(smp.ErrAuth)
		})),
}

// foreign changes NEW whose sender id does not follow from its correlation id.
func foreign(f func(*call, smp.NEW, *smp.QueueLink) []relay.Output) func(*relay.Config) {
	return creates(func(x *call, c smp.NEW, link *smp.QueueLink) []relay.Output {
		if bytes.Equal(link.SenderID, smp.SenderID(x.r.Transmission.CorrelationID)) {
			return x.does(c)
		}
		return f(x, c, link)
	})
}

// idTaken changes NEW whose link id is that of another queue.
func idTaken(f func(*call, smp.NEW, *smp.QueueLink) []relay.Output) func(*relay.Config) {
	return creates(func(x *call, c smp.NEW, link *smp.QueueLink) []relay.Output {
		if len(link.LinkID) == 0 || x.find(link.LinkID, smp.LGET{}) == nil {
			return x.does(c)
		}
		return f(x, c, link)
	})
}

// senderTaken changes NEW whose sender id is that of another queue.
func senderTaken(f func(*call, smp.NEW, *smp.QueueLink) []relay.Output) func(*relay.Config) {
	return creates(func(x *call, c smp.NEW, link *smp.QueueLink) []relay.Output {
		if x.find(link.SenderID, smp.SEND{}) == nil {
			return x.does(c)
		}
		return f(x, c, link)
	})
}

// replaced takes the link from the queue that has it, which is locked meanwhile.
func replaced(config *relay.Config) {
	st := &config.Stages
	right := *st
	st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
		err := right.Authorise(s, r)
		if c, ok := r.Command.(smp.NEW); ok && err == nil && c.Request != nil && c.Request.Link != nil {
			x := call{s, r, right}
			r.Queue = x.find(c.Request.Link.LinkID, smp.LGET{})
		}
		return err
	}
	executes(func(x *call, c smp.NEW) []relay.Output {
		if x.r.Queue != nil {
			x.does(smp.LDEL{})
		}
		return x.does(c)
	})(config)
}

// repeated keeps the answers to NEW by correlation id.
func repeated() func(*relay.Config) {
	var answers sync.Map // of smp.IDS by correlation id
	return creates(func(x *call, c smp.NEW, _ *smp.QueueLink) []relay.Output {
		id := string(x.r.Transmission.CorrelationID)
		if ids, ok := answers.Load(id); ok {
			return x.answers(ids.(smp.IDS))
		}
		return changed(x.does(c), func(ids *smp.IDS) { answers.Store(id, *ids) })
	})
}

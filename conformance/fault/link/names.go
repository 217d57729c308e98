package link

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// nameFaults are mistakes with the ids of links and queues.
var nameFaults = []fault.Fault{
	mistake("lget-sender-id", "LGET with a sender id reads the link of the queue, since all ids are in one table.",
		"SMP-LINK-LGET-QUEUE-ID", "lget-ids new-without", readsBy(smp.SEND{})),
	mistake("lget-recipient-id", "LGET with a recipient id reads the link of the queue, since all ids are in one table.",
		"SMP-LINK-LGET-QUEUE-ID", "lget-ids new-without", readsBy(smp.SUB{})),
	mistake("lget-unknown-prohibited", "LGET of an unknown link is answered with CMD PROHIBITED.",
		"SMP-LINK-LGET-UNKNOWN", "lget-ids", unknown[smp.LGET](smp.ErrCmdProhibited)),
	mistake("lget-unknown-no-msg", "LGET of an unknown link is answered with NO_MSG, since there is nothing to read.",
		"SMP-LINK-LGET-UNKNOWN", "lget-ids", unknown[smp.LGET](smp.ErrNoMsg)),
	mistake("lget-id-cut", "Link ids are kept in a field of 24 bytes, and those that are longer are cut.",
		"SMP-LINK-LGET-UNKNOWN", "lget-ids", cutID),
	mistake("lkey-sender-id", "LKEY with a sender id takes the queue, since all ids are in one table.",
		"SMP-LINK-LKEY-QUEUE-ID", "lkey-ids", takesBy(smp.SEND{})),
	mistake("lkey-recipient-id", "LKEY with a recipient id takes the queue, since all ids are in one table.",
		"SMP-LINK-LKEY-QUEUE-ID", "lkey-ids", takesBy(smp.SUB{})),
	mistake("lkey-unknown-prohibited", "LKEY of an unknown link is answered with CMD PROHIBITED.",
		"SMP-LINK-LKEY-UNKNOWN", "lkey-ids", unknown[smp.LKEY](smp.ErrCmdProhibited)),
	mistake("send-to-link-id", "SEND with a link id reaches the queue, since all ids are in one table.",
		"SMP-SEND-UNKNOWN", "id-alone",
		overrules(func(x *call, c smp.SEND) []relay.Output {
			if !x.r.Queue.Record().SenderKey.IsZero() || !x.named() {
				return nil
			}
			return x.does(c)
		}, smp.LGET{})),
	mistake("skey-by-link-id", "SKEY with a link id secures the queue, as LKEY does.",
		"SMP-LINK-LGET-READS", "id-alone",
		overrules(func(x *call, c smp.SKEY) []relay.Output {
			if !x.named() || !x.signedBy(c.SenderKey) {
				return nil
			}
			return x.does(c)
		}, smp.LGET{})),
	mistake("sub-by-link-id", "SUB takes the link id in the place of the recipient id.",
		"SMP-LINK-LGET-READS", "id-alone", recipientBy[smp.SUB](smp.LGET{})),
	mistake("que-by-link-id", "QUE takes the link id in the place of the recipient id.",
		"SMP-LINK-LGET-READS", "id-alone", recipientBy[smp.QUE](smp.LGET{})),
	mistake("lset-by-sender-id", "LSET takes the sender id in the place of the recipient id.",
		"SMP-LINK-LSET-SENDER-ID", "lset-entity", recipientBy[smp.LSET](smp.SEND{})),
	mistake("lset-by-link-id", "LSET takes the link id in the place of the recipient id.",
		"SMP-LINK-LSET-SENDER-ID", "lset-entity", recipientBy[smp.LSET](smp.LGET{})),
	mistake("ldel-by-sender-id", "LDEL takes the sender id in the place of the recipient id.",
		"SMP-LINK-LSET-SENDER-ID", "lset-entity", recipientBy[smp.LDEL](smp.SEND{})),
	mistake("ldel-by-link-id", "LDEL takes the link id in the place of the recipient id.",
		"SMP-LINK-LSET-SENDER-ID", "lset-entity", recipientBy[smp.LDEL](smp.LGET{})),
}

// named reports whether the entity id is the link id of the queue.
func (x *call) named() bool {
	link := x.r.Queue.Link()
	return link != nil && string(link.ID) == string(x.r.Transmission.EntityID)
}

// readsBy answers LGET with an id of another party, empty if there is no link.
func readsBy(other smp.Command) func(*relay.Config) {
	return overrules(func(x *call, _ smp.LGET) []relay.Output {
		if x.named() {
			return nil
		}
		return x.shows()
	}, other)
}

// takesBy answers LKEY with an id of another party.
func takesBy(other smp.Command) func(*relay.Config) {
	return overrules(func(x *call, c smp.LKEY) []relay.Output {
		free := x.r.Queue.Record().SenderKey.IsZero()
		if x.named() || x.r.Queue.Link() == nil || !free || !x.signedBy(c.SenderKey) {
			return nil
		}
		x.setsKey(c.SenderKey)
		return x.shows()
	}, other)
}

// recipientBy executes commands of the recipient with an id of another party.
func recipientBy[C smp.Command](other smp.Command) func(*relay.Config) {
	return overrules(func(x *call, c C) []relay.Output {
		if !x.byRecipient() {
			return nil
		}
		return x.does(c)
	}, other)
}

// unknown answers commands of one kind for unknown links with another error.
func unknown[C smp.Command](answer *smp.Error) func(*relay.Config) {
	return refuses(func(r *relay.Request, _ C) *smp.Error {
		if r.Queue == nil {
			return answer
		}
		return smp.ErrAuth
	})
}

// refuses changes the errors with which commands of one kind are refused.
func refuses[C smp.Command](answer func(*relay.Request, C) *smp.Error) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next := st.Authorise
		st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			err := next(s, r)
			if c, ok := r.Command.(C); ok && err != nil {
				return answer(r, c)
			}
			return err
		}
	})
}

// cutID looks links up by the first 24 bytes of an id.
func cutID(config *relay.Config) {
	next := config.Stages.Authorise
	config.Stages.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
		if _, ok := r.Command.(smp.LGET); ok && len(r.Transmission.EntityID) > smp.SenderIDSize {
			r.Transmission.EntityID = r.Transmission.EntityID[:smp.SenderIDSize]
		}
		return next(s, r)
	}
}

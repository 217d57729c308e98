package fault

import (
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// linkNameFaults are mistakes with the ids of links and queues.
var linkNameFaults = []Fault{
	linkFault("lget-sender-id", "LGET with a sender id reads the link of the queue, since all ids are in one table.",
		"SMP-LINK-LGET-QUEUE-ID", "lget-ids new-without", linkReadsBy(smp.SEND{})),
	linkFault("lget-recipient-id", "LGET with a recipient id reads the link of the queue, since all ids are in one table.",
		"SMP-LINK-LGET-QUEUE-ID", "lget-ids new-without", linkReadsBy(smp.SUB{})),
	linkFault("lget-unknown-prohibited", "LGET of an unknown link is answered with CMD PROHIBITED.",
		"SMP-LINK-LGET-UNKNOWN", "lget-ids", linkUnknown[smp.LGET](smp.ErrCmdProhibited)),
	linkFault("lget-unknown-no-msg", "LGET of an unknown link is answered with NO_MSG, since there is nothing to read.",
		"SMP-LINK-LGET-UNKNOWN", "lget-ids", linkUnknown[smp.LGET](smp.ErrNoMsg)),
	linkFault("lget-id-cut", "Link ids are kept in a field of 24 bytes, and those that are longer are cut.",
		"SMP-LINK-LGET-UNKNOWN", "lget-ids", linkCutID),
	linkFault("lkey-sender-id", "LKEY with a sender id takes the queue, since all ids are in one table.",
		"SMP-LINK-LKEY-QUEUE-ID", "lkey-ids", linkTakesBy(smp.SEND{})),
	linkFault("lkey-recipient-id", "LKEY with a recipient id takes the queue, since all ids are in one table.",
		"SMP-LINK-LKEY-QUEUE-ID", "lkey-ids", linkTakesBy(smp.SUB{})),
	linkFault("lkey-unknown-prohibited", "LKEY of an unknown link is answered with CMD PROHIBITED.",
		"SMP-LINK-LKEY-UNKNOWN", "lkey-ids", linkUnknown[smp.LKEY](smp.ErrCmdProhibited)),
	linkFault("send-to-link-id", "SEND with a link id reaches the queue, since all ids are in one table.",
		"SMP-SEND-UNKNOWN", "id-alone",
		linkOverrules(func(x *linkCall, c smp.SEND) []relay.Output {
			if !x.r.Queue.Record().SenderKey.IsZero() || !x.named() {
				return nil
			}
			return x.does(c)
		}, smp.LGET{})),
	linkFault("skey-by-link-id", "SKEY with a link id secures the queue, as LKEY does.",
		"SMP-LINK-LGET-READS", "id-alone",
		linkOverrules(func(x *linkCall, c smp.SKEY) []relay.Output {
			if !x.named() || !x.signedBy(c.SenderKey) {
				return nil
			}
			return x.does(c)
		}, smp.LGET{})),
	linkFault("sub-by-link-id", "SUB takes the link id in the place of the recipient id.",
		"SMP-LINK-LGET-READS", "id-alone", linkRecipientBy[smp.SUB](smp.LGET{})),
	linkFault("que-by-link-id", "QUE takes the link id in the place of the recipient id.",
		"SMP-LINK-LGET-READS", "id-alone", linkRecipientBy[smp.QUE](smp.LGET{})),
	linkFault("lset-by-sender-id", "LSET takes the sender id in the place of the recipient id.",
		"SMP-LINK-LSET-SENDER-ID", "lset-entity", linkRecipientBy[smp.LSET](smp.SEND{})),
	linkFault("lset-by-link-id", "LSET takes the link id in the place of the recipient id.",
		"SMP-LINK-LSET-SENDER-ID", "lset-entity", linkRecipientBy[smp.LSET](smp.LGET{})),
	linkFault("ldel-by-sender-id", "LDEL takes the sender id in the place of the recipient id.",
		"SMP-LINK-LSET-SENDER-ID", "lset-entity", linkRecipientBy[smp.LDEL](smp.SEND{})),
	linkFault("ldel-by-link-id", "LDEL takes the link id in the place of the recipient id.",
		"SMP-LINK-LSET-SENDER-ID", "lset-entity", linkRecipientBy[smp.LDEL](smp.LGET{})),
}

// named reports whether the entity id is the link id of the queue.
func (x *linkCall) named() bool {
	link := x.r.Queue.Link()
	return link != nil && string(link.ID) == string(x.r.Transmission.EntityID)
}

// linkReadsBy answers LGET with an id of another party, empty if there is no link.
func linkReadsBy(other smp.Command) func(*relay.Config) {
	return linkOverrules(func(x *linkCall, _ smp.LGET) []relay.Output {
		if x.named() {
			return nil
		}
		return x.shows()
	}, other)
}

// linkTakesBy answers LKEY with an id of another party.
func linkTakesBy(other smp.Command) func(*relay.Config) {
	return linkOverrules(func(x *linkCall, c smp.LKEY) []relay.Output {
		free := x.r.Queue.Record().SenderKey.IsZero()
		if x.named() || x.r.Queue.Link() == nil || !free || !x.signedBy(c.SenderKey) {
			return nil
		}
		x.setsKey(c.SenderKey)
		return x.shows()
	}, other)
}

// linkRecipientBy executes commands of the recipient with an id of another party.
func linkRecipientBy[C smp.Command](other smp.Command) func(*relay.Config) {
	return linkOverrules(func(x *linkCall, c C) []relay.Output {
		if !x.byRecipient() {
			return nil
		}
		return x.does(c)
	}, other)
}

// linkUnknown answers commands of one kind for unknown links with another error.
func linkUnknown[C smp.Command](answer *smp.Error) func(*relay.Config) {
	return linkRefuses(func(r *relay.Request, _ C) *smp.Error {
		if r.Queue == nil {
			return answer
		}
		return smp.ErrAuth
	})
}

// linkRefuses changes the errors with which commands of one kind are refused.
func linkRefuses[C smp.Command](answer func(*relay.Request, C) *smp.Error) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
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

// linkCutID looks links up by the first 24 bytes of an id.
func linkCutID(config *relay.Config) {
	next := config.Stages.Authorise
	config.Stages.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
		if _, ok := r.Command.(smp.LGET); ok && len(r.Transmission.EntityID) > smp.SenderIDSize {
			r.Transmission.EntityID = r.Transmission.EntityID[:smp.SenderIDSize]
		}
		return next(s, r)
	}
}

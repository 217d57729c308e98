package directory

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// Notified is what a faulty relay notes about a queue that NKEY has given a notifier.
type Notified struct {
	RecipientID, SenderID, NotifierID string
	RecipientKey, NotifierKey         keys.PublicKey
}

// Notifiers finds queues by any id that they, or their notifiers, ever had.
type Notifiers struct {
	ByID fault.Notes[string, *Notified]
}

// Note watches the queues that get a notifier by NKEY.
func (d *Notifiers) Note(st *relay.Stages) {
	next := st.Execute
	st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
		outs := next(s, r)
		c, ok := r.Command.(smp.NKEY)
		if !ok || len(outs) == 0 {
			return outs
		}
		if nid, ok := outs[0].Response.(smp.NID); ok {
			d.enter(r.Queue, nid, c)
		}
		return outs
	}
}

func (d *Notifiers) enter(q *relay.Queue, nid smp.NID, c smp.NKEY) {
	n := &Notified{
		RecipientID: string(q.RecipientID()), SenderID: string(q.SenderID()), NotifierID: string(nid.NotifierID),
		RecipientKey: q.Record().RecipientKeys[0], NotifierKey: c.AuthKey,
	}
	if earlier, ok := d.ByID.Get(n.RecipientID); ok {
		d.ByID.Set(earlier.NotifierID, n)
	}
	for _, id := range []string{n.RecipientID, n.SenderID, n.NotifierID} {
		d.ByID.Set(id, n)
	}
}

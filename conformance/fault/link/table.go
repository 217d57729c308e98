package link

import (
	"slices"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// table keeps link data apart from the queues, by link ids.
type table struct {
	data    sync.Map // of smp.LNK
	refused sync.Map // of smp.LNK by *relay.Request
	tags    []string
	// onRead keeps what was read only, as a cache does.
	onRead bool
}

// outlives answers LKEY and LGET with link data that a command with one of the tags
// should have removed.
func outlives(tags ...string) func(*relay.Config) {
	return fault.Stages((&table{tags: tags}).install)
}

// cached is outlives for data that somebody has read before.
func cached(tags ...string) func(*relay.Config) {
	return fault.Stages((&table{tags: tags, onRead: true}).install)
}

func (t *table) install(st *relay.Stages) {
	right := *st
	st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
		err := right.Authorise(s, r)
		switch r.Command.(type) {
		case smp.LKEY, smp.LGET:
			if lnk, ok := t.data.Load(string(r.Transmission.EntityID)); ok && err != nil && r.Queue == nil {
				t.refused.Store(r, lnk)
				return nil
			}
		}
		return err
	}
	st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
		x := &call{s, r, right}
		if lnk, ok := t.refused.LoadAndDelete(r); ok {
			return x.answers(lnk.(smp.LNK))
		}
		var had *relay.Link
		if r.Queue != nil {
			had = r.Queue.Link()
		}
		outs := right.Execute(s, r)
		t.note(r, outs)
		_, deleted := r.Command.(smp.DEL)
		if had != nil && (deleted || r.Queue.Link() == nil) && !slices.Contains(t.tags, r.Command.Tag()) {
			t.data.Delete(string(had.ID))
		}
		return outs
	}
}

// note keeps the link data that were set or read.
func (t *table) note(r *relay.Request, outs []relay.Output) {
	for _, out := range outs {
		switch answer := out.Response.(type) {
		case smp.LNK:
			t.data.Store(string(r.Transmission.EntityID), answer)
		case smp.OK:
			if c, ok := r.Command.(smp.LSET); ok && !t.onRead {
				t.data.Store(string(c.LinkID), smp.LNK{SenderID: r.Queue.SenderID(), Data: c.Data})
			}
		case smp.IDS:
			if c := r.Command.(smp.NEW); len(answer.LinkID) > 0 && !t.onRead {
				t.data.Store(string(answer.LinkID), smp.LNK{SenderID: answer.SenderID, Data: c.Request.Link.Data})
			}
		}
	}
}

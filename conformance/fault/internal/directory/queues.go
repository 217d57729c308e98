// Package directory is what faulty relays remember of their queues, to find them by other
// ids and take other keys than they should.
package directory

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// Parties is what a faulty relay notes about a queue that it has created. A key that is not
// set yet is zero.
type Parties struct {
	RecipientID, SenderID   string
	RecipientKey, SenderKey keys.PublicKey
}

// Queues finds what is noted about queues by both of their ids.
type Queues struct{ ByID fault.Notes[string, *Parties] }

// Note watches the queues that are created, and secured.
func (d *Queues) Note(st *relay.Stages) {
	next := st.Execute
	st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
		outs := next(s, r)
		if len(outs) == 0 {
			return outs
		}
		switch c := r.Command.(type) {
		case smp.NEW:
			if ids, ok := outs[0].Response.(smp.IDS); ok {
				p := &Parties{RecipientID: string(ids.RecipientID), SenderID: string(ids.SenderID), RecipientKey: c.AuthKey}
				d.ByID.Set(p.RecipientID, p)
				d.ByID.Set(p.SenderID, p)
			}
		case smp.KEY:
			d.secured(r, outs, c.SenderKey)
		case smp.SKEY:
			d.secured(r, outs, c.SenderKey)
		}
		return outs
	}
}

func (d *Queues) secured(r *relay.Request, outs []relay.Output, key keys.PublicKey) {
	p, known := d.ByID.Get(string(r.Transmission.EntityID))
	if !known || !fault.RepliedWith[smp.OK](outs) {
		return
	}
	changed := *p
	changed.SenderKey = key
	d.ByID.Set(p.RecipientID, &changed)
	d.ByID.Set(p.SenderID, &changed)
}

// Other returns the id of the other party, nil for an unknown id.
func (d *Queues) Other(id []byte) []byte {
	p, ok := d.ByID.Get(string(id))
	switch {
	case !ok:
		return nil
	case p.RecipientID == string(id):
		return []byte(p.SenderID)
	}
	return []byte(p.RecipientID)
}

// Like returns an id of a queue that such is true for, nil if there is none.
func (d *Queues) Like(such func(id []byte) bool) (found []byte) {
	d.ByID.Each(func(id string, _ *Parties) {
		if such([]byte(id)) {
			found = []byte(id)
		}
	})
	return found
}

// CreatedWith returns the recipient ids of the queues that were created with the key.
func (d *Queues) CreatedWith(key keys.PublicKey) (ids [][]byte) {
	d.ByID.Each(func(id string, p *Parties) {
		if p.RecipientKey == key && p.RecipientID == id {
			ids = append(ids, []byte(id))
		}
	})
	return ids
}

package link

import (
	"slices"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// call is a command that a mistake is made with, and the stages without it.
type call struct {
	s  *relay.Session
	r  *relay.Request
	st relay.Stages
}

// does executes a command for the queue of the request, in the place of its own.
func (x *call) does(c smp.Command) []relay.Output {
	own := x.r.Command
	defer func() { x.r.Command = own }()
	x.r.Command = c
	return x.st.Execute(x.s, x.r)
}

// answers is the answer with a response.
func (x *call) answers(response smp.Response) []relay.Output {
	return fault.Reply(x.r, response)
}

// refuses is the answer with an error.
func (x *call) refuses(err *smp.Error) []relay.Output { return x.answers(smp.ERR{Err: err}) }

// shows is the answer with the link data of the queue, empty if it has none.
func (x *call) shows() []relay.Output {
	lnk := smp.LNK{SenderID: x.r.Queue.SenderID()}
	if link := x.r.Queue.Link(); link != nil {
		lnk.Data = link.Data
	}
	return x.answers(lnk)
}

// signedBy reports whether one of the keys made the authorization.
func (x *call) signedBy(list ...keys.PublicKey) bool {
	return slices.ContainsFunc(list, func(key keys.PublicKey) bool { return x.st.Verify(x.s, x.r, key) })
}

// byRecipient reports whether the recipient of the queue made the authorization.
func (x *call) byRecipient() bool { return x.signedBy(x.r.Queue.Record().RecipientKeys...) }

// setsKey makes the key that of the sender, whatever the queue had.
func (x *call) setsKey(key keys.PublicKey) {
	x.r.Queue.Change(func(r *relay.Record) { r.SenderKey = key })
}

// find returns the queue that has the id for whoever sends the command: SUB stands for
// the recipient, SEND for the sender, LGET for who has the link. No queue may be locked.
func (x *call) find(id []byte, c smp.Command) *relay.Queue {
	r := relay.Request{Transmission: smp.Transmission{EntityID: id}, Command: c}
	_ = x.st.Authorise(x.s, &r)
	return r.Queue
}

// executes makes a mistake when commands of one kind are executed.
func executes[C smp.Command](f func(x *call, c C) []relay.Output) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		right := *st
		st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			if c, ok := r.Command.(C); ok {
				return f(&call{s, r, right}, c)
			}
			return right.Execute(s, r)
		}
	})
}

// overrules executes commands of one kind that are refused, because of their
// authorization or because the id is not one for them, unless f returns nil. A queue is
// looked for by the id of others too, for whom commands stand as in find.
func overrules[C smp.Command](f func(x *call, c C) []relay.Output, others ...smp.Command) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		right := *st
		var refused sync.Map // of *smp.Error by *relay.Request
		st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			err := right.Authorise(s, r)
			if _, ok := r.Command.(C); !ok || err == nil {
				return err
			}
			x := call{s, r, right}
			for _, other := range others {
				if r.Queue == nil {
					r.Queue = x.find(r.Transmission.EntityID, other)
				}
			}
			if r.Queue == nil {
				return err
			}
			refused.Store(r, err)
			return nil
		}
		st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			err, ok := refused.LoadAndDelete(r)
			if !ok {
				return right.Execute(s, r)
			}
			x := &call{s, r, right}
			if outs := f(x, r.Command.(C)); outs != nil {
				return outs
			}
			return x.refuses(err.(*smp.Error))
		}
	})
}

// decodes changes requests of one kind whose credentials are wrong.
func decodes[C smp.Command](f func(r *relay.Request, c C)) func(*relay.Config) {
	return fault.ChangesRequests(func(s *relay.Session, r *relay.Request) {
		if r.Err == nil {
			return
		}
		if command, err := smp.DecodeCommand(s.Version(), r.Transmission.Command); err == nil {
			if c, ok := command.(C); ok {
				f(r, c)
			}
		}
	})
}

// unsigned executes commands of one kind without authorization.
func unsigned[C smp.Command]() func(*relay.Config) {
	unsigned := decodes(func(r *relay.Request, c C) {
		if len(r.Transmission.Authorization) == 0 {
			r.Command, r.Err = c, nil
		}
	})
	overrules := overrules(func(x *call, c C) []relay.Output {
		if len(x.r.Transmission.Authorization) > 0 {
			return nil
		}
		return x.does(c)
	})
	return fault.Together(unsigned, overrules)
}

// answers changes answers of one kind.
func answers[R smp.Response](change func(r *relay.Request, answer *R)) func(*relay.Config) {
	return fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
		return changed(next(s, r), func(answer *R) { change(r, answer) })
	})
}

// changed changes those of the outputs that have a response of one kind.
func changed[R smp.Response](outs []relay.Output, change func(*R)) []relay.Output {
	for i := range outs {
		if answer, ok := outs[i].Response.(R); ok {
			change(&answer)
			outs[i].Response = answer
		}
	}
	return outs
}

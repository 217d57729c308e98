package fault

import (
	"slices"
	"sync"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// linkCall is a command that a mistake is made with, and the stages without it.
type linkCall struct {
	s  *relay.Session
	r  *relay.Request
	st relay.Stages
}

// does executes a command for the queue of the request, in the place of its own.
func (x *linkCall) does(c smp.Command) []relay.Output {
	own := x.r.Command
	defer func() { x.r.Command = own }()
	x.r.Command = c
	return x.st.Execute(x.s, x.r)
}

// answers is the answer with a response.
func (x *linkCall) answers(response smp.Response) []relay.Output {
	return reply(x.r, response)
}

// refuses is the answer with an error.
func (x *linkCall) refuses(err *smp.Error) []relay.Output { return x.answers(smp.ERR{Err: err}) }

// shows is the answer with the link data of the queue, empty if it has none.
func (x *linkCall) shows() []relay.Output {
	lnk := smp.LNK{SenderID: x.r.Queue.SenderID()}
	if link := x.r.Queue.Link(); link != nil {
		lnk.Data = link.Data
	}
	return x.answers(lnk)
}

// signedBy reports whether one of the keys made the authorization.
func (x *linkCall) signedBy(list ...keys.PublicKey) bool {
	return slices.ContainsFunc(list, func(key keys.PublicKey) bool { return x.st.Verify(x.s, x.r, key) })
}

// byRecipient reports whether the recipient of the queue made the authorization.
func (x *linkCall) byRecipient() bool { return x.signedBy(x.r.Queue.Record().RecipientKeys...) }

// setsKey makes the key that of the sender, whatever the queue had.
func (x *linkCall) setsKey(key keys.PublicKey) {
	x.r.Queue.Change(func(r *relay.Record) { r.SenderKey = key })
}

// find returns the queue that has the id for whoever sends the command: SUB stands for
// the recipient, SEND for the sender, LGET for who has the link. No queue may be locked.
func (x *linkCall) find(id []byte, c smp.Command) *relay.Queue {
	r := relay.Request{Transmission: smp.Transmission{EntityID: id}, Command: c}
	_ = x.st.Authorise(x.s, &r)
	return r.Queue
}

// linkExecutes makes a mistake when commands of one kind are executed.
func linkExecutes[C smp.Command](f func(x *linkCall, c C) []relay.Output) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		right := *st
		st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			if c, ok := r.Command.(C); ok {
				return f(&linkCall{s, r, right}, c)
			}
			return right.Execute(s, r)
		}
	})
}

// linkOverrules executes commands of one kind that are refused, because of their
// authorization or because the id is not one for them, unless f returns nil. A queue is
// looked for by the id of others too, for whom commands stand as in find.
func linkOverrules[C smp.Command](f func(x *linkCall, c C) []relay.Output, others ...smp.Command) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		right := *st
		var refused sync.Map // of *smp.Error by *relay.Request
		st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			err := right.Authorise(s, r)
			if _, ok := r.Command.(C); !ok || err == nil {
				return err
			}
			x := linkCall{s, r, right}
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
			x := &linkCall{s, r, right}
			if outs := f(x, r.Command.(C)); outs != nil {
				return outs
			}
			return x.refuses(err.(*smp.Error))
		}
	})
}

// linkDecodes changes requests of one kind whose credentials are wrong.
func linkDecodes[C smp.Command](f func(r *relay.Request, c C)) func(*relay.Config) {
	return decodes(func(s *relay.Session, r *relay.Request) {
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

// linkUnsigned executes commands of one kind without authorization.
func linkUnsigned[C smp.Command]() func(*relay.Config) {
	unsigned := linkDecodes(func(r *relay.Request, c C) {
		if len(r.Transmission.Authorization) == 0 {
			r.Command, r.Err = c, nil
		}
	})
	overrules := linkOverrules(func(x *linkCall, c C) []relay.Output {
		if len(x.r.Transmission.Authorization) > 0 {
			return nil
		}
		return x.does(c)
	})
	return together(unsigned, overrules)
}

// linkAnswers changes answers of one kind.
func linkAnswers[R smp.Response](change func(r *relay.Request, answer *R)) func(*relay.Config) {
	return executes(func(s *relay.Session, r *relay.Request, next execute) []relay.Output {
		return linkChanged(next(s, r), func(answer *R) { change(r, answer) })
	})
}

// linkChanged changes those of the outputs that have a response of one kind.
func linkChanged[R smp.Response](outs []relay.Output, change func(*R)) []relay.Output {
	for i := range outs {
		if answer, ok := outs[i].Response.(R); ok {
			change(&answer)
			outs[i].Response = answer
		}
	}
	return outs
}

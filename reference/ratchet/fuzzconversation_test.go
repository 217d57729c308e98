package ratchet_test

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"

	"smpcheck/reference/ratchet"
)

// FuzzConversation plays a conversation in which the network and the wishes of both sides do
// as the bytes say. A model knows of each message whether it decrypts: the first time that
// it comes it does, to its content, unless too many before it are missing or its chain
// begins with a key that only lost messages carry. Nothing else decrypts, and what does
// not changes nothing.
func FuzzConversation(f *testing.F) {
	f.Add(uint8(0), []byte{0, 2, 1, 3, 0, 2})
	f.Add(uint8(8), []byte{0x40, 2, 0x41, 3, 0x80, 0, 10, 2, 1, 3, 4, 6})
	f.Add(uint8(2), []byte{0, 8, 0, 2, 4, 6, 10, 5, 7})
	f.Add(uint8(9), []byte{0, 2, 1, 3, 0xf8, 0, 2, 0xb8, 0, 2, 1, 11})
	f.Add(uint8(5), []byte{0x20, 0, 2, 0x81, 0x11, 13, 3, 11})
	f.Fuzz(func(t *testing.T, start uint8, steps []byte) {
		all := starts()[allSetups[int(start)%len(allSetups)]]
		c := newTalk(t, uint64(start), all[int(start)/len(allSetups)%len(all)])
		for _, step := range steps[:min(len(steps), 64)] {
			side, argument := int(step&1), int(step>>4)
			switch step >> 1 & 7 {
			case 0, 1:
				c.send(side, argument)
			case 2, 3:
				c.deliver(side, argument)
			case 4:
				c.lose(side, argument)
			case 5:
				c.refuseChanged(side, argument)
			case 6:
				c.refuseForeign(side)
			case 7:
				c.restore(side)
			}
		}
		for side := range 2 { // what is late comes at last
			for len(c.inbox[side]) > 0 {
				c.deliver(side, len(steps))
			}
		}
	})
}

// letter is a message on its way, and what the model has to know of it.
type letter struct {
	content, message []byte
	chain, kem       string // the sender's ratchet key, and what the header has of the KEM
	previous, number uint32
	first            string // what the first header of the chain has of the KEM
}

// expecting is what the model knows of a side: how far it is with the chain that it received
// last, and what it has keys for.
type expecting struct {
	chain   string
	next    uint32
	skipped map[string]map[uint32]bool // by chain
}

// talk is a conversation and its model.
type talk struct {
	t      *testing.T
	keys   ratchet.Keys
	sides  [2]ratchet.State
	models [2]expecting
	inbox  [2][]letter // to a side, in any order
	old    [2][]letter // that came
	first  map[string]string
}

func newTalk(t *testing.T, seed uint64, sides [2]ratchet.State) *talk {
	c := &talk{t: t, keys: pooledSource(seed), sides: sides, first: map[string]string{}}
	for i, s := range sides {
		c.models[i] = expecting{next: s.ReceiveNumber, skipped: map[string]map[uint32]bool{}}
		if s.Receive != nil {
			c.models[i].chain = string(s.Send.DHRemote.Raw())
		}
	}
	return c
}

// send encrypts a message; argument has the wishes, and how many messages before it nobody
// ever sees.
func (c *talk) send(from, argument int) {
	o := ratchet.Options{PQ: ratchet.PQEncryption(argument % 3), Supported: []uint16{0, 2, 3}[argument/3%3]}
	s := c.sides[from]
	if s.Send == nil {
		if _, next, err := s.Encrypt(nil, length, o); !errors.Is(err, ratchet.ErrNoSendingChain) || !reflect.DeepEqual(s, next) {
			c.t.Fatalf("sent without a chain: %v", err)
		}
		return
	}
	chain := string(s.DHSelf.Public().Raw())
	if c.first[chain] == "" {
		c.first[chain] = kemOf(s)
	}
	if argument > 13 { // unseen, of the same wishes as the chain has
		send := *s.Send
		n := 300 + 211*uint32(argument-14)
		for range n {
			send.ChainKey, _, _ = ratchet.ChainKDF(send.ChainKey)
		}
		s.Send, s.SendNumber = &send, s.SendNumber+n
	}
	content := []byte{byte(argument), byte(len(c.inbox[1-from]))}
	message, next, err := s.Encrypt(content, length, o)
	if err != nil {
		c.t.Fatal(err)
	}
	c.sides[from] = next
	c.inbox[1-from] = append(c.inbox[1-from], letter{content, message, chain, kemOf(s), s.PreviousCount, s.SendNumber, c.first[chain]})
}

// deliver lets one of the messages to a side come, whose fate the model knows.
func (c *talk) deliver(to, argument int) {
	if len(c.inbox[to]) == 0 {
		return
	}
	at := argument % len(c.inbox[to])
	l := c.inbox[to][at]
	want := c.models[to].verdict(l)
	content, next, err := c.sides[to].Decrypt(c.keys, l.message)
	if !errors.Is(err, want) {
		c.t.Fatalf("message %d of a chain: %v, expected %v", l.number, err, want)
	}
	c.inbox[to] = slices.Delete(c.inbox[to], at, at+1)
	if err != nil {
		c.requireUnchanged(to, content, next)
		return // it is lost: neither does the official agent ask for it again
	}
	if !bytes.Equal(content, l.content) {
		c.t.Fatalf("%x became %x", l.content, content)
	}
	c.sides[to] = next
	c.models[to].take(l)
	if kept := keysKept(next); kept != c.models[to].kept() {
		c.t.Fatalf("%d keys of messages to come, expected %d", kept, c.models[to].kept())
	}
	c.old[to] = append(c.old[to], l)
	c.refuse(to, l.message)
}

// verdict is the error that a message that has not come makes, nil for none.
func (r *expecting) verdict(l letter) error {
	switch {
	case r.skipped[l.chain][l.number]:
		return nil
	case l.chain == r.chain:
		return tooFar(l.number, r.next)
	case r.chain != "" && tooFar(l.previous, r.next) != nil:
		return ratchet.ErrTooManySkipped
	case tooFar(l.number, 0) != nil:
		return ratchet.ErrTooManySkipped
	case l.kem != l.first: // the chain was made with a secret that this header does not carry
		return ratchet.ErrBody
	}
	return nil
}

func tooFar(number, next uint32) error {
	if number > next+ratchet.MaxSkip {
		return ratchet.ErrTooManySkipped
	}
	return nil
}

// take does what a message does that decrypted.
func (r *expecting) take(l letter) {
	if r.skipped[l.chain][l.number] {
		delete(r.skipped[l.chain], l.number)
		return
	}
	if l.chain != r.chain {
		if r.chain != "" {
			r.skip(l.previous)
		}
		r.chain, r.next = l.chain, 0
	}
	r.skip(l.number)
	r.next++
}

func (r *expecting) skip(until uint32) {
	if r.skipped[r.chain] == nil {
		r.skipped[r.chain] = map[uint32]bool{}
	}
	for ; r.next < until; r.next++ {
		r.skipped[r.chain][r.next] = true
	}
}

func (r *expecting) kept() (n int) {
	for _, chain := range r.skipped {
		n += len(chain)
	}
	return n
}

// refuse checks that bytes do not decrypt and change nothing.
func (c *talk) refuse(to int, message []byte) {
	c.t.Helper()
	content, next, err := c.sides[to].Decrypt(c.keys, message)
	if err == nil {
		c.t.Fatal("decrypted what it must not")
	}
	c.requireUnchanged(to, content, next)
}

func (c *talk) requireUnchanged(to int, content []byte, next ratchet.State) {
	c.t.Helper()
	if content != nil || !reflect.DeepEqual(c.sides[to], next) {
		c.t.Fatal("changed by a message that failed")
	}
}

// refuseChanged lets a message come in which a byte was changed or that ends early, and one
// that came before.
func (c *talk) refuseChanged(to, argument int) {
	if n := len(c.inbox[to]); n > 0 {
		changed := bytes.Clone(c.inbox[to][argument%n].message)
		changed[argument*len(changed)/16] ^= byte(1 + argument)
		c.refuse(to, changed)
		c.refuse(to, changed[:argument*len(changed)/16])
	}
	if n := len(c.old[to]); n > 0 {
		c.refuse(to, c.old[to][argument%n].message)
	}
}

// refuseForeign lets messages come that the side itself has sent.
func (c *talk) refuseForeign(to int) {
	for _, l := range append(slices.Clone(c.inbox[1-to]), c.old[1-to]...) {
		c.refuse(to, l.message)
	}
}

func (c *talk) lose(to, argument int) {
	if n := len(c.inbox[to]); n > 0 {
		c.inbox[to] = slices.Delete(c.inbox[to], argument%n, argument%n+1)
	}
}

// restore stores a side and goes on with what was stored.
func (c *talk) restore(side int) {
	restored := restore(c.t, c.sides[side])
	if !reflect.DeepEqual(restored, c.sides[side]) {
		c.t.Fatal("the state became another in storage")
	}
	c.sides[side] = restored
}

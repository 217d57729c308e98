package ratchet

import (
	"fmt"
	"math"
	"slices"
	"sort"
)

// SkippedChain holds the keys of messages of one receiving chain that have not
// come yet, in the order of their numbers.
type SkippedChain struct {
	HeaderKey Key          `json:"header_key"`
	Keys      []SkippedKey `json:"keys"`
}

// SkippedKey is the key of one message that has not come yet.
type SkippedKey struct {
	Number     uint32     `json:"number"`
	MessageKey MessageKey `json:"message_key"`
}

// find returns the position of the key with a number, and whether it is there.
func (c SkippedChain) find(number uint32) (int, bool) {
	i := sort.Search(len(c.Keys), func(i int) bool { return c.Keys[i].Number >= number })
	return i, i < len(c.Keys) && c.Keys[i].Number == number
}

// without returns the chains without key i of one of them, and without the chain
// if it was its last key.
func without(chains []SkippedChain, chain, i int) []SkippedChain {
	chains = slices.Clone(chains)
	if len(chains[chain].Keys) == 1 {
		return slices.Delete(chains, chain, chain+1)
	}
	chains[chain].Keys = slices.Delete(slices.Clone(chains[chain].Keys), i, i+1)
	return chains
}

// with returns the chains with more keys, whose numbers are above those that the
// chain of the same header key has already.
func with(chains []SkippedChain, headerKey Key, more []SkippedKey) []SkippedChain {
	chains = slices.Clone(chains)
	for i, c := range chains {
		if c.HeaderKey == headerKey {
			chains[i].Keys = slices.Concat(c.Keys, more)
			return chains
		}
	}
	return append(chains, SkippedChain{HeaderKey: headerKey, Keys: more})
}

// skip advances the receiving chain to a number and keeps the keys of the
// messages before it. A number that was received is ErrDuplicate or ErrEarlier,
// one that is more than MaxSkip ahead is ErrTooManySkipped. SkipMessageKeysHE in
// PQDR, "Decrypting messages".
func (s State) skip(until uint32) (State, error) {
	if s.Receive == nil {
		return s, nil
	}
	ahead := int64(until) - int64(s.ReceiveNumber)
	switch {
	case ahead < -1:
		return s, fmt.Errorf("%w: number %d, next is %d", ErrEarlier, until, s.ReceiveNumber)
	case ahead == -1:
		return s, ErrDuplicate
	case ahead > MaxSkip:
		return s, fmt.Errorf("%w: %d, at most %d", ErrTooManySkipped, ahead, MaxSkip)
	case until == math.MaxUint32:
		return s, ErrCounter
	case ahead == 0:
		return s, nil
	}
	chainKey, skipped := s.Receive.ChainKey, make([]SkippedKey, 0, ahead)
	for number := s.ReceiveNumber; number < until; number++ {
		next, key, _ := ChainKDF(chainKey)
		skipped = append(skipped, SkippedKey{Number: number, MessageKey: key})
		chainKey = next
	}
	s.Skipped = with(s.Skipped, s.Receive.HeaderKey, skipped)
	s.Receive = &ReceiveChain{ChainKey: chainKey, HeaderKey: s.Receive.HeaderKey}
	s.ReceiveNumber = until
	return s, nil
}

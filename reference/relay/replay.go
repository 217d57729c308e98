package relay

import (
	"hash/maphash"
	"sync"

	"smpcheck/reference/keys"
)

// replays remembers the keys of forwarded commands. Every command has a key of its
// own, so one that comes twice in a session is the work of a proxy that repeats
// what it has forwarded; in another session it does not decrypt. SMP, "Send command
// via proxy", wants the keys unique and no relay to look; the threat model has what
// a proxy can do if none does.
//
// The memory of all sessions together is bounded: there are two generations, and
// when the newer one is full the older one is forgotten. A proxy that wants to
// repeat a command has to have limit others executed before.
type replays struct {
	limit int // of keys in one generation
	seed  maphash.Seed

	mu         sync.Mutex
	now, older map[uint64]struct{}
}

func newReplays(limit int) *replays {
	return &replays{limit: limit, seed: maphash.MakeSeed(), now: make(map[uint64]struct{})}
}

// repeated reports whether the key came in the session before, and remembers it.
func (p *replays) repeated(sessionID []byte, key keys.PublicKey) bool {
	var h maphash.Hash
	h.SetSeed(p.seed)
	_ = h.WriteByte(byte(len(sessionID))) // which never fails, as the next two
	_, _ = h.Write(sessionID)
	_, _ = h.Write(key.Raw())
	id := h.Sum64()
	p.mu.Lock()
	defer p.mu.Unlock()
	_, inNow := p.now[id]
	_, inOlder := p.older[id]
	if inNow || inOlder {
		return true
	}
	if len(p.now) >= p.limit {
		p.now, p.older = make(map[uint64]struct{}), p.now
	}
	p.now[id] = struct{}{}
	return false
}

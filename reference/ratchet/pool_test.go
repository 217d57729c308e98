package ratchet_test

import (
	"math/rand/v2"
	"sync"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
)

// Making keys takes longer than all the rest of a ratchet step. The properties that are not
// about new keys take theirs from pools.

var pool = sync.OnceValue(func() (pairs []ratchet.KEMKeyPair) {
	keys := source(0)
	for range 24 {
		p, err := keys.NewKEM()
		if err != nil {
			panic(err)
		}
		pairs = append(pairs, p)
	}
	return pairs
})

// usedKEMPairs are those of the pool that the starts of conversations have.
const usedKEMPairs = 4

// encapsulated is a secret for a key of the pool.
type encapsulated struct {
	ciphertext []byte
	shared     ratchet.Key
}

var encapsulations = sync.OnceValue(func() map[string][]encapsulated {
	keys, all := source(1), map[string][]encapsulated{}
	for _, p := range pool() {
		for range 4 {
			ciphertext, shared, err := keys.Encapsulate(p.Public)
			if err != nil {
				panic(err)
			}
			all[string(p.Public)] = append(all[string(p.Public)], encapsulated{ciphertext, shared})
		}
	}
	return all
})

// ownDHKeys are for the two sides of a conversation, the rest of the pool for a thief.
const ownDHKeys, allDHKeys = 384, 512

var dhPool = sync.OnceValue(func() (all []keys.PrivateKey) {
	random := source(2)
	for range allDHKeys {
		key, err := random.NewDH()
		if err != nil {
			panic(err)
		}
		all = append(all, key)
	}
	return all
})

// pooled is a source whose keys come from pools: X448 keys in turn, so that none comes again
// soon, those of the KEM at random.
type pooled struct {
	ratchet.Keys
	choice *rand.ChaCha8
	dh     []keys.PrivateKey
	next   uint64
}

func pooledSource(seed uint64) ratchet.Keys {
	return &pooled{source(seed), stream(^seed), dhPool()[:ownDHKeys], seed}
}

// strangeSource is a pooled source without X448 keys and KEM secrets of pooledSource.
func strangeSource(seed uint64) ratchet.Keys {
	return stranger{&pooled{source(seed), stream(^seed), dhPool()[ownDHKeys:], seed}}
}

func (p *pooled) NewDH() (keys.PrivateKey, error) {
	key := p.dh[p.next%uint64(len(p.dh))]
	p.next++
	return key, nil
}

func (p *pooled) NewKEM() (ratchet.KEMKeyPair, error) {
	all := pool()
	return all[p.choice.Uint64()%uint64(len(all))], nil
}

func (p *pooled) Encapsulate(public []byte) ([]byte, ratchet.Key, error) {
	if all := encapsulations()[string(public)]; all != nil {
		e := all[p.choice.Uint64()%uint64(len(all))]
		return e.ciphertext, e.shared, nil
	}
	return p.Keys.Encapsulate(public)
}

type stranger struct{ *pooled }

func (s stranger) Encapsulate(public []byte) ([]byte, ratchet.Key, error) {
	return s.Keys.Encapsulate(public)
}

// startsOfSetup is how many beginnings of each setup there are.
const startsOfSetup = 4

// starts are states of the two sides for each setup: half of them the first ones, half after
// a message each way.
var starts = sync.OnceValue(func() map[setup][][2]ratchet.State {
	all := map[setup][][2]ratchet.State{}
	for i, o := range allSetups {
		for j := range startsOfSetup {
			keys := &kemInTurn{Keys: source(uint64(100 + 10*i + j))}
			x, y := o.pair(panics{}, keys)
			for range 2 * (j % 2) {
				message, next, err := x.Encrypt(nil, length, ratchet.Options{})
				require.NoError(panics{}, err)
				_, y, err = y.Decrypt(keys, message)
				require.NoError(panics{}, err)
				x, y = y, next
			}
			all[o] = append(all[o], [2]ratchet.State{x, y})
		}
	}
	return all
})

// kemInTurn takes the pairs of the pool in turn, but for the last, so that none comes again
// soon.
type kemInTurn struct {
	ratchet.Keys
	count int
}

func (k *kemInTurn) NewKEM() (ratchet.KEMKeyPair, error) {
	pair := pool()[k.count%(len(pool())-1)]
	k.count++
	return pair, nil
}

// panics is what require tells of a failure where there is no test.
type panics struct{}

func (panics) Errorf(string, ...any) {}
func (panics) FailNow()              { panic("ratchets do not start") }

var _ require.TestingT = panics{}

package load

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// batch is how many commands go out together while queues are set up: some full blocks.
const batch = 256

// idle is an idle queue: all that is needed to subscribe to it and to delete it.
type idle struct {
	id  []byte
	key keys.PrivateKey
}

// each calls f for 0 to n-1, several at a time, and says how far it is.
func (r *run) each(ctx context.Context, phase string, n int, f func(int)) {
	var next, done atomic.Int64
	var workers sync.WaitGroup
	var progress sync.Mutex
	for range min(n, 8*runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				f(i)
				progress.Lock()
				r.Progress(Progress{phase, int(done.Add(1)), n})
				progress.Unlock()
			}
		})
	}
	workers.Wait()
}

// queueOptions are those of a queue that a connection is not subscribed to.
func (r *run) queueOptions() client.QueueOptions {
	return client.QueueOptions{Algorithm: r.signing(r.RecipientKey), Mode: smp.Messaging, CreateOnly: true}
}

// signing is the algorithm itself, or Ed25519 instead of X25519 at the version that has
// no authenticators.
func (r *run) signing(alg keys.Algorithm) keys.Algorithm {
	if alg == keys.X25519 && r.version < smp.VersionAuthenticators {
		return keys.Ed25519
	}
	return alg
}

// create sends NEW for n queues together, with a new key for each and with the given
// public keys of the key agreement, and gives each answer to use.
func (r *run) create(ctx context.Context, p *peer, n int, subscribe bool, dh func(int) keys.PublicKey, use func(int, smp.IDS, keys.PrivateKey) error) {
	requests := make([]client.Request, n)
	for i := range requests {
		key, err := keys.Generate(r.signing(r.RecipientKey), rand.Reader)
		if err != nil {
			r.count(ctx, Create, err)
			return
		}
		requests[i] = client.Request{Key: key, Command: smp.NEW{
			AuthKey:   key.Public(),
			DHKey:     dh(i),
			Password:  password(r.Target),
			Subscribe: subscribe,
			Request:   &smp.QueueRequest{Mode: smp.Messaging},
		}}
	}
	for i, answer := range p.DoAll(ctx, requests...) {
		err := answer.Err
		if ids, ok := answer.Response.(smp.IDS); ok {
			err = use(i, ids, requests[i].Key)
		} else if err == nil {
			err = fmt.Errorf("NEW: %w", &client.UnexpectedError{Expected: "IDS", Got: answer.Response.Tag()})
		}
		r.count(ctx, Create, err)
	}
}

// createSlots makes the queues with messages.
func (r *run) createSlots(ctx context.Context) {
	r.eachShare(ctx, phaseQueues, func(p *peer, first, n int) {
		dhs, err := generate(n)
		if err != nil {
			r.count(ctx, Create, err)
			return
		}
		dh := func(j int) keys.PublicKey { return dhs[j].Public() }
		r.create(ctx, p, n, true, dh, func(j int, ids smp.IDS, key keys.PrivateKey) error {
			q, err := client.NewQueue(ids, key, dhs[j])
			if err == nil {
				index := first + j*r.Connections
				r.slots[index] = r.newSlot(index, q)
			}
			return err
		})
	})
}

// generate makes n keys for key agreements.
func generate(n int) ([]keys.PrivateKey, error) {
	made := make([]keys.PrivateKey, n)
	for i := range made {
		var err error
		if made[i], err = keys.Generate(keys.X25519, rand.Reader); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// secureSlots sends KEY for each of these queues.
func (r *run) secureSlots(ctx context.Context) {
	r.eachShare(ctx, phaseSecure, func(p *peer, first, n int) {
		for j := range n {
			r.secure(ctx, p, first+j*r.Connections)
		}
	})
}

// eachShare calls f with each connection and parts of the slots that belong to it: n of
// them from index first, at distances of the number of connections.
func (r *run) eachShare(ctx context.Context, phase string, f func(p *peer, first, n int)) {
	r.each(ctx, phase, min(r.Connections, r.Queues), func(i int) {
		p := r.peers[i]
		if p == nil {
			return
		}
		for first := i; first < r.Queues; first += batch * r.Connections {
			f(p, first, min(batch, (r.Queues-first-1)/r.Connections+1))
		}
	})
}

// newSlot returns the slot of a queue. It has no sender yet.
func (r *run) newSlot(index int, q client.Queue) *slot {
	return &slot{
		run:     r,
		index:   index,
		recv:    r.peers[index%r.Connections],
		send:    r.peers[(index+1)%r.Connections],
		queue:   q,
		arrived: make(chan smp.MSG, arrivals),
		choice:  mathrand.New(mathrand.NewPCG(r.Seed, uint64(index))),
	}
}

// secure sends KEY for a slot. One whose queue is not secured, or that has no connection
// to send over, stays without sender and gets no messages.
func (r *run) secure(ctx context.Context, p *peer, index int) {
	s := r.slots[index]
	if s == nil || s.send == nil {
		return
	}
	key, err := keys.Generate(r.signing(r.SenderKey), rand.Reader)
	if err == nil {
		err = p.Secure(ctx, s.queue, key.Public())
	}
	if err == nil {
		s.sender = s.queue.Sender(key)
		p.slots[string(s.queue.RecipientID)] = s
	}
	r.count(ctx, Secure, err)
}

// createIdle makes the idle queues, spread over the connections. As nothing will be
// decrypted, those that are created together share a key for the key agreement, of which
// the relay keeps only what it agreed.
func (r *run) createIdle(ctx context.Context) {
	r.eachIdle(ctx, phaseIdle, func(p *peer, queues []idle) {
		shared, err := generate(1)
		if err != nil {
			r.count(ctx, Create, err)
			return
		}
		dh := func(int) keys.PublicKey { return shared[0].Public() }
		r.create(ctx, p, len(queues), false, dh, func(j int, ids smp.IDS, key keys.PrivateKey) error {
			queues[j] = idle{bytes.Clone(ids.RecipientID), key}
			return nil
		})
	})
}

// subscribeIdle sends SUB for the idle queues.
func (r *run) subscribeIdle(ctx context.Context) {
	r.eachIdle(ctx, phaseSubscribe, func(p *peer, queues []idle) {
		r.all(ctx, p, Subscribe, queues, smp.SUB{})
	})
}

// eachIdle calls f for batches of idle queues with their connection.
func (r *run) eachIdle(ctx context.Context, phase string, f func(*peer, []idle)) {
	batches := (len(r.idle) + batch - 1) / batch
	r.each(ctx, phase, batches, func(i int) {
		if p := r.peers[i%r.Connections]; p != nil {
			f(p, r.idle[i*batch:min((i+1)*batch, len(r.idle))])
		}
	})
}

// all sends a command for every queue that exists, in as few blocks as possible.
func (r *run) all(ctx context.Context, p *peer, o Operation, queues []idle, command smp.Command) {
	requests := make([]client.Request, 0, len(queues))
	for _, q := range queues {
		if q.id != nil {
			requests = append(requests, client.Request{EntityID: q.id, Key: q.key, Command: command})
		}
	}
	for _, result := range p.DoAll(ctx, requests...) {
		r.count(ctx, o, result.Err)
	}
}

// deleteQueues deletes all queues of the run.
func (r *run) deleteQueues(ctx context.Context) {
	r.eachIdle(ctx, phaseDelete, func(p *peer, queues []idle) { r.all(ctx, p, Delete, queues, smp.DEL{}) })
	queues := make([][]idle, r.Connections)
	for _, s := range r.slots {
		if s == nil {
			continue
		}
		i := s.index % r.Connections
		queues[i] = append(queues[i], idle{s.queue.RecipientID, s.queue.Key})
		for _, q := range s.spare {
			queues[i] = append(queues[i], idle{q.RecipientID, q.Key})
		}
	}
	r.each(ctx, phaseDelete, r.Connections, func(i int) {
		for some := range slices.Chunk(queues[i], batch) {
			r.all(ctx, r.peers[i], Delete, some, smp.DEL{})
		}
	})
}

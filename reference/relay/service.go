package relay

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// ServiceRecord is what a relay keeps about a client service besides the queues
// that belong to it.
type ServiceRecord struct {
	// ID is what the relay calls the service, the same in all its connections.
	ID []byte
	// Role that the certificate was first shown with, the only one it may have.
	Role transport.Role
	// Fingerprint is that of the identity certificate.
	Fingerprint keys.Fingerprint
}

// service is a client service with the queues that belong to it: those whose
// messages it receives, or for a notifier their notifications.
//
// Locks are taken in the order queue, claiming, service, session. Whoever pushes
// something to the subscriber because it is that holds the lock for reading, so
// that nothing comes after ENDS.
type service struct {
	ServiceRecord
	connections int // guarded by the lock of services

	claiming sync.Mutex // held while a command that may change the subscriber is executed and answered

	mu       sync.RWMutex
	queues   map[*Queue]struct{}
	hash     smp.IDsHash // of their ids: of the recipient, or of the notifier
	complete bool        // the subscriber sent SUBS or NSUBS
	// subscriber is the connection that gets everything, nil if there is none.
	// It is changed with mu locked.
	subscriber atomic.Pointer[Session]
}

// add makes a queue with an id belong to the service.
func (v *service) add(q *Queue, id []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, ok := v.queues[q]; !ok {
		v.queues[q] = struct{}{}
		v.hash.Toggle(id)
	}
}

// removeLocked ends that a queue belongs to the service.
func (v *service) removeLocked(q *Queue, id []byte) {
	if _, ok := v.queues[q]; ok {
		delete(v.queues, q)
		v.hash.Toggle(id)
	}
}

// empty reports whether no queue belongs to the service.
func (v *service) empty() bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return len(v.queues) == 0
}

// setLocked is what the service's queues are described with.
func (v *service) setLocked() smp.ServiceQueues {
	return smp.ServiceQueues{Count: int64(len(v.queues)), IDsHash: v.hash}
}

// leave ends the subscription of a connection that is gone.
func (v *service) leave(s *Session) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.subscriber.CompareAndSwap(s, nil) {
		v.complete = false
	}
}

// services are the client services that a relay knows, by their certificates.
type services struct {
	limit    int
	journal  *journal   // nil for a relay without store
	entering sync.Mutex // is held while a service becomes known

	mu    sync.Mutex
	known map[keys.Fingerprint]*service
}

// restore makes the services of records known.
func (x *services) restore(records []ServiceRecord, limit int) {
	x.limit, x.known = limit, make(map[keys.Fingerprint]*service, len(records))
	for _, record := range records {
		x.known[record.Fingerprint] = newService(record)
	}
}

func newService(record ServiceRecord) *service {
	return &service{ServiceRecord: record, queues: make(map[*Queue]struct{})}
}

// errServices: there are as many services as there may be.
var errServices = fmt.Errorf("%w: as many services as allowed", transport.ErrBadService)

// errServiceRole: the certificate of a service came with another role before.
var errServiceRole = fmt.Errorf("%w: its certificate has another role", transport.ErrBadService)

// find returns the service with the fingerprint and role of a record, and enters
// it if it is new: with a store when that is durable, one service after the other.
func (x *services) find(record ServiceRecord, connections int) (*service, error) {
	if v, err := x.lookup(record, connections); v != nil || err != nil {
		return v, err
	}
	x.entering.Lock()
	defer x.entering.Unlock()
	if v, err := x.lookup(record, connections); v != nil || err != nil {
		return v, err
	}
	forgotten, err := x.makeRoom()
	if err != nil {
		return nil, err
	}
	v := newService(record)
	v.connections = connections
	if err := x.journal.keepService(v, forgotten); err != nil {
		if forgotten != nil {
			x.enter(forgotten)
		}
		return nil, err
	}
	x.enter(v)
	return v, nil
}

// lookup is find for a service that is known; nil if it is not.
func (x *services) lookup(record ServiceRecord, connections int) (*service, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	v := x.known[record.Fingerprint]
	if v == nil {
		return nil, nil
	}
	if v.Role != record.Role {
		return nil, errServiceRole
	}
	v.connections += connections
	return v, nil
}

func (x *services) enter(v *service) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.known[v.Fingerprint] = v
}

// makeRoom forgets a service that nothing is known of but its record, if there are as
// many as there may be, and returns it.
func (x *services) makeRoom() (forgotten *service, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.known) < x.limit {
		return nil, nil
	}
	for fingerprint, v := range x.known {
		if v.connections == 0 && v.empty() {
			delete(x.known, fingerprint)
			return v, nil
		}
	}
	return nil, errServices
}

// join returns the service that a connection was accepted for, nil if it is
// none.
func (x *services) join(accepted *transport.Service) (*service, error) {
	if accepted == nil {
		return nil, nil
	}
	return x.find(ServiceRecord{accepted.ID, accepted.Role, accepted.Fingerprint}, 1)
}

// leave ends what join has begun.
func (x *services) leave(v *service) {
	x.mu.Lock()
	defer x.mu.Unlock()
	v.connections--
}

// defaultService is the stage Service: it gives a certificate the id that it had
// before, or a new one, which is durable then.
func defaultService(_ context.Context, r *Relay, offered transport.Service, _ [][]byte) ([]byte, error) {
	id := make([]byte, idSize)
	if _, err := io.ReadFull(r.config.Rand, id); err != nil {
		return nil, fmt.Errorf("randomness for an id: %w", err)
	}
	v, err := r.services.find(ServiceRecord{id, offered.Role, offered.Fingerprint}, 0)
	if err != nil {
		return nil, err
	}
	return v.ID, nil
}

// Services are the records of the services that the relay knows, in no order.
// Config.Services makes another relay know them, as Config.Store does.
func (r *Relay) Services() []ServiceRecord {
	r.services.mu.Lock()
	defer r.services.mu.Unlock()
	records := make([]ServiceRecord, 0, len(r.services.known))
	for _, v := range r.services.known {
		records = append(records, v.ServiceRecord)
	}
	return records
}

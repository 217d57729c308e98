package relay

import (
	"bytes"
	"fmt"
	"math"

	"smpcheck/reference/transport"
)

// restoring is the work of entering the records of Config.Store into a relay.
type restoring struct {
	relay *Relay
	// services are all that the records name, by their ids. The record of a
	// service may come before or after those of its queues.
	services map[string]*service
}

// restore enters the records of Config.Store into a relay that has no queues. Services
// of Config.Services that the store does not have are stored; one that it has, by its
// fingerprint, is as it is there.
func (r *Relay) restore() error {
	r.store.limit = math.MaxInt64
	defer func() { r.store.limit = int64(r.config.MaxQueues) }()
	x := &restoring{relay: r, services: make(map[string]*service)}
	r.services.restore(nil, r.config.MaxServices)
	if err := r.config.Store.Load(x.enter); err != nil {
		return err
	}
	for _, v := range x.services {
		if r.services.known[v.Fingerprint] != v {
			return fmt.Errorf("%w: a queue of a service that is not there", ErrRecord)
		}
	}
	return x.storeConfigured()
}

// enter enters one record.
func (x *restoring) enter(record StoredRecord) error {
	switch record.Kind {
	case QueueRecord:
		q, err := decodeQueue(record.ID, record.Value)
		if err != nil {
			return err
		}
		return x.enterQueue(q)
	case ClientServiceRecord:
		v, err := decodeService(record.ID, record.Value)
		if err != nil {
			return err
		}
		return x.enterService(v)
	}
	return fmt.Errorf("%w: kind %d", ErrRecord, record.Kind)
}

func (x *restoring) enterQueue(q *Queue) error {
	x.relay.adopt(q)
	if err := x.relay.store.add(q); err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	if named := q.service(); named != nil {
		v, err := x.service(named.ID, named.Role)
		if err != nil {
			return err
		}
		q.setService(v)
		q.enterService()
	}
	if n := q.notifier; n != nil && n.service != nil {
		v, err := x.service(n.service.ID, n.service.Role)
		if err != nil {
			return err
		}
		n.service = v
		v.add(q, n.ID)
	}
	return nil
}

// service returns the one service with an id and a role.
func (x *restoring) service(id []byte, role transport.Role) (*service, error) {
	v := x.services[string(id)]
	if v == nil {
		v = newService(ServiceRecord{ID: bytes.Clone(id), Role: role})
		x.services[string(id)] = v
	}
	if v.Role != role {
		return nil, fmt.Errorf("%w: a service with two roles", ErrRecord)
	}
	return v, nil
}

// enterService makes a service known that has a record.
func (x *restoring) enterService(record ServiceRecord) error {
	v, err := x.service(record.ID, record.Role)
	if err != nil {
		return err
	}
	known := x.relay.services.known
	if known[v.Fingerprint] == v {
		return fmt.Errorf("%w: two services with one id", ErrRecord)
	}
	v.Fingerprint = record.Fingerprint
	known[v.Fingerprint] = v
	return nil
}

// storeConfigured stores the services of Config.Services that are not stored, so that
// no queue ever belongs to a service without record.
func (x *restoring) storeConfigured() error {
	var changes []StoredRecord
	for _, record := range x.relay.config.Services {
		if x.relay.services.known[record.Fingerprint] != nil {
			continue
		}
		if err := x.enterService(record); err != nil {
			return fmt.Errorf("%w: services: %w", ErrConfig, err)
		}
		c := change{kind: created, service: x.relay.services.known[record.Fingerprint]}
		stored, err := c.record()
		if err == nil {
			_, err = decodeService(stored.ID, stored.Value)
		}
		if err != nil {
			return fmt.Errorf("%w: services: %w", ErrConfig, err)
		}
		changes = append(changes, stored)
	}
	if len(changes) == 0 {
		return nil
	}
	return x.relay.config.Store.Commit(changes)
}

package relay

import (
	"sync"
	"time"
)

// The journal brings changes of queues to Config.Store. A relay without store has
// none.
//
// A command changes the record and the link of a queue in memory at once. Until the
// change is durable, or undone because the store failed, the queue is pending: nobody
// else looks at what changed (Relay.lock), the queue keeps the ids that it had before,
// and the writer of the connection holds back the answer (settled). What others have
// to do with, a deletion, another notifier or another service, does not happen before
// the change is durable (Relay.become).
// So nothing that the relay says can be untrue after a restart, and the changes that
// come from all connections while the store is busy are one commit.
type journal struct {
	relay *Relay
	store RecordStore
	wake  chan struct{} // holds one element while there may be something in open
	stop  chan struct{}
	ended chan struct{}

	mu      sync.Mutex
	open    *commit // takes changes; nil if there are none
	pending map[*Queue]*commit
	closed  bool
}

// commit is a number of changes that are stored together.
type commit struct {
	changes []change
	done    chan struct{} // closed when the changes are durable or undone
	err     error         // why they were undone; after done
}

// change is what happens to one queue, or to one service.
type change struct {
	queue         *Queue // nil for a service
	service       *service
	kind          changeKind
	before, after queueState
	by            *Session // who deleted or planned it, nil for expiry
}

type changeKind uint8

const (
	created changeKind = iota + 1
	updated            // the queue has changed
	planned            // it will, when the change is durable
	removed
)

const (
	// maxOpenChanges is how many changes wait for the store before those who
	// make them wait.
	maxOpenChanges = 4096
	// tidyDelay is how long after a commit the store is tidied.
	tidyDelay = 10 * time.Second
)

func newJournal(r *Relay) *journal {
	j := &journal{
		relay:   r,
		store:   r.config.Store,
		wake:    make(chan struct{}, 1),
		stop:    make(chan struct{}),
		ended:   make(chan struct{}),
		pending: make(map[*Queue]*commit),
	}
	go j.run()
	return j
}

// create enters a new queue and returns the commit that the answer has to wait for.
// The lock of q is held since before others could find it.
func (j *journal) create(q *Queue) *commit {
	return j.enter(change{queue: q, kind: created, after: q.state()})
}

// remove enters that the queue is to be deleted. Its lock is held, it is not
// pending.
func (j *journal) remove(q *Queue, by *Session) {
	j.enter(change{queue: q, kind: removed, before: q.state(), by: by})
}

// keepService stores a new service, and that it took the place of another one, nil for
// none. It returns when that is durable.
func (j *journal) keepService(v, forgotten *service) error {
	if j == nil {
		return nil
	}
	changes := []change{{service: v, kind: created}}
	if forgotten != nil {
		changes = append(changes, change{service: forgotten, kind: removed})
	}
	c := j.enter(changes...)
	<-c.done
	return c.err
}

// enter puts changes into the open commit. The locks of their queues are held.
func (j *journal) enter(changes ...change) *commit {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		gone := &commit{done: make(chan struct{}), err: ErrClosed}
		close(gone.done)
		for i := range changes {
			j.relay.settle(&changes[i], ErrClosed)
		}
		return gone
	}
	if j.open == nil {
		j.open = &commit{done: make(chan struct{})}
		j.wake <- struct{}{}
	}
	j.open.changes = append(j.open.changes, changes...)
	for i := range changes {
		if q := changes[i].queue; q != nil {
			q.pending = true
			j.pending[q] = j.open
		}
	}
	return j.open
}

// commitOf returns the commit of a pending queue. The lock of q is held.
func (j *journal) commitOf(q *Queue) *commit {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.pending[q]
}

// pace waits while more changes wait than should.
func (j *journal) pace() {
	if j == nil {
		return
	}
	j.mu.Lock()
	c := j.open
	wait := c != nil && len(c.changes) >= maxOpenChanges
	j.mu.Unlock()
	if wait {
		<-c.done
	}
}

// run stores what is entered until close.
func (j *journal) run() {
	defer close(j.ended)
	var tidy <-chan time.Time
	for {
		select {
		case <-j.wake:
			j.commit()
			if tidy == nil {
				tidy = time.After(tidyDelay)
			}
		case <-tidy:
			tidy = nil
			if err := j.store.Tidy(); err != nil {
				j.relay.log.Warn("tidying the store failed", "reason", err.Error())
			}
		case <-j.stop:
			return
		}
	}
}

// commit stores the open changes.
func (j *journal) commit() {
	j.mu.Lock()
	c := j.open
	j.open = nil
	j.mu.Unlock()
	if err := j.write(c.changes); err != nil {
		j.relay.log.Error("storing failed", "reason", err.Error())
		c.err = errStore
	}
	for i := range c.changes {
		q := c.changes[i].queue
		if q == nil {
			continue // who entered the service waits
		}
		q.mu.Lock()
		j.mu.Lock()
		delete(j.pending, q)
		j.mu.Unlock()
		q.pending = false
		j.relay.settle(&c.changes[i], c.err)
		q.mu.Unlock()
	}
	close(c.done)
}

func (j *journal) write(changes []change) error {
	records := make([]StoredRecord, len(changes))
	for i := range changes {
		var err error
		if records[i], err = changes[i].record(); err != nil {
			return err
		}
	}
	return j.store.Commit(records)
}

// record is what the store gets.
func (c *change) record() (StoredRecord, error) {
	var err error
	if c.service != nil {
		record := StoredRecord{Kind: ClientServiceRecord, ID: c.service.Fingerprint[:]}
		if c.kind != removed {
			record.Value, err = encodeService(c.service.ServiceRecord)
		}
		return record, err
	}
	record := StoredRecord{Kind: QueueRecord, ID: c.queue.recipientID}
	if c.kind != removed {
		record.Value, err = encodeQueue(c.queue, c.after)
	}
	return record, err
}

// close ends the journal when nobody enters anything any more. What comes later
// is undone.
func (j *journal) close() {
	if j == nil {
		return
	}
	j.mu.Lock()
	first := !j.closed
	j.closed = true
	last := j.open
	j.mu.Unlock()
	if last != nil {
		<-last.done
	}
	if first {
		close(j.stop)
	}
	<-j.ended
}

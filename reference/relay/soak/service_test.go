package soak_test

import (
	"bytes"
	"crypto/rand"
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// service is the model of a client service.
type service struct {
	topic       // its subscription to everything that belongs to it
	number      int
	role        transport.Role
	credentials keys.Credentials
	topics      map[*topic]struct{} // those that have belonged to it
	live        map[int64]lifetime  // of its connections that are not over
}

// lifetime says of a connection since when it has been there, and since when those that
// were there at that moment had been: what it reads, however late, is of no moment before.
type lifetime struct{ since, oldest int64 }

// enter notes a connection of the service.
func (v *service) enter(conn, now int64) {
	l := lifetime{now, now}
	for _, other := range v.live {
		l.oldest = min(l.oldest, other.since)
	}
	v.live[conn] = l
}

// forget drops the topics of queues that were deleted before everything that a
// connection may yet read about the service.
func (v *service) forget() {
	oldest := int64(never)
	for _, l := range v.live {
		oldest = min(oldest, l.oldest)
	}
	for t := range v.topics {
		if d := t.queue.del; d != nil && d.before(oldest) {
			delete(v.topics, t)
		}
	}
}

// servicesOfRole is how many services there are for messages, and for notifications.
const servicesOfRole = 4

func (m *model) addServices() error {
	for i := range 2 * servicesOfRole {
		v := &service{topic: newTopic("everything of service"), number: i, role: transport.RoleMessaging, topics: map[*topic]struct{}{}, live: map[int64]lifetime{}}
		if i%2 == 1 {
			v.role = transport.RoleNotifier
		}
		var err error
		if v.credentials, err = keys.NewCredentials(rand.Reader, keys.Ed25519, 2); err != nil {
			return err
		}
		m.services = append(m.services, v)
	}
	return nil
}

// serviceUse is what a connection of a service has with it.
type serviceUse struct {
	claiming int   // SUB, NSUB, SUBS, NSUBS and NEW that are not answered
	claimed  int64 // when the first of those that made the connection the subscriber was written; 0 if it is not
	answered int64 // when the answer to the last one was read
	round    int   // of the first SUBS or NSUBS since the connection is the subscriber

	complete, collecting bool           // SUBS or NSUBS is answered; ALLS is to come
	asked                int64          // when this SUBS was written
	waiting              map[*queue]int // how many messages queues had taken before it
}

// pickService is the service that the worker's next connection is for, nil for none.
func (w *worker) pickService() *service {
	if w.number%10 != 9 || w.rng.IntN(8) == 0 {
		return nil
	}
	return w.m.services[w.rng.IntN(len(w.m.services))]
}

// introduce notes which id the relay has given to the service.
func (w *worker) introduce() error {
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	id := w.conn.Service().ID
	if w.service.id == nil {
		w.service.id = bytes.Clone(id)
	}
	if !bytes.Equal(w.service.id, id) {
		w.m.fail("service %d has another id", w.service.number)
	}
	w.service.enter(w.id, w.m.tick())
	return nil
}

func (w *worker) serviceCredentials() smp.ServiceCredentials {
	s := w.conn.Service()
	return smp.ServiceCredentials{CertFingerprint: s.Fingerprint, Key: s.PrivateKey}
}

// serviceID is the id of the service that the connection is, nil for none.
func (w *worker) serviceID() []byte {
	if w.service == nil {
		return nil
	}
	return w.service.id
}

// claim enters a command that makes the connection the subscriber of a topic, nil for
// none, and of everything that belongs to the service that it is.
func (w *worker) claim(t *topic, s *span) {
	if t != nil {
		t.claim(w.id, w.service, s)
	}
	if w.service != nil {
		w.service.claims = append(w.service.claims, claim{s, w.id})
		w.claiming++
	}
}

// claimedBy notes that such a command is answered.
func (w *worker) claimedBy(o *op, done bool) {
	o.changes.end(o.answered, done)
	if w.service == nil {
		return
	}
	w.claiming--
	if !done {
		return
	}
	if w.claimed == 0 {
		w.claimed = o.asked
	}
	w.serviceUse.answered = o.answered
}

// subscribeAll asks for everything that belongs to the service.
func (w *worker) subscribeAll(*queue) error {
	set := smp.ServiceQueues{Count: w.rng.Int64N(100)} // the relay's own count is what counts
	o := &op{command: smp.Command(smp.SUBS{ServiceQueues: set}), before: map[*queue]int{}}
	if w.service.role == transport.RoleNotifier {
		o.command = smp.NSUBS{ServiceQueues: set}
	}
	w.m.mu.Lock()
	o.asked = w.m.tick()
	o.changes = &span{asked: o.asked}
	w.claim(nil, o.changes)
	for t := range w.service.topics {
		if t.notifier == nil {
			o.before[t.queue] = t.queue.accepted
		}
	}
	w.m.mu.Unlock()
	return w.ask(o, keys.PrivateKey{}, w.service.id)
}

// allAnswer takes the answer to SUBS or NSUBS.
func (w *worker) allAnswer(o *op, r smp.Response) {
	set, ok := r.(smp.SOKS)
	w.require(o, r, ok)
	w.claimedBy(o, ok)
	if err := w.m.predict(w.service, o.asked, o.answered, set.ServiceQueues, w.conn.Version()); err != nil {
		w.m.fail("%s of service %d: %v", o.command.Tag(), w.service.number, err)
	}
	if w.complete {
		return
	}
	w.complete, w.round, w.waiting = true, len(w.rounds), o.before
	w.serviceUse.asked = o.asked
	w.collecting = w.service.role == transport.RoleMessaging
}

// alls takes ALLS: the connection has something of every queue in which messages wait.
func (w *worker) alls() {
	if !w.collecting {
		w.m.fail("ALLS that service %d did not wait for", w.service.number)
	}
	w.collecting = false
	for q, accepted := range w.waiting {
		u := w.uses[string(q.rcvID)]
		belongs := q.owner.must(w.service, w.serviceUse.asked, w.m.tick())
		if belongs && accepted > q.acked && (u == nil || !u.came) {
			w.m.fail("ALLS before the message of queue %d", q.number)
		}
	}
	w.waiting = nil
}

// ends takes ENDS: another connection of the service has everything now.
func (w *worker) ends(e smp.ENDS) {
	v := w.service
	if v == nil {
		w.m.fail("ENDS on an ordinary connection")
		return
	}
	now := w.m.tick()
	from := v.undisturbed(w.id, w.claimed, never)
	if from == never {
		w.m.fail("ENDS of service %d, which nobody else subscribed for", v.number)
		return
	}
	if err := w.m.predict(v, from, now, e.ServiceQueues, w.conn.Version()); err != nil {
		w.m.fail("ENDS of service %d: %v", v.number, err)
	}
	w.attendedAll(never)
	for _, u := range w.uses {
		u.attended(w.session, never)
		u.subscribed = false
	}
	w.claimed, w.complete, w.collecting, w.waiting = 0, false, false, nil
}

// attendedAll notes that the connection has read everything that belongs to the service
// and came up to an end.
func (w *worker) attendedAll(end int64) {
	if from, ok := w.over(w.round); w.complete && ok {
		end = w.service.undisturbed(w.id, w.claimed, end)
		w.service.periods = append(w.service.periods, period{from, end, w.uses})
	}
}

// checkTakeover checks that ENDS has come if another connection has taken over.
func (w *worker) checkTakeover() {
	if w.service != nil && w.claimed != 0 && w.service.displaced(w.id, w.serviceUse.answered, w.fresh) {
		w.m.fail("no ENDS came for service %d, which another connection took over", w.service.number)
	}
}

// leaveService ends what the connection has with the service.
func (w *worker) leaveService(now int64) {
	if w.service != nil {
		w.attendedAll(w.fresh)
		w.service.left = now
		delete(w.service.live, w.id)
	}
}

// mayBeReplaced reports whether another connection of the service may have ended what
// this one has, by a command that was written after a moment.
func (w *worker) mayBeReplaced(since int64) bool {
	return w.service != nil && w.service.mayDisplace(w.id, since)
}

// associated is the use of a topic that the connection has not asked for but that may
// belong to the service that it is; nil if that is not so.
func (w *worker) associated(id string) *use {
	t := w.m.topics[id]
	if w.service == nil || t == nil || w.claiming == 0 && w.claimed == 0 {
		return nil
	}
	if !t.owner.may(w.service, w.fresh, w.m.tick()) {
		return nil
	}
	if w.uses[id] == nil {
		w.uses[id] = &use{topic: t}
	}
	return w.uses[id]
}

// predict checks the count and the hash of what belongs to a service at some moment
// from one to another. From version 19 on the hash says exactly what that is.
func (m *model) predict(v *service, from, to int64, got smp.ServiceQueues, version uint16) error {
	v.forget()
	rest := got.IDsHash
	var certain, possible [][]byte
	for t := range v.topics {
		may, must := t.owner.compare(v, from, to)
		switch {
		case must:
			certain = append(certain, t.id)
			rest.Toggle(t.id)
		case may:
			possible = append(possible, t.id)
		}
	}
	least := int64(len(certain))
	if got.Count < least || got.Count > least+int64(len(possible)) {
		return fmt.Errorf("it has %d, not from %d to %d", got.Count, least, least+int64(len(possible)))
	}
	if version < smp.VersionServiceCounts || len(possible) > independentIDs {
		return nil
	}
	others, ok := subset(possible, rest)
	if !ok {
		return fmt.Errorf("the hash of %d is not that of %d and some of %d others", got.Count, least, len(possible))
	}
	if got.Count != least+int64(others) {
		return fmt.Errorf("it has %d, but the hash of %d and %d others", got.Count, least, others)
	}
	return nil
}

// independentIDs is how many hashes of 128 bits are as good as linearly independent. Of
// 128 and more, any hash is that of some of them, so that it says nothing.
const independentIDs = 96

// subset finds the ids in a list whose hash is the given one, and returns how many they
// are. It solves linear equations over bits, so that the ids have to be no more than
// independentIDs.
func subset(ids [][]byte, hash smp.IDsHash) (n int, ok bool) {
	type row struct {
		hash smp.IDsHash
		of   map[int]bool
	}
	var rows []row
	reduce := func(r row) row {
		for _, other := range rows {
			if at := leading(other.hash); r.hash[at/8]>>(7-at%8)&1 == 1 {
				for i := range r.hash {
					r.hash[i] ^= other.hash[i]
				}
				for i, in := range other.of {
					r.of[i] = r.of[i] != in
				}
			}
		}
		return r
	}
	for i, id := range ids {
		if r := reduce(row{smp.HashIDs(id), map[int]bool{i: true}}); r.hash != (smp.IDsHash{}) {
			rows = append(rows, r)
		}
	}
	found := reduce(row{hash, map[int]bool{}})
	for _, in := range found.of {
		if in {
			n++
		}
	}
	return n, found.hash == smp.IDsHash{}
}

// leading is the index of the first bit that is set.
func leading(h smp.IDsHash) int {
	at := 0
	for h[at/8]>>(7-at%8)&1 == 0 {
		at++
	}
	return at
}

package agent

import (
	"errors"
	"fmt"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/agent/store"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
)

// confirmation takes the peer's confirmation: the first message of a receive queue.
func (ch *change) confirmation(q *store.ReceiveQueue, o opened, c message.AgentConfirmation) error {
	if ch.c.Address {
		return prohibited("a confirmation at a contact address")
	}
	if q.Replaces != 0 {
		return prohibited("a confirmation in a queue that replaces another")
	}
	if o.senderKey.IsZero() && !secures(q.Queue.Mode) {
		return prohibited("a confirmation without the sender's key in a queue that its sender cannot secure")
	}
	if o.Version < agentVersions.Min || o.Version > agentVersions.Max && o.Version > ch.c.Version {
		return refuse(fmt.Errorf("%w: agent version %d, supported are %s", ErrVersion, o.Version, agentVersions))
	}
	if ch.c.Initiator {
		return ch.joined(q, o, c)
	}
	return ch.accepted(q, o, c)
}

// agreeQueue notes what the confirmation says about its queue.
func agreeQueue(q *store.ReceiveQueue, o opened) {
	q.Peer = store.PublicKey{PublicKey: o.dhKey}
	q.ClientVersion = min(q.ClientVersion, o.version)
	q.Status = store.QueueConfirmed
}

// joined takes the confirmation of the side that joined with our invitation: it starts
// the ratchet and waits for Allow.
func (ch *change) joined(q *store.ReceiveQueue, o opened, c message.AgentConfirmation) error {
	if c.Parameters == nil || ch.c.Private == nil {
		return prohibited("a confirmation without ratchet keys")
	}
	if !ratchet.Versions().Contains(c.Parameters.Version) {
		return refuse(fmt.Errorf("%w: %d", ratchet.ErrVersion, c.Parameters.Version))
	}
	pq := ch.c.PQ && supportsPQ(o.Version, c.Parameters.Version)
	start, err := ratchet.InitReceiver(*ch.c.Private, *c.Parameters, ratchet.MaxVersion, pq)
	if err != nil {
		return refuse(err)
	}
	encoded, state, err := start.Decrypt(ch.a.newKeys(), c.Encrypted)
	if err != nil {
		return refuse(err)
	}
	m, err := message.DecodeMessage(encoded)
	if err != nil {
		return refuse(err)
	}
	reply, ok := m.(message.AgentConnInfoReply)
	if !ok {
		return prohibited("a first confirmation without a queue for replies")
	}
	ch.setRatchet(state)
	agreeQueue(q, o)
	q.SenderKey = store.PublicKey{PublicKey: o.senderKey}
	ch.c.Private = nil
	if err := ch.asked(); err != nil { // the answer shows that the request has arrived
		return err
	}
	ch.c.Version, ch.c.PQ = min(o.Version, agentVersions.Max), pq
	ch.c.Received.Advance(1, encoded)
	ch.c.Reply = nil
	for _, r := range reply.Queues {
		ch.c.Reply = append(ch.c.Reply, store.QueueInfo{QueueInfo: r})
	}
	return ch.emit(Confirmation{Info: reply.Info, PQ: pq})
}

// accepted takes the confirmation of the side whose invitation we joined with.
func (ch *change) accepted(q *store.ReceiveQueue, o opened, c message.AgentConfirmation) error {
	if c.Parameters != nil || len(ch.c.Send) == 0 {
		return prohibited("a confirmation with ratchet keys in a queue for replies")
	}
	state, err := ch.ratchet()
	if err != nil {
		return err
	}
	encoded, state, err := state.Decrypt(ch.a.newKeys(), c.Encrypted)
	if err != nil {
		return refuse(err)
	}
	m, err := message.DecodeMessage(encoded)
	if err != nil {
		return refuse(err)
	}
	info, ok := m.(message.AgentConnInfo)
	if !ok {
		return prohibited("a second confirmation without connection information")
	}
	ch.setRatchet(state)
	agreeQueue(q, o)
	ch.c.Received.Advance(1, encoded)
	if err := ch.emit(PeerInfo{Info: info.Info}); err != nil {
		return err
	}
	if !o.senderKey.IsZero() {
		q.SenderKey = store.PublicKey{PublicKey: o.senderKey} // HELLO follows when the relay has it
		return nil
	}
	q.Status = store.QueueActive
	ch.c.Send[0].Status = store.QueueActive
	return ch.connected()
}

// connected tells the application that messages can be sent.
func (ch *change) connected() error {
	if ch.c.Ready {
		return nil
	}
	ch.c.Ready = true
	state, err := ch.ratchet()
	if err != nil {
		return err
	}
	return ch.emit(Connected{PQ: state.SendKEM && state.ReceiveKEM})
}

// confirmationSent goes on when the peer's relay has our confirmation.
func (ch *change) confirmationSent(q *store.SendQueue) error {
	ch.c.Joining = false
	if ch.c.Invitation != nil {
		if err := ch.tx.DeleteAttempt(ch.c.Invitation); err != nil {
			return err
		}
		ch.c.Invitation = nil
	}
	if ch.c.Request != 0 {
		if err := ch.tx.DeleteRequest(ch.c.Request); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		ch.c.Request = 0
	}
	if q.Status != store.QueueActive {
		q.Status = store.QueueConfirmed
	}
	if ch.c.Initiator && q.SenderSecures {
		q.Status = store.QueueActive
		return ch.connected()
	}
	return nil
}

// hello takes HELLO of the standard procedure: the initiating side answers it, the
// other one is connected by the answer.
func (ch *change) hello(q *store.ReceiveQueue, in incoming) error {
	if ch.c.Ready || len(ch.c.Send) == 0 {
		return prohibited("HELLO in a connection that is made, or not begun")
	}
	if !q.SenderKey.IsZero() {
		return prohibited("HELLO in a queue that is not secured yet")
	}
	if !ch.c.Initiator {
		// Our HELLO is in the other side's hands, whether or not its relay has told us so.
		return ch.connected()
	}
	_, err := ch.send(message.HELLO{}, sending{kind: kindHello})
	return err
}

// helloSent goes on when the peer's relay has our HELLO.
func (ch *change) helloSent(q *store.SendQueue) error {
	q.Status = store.QueueActive
	if ch.c.Initiator {
		return ch.connected()
	}
	return nil
}

// messageArrived notes that a message came through a queue.
func (ch *change) messageArrived(q *store.ReceiveQueue) error {
	q.Status = store.QueueActive
	if q.Replaces == 0 {
		return nil
	}
	old := ch.c.ReceiveQueue(q.Replaces)
	if old == nil || old.Switch == store.SwitchReceived {
		return nil
	}
	old.Switch, old.Deleted = store.SwitchReceived, true
	return nil
}

// maxRequests is how many requests may wait at a contact address. Further ones are
// dropped: a stranger with the link must not fill the disk.
const maxRequests = 1000

// request takes a request for a connection through a contact address.
func (ch *change) request(i message.AgentInvitation) error {
	text := i.Request.Text()
	repeated, err := ch.tx.MarkReceived(ch.c.ID, message.Hash([]byte(text)), ch.now)
	if err != nil || repeated {
		return err
	}
	n, err := ch.tx.CountRequests(ch.c.ID)
	if err != nil {
		return err
	}
	if n >= maxRequests {
		return refuse(fmt.Errorf("%d requests are waiting, this one was dropped", n))
	}
	id, err := ch.tx.InsertRequest(store.Request{Connection: ch.c.ID, Invitation: text, Info: i.Info})
	if err != nil {
		return err
	}
	return ch.emit(Request{RequestID: id, Info: i.Info})
}

// supportsPQ reports whether versions of the agent and of the ratchet allow
// post-quantum keys.
func supportsPQ(agentVersion, ratchetVersion uint16) bool {
	return agentVersion >= message.VersionPQ && ratchetVersion >= ratchet.PQVersion
}

// compatible are the versions that a link and we have in common.
type compatible struct {
	queue link.QueueInfo
	agent uint16
	// parameters are of the ratchet; nil for contact addresses.
	parameters *ratchet.Parameters
}

// agree finds the versions for a link, or returns ErrVersion.
func agree(c link.Connection) (v compatible, err error) {
	agents, ok := c.AgentVersions.Common(agentVersions)
	if !ok {
		return v, fmt.Errorf("%w: agent versions %s, supported are %s", ErrVersion, c.AgentVersions, agentVersions)
	}
	v.agent = agents.Max
	if v.queue, err = agreeQueueVersion(c.Queues[0]); err != nil {
		return v, err
	}
	if c.Ratchet == nil {
		return v, nil
	}
	p, err := c.Ratchet.Agree(ratchet.Versions())
	if errors.Is(err, ratchet.ErrVersion) {
		return v, fmt.Errorf("%w: end-to-end versions %s, supported are %s", ErrVersion, c.Ratchet.Versions, ratchet.Versions())
	}
	v.parameters = &p
	return v, err
}

// agreeQueueVersion returns the address of a queue at the highest common version.
func agreeQueueVersion(u link.QueueURI) (link.QueueInfo, error) {
	common, ok := u.ClientVersions.Common(clientVersions)
	if !ok {
		return link.QueueInfo{}, fmt.Errorf("%w: SMP client versions %s, supported are %s", ErrVersion, u.ClientVersions, clientVersions)
	}
	return u.At(common.Max), nil
}

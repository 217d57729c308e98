package agent

import (
	"context"
	"fmt"
	"slices"
	"time"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/agent/store"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
)

// secures reports whether a sender may secure a queue of a mode.
func secures(mode smp.QueueMode) bool { return mode == smp.Messaging }

// newReceiveQueue creates a queue on a relay. It is not part of a connection yet.
func (a *Agent) newReceiveQueue(ctx context.Context, server link.Server, mode smp.QueueMode, clientVersion uint16) (*store.ReceiveQueue, error) {
	dh, err := keys.Generate(keys.X25519, a.cfg.Rand)
	if err != nil {
		return nil, err
	}
	created, err := a.net.CreateQueue(ctx, server, client.QueueOptions{Mode: mode})
	if err != nil {
		return nil, err
	}
	return &store.ReceiveQueue{
		Server: store.Server{Server: server}, Queue: store.Queue{Queue: created},
		DHKey: store.PrivateKey{PrivateKey: dh}, ClientVersion: clientVersion, Status: store.QueueNew,
	}, nil
}

// dropTimeout is how long dropQueue waits for the relay.
const dropTimeout = 5 * time.Second

// dropQueue deletes a queue that has not become part of a connection. If the relay
// cannot be reached the queue stays there without anyone who knows of it.
func (a *Agent) dropQueue(q *store.ReceiveQueue) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(a.ctx), dropTimeout)
	defer cancel()
	if err := a.net.Delete(ctx, q.Server.Server, q.Queue.Queue); err != nil {
		a.net.Unwatch(q.Server.Server, q.Queue.RecipientID)
		a.cfg.Logger.Warn("an unused queue was left behind", "error", err)
	}
}

// address is what the peer needs to know of a receive queue.
func address(q *store.ReceiveQueue) link.QueueAddress {
	server := q.Server.Server
	server.Password = ""
	return link.QueueAddress{Server: server, SenderID: q.Queue.SenderID, DHKey: q.DHKey.Public(), Mode: q.Queue.Mode}
}

// newSendQueue makes the keys for a queue of the peer. A zero key is made new.
func (a *Agent) newSendQueue(info link.QueueInfo, key keys.PrivateKey) (q *store.SendQueue, err error) {
	if key.IsZero() {
		// Ed25519, as the official agent has it for all its queues.
		if key, err = keys.Generate(keys.Ed25519, a.cfg.Rand); err != nil {
			return nil, err
		}
	}
	dh, err := keys.Generate(keys.X25519, a.cfg.Rand)
	if err != nil {
		return nil, err
	}
	return &store.SendQueue{
		Address: store.QueueInfo{QueueInfo: info}, Key: store.PrivateKey{PrivateKey: key},
		DHKey: store.PrivateKey{PrivateKey: dh}, Status: store.QueueNew, SenderSecures: secures(info.Mode),
	}, nil
}

// Switch moves the queue on which a connection receives to another relay, or to the
// next of those configured if server is nil. The relay is asked for a queue before
// Switch returns; the rest follows as Switching events. The errors are ErrState,
// ErrServers and those of the relay.
func (a *Agent) Switch(ctx context.Context, id ConnID, server *link.Server) error {
	c, err := a.look(ctx, id)
	if err != nil {
		return err
	}
	if err := canSwitch(c); err != nil {
		return err
	}
	var used []link.Server
	for _, q := range c.Receive {
		used = append(used, q.Server.Server)
	}
	to, err := a.server(server, used...)
	if err != nil {
		return err
	}
	q, err := a.newReceiveQueue(ctx, to, smp.Messaging, clientVersions.Max)
	if err != nil {
		return err
	}
	err = a.change(ctx, id, func(ch *change) error {
		if err := canSwitch(ch.c); err != nil {
			return err
		}
		return ch.proposeQueue(q)
	})
	if err != nil {
		a.dropQueue(q)
	}
	return err
}

// canSwitch returns ErrState if a connection cannot be moved now.
func canSwitch(c *store.Connection) error {
	switch {
	case c.Address || !c.Ready || c.Deleted:
		return fmt.Errorf("%w: it is not connected", ErrState)
	case sendingProhibited(SyncState(c.Sync)):
		return fmt.Errorf("%w: encryption has to be agreed first", ErrState)
	}
	for _, q := range c.Receive {
		if q.Replaces != 0 {
			return fmt.Errorf("%w: it is being moved already", ErrState)
		}
	}
	return nil
}

// proposeQueue begins to replace the first receive queue.
func (ch *change) proposeQueue(q *store.ReceiveQueue) error {
	old := ch.c.Receive[0]
	q.Number, q.Replaces = ch.c.NextQueue(), old.Number
	ch.c.Receive = append(ch.c.Receive, q)
	old.Switch = store.SentQADD
	replaced := addressOf(old)
	add := message.QADD{Queues: []message.AddedQueue{{
		Queue:    link.QueueURI{ClientVersions: clientVersions, QueueAddress: address(q)},
		Replaced: &replaced,
	}}}
	if _, err := ch.send(add, sending{kind: kindAdd, silent: true}); err != nil {
		return err
	}
	return ch.emit(Switching{Receiving: true, Phase: SwitchStarted})
}

// AbortSwitch gives up moving a connection, which is possible until the peer has
// answered; later it is ErrState.
func (a *Agent) AbortSwitch(ctx context.Context, id ConnID) error {
	return a.change(ctx, id, func(ch *change) error {
		for _, old := range ch.c.Receive {
			if old.Switch != store.SentQADD {
				continue
			}
			for _, q := range ch.c.Receive {
				if q.Replaces == old.Number {
					q.Replaces, q.Deleted = 0, true
				}
			}
			old.Switch = ""
			return nil
		}
		return fmt.Errorf("%w: it is not being moved, or the other side has answered", ErrState)
	})
}

// addQueue takes QADD: the peer wants to receive in another queue.
func (ch *change) addQueue(m message.QADD) error {
	added := m.Queues[0]
	switch {
	case sendingProhibited(ch.syncState()):
		return prohibited("QADD while encryption is being agreed")
	case added.Replaced == nil:
		return prohibited("QADD that replaces no queue, which is not supported")
	}
	info, err := agreeQueueVersion(added.Queue)
	if err != nil {
		return refuse(err)
	}
	old := sendQueue(ch.c, *added.Replaced)
	if old == nil {
		return prohibited("QADD that replaces an unknown queue")
	}
	if sendQueue(ch.c, message.QueueAddress{Server: info.Server, SenderID: info.SenderID}) != nil {
		return prohibited("QADD with a queue that is in use")
	}
	// A second proposal for the same queue replaces the first.
	for _, q := range slices.Clone(ch.c.Send) {
		if q.Replaces == old.Number {
			if err := ch.abandonQueue(q); err != nil {
				return err
			}
		}
	}
	q, err := ch.a.newSendQueue(info, keys.PrivateKey{})
	if err != nil {
		return err
	}
	q.Number, q.Replaces = ch.c.NextQueue(), old.Number
	ch.c.Send = append(ch.c.Send, q)
	if err := ch.emit(Switching{Phase: SwitchStarted}); err != nil {
		return err
	}
	if ch.a.cfg.FastRotation && q.SenderSecures {
		q.Introduce = true
		return ch.testQueue(q, old, message.PaddedConnInfo(ch.c.Version, ch.c.PQ))
	}
	q.SenderSecures = false // the recipient secures it, with the key in QKEY
	old.Switch = store.SentQKEY
	info.DHKey = q.DHKey.Public()
	key := message.QKEY{Queues: []message.QueueKey{{Queue: info, SenderKey: q.Key.Public()}}}
	_, err = ch.send(key, sending{kind: kindKey, silent: true})
	return err
}

// keyQueue takes QKEY: the peer's keys for the queue that was proposed.
func (ch *change) keyQueue(m message.QKEY) error {
	k := m.Queues[0]
	if sendingProhibited(ch.syncState()) {
		return prohibited("QKEY while encryption is being agreed")
	}
	if !clientVersions.Contains(k.Queue.Version) {
		return refuse(fmt.Errorf("%w: SMP client version %d, supported are %s", ErrVersion, k.Queue.Version, clientVersions))
	}
	q := receiveQueue(ch.c, message.QueueAddress{Server: k.Queue.Server, SenderID: k.Queue.SenderID})
	if q == nil || q.Replaces == 0 || q.Deleted {
		return prohibited("QKEY for a queue that was not proposed")
	}
	old := ch.c.ReceiveQueue(q.Replaces)
	if old == nil || old.Switch != store.SentQADD || q.Status != store.QueueNew || !q.SenderKey.IsZero() {
		return prohibited("QKEY for a queue that has its keys")
	}
	q.Peer, q.SenderKey = store.PublicKey{PublicKey: k.Queue.DHKey}, store.PublicKey{PublicKey: k.SenderKey}
	q.ClientVersion = min(q.ClientVersion, k.Queue.Version)
	q.Status = store.QueueConfirmed
	return ch.emit(Switching{Receiving: true, Phase: SwitchConfirmed})
}

// useQueue tells the peer that the new queue is secured.
func (ch *change) useQueue(q *store.ReceiveQueue) error {
	old := ch.c.ReceiveQueue(q.Replaces)
	if old == nil {
		return nil
	}
	old.Switch = store.SentQUSE
	use := message.QUSE{Queues: []message.ReadyQueue{{Queue: addressOf(q), Primary: true}}}
	if _, err := ch.send(use, sending{kind: kindUse, silent: true}); err != nil {
		return err
	}
	return ch.emit(Switching{Receiving: true, Phase: SwitchSecured})
}

// switchSending takes QUSE: messages go to the new queue.
func (ch *change) switchSending(m message.QUSE) error {
	if sendingProhibited(ch.syncState()) {
		return prohibited("QUSE while encryption is being agreed")
	}
	q := sendQueue(ch.c, m.Queues[0].Queue)
	if q == nil || q.Replaces == 0 {
		return prohibited("QUSE for a queue that was not proposed")
	}
	old := ch.c.SendQueue(q.Replaces)
	if old == nil || old.Switch != store.SentQKEY {
		return prohibited("QUSE for a queue that is in use")
	}
	q.Status = store.QueueSecured
	return ch.useNewQueue(q, old)
}

// useNewQueue sends everything to a new queue from now on: first what the old one
// still has to take, so that nothing is lost with it and the order stays, then QTEST.
// The old queue goes on with what it has until the new one has taken QTEST.
func (ch *change) useNewQueue(q, old *store.SendQueue) error {
	if err := ch.tx.CopyDeliveries(ch.c.ID, old.Number, q.Number); err != nil {
		return err
	}
	return ch.testQueue(q, old, message.PaddedMessage(ch.c.Version, ch.c.PQ))
}

// testQueue sends QTEST to a new queue, and everything after it. By the fast procedure
// QTEST introduces the sender, for which it has to be shorter than other messages, and
// waits until the old queue has taken everything before it.
func (ch *change) testQueue(q, old *store.SendQueue, padded int) error {
	old.Switch = store.SentQTEST
	test := message.QTEST{Queues: []message.QueueAddress{{Server: q.Address.Server, SenderID: q.Address.SenderID}}}
	s := sending{kind: kindTest, silent: true, queues: []int{q.Number}, padded: padded}
	if _, err := ch.send(test, s); err != nil {
		return err
	}
	return ch.emit(Switching{Phase: SwitchSecured})
}

// abandonQueue gives up replacing a queue by another one: what waits for the new one
// goes to the old one.
func (ch *change) abandonQueue(q *store.SendQueue) error {
	if err := ch.tx.CopyDeliveries(ch.c.ID, q.Number, q.Replaces); err != nil {
		return err
	}
	if err := ch.tx.DropDeliveries(ch.c.ID, q.Number); err != nil {
		return err
	}
	if old := ch.c.SendQueue(q.Replaces); old != nil {
		old.Switch = ""
	}
	ch.c.Send = slices.DeleteFunc(ch.c.Send, func(o *store.SendQueue) bool { return o == q })
	return nil
}

// maxFormer is how many queues that were replaced are remembered: the peer may still say
// that one of them has room again.
const maxFormer = 8

// testSent forgets the old queue when the new one works.
func (ch *change) testSent(q *store.SendQueue) error {
	if q.Replaces == 0 {
		return nil
	}
	replaced := q.Replaces
	if err := ch.tx.DropDeliveries(ch.c.ID, replaced); err != nil {
		return err
	}
	kept := ch.c.Send[:0]
	for _, o := range ch.c.Send {
		if o.Number != replaced {
			kept = append(kept, o)
			continue
		}
		ch.c.Former = append(ch.c.Former, o.Address.SenderID)
	}
	ch.c.Send = kept
	ch.c.Former = ch.c.Former[max(0, len(ch.c.Former)-maxFormer):]
	q.Status, q.Replaces = store.QueueActive, 0
	return ch.emit(Switching{Phase: SwitchCompleted})
}

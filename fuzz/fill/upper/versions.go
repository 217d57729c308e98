package upper

import (
	"smpcheck/reference/agent/message"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// What the binary forms keep is written here from the table of client versions, not from
// the codecs, which are tested against it.

// QueueURIAt returns what comes back from the binary form of an address: the mode as far as
// the versions can tell it.
func QueueURIAt(q link.QueueURI) link.QueueURI {
	q.Mode = modeOfRange(q.ClientVersions, q.Mode)
	return q
}

// modeOfRange: before client version 3 there is no mode; at 3 it is whether the sender may
// secure the queue; from 4 on it may be there or not. If some of the versions know it only
// messaging queues tell it.
func modeOfRange(v wire.VersionRange, m smp.QueueMode) smp.QueueMode {
	switch {
	case v.Min >= link.ShortLinksClientVersion, m == smp.Messaging && v.Max >= link.SenderSecureClientVersion:
		return m
	case v.Min == link.SenderSecureClientVersion:
		return smp.Contact
	}
	return 0
}

// QueueInfoAt returns what comes back from the binary form of an address at its version: one
// host at version 1, and of the mode what the version knows.
func QueueInfoAt(q link.QueueInfo) link.QueueInfo {
	if q.Version < link.HostsClientVersion {
		q.Server.Hosts = q.Server.Hosts[:1]
	}
	if q.Version < link.SenderSecureClientVersion || q.Version == link.SenderSecureClientVersion && q.Mode != smp.Messaging {
		q.Mode = 0
	}
	return q
}

// ConnectionAt returns what comes back from the binary form of a link, in which a queue
// without mode is a contact queue.
func ConnectionAt(c link.Connection) link.Connection {
	queues := make([]link.QueueURI, len(c.Queues))
	for i, q := range c.Queues {
		if queues[i] = QueueURIAt(q); queues[i].Mode == 0 {
			queues[i].Mode = smp.Contact
		}
	}
	c.Queues = queues
	return c
}

// HeaderAt returns what comes back from a header at a version: no KEM before version 3.
func HeaderAt(version uint16, h ratchet.Header) ratchet.Header {
	if version < ratchet.PQVersion {
		h.KEM = nil
	}
	return h
}

// MessageAt returns what comes back from the encoding of a message: its addresses as their
// versions have them.
func MessageAt(m message.Message) message.Message {
	switch m := m.(type) {
	case message.AgentConnInfoReply:
		queues := make([]link.QueueInfo, len(m.Queues))
		for i, q := range m.Queues {
			queues[i] = QueueInfoAt(q)
		}
		m.Queues = queues
		return m
	case message.AgentMessage:
		m.Body = AMessageAt(m.Body)
		return m
	}
	return m
}

// AMessageAt is MessageAt for the content of a numbered message.
func AMessageAt(m message.AMessage) message.AMessage {
	switch m := m.(type) {
	case message.QADD:
		queues := make([]message.AddedQueue, len(m.Queues))
		for i, q := range m.Queues {
			queues[i] = message.AddedQueue{Queue: QueueURIAt(q.Queue), Replaced: q.Replaced}
		}
		m.Queues = queues
		return m
	case message.QKEY:
		queues := make([]message.QueueKey, len(m.Queues))
		for i, q := range m.Queues {
			queues[i] = message.QueueKey{Queue: QueueInfoAt(q.Queue), SenderKey: q.SenderKey}
		}
		m.Queues = queues
		return m
	}
	return m
}

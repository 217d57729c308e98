package protocol_test

import (
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// role says how the script plays the other side. The zero value is that of a present
// agent.
type role struct {
	// agent is the highest version of the agent protocol; 0 is 7.
	agent uint16
	// clients are the versions of the SMP client; zero is 1 to 4.
	clients wire.VersionRange
	// modeless creates queues that their sender cannot secure.
	modeless bool
	// noPQ offers no post-quantum keys.
	noPQ bool
	// kem proposes the KEM in an invitation already.
	kem bool
}

func (r role) agentVersions() wire.VersionRange {
	if r.agent == 0 {
		r.agent = message.VersionRatchetOnConf
	}
	return wire.Versions(message.VersionDuplexHandshake, r.agent)
}

func (r role) clientVersions() wire.VersionRange {
	if r.clients == (wire.VersionRange{}) {
		return wire.Versions(1, 4)
	}
	return r.clients
}

// ratchetVersions are those of the end-to-end encryption that went with an agent version.
func (r role) ratchetVersions() wire.VersionRange {
	if r.agentVersions().Max < message.VersionPQ {
		return wire.Versions(ratchet.MinVersion, ratchet.PQVersion-1)
	}
	return ratchet.Versions()
}

func (r role) mode() smp.QueueMode {
	if r.modeless {
		return 0
	}
	return smp.Messaging
}

// script is the other side of one connection, played by hand.
type script struct {
	t testing.TB
	role
	server link.Server
	in     *inbox
	out    *outbox

	// version is the agent version of envelopes, pq whether post-quantum keys are agreed.
	version        uint16
	pq             bool
	followPQ       bool // messages do not ask for post-quantum keys
	private        ratchet.PrivateParameters
	ratchet        ratchet.State
	sent, received message.Chain
}

func newScript(t testing.TB, server link.Server, r role) *script {
	return &script{t: t, role: r, server: server, version: r.agentVersions().Max}
}

func newKeys() ratchet.Keys { return ratchet.NewKeys(rand.Reader) }

// invite creates a queue and returns the link of an invitation.
func (s *script) invite() link.Connection {
	s.t.Helper()
	s.in = newInbox(s.t, s.server, s.mode())
	versions := s.ratchetVersions()
	var err error
	s.private, err = ratchet.Propose(newKeys(), versions.Max, s.kem)
	require.NoError(s.t, err)
	offer := s.private.Public(versions.Max).Offer(versions)
	return link.Connection{
		Mode: link.Invitation, AgentVersions: s.agentVersions(),
		Queues: []link.QueueURI{s.in.uri(s.clientVersions())}, Ratchet: &offer,
	}
}

// confirmed takes the confirmation of an agent that joined, which starts the ratchet,
// and returns what it holds.
func (s *script) confirmed() (parcel, message.AgentConnInfoReply) {
	s.t.Helper()
	p := s.in.take()
	c, ok := p.Content.(message.AgentConfirmation)
	require.True(s.t, ok, "%T is no confirmation", p.Content)
	require.NotNil(s.t, c.Parameters, "the side that joins sends its ratchet keys")
	s.pq = !s.noPQ && s.version >= message.VersionPQ && c.Parameters.Version >= ratchet.PQVersion
	state, err := ratchet.InitReceiver(s.private, *c.Parameters, s.ratchetVersions().Max, s.pq)
	require.NoError(s.t, err)
	encoded, state, err := state.Decrypt(newKeys(), c.Encrypted)
	require.NoError(s.t, err)
	s.ratchet = state
	s.received.Advance(1, encoded)
	m, err := message.DecodeMessage(encoded)
	require.NoError(s.t, err)
	reply, ok := m.(message.AgentConnInfoReply)
	require.True(s.t, ok, "%T in the first confirmation", m)
	require.Len(s.t, reply.Queues, 1)
	s.out = newOutbox(s.t, reply.Queues[0])
	return p, reply
}

// meet makes what the script needs to join: its keys, ratchet and queue.
func (s *script) meet(l link.Connection) {
	s.t.Helper()
	queue, ok := l.Queues[0].ClientVersions.Common(s.clientVersions())
	require.True(s.t, ok)
	s.out = newOutbox(s.t, l.Queues[0].At(queue.Max))
	parameters, err := l.Ratchet.Agree(s.ratchetVersions())
	require.NoError(s.t, err)
	s.pq = !s.noPQ && s.version >= message.VersionPQ && parameters.Version >= ratchet.PQVersion
	s.private, err = ratchet.Reply(newKeys(), parameters, s.pq)
	require.NoError(s.t, err)
	s.ratchet, err = ratchet.InitSender(newKeys(), s.private, parameters, s.ratchetVersions().Max)
	require.NoError(s.t, err)
	s.in = newInbox(s.t, s.server, s.mode())
}

// joinWith sends the first confirmation, secured by SKEY if the queue allows it.
func (s *script) joinWith(info string) {
	s.t.Helper()
	if s.out.address.Mode == smp.Messaging {
		s.out.secure()
	}
	s.out.post(s.out.seal(s.out.first(), s.confirmation(s.reply(info), true)))
}

// reply is the information about the side that joins, with the queue for replies.
func (s *script) reply(info string) message.AgentConnInfoReply {
	return message.AgentConnInfoReply{
		Queues: []link.QueueInfo{s.in.uri(s.clientVersions()).At(s.out.address.Version)}, Info: []byte(info),
	}
}

// confirmation encrypts what a confirmation holds, with ratchet keys or without.
func (s *script) confirmation(m message.Message, withKeys bool) message.Envelope {
	s.t.Helper()
	c := message.AgentConfirmation{Encrypted: s.encrypt(m, message.PaddedConnInfo(s.version, s.pq))}
	if withKeys {
		p := s.private.Public(s.ratchet.Version)
		c.Parameters = &p
	}
	return message.Envelope{Version: s.version, Content: c}
}

// encrypt is the ratchet's part of a message, the next of the chain.
func (s *script) encrypt(m message.Message, padded int) []byte {
	s.t.Helper()
	encoded, err := message.EncodeMessage(m)
	require.NoError(s.t, err)
	o := ratchet.Options{Supported: s.ratchetVersions().Max}
	if s.pq && !s.followPQ {
		o.PQ = ratchet.PQOn
	}
	sealed, next, err := s.ratchet.Encrypt(encoded, padded, o)
	require.NoError(s.t, err)
	s.ratchet = next
	s.sent.Advance(s.sent.Next().ID, encoded)
	return sealed
}

// answered takes the confirmation of an agent that the script joined.
func (s *script) answered() (parcel, message.AgentConnInfo) {
	s.t.Helper()
	p := s.in.take()
	c, ok := p.Content.(message.AgentConfirmation)
	require.True(s.t, ok, "%T is no confirmation", p.Content)
	require.Nil(s.t, c.Parameters, "the side that was joined sends no ratchet keys")
	encoded, next, err := s.ratchet.Decrypt(newKeys(), c.Encrypted)
	require.NoError(s.t, err)
	s.ratchet = next
	s.received.Advance(1, encoded)
	m, err := message.DecodeMessage(encoded)
	require.NoError(s.t, err)
	info, ok := m.(message.AgentConnInfo)
	require.True(s.t, ok, "%T in the second confirmation", m)
	return p, info
}

// answer sends the second confirmation: the script was joined.
func (s *script) answer(info string) {
	s.t.Helper()
	if s.out.address.Mode == smp.Messaging {
		s.out.secure()
	}
	s.out.post(s.out.seal(s.out.first(), s.confirmation(message.AgentConnInfo{Info: []byte(info)}, false)))
}

// letIn sends KEY for the key in a confirmation.
func (s *script) letIn(key keys.PublicKey) {
	s.t.Helper()
	require.NoError(s.t, s.in.client.Secure(s.t.Context(), s.in.queue, key))
}

// numbered is the next message of the chain around a content.
func (s *script) numbered(body message.AMessage) message.AgentMessage {
	return message.AgentMessage{Header: s.sent.Next(), Body: body}
}

// write encrypts the next message, for SEND.
func (s *script) write(body message.AMessage) []byte {
	s.t.Helper()
	return s.writeMessage(s.numbered(body))
}

// writeMessage encrypts a message whose header may be wrong.
func (s *script) writeMessage(m message.Message) []byte {
	s.t.Helper()
	e := message.AgentMsgEnvelope{Encrypted: s.encrypt(m, message.PaddedMessage(s.version, s.pq))}
	return s.out.seal(sealing{}, message.Envelope{Version: s.version, Content: e})
}

// say sends the next message and returns its number.
func (s *script) say(body message.AMessage) int64 {
	s.t.Helper()
	s.out.post(s.write(body))
	return s.sent.ID
}

// heard is a message of the agent, decrypted.
type heard struct {
	parcel
	message.AgentMessage
	integrity message.Integrity
	hash      []byte
}

// hear takes the next message from the script's queue.
func (s *script) hear() heard {
	s.t.Helper()
	return s.decrypt(s.in.take())
}

// decrypt opens a numbered message.
func (s *script) decrypt(p parcel) heard {
	s.t.Helper()
	e, ok := p.Content.(message.AgentMsgEnvelope)
	require.True(s.t, ok, "%T is no envelope of a message", p.Content)
	encoded, next, err := s.ratchet.Decrypt(newKeys(), e.Encrypted)
	require.NoError(s.t, err)
	s.ratchet = next
	m, err := message.DecodeMessage(encoded)
	require.NoError(s.t, err)
	numbered, ok := m.(message.AgentMessage)
	require.True(s.t, ok, "%T has no number", m)
	h := heard{parcel: p, AgentMessage: numbered, integrity: s.received.Check(numbered.Header), hash: message.Hash(encoded)}
	s.received.Advance(numbered.Header.ID, encoded)
	return h
}

// hears is hear for a content that has to come, with the next number and the hash of
// the message before.
func hears[T message.AMessage](s *script) (T, heard) {
	s.t.Helper()
	h := s.hear()
	body, ok := h.AgentMessage.Body.(T)
	require.True(s.t, ok, "%T came", h.AgentMessage.Body)
	require.Equal(s.t, message.OK, h.integrity.Verdict, "%s of %T", h.integrity.Verdict, body)
	return body, h
}

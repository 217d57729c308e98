package message

import (
	"smpcheck/reference/ratchet"
	"smpcheck/reference/wire"
)

// Versions of the agent protocol at which something changed. Agent protocol, "Abstract".
const (
	VersionDuplexHandshake uint16 = 2 // reply queues stand in the first confirmation
	VersionRatchetSync     uint16 = 3 // encryption can be negotiated again
	VersionReceipts        uint16 = 4 // deliveries are acknowledged to the sender
	VersionPQ              uint16 = 5 // post-quantum key agreement in the ratchet
	VersionSenderKey       uint16 = 6 // the sender's authorization key stands in confirmations
	VersionRatchetOnConf   uint16 = 7 // the ratchet starts when the confirmation arrives
)

// Supported holds the agent versions that are in use. The codecs of this package read
// envelopes of any version: their form is the same in all of them, and whether a version
// is acceptable depends on the connection.
var Supported = wire.Versions(VersionDuplexHandshake, VersionRatchetOnConf)

// PaddedConnInfo is the length in bytes to which the ratchet pads the encoded
// AgentConnInfo or AgentConnInfoReply of an AgentConfirmation, word16 length included:
// 14832, or 11106 if the connection supports post-quantum keys, which takes version 5.
// Agent protocol, "Communication between SMP agents".
func PaddedConnInfo(agentVersion uint16, pq bool) int {
	if pq && agentVersion >= VersionPQ {
		return ratchet.PQConnectionInfoLength
	}
	return ratchet.ConnectionInfoLength
}

// PaddedMessage is the length in bytes to which the ratchet pads the encoded
// AgentMessage of an AgentMsgEnvelope, word16 length included: 15840, or 13618 if the
// connection supports post-quantum keys, which takes version 5. Agent protocol,
// "Communication between SMP agents".
func PaddedMessage(agentVersion uint16, pq bool) int {
	if pq && agentVersion >= VersionPQ {
		return ratchet.PQMessageLength
	}
	return ratchet.MessageLength
}

package codec

import (
	"crypto/sha256"

	agentmsg "smpcheck/reference/agent/message"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

type agentPaddingInput struct {
	Version      uint16 `json:"agent_version"`
	PQ           bool   `json:"pq"`
	Confirmation bool   `json:"confirmation"`
	Length       int    `json:"length"`
}

type agentPaddingLengths struct {
	Padded  int `json:"padded_length"`
	Padding int `json:"padding_length"`
}

func agentPadding(in agentPaddingInput) (agentPaddingLengths, error) {
	padded := agentmsg.PaddedMessage(in.Version, in.PQ)
	if in.Confirmation {
		padded = agentmsg.PaddedConnInfo(in.Version, in.PQ)
	}
	padding := padded - 2 - in.Length
	if padding < 0 {
		return agentPaddingLengths{}, wire.ErrPadTooLong
	}
	return agentPaddingLengths{padded, padding}, nil
}

type messageToPad struct {
	Version uint16      `json:"agent_version"`
	PQ      bool        `json:"pq"`
	Encoded vectors.Hex `json:"encoded"`
}

type paddedAgentMessage struct {
	Length int         `json:"padded_length"`
	SHA256 vectors.Hex `json:"padded_sha256"`
}

func padAgentMessage(in messageToPad) (paddedAgentMessage, error) {
	m, err := agentmsg.DecodeMessage(in.Encoded)
	if err != nil {
		return paddedAgentMessage{}, err
	}
	var length int
	switch m.(type) {
	case agentmsg.AgentMessage:
		length = agentmsg.PaddedMessage(in.Version, in.PQ)
	case agentmsg.AgentConnInfo, agentmsg.AgentConnInfoReply:
		length = agentmsg.PaddedConnInfo(in.Version, in.PQ)
	default:
		return paddedAgentMessage{}, errOtherMessage
	}
	b, err := wire.Pad(nil, in.Encoded, length)
	if err != nil {
		return paddedAgentMessage{}, err
	}
	sum := sha256.Sum256(b)
	return paddedAgentMessage{len(b), sum[:]}, nil
}

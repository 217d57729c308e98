package codec

import (
	"crypto/sha256"

	agentmsg "smpcheck/reference/agent/message"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

type agentPaddingInput struct {
	Range        versions `json:"range"`
	PQ           bool     `json:"pq"`
	Confirmation bool     `json:"confirmation"`
	Length       int      `json:"length"`
}

type agentPaddingLengths struct {
	Padded  []int `json:"padded_lengths"`
	Padding []int `json:"padding_lengths"`
}

// paddedLengths are the lengths to which messages are padded at each version of a range.
func paddedLengths(within versions, pq, confirmation bool) ([]int, error) {
	known, err := within.wire()
	if err != nil {
		return nil, err
	}
	var lengths []int
	for v := int(known.Min); v <= int(known.Max); v++ {
		if confirmation {
			lengths = append(lengths, agentmsg.PaddedConnInfo(uint16(v), pq))
		} else {
			lengths = append(lengths, agentmsg.PaddedMessage(uint16(v), pq))
		}
	}
	return lengths, nil
}

func agentPadding(in agentPaddingInput) (out agentPaddingLengths, err error) {
	if out.Padded, err = paddedLengths(in.Range, in.PQ, in.Confirmation); err != nil {
		return agentPaddingLengths{}, err
	}
	for _, padded := range out.Padded {
		padding := padded - 2 - in.Length
		if padding < 0 {
			return agentPaddingLengths{}, wire.ErrPadTooLong
		}
		out.Padding = append(out.Padding, padding)
	}
	return out, nil
}

type messageToPad struct {
	Range   versions    `json:"range"`
	PQ      bool        `json:"pq"`
	Encoded vectors.Hex `json:"encoded"`
}

type paddedAgentMessage struct {
	Lengths []int         `json:"padded_lengths"`
	SHA256  []vectors.Hex `json:"padded_sha256"`
}

func padAgentMessage(in messageToPad) (out paddedAgentMessage, err error) {
	m, err := agentmsg.DecodeMessage(in.Encoded)
	if err != nil {
		return paddedAgentMessage{}, err
	}
	_, numbered := m.(agentmsg.AgentMessage)
	if _, plain := m.(agentmsg.AgentRatchetInfo); plain {
		return paddedAgentMessage{}, errOtherMessage
	}
	if out.Lengths, err = paddedLengths(in.Range, in.PQ, !numbered); err != nil {
		return paddedAgentMessage{}, err
	}
	sums := map[int]vectors.Hex{} // there are two lengths at most
	for _, length := range out.Lengths {
		if sums[length] == nil {
			b, err := wire.Pad(nil, in.Encoded, length)
			if err != nil {
				return paddedAgentMessage{}, err
			}
			sum := sha256.Sum256(b)
			sums[length] = sum[:]
		}
		out.SHA256 = append(out.SHA256, sums[length])
	}
	return out, nil
}

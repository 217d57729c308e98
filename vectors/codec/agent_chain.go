package codec

import (
	"encoding/json"

	agentmsg "smpcheck/reference/agent/message"
	"smpcheck/vectors"
)

type chainInput struct {
	LastID   string            `json:"last_id"`
	LastHash vectors.Hex       `json:"last_hash"`
	Contents []json.RawMessage `json:"contents"`
}

type chainOutput struct {
	Hashes   []vectors.Hex `json:"hashes"`
	Messages []vectors.Hex `json:"messages"`
}

func chainAgentMessages(in chainInput) (chainOutput, error) {
	p := formParser{}
	chain := agentmsg.Chain{ID: p.int64(in.LastID), Hash: in.LastHash}
	out := chainOutput{Hashes: []vectors.Hex{}, Messages: []vectors.Hex{}}
	for _, content := range in.Contents {
		m := agentmsg.AgentMessage{Header: chain.Next(), Body: nested(&p, aMessageForms, content)}
		if p.err != nil {
			return chainOutput{}, p.err
		}
		b, err := agentmsg.EncodeMessage(m)
		if err != nil {
			return chainOutput{}, err
		}
		chain.Advance(m.Header.ID, b)
		out.Hashes, out.Messages = append(out.Hashes, chain.Hash), append(out.Messages, b)
	}
	return out, p.err
}

type receivedAgentMessage struct {
	LastMessage vectors.Hex `json:"last_message"`
	Encoded     vectors.Hex `json:"encoded"`
}

type checkedAgentMessage struct {
	LastID       string      `json:"last_id"`
	LastHash     vectors.Hex `json:"last_hash"`
	ID           string      `json:"id"`
	PreviousHash vectors.Hex `json:"previous_hash"`
	Verdict      string      `json:"verdict"`
	First        string      `json:"first"`
	Last         string      `json:"last"`
	Hash         vectors.Hex `json:"hash"`
}

// connInfoNumber is the number of the connection info in its direction.
const connInfoNumber = 1

// chainAfter is the chain whose last message is the encoded one; no bytes are its start.
func chainAfter(last []byte) (chain agentmsg.Chain, err error) {
	if len(last) == 0 {
		return chain, nil
	}
	m, err := agentmsg.DecodeMessage(last)
	if err != nil {
		return chain, err
	}
	switch m := m.(type) {
	case agentmsg.AgentMessage:
		chain.Advance(m.Header.ID, last)
	case agentmsg.AgentConnInfo, agentmsg.AgentConnInfoReply:
		chain.Advance(connInfoNumber, last)
	default:
		return chain, errOtherMessage
	}
	return chain, nil
}

func checkAgentMessage(in receivedAgentMessage) (checkedAgentMessage, error) {
	chain, err := chainAfter(in.LastMessage)
	if err != nil {
		return checkedAgentMessage{}, err
	}
	m, err := agentmsg.DecodeMessage(in.Encoded)
	if err != nil {
		return checkedAgentMessage{}, err
	}
	numbered, ok := m.(agentmsg.AgentMessage)
	if !ok {
		return checkedAgentMessage{}, errOtherMessage
	}
	found := chain.Check(numbered.Header)
	return checkedAgentMessage{
		int64Text(chain.ID), chain.Hash, int64Text(numbered.Header.ID), numbered.Header.PreviousHash,
		found.Verdict.String(), int64Text(found.From), int64Text(found.To), agentmsg.Hash(in.Encoded),
	}, nil
}

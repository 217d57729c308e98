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
	LastID   string      `json:"last_id"`
	LastHash vectors.Hex `json:"last_hash"`
	Encoded  vectors.Hex `json:"encoded"`
}

type checkedAgentMessage struct {
	ID           string      `json:"id"`
	PreviousHash vectors.Hex `json:"previous_hash"`
	Verdict      string      `json:"verdict"`
	First        string      `json:"first"`
	Last         string      `json:"last"`
	Hash         vectors.Hex `json:"hash"`
}

func checkAgentMessage(in receivedAgentMessage) (checkedAgentMessage, error) {
	p := formParser{}
	chain := agentmsg.Chain{ID: p.int64(in.LastID), Hash: in.LastHash}
	if p.err != nil {
		return checkedAgentMessage{}, p.err
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
		int64Text(numbered.Header.ID), numbered.Header.PreviousHash,
		found.Verdict.String(), int64Text(found.From), int64Text(found.To), agentmsg.Hash(in.Encoded),
	}, nil
}

package codec

import (
	"crypto/sha256"
	"encoding/json"

	agentmsg "smpcheck/reference/agent/message"
	"smpcheck/reference/link"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

type messageToEncode struct {
	Message json.RawMessage `json:"message"`
}

type decodedAgentMessage struct {
	Message any `json:"message"`
}

func encodeAgentMessage(in messageToEncode) (encoded, error) {
	m, err := parsed(messageForms, in.Message)
	if err != nil {
		return encoded{}, err
	}
	b, err := agentmsg.EncodeMessage(m)
	return encoded{b}, err
}

func decodeAgentMessage(in encoded) (decodedAgentMessage, error) {
	m, err := agentmsg.DecodeMessage(in.Encoded)
	if err != nil {
		return decodedAgentMessage{}, err
	}
	return decodedAgentMessage{shown(messageForms, messageNames[m.Tag()], m)}, nil
}

func recodeAgentMessage(in encoded) (recodedForm, error) {
	m, err := agentmsg.DecodeMessage(in.Encoded)
	if err != nil {
		return recodedForm{}, err
	}
	b, err := agentmsg.EncodeMessage(m)
	return recodedForm{b}, err
}

const (
	connInfoType    = "AgentConnInfo"
	replyType       = "AgentConnInfoReply"
	ratchetInfoType = "AgentRatchetInfo"
	numberedType    = "AgentMessage"
)

// messageNames are the names of agent messages by their tags.
var messageNames = map[string]string{
	agentmsg.AgentConnInfo{}.Tag(): connInfoType, agentmsg.AgentConnInfoReply{}.Tag(): replyType,
	agentmsg.AgentRatchetInfo{}.Tag(): ratchetInfoType, agentmsg.AgentMessage{}.Tag(): numberedType,
}

var messageForms = map[string]jsonForm[agentmsg.Message]{
	connInfoType:    jsonFormOf[agentmsg.Message](parseConnInfo, showConnInfo),
	replyType:       jsonFormOf[agentmsg.Message](parseReply, showReply),
	ratchetInfoType: jsonFormOf[agentmsg.Message](parseRatchetInfo, showRatchetInfo),
	numberedType:    jsonFormOf[agentmsg.Message](parseNumbered, showNumbered),
}

type agentInfoForm struct {
	formType
	Info vectors.Hex `json:"info"`
}

func parseConnInfo(_ *formParser, f agentInfoForm) agentmsg.AgentConnInfo {
	return agentmsg.AgentConnInfo{Info: f.Info}
}

func showConnInfo(_ uint16, m agentmsg.AgentConnInfo) agentInfoForm {
	return agentInfoForm{formType{connInfoType}, m.Info}
}

func parseRatchetInfo(_ *formParser, f agentInfoForm) agentmsg.AgentRatchetInfo {
	return agentmsg.AgentRatchetInfo{Info: f.Info}
}

func showRatchetInfo(_ uint16, m agentmsg.AgentRatchetInfo) agentInfoForm {
	return agentInfoForm{formType{ratchetInfoType}, m.Info}
}

type replyForm struct {
	formType
	Queues []vectors.Hex `json:"queues"`
	Info   vectors.Hex   `json:"info"`
}

func (p *formParser) agentQueue(b []byte) link.QueueInfo {
	q, err := link.Decode(b, link.ReadQueueInfo)
	if err != nil {
		p.fail(err)
	}
	return q
}

// queueInfoBytes returns the binary form of queue information that was decoded.
func queueInfoBytes(q link.QueueInfo) vectors.Hex {
	b, _ := link.Encode(q) // cannot fail: each part was read
	return b
}

func parseReply(p *formParser, f replyForm) agentmsg.AgentConnInfoReply {
	m := agentmsg.AgentConnInfoReply{Info: f.Info}
	for _, b := range f.Queues {
		m.Queues = append(m.Queues, p.agentQueue(b))
	}
	return m
}

func showReply(_ uint16, m agentmsg.AgentConnInfoReply) replyForm {
	f := replyForm{formType: formType{replyType}, Info: m.Info}
	for _, q := range m.Queues {
		f.Queues = append(f.Queues, queueInfoBytes(q))
	}
	return f
}

type numberedForm struct {
	formType
	ID           string          `json:"id"`
	PreviousHash vectors.Hex     `json:"previous_hash"`
	Content      json.RawMessage `json:"content"`
}

func parseNumbered(p *formParser, f numberedForm) agentmsg.AgentMessage {
	return agentmsg.AgentMessage{
		Header: agentmsg.Header{ID: p.int64(f.ID), PreviousHash: f.PreviousHash},
		Body:   nested(p, aMessageForms, f.Content),
	}
}

func showNumbered(_ uint16, m agentmsg.AgentMessage) numberedForm {
	content, _ := json.Marshal(showAMessage(m.Body)) // cannot fail: texts, booleans and lists of them
	return numberedForm{formType{numberedType}, int64Text(m.Header.ID), m.Header.PreviousHash, content}
}

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

package codec

import (
	"encoding/json"

	agentmsg "smpcheck/reference/agent/message"
	"smpcheck/reference/link"
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

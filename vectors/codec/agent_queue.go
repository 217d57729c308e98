package codec

import (
	agentmsg "smpcheck/reference/agent/message"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

type replyInput struct {
	QueueInfo vectors.Hex `json:"queue_info"`
	QueueMode *string     `json:"queue_mode"`
	ConnInfo  vectors.Hex `json:"conn_info"`
}

type encodedReply struct {
	ClientVersion    uint16      `json:"client_version"`
	BareQueueInfo    vectors.Hex `json:"bare_queue_info"`
	WrittenQueueInfo vectors.Hex `json:"written_queue_info"`
	Encoded          vectors.Hex `json:"encoded"`
}

type decodedReply struct {
	BareQueueInfo vectors.Hex `json:"bare_queue_info"`
	QueueMode     *string     `json:"queue_mode"`
	ConnInfo      vectors.Hex `json:"conn_info"`
}

// letterOf is the mode of a queue as the vectors write it: a letter, or null for none.
func letterOf(mode smp.QueueMode) *string {
	if mode == 0 {
		return nil
	}
	letter := string(rune(mode))
	return &letter
}

func (p *formParser) letter(letter *string) smp.QueueMode {
	if letter == nil {
		return 0
	}
	mode, ok := queueModes[*letter]
	if !ok {
		p.fail(badRequest("%q is no mode of a queue", *letter))
	}
	return mode
}

// bareQueueInfo is the binary form of a queue without its mode.
func bareQueueInfo(q link.QueueInfo) vectors.Hex {
	q.Mode = 0
	return queueInfoBytes(q)
}

func encodeReply(in replyInput) (encodedReply, error) {
	p := formParser{}
	queue := p.agentQueue(in.QueueInfo)
	queue.Mode = p.letter(in.QueueMode)
	if p.err != nil {
		return encodedReply{}, p.err
	}
	written, err := link.Encode(queue)
	if err != nil {
		return encodedReply{}, err
	}
	b, err := agentmsg.EncodeMessage(agentmsg.AgentConnInfoReply{Queues: []link.QueueInfo{queue}, Info: in.ConnInfo})
	return encodedReply{queue.Version, bareQueueInfo(queue), written, b}, err
}

func decodeReply(in encoded) (decodedReply, error) {
	m, err := agentmsg.DecodeMessage(in.Encoded)
	if err != nil {
		return decodedReply{}, err
	}
	reply, ok := m.(agentmsg.AgentConnInfoReply)
	if !ok || len(reply.Queues) != 1 {
		return decodedReply{}, errOtherMessage
	}
	return decodedReply{bareQueueInfo(reply.Queues[0]), letterOf(reply.Queues[0].Mode), reply.Info}, nil
}

type replyQueue struct {
	ClientVersion uint16      `json:"client_version"`
	Server        string      `json:"server"`
	SenderID      vectors.Hex `json:"sender_id"`
	DHKey         vectors.Hex `json:"dh_key"`
	QueueMode     *string     `json:"queue_mode"`
}

func encodeReplyQueue(in replyQueue) (encoded, error) {
	p := formParser{}
	queue := link.QueueInfo{Version: in.ClientVersion, QueueAddress: link.QueueAddress{
		Server: p.relayText(in.Server), SenderID: in.SenderID, DHKey: p.key(in.DHKey), Mode: p.letter(in.QueueMode),
	}}
	if p.err == nil && queue.DHKey.Algorithm() != keys.X25519 {
		p.fail(keys.ErrAlgorithm)
	}
	if p.err != nil {
		return encoded{}, p.err
	}
	b, err := link.Encode(queue)
	return encoded{b}, err
}

func decodeReplyQueue(in encoded) (replyQueue, error) {
	q, err := link.Decode(in.Encoded, link.ReadQueueInfo)
	if err != nil {
		return replyQueue{}, err
	}
	return replyQueue{q.Version, q.Server.String(), q.SenderID, q.DHKey.SPKI(), letterOf(q.Mode)}, nil
}

func recodeReplyQueue(in encoded) (recodedForm, error) {
	q, err := link.Decode(in.Encoded, link.ReadQueueInfo)
	if err != nil {
		return recodedForm{}, err
	}
	b, err := link.Encode(q)
	return recodedForm{b}, err
}

package plan

import (
	"encoding/json"
	"strconv"
	"strings"

	"smpcheck/vectors"
)

// officialContent are the inputs that describe the content of a numbered message.
type officialContent struct {
	Body          *vectors.Hex
	LastDecrypted *int64 `json:"last_decrypted_msg_id"`
	Receipts      []struct {
		ID   int64       `json:"agent_msg_id"`
		Hash vectors.Hex `json:"msg_hash"`
		Info vectors.Hex
	}
	Queues []struct {
		Primary bool
		officialAddress
	}
	officialAddress
	QueueURI         string      `json:"queue_uri"`
	ReplacedServer   *string     `json:"replaced_server"`
	ReplacedSenderID vectors.Hex `json:"replaced_sender_id"`
	QueueInfo        vectors.Hex `json:"queue_info"`
	SenderAuthKey    vectors.Hex `json:"sender_auth_key"`
}

// form returns the content in the form of the dictionary; kind is the name of the content
// in the id of the test.
func (in officialContent) form(kind string) (fields, error) {
	content := fields{"type": kind}
	switch kind {
	case "HELLO":
	case "A_MSG", "first":
		content["type"], content["body"] = "A_MSG", in.Body
	case "A_RCVD":
		receipts := []fields{}
		for _, r := range in.Receipts {
			receipts = append(receipts, fields{"id": strconv.FormatInt(r.ID, 10), "hash": r.Hash, "info": r.Info})
		}
		content["receipts"] = receipts
	case "EREADY":
		if in.LastDecrypted == nil {
			return nil, ErrNoPlan
		}
		content["last_decrypted"] = strconv.FormatInt(*in.LastDecrypted, 10)
	case "A_QCONT":
		content["queue"] = in.officialAddress.fields()
	case "QADD":
		added := fields{"queue": in.QueueURI, "replaced": nil}
		if in.ReplacedServer != nil {
			added["replaced"] = officialAddress{*in.ReplacedServer, in.ReplacedSenderID}.fields()
		}
		content["queues"] = []fields{added}
	case "QKEY":
		content["queues"] = []fields{{"queue": in.QueueInfo, "sender_key": in.SenderAuthKey}}
	case "QUSE":
		queues := []fields{}
		for _, q := range in.Queues {
			queues = append(queues, fields{"queue": q.officialAddress.fields(), "primary": q.Primary})
		}
		content["queues"] = queues
	case "QTEST":
		content["queues"] = []fields{in.officialAddress.fields()}
	default:
		return nil, ErrNoPlan
	}
	return content, nil
}

// contentKind returns the name of the content in the id of a test.
func contentKind(t *vectors.Test) string {
	kind, _, _ := strings.Cut(agentTestName(t), " ")
	return kind
}

func planAMessage(c *calls, t *vectors.Test) error {
	var in officialContent
	var out vectors.Hex
	if err := decodeBoth(t, &in, &out); err != nil {
		return err
	}
	content, err := in.form(contentKind(t))
	if err != nil {
		return err
	}
	c.both("encode_a_message", "decode_a_message", fields{"content": content, "encoded": out})
	return nil
}

func planAgentMessage(c *calls, t *vectors.Test) error {
	switch agentTestName(t) {
	case "parse":
		return c.parse(t, "decode_agent_message", "recode_agent_message")
	case "conn info":
		return planInfo(c, t, "AgentConnInfo")
	case "ratchet info":
		return planInfo(c, t, "AgentRatchetInfo")
	case "conn info reply":
		return planReply(c, t)
	case "reply ambiguity":
		return planAmbiguousReply(c, t)
	}
	var in struct {
		ID           int64       `json:"snd_msg_id"`
		PreviousHash vectors.Hex `json:"prev_msg_hash"`
		officialContent
	}
	var out vectors.Hex
	if err := decodeBoth(t, &in, &out); err != nil {
		return err
	}
	content, err := in.form(contentKind(t))
	if err != nil {
		return err
	}
	c.both("encode_agent_message", "decode_agent_message", fields{"encoded": out, "message": fields{
		"type": "AgentMessage", "id": strconv.FormatInt(in.ID, 10), "previous_hash": in.PreviousHash, "content": content,
	}})
	return nil
}

func planInfo(c *calls, t *vectors.Test, form string) error {
	var in map[string]json.RawMessage
	var out vectors.Hex
	if err := decodeBoth(t, &in, &out); err != nil {
		return err
	}
	name := map[string]string{"AgentConnInfo": "conn_info", "AgentRatchetInfo": "info"}[form]
	if len(in) != 1 || in[name] == nil {
		return ErrNoPlan
	}
	c.both("encode_agent_message", "decode_agent_message", fields{"encoded": out, "message": fields{"type": form, "info": in[name]}})
	return nil
}

func planReply(c *calls, t *vectors.Test) error {
	var in struct {
		ConnInfo  vectors.Hex `json:"conn_info"`
		QueueInfo vectors.Hex `json:"queue_info"`
	}
	var out vectors.Hex
	if err := decodeBoth(t, &in, &out); err != nil {
		return err
	}
	c.expect("encode_agent_message", fields{"encoded": out, "message": fields{
		"type": "AgentConnInfoReply", "queues": []vectors.Hex{in.QueueInfo}, "info": in.ConnInfo,
	}})
	c.expect("recode_agent_message", fields{"encoded": out, "recoded": t.DecodedAgain})
	return nil
}

// planAmbiguousReply plans a reply whose info may lose its first letter.
func planAmbiguousReply(c *calls, t *vectors.Test) error {
	var in struct {
		ClientVersion uint16      `json:"client_version"`
		ConnInfo      vectors.Hex `json:"conn_info"`
		QueueInfo     vectors.Hex `json:"queue_info"`
		QueueMode     *string     `json:"queue_mode"`
	}
	var out vectors.Hex
	if err := decodeBoth(t, &in, &out); err != nil {
		return err
	}
	if t.Decoded == nil {
		return ErrNoPlan
	}
	c.expect("encode_reply", fields{
		"queue_info": in.QueueInfo, "queue_mode": in.QueueMode, "conn_info": in.ConnInfo,
		"client_version": in.ClientVersion, "written_queue_info": in.QueueInfo, "encoded": out,
	})
	c.expect("decode_reply", fields{"encoded": out, "queue_mode": t.Decoded.QueueMode, "conn_info": t.Decoded.ConnInfo})
	return nil
}

// agentLayer adds the calls for the message and the envelope of the agent; the id tells
// whether the connection supports post-quantum keys.
func (c *calls) agentLayer(t *vectors.Test, in fullStackInputs, out fullStackOutput, body vectors.Hex) {
	c.both("encode_agent_message", "decode_agent_message", fields{"encoded": out.AgentMessage, "message": fields{
		"type": "AgentMessage", "id": strconv.FormatUint(in.MessageID, 10), "previous_hash": "",
		"content": fields{"type": "A_MSG", "body": vectors.Hex(in.AgentBody)},
	}})
	c.expect("agent_padding", fields{
		"range": []uint16{in.AgentVersion, in.AgentVersion}, "pq": agentTestName(t) == "PQ", "confirmation": false,
		"length": len(out.AgentMessage), "padded_lengths": []int{in.RatchetPadded},
	})
	c.both("encode_agent_envelope", "decode_agent_envelope", fields{
		"agent_version": in.AgentVersion, "content": fields{"type": "AgentMsgEnvelope", "encrypted": out.Ratchet}, "encoded": body,
	})
}

package codec

import (
	"encoding/json"

	agentmsg "smpcheck/reference/agent/message"
	"smpcheck/reference/link"
	"smpcheck/vectors"
)

type contentToEncode struct {
	Content json.RawMessage `json:"content"`
}

type decodedContent struct {
	Content any `json:"content"`
}

func encodeAMessage(in contentToEncode) (encoded, error) {
	m, err := parsed(aMessageForms, in.Content)
	if err != nil {
		return encoded{}, err
	}
	b, err := agentmsg.EncodeAMessage(m)
	return encoded{b}, err
}

func decodeAMessage(in encoded) (decodedContent, error) {
	m, err := agentmsg.DecodeAMessage(in.Encoded)
	if err != nil {
		return decodedContent{}, err
	}
	return decodedContent{showAMessage(m)}, nil
}

func showAMessage(m agentmsg.AMessage) any { return shown(aMessageForms, aMessageNames[m.Tag()], m) }

// aMessageNames are the names of the contents of numbered messages by their tags.
var aMessageNames = map[string]string{
	agentmsg.HELLO{}.Tag(): "HELLO", agentmsg.A_MSG{}.Tag(): "A_MSG", agentmsg.A_RCVD{}.Tag(): "A_RCVD",
	agentmsg.EREADY{}.Tag(): "EREADY", agentmsg.A_QCONT{}.Tag(): "A_QCONT", agentmsg.QADD{}.Tag(): "QADD",
	agentmsg.QKEY{}.Tag(): "QKEY", agentmsg.QUSE{}.Tag(): "QUSE", agentmsg.QTEST{}.Tag(): "QTEST",
}

var aMessageForms = map[string]jsonForm[agentmsg.AMessage]{
	"HELLO":   jsonFormOf[agentmsg.AMessage](parseHELLO, showHELLO),
	"A_MSG":   jsonFormOf[agentmsg.AMessage](parseBody, showBody),
	"A_RCVD":  jsonFormOf[agentmsg.AMessage](parseReceipts, showReceipts),
	"EREADY":  jsonFormOf[agentmsg.AMessage](parseEREADY, showEREADY),
	"A_QCONT": jsonFormOf[agentmsg.AMessage](parseQCONT, showQCONT),
	"QADD":    jsonFormOf[agentmsg.AMessage](parseQADD, showQADD),
	"QKEY":    jsonFormOf[agentmsg.AMessage](parseQKEY, showQKEY),
	"QUSE":    jsonFormOf[agentmsg.AMessage](parseQUSE, showQUSE),
	"QTEST":   jsonFormOf[agentmsg.AMessage](parseQTEST, showQTEST),
}

// nameOf is the field with the name of a content.
func nameOf(m agentmsg.AMessage) formType { return formType{aMessageNames[m.Tag()]} }

func parseHELLO(*formParser, formType) agentmsg.HELLO { return agentmsg.HELLO{} }
func showHELLO(_ uint16, m agentmsg.HELLO) formType   { return nameOf(m) }

type bodyForm struct {
	formType
	Body vectors.Hex `json:"body"`
}

func parseBody(_ *formParser, f bodyForm) agentmsg.A_MSG { return agentmsg.A_MSG{Body: f.Body} }
func showBody(_ uint16, m agentmsg.A_MSG) bodyForm       { return bodyForm{nameOf(m), m.Body} }

type receiptForm struct {
	ID   string      `json:"id"`
	Hash vectors.Hex `json:"hash"`
	Info vectors.Hex `json:"info"`
}

type receiptsForm struct {
	formType
	Receipts []receiptForm `json:"receipts"`
}

func parseReceipts(p *formParser, f receiptsForm) agentmsg.A_RCVD {
	return agentmsg.A_RCVD{Receipts: each(f.Receipts, func(r receiptForm) agentmsg.Receipt {
		return agentmsg.Receipt{ID: p.int64(r.ID), Hash: r.Hash, Info: r.Info}
	})}
}

func showReceipts(_ uint16, m agentmsg.A_RCVD) receiptsForm {
	return receiptsForm{nameOf(m), each(m.Receipts, func(r agentmsg.Receipt) receiptForm {
		return receiptForm{int64Text(r.ID), r.Hash, r.Info}
	})}
}

// each returns what f makes of the items.
func each[A, B any](items []A, f func(A) B) []B {
	made := make([]B, len(items))
	for i, item := range items {
		made[i] = f(item)
	}
	return made
}

type ereadyForm struct {
	formType
	LastDecrypted string `json:"last_decrypted"`
}

func parseEREADY(p *formParser, f ereadyForm) agentmsg.EREADY {
	return agentmsg.EREADY{LastDecrypted: p.int64(f.LastDecrypted)}
}

func showEREADY(_ uint16, m agentmsg.EREADY) ereadyForm {
	return ereadyForm{nameOf(m), int64Text(m.LastDecrypted)}
}

type queueAddressForm struct {
	Server   string      `json:"server"`
	SenderID vectors.Hex `json:"sender_id"`
}

// relayText reads the address of a relay, which must not have a password here.
func (p *formParser) relayText(text string) link.Server {
	s, err := link.ParseServer(text)
	if err == nil && (s.Scheme != link.SMP || s.Password != "") {
		err = link.ErrServer
	}
	if err != nil {
		p.fail(err)
	}
	return s
}

func (p *formParser) queueAddress(f queueAddressForm) agentmsg.QueueAddress {
	return agentmsg.QueueAddress{Server: p.relayText(f.Server), SenderID: f.SenderID}
}

func queueAddressOf(a agentmsg.QueueAddress) queueAddressForm {
	return queueAddressForm{a.Server.String(), a.SenderID}
}

type addressForm struct {
	formType
	Queue queueAddressForm `json:"queue"`
}

func parseQCONT(p *formParser, f addressForm) agentmsg.A_QCONT {
	return agentmsg.A_QCONT{Queue: p.queueAddress(f.Queue)}
}

func showQCONT(_ uint16, m agentmsg.A_QCONT) addressForm {
	return addressForm{nameOf(m), queueAddressOf(m.Queue)}
}

type queuesForm[T any] struct {
	formType
	Queues []T `json:"queues"`
}

type addedQueueForm struct {
	Queue    string            `json:"queue"`
	Replaced *queueAddressForm `json:"replaced"`
}

func parseQADD(p *formParser, f queuesForm[addedQueueForm]) agentmsg.QADD {
	return agentmsg.QADD{Queues: each(f.Queues, func(q addedQueueForm) agentmsg.AddedQueue {
		uri, err := link.ParseQueueURI(q.Queue)
		if err != nil {
			p.fail(err)
		}
		added := agentmsg.AddedQueue{Queue: uri}
		if q.Replaced != nil {
			replaced := p.queueAddress(*q.Replaced)
			added.Replaced = &replaced
		}
		return added
	})}
}

func showQADD(_ uint16, m agentmsg.QADD) queuesForm[addedQueueForm] {
	return queuesForm[addedQueueForm]{nameOf(m), each(m.Queues, func(q agentmsg.AddedQueue) addedQueueForm {
		f := addedQueueForm{Queue: q.Queue.Text()}
		if q.Replaced != nil {
			replaced := queueAddressOf(*q.Replaced)
			f.Replaced = &replaced
		}
		return f
	})}
}

type queueKeyForm struct {
	Queue     vectors.Hex `json:"queue"`
	SenderKey vectors.Hex `json:"sender_key"`
}

func parseQKEY(p *formParser, f queuesForm[queueKeyForm]) agentmsg.QKEY {
	return agentmsg.QKEY{Queues: each(f.Queues, func(q queueKeyForm) agentmsg.QueueKey {
		return agentmsg.QueueKey{Queue: p.agentQueue(q.Queue), SenderKey: p.key(q.SenderKey)}
	})}
}

func showQKEY(_ uint16, m agentmsg.QKEY) queuesForm[queueKeyForm] {
	return queuesForm[queueKeyForm]{nameOf(m), each(m.Queues, func(q agentmsg.QueueKey) queueKeyForm {
		return queueKeyForm{queueInfoBytes(q.Queue), q.SenderKey.SPKI()}
	})}
}

type readyQueueForm struct {
	Queue   queueAddressForm `json:"queue"`
	Primary bool             `json:"primary"`
}

func parseQUSE(p *formParser, f queuesForm[readyQueueForm]) agentmsg.QUSE {
	return agentmsg.QUSE{Queues: each(f.Queues, func(q readyQueueForm) agentmsg.ReadyQueue {
		return agentmsg.ReadyQueue{Queue: p.queueAddress(q.Queue), Primary: q.Primary}
	})}
}

func showQUSE(_ uint16, m agentmsg.QUSE) queuesForm[readyQueueForm] {
	return queuesForm[readyQueueForm]{nameOf(m), each(m.Queues, func(q agentmsg.ReadyQueue) readyQueueForm {
		return readyQueueForm{queueAddressOf(q.Queue), q.Primary}
	})}
}

func parseQTEST(p *formParser, f queuesForm[queueAddressForm]) agentmsg.QTEST {
	return agentmsg.QTEST{Queues: each(f.Queues, p.queueAddress)}
}

func showQTEST(_ uint16, m agentmsg.QTEST) queuesForm[queueAddressForm] {
	return queuesForm[queueAddressForm]{nameOf(m), each(m.Queues, queueAddressOf)}
}

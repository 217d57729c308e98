package upper

import (
	"github.com/google/gofuzz"

	"smpcheck/fuzz/fill"
	"smpcheck/reference/agent/message"
	"smpcheck/reference/link"
)

// QueueAddress returns the name of a queue that the peer sends to.
func QueueAddress(c fuzz.Continue) message.QueueAddress {
	return message.QueueAddress{Server: Server(c), SenderID: fill.ID(c)}
}

// AMessage returns the content of a numbered message, of any kind.
func AMessage(c fuzz.Continue) message.AMessage {
	const most = 3
	kinds := []func(fuzz.Continue) message.AMessage{
		func(fuzz.Continue) message.AMessage { return message.HELLO{} },
		func(c fuzz.Continue) message.AMessage { return message.A_MSG{Body: fill.Bytes(c, 0, 15788)} },
		func(c fuzz.Continue) message.AMessage {
			return message.A_RCVD{Receipts: fill.List(c, 1, most, receipt)}
		},
		func(c fuzz.Continue) message.AMessage { return message.EREADY{LastDecrypted: number(c)} },
		func(c fuzz.Continue) message.AMessage { return message.A_QCONT{Queue: QueueAddress(c)} },
		func(c fuzz.Continue) message.AMessage { return message.QADD{Queues: fill.List(c, 1, most, addedQueue)} },
		func(c fuzz.Continue) message.AMessage { return message.QKEY{Queues: fill.List(c, 1, most, queueKey)} },
		func(c fuzz.Continue) message.AMessage { return message.QUSE{Queues: fill.List(c, 1, most, readyQueue)} },
		func(c fuzz.Continue) message.AMessage {
			return message.QTEST{Queues: fill.List(c, 1, most, QueueAddress)}
		},
	}
	return fill.Pick(c, kinds...)(c)
}

func number(c fuzz.Continue) int64 { return int64(c.RandUint64()) }

func receipt(c fuzz.Continue) message.Receipt {
	return message.Receipt{ID: number(c), Hash: fill.Bytes(c, 0, 255), Info: fill.Bytes(c, 0, 65535)}
}

func addedQueue(c fuzz.Continue) message.AddedQueue {
	return message.AddedQueue{Queue: QueueURI(c), Replaced: fill.Maybe(c, QueueAddress)}
}

func queueKey(c fuzz.Continue) message.QueueKey {
	return message.QueueKey{Queue: QueueInfo(c), SenderKey: fill.AuthKey(c)}
}

func readyQueue(c fuzz.Continue) message.ReadyQueue {
	return message.ReadyQueue{Queue: QueueAddress(c), Primary: c.RandBool()}
}

// Message returns what a ratchet decrypts, of any kind.
func Message(c fuzz.Continue) message.Message {
	switch info := fill.Bytes(c, 0, 14694); c.Intn(5) {
	case 0:
		return message.AgentConnInfo{Info: info}
	case 1:
		return message.AgentConnInfoReply{Queues: fill.List(c, 1, 3, QueueInfo), Info: info}
	case 2:
		return message.AgentRatchetInfo{Info: info}
	}
	return message.AgentMessage{Header: message.Header{ID: number(c), PreviousHash: fill.Bytes(c, 0, 255)}, Body: AMessage(c)}
}

// Envelope returns an envelope between agents, of any kind.
func Envelope(c fuzz.Continue) message.Envelope {
	e := message.Envelope{Version: fill.Version(c)}
	switch rest := fill.Bytes(c, 0, 15840); c.Intn(4) {
	case 0:
		e.Content = message.AgentConfirmation{Parameters: fill.Maybe(c, Parameters), Encrypted: rest}
	case 1:
		e.Content = message.AgentMsgEnvelope{Encrypted: rest}
	case 2:
		request := Connection(c)
		if request.Ratchet == nil {
			offer := Offer(c)
			request.Mode, request.Ratchet = link.Invitation, &offer
		}
		e.Content = message.AgentInvitation{Request: request, Info: rest}
	default:
		p := Parameters(c)
		if p.KEM != nil {
			p.KEM.Ciphertext = nil
		}
		e.Content = message.AgentRatchetKey{Parameters: p, Info: rest}
	}
	return e
}

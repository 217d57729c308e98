package message_test

import (
	"fmt"

	"pgregory.net/rapid"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// Generators of everything that the codecs carry, and that comes back as it was: queues
// have a mode that their versions can tell, and keys are random bytes of the right
// length.

func genBytes(least, most int) *rapid.Generator[[]byte] {
	return rapid.SliceOfN(rapid.Byte(), least, most)
}

func genKey(algorithms ...keys.Algorithm) *rapid.Generator[keys.PublicKey] {
	return rapid.Custom(func(t *rapid.T) keys.PublicKey {
		algorithm := rapid.SampledFrom(algorithms).Draw(t, "algorithm")
		size := algorithm.PublicSize()
		key, err := keys.NewPublic(algorithm, genBytes(size, size).Draw(t, "key"))
		if err != nil {
			panic(err)
		}
		return key
	})
}

func genServer(mostHosts int) *rapid.Generator[link.Server] {
	return rapid.Custom(func(t *rapid.T) link.Server {
		server := link.Server{Scheme: link.SMP, KeyHash: genBytes(32, 32).Draw(t, "fingerprint")}
		for range rapid.IntRange(1, mostHosts).Draw(t, "hosts") {
			host, err := link.ParseHost(rapid.SampledFrom([]string{"relay.example", "192.0.2.7", "abcdefghij.onion"}).Draw(t, "host"))
			if err != nil {
				panic(err)
			}
			server.Hosts = append(server.Hosts, host)
		}
		if rapid.Bool().Draw(t, "has port") {
			server.Port = fmt.Sprint(rapid.IntRange(1, 65535).Draw(t, "port"))
		}
		return server
	})
}

func genQueueAddress() *rapid.Generator[message.QueueAddress] {
	return rapid.Custom(func(t *rapid.T) message.QueueAddress {
		return message.QueueAddress{Server: genServer(3).Draw(t, "server"), SenderID: genBytes(1, 255).Draw(t, "sender id")}
	})
}

// genQueue makes an address with one of the modes that its client versions can tell.
func genQueue(t *rapid.T, mostHosts int, modes ...smp.QueueMode) link.QueueAddress {
	return link.QueueAddress{
		Server: genServer(mostHosts).Draw(t, "server"), SenderID: genBytes(1, 255).Draw(t, "sender id"),
		DHKey: genKey(keys.X25519).Draw(t, "queue key"), Mode: rapid.SampledFrom(modes).Draw(t, "mode"),
	}
}

// genQueueInfo makes a queue at a client version from 1 to 4; with onlySafe only those
// that write a mode.
func genQueueInfo(onlySafe bool) *rapid.Generator[link.QueueInfo] {
	return rapid.Custom(func(t *rapid.T) link.QueueInfo {
		lowest := uint16(1)
		if onlySafe {
			lowest = 3
		}
		info := link.QueueInfo{Version: rapid.Uint16Range(lowest, 4).Draw(t, "client version")}
		hosts, modes := 3, []smp.QueueMode{0}
		switch info.Version {
		case 1:
			hosts = 1
		case 3:
			modes = append(modes, smp.Messaging)
		case 4:
			modes = append(modes, smp.Messaging, smp.Contact)
		}
		if onlySafe {
			modes = modes[1:]
		}
		info.QueueAddress = genQueue(t, hosts, modes...)
		return info
	})
}

func genQueueURI() *rapid.Generator[link.QueueURI] {
	return rapid.Custom(func(t *rapid.T) link.QueueURI {
		lowest := rapid.Uint16Range(1, 4).Draw(t, "lowest client version")
		uri := link.QueueURI{ClientVersions: wire.Versions(lowest, rapid.Uint16Range(lowest, 4).Draw(t, "highest client version"))}
		modes := []smp.QueueMode{0}
		switch {
		case lowest == 4:
			modes = append(modes, smp.Messaging, smp.Contact)
		case lowest == 3:
			modes = []smp.QueueMode{smp.Messaging, smp.Contact}
		case uri.ClientVersions.Max >= 3:
			modes = append(modes, smp.Messaging)
		}
		uri.QueueAddress = genQueue(t, 3, modes...)
		return uri
	})
}

func genReceipt() *rapid.Generator[message.Receipt] {
	return rapid.Custom(func(t *rapid.T) message.Receipt {
		return message.Receipt{ID: rapid.Int64().Draw(t, "id"), Hash: genBytes(0, 255).Draw(t, "hash"), Info: genBytes(0, 400).Draw(t, "info")}
	})
}

func genAddedQueue() *rapid.Generator[message.AddedQueue] {
	return rapid.Custom(func(t *rapid.T) message.AddedQueue {
		added := message.AddedQueue{Queue: genQueueURI().Draw(t, "queue")}
		if rapid.Bool().Draw(t, "replaces one") {
			replaced := genQueueAddress().Draw(t, "replaced")
			added.Replaced = &replaced
		}
		return added
	})
}

func genQueueKey() *rapid.Generator[message.QueueKey] {
	return rapid.Custom(func(t *rapid.T) message.QueueKey {
		return message.QueueKey{
			Queue:     genQueueInfo(false).Draw(t, "queue"),
			SenderKey: genKey(keys.X25519, keys.Ed25519, keys.Ed448).Draw(t, "sender key"),
		}
	})
}

func genReadyQueue() *rapid.Generator[message.ReadyQueue] {
	return rapid.Custom(func(t *rapid.T) message.ReadyQueue {
		return message.ReadyQueue{Queue: genQueueAddress().Draw(t, "queue"), Primary: rapid.Bool().Draw(t, "primary")}
	})
}

func genAMessage() *rapid.Generator[message.AMessage] {
	return rapid.Custom(func(t *rapid.T) message.AMessage {
		const most = 4
		switch rapid.IntRange(0, 8).Draw(t, "kind") {
		case 0:
			return message.HELLO{}
		case 1:
			return message.A_MSG{Body: genBytes(0, 100).Draw(t, "body")}
		case 2:
			return message.A_RCVD{Receipts: rapid.SliceOfN(genReceipt(), 1, most).Draw(t, "receipts")}
		case 3:
			return message.EREADY{LastDecrypted: rapid.Int64().Draw(t, "last decrypted")}
		case 4:
			return message.A_QCONT{Queue: genQueueAddress().Draw(t, "queue")}
		case 5:
			return message.QADD{Queues: rapid.SliceOfN(genAddedQueue(), 1, most).Draw(t, "queues")}
		case 6:
			return message.QKEY{Queues: rapid.SliceOfN(genQueueKey(), 1, most).Draw(t, "queues")}
		case 7:
			return message.QUSE{Queues: rapid.SliceOfN(genReadyQueue(), 1, most).Draw(t, "queues")}
		}
		return message.QTEST{Queues: rapid.SliceOfN(genQueueAddress(), 1, most).Draw(t, "queues")}
	})
}

func genMessage() *rapid.Generator[message.Message] {
	return rapid.Custom(func(t *rapid.T) message.Message {
		info := genBytes(0, 100).Draw(t, "info")
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			return message.AgentConnInfo{Info: info}
		case 1:
			return message.AgentConnInfoReply{Queues: rapid.SliceOfN(genQueueInfo(true), 1, 3).Draw(t, "queues"), Info: info}
		case 2:
			return message.AgentRatchetInfo{Info: info}
		}
		header := message.Header{ID: rapid.Int64().Draw(t, "id"), PreviousHash: genBytes(0, 255).Draw(t, "previous hash")}
		return message.AgentMessage{Header: header, Body: genAMessage().Draw(t, "message")}
	})
}

// genKEM makes KEM parameters or none: proposed, or, if allowed, accepted.
func genKEM(accepted bool) *rapid.Generator[*ratchet.KEMParameters] {
	return rapid.Custom(func(t *rapid.T) *ratchet.KEMParameters {
		states := 1
		if accepted {
			states = 2
		}
		state := rapid.IntRange(0, states).Draw(t, "KEM state")
		if state == 0 {
			return nil
		}
		fill := rapid.Byte().Draw(t, "KEM bytes")
		kem := &ratchet.KEMParameters{PublicKey: repeat(fill, ratchet.KEMPublicKeySize)}
		if state == 2 {
			kem.Ciphertext = repeat(fill^0xff, ratchet.KEMCiphertextSize)
		}
		return kem
	})
}

func repeat(b byte, n int) []byte {
	all := make([]byte, n)
	for i := range all {
		all[i] = b
	}
	return all
}

func genParameters(accepted bool) *rapid.Generator[ratchet.Parameters] {
	return rapid.Custom(func(t *rapid.T) ratchet.Parameters {
		p := ratchet.Parameters{
			Version: rapid.Uint16Range(2, 3).Draw(t, "e2e version"),
			Key1:    genKey(keys.X448).Draw(t, "first key"), Key2: genKey(keys.X448).Draw(t, "second key"),
		}
		if p.Version >= ratchet.PQVersion {
			p.KEM = genKEM(accepted).Draw(t, "KEM")
		}
		return p
	})
}

func genInvitation() *rapid.Generator[link.Connection] {
	return rapid.Custom(func(t *rapid.T) link.Connection {
		p := genParameters(false).Draw(t, "parameters")
		offer := p.Offer(wire.Versions(2, p.Version))
		c := link.Connection{
			Mode: link.Invitation, AgentVersions: message.Supported, Ratchet: &offer,
			Queues: rapid.SliceOfN(genQueueURI(), 1, 2).Draw(t, "queues"),
		}
		if rapid.Bool().Draw(t, "has client data") {
			c.ClientData = []byte(rapid.StringN(0, 20, -1).Draw(t, "client data"))
		}
		return c
	})
}

func genEnvelope() *rapid.Generator[message.Envelope] {
	return rapid.Custom(func(t *rapid.T) message.Envelope {
		e := message.Envelope{Version: rapid.Uint16Range(2, 7).Draw(t, "agent version")}
		tail := genBytes(0, 100).Draw(t, "tail")
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			confirmation := message.AgentConfirmation{Encrypted: tail}
			if rapid.Bool().Draw(t, "has parameters") {
				p := genParameters(true).Draw(t, "parameters")
				confirmation.Parameters = &p
			}
			e.Content = confirmation
		case 1:
			e.Content = message.AgentMsgEnvelope{Encrypted: tail}
		case 2:
			e.Content = message.AgentInvitation{Request: genInvitation().Draw(t, "request"), Info: tail}
		default:
			e.Content = message.AgentRatchetKey{Parameters: genParameters(false).Draw(t, "parameters"), Info: tail}
		}
		return e
	})
}

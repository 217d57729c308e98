package planted_test

import (
	"bytes"
	"encoding/binary"
	"maps"
	"strings"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// acceptedTriggers are those of all faults that take what they have to refuse.
var acceptedTriggers = func() map[string]trigger {
	all := maps.Clone(formTriggers)
	maps.Copy(all, authorizationTriggers)
	maps.Copy(all, connectionTriggers)
	return all
}()

// servedContent reports whether a block with a content that is made of that of a PING is
// answered PONG.
func servedContent(change func(content []byte) []byte) trigger {
	return func(r *relayed) bool {
		p := r.dial()
		p.write(change(p.content(p.encode(p.transmission(noKey, nil, smp.PING{})))))
		answer, ok := p.take(func(received) bool { return true })
		require.True(r.t, ok)
		return answer.Response == smp.PONG{}
	}
}

// servedCommand reports whether a malformed command of the recipient, or of the sender of
// an unsecured queue, is taken.
func servedCommand(command func() []byte) trigger {
	return func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		encoded := command()
		if bytes.HasPrefix(encoded, []byte("SEND")) {
			return p.submit(p.bytes(noKey, q.senderID, encoded)) == smp.OK{}
		}
		return !refused(p.submit(p.bytes(q.recipient, q.recipientID, encoded)), smp.ErrCmdSyntax)
	}
}

var formTriggers = map[string]trigger{
	"accepted/trailing-parameters": servedCommand(func() []byte { return append([]byte("ACK \x18"), make([]byte, 25)...) }),
	"accepted/trailing-transmissions": servedContent(func(content []byte) []byte {
		return append(content, 0)
	}),
	"accepted/zero-count": servedContent(func(content []byte) []byte {
		content[0] = 0
		return content
	}),
	"accepted/any-flag": servedCommand(func() []byte { return []byte("SEND X body") }),
	"accepted/unknown-key-algorithm": servedCommand(func() []byte {
		spki := newKey(keys.Ed25519).Public().SPKI()
		spki[8] ^= 0x80 // in the last number of the algorithm's identifier
		return append([]byte("KEY \x2c"), spki...)
	}),
	"accepted/later-form-of-new": func(r *relayed) bool {
		p := r.dial(at(14))
		key := newKey(keys.Ed25519)
		command, err := smp.EncodeCommand(smp.MaxVersion, smp.NEW{
			AuthKey: key.Public(), DHKey: newKey(keys.X25519).Public(), Request: &smp.QueueRequest{Mode: smp.Contact},
		})
		require.NoError(r.t, err)
		return isA[smp.IDS](p.submit(p.bytes(key, nil, command)))
	},
	"accepted/name-at-old-version": func(r *relayed) bool {
		p := r.dial(at(19))
		lookup := p.transmission(noKey, nil, smp.RSLV{Domain: "smpcheck.testing"})
		p.send(p.encode(lookup))
		answer, ok := p.answer(lookup)
		require.True(r.t, ok)
		return string(answer.Command) != "ERR CMD UNKNOWN"
	},
	"accepted/oversized-body": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		body := strings.Repeat("x", smp.MaxMessageLength(smp.MaxVersion)+1)
		if p.say(q, body) != (smp.OK{}) {
			return false
		}
		require.Equal(r.t, []string{body}, p.drain(q))
		return true
	},
}

var authorizationTriggers = map[string]trigger{
	"accepted/batched-authorization": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		wrong := p.transmission(newKey(keys.Ed25519), q.recipientID, smp.QUE{})
		p.send(p.encode(p.transmission(noKey, nil, smp.PING{})), p.encode(wrong))
		answer, _ := p.answer(wrong)
		return isA[smp.INFO](answer.Response)
	},
	"accepted/other-session": func(r *relayed) bool {
		p, other := r.dial(), r.dial()
		q := p.create()
		require.True(r.t, other.fence())
		return isA[smp.SOK](other.submit(p.transmission(q.recipient, q.recipientID, smp.SUB{})))
	},
	"accepted/unsigned-suspension": func(r *relayed) bool {
		p := r.dial()
		return p.ask(noKey, p.create().recipientID, smp.OFF{}) == smp.OK{}
	},
	"accepted/authenticator-prefix": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		q.sender = newKey(keys.X25519)
		demand[smp.OK](p, q, smp.KEY{SenderKey: q.sender.Public()})
		t := p.transmission(q.sender, q.senderID, smp.SEND{Body: []byte("forged")})
		t.Authorization[len(t.Authorization)-1] ^= 1
		return p.submit(t) == smp.OK{}
	},
	"accepted/other-session-id": func(r *relayed) bool {
		p := r.dial(at(6))
		t := p.transmission(noKey, nil, smp.PING{})
		t.SessionID = make([]byte, len(t.SessionID))
		return p.submit(t) == smp.PONG{}
	},
	"accepted/recipient-key-sends": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		p.secure(q)
		return p.ask(q.recipient, q.senderID, smp.SEND{Body: []byte("to myself")}) == smp.OK{}
	},
	"accepted/sender-key-receives": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		p.secure(q)
		return isA[smp.INFO](p.ask(q.sender, q.recipientID, smp.QUE{}))
	},
	"accepted/recipient-id-sends": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		return p.ask(noKey, q.recipientID, smp.SEND{Body: []byte("which end")}) == smp.OK{}
	},
	"accepted/id-prefix": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		q.senderID[len(q.senderID)-1] ^= 1
		return p.say(q, "almost") == smp.OK{}
	},
	"accepted/entity-of-ping": func(r *relayed) bool {
		p := r.dial()
		return answered(p, p.transmission(noKey, randomID(), smp.PING{}), "ERR CMD HAS_AUTH")
	},
}

var connectionTriggers = map[string]trigger{
	"accepted/forged-block": func(r *relayed) bool {
		p := r.dial()
		_, chain, err := box.NewChains(p.conn.Secret(), p.conn.SessionID())
		require.NoError(r.t, err)
		key, nonce, err := chain.NextKey()
		require.NoError(r.t, err)
		padded, err := wire.Pad(nil, p.content(p.encode(p.transmission(noKey, nil, smp.PING{}))), transport.BlockSize-box.Overhead)
		require.NoError(r.t, err)
		block := box.Seal(nil, padded, &nonce, &key)
		block[len(block)-1] ^= 1 // in the padding
		return p.servedBlock(block)
	},
	"accepted/block-length": func(r *relayed) bool {
		p := r.dial(withoutKey)
		block, err := wire.Pad(nil, p.content(p.encode(p.transmission(noKey, nil, smp.PING{}))), transport.BlockSize)
		require.NoError(r.t, err)
		binary.BigEndian.PutUint16(block, 0xFFFF)
		return p.servedBlock(block)
	},
	"accepted/hello-version":  servedHello(func(h *transport.ClientHello) { h.Version = smp.MaxVersion + 1 }),
	"accepted/hello-key-hash": servedHello(func(h *transport.ClientHello) { h.KeyHash = []byte("another relay") }),
}

// servedBlock sends a block as it is and reports whether it is answered PONG.
func (p *peer) servedBlock(block []byte) bool {
	p.t.Helper()
	_, err := p.conn.NetConn().Write(block)
	require.NoError(p.t, err)
	answer, ok := p.take(func(received) bool { return true })
	require.True(p.t, ok)
	return answer.Response == smp.PONG{}
}

// servedHello reports whether a client with a hello is served, at the newest version and
// without block encryption.
func servedHello(change func(*transport.ClientHello)) trigger {
	return func(r *relayed) bool {
		secure := r.greet(change)
		ping := smp.Transmission{CorrelationID: randomID(), Command: []byte("PING")}
		content, err := ping.AppendBlock(nil, smp.MaxVersion)
		require.NoError(r.t, err)
		block, err := wire.Pad(nil, content, transport.BlockSize)
		require.NoError(r.t, err)
		_, err = secure.Write(block)
		blocks := make([]byte, 2*transport.BlockSize) // the hello is one of them
		for n, read := 0, 0; err == nil && n < len(blocks); n += read {
			read, err = secure.Read(blocks[n:])
		}
		return err == nil && bytes.Contains(blocks[transport.BlockSize:], []byte("PONG"))
	}
}

package hostile

import (
	"bytes"
	"slices"
	"strings"

	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// spared is how many connections the endpoints that change their mind serve first:
// enough for a client to find out what the relay can do.
const spared = 15

// sessionBehaviours send a hello that a client can answer.
var sessionBehaviours = []Behaviour{
	{Name: "session-id-short", About: "has a session identifier of 31 bytes in its hello", serve: greeting(func(h *transport.ServerHello) {
		h.SessionID = h.SessionID[:len(h.SessionID)-1]
	})},
	{Name: "session-id-long", About: "has a session identifier of 255 bytes in its hello", serve: greeting(func(h *transport.ServerHello) {
		h.SessionID = append(h.SessionID, make([]byte, 255-len(h.SessionID))...)
	})},
	{Name: "session-id-empty", About: "has an empty session identifier in its hello", serve: greeting(func(h *transport.ServerHello) {
		h.SessionID = nil
	})},
	{Name: "hello-other-key", About: "has a session key in its hello that another key signed", serve: greeting(func(h *transport.ServerHello) {
		h.SignedKey = bytes.Clone(h.SignedKey)
		h.SignedKey[len(h.SignedKey)-1] ^= 1
	})},
	{Name: "hello-many-certificates", About: "has 200 certificates of two bytes in its hello", serve: greeting(func(h *transport.ServerHello) {
		h.Chain = make([][]byte, 200)
		for i := range h.Chain {
			h.Chain[i] = []byte{0x30, 0}
		}
	})},
	{Name: "hello-silence", About: "stays silent after the hellos", serve: inSession(func(p *peer, c *transport.Conn) error {
		return drain(c.NetConn())
	})},
	{Name: "hello-close", About: "closes after the hellos", serve: inSession(func(p *peer, c *transport.Conn) error {
		return c.Close()
	})},
	{Name: "hello-reset", About: "resets the connection after the hellos", serve: inSession(func(p *peer, c *transport.Conn) error {
		return reset(p)
	})},
	{Name: "deaf", About: "reads nothing after the hellos", serve: inSession(func(p *peer, c *transport.Conn) error {
		<-p.endpoint.ctx.Done()
		return errDone
	})},
	{Name: "flood-messages", About: "delivers messages of unknown queues without end", serve: inSession(func(p *peer, c *transport.Conn) error {
		return floodBlocks(c, []byte{}, smp.MSG{ID: noise(24), Body: noise(smp.PaddedRcvMessage + 16)})
	})},
	{Name: "flood-small-messages", About: "delivers 255 empty messages in every block without end", serve: inSession(func(p *peer, c *transport.Conn) error {
		return floodBlocks(c, []byte{}, slices.Repeat([]smp.Response{smp.MSG{ID: noise(24)}}, smp.MaxTransmissions)...)
	})},
	{Name: "flood-errors", About: "sends errors with unknown correlation ids without end", serve: inSession(func(p *peer, c *transport.Conn) error {
		return floodBlocks(c, noise(smp.CorrelationIDSize), slices.Repeat([]smp.Response{smp.ERR{Err: smp.ErrAuth}}, smp.MaxTransmissions)...)
	})},
	{Name: "block-zeros", About: "sends blocks of zeros without end after the hellos", serve: inSession(func(p *peer, c *transport.Conn) error {
		return flood(c.NetConn(), make([]byte, transport.BlockSize))
	})},
	{Name: "block-malformed", About: "answers every block with one whose transmissions cannot be told apart", serve: answering(
		func(c *transport.Conn, _ []smp.Transmission) error { return c.WriteBlock(noise(c.MaxContent())) })},
	{Name: "block-half", About: "answers with half a block and then nothing", serve: inSession(func(p *peer, c *transport.Conn) error {
		if _, err := c.ReadBlock(); err != nil {
			return err
		}
		if _, err := c.NetConn().Write(make([]byte, transport.BlockSize/2)); err != nil {
			return err
		}
		return drain(c.NetConn())
	})},
	{Name: "block-slow", About: "answers one byte a second", serve: inSession(func(p *peer, c *transport.Conn) error {
		if _, err := c.ReadBlock(); err != nil {
			return err
		}
		_, err := slow{c.NetConn(), p}.Write(make([]byte, transport.BlockSize))
		return err
	})},
	{Name: "answer-other", About: "answers every command with a response of another type", serve: answering(eachWith(
		func(tag string) smp.Response {
			if tag == "PING" {
				return smp.OK{}
			}
			return smp.PONG{}
		}))},
	{Name: "answer-pong", About: "answers every command with PONG", serve: answering(eachWith(
		func(string) smp.Response { return smp.PONG{} }))},
	{Name: "answer-ping-only", About: "answers PING and nothing else", serve: answering(eachWith(onlyPing))},
	{Name: "answer-errors", About: "answers PING, and every other command with an error", serve: answering(eachWith(
		func(tag string) smp.Response {
			if tag == "PING" {
				return smp.PONG{}
			}
			return smp.ERR{Err: smp.ErrAuth}
		}))},
	{Name: "answer-endless", About: "answers the first command with PONG, again and again without end", serve: inSession(func(p *peer, c *transport.Conn) error {
		commands, err := readCommands(c)
		if err != nil {
			return err
		}
		return floodBlocks(c, commands[0].CorrelationID, smp.PONG{})
	})},
	{Name: "turns-silent", About: "answers PING on its first connections, and is silent on later ones", serve: turning(func(p *peer) error {
		return drain(p)
	})},
	{Name: "turns-away", About: "answers PING on its first connections, and closes later ones", serve: turning(func(p *peer) error {
		return errDone
	})},
}

// inSession performs the handshakes of a proper relay first.
func inSession(serve func(*peer, *transport.Conn) error) func(*peer) error {
	return afterTLS(func(p *peer, s *transport.Secure) error {
		config := transport.ServerConfig{Credentials: p.endpoint.credentials}
		c, err := transport.ServerHandshake(p.endpoint.ctx, s, s.Binding(), config)
		if err != nil {
			return err
		}
		return serve(p, c)
	})
}

// answering has respond answer every block of commands.
func answering(respond func(*transport.Conn, []smp.Transmission) error) func(*peer) error {
	return inSession(func(_ *peer, c *transport.Conn) error {
		for {
			commands, err := readCommands(c)
			if err != nil {
				return err
			}
			if err := respond(c, commands); err != nil {
				return err
			}
		}
	})
}

// turning serves the first connections and the others differently.
func turning(later func(*peer) error) func(*peer) error {
	first := answering(eachWith(onlyPing))
	return func(p *peer) error {
		if p.number > spared {
			return later(p)
		}
		return first(p)
	}
}

func onlyPing(tag string) smp.Response {
	if tag == "PING" {
		return smp.PONG{}
	}
	return nil
}

// readCommands reads one block. A malformed one ends the connection.
func readCommands(c *transport.Conn) ([]smp.Transmission, error) {
	content, err := c.ReadBlock()
	if err != nil {
		return nil, err
	}
	encoded, err := smp.DecodeBlock(content)
	if err != nil {
		return nil, err
	}
	commands := make([]smp.Transmission, len(encoded))
	for i, b := range encoded {
		if commands[i], err = smp.DecodeTransmission(c.Version(), b); err != nil {
			return nil, err
		}
	}
	return commands, nil
}

// eachWith answers every command with the response that choose names for its tag,
// nil for none.
func eachWith(choose func(tag string) smp.Response) func(*transport.Conn, []smp.Transmission) error {
	return func(c *transport.Conn, commands []smp.Transmission) error {
		for _, command := range commands {
			tag, _, _ := strings.Cut(string(command.Command), " ")
			response := choose(tag)
			if response == nil {
				continue
			}
			content, err := blockOf(c, command.CorrelationID, command.EntityID, response)
			if err != nil {
				return err
			}
			if err := c.WriteBlock(content); err != nil {
				return err
			}
		}
		return nil
	}
}

// blockOf is the content of a block with the given responses.
func blockOf(c *transport.Conn, correlationID, entityID []byte, responses ...smp.Response) ([]byte, error) {
	encoded := make([][]byte, len(responses))
	for i, r := range responses {
		tr, err := smp.ResponseTransmission(c.Version(), c.SessionID(), correlationID, entityID, r)
		if err != nil {
			return nil, err
		}
		if encoded[i], err = tr.Encode(c.Version()); err != nil {
			return nil, err
		}
	}
	return smp.EncodeBlock(encoded...)
}

// floodBlocks sends a block with as many of the responses as fit without end.
func floodBlocks(c *transport.Conn, correlationID []byte, responses ...smp.Response) error {
	content, err := blockOf(c, correlationID, noise(24), responses...)
	for err == nil && len(content) > c.MaxContent() {
		responses = responses[:len(responses)/2]
		content, err = blockOf(c, correlationID, noise(24), responses...)
	}
	if err != nil {
		return err
	}
	return endless(c.NetConn(), func() error { return c.WriteBlock(content) })
}

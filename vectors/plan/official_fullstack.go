package plan

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"

	"smpcheck/vectors"
)

// crossVersion is the SMP version of the TypeScript code.
const crossVersion = 18

// crossInputs are the inputs of the group "transmission"; keys are bare.
type crossInputs struct {
	Command   vectors.Hex  `json:"cmd"`
	Corr      vectors.Hex  `json:"corr"`
	Entity    vectors.Hex  `json:"ent"`
	Session   vectors.Hex  `json:"sess"`
	Nonce     vectors.Hex  `json:"nonce"`
	Private   vectors.Hex  `json:"priv"`
	ServerPub vectors.Hex  `json:"serverPub"`
	Seed      vectors.Hex  `json:"seed"`
	ForAuth   vectors.Hex  `json:"tForAuth"`
	ToSend    *vectors.Hex `json:"tToSend"`
	Auth      *vectors.Hex `json:"auth"`
	Lens      []int        `json:"encodedLens"`
}

func planCrossTransmission(c *calls, t *vectors.Test, raw vectors.Value) ([]Call, error) {
	var in crossInputs
	if err := raw.Decode(&in); err != nil {
		return nil, err
	}
	switch name := function(t); {
	case name == "encodeTransmissionForAuth":
		return planCrossParts(c, t, in)
	case name == "authTransmission x25519":
		private, server := c.bareX25519(in.Private, in.ServerPub)
		c.expect("make_authenticator", fields{
			"private_key": private, "public_key": server, "correlation_id": in.Nonce, "authorized": in.ForAuth,
			"authenticator": json.RawMessage(t.Output),
		})
	case name == "authTransmission ed25519":
		private := append(append(vectors.Hex{}, x25519Private...), in.Seed...)
		private[11] = 0x70 // the number of Ed25519
		c.expect("private_key", fields{"algorithm": "Ed25519", "private_raw": in.Seed, "private_der": private})
		c.expect("sign", fields{"private_der": private, "message": in.ForAuth, "signature": json.RawMessage(t.Output)})
	case strings.HasPrefix(name, "tEncodeAuth "):
		c.crossAuthorization(in.Auth, json.RawMessage(t.Output))
	case strings.HasPrefix(name, "tEncodeBatch1 "):
		return planCrossBatch1(c, t, in)
	case strings.HasPrefix(name, "authenticated block: "):
		return planCrossAuthenticated(c, t, in)
	case strings.HasPrefix(name, "batchTransmissions(16384) "):
		return planCrossBatch(c, t, in)
	default:
		return nil, ErrNoPlan
	}
	return c.done()
}

func planCrossParts(c *calls, t *vectors.Test, in crossInputs) ([]Call, error) {
	var out struct {
		ForAuth vectors.Hex `json:"tForAuth"`
		ToSend  vectors.Hex `json:"tToSend"`
	}
	if err := t.Output.Decode(&out); err != nil {
		return nil, err
	}
	s := session{CorrelationID: in.Corr, EntityID: in.Entity, SessionID: in.Session, Version: crossVersion}
	c.expect("unauthorized_part", with(s.fields(in.Command), fields{"authorized": out.ForAuth, "to_send": out.ToSend}))
	return c.done()
}

// crossAuthorization adds the call for what stands in front of a transmission.
func (c *calls) crossAuthorization(auth *vectors.Hex, encoded any) {
	none := vectors.Hex{}
	if auth == nil {
		auth = &none
	}
	c.expect("encode_authorization", fields{
		"version": crossVersion, "authorization": auth, "service_signature": nil, "encoded": encoded,
	})
}

func planCrossBatch1(c *calls, t *vectors.Test, in crossInputs) ([]Call, error) {
	var content vectors.Hex
	if err := t.Output.Decode(&content); err != nil {
		return nil, err
	}
	transmission := c.inBlock(content)
	if in.ToSend == nil || !strings.HasSuffix(string(transmission), string(*in.ToSend)) {
		return nil, fmt.Errorf("the block does not end with tToSend")
	}
	c.crossAuthorization(in.Auth, transmission[:len(transmission)-len(*in.ToSend)])
	return c.done()
}

func planCrossAuthenticated(c *calls, t *vectors.Test, in crossInputs) ([]Call, error) {
	var content vectors.Hex
	if err := t.Output.Decode(&content); err != nil {
		return nil, err
	}
	transmission := c.inBlock(content)
	// authorization, no service signature, correlation id, entity id; then the command,
	// which the inputs do not have
	before := 1 + 80 + 1 + 1 + len(in.Corr) + 1
	if len(transmission) <= before || len(transmission) < before+int(transmission[before-1]) {
		return nil, fmt.Errorf("the transmission is too short: %d bytes", len(transmission))
	}
	entity := transmission[before : before+int(transmission[before-1])]
	if len(entity) > 0 && string(entity) != string(in.Entity) {
		return nil, fmt.Errorf("the entity id is another one")
	}
	s := session{CorrelationID: in.Corr, EntityID: entity, SessionID: in.Session, Version: crossVersion}
	c.crossSigned(s, transmission[before+len(entity):], in.Private, in.ServerPub, transmission)
	return c.done()
}

// crossSigned adds the call that authorizes a command with bare X25519 keys.
func (c *calls) crossSigned(s session, command, private, server, transmission vectors.Hex) {
	privateDER, serverDER := c.bareX25519(private, server)
	c.expect("authorize_transmission", with(s.fields(command), fields{
		"queue_private_key": privateDER, "relay_public_key": serverDER, "service_fingerprint": nil, "service_private_key": nil,
		"transmission": transmission,
	}))
}

func planCrossBatch(c *calls, t *vectors.Test, in crossInputs) ([]Call, error) {
	var out []struct {
		Count int `json:"count"`
		Len   int `json:"len"`
	}
	if err := t.Output.Decode(&out); err != nil {
		return nil, err
	}
	var counts, lengths []int
	for _, block := range out {
		counts, lengths = append(counts, block.Count), append(lengths, block.Len)
	}
	items := make([]vectors.Hex, len(in.Lens))
	for i, n := range in.Lens {
		if n < 2 || n > officialBlock {
			return nil, fmt.Errorf("an encoded transmission of %d bytes is not expected", n)
		}
		items[i] = make(vectors.Hex, n-2) // without its own length
	}
	c.expect("batch", fields{"transmissions": items, "limit": officialLimit, "counts": counts, "lengths": lengths})
	return c.done()
}

func planCrossHello(c *calls, t *vectors.Test, raw vectors.Value) ([]Call, error) {
	var in struct {
		Key     *vectors.Hex `json:"authPubKey"`
		Service *struct{}    `json:"clientService"`
		KeyHash vectors.Hex  `json:"keyHash"`
		Proxy   bool         `json:"proxyServer"`
		Version uint16       `json:"smpVersion"`
	}
	if err := raw.Decode(&in); err != nil {
		return nil, err
	}
	if in.Service != nil {
		return nil, ErrNoPlan
	}
	all := fields{
		"version": in.Version, "key_hash": in.KeyHash, "client_public_der": in.Key, "proxy": in.Proxy, "service": nil,
		"client_hello": json.RawMessage(t.Output), "ignored": "",
	}
	c.expect("client_hello", all)
	c.expect("decode_client_hello", all)
	return c.done()
}

type fullStackInputs struct {
	AgentVersion   uint16      `json:"agentVersion"`
	AgentBody      string      `json:"agent_message_body"`
	BlockSecret    vectors.Hex `json:"block_dhSecret"`
	BlockSession   vectors.Hex `json:"block_sessionId"`
	Corr           vectors.Hex `json:"corrId"`
	QueueSecret    vectors.Hex `json:"queue_dh"`
	QueueNonce     vectors.Hex `json:"queue_nonce"`
	RatchetPadded  int         `json:"ratchet_padded"`
	RatchetSession string      `json:"ratchet_session"`
	ServerPub      vectors.Hex `json:"serverPub"`
	Session        vectors.Hex `json:"session"`
	ClientVersion  uint16      `json:"smpClientVersion"`
	SenderID       vectors.Hex `json:"sndId"`
	MessageID      uint64      `json:"sndMsgId"`
	SenderPrivate  vectors.Hex `json:"sndPriv"`
}

type fullStackOutput struct {
	AgentMessage  vectors.Hex `json:"agentMessage"`
	Authorizer    vectors.Hex `json:"authorizer"`
	BatchLen      int         `json:"batch_len"`
	BatchSHA256   vectors.Hex `json:"batch_sha256"`
	Block         vectors.Hex `json:"block"`
	ClientMessage int         `json:"clientMessage_len"`
	Envelope      vectors.Hex `json:"clientMsgEnvelope"`
	AgentEnvelope int         `json:"envelope_len"`
	Ratchet       vectors.Hex `json:"ratchetCiphertext"`
	SendCommand   int         `json:"sendCommand_len"`
}

// planFullStack plans a message through all layers, from the ratchet's ciphertext to the
// block. The layers above are compared here, byte by byte: the state of the ratchet that
// they would need is not in the file.
func planFullStack(c *calls, t *vectors.Test, raw vectors.Value) ([]Call, error) {
	var in fullStackInputs
	if err := raw.Decode(&in); err != nil {
		return nil, err
	}
	var out fullStackOutput
	if err := t.Output.Decode(&out); err != nil {
		return nil, err
	}
	if err := in.agentLayer(out); err != nil {
		return nil, err
	}
	body := append(binary.BigEndian.AppendUint16(nil, in.AgentVersion), 'M')
	body = append(body, out.Ratchet...)
	c.agentLayer(t, in, out, body)
	command := append(vectors.Hex("SEND T "), out.Envelope...)
	if len(body) != out.AgentEnvelope || len(body)+1 != out.ClientMessage || len(command) != out.SendCommand {
		return nil, fmt.Errorf("the lengths of the layers are not those of their content")
	}
	envelope := fields{
		"secret": in.QueueSecret, "client_version": in.ClientVersion, "dh_key": nil, "nonce": in.QueueNonce,
		"sender_key": nil, "body": vectors.Hex(body), "length": 16000, "envelope": out.Envelope,
	}
	c.expect("seal_envelope", envelope)
	c.expect("open_envelope", envelope)

	var transmission vectors.Hex
	transmission = append(append(transmission, byte(len(out.Authorizer))), out.Authorizer...)
	transmission = append(transmission, '0', byte(len(in.Corr)))
	transmission = append(append(transmission, in.Corr...), byte(len(in.SenderID)))
	transmission = append(append(transmission, in.SenderID...), command...)
	s := session{CorrelationID: in.Corr, EntityID: in.SenderID, SessionID: in.Session, Version: crossVersion}
	c.crossSigned(s, command, in.SenderPrivate, in.ServerPub, transmission)
	c.expect("batch", fields{
		"transmissions": []vectors.Hex{transmission}, "limit": officialLimit,
		"lengths": []int{out.BatchLen}, "digests": []vectors.Hex{out.BatchSHA256},
	})
	content := append(vectors.Hex{1, byte(len(transmission) >> 8), byte(len(transmission))}, transmission...)
	block := fields{
		"secret": in.BlockSecret, "session_id": in.BlockSession, "sender": "client", "number": 0,
		"content": content, "block_size": officialBlock, "block": out.Block,
	}
	c.expect("seal_block", block)
	c.expect("open_block", block)
	return c.done()
}

// agentLayer compares the message of the agent with its parts: 'M', its number, the hash
// of the message before (none), 'M' and the body.
func (in fullStackInputs) agentLayer(out fullStackOutput) error {
	message := binary.BigEndian.AppendUint64([]byte{'M'}, in.MessageID)
	message = append(append(message, 0, 'M'), in.AgentBody...)
	if string(message) != string(out.AgentMessage) {
		return fmt.Errorf("the agent's message is not made of its parts")
	}
	// version and length of the header in front, then header, tag and padded content
	if len(out.Ratchet) < 2 || len(out.Ratchet) != 2+int(binary.BigEndian.Uint16(out.Ratchet))+16+in.RatchetPadded {
		return fmt.Errorf("a ciphertext of %d bytes does not hold %d padded bytes", len(out.Ratchet), in.RatchetPadded)
	}
	return nil
}

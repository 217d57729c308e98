package plan

import (
	"bytes"
	"crypto/sha512"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"smpcheck/vectors"
)

// officialBlock is the length of a block.
const officialBlock = 16384

// planBlocks plans the tests of padding and block encryption.
func planBlocks(b builder, g *vectors.Group, t *vectors.Test) ([]Call, error) {
	c := &calls{builder: b}
	switch g.Name {
	case "pad":
		return planPad(c, t)
	case "unpad":
		return planUnpad(c, t)
	case "chain":
		return planChain(c, t)
	case "encrypted":
		return planEncrypted(c, g, t)
	case "plain":
		return planPlain(c, t)
	case "decode":
		return planReceivedBlock(c, t)
	}
	return nil, ErrNoPlan
}

// longMessage describes bytes that would be too long to write down.
type longMessage struct {
	Label  string      `json:"label"`
	Len    int         `json:"len"`
	SHA256 vectors.Hex `json:"sha256"`
}

// bytes returns the bytes: the beginning of SHA-512(label ‖ 0) ‖ SHA-512(label ‖ 1) ‖ ….
func (m longMessage) bytes() (vectors.Hex, error) {
	if m.Len < 0 || m.Len > 1<<20 {
		return nil, fmt.Errorf("a message of %d bytes is not expected", m.Len)
	}
	var stream []byte
	for i := uint32(0); len(stream) < m.Len; i++ {
		block := sha512.Sum512(binary.BigEndian.AppendUint32([]byte(m.Label), i))
		stream = append(stream, block[:]...)
	}
	return stream[:m.Len], nil
}

func planPad(c *calls, t *vectors.Test) ([]Call, error) {
	var in struct {
		Message vectors.Value `json:"message"`
		Length  int           `json:"padded_len"`
	}
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	var message vectors.Hex
	if err := json.Unmarshal(in.Message, &message); err != nil {
		return planLongPad(c, t, in.Message, in.Length)
	}
	given := fields{"message": message, "length": in.Length}
	if t.Invalid() {
		c.refuse("pad", "TooLong", given)
		return c.done()
	}
	given["padded"] = json.RawMessage(t.Output)
	c.expect("pad", given)
	return c.done()
}

func planLongPad(c *calls, t *vectors.Test, described vectors.Value, length int) ([]Call, error) {
	var long longMessage
	if err := described.Decode(&long); err != nil {
		return nil, err
	}
	message, err := long.bytes()
	if err != nil {
		return nil, err
	}
	given := fields{"message": message, "length": length}
	if t.Invalid() {
		c.refuse("pad", "TooLong", given)
		return c.done()
	}
	var out struct {
		First  vectors.Hex `json:"first_4"`
		Last   vectors.Hex `json:"last_4"`
		Len    int         `json:"len"`
		SHA256 vectors.Hex `json:"sha256"`
	}
	if err := t.Output.Decode(&out); err != nil {
		return nil, err
	}
	c.expect("digest_padded", with(given, fields{
		"ends": 4, "message_sha256": long.SHA256, "padded_length": out.Len, "padded_sha256": out.SHA256, "first": out.First, "last": out.Last,
	}))
	return c.done()
}

// uniformPadding returns the padding that follows a message in the official tests: as
// many bytes as there are, each equal to the last one.
func uniformPadding(padded vectors.Hex, message int) vectors.Hex {
	n := len(padded) - 2 - message
	if n <= 0 {
		return vectors.Hex{}
	}
	return bytes.Repeat(padded[len(padded)-1:], n)
}

func planUnpad(c *calls, t *vectors.Test) ([]Call, error) {
	var in struct {
		Padded vectors.Hex `json:"padded"`
	}
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	if t.Invalid() {
		c.refuse("unpad", "", fields{"padded": in.Padded})
		return c.done()
	}
	var out vectors.Hex
	if err := t.Output.Decode(&out); err != nil {
		return nil, err
	}
	if slices.Contains(t.Flags, "PaddingUnchecked") {
		c.unpads(in.Padded, out)
		return c.done()
	}
	padding := bytes.Repeat([]byte("#"), max(0, len(in.Padded)-2-len(out)))
	c.expect("unpad", fields{"padded": in.Padded, "message": out, "padding": vectors.Hex(padding)})
	return c.done()
}

// unpads adds the call that takes a message out of its padding.
func (c *calls) unpads(padded, message vectors.Hex) {
	c.expect("unpad", fields{"padded": padded, "message": message, "padding": uniformPadding(padded, len(message))})
}

func planChain(c *calls, t *vectors.Test) ([]Call, error) {
	var in struct {
		Client    vectors.Key `json:"client_session_key"`
		Server    vectors.Key `json:"server_session_key"`
		Secret    vectors.Hex `json:"dh_secret"`
		SessionID vectors.Hex `json:"session_id"`
		Initial   vectors.Hex `json:"initial_chain_key"`
		Step      int         `json:"step"`
	}
	var out struct {
		Next   vectors.Hex `json:"next_chain_key"`
		Nonce  vectors.Hex `json:"nonce"`
		Secret vectors.Hex `json:"secretbox_key"`
	}
	if err := decodeBoth(t, &in, &out); err != nil {
		return nil, err
	}
	c.agreement(in.Client, in.Server, in.Secret)
	first := "relay_chain_key"
	if strings.HasPrefix(t.ID, "chain/second key/") {
		first = "client_chain_key"
	}
	c.expect("block_chains", fields{"secret": in.Secret, "session_id": in.SessionID, first: in.Initial})
	c.expect("block_key", fields{
		"chain_key": in.Initial, "number": in.Step, "block_secret": out.Secret, "block_nonce": out.Nonce, "next_chain_key": out.Next,
	})
	return c.done()
}

// agreement adds the calls for two X25519 key pairs and their secret, which both sides get.
func (c *calls) agreement(one, other vectors.Key, secret vectors.Hex) {
	c.pair(one)
	c.pair(other)
	c.expect("agree", fields{"private_key": one.PrivateDER, "public_key": other.PublicDER, "secret": secret})
	c.expect("agree", fields{"private_key": other.PrivateDER, "public_key": one.PublicDER, "secret": secret})
}

// senders are the sides as the source calls them.
var senders = map[string]string{"server": "relay", "client": "client"}

// blockSenders says who sent each block of the connection that the group "encrypted" is
// about. A test alone does not tell how many blocks its sender had sent before. Block 4
// is not in the file: block 6 opens with the key that follows if the relay sent it.
var blockSenders = []string{"client", "server", "client", "client", "server", "server", "server"}

// sendersOf returns the senders of the connection's blocks in order: those that are known
// whatever the file holds, and then those of further blocks in the group.
func sendersOf(g *vectors.Group) ([]string, error) {
	further := map[int]string{}
	for i := range g.Tests {
		var in struct {
			Order  int    `json:"order"`
			Sender string `json:"sender"`
		}
		if err := json.Unmarshal(g.Tests[i].Inputs, &in); err != nil {
			return nil, err
		}
		further[in.Order] = in.Sender
	}
	all := slices.Clone(blockSenders)
	for further[len(all)] != "" {
		all = append(all, further[len(all)])
	}
	return all, nil
}

func planEncrypted(c *calls, g *vectors.Group, t *vectors.Test) ([]Call, error) {
	var in struct {
		Content   vectors.Hex `json:"content"`
		Secret    vectors.Hex `json:"dh_secret"`
		Order     int         `json:"order"`
		Sender    string      `json:"sender"`
		SessionID vectors.Hex `json:"session_id"`
	}
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	known, err := sendersOf(g)
	if err != nil {
		return nil, err
	}
	if in.Order < 0 || in.Order >= len(known) || known[in.Order] != in.Sender {
		return nil, fmt.Errorf("block %d of the connection is not known to be by %q", in.Order, in.Sender)
	}
	number := 0
	for _, sender := range known[:in.Order] {
		if sender == in.Sender {
			number++
		}
	}
	given := fields{
		"secret": in.Secret, "session_id": in.SessionID, "sender": senders[in.Sender], "number": number,
		"content": in.Content, "block_size": officialBlock,
	}
	if t.Invalid() {
		c.refuse("seal_block", "TooLong", given)
		return c.done()
	}
	given["block"] = json.RawMessage(t.Output)
	c.expect("seal_block", given)
	c.expect("open_block", given)
	return c.done()
}

func planPlain(c *calls, t *vectors.Test) ([]Call, error) {
	var in struct {
		Content vectors.Hex `json:"content"`
	}
	var out struct {
		First  vectors.Hex `json:"first_16"`
		Last   vectors.Hex `json:"last_16"`
		Len    int         `json:"len"`
		SHA256 vectors.Hex `json:"sha256"`
	}
	if err := decodeBoth(t, &in, &out); err != nil {
		return nil, err
	}
	c.expect("digest_padded", fields{
		"message": in.Content, "length": officialBlock, "ends": 16,
		"padded_length": out.Len, "padded_sha256": out.SHA256, "first": out.First, "last": out.Last,
	})
	return c.done()
}

func planReceivedBlock(c *calls, t *vectors.Test) ([]Call, error) {
	var in struct {
		Secret    vectors.Hex `json:"dh_secret"`
		Encrypted bool        `json:"encrypted"`
		Raw       vectors.Hex `json:"raw"`
		SessionID vectors.Hex `json:"session_id"`
	}
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	given := fields{"block": in.Raw, "block_size": officialBlock}
	operation := "open_plain_block"
	if in.Encrypted {
		operation = "open_block"
		given = with(given, fields{"secret": in.Secret, "session_id": in.SessionID, "sender": "relay", "number": 0})
	}
	if t.Invalid() {
		c.refuse(operation, "", given)
		return c.done()
	}
	var content vectors.Hex
	if err := t.Output.Decode(&content); err != nil {
		return nil, err
	}
	given["content"] = content
	if in.Encrypted {
		c.expect("seal_block", given)
	} else {
		given["padding"] = uniformPadding(in.Raw, len(content))
	}
	c.expect(operation, given)
	return c.done()
}

package recorded_test

import (
	"bytes"
	"errors"
	"fmt"

	"smpcheck/reference/agent/message"
)

// content follows a message that an end sends: its encoding, its padding, its number and
// the hash of the one before.
func (w *walk) content(e *end, encoded []byte, padded int) error {
	w.opened[contents]++
	m, err := decodeContent(encoded)
	if err != nil {
		return err
	}
	header, length := e.out.Next(), message.PaddedConnInfo(e.AgentVersion, e.PQ)
	if numbered, ok := m.(message.AgentMessage); ok {
		length = message.PaddedMessage(e.AgentVersion, e.PQ)
		if err := sameHeader(numbered.Header, header); err != nil {
			return err
		}
	}
	e.out.Advance(header.ID, encoded)
	e.hashes[header.ID] = e.out.Hash
	return expect(padded == length, "padded to %d bytes, expected %d", padded, length)
}

func sameHeader(got, want message.Header) error {
	return expect(got.ID == want.ID && bytes.Equal(got.PreviousHash, want.PreviousHash), "message %d does not follow the one before", got.ID)
}

// decodeContent decodes what the ratchet decrypted and encodes it again.
func decodeContent(encoded []byte) (message.Message, error) {
	m, err := message.DecodeMessage(encoded)
	if err != nil {
		return nil, err
	}
	again, err := message.EncodeMessage(m)
	return m, remade(again, encoded, err)
}

// arrived follows a message that an end received.
func (w *walk) arrived(e *end, encoded []byte) error {
	w.opened[contents]++
	m, err := decodeContent(encoded)
	if err != nil {
		return err
	}
	from := e.peer.Client
	switch m := m.(type) {
	case message.AgentConnInfo:
		w.say(from, "info", m.Info)
	case message.AgentConnInfoReply:
		if err := sameQueue(m.Queues[0].QueueAddress, e.peer); err != nil {
			return err
		}
		w.say(from, "info", m.Info)
	case message.AgentMessage:
		if verdict := e.in.Check(m.Header).Verdict; verdict != message.OK {
			return fmt.Errorf("message %d: %v", m.Header.ID, verdict)
		}
		if err := w.read(e, m.Body); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%T is not for a ratchet", m)
	}
	e.in.Advance(e.in.Next().ID, encoded)
	return nil
}

// read follows the body of a numbered message: a receipt has to name a message that this
// end sent.
func (w *walk) read(e *end, m message.AMessage) error {
	switch m := m.(type) {
	case message.A_MSG:
		w.say(e.peer.Client, "message", m.Body)
	case message.A_RCVD:
		for _, r := range m.Receipts {
			if hash, ok := e.hashes[r.ID]; !ok || !bytes.Equal(hash, r.Hash) {
				return errors.New("a receipt for a message that was not sent")
			}
			w.say(e.peer.Client, "receipt", fmt.Appendf(nil, "%d", r.ID))
		}
	default:
		w.say(e.peer.Client, m.Tag(), nil)
	}
	return nil
}

func (w *walk) say(who, kind string, text []byte) {
	w.said = append(w.said, who+" "+kind+" "+string(text))
}

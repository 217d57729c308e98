package message

import (
	"fmt"

	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/wire"
)

// Envelope is the body of the SMP client message between agents, as the queue's own
// encryption protects it. Agent protocol, "Communication between SMP agents",
// decryptedSMPClientMessage.
type Envelope struct {
	// Version is the agent version of the sender. The form of the content is the same at
	// every version.
	Version uint16
	Content Content
}

// Content is AgentConfirmation, AgentMsgEnvelope, AgentInvitation or AgentRatchetKey.
type Content interface {
	// Tag is the letter that follows the version.
	Tag() string
	put(*wire.Writer)
}

// AgentConfirmation confirms a queue and starts the ratchet.
type AgentConfirmation struct {
	// Parameters are the ratchet parameters of the accepting party, which may accept the
	// KEM key of the invitation; nil in the confirmation of the initiating party.
	Parameters *ratchet.Parameters
	// Encrypted is an AgentConnInfo or AgentConnInfoReply, padded to PaddedConnInfo and
	// encrypted by the ratchet.
	Encrypted []byte
}

// AgentMsgEnvelope carries a numbered message.
type AgentMsgEnvelope struct {
	// Encrypted is an AgentMessage, padded to PaddedMessage and encrypted by the ratchet.
	// The decoder accepts it empty, as the official agent does.
	Encrypted []byte
}

// AgentInvitation asks the owner of a contact address for a connection. The encryption
// of the queue is the only one.
type AgentInvitation struct {
	// Request is the invitation that the owner of the address may accept. On the wire it
	// is a full link; the scheme of a link that is decoded is not kept.
	Request link.Connection
	// Info is the application's, such as a profile.
	Info []byte
}

// AgentRatchetKey begins or answers the negotiation of a new ratchet. The encryption of
// the queue is the only one.
type AgentRatchetKey struct {
	// Parameters are for the new ratchet; they may propose a KEM key but accept none.
	Parameters ratchet.Parameters
	// Info is an encoded AgentRatchetInfo.
	Info []byte
}

// Tag returns "C".
func (AgentConfirmation) Tag() string { return "C" }

// Tag returns "M".
func (AgentMsgEnvelope) Tag() string { return "M" }

// Tag returns "I".
func (AgentInvitation) Tag() string { return "I" }

// Tag returns "R".
func (AgentRatchetKey) Tag() string { return "R" }

func (c AgentConfirmation) put(w *wire.Writer) {
	w.Maybe(c.Parameters != nil)
	if c.Parameters != nil {
		c.Parameters.Put(w)
	}
	w.Raw(c.Encrypted)
}

func (c AgentMsgEnvelope) put(w *wire.Writer) { w.Raw(c.Encrypted) }

func (c AgentInvitation) put(w *wire.Writer) {
	if err := requireInvitation(c.Request); err != nil {
		w.Fail(err)
		return
	}
	w.Large([]byte(c.Request.Text()))
	w.Raw(c.Info)
}

func (c AgentRatchetKey) put(w *wire.Writer) {
	if err := c.Parameters.RequireProposal(); err != nil {
		w.Fail(err)
	}
	c.Parameters.Put(w)
	w.Raw(c.Info)
}

// requireInvitation refuses what is no complete invitation.
func requireInvitation(c link.Connection) error {
	switch {
	case c.Mode != link.Invitation || c.Ratchet == nil:
		return fmt.Errorf("%w: %v, with ratchet parameters: %t, expected an invitation", link.ErrMode, c.Mode, c.Ratchet != nil)
	case len(c.Queues) == 0:
		return link.ErrNoQueues
	}
	return c.Ratchet.Check()
}

var contents = []tagged[Content]{
	{"C", func(r *wire.Reader) Content { return readConfirmation(r) }},
	{"M", func(r *wire.Reader) Content { return AgentMsgEnvelope{Encrypted: r.Rest()} }},
	{"I", func(r *wire.Reader) Content { return AgentInvitation{Request: readInvitation(r), Info: r.Rest()} }},
	{"R", func(r *wire.Reader) Content { return AgentRatchetKey{Parameters: readProposal(r), Info: r.Rest()} }},
}

func readConfirmation(r *wire.Reader) AgentConfirmation {
	var c AgentConfirmation
	if r.Maybe() {
		parameters := ratchet.ReadParameters(r)
		c.Parameters = &parameters
	}
	c.Encrypted = r.Rest()
	return c
}

// readInvitation reads the text of a full link that is an invitation.
func readInvitation(r *wire.Reader) link.Connection {
	text := r.Large()
	if r.Err() != nil {
		return link.Connection{}
	}
	c, err := link.ParseConnection(string(text))
	if err == nil {
		err = requireInvitation(c)
	}
	if err != nil {
		r.Fail(err)
		return link.Connection{}
	}
	return c
}

// readProposal reads ratchet parameters that accept no KEM key.
func readProposal(r *wire.Reader) ratchet.Parameters {
	p := ratchet.ReadParameters(r)
	if err := p.RequireProposal(); err != nil {
		r.Fail(err)
	}
	return p
}

// Encode returns the encoding of e. It fails if there is no content, if the ratchet
// parameters are malformed or their KEM state does not belong in the content
// (ratchet.ErrKEMState), or if Request is no invitation (link.ErrMode) or its text is
// longer than 65535 bytes.
func (e Envelope) Encode() ([]byte, error) {
	if e.Content == nil {
		return nil, fmt.Errorf("%w: envelope without content", ErrNoContent)
	}
	w := wire.NewWriter(nil)
	w.Uint16(e.Version)
	w.String(e.Content.Tag())
	e.Content.put(w)
	return w.Bytes()
}

// DecodeEnvelope decodes the whole of b; every error has ErrEnvelope in its chain. The
// result aliases b.
func DecodeEnvelope(b []byte) (Envelope, error) {
	r := wire.NewReader(b)
	e := Envelope{Version: r.Uint16()}
	e.Content = readTagged(r, contents, "an envelope")
	if err := r.Close(); err != nil {
		return Envelope{}, fmt.Errorf("%w: %w", ErrEnvelope, err)
	}
	return e, nil
}

package codec

import (
	"encoding/json"
	"errors"

	agentmsg "smpcheck/reference/agent/message"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/vectors"
)

// agent are the operations on what two agents write to each other.
var agent = area{
	operations: map[string]handler{
		"encode_agent_envelope": operation(encodeAgentEnvelope),
		"decode_agent_envelope": operation(decodeAgentEnvelope),
		"recode_agent_envelope": operation(recodeAgentEnvelope),
		"encode_agent_message":  operation(encodeAgentMessage),
		"decode_agent_message":  operation(decodeAgentMessage),
		"recode_agent_message":  operation(recodeAgentMessage),
		"encode_a_message":      operation(encodeAMessage),
		"decode_a_message":      operation(decodeAMessage),
		"encode_reply":          operation(encodeReply),
		"decode_reply":          operation(decodeReply),
		"encode_reply_queue":    operation(encodeReplyQueue),
		"decode_reply_queue":    operation(decodeReplyQueue),
		"recode_reply_queue":    operation(recodeReplyQueue),
		"chain_agent_messages":  operation(chainAgentMessages),
		"check_agent_message":   operation(checkAgentMessage),
		"agent_padding":         operation(agentPadding),
		"pad_agent_message":     operation(padAgentMessage),
	},
	classes: []class{
		{errNotAnInvitation, "NotAnInvitation"},
		{errOtherMessage, "OtherMessage"},
	},
}

var (
	// errNotAnInvitation is in the place of all that can be wrong with a link in an
	// envelope: the classes of links tell more.
	errNotAnInvitation = errors.New("the text is no invitation")
	// errOtherMessage: a well-formed message is not what the operation is about.
	errOtherMessage = errors.New("the message has another form")
)

// envelopeFault puts errNotAnInvitation in the place of an error about a link.
func envelopeFault(err error) error {
	for _, known := range []error{link.ErrConnection, link.ErrMode, link.ErrNoQueues} {
		if errors.Is(err, known) {
			return errNotAnInvitation
		}
	}
	return err
}

// formType is what the JSON forms of this area have in common.
type formType struct {
	Type string `json:"type"`
}

// shown returns the JSON form of a value with the given name of its type.
func shown[T any](forms map[string]jsonForm[T], name string, value T) any {
	return forms[name].show(0, value)
}

// parsed reads a JSON form.
func parsed[T any](forms map[string]jsonForm[T], text json.RawMessage) (value T, err error) {
	form, err := jsonFormFor(forms, "type", text)
	if err != nil {
		return value, err
	}
	return form.parse(0, text)
}

// nested reads a JSON form within another.
func nested[T any](p *formParser, forms map[string]jsonForm[T], text json.RawMessage) T {
	value, err := parsed(forms, text)
	if err != nil {
		p.fail(err)
	}
	return value
}

type recodedForm struct {
	Recoded vectors.Hex `json:"recoded"`
}

type agentEnvelope struct {
	Version uint16          `json:"agent_version"`
	Content json.RawMessage `json:"content"`
}

type agentEnvelopeParts struct {
	Version uint16 `json:"agent_version"`
	Content any    `json:"content"`
}

func encodeAgentEnvelope(in agentEnvelope) (encoded, error) {
	content, err := parsed(contentForms, in.Content)
	if err != nil {
		return encoded{}, envelopeFault(err)
	}
	b, err := agentmsg.Envelope{Version: in.Version, Content: content}.Encode()
	return encoded{b}, envelopeFault(err)
}

func decodeAgentEnvelope(in encoded) (agentEnvelopeParts, error) {
	e, err := agentmsg.DecodeEnvelope(in.Encoded)
	if err != nil {
		return agentEnvelopeParts{}, envelopeFault(err)
	}
	return agentEnvelopeParts{e.Version, shown(contentForms, contentNames[e.Content.Tag()], e.Content)}, nil
}

func recodeAgentEnvelope(in encoded) (recodedForm, error) {
	e, err := agentmsg.DecodeEnvelope(in.Encoded)
	if err != nil {
		return recodedForm{}, envelopeFault(err)
	}
	b, err := e.Encode()
	return recodedForm{b}, err
}

const (
	confirmationType = "AgentConfirmation"
	envelopeType     = "AgentMsgEnvelope"
	invitationType   = "AgentInvitation"
	ratchetKeyType   = "AgentRatchetKey"
)

// contentNames are the names of contents by their tags.
var contentNames = map[string]string{
	agentmsg.AgentConfirmation{}.Tag(): confirmationType, agentmsg.AgentMsgEnvelope{}.Tag(): envelopeType,
	agentmsg.AgentInvitation{}.Tag(): invitationType, agentmsg.AgentRatchetKey{}.Tag(): ratchetKeyType,
}

var contentForms = map[string]jsonForm[agentmsg.Content]{
	confirmationType: jsonFormOf[agentmsg.Content](parseConfirmation, showConfirmation),
	envelopeType:     jsonFormOf[agentmsg.Content](parseMsgEnvelope, showMsgEnvelope),
	invitationType:   jsonFormOf[agentmsg.Content](parseInvitation, showInvitation),
	ratchetKeyType:   jsonFormOf[agentmsg.Content](parseRatchetKey, showRatchetKey),
}

type confirmationForm struct {
	formType
	Parameters *vectors.Hex `json:"parameters"`
	Encrypted  vectors.Hex  `json:"encrypted"`
}

func (p *formParser) parameters(b []byte) ratchet.Parameters {
	parameters, err := ratchet.DecodeParameters(b)
	if err != nil {
		p.fail(err)
	}
	return parameters
}

// parameterBytes returns the binary form of parameters that were decoded or checked.
func parameterBytes(parameters ratchet.Parameters) vectors.Hex {
	b, _ := parameters.Encode() // cannot fail: what was decoded passes the check
	return b
}

func parseConfirmation(p *formParser, f confirmationForm) agentmsg.AgentConfirmation {
	c := agentmsg.AgentConfirmation{Encrypted: f.Encrypted}
	if f.Parameters != nil {
		parameters := p.parameters(*f.Parameters)
		c.Parameters = &parameters
	}
	return c
}

func showConfirmation(_ uint16, c agentmsg.AgentConfirmation) confirmationForm {
	f := confirmationForm{formType: formType{confirmationType}, Encrypted: c.Encrypted}
	if c.Parameters != nil {
		parameters := parameterBytes(*c.Parameters)
		f.Parameters = &parameters
	}
	return f
}

type msgEnvelopeForm struct {
	formType
	Encrypted vectors.Hex `json:"encrypted"`
}

func parseMsgEnvelope(_ *formParser, f msgEnvelopeForm) agentmsg.AgentMsgEnvelope {
	return agentmsg.AgentMsgEnvelope{Encrypted: f.Encrypted}
}

func showMsgEnvelope(_ uint16, c agentmsg.AgentMsgEnvelope) msgEnvelopeForm {
	return msgEnvelopeForm{formType{envelopeType}, c.Encrypted}
}

type invitationForm struct {
	formType
	Request string      `json:"request"`
	Info    vectors.Hex `json:"info"`
}

func parseInvitation(p *formParser, f invitationForm) agentmsg.AgentInvitation {
	request, err := link.ParseConnection(f.Request)
	if err != nil {
		p.fail(err)
	}
	return agentmsg.AgentInvitation{Request: request, Info: f.Info}
}

func showInvitation(_ uint16, c agentmsg.AgentInvitation) invitationForm {
	return invitationForm{formType{invitationType}, c.Request.Text(), c.Info}
}

type ratchetKeyForm struct {
	formType
	Parameters vectors.Hex `json:"parameters"`
	Info       vectors.Hex `json:"info"`
}

func parseRatchetKey(p *formParser, f ratchetKeyForm) agentmsg.AgentRatchetKey {
	return agentmsg.AgentRatchetKey{Parameters: p.parameters(f.Parameters), Info: f.Info}
}

func showRatchetKey(_ uint16, c agentmsg.AgentRatchetKey) ratchetKeyForm {
	return ratchetKeyForm{formType{ratchetKeyType}, parameterBytes(c.Parameters), c.Info}
}

package codec

import (
	"errors"

	"smpcheck/reference/ratchet"
	"smpcheck/vectors"
)

var conversations = area{operations: map[string]handler{
	"ratchet_conversation": operation(ratchetConversation),
	"ratchet_steps":        operation(ratchetSteps),
}}

type conversationStart struct {
	agreementSeeds
	JoiningMax    uint16             `json:"joining_max"`
	InitiatingMax uint16             `json:"initiating_max"`
	Support       bool               `json:"initiating_support"`
	Steps         []conversationStep `json:"steps"`
}

// conversationStep is what one side does.
type conversationStep struct {
	Who          string      `json:"who"`
	Do           string      `json:"do"`
	Content      vectors.Hex `json:"content"`
	PaddedLength int         `json:"padded_length"`
	PQ           *bool       `json:"pq"`
	Supported    uint16      `json:"supported"`
	Count        int         `json:"count"`
	Of           *int        `json:"message_of"`
	ChangedAt    *int        `json:"changed_at"`
	Length       *int        `json:"cut_to"`
	NewKeys      *newKeys    `json:"new_keys"`
}

// conversationResult is what comes of a step.
type conversationResult struct {
	Error   *string      `json:"error"`
	Message *vectors.Hex `json:"message"`
	Content *vectors.Hex `json:"content"`
	State   ratchetState `json:"state"`
}

type conversationResults struct {
	Results []conversationResult `json:"results"`
}

type conversationStates struct {
	Joining    ratchetState `json:"joining_state"`
	Initiating ratchetState `json:"initiating_state"`
}

type wholeConversation struct {
	initiatingParameters
	Joining vectors.Hex `json:"joining_parameters"`
	conversationStates
	conversationResults
}

func ratchetConversation(in conversationStart) (wholeConversation, error) {
	s, err := in.sides()
	if err != nil {
		return wholeConversation{}, err
	}
	joining, err := ratchet.InitSender(s.joiningKeys, s.joining, s.toJoining, in.JoiningMax)
	if err != nil {
		return wholeConversation{}, err
	}
	initiating, err := ratchet.InitReceiver(s.initiating, s.toInitiating, in.InitiatingMax, in.Support)
	if err != nil {
		return wholeConversation{}, err
	}
	states := conversationStates{ratchetState{joining}, ratchetState{initiating}}
	toJoining, err := s.toJoining.Encode()
	if err != nil {
		return wholeConversation{}, err
	}
	toInitiating, err := s.toInitiating.Encode()
	if err != nil {
		return wholeConversation{}, err
	}
	results, err := ratchetSteps(conversationSteps{states, in.Steps})
	return wholeConversation{initiatingParameters{toJoining}, toInitiating, states, results}, err
}

type conversationSteps struct {
	conversationStates
	Steps []conversationStep `json:"steps"`
}

func ratchetSteps(in conversationSteps) (conversationResults, error) {
	talk := conversation{states: map[string]ratchet.State{"joining": in.Joining.ratchet, "initiating": in.Initiating.ratchet}}
	out := conversationResults{Results: []conversationResult{}}
	for i, step := range in.Steps {
		result, err := talk.step(step)
		if err != nil {
			return out, badRequest("step %d: %w", i, err)
		}
		out.Results = append(out.Results, result)
	}
	return out, nil
}

// conversation is where two ratchets are.
type conversation struct {
	states   map[string]ratchet.State
	messages [][]byte // by step; nil for a step that made none
}

var (
	errStep    = errors.New("the step is unknown or incomplete")
	errNewKeys = errors.New("a ratchet step was made, and the step has no new keys")
)

// complete reports whether a step has the fields of what it does and no others.
func (s conversationStep) complete() bool {
	encrypt := len(s.Content) == 0 && s.PaddedLength == 0 && s.PQ == nil
	decrypt := s.Of == nil && s.ChangedAt == nil && s.Length == nil && s.NewKeys == nil
	switch s.Do {
	case "encrypt":
		return decrypt && s.Count == 0
	case "drop":
		return encrypt && decrypt
	case "decrypt":
		return encrypt && s.Count == 0 && s.Supported == 0 && s.Of != nil
	}
	return false
}

// step does a step. The error concerns its form; what the ratchet refuses is a result.
func (c *conversation) step(s conversationStep) (conversationResult, error) {
	before, known := c.states[s.Who]
	if !known || !s.complete() {
		return conversationResult{}, errStep
	}
	var (
		next             ratchet.State
		message, content []byte
		failure          error
	)
	switch s.Do {
	case "encrypt":
		message, next, failure = before.Encrypt(s.Content, s.PaddedLength, encryptOptions(s.PQ, s.Supported))
		c.messages = append(c.messages, message)
	case "drop":
		dropped, err := ratchetDrop(toDrop{stateInput{ratchetState{before}}, s.Count, s.Supported})
		if err != nil {
			return conversationResult{}, err
		}
		next = dropped.State.ratchet
		c.messages = append(c.messages, nil)
	case "decrypt":
		var err error
		if message, err = c.received(s); err != nil {
			return conversationResult{}, err
		}
		content, next, failure = before.Decrypt(s.keys(), message)
		if failure == nil && s.NewKeys == nil && string(next.DHSelf.Raw()) != string(before.DHSelf.Raw()) {
			return conversationResult{}, errNewKeys
		}
		c.messages = append(c.messages, nil)
	default:
		return conversationResult{}, errStep
	}
	if errors.Is(failure, errBadRequest) {
		return conversationResult{}, failure
	}
	c.states[s.Who] = next
	return resultOf(message, content, next, failure), nil
}

func resultOf(message, content []byte, next ratchet.State, failure error) conversationResult {
	r := conversationResult{State: ratchetState{next}}
	if message != nil {
		whole := vectors.Hex(message)
		r.Message = &whole
	}
	if failure != nil {
		class := ratchetClass(failure)
		r.Error = &class
	} else if content != nil {
		plain := vectors.Hex(content)
		r.Content = &plain
	}
	return r
}

// received is the message that a step decrypts, with the change that the step makes.
func (c *conversation) received(s conversationStep) ([]byte, error) {
	if *s.Of < 0 || *s.Of >= len(c.messages) || c.messages[*s.Of] == nil {
		return nil, errStep
	}
	message := append([]byte{}, c.messages[*s.Of]...)
	if s.ChangedAt != nil {
		if *s.ChangedAt < 0 || *s.ChangedAt >= len(message) {
			return nil, errStep
		}
		message[*s.ChangedAt] ^= 1
	}
	if s.Length != nil {
		if *s.Length < 0 || *s.Length > len(message) {
			return nil, errStep
		}
		message = message[:*s.Length]
	}
	return message, nil
}

// keys are the new keys of a step. A step that is refused has none: whatever keys are
// made before the refusal are dropped with the state.
func (s conversationStep) keys() ratchet.Keys {
	if s.NewKeys == nil {
		return ratchet.NewKeys(seeded([]byte("keys that are dropped")))
	}
	return &givenKeys{s.NewKeys}
}

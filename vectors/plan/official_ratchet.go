package plan

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"smpcheck/vectors"
)

// ratchetSupported is the highest ratchet version of the source, which it announces.
const ratchetSupported = 3

// ratchetErrors are the classes of the errors in steps, by the first word of their names.
var ratchetErrors = map[string]string{
	"AESDecryptError":           "RefusedBody",
	"CERatchetDuplicateMessage": "DuplicateMessage",
	"CERatchetEarlierMessage":   "EarlierMessage",
	"CERatchetHeader":           "RefusedHeader",
	"CERatchetKEMState":         "KemState",
	"CERatchetState":            "NoSendingChain",
	"CERatchetTooManySkipped":   "TooManySkipped",
	"CryptoHeaderError":         "MalformedMessage",
	"CryptoLargeMsgError":       "TooLong",
}

// ratchetStep is a step of a recorded conversation.
type ratchetStep struct {
	ID             string                     `json:"id"`
	Note           string                     `json:"note"`
	Who            string                     `json:"who"`
	Operation      string                     `json:"op"`
	Content        *string                    `json:"plaintext"`
	PaddedLength   int                        `json:"padded_len"`
	PQ             *bool                      `json:"pq"`
	Count          int                        `json:"count"`
	Message        *string                    `json:"message"`
	Error          string                     `json:"error"`
	StateUnchanged *bool                      `json:"state_unchanged"`
	StateAdvanced  *bool                      `json:"state_advanced"`
	State          map[string]json.RawMessage `json:"state_after"`
	Skipped        []skippedRecord            `json:"skipped_after"`
}

// skippedRecord is the key of a skipped message in a record.
type skippedRecord struct {
	HeaderKey string      `json:"header_key"`
	KeyIV     vectors.Hex `json:"message_key_iv"` // key and IV, each with its length before it
	Number    uint32      `json:"message_number"`
}

// planRatchet follows a conversation: each step begins with the state that the record
// gives after the step of the same side before.
func planRatchet(b builder, _ *vectors.Group, t *vectors.Test) ([]Call, error) {
	var in struct {
		Initial ratchetAgreement `json:"initial"`
	}
	var out struct {
		Rcv   json.RawMessage `json:"initial_state_rcv"`
		Snd   json.RawMessage `json:"initial_state_snd"`
		Steps []ratchetStep   `json:"steps"`
	}
	if err := decodeBoth(t, &in, &out); err != nil {
		return nil, err
	}
	a := in.Initial
	if err := a.check(); err != nil {
		return nil, err
	}
	c := &ratchetCalls{b: b}
	c.keyPairs(a)
	toJoining, err := a.initiatingBytes()
	if err != nil {
		return nil, err
	}
	toInitiating, err := a.joiningBytes()
	if err != nil {
		return nil, err
	}
	c.start(a, toJoining, toInitiating, started{out.Snd, out.Rcv})
	states := map[string]fields{}
	for who, text := range map[string]json.RawMessage{"snd": out.Snd, "rcv": out.Rcv} {
		var state map[string]json.RawMessage
		if err := json.Unmarshal(text, &state); err != nil {
			return nil, err
		}
		states[who] = withSkipped(state, nil)
	}
	for i, s := range out.Steps {
		before, known := states[s.Who]
		if !known {
			return nil, fmt.Errorf("step %d is of %q, who is nobody", i, s.Who)
		}
		after, err := c.step(s, before)
		if err != nil {
			return nil, fmt.Errorf("step %d: %w", i, err)
		}
		states[s.Who] = after
	}
	return c.calls, c.err
}

// step makes the calls of a step and returns the state after it.
func (c *ratchetCalls) step(s ratchetStep, before fields) (after fields, err error) {
	after = before
	if s.State != nil {
		skipped, err := skippedFields(s.Skipped)
		if err != nil {
			return nil, err
		}
		after = withSkipped(s.State, skipped)
	}
	all := fields{
		"state": before, "state_after": after, "content": s.Content, "padded_length": s.PaddedLength, "pq": s.PQ,
		"supported": ratchetSupported, "count": s.Count, "message": s.Message, "new_keys": nil,
	}
	if s.State != nil {
		all["new_keys"] = fields{"dh_private": s.State["dh_self_private"], "kem": s.State["kem"]}
	}
	operation, known := map[string]string{
		"encrypt": "ratchet_encrypt", "encrypt_and_drop": "ratchet_drop", "decrypt": "ratchet_decrypt",
	}[s.Operation]
	switch {
	case !known:
		return nil, fmt.Errorf("the operation %q is unknown", s.Operation)
	case s.Error != "":
		return after, c.refusal(s, operation, all)
	case s.State == nil:
		return nil, fmt.Errorf("there is no state after it")
	}
	c.expect(operation, all)
	switch operation {
	case "ratchet_encrypt":
		c.envelope(*s.Message)
	case "ratchet_decrypt":
		return after, c.madeKEM(s.State["kem"])
	}
	return after, nil
}

// madeKEM checks that the parts of a KEM key pair in a state belong together.
func (c *ratchetCalls) madeKEM(state json.RawMessage) error {
	var kem *struct {
		Self ratchetKEM `json:"self"`
	}
	if err := json.Unmarshal(state, &kem); err != nil || kem == nil {
		return err
	}
	c.expect("sntrup761_key_pair", fields{"secret": kem.Self.Secret, "public": kem.Self.Public})
	return nil
}

// envelope takes a message apart, which its parts have to make again.
func (c *ratchetCalls) envelope(message string) {
	b, err := hex.DecodeString(message)
	var parts fields
	if err == nil {
		parts, err = messageFields(b)
	}
	if err != nil {
		c.err = cmp.Or(c.err, err)
		return
	}
	parts["message"] = message
	c.expect("decode_ratchet_message", parts)
	c.expect("encode_ratchet_message", parts)
}

// refusal makes the calls of a step that fails: what any codec does, and how the official
// implementation goes on.
func (c *ratchetCalls) refusal(s ratchetStep, operation string, all fields) error {
	name, _, _ := strings.Cut(s.Error, " ")
	class, known := ratchetErrors[name]
	if !known {
		return fmt.Errorf("the error %q is unknown", s.Error)
	}
	c.refuse(operation, class, all)
	if operation != "ratchet_decrypt" {
		return nil
	}
	if (s.StateUnchanged == nil) == (s.StateAdvanced == nil) || (s.State == nil) != (s.StateAdvanced == nil) {
		return fmt.Errorf("it is not clear what becomes of the state")
	}
	outcome := fields{"error": class, "behind_header": s.StateAdvanced != nil, "official_advanced": false, "official_state": all["state_after"]}
	if s.StateAdvanced != nil {
		outcome["official_advanced"] = *s.StateAdvanced
	} else {
		outcome["behind_header"] = !*s.StateUnchanged
	}
	c.expect("ratchet_refusal", withFields(all, outcome))
	return nil
}

// withSkipped returns a recorded state with keys of skipped messages.
func withSkipped(state map[string]json.RawMessage, skipped []fields) fields {
	all := fields{"skipped": append([]fields{}, skipped...)}
	for name, value := range state {
		all[name] = value
	}
	return all
}

// skippedFields returns keys of skipped messages in the order that the operations have.
func skippedFields(records []skippedRecord) ([]fields, error) {
	records = slices.Clone(records)
	slices.SortFunc(records, func(a, b skippedRecord) int {
		return cmp.Or(strings.Compare(a.HeaderKey, b.HeaderKey), cmp.Compare(a.Number, b.Number))
	})
	all := make([]fields, len(records))
	for i, r := range records {
		if len(r.KeyIV) != 1+32+1+16 || r.KeyIV[0] != 32 || r.KeyIV[33] != 16 {
			return nil, fmt.Errorf("the skipped key %d is not a key and an IV", r.Number)
		}
		all[i] = fields{"header_key": r.HeaderKey, "number": r.Number, "message_key": r.KeyIV[1:33], "message_iv": r.KeyIV[34:]}
	}
	return all, nil
}

func planRatchetRecorded(b builder, g *vectors.Group, t *vectors.Test) ([]Call, error) {
	c := &ratchetCalls{b: b}
	var err error
	switch g.Name {
	case "encrypt":
		err = c.recordedEncrypt(t)
	case "decrypt":
		err = c.recordedDecrypt(t)
	default:
		return nil, ErrNoPlan
	}
	if err != nil {
		return nil, err
	}
	return c.calls, c.err
}

func (c *ratchetCalls) recordedEncrypt(t *vectors.Test) error {
	var in struct {
		PaddedLength int                        `json:"padded_len"`
		Content      string                     `json:"plaintext"`
		PQ           *bool                      `json:"pq"`
		State        map[string]json.RawMessage `json:"state"`
	}
	var out struct {
		Header    string `json:"enc_header"`
		MessageIV string `json:"message_iv"`
		Key       string `json:"message_key"`
		Digest    string `json:"message_sha256"`
	}
	if err := decodeBoth(t, &in, &out); err != nil {
		return err
	}
	c.expect("ratchet_encrypt_digest", fields{
		"state": withSkipped(in.State, nil), "content": in.Content, "padded_length": in.PaddedLength, "pq": in.PQ, "supported": ratchetSupported,
		"encrypted_header": out.Header, "message_key": out.Key, "message_iv": out.MessageIV, "message_sha256": out.Digest,
	})
	return nil
}

func (c *ratchetCalls) recordedDecrypt(t *vectors.Test) error {
	var in struct {
		Message string                     `json:"message"`
		State   map[string]json.RawMessage `json:"state"`
	}
	var out struct {
		Content string                     `json:"plaintext"`
		State   map[string]json.RawMessage `json:"state_after"`
	}
	if err := decodeBoth(t, &in, &out); err != nil {
		return err
	}
	c.expect("ratchet_decrypt", fields{
		"state": withSkipped(in.State, nil), "message": in.Message, "content": out.Content, "state_after": withSkipped(out.State, nil),
		"new_keys": fields{"dh_private": out.State["dh_self_private"], "kem": out.State["kem"]},
	})
	return c.madeKEM(out.State["kem"])
}

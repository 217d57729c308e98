package codec

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"smpcheck/reference/ratchet"
	"smpcheck/vectors"
)

// kemPair is a key pair of the KEM.
type kemPair struct {
	Public vectors.Hex `json:"public"`
	Secret vectors.Hex `json:"secret"`
}

func (p kemPair) pair() ratchet.KEMKeyPair {
	return ratchet.KEMKeyPair{Public: p.Public, Secret: ratchet.Secret(p.Secret)}
}

// kemAccepted is a shared secret that was encapsulated for a received key.
type kemAccepted struct {
	Ciphertext     vectors.Hex `json:"ciphertext"`
	ReceivedPublic vectors.Hex `json:"received_public"`
	Shared         vectors.Hex `json:"shared"`
}

// kemState is the state of the KEM of one side.
type kemState struct {
	Self     kemPair      `json:"self"`
	Accepted *kemAccepted `json:"accepted"`
}

func (s *kemState) kem() (*ratchet.KEM, error) {
	if s == nil {
		return nil, nil
	}
	k := &ratchet.KEM{Self: s.Self.pair()}
	if s.Accepted == nil {
		return k, nil
	}
	shared, err := ratchetKey(s.Accepted.Shared)
	k.Accepted = &ratchet.KEMAccepted{ReceivedPublic: s.Accepted.ReceivedPublic, Shared: shared, Ciphertext: s.Accepted.Ciphertext}
	return k, err
}

func kemStateOf(k *ratchet.KEM) *kemState {
	if k == nil {
		return nil
	}
	s := &kemState{Self: kemPair{k.Self.Public, vectors.Hex(k.Self.Secret)}}
	if a := k.Accepted; a != nil {
		s.Accepted = &kemAccepted{a.Ciphertext, a.ReceivedPublic, a.Shared[:]}
	}
	return s
}

// kemParameters are what one side sends of the KEM.
type kemParameters struct {
	PublicKey  vectors.Hex  `json:"public_key"`
	Ciphertext *vectors.Hex `json:"ciphertext"`
}

func (p *kemParameters) parameters() *ratchet.KEMParameters {
	if p == nil {
		return nil
	}
	k := &ratchet.KEMParameters{PublicKey: p.PublicKey}
	if p.Ciphertext != nil {
		k.Ciphertext = append([]byte{}, *p.Ciphertext...)
	}
	return k
}

func kemParametersOf(k *ratchet.KEMParameters) *kemParameters {
	if k == nil {
		return nil
	}
	p := &kemParameters{PublicKey: k.PublicKey}
	if k.Accepted() {
		ciphertext := vectors.Hex(k.Ciphertext)
		p.Ciphertext = &ciphertext
	}
	return p
}

// skippedKey is the key of a message that has not come yet.
type skippedKey struct {
	HeaderKey  vectors.Hex `json:"header_key"`
	Number     uint32      `json:"number"`
	MessageKey vectors.Hex `json:"message_key"`
	MessageIV  vectors.Hex `json:"message_iv"`
}

// ratchetState is a state in the form of the vectors: that in which the reference
// implementation stores it, with the public ratchet key and a plain list of skipped keys.
type ratchetState struct{ ratchet ratchet.State }

// UnmarshalJSON reads the form of the vectors.
func (s *ratchetState) UnmarshalJSON(text []byte) error {
	var record map[string]json.RawMessage
	if err := json.Unmarshal(text, &record); err != nil {
		return err
	}
	var public vectors.Hex
	if err := json.Unmarshal(record["dh_self_public"], &public); err != nil {
		return fmt.Errorf("dh_self_public: %w", err)
	}
	var skipped []skippedKey
	if err := json.Unmarshal(record["skipped"], &skipped); err != nil {
		return fmt.Errorf("skipped: %w", err)
	}
	chains, err := skippedChains(skipped)
	if err != nil {
		return err
	}
	delete(record, "dh_self_public")
	if record["skipped"], err = json.Marshal(chains); err != nil {
		return err
	}
	stored, err := json.Marshal(record)
	if err != nil {
		return err
	}
	var state ratchet.State
	if err := json.Unmarshal(stored, &state); err != nil {
		return err
	}
	if !bytes.Equal(public, state.DHSelf.Public().Raw()) {
		return fmt.Errorf("%w: public and private ratchet key", ratchet.ErrState)
	}
	if k := state.KEM; k != nil {
		public, err := kemPublicOf(k.Self.Secret)
		if err != nil || !bytes.Equal(public, k.Self.Public) {
			return fmt.Errorf("%w: public and secret KEM key", ratchet.ErrState)
		}
	}
	s.ratchet = state
	return nil
}

// skippedChains sorts keys of skipped messages into their chains.
func skippedChains(skipped []skippedKey) ([]ratchet.SkippedChain, error) {
	var chains []ratchet.SkippedChain
	for _, s := range skipped {
		header, err := ratchetKey(s.HeaderKey)
		if err != nil {
			return nil, err
		}
		message, err := messageKey(s.MessageKey, s.MessageIV)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(chains, func(c ratchet.SkippedChain) bool { return c.HeaderKey == header })
		if at < 0 {
			at = len(chains)
			chains = append(chains, ratchet.SkippedChain{HeaderKey: header})
		}
		chains[at].Keys = append(chains[at].Keys, ratchet.SkippedKey{Number: s.Number, MessageKey: message})
	}
	return chains, nil
}

// MarshalJSON returns the form of the vectors. Skipped keys are in the order of their
// header keys, then numbers.
func (s ratchetState) MarshalJSON() ([]byte, error) {
	stored, err := json.Marshal(s.ratchet)
	if err != nil {
		return nil, err
	}
	var record map[string]any
	if err := json.Unmarshal(stored, &record); err != nil {
		return nil, err
	}
	skipped := []skippedKey{}
	for _, chain := range s.ratchet.Skipped {
		for _, k := range chain.Keys {
			skipped = append(skipped, skippedKey{chain.HeaderKey[:], k.Number, k.MessageKey.Key[:], k.MessageKey.IV[:]})
		}
	}
	slices.SortFunc(skipped, func(a, b skippedKey) int {
		return cmp.Or(bytes.Compare(a.HeaderKey, b.HeaderKey), cmp.Compare(a.Number, b.Number))
	})
	record["dh_self_public"] = vectors.Hex(s.ratchet.DHSelf.Public().Raw())
	record["skipped"] = skipped
	return json.Marshal(record)
}

// ratchetKey returns a key of 32 bytes.
func ratchetKey(b []byte) (k ratchet.Key, err error) {
	if len(b) != len(k) {
		return k, fmt.Errorf("%w: a key of %d bytes, expected %d", errRatchetLength, len(b), len(k))
	}
	copy(k[:], b)
	return k, nil
}

// optionalKey returns a key of 32 bytes, or nil for none.
func optionalKey(b *vectors.Hex) (*ratchet.Key, error) {
	if b == nil {
		return nil, nil
	}
	k, err := ratchetKey(*b)
	return &k, err
}

// ratchetIV returns an initialization vector of 16 bytes.
func ratchetIV(b []byte) (v ratchet.IV, err error) {
	if len(b) != len(v) {
		return v, fmt.Errorf("%w: an IV of %d bytes, expected %d", errRatchetLength, len(b), len(v))
	}
	copy(v[:], b)
	return v, nil
}

// messageKey returns the key of a message from its two parts.
func messageKey(key, iv []byte) (k ratchet.MessageKey, err error) {
	if k.Key, err = ratchetKey(key); err != nil {
		return k, err
	}
	k.IV, err = ratchetIV(iv)
	return k, err
}

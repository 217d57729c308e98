package plan

import (
	"encoding/json"
	"fmt"
	"strings"

	"smpcheck/vectors"
)

// unusedByRatchets is Unused for the kinds of the ratchet. X448 ignores three bits of a
// private key, and of a KEM key pair that is dropped only the public key was sent.
func unusedByRatchets(t *vectors.Test) []string {
	group, _, _ := strings.Cut(t.ID, "/")
	switch {
	case group == "x3dh":
		return unusedByAgreement(t)
	case strings.HasPrefix(t.ID, "kdf/root/"):
		return []string{"inputs.dh_private"}
	case group == "header":
		return unusedByHeader(t)
	case group == "encrypt":
		return unusedByEncryption(t)
	case group == "decrypt":
		return unusedByDecryption(t)
	}
	return unusedByConversation(t)
}

// unusedKeys are the keys of an agreement that are in no state, and the KEM key pair of
// the initiating side if it is dropped.
func unusedKeys(path string, a ratchetAgreement) []string {
	paths := []string{path + ".rcv_key1.private", path + ".snd_key1.private", path + ".snd_key2.private"}
	if a.Ciphertext == nil {
		paths = append(paths, path+".rcv_kem.secret")
	}
	return paths
}

// unusedByAgreement adds the highest version, which is an input that stands in the state
// alone: at version 2 both 2 and 3 can be.
func unusedByAgreement(t *vectors.Test) []string {
	var in struct {
		Params ratchetAgreement `json:"params"`
	}
	if json.Unmarshal(t.Inputs, &in) != nil {
		return nil
	}
	paths := unusedKeys("inputs.params", in.Params)
	if in.Params.Version < 3 {
		paths = append(paths, "output.ratchet_rcv.max_version", "output.ratchet_snd.max_version")
	}
	return paths
}

// unusedByHeader: version 2 has small headers whatever is supported.
func unusedByHeader(t *vectors.Test) []string {
	var in struct {
		Version uint16 `json:"current_version"`
	}
	if json.Unmarshal(t.Inputs, &in) != nil || in.Version >= 3 {
		return nil
	}
	return []string{"inputs.pq_support"}
}

// unusedByEncryption are the parts of a recorded state that are for receiving, or that
// the next ratchet step needs; the state after the message was not recorded. The wish for
// the KEM can be seen if it makes headers large that were not.
func unusedByEncryption(t *vectors.Test) []string {
	var in struct {
		PQ    *bool `json:"pq"`
		State struct {
			Version    uint16 `json:"current_version"`
			SupportKEM bool   `json:"support_kem"`
			EnableKEM  bool   `json:"enable_kem"`
		} `json:"state"`
	}
	if json.Unmarshal(t.Inputs, &in) != nil {
		return nil
	}
	var paths []string
	for _, name := range []string{
		"dh_self_private", "enable_kem", "kem.accepted.received_public", "kem.accepted.shared", "kem.self.secret", "max_version",
		"next_header_key_rcv", "next_header_key_snd", "nr", "rcv", "rcv_kem", "root_key", "snd.dh_remote_public", "snd_kem",
	} {
		paths = append(paths, "inputs.state."+name)
	}
	if in.State.Version < 3 || in.State.SupportKEM {
		paths = append(paths, "inputs.pq")
	}
	on := in.State.EnableKEM
	if in.PQ != nil {
		on = *in.PQ
	}
	if in.State.Version < 3 || on {
		paths = append(paths, "inputs.state.support_kem")
	}
	return paths
}

// madeKeys are the parts of the keys that a ratchet step made which nothing shows until
// the next message of the same side: bits that X448 ignores, the ciphertext, and the
// bytes for implicit rejection in a secret key.
var madeKeys = []string{"dh_self_private", "kem.accepted.ciphertext", "kem.self.secret"}

// unusedByDecryption: a ratchet step replaces both chains and the KEM. The version rises
// to that in the message whatever it was.
func unusedByDecryption(t *vectors.Test) []string {
	type state struct {
		State struct {
			DHSelf string `json:"dh_self_private"`
		} `json:"state"`
		After struct {
			DHSelf string `json:"dh_self_private"`
		} `json:"state_after"`
	}
	var in, out state
	if json.Unmarshal(t.Inputs, &in) != nil || json.Unmarshal(t.Output, &out) != nil {
		return nil
	}
	paths := []string{"inputs.state.current_version"}
	if in.State.DHSelf == out.After.DHSelf {
		return paths
	}
	for _, name := range []string{"dh_self_private", "enable_kem", "kem", "pn", "rcv", "rcv_kem", "snd", "snd_kem", "support_kem"} {
		paths = append(paths, "inputs.state."+name)
	}
	for _, name := range madeKeys {
		paths = append(paths, "output.state_after."+name)
	}
	return paths
}

// unusedStep is what counts of a step for what is unused in it.
type unusedStep struct {
	Who       string    `json:"who"`
	Operation string    `json:"op"`
	Error     string    `json:"error"`
	State     *struct { // nil: unchanged
		DHSelf string `json:"dh_self_private"`
	} `json:"state_after"`
}

// unusedByConversation are names and notes of steps, and what a step refuses: changed in
// another way it is refused as well. The highest version of the joining side before its
// first message is an input that stands in the state alone.
func unusedByConversation(t *vectors.Test) []string {
	var in struct {
		Initial ratchetAgreement `json:"initial"`
	}
	var out struct {
		Steps []unusedStep `json:"steps"`
	}
	if json.Unmarshal(t.Inputs, &in) != nil || json.Unmarshal(t.Output, &out) != nil {
		return nil
	}
	paths := append(unusedKeys("inputs.initial", in.Initial), "output.initial_state_snd.max_version")
	keys := map[string]string{}
	for i, s := range out.Steps {
		names := []string{"id", "note"}
		if s.Error != "" {
			names = append(names, "error", "message", "padded_len", "plaintext", "pq")
		}
		if s.State != nil {
			if s.State.DHSelf != keys[s.Who] && s.Operation == "decrypt" && !shownAgain(s, out.Steps[i+1:]) {
				for _, name := range madeKeys {
					names = append(names, "state_after."+name)
				}
			}
			keys[s.Who] = s.State.DHSelf
		}
		for _, name := range names {
			paths = append(paths, fmt.Sprintf("output.steps.%d.%s", i, name))
		}
	}
	return paths
}

// shownAgain reports whether the next step of the same side begins with the keys of s and
// ends with them.
func shownAgain(s unusedStep, after []unusedStep) bool {
	for _, next := range after {
		if next.Who == s.Who && next.State != nil {
			return next.State.DHSelf == s.State.DHSelf
		}
	}
	return false
}

// unusedByRefusedSteps are the steps of a generated conversation that try to encrypt and
// cannot: nothing of them is in a message.
func unusedByRefusedSteps(t *vectors.Test) []string {
	var in struct {
		Steps []struct {
			Do string `json:"do"`
		} `json:"steps"`
	}
	var out struct {
		Results []struct {
			Error *string `json:"error"`
		} `json:"results"`
	}
	if json.Unmarshal(t.Inputs, &in) != nil || json.Unmarshal(t.Output, &out) != nil || len(in.Steps) != len(out.Results) {
		return nil
	}
	var paths []string
	for i, s := range in.Steps {
		if s.Do == "encrypt" && out.Results[i].Error != nil {
			paths = append(paths, fmt.Sprintf("inputs.steps.%d.content", i), fmt.Sprintf("inputs.steps.%d.padded_length", i), fmt.Sprintf("inputs.steps.%d.supported", i))
		}
	}
	return paths
}

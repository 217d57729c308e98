package main

import (
	"maps"
	"slices"
	"strings"
)

var x3dh = kind{
	name: "x3dh",
	what: "key agreement of the ratchet (X3DH with an optional KEM), first states of both sides, key derivations, header of a ratchet message",
	notes: []string{
		"The ratchet versions of the source are 2 and 3; versions in the header are those of SMP.",
		"snd is the side that joins, whose ratchet sends first; rcv is the side that made the invitation.",
		"Keys are X448: private and public are raw, public_der is in DER. The KEM is sntrup761.",
		"kem says which side had a KEM key when the ratchet began: none (KNone), one or both as a proposal (KSndProposed, KBothProposed), agreed (KAccepted).",
		"ad are the associated data. rcv_params and snd_params are the binary forms of the parameters of both sides, rcv_params_uri the text in a link.",
		"header: len is the length before padding, full_len that of the encoded encrypted header.",
	},
	groups: map[string]string{
		"x3dh":   "key agreement and first states",
		"kdf":    "derivation from the root key, with and without KEM secret, and from a chain key",
		"header": "headers before padding and encryption",
	},
}

var ratchet = kind{
	name: "ratchet",
	what: "conversations of two ratchets, step by step, with all states",
	notes: []string{
		"Each group is one conversation with one test: inputs.initial has all keys of the agreement, output.steps what both sides do, in this sequence.",
		"A step names who (snd joined and sends first, rcv invited), the operation and the state after it. Encrypting: plaintext, padded_len and pq, the wish for KEM keys (null leaves it as it is), give message. Decrypting: message gives plaintext.",
		"encrypt_and_drop: count messages are made that never arrive.",
		"A decrypting side makes new keys when it meets a new key of the other side: take them from the state after the step (dh_self_private, kem.self, kem.accepted).",
		"A step with error is refused. Its state stands after it with state_advanced; state_unchanged says that nothing changed. A note says what was done to the message.",
		"A test is valid here although steps in it are refused: the flags name their reasons.",
	},
	anyGroup: "one conversation",
	flags: append(stepFlags(),
		flagRule{flag: "SkippedMessages", when: skips, text: "Keys of skipped messages are kept after a step."},
		flagRule{flag: "RefusedStep", optional: true, when: failsOtherwise, text: "A step is refused for another reason."},
	),
}

// stepErrors has the flag of each error that a step can have, and its explanation.
var stepErrors = map[string]flagRule{
	"CERatchetHeader":           {flag: "RefusedHeader", text: "A step meets a header that no key opens: it was changed, or its chain is over."},
	"CryptoHeaderError":         {flag: "MalformedMessage", text: "A step meets a message that is cut or malformed."},
	"AESDecryptError":           {flag: "RefusedBody", text: "A step meets a body that does not decrypt; the official implementation advances nevertheless and takes the right message for a duplicate afterwards."},
	"CERatchetDuplicateMessage": {flag: "DuplicateMessage", text: "A step meets the last message of a chain again."},
	"CERatchetEarlierMessage":   {flag: "EarlierMessage", text: "A step meets a message that is older than the last one and was not skipped."},
	"CERatchetTooManySkipped":   {flag: "TooManySkipped", text: "A step meets a message before which more than 512 are missing."},
	"CERatchetState":            {flag: "NoSendingChain", text: "A step encrypts before anything was received, and cannot."},
	"CERatchetKEMState":         {flag: "NoKEMKey", optional: true, text: "A step meets a KEM ciphertext without having the key for it."},
	"CryptoLargeMsgError":       {flag: "TooLong", text: "A step encrypts a message that is longer than the padded length allows."},
}

// stepFlags are the rules of stepErrors in alphabetical order.
func stepFlags() []flagRule {
	var rules []flagRule
	for _, name := range slices.Sorted(maps.Keys(stepErrors)) {
		rule := stepErrors[name]
		rule.when = func(r object) bool { return slices.Contains(failures(r), name) }
		rules = append(rules, rule)
	}
	return rules
}

// steps returns the steps of a conversation.
func steps(r object) []any {
	out, _ := r["output"].(object)
	list, _ := out["steps"].([]any)
	return list
}

// failures are the names of the errors in the steps, without details.
func failures(r object) []string {
	var names []string
	for _, s := range steps(r) {
		if err, failed := s.(object)["error"].(string); failed {
			name, _, _ := strings.Cut(err, " ")
			names = append(names, name)
		}
	}
	return names
}

func failsOtherwise(r object) bool {
	return slices.ContainsFunc(failures(r), func(name string) bool { return stepErrors[name].flag == "" })
}

func skips(r object) bool {
	return slices.ContainsFunc(steps(r), func(s any) bool {
		skipped, _ := s.(object)["skipped_after"].([]any)
		return len(skipped) > 0
	})
}

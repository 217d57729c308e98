package main

var crosschecked = kind{
	name: "ts_crosschecked",
	what: "values of the official TypeScript code that are the same in the official Haskell code",
	notes: []string{
		"inputs.in and the fields of output have the names of the TypeScript code; inputs.file is the group once more.",
		"Keys are raw where the name does not end in Der. pad: msg is text; in int64 and base64url the numbers and the results are text.",
		"A refused input has an output with error: the text that the TypeScript code threw.",
		"transmission: the form of version 16 and later; serverPub is the X25519 session key of the relay, corr is the correlation id and the nonce of the authenticator.",
		"fullstack: one message through all layers. ratchetCiphertext is given; the ratchet state behind it (ratchet_session) is not in these files.",
	},
	groups: map[string]string{
		"keys":         "key pairs, signatures, shared secrets, a key of the wrong algorithm",
		"padding":      "padding a message and taking it out",
		"encoding":     "numbers, bytes, lists and optional values",
		"transmission": "what is authorized, authenticators, batches",
		"transport":    "the client hello",
		"fullstack":    "a message through agent, ratchet, queue, transmission and block",
	},
	flags: []flagRule{
		{flag: "KeyRefused", group: "keys", when: refused, text: "The DER is no public key of this algorithm."},
		{flag: "TooLong", group: "padding", id: "/pad/", when: refused, optional: true, text: "The message is longer than the padded length less 2."},
		{flag: "BadLength", group: "padding", id: "/unPad/", when: refused, text: "The length in the padding is missing or larger than what follows."},
		{flag: "Syntax", group: "encoding", when: refused, text: "The bytes are malformed or cut."},
	},
}

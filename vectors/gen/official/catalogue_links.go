package main

var agent = kind{
	name: "agent",
	what: "the connection (agent) protocol: envelopes, messages inside the ratchet, ratchet parameters, queue information by client version",
	notes: []string{
		"The agent versions of the source are 2 to 7, its client versions 1 to 4, its ratchet versions 2 and 3; versions in the header are those of SMP.",
		"Keys are in DER. A queue_info, queue_uri, connection_request or e2e_params in the inputs is already encoded: as output of other tests, or as text.",
		"The groups hold outputs of encoders, except ids with /parse/: there inputs.bytes is given to the decoder, and output is the accepted value, encoded again.",
		"decoded_again is what encoding gives after output was decoded.",
		"decoded (ids with /reply ambiguity/) is what a decoder finds in output. The queue mode is optional and free text follows it, so the first letter of the text may be taken for the mode.",
	},
	groups: map[string]string{
		"envelope":      "outer envelopes: confirmation, message, invitation, ratchet key",
		"e2e params":    "ratchet parameters in binary form",
		"a_message":     "messages between agents, without the fields that precede them",
		"agent_message": "what the ratchet encrypts: connection information with or without reply queue, messages with their number and the hash of the previous one",
		"queue_info":    "queue information as it stands in messages, by client version",
	},
	flags: []flagRule{
		{flag: "Syntax", err: "parse error", text: malformed},
		{flag: "EmptyBody", group: "envelope", id: "empty body", accepted: true, text: "An encrypted message without bytes is accepted."},
		{flag: "LetterTakenForMode", when: infoCut, text: "The first letter of the connection information is taken for the queue mode: the decoder loses it."},
		{flag: "ModeNotEncoded", when: modeLost, text: "This client version does not encode the queue mode: the decoder finds none."},
		{flag: "DecodedDifferently", optional: true, when: decodedDifferently, text: "Decoding the output and encoding it again gives something else."},
	},
}

const malformed = "The bytes or the text are malformed."

var links = kind{
	name: "links",
	what: "connection links, full and short, queue addresses, accepted and refused texts, data of short links: keys, signatures, owners, encryption",
	notes: []string{
		"output is the text of a link or address and binary the same in binary form.",
		"decoded_again and binary_decoded_again are what the parser makes of output and of binary. Short links come back as text, all others in the form they went in.",
		"agent_versions, client_versions and e2e_versions are ranges; queue_uris are the encoded addresses of the queues.",
		"In the group parse, output is the accepted text, encoded again.",
		"link_data: fixed data are padded to 2008 bytes and user data to 13784, each encrypted with its own random nonce, which stands before the ciphertext. The data that are not encrypted begin with their signature.",
		"link_data: decrypt tells what a reader makes of the encrypted data in output. Where it is error the test is invalid, and output holds the data that have to be refused.",
		"link_data with a signer: the user data are signed with that key; the fixed data are those of the inputs.",
	},
	groups: map[string]string{
		"queue_uri":  "queue addresses by range of client versions",
		"contact":    "full links to contact addresses",
		"invitation": "full links of one-time invitations",
		"short":      "short links of all types, and shortening them with a list of known relays",
		"parse":      "texts that a parser has to accept or to refuse",
		"link_kdf":   "link id and encryption key from the link key",
		"link_data":  "data of short links: made, read, changed",
	},
	flags: []flagRule{
		{flag: "Syntax", err: "parse error", text: malformed},
		{flag: "Syntax", errPart: "A_MESSAGE", text: malformed},
		{flag: "DecryptionFails", errPart: "A_CRYPTO", text: "The encrypted link data were changed or cut."},
		{flag: "WrongLinkKey", optional: true, errPart: `"link data hash"`, text: "The hash of the fixed data is not the link key."},
		{flag: "BadFixedSignature", optional: true, errPart: `"link data signature"`, text: "The signature of the fixed data is not that of the root key."},
		{flag: "BadUserSignature", errPart: `"user data signature"`, text: "The signature of the user data is neither that of the root key nor that of an owner."},
		{flag: "BadOwner", errPart: "invalid authorization of owner", text: "An owner is authorized neither by the root key nor by an owner before it in the list."},
		{flag: "DuplicateOwner", errPart: "duplicate owner", text: "Two owners have the same id or the same key."},
		{flag: "RootKeyAsOwner", optional: true, errPart: "matches root key", text: "The key of an owner is the root key."},
		{flag: "SignedByOwner", group: "link_data", id: "signed by owner", accepted: true, text: "The user data are signed by an owner and not by the root key."},
		{flag: "NotRangeChecked", group: "parse", id: "bad port", accepted: true, text: "The official parser lets the port wrap around instead of refusing it."},
		{flag: "ReencodedDifferently", accepted: true, when: otherBytes("uri"), text: otherText},
		{flag: "DecodedDifferently", when: decodedDifferently, text: "Parsing the output and encoding it again gives another text: the scheme is always simplex:, and a contact address has at least agent version 2."},
		{flag: "BinaryLosesScheme", group: "short", when: binaryDiffers, text: "The binary form of a short link does not hold the scheme: it comes back as a link on its relay."},
	},
}

const otherText = "Accepted, although encoding the result again gives another text."

var testURIs = kind{
	name:  "test_uris",
	what:  "links and queue addresses from the tests of the official implementation, parsed and encoded again",
	notes: []string{"The host names and keys are those of the official tests; some ids and hashes are shorter than real ones."},
	groups: map[string]string{
		"uri": "connection links, queue addresses, short links",
	},
	flags: []flagRule{
		{flag: "Syntax", err: "parse error", text: malformed},
		{flag: "ReencodedDifferently", accepted: true, when: otherBytes("uri"), text: otherText},
	},
}

// infoCut reports whether decoding shortens the connection information.
func infoCut(r object) bool {
	d, ok := r["decoded"].(object)
	return ok && d["conn_info"] != r["inputs"].(object)["conn_info"]
}

// modeLost reports whether decoding gives the connection information, but without
// its queue mode.
func modeLost(r object) bool {
	d, ok := r["decoded"].(object)
	return ok && !infoCut(r) && d["queue_mode"] != r["inputs"].(object)["queue_mode"]
}

func decodedDifferently(r object) bool {
	again, ok := r["decoded_again"]
	return ok && again != r["output"]
}

func binaryDiffers(r object) bool {
	again, ok := r["binary_decoded_again"]
	return ok && again != r["output"]
}

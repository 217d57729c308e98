package main

// kinds are the vector files, in our words: what a group holds, how to read it,
// and why an input is refused.
var kinds = []kind{
	commands, responses, transmissions, blocks, handshake, messageLayers, misc,
	agent, links, x3dh, ratchet, testURIs, crosschecked,
}

var commands = kind{
	name: "commands",
	what: "SMP commands, without correlation id, entity id and authorization",
	notes: []string{
		"In the groups named after a command, inputs.versions lists all versions that give the bytes in output.",
		"decode_at_version tells what a decoder of each version makes of output; reencoded is present when encoding the result gives other bytes.",
		"In the groups parse and mutated the input is inputs.command_bytes at inputs.version; output is the accepted command, encoded again.",
		"The group credentials concerns commands that decode well; inputs say only whether the authorization and the entity id are empty.",
	},
	groups: map[string]string{
		"NEW":         "creating a queue; six forms between versions 6 and 18",
		"SUBS":        "subscribing all queues of a service",
		"NSUBS":       "subscribing all notifications of a service",
		"LDEL":        "deleting the data of a short link",
		"GET":         "receiving one message without subscribing",
		"OFF":         "suspending a queue",
		"DEL":         "deleting a queue",
		"QUE":         "asking for the state of a queue",
		"PING":        "keeping the connection alive",
		"KEY":         "securing a queue by the recipient",
		"SKEY":        "securing a queue by the sender",
		"NKEY":        "enabling notifications of a queue",
		"LKEY":        "securing a queue and reading its short link",
		"RKEY":        "replacing the recipient keys of a queue",
		"LSET":        "storing the data of a short link",
		"ACK":         "acknowledging a message",
		"SEND":        "sending a message",
		"PRXY":        "asking a proxy for a session with a relay",
		"PFWD":        "sending a command through a proxy",
		"RFWD":        "a proxy passing a command on to a relay",
		"parse":       "bytes that a decoder has to accept or to refuse",
		"mutated":     "well-formed commands with one change (inputs.original is without it)",
		"credentials": "which commands need an authorization and an entity id, and which must not have them",
	},
	flags: append(syntaxFlags("commands"), []flagRule{
		{flag: "NoAuthorization", err: "CMD NO_AUTH", text: "The command needs an authorization and has none."},
		{flag: "NoEntity", err: "CMD NO_ENTITY", text: "The command needs an entity id and has none."},
		{flag: "UnexpectedCredentials", err: "CMD HAS_AUTH", text: "The command must not have an authorization or an entity id."},
		{flag: "ReencodedDifferently", accepted: true, when: otherBytes("command_bytes"),
			text: "Accepted, although encoding the result again gives other bytes: what follows the first letter of the message flags up to the space is ignored."},
	}...),
}

var responses = kind{
	name: "responses",
	what: "SMP responses, events and errors of a relay, without correlation id and entity id",
	notes: []string{
		"In the groups named after a response, inputs.versions lists all versions that give the bytes in output.",
		"decode_at_version tells what a decoder of each version makes of output; reencoded is present when encoding the result gives other bytes.",
		"decode (group ERR) tells whether decoding output gives the same error.",
		"In the groups parse and mutated the input is inputs.response_bytes at inputs.version; output is the accepted response, encoded again.",
	},
	groups: map[string]string{
		"IDS":     "the ids of a new queue; several forms between versions 6 and 18",
		"SOK":     "success in a service session; OK where the version has no services",
		"SOKS":    "success of a service subscription with the number of queues",
		"ENDS":    "end of a service subscription with the number of queues",
		"MSG":     "a delivered message, still encrypted for the recipient",
		"NID":     "the ids of a notification subscription",
		"NMSG":    "a notification of a message",
		"PKEY":    "the session of a proxy with a relay",
		"RRES":    "a relay's answer to a proxy",
		"END":     "end of a subscription",
		"DELD":    "a queue was deleted; END where the version does not know it",
		"PONG":    "answer to PING",
		"INFO":    "the state of a queue",
		"ERR":     "all errors",
		"parse":   "bytes that a decoder has to accept or to refuse",
		"mutated": "well-formed responses with one change (inputs.original is without it)",
		"entity":  "which responses need an entity id, and which must not have one",
	},
	flags: append(syntaxFlags("responses"), []flagRule{
		{flag: "NoEntity", err: "CMD NO_ENTITY", text: "The response needs an entity id and has none."},
		{flag: "UnexpectedEntity", err: "CMD HAS_AUTH", text: "The response must not have an entity id."},
		{flag: "ReencodedDifferently", accepted: true, when: otherBytes("response_bytes"),
			text: "Accepted, although encoding the result again gives other bytes: an old name of an error, a field that is not known, or a detail that this version does not have."},
		{flag: "LosesDetail", when: losesDetail,
			text: "Decoding gives less than was encoded, because the form of this version leaves something out."},
	}...),
}

var transmissions = kind{
	name: "transmissions",
	what: "transmissions: what is authorized, authorizations with fixed keys, verification by the relay, blocks with several transmissions",
	notes: []string{
		"block_content is the content of a block with this one transmission: a count byte, then the transmission with its word16 length.",
		"signed_part is what the queue key authorizes. In a service session it starts with the fingerprint of the service certificate; the service key signs service_signed_part.",
		"The nonce of an X25519 authenticator is the correlation id.",
		"In the group batch, transmission i is the i-th letter from A (after Z comes A again) as often as inputs.sizes[i] says; an empty authorization stands before it as one byte 00. A batch is filled from the last transmission to the first.",
		"A test of the group decode has one entry in output for each transmission; errors are what the relay answers.",
	},
	groups: map[string]string{
		"unsigned":        "transmissions without authorization",
		"signed":          "authorized transmissions, and what the relay says to changed ones (…/verify/…: output is the verdict)",
		"service command": "commands that the service alone signs",
		"response":        "responses and events as content of a block",
		"batch":           "how transmissions are put into blocks",
		"decode":          "contents of blocks as the relay decodes them",
	},
	flags: []flagRule{
		{flag: "BadAuthorization", err: "AUTH", text: "The authorization is not that of the queue's key for these bytes: verification gives false."},
		{flag: "NoServerKey", err: "NO_AUTH", text: "An X25519 authenticator needs the relay's session key, and the connection has none."},
		{flag: "ServiceSession", id: "/service", when: outputHas("service_signature"),
			text: "Authorized by the queue key and by the key of a service."},
		{flag: "DoesNotFit", group: "batch", when: anyError, text: "A transmission is too long for any block: it becomes an error in its place, the others are sent."},
		{flag: "RefusedTransmission", group: "decode", when: anyError, text: "At least one transmission of the block is answered with an error."},
	},
}

func syntaxFlags(what string) []flagRule {
	return []flagRule{
		{flag: "UnknownTag", err: "CMD UNKNOWN", text: "The first word is none of the known " + what + "."},
		{flag: "Syntax", err: "CMD SYNTAX", text: "The parameters are malformed, missing or too long, or of another version."},
	}
}

// otherBytes reports whether the output differs from the bytes in the input.
func otherBytes(name string) func(object) bool {
	return func(r object) bool {
		in, ok := r["inputs"].(object)[name]
		return ok && in != r["output"]
	}
}

func outputHas(name string) func(object) bool {
	return func(r object) bool {
		out, _ := r["output"].(object)
		return out[name] != nil
	}
}

// losesDetail reports whether decoding the output gives something else.
func losesDetail(r object) bool {
	if d, ok := r["decode"].(object); ok && d["decoded_equal"] == false {
		return true
	}
	versions, _ := r["decode_at_version"].(object)
	for _, v := range versions {
		if v.(object)["reencoded"] != nil {
			return true
		}
	}
	return false
}

// anyError reports whether an entry of the output is an error.
func anyError(r object) bool {
	entries, _ := r["output"].([]any)
	for _, e := range entries {
		if e.(object)["error"] != nil {
			return true
		}
	}
	return false
}

package main

var blocks = kind{
	name: "blocks",
	what: "transport blocks: padding, block encryption of version 11 and later, refused blocks",
	notes: []string{
		"A long message is given by label, len and sha256: it is the stream SHA-512(label ‖ 0) ‖ SHA-512(label ‖ 1) ‖ … with the counter as a 32 bit big-endian number, cut to len bytes.",
		"Of long outputs only the ends, the length and the SHA-256 are given.",
		"The relay sends with the first chain and receives with the second; the client the other way round.",
		"The tests of the group encrypted belong to one connection, in the sequence of inputs.order; numbers may be missing there and in the group chain.",
	},
	groups: map[string]string{
		"pad":       "padding a message to a length",
		"unpad":     "taking the message out of its padding",
		"chain":     "keys and nonces of both chains, step by step (step 0 is the first block)",
		"encrypted": "consecutive encrypted blocks of one connection in both directions",
		"plain":     "blocks without encryption",
		"decode":    "received blocks; encrypted ones are the first of the first chain",
	},
	flags: []flagRule{
		{flag: "TooLong", group: "pad", err: "CryptoLargeMsgError", text: "The message is longer than the padded length less 2, or than 65533 bytes."},
		{flag: "BadLength", group: "unpad", err: "CryptoInvalidMsgError", text: "The length in the padding is missing or larger than what follows."},
		{flag: "PaddingUnchecked", group: "unpad", id: "0002ffff00000000", text: paddingUnchecked},
		{flag: "PaddingUnchecked", group: "decode", id: "other padding", text: paddingUnchecked},
		{flag: "ChainAdvances", group: "encrypted", err: "LARGE_MSG", text: "The content is too long and nothing is sent, yet the sender's chain advances by one step."},
		{flag: "DecryptionFails", group: "decode", err: "LARGE_MSG", text: "The block does not decrypt; the official implementation reports this as LARGE_MSG."},
		{flag: "ShortBlock", err: "EOF", text: "The connection ends within the block."},
	},
}

const paddingUnchecked = "Bytes after the message need not be '#'; they are not checked."

var handshake = kind{
	name: "handshake",
	what: "handshakes between client and relay functions: hello contents of every version, service handshake, changed hellos",
	notes: []string{
		"Hellos are block contents before padding to 16384 bytes.",
		"Certificate chains are lists of DER certificates, leaf first; the identity is the second certificate.",
		"server_result and client_result are what both sides know afterwards.",
		"In the group received one side is given inputs.received; output is what it makes of it.",
	},
	groups: map[string]string{
		"server max":         "relays of each highest version with a client of version 18",
		"client max":         "clients of each highest version with a relay of version 18",
		"proxy client":       "a proxy as client of relays of several versions",
		"no ALPN":            "a connection without ALPN",
		"no client key":      "a client that sends no key",
		"ed448 certificates": "a relay with Ed448 certificates",
		"client range below": "no version in common",
		"session id differs": "client and relay see different TLS session ids",
		"service":            "services with a certificate",
		"service v16":        "services at version 16",
		"received":           "changed hellos",
	},
	flags: []flagRule{
		{flag: "NoCommonVersion", err: "VERSION", text: "The version or the range of the other side has nothing in common with one's own."},
		{flag: "OtherSession", err: "SESSION", text: "The session id in the hello is not that of the TLS connection."},
		{flag: "BadHello", err: "HANDSHAKE PARSE", text: "The hello cannot be decoded."},
		{flag: "WrongIdentity", err: "HANDSHAKE IDENTITY", text: "The client expects another relay identity (key hash)."},
		{flag: "BadKeySignature", err: "HANDSHAKE BAD_AUTH", text: "The signature of the relay's session key is wrong."},
		{flag: "ServiceRefused", err: "HANDSHAKE BAD_SERVICE", text: "The third message of the service handshake is an error."},
		{flag: "TrailingIgnored", group: "received", id: "trailing", accepted: true, text: "Bytes after the end of the hello are ignored."},
		{flag: "KeyIgnored", group: "received", id: "key replaced", accepted: true, text: keyIgnored},
		{flag: "KeyIgnored", group: "received", id: "hello/half", accepted: true, text: keyIgnored},
		{flag: "KeyIgnored", group: "received", id: "without last byte", accepted: true, text: keyIgnored},
	},
}

const keyIgnored = "A session key that cannot be decoded counts as absent: the connection goes on without block encryption."

var messageLayers = kind{
	name: "message_layers",
	what: "layers of encryption around a message: relay to recipient, notification metadata, end-to-end for each queue, proxy",
	notes: []string{
		"All layers are crypto_box: the key is HSalsa20 of the X25519 secret, the tag comes first.",
		"rcv: the nonce is the message id; the body is padded to 16106 bytes before encryption at every version.",
		"nmsg: metadata is padded to 128 bytes.",
		"queue_e2e: the client message is padded to inputs.padded_len; the nonce stands in the envelope.",
		"proxy: the client encrypts for the relay with command_secret, nonce inputs.client_correlation_id, padded to 16226; the proxy encrypts that again with session_secret, nonce inputs.proxy_correlation_id. The nonces of responses are those of the requests with their 24 bytes in reverse order.",
	},
	groups: map[string]string{
		"rcv":       "message bodies from the relay to the recipient",
		"nmsg":      "metadata of a message in a notification",
		"queue_e2e": "envelopes between the two clients of a queue",
		"limits":    "lengths by version",
		"proxy":     "a command through a proxy and its response, all layers",
		"sender_id": "sender ids of queues that are created with link data: the first 24 bytes of SHA3-384 of the correlation id",
	},
	flags: []flagRule{
		{flag: "TooLong", err: "CryptoLargeMsgError", text: "The body is longer than a message may be, although the padding would hold it."},
		{flag: "Syntax", err: "parse error", text: "The decrypted bytes or the envelope are malformed."},
		{flag: "DecryptionFails", err: "CBDecryptError", text: "The ciphertext was changed or cut."},
		{flag: "TrailingIgnored", group: "nmsg", id: "trailing", text: "Bytes after the metadata are ignored."},
		{flag: "ExtendedFlags", group: "rcv", id: "extended flags", text: "Message flags after the first are ignored."},
	},
}

var misc = kind{
	name: "misc",
	what: "version negotiation, hosts and relay addresses, numbers, keys, signatures, authenticators, hashes",
	notes: []string{
		"versions: output null or a null range means that nothing is in common.",
		"host: the text of an id is that of the input in Haskell syntax; the texts of inputs and output hold one byte in each character.",
		"key: output gives for each use of a public key the key encoded again, or null when it is refused for this use; exception means that the official decoder threw, which counts as refused.",
		"dh: the result is used without hashing.",
		"authenticator: crypto_box of SHA-512 of the message.",
	},
	groups: map[string]string{
		"versions":      "version ranges: the common one, the one after the other side has chosen, the text form",
		"host":          "hosts as text and in binary form",
		"server":        "relay addresses as text and in binary form",
		"encoding":      "64 bit numbers",
		"key":           "public keys in DER, by use",
		"key pair":      "private keys in DER with their public keys",
		"dh":            "shared secrets",
		"sign":          "signatures",
		"authenticator": "authenticators of commands",
		"hash":          "hashes",
	},
	flags: []flagRule{
		{flag: "NoCommonVersion", group: "versions", when: noVersion, text: "The two ranges have no version in common, or the chosen version is outside the range."},
		{flag: "Syntax", err: "parse error", text: "The text is malformed."},
		{flag: "NotRangeChecked", group: "versions", id: "parse/65536", text: "The official parser lets the number wrap around instead of refusing it."},
		{flag: "KeyRefused", group: "key", when: keyRefused, text: "The DER is no public key of a known algorithm."},
		{flag: "DecoderThrows", group: "key", when: keyThrows, text: "A length in long form: the official decoder throws instead of returning an error."},
		{flag: "KeyUse", group: "key", when: keyUse, text: "The key is valid, but not for each use."},
	},
}

func noVersion(r object) bool {
	_, parsed := r["inputs"].(object)["text"]
	return !parsed && refused(r)
}

func keyRefused(r object) bool { return refused(r) && !keyThrows(r) }

func keyThrows(r object) bool {
	out, _ := r["output"].(object)
	return out["any"] == "exception"
}

func keyUse(r object) bool {
	if refused(r) {
		return false
	}
	for _, v := range r["output"].(object) {
		if v == nil {
			return true
		}
	}
	return false
}

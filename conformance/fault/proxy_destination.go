package fault

import (
	"bytes"
	"sync"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// proxyDestinationFaults are mistakes in RFWD.
var proxyDestinationFaults = []Fault{
	{
		ID:     "proxy/rfwd-entity-ignored",
		Story:  "Nobody looks whether RFWD has an entity id, since it needs none.",
		Breaks: []string{"SMP-PROXY-RFWD-ENTITY"},
		Cases:  []string{"relay/proxy/rfwd-with-entity"},
		Apply:  withCredentials("RFWD"),
	},
	{
		ID:     "proxy/rfwd-authorization-ignored",
		Story:  "Nobody looks whether RFWD has an authorization, since it needs none.",
		Breaks: []string{"SMP-PROXY-RFWD-UNSIGNED"},
		Cases:  []string{"relay/proxy/rfwd-signed"},
		Apply:  withCredentials("RFWD"),
	},
	{
		ID:     "proxy/inner-key-of-hellos",
		Story:  "The transmission of the client is decrypted with the secret of the hellos, like the layer around it.",
		Breaks: []string{"SMP-PROXY-PFWD-SECRET"},
		Cases:  []string{"relay/proxy/rres"},
		Apply: opening{agree: func(s *relay.Session, _ smp.ForwardedCommand) (box.Key, error) {
			return box.DeriveKey(s.Conn().Secret())
		}}.apply,
	},
	{
		ID:     "proxy/rfwd-key-first",
		Story:  "The content of RFWD is read as if the key came before the version.",
		Breaks: []string{"SMP-PROXY-RFWD-CONTENT"},
		Cases:  []string{"relay/proxy/rres"},
		Apply: opening{outer: func(sealed []byte, nonce *box.Nonce, key *box.Key) ([]byte, error) {
			content, err := box.Open(nil, sealed, nonce, key)
			if err != nil {
				return nil, err
			}
			return keyFirst(content)
		}}.apply,
	},
	{
		ID:     "proxy/outer-tag-unchecked",
		Story:  "The layer of the proxy is decrypted and its tag not compared.",
		Breaks: []string{"SMP-PROXY-RFWD-CIPHERTEXT"},
		Cases:  []string{"relay/proxy/rfwd-undecryptable"},
		Apply:  opening{outer: openUnchecked}.apply,
	},
	{
		ID:     "proxy/inner-tag-unchecked",
		Story:  "The layer of the client is decrypted and its tag not compared.",
		Breaks: []string{"SMP-PROXY-RFWD-CIPHERTEXT"},
		Cases:  []string{"relay/proxy/rfwd-undecryptable"},
		Apply:  opening{inner: openUnchecked}.apply,
	},
	rfwdError("crypto-as-auth", "What cannot be decrypted is taken for what is not authorized.", "relay/proxy/rfwd-undecryptable", "SMP-PROXY-RFWD-CIPHERTEXT", smp.ErrCrypto, smp.ErrAuth),
	rfwdError("crypto-as-block", "What cannot be decrypted is taken for a malformed block.", "relay/proxy/rfwd-undecryptable", "SMP-PROXY-RFWD-CIPHERTEXT", smp.ErrCrypto, smp.ErrBlock),
	rfwdError("rfwd-syntax-as-crypto", "Content that cannot be cut into fields is taken for what cannot be decrypted.", "relay/proxy/rfwd-malformed", "SMP-PROXY-RFWD-SYNTAX", smp.ErrCmdSyntax, smp.ErrCrypto),
	rfwdError("rfwd-syntax-as-block", "Content that cannot be cut into fields is taken for a malformed block.", "relay/proxy/rfwd-malformed", "SMP-PROXY-RFWD-SYNTAX", smp.ErrCmdSyntax, smp.ErrBlock),
	rfwdError("no-key-as-crypto", "RFWD without a secret is taken for one that cannot be decrypted.", "relay/proxy/rfwd-no-key", "SMP-PROXY-RFWD-NO-KEY", brokerTransport(smp.TransportNoAuth), smp.ErrCrypto),
	rfwdError("no-key-as-no-auth", "RFWD without a secret is answered like a command without an authorization.", "relay/proxy/rfwd-no-key", "SMP-PROXY-RFWD-NO-KEY", brokerTransport(smp.TransportNoAuth), smp.ErrCmdNoAuth),
	{
		ID:       "proxy/rfwd-needs-flag",
		Story:    "RFWD is served on connections alone whose hello had the proxy flag.",
		Breaks:   []string{"SMP-PROXY-RFWD-ANYONE"},
		Cases:    []string{"relay/proxy/rfwd-anyone"},
		Versions: wire.Versions(smp.VersionProxyFlag, smp.MaxVersion),
		Apply: opensForward(func(s *relay.Session, r *relay.Request, next openForward) (*relay.Forward, *smp.Error) {
			if s.Conn().Version() >= smp.VersionProxyFlag && !s.Conn().Proxy() {
				return nil, smp.ErrCmdProhibited
			}
			return next(s, r)
		}),
	},
	{
		ID:     "proxy/replay-ends-connection",
		Story:  "A command that comes again is taken for an attack that ends the connection of the proxy with all its clients.",
		Breaks: []string{"SMP-PROXY-RFWD-REPLAY"},
		Cases:  []string{"relay/proxy/rfwd-replay"},
		Apply: opensForward(func(s *relay.Session, r *relay.Request, next openForward) (*relay.Forward, *smp.Error) {
			f, e := next(s, r)
			if e == smp.ErrCrypto {
				s.Close()
			}
			return f, e
		}),
	},
	{
		ID:     "proxy/replay-refused-late",
		Story:  "A command that comes again is executed before anybody looks whether it came before.",
		Breaks: []string{"SMP-PROXY-RFWD-REPLAY"},
		Cases:  []string{"relay/proxy/rfwd-replay"},
		Apply:  replayRefusedLate,
	},
	{
		ID:     "proxy/first-of-batch",
		Story:  "Of several transmissions in a forwarded block the first one is executed.",
		Breaks: []string{"SMP-PROXY-INNER-SINGLE"},
		Cases:  []string{"relay/proxy/inner-single"},
		Apply: changesContent(func(content []byte) []byte {
			if encoded, err := smp.DecodeBlock(content); err == nil && len(encoded) > 1 {
				return blockOf(content, encoded[0])
			}
			return content
		}),
	},
	{
		ID:     "proxy/bare-transmission",
		Story:  "A forwarded transmission needs no block around it, as the document has it.",
		Breaks: []string{"SMP-PROXY-INNER-BATCH"},
		Cases:  []string{"relay/proxy/inner-single"},
		Apply: changesContent(func(content []byte) []byte {
			if _, err := smp.DecodeBlock(content); err != nil {
				return blockOf(content, content)
			}
			return content
		}),
	},
	{
		ID:     "proxy/batch-as-syntax",
		Story:  "Several transmissions in a forwarded block are taken for a malformed command.",
		Breaks: []string{"SMP-PROXY-INNER-SINGLE"},
		Cases:  []string{"relay/proxy/inner-single"},
		Apply: stages(func(st *relay.Stages) {
			next := st.Forwarded
			st.Forwarded = func(s *relay.Session, r *relay.Request) smp.Response {
				answer := next(s, r)
				if e, ok := answer.(smp.ERR); ok && e.Err.Equal(smp.ErrBlock) {
					return smp.ERR{Err: smp.ErrCmdSyntax}
				}
				return answer
			}
		}),
	},
	{
		ID:     "proxy/inner-version-of-connection",
		Story:  "A forwarded command is read in the version of the proxy's connection.",
		Breaks: []string{"SMP-PROXY-INNER-VERSION", "SMP-PROXY-INNER-SIZE"},
		Cases:  []string{"relay/proxy/inner-version", "relay/proxy/inner-size"},
		Apply: opensForward(func(s *relay.Session, r *relay.Request, next openForward) (*relay.Forward, *smp.Error) {
			f, e := next(s, r)
			if f != nil {
				f.Version = s.Version()
			}
			return f, e
		}),
	},
}

// rfwdError is a destination that answers RFWD with another error.
func rfwdError(id, story, noticing, breaks string, old, by *smp.Error) Fault {
	return Fault{
		ID: "proxy/" + id, Story: story, Breaks: []string{breaks}, Cases: []string{noticing}, Apply: forwardError(old, by),
	}
}

// changesContent changes what the client has encrypted.
func changesContent(change func([]byte) []byte) func(*relay.Config) {
	return opensForward(func(s *relay.Session, r *relay.Request, next openForward) (*relay.Forward, *smp.Error) {
		f, e := next(s, r)
		if f != nil {
			f.Content = change(f.Content)
		}
		return f, e
	})
}

// blockOf is a block with one transmission, or else what came.
func blockOf(came, transmission []byte) []byte {
	block, err := smp.EncodeBlock(bytes.Clone(transmission))
	if err != nil {
		return came
	}
	return block
}

// keyFirst fails unless a key stands where the version should be.
func keyFirst(content []byte) ([]byte, error) {
	r := wire.NewReader(content)
	r.Short()
	if _, err := keys.ParsePublic(r.Short()); err != nil {
		return nil, err
	}
	return content, nil
}

// replayRefusedLate executes every command and then looks whether its key is new.
func replayRefusedLate(c *relay.Config) {
	var mu sync.Mutex
	came := make(map[string]bool)
	opening{}.apply(c)
	sealsForward(func(s *relay.Session, f *relay.Forward, content []byte, next sealForward) smp.Response {
		mu.Lock()
		repeated := came[string(f.Key.Raw())]
		came[string(f.Key.Raw())] = true
		mu.Unlock()
		if repeated {
			return smp.ERR{Err: smp.ErrCrypto}
		}
		return next(s, f, content)
	})(c)
}

// proxyResponseFaults are mistakes in RRES and in what it has for the client.
var proxyResponseFaults = []Fault{
	{
		ID:     "proxy/rres-nonce-kept",
		Story:  "RRES is encrypted with the nonce of RFWD, which then has been used twice with one key.",
		Breaks: []string{"SMP-PROXY-RRES-NONCE"},
		Cases:  []string{"relay/proxy/rres"},
		Apply:  nonces(func(f *relay.Forward) { f.ProxyNonce = f.ProxyNonce.Reverse() }),
	},
	{
		ID:     "proxy/rres-nonce-incremented",
		Story:  "The nonce of RRES is that of RFWD increased by 1, as the document has it.",
		Breaks: []string{"SMP-PROXY-RRES-NONCE"},
		Cases:  []string{"relay/proxy/rres"},
		Apply:  nonces(func(f *relay.Forward) { f.ProxyNonce = incremented(f.ProxyNonce).Reverse() }),
	},
	{
		ID:     "proxy/rres-correlation-of-rfwd",
		Story:  "The content of RRES has the correlation id of RFWD instead of that of the client.",
		Breaks: []string{"SMP-PROXY-RRES-CONTENT"},
		Cases:  []string{"relay/proxy/rres"},
		Apply: sealsForward(func(s *relay.Session, f *relay.Forward, content []byte, next sealForward) smp.Response {
			other := *f
			other.CorrelationID = f.ProxyNonce[:]
			return next(s, &other, content)
		}),
	},
	{
		ID:     "proxy/rres-without-correlation",
		Story:  "The content of RRES is the response alone, since the proxy knows to whom it belongs.",
		Breaks: []string{"SMP-PROXY-RRES-CONTENT"},
		Cases:  []string{"relay/proxy/rres"},
		Apply: changesRRES(func(f *relay.Forward, body []byte) []byte {
			nonce := f.ProxyNonce.Reverse()
			response, err := openedRRES(body, &nonce, &f.ProxyKey)
			if err != nil {
				return body
			}
			return box.Seal(nil, response, &nonce, &f.ProxyKey)
		}),
	},
	{
		ID:     "proxy/rres-with-length",
		Story:  "The encrypted content of RRES has a length before it.",
		Breaks: []string{"SMP-PROXY-RRES-FORM"},
		Cases:  []string{"relay/proxy/rres"},
		Apply: changesRRES(func(_ *relay.Forward, body []byte) []byte {
			return append([]byte{byte(len(body) >> 8), byte(len(body))}, body...)
		}),
	},
	{
		ID:     "proxy/rres-entity",
		Story:  "RRES has the session as entity id, like PRES.",
		Breaks: []string{"SMP-PROXY-RRES-ENTITY"},
		Cases:  []string{"relay/proxy/rres-entity"},
		Apply: rewrites(func(s *relay.Session, t *smp.Transmission) {
			if bytes.HasPrefix(t.Command, []byte("RRES ")) {
				t.EntityID = s.Conn().SessionID()
			}
		}),
	},
	{
		ID:     "proxy/queue-shown",
		Story:  "RRES has the id of the queue as entity id, as answers about a queue have, and shows it to the proxy.",
		Breaks: []string{"SMP-PROXY-RRES-ENTITY"},
		Cases:  []string{"relay/proxy/rres-entity"},
		Apply:  queueShown(),
	},
	{
		ID:     "proxy/response-unpadded",
		Story:  "Responses are padded to what they need and not to one size.",
		Breaks: []string{"SMP-PROXY-PRES-PADDED"},
		Cases:  []string{"relay/proxy/pres"},
		Apply:  responses(func(_ *relay.Forward, content []byte) []byte { return padded(content, len(content)+2) }),
	},
	{
		ID:     "proxy/error-shorter",
		Story:  "Errors are padded to less than other responses, so that the proxy can tell them apart.",
		Breaks: []string{"SMP-PROXY-PRES-PADDED"},
		Cases:  []string{"relay/proxy/pres"},
		Apply: responses(func(f *relay.Forward, content []byte) []byte {
			if isErrorOf(f.Version, content) {
				return padded(content, 1000)
			}
			return padded(content, smp.PaddedForwarded)
		}),
	},
	{
		ID:     "proxy/response-bare",
		Story:  "The response for the client is a bare transmission, as the document has it.",
		Breaks: []string{"SMP-PROXY-PRES-BATCH"},
		Cases:  []string{"relay/proxy/pres"},
		Apply: sealsForward(func(s *relay.Session, f *relay.Forward, content []byte, next sealForward) smp.Response {
			if encoded, err := smp.DecodeBlock(content); err == nil && len(encoded) == 1 {
				content = bytes.Clone(encoded[0])
			}
			return next(s, f, content)
		}),
	},
	{
		ID:     "proxy/response-nonce-kept",
		Story:  "The response is encrypted with the nonce of the command, which then has been used twice with one key.",
		Breaks: []string{"SMP-PROXY-PRES-NONCE"},
		Cases:  []string{"relay/proxy/pres"},
		Apply:  nonces(func(f *relay.Forward) { f.ClientNonce = f.ClientNonce.Reverse() }),
	},
	{
		ID:     "proxy/response-nonce-incremented",
		Story:  "The nonce of the response is that of the command increased by 1, as the document has it.",
		Breaks: []string{"SMP-PROXY-PRES-NONCE"},
		Cases:  []string{"relay/proxy/pres"},
		Apply:  nonces(func(f *relay.Forward) { f.ClientNonce = incremented(f.ClientNonce).Reverse() }),
	},
	{
		ID:     "proxy/error-outside",
		Story:  "An error of a forwarded command is answered to the proxy, which then sees it.",
		Breaks: []string{"SMP-PROXY-INNER-ERROR", "SMP-PROXY-INNER-OTHER"},
		Cases:  []string{"relay/proxy/inner-error", "relay/proxy/other-commands", "relay/proxy/inside-forward"},
		Apply:  errorsOutside(""),
	},
	{
		ID:     "proxy/syntax-outside",
		Story:  "A forwarded command that cannot be read is answered to the proxy, since the client could not have sent it.",
		Breaks: []string{"SMP-PROXY-INNER-ERROR"},
		Cases:  []string{"relay/proxy/inner-error"},
		Apply:  errorsOutside("CMD SYNTAX"),
	},
	{
		ID:     "proxy/prohibited-outside",
		Story:  "A command that must not be forwarded is answered to the proxy, which forwarded it.",
		Breaks: []string{"SMP-PROXY-INNER-OTHER"},
		Cases:  []string{"relay/proxy/other-commands", "relay/proxy/inside-forward"},
		Apply:  errorsOutside("CMD PROHIBITED"),
	},
	{
		ID:     "proxy/correlation-of-pfwd-inside",
		Story:  "The response inside has the correlation id of PFWD, as if that of the command were always the same.",
		Breaks: []string{"SMP-PROXY-PRES-BATCH"},
		Cases:  []string{"relay/proxy/inner-correlation"},
		Apply: sealsForward(func(s *relay.Session, f *relay.Forward, content []byte, next sealForward) smp.Response {
			return next(s, f, changedBlock(content, func(encoded [][]byte) ([][]byte, error) {
				one, err := changed(f.Version, encoded[0], func(t *smp.Transmission) { t.CorrelationID = f.CorrelationID })
				return [][]byte{one}, err
			}))
		}),
	},
}

// nonces changes the nonces of a response, which are those of the command reversed.
func nonces(change func(*relay.Forward)) func(*relay.Config) {
	return sealsForward(func(s *relay.Session, f *relay.Forward, content []byte, next sealForward) smp.Response {
		other := *f
		change(&other)
		return next(s, &other, content)
	})
}

// changesRRES changes the encrypted content of RRES.
func changesRRES(change func(f *relay.Forward, body []byte) []byte) func(*relay.Config) {
	return sealsForward(func(s *relay.Session, f *relay.Forward, content []byte, next sealForward) smp.Response {
		answer := next(s, f, content)
		if rres, ok := answer.(smp.RRES); ok {
			return smp.RRES{Body: change(f, rres.Body)}
		}
		return answer
	})
}

// responses changes what is encrypted for the client.
func responses(change func(f *relay.Forward, content []byte) []byte) func(*relay.Config) {
	return sealsForward(func(_ *relay.Session, f *relay.Forward, content []byte, _ sealForward) smp.Response {
		nonce := f.ClientNonce.Reverse()
		body := box.Seal(nil, change(f, content), &nonce, &f.ClientKey)
		response, err := smp.ForwardedResponse{CorrelationID: f.CorrelationID, Body: body}.Encode()
		if err != nil {
			return smp.ERR{Err: smp.ErrInternal}
		}
		nonce = f.ProxyNonce.Reverse()
		return smp.RRES{Body: box.Seal(nil, response, &nonce, &f.ProxyKey)}
	})
}

// padded is a content padded to a size, or as it was if that is too small.
func padded(content []byte, size int) []byte {
	b, err := wire.Pad(nil, content, size)
	if err != nil {
		return content
	}
	return b
}

// errorsOutside answers errors that begin so to the proxy.
func errorsOutside(which string) func(*relay.Config) {
	return sealsForward(func(s *relay.Session, f *relay.Forward, content []byte, next sealForward) smp.Response {
		command := commandOf(f.Version, content)
		if !bytes.HasPrefix(command, []byte("ERR "+which)) {
			return next(s, f, content)
		}
		answer, err := smp.DecodeResponse(f.Version, command)
		if err != nil {
			return next(s, f, content)
		}
		return answer
	})
}

// queueShown puts the entity id of the forwarded command into RRES.
func queueShown() func(*relay.Config) {
	var shown sync.Map // of entity ids, by correlation id of RFWD
	return both(
		sealsForward(func(s *relay.Session, f *relay.Forward, content []byte, next sealForward) smp.Response {
			if encoded, err := smp.DecodeBlock(content); err == nil && len(encoded) == 1 {
				if t, err := smp.DecodeTransmission(f.Version, encoded[0]); err == nil {
					shown.Store(string(f.ProxyNonce[:]), bytes.Clone(t.EntityID))
				}
			}
			return next(s, f, content)
		}),
		rewrites(func(_ *relay.Session, t *smp.Transmission) {
			if id, ok := shown.LoadAndDelete(string(t.CorrelationID)); ok {
				t.EntityID = id.([]byte)
			}
		}))
}

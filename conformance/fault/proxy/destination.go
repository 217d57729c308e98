package proxy

import (
	"bytes"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// destinationFaults are mistakes in RFWD.
var destinationFaults = []fault.Fault{
	{
		ID:     "proxy/rfwd-entity-ignored",
		Story:  "Nobody looks whether RFWD has an entity id, since it needs none.",
		Breaks: []string{"SMP-PROXY-RFWD-ENTITY"},
		Cases:  []string{"relay/proxy/rfwd-with-entity"},
		Apply:  fault.AllowsCredentials("RFWD"),
	},
	{
		ID:     "proxy/rfwd-authorization-ignored",
		Story:  "Nobody looks whether RFWD has an authorization, since it needs none.",
		Breaks: []string{"SMP-PROXY-RFWD-UNSIGNED"},
		Cases:  []string{"relay/proxy/rfwd-signed"},
		Apply:  fault.AllowsCredentials("RFWD"),
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
		Versions: fault.Since(smp.VersionProxyFlag),
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
		Apply: fault.Stages(func(st *relay.Stages) {
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
func rfwdError(id, story, noticing, breaks string, old, by *smp.Error) fault.Fault {
	return fault.Fault{
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

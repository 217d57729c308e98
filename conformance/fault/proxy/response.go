package proxy

import (
	"bytes"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/hop"
	"smpcheck/reference/box"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// responseFaults are mistakes in RRES and in what it has for the client.
var responseFaults = []fault.Fault{
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
			response, err := hop.Open(body, &nonce, &f.ProxyKey)
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
		Apply: fault.ChangesTransmissions(func(s *relay.Session, t *smp.Transmission) {
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
		Apply:  responses(func(_ *relay.Forward, content []byte) []byte { return paddedResponse(content, len(content)+2) }),
	},
	{
		ID:     "proxy/error-shorter",
		Story:  "Errors are padded to less than other responses, so that the proxy can tell them apart.",
		Breaks: []string{"SMP-PROXY-PRES-PADDED"},
		Cases:  []string{"relay/proxy/pres"},
		Apply: responses(func(f *relay.Forward, content []byte) []byte {
			if isErrorOf(f.Version, content) {
				return paddedResponse(content, 1000)
			}
			return paddedResponse(content, smp.PaddedForwarded)
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
func paddedResponse(content []byte, size int) []byte {
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
	return fault.Together(
		sealsForward(func(s *relay.Session, f *relay.Forward, content []byte, next sealForward) smp.Response {
			if encoded, err := smp.DecodeBlock(content); err == nil && len(encoded) == 1 {
				if t, err := smp.DecodeTransmission(f.Version, encoded[0]); err == nil {
					shown.Store(string(f.ProxyNonce[:]), bytes.Clone(t.EntityID))
				}
			}
			return next(s, f, content)
		}),
		fault.ChangesTransmissions(func(_ *relay.Session, t *smp.Transmission) {
			if id, ok := shown.LoadAndDelete(string(t.CorrelationID)); ok {
				t.EntityID = id.([]byte)
			}
		}))
}

package proxy

import (
	"bytes"
	"slices"

	"smpcheck/conformance/fault"
	"smpcheck/reference/box"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

type (
	openForward = func(*relay.Session, *relay.Request) (*relay.Forward, *smp.Error)
	sealForward = func(*relay.Session, *relay.Forward, []byte) smp.Response
)

// opensForward replaces the stage OpenForward; next is what it was.
func opensForward(f func(s *relay.Session, r *relay.Request, next openForward) (*relay.Forward, *smp.Error)) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next := st.OpenForward
		st.OpenForward = func(s *relay.Session, r *relay.Request) (*relay.Forward, *smp.Error) { return f(s, r, next) }
	})
}

// sealsForward replaces the stage SealForward; next is what it was.
func sealsForward(f func(s *relay.Session, forwarded *relay.Forward, content []byte, next sealForward) smp.Response) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next := st.SealForward
		st.SealForward = func(s *relay.Session, forwarded *relay.Forward, content []byte) smp.Response {
			return f(s, forwarded, content, next)
		}
	})
}

// forwardError replaces an error that the proxy is answered with in the place of RRES.
func forwardError(old, by *smp.Error) func(*relay.Config) {
	return opensForward(func(s *relay.Session, r *relay.Request, next openForward) (*relay.Forward, *smp.Error) {
		f, e := next(s, r)
		if e != nil && e.Equal(old) {
			return nil, by
		}
		return f, e
	})
}

// opening is how a destination opens RFWD; what is nil is done as it should be. It does
// not look whether a command comes again.
type opening struct {
	outer, inner func(sealed []byte, nonce *box.Nonce, key *box.Key) ([]byte, error)
	agree        func(*relay.Session, smp.ForwardedCommand) (box.Key, error)
}

func (o opening) apply(c *relay.Config) {
	opensForward(func(s *relay.Session, r *relay.Request, _ openForward) (*relay.Forward, *smp.Error) {
		return o.open(s, r)
	})(c)
}

func (o opening) open(s *relay.Session, r *relay.Request) (*relay.Forward, *smp.Error) {
	c, ok := r.Command.(smp.RFWD)
	if !ok || s.Conn().Secret() == nil {
		return nil, brokerTransport(smp.TransportNoAuth)
	}
	if o.outer == nil {
		o.outer = openBox
	}
	if o.inner == nil {
		o.inner = openBox
	}
	if o.agree == nil {
		o.agree = func(s *relay.Session, c smp.ForwardedCommand) (box.Key, error) {
			return box.Agree(s.Conn().SessionKey(), c.Key)
		}
	}
	f := &relay.Forward{ProxyNonce: smp.CorrelationNonce(r.Transmission.CorrelationID)}
	var err error
	if f.ProxyKey, err = box.DeriveKey(s.Conn().Secret()); err != nil {
		return nil, smp.ErrCrypto
	}
	content, err := o.outer(c.Body, &f.ProxyNonce, &f.ProxyKey)
	if err != nil {
		return nil, smp.ErrCrypto
	}
	if f.ForwardedCommand, err = smp.DecodeForwardedCommand(content); err != nil {
		return nil, smp.ErrCmdSyntax
	}
	f.ClientNonce = smp.CorrelationNonce(f.CorrelationID)
	if f.ClientKey, err = o.agree(s, f.ForwardedCommand); err != nil {
		return nil, smp.ErrCrypto
	}
	padded, err := o.inner(f.Body, &f.ClientNonce, &f.ClientKey)
	if err != nil {
		return nil, smp.ErrCrypto
	}
	if f.Content, err = wire.Unpad(padded); err != nil {
		return nil, smp.ErrCrypto
	}
	return f, nil
}

func openBox(sealed []byte, nonce *box.Nonce, key *box.Key) ([]byte, error) {
	return box.Open(nil, sealed, nonce, key)
}

// openUnchecked decrypts a box without looking at its tag.
func openUnchecked(sealed []byte, nonce *box.Nonce, key *box.Key) ([]byte, error) {
	if len(sealed) < box.Overhead {
		return nil, box.ErrOpen
	}
	stream := box.Seal(nil, make([]byte, len(sealed)-box.Overhead), nonce, key)[box.Overhead:]
	for i, b := range sealed[box.Overhead:] {
		stream[i] ^= b
	}
	return stream, nil
}

// commandOf is the command or response of the first transmission in a block of the
// client.
func commandOf(version uint16, content []byte) []byte {
	encoded, err := smp.DecodeBlock(content)
	if err != nil || len(encoded) == 0 {
		return nil
	}
	t, err := smp.DecodeTransmission(version, encoded[0])
	if err != nil {
		return nil
	}
	return t.Command
}

// isErrorOf reports whether the content of a block is ERR.
func isErrorOf(version uint16, content []byte) bool {
	return bytes.HasPrefix(commandOf(version, content), []byte("ERR "))
}

// incremented is a nonce plus 1, as the document has it for answers.
func incremented(n box.Nonce) box.Nonce {
	for i, b := range slices.Backward(n[:]) {
		n[i] = b + 1
		if n[i] != 0 {
			break
		}
	}
	return n
}

package relay

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"smpcheck/reference/smp"
)

// NamesConfig gives a relay the names role: it answers RSLV. A zero field has the
// default that its comment names; Resolver has none. SMP, "Resolver commands".
//
// The operator of a relay sees in its resolver which names are looked up, and in
// a proxy who its clients are. The document wants that no relay has both roles by
// default, so whoever sets Config.Names decides about Config.Proxy too.
type NamesConfig struct {
	// Resolver knows the names. Required.
	Resolver Resolver
	// Timeout is how long a lookup may take, and is answered with NAME RESOLVER
	// then; default 3 seconds.
	Timeout time.Duration
	// MaxLookups is how many lookups there may be at a time; more are answered
	// with NAME RESOLVER at once, so that nothing waits for a slow resolver.
	// Default 1000.
	MaxLookups int
	// MaxClientLookups is the same for one connection, which may be that of a
	// proxy with many clients. Default 100.
	MaxClientLookups int
}

// Resolver finds out what names stand for. Package names has two.
type Resolver interface {
	// Resolve returns the record of a name, which is in lower case, has at least
	// two labels and only characters of names: smp.CanonicalName. A name that
	// does not exist, and one whose record has expired, is smp.ErrNameNotFound;
	// a failure is smp.ResolverError with a text that clients may see, or any
	// other error, of which they see nothing. It has to return when ctx ends, and
	// is called from many goroutines.
	Resolve(ctx context.Context, name string) (smp.NameRecord, error)
}

// Defaults of NamesConfig. The timeout and the number of all lookups are those
// of the official relay, which counts them for a connection.
const (
	DefaultNamesTimeout     = 3 * time.Second
	DefaultMaxLookups       = 1000
	DefaultMaxClientLookups = 100
)

// withDefaults returns c with its zero fields set, or ErrConfig.
func (c NamesConfig) withDefaults() (*NamesConfig, error) {
	if c.Resolver == nil {
		return nil, fmt.Errorf("%w: names without a resolver", ErrConfig)
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultNamesTimeout
	}
	if c.MaxLookups == 0 {
		c.MaxLookups = DefaultMaxLookups
	}
	if c.MaxClientLookups == 0 {
		c.MaxClientLookups = DefaultMaxClientLookups
	}
	if c.Timeout < 0 || c.MaxLookups < 0 || c.MaxClientLookups < 0 {
		return nil, fmt.Errorf("%w: names timeout of %v and %d lookups, %d for a client, expected positive ones",
			ErrConfig, c.Timeout, c.MaxLookups, c.MaxClientLookups)
	}
	return &c, nil
}

// What clients are told after NAME RESOLVER.
const (
	resolverBusy    = "too many lookups"
	resolverTimeout = "timeout"
	resolverFailure = "resolver error"
	recordInvalid   = "invalid response"
	recordTooLarge  = "response too large"
)

// maxNameResponse is the longest RNAME: with it the answer fits a block, a
// forwarded one too. SMP, "Name record response", wire-size budget.
const maxNameResponse = 16000 + len("RNAME ")

// names is the names role of a relay.
type names struct {
	config  *NamesConfig
	ctx     context.Context // ends when the relay is closed
	lookups atomic.Int64
}

// begin reports whether there may be one lookup more for a session; then end has
// to follow.
func (n *names) begin(s *Session) bool {
	if n.lookups.Add(1) > int64(n.config.MaxLookups) {
		n.lookups.Add(-1)
		return false
	}
	if s.lookups.Add(1) > int64(n.config.MaxClientLookups) {
		n.end(s)
		return false
	}
	return true
}

func (n *names) end(s *Session) {
	n.lookups.Add(-1)
	s.lookups.Add(-1)
}

// resolveName executes RSLV beside the other commands of the connection: it is
// answered when the resolver has an answer. Below the version of names it is an
// unknown command. SMP, "Resolve name command" and "Router security requirements".
func (s *Session) resolveName(r *Request, c smp.RSLV) []Output {
	n, connection := s.relay.names, s.connection()
	switch {
	case s.Version() < smp.VersionNames:
		return []Output{r.failure(smp.ErrCmdUnknown)}
	case n == nil:
		return []Output{r.failure(smp.ErrNameNoResolver)}
	case !n.begin(connection):
		return []Output{r.failure(smp.ResolverError(resolverBusy))}
	}
	out := r.output()
	connection.beside.Go(func() {
		defer n.end(connection)
		ctx, cancel := context.WithTimeout(n.ctx, n.config.Timeout)
		defer cancel()
		if out.Response = s.relay.stages.Resolve(ctx, s, c); out.Response != nil {
			s.answerLater(out)
		}
	})
	return nil
}

// answerLater sends what a command that was executed beside the others is
// answered.
func (s *Session) answerLater(out Output) {
	if s.forward != nil {
		s.forward.answerLater(s, out)
		return
	}
	s.out.putWithRoom(out)
	s.Flush()
}

// defaultResolve is the stage Resolve.
func defaultResolve(ctx context.Context, s *Session, c smp.RSLV) smp.Response {
	record, err := s.relay.names.config.Resolver.Resolve(ctx, c.Domain)
	if err != nil {
		return fail(nameError(ctx, err))
	}
	answer := smp.RNAME{Record: record}
	encoded, err := smp.EncodeResponse(s.Version(), answer)
	switch {
	case err != nil:
		return fail(smp.ResolverError(recordInvalid))
	case len(encoded) > maxNameResponse:
		return fail(smp.ResolverError(recordTooLarge))
	}
	return answer
}

// nameError is what a client is told about the error of a resolver.
func nameError(ctx context.Context, err error) *smp.Error {
	var answer *smp.Error
	switch {
	case errors.As(err, &answer) && answer.Code == smp.CodeName:
		return answer
	case ctx.Err() != nil:
		return smp.ResolverError(resolverTimeout)
	}
	return smp.ResolverError(resolverFailure)
}

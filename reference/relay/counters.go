package relay

import (
	"sync/atomic"

	"smpcheck/reference/smp"
)

// commandTags are the commands that are counted, each by itself.
var commandTags = [...]string{
	"NEW", "SUB", "SUBS", "KEY", "RKEY", "LSET", "LDEL", "NKEY", "NDEL", "GET", "ACK", "OFF", "DEL", "QUE", "SKEY", "SEND",
	"PING", "LKEY", "LGET", "PRXY", "PFWD", "RFWD", "NSUB", "NSUBS", "RSLV",
}

// errorKind is an error as it is counted: its code, with the second word of CMD,
// PROXY and NAME.
type errorKind struct {
	code   smp.ErrorCode
	second string
}

// errorKinds are the errors that are counted, each by itself.
var errorKinds = [...]errorKind{
	{code: smp.CodeBlock}, {code: smp.CodeSession}, {code: smp.CodeAuth}, {code: smp.CodeBlocked}, {code: smp.CodeService},
	{code: smp.CodeCrypto}, {code: smp.CodeQuota}, {code: smp.CodeStore}, {code: smp.CodeExpired}, {code: smp.CodeNoMsg},
	{code: smp.CodeLargeMsg}, {code: smp.CodeInternal}, {code: smp.CodeDuplicate},
	{smp.CodeCmd, string(smp.CmdUnknown)}, {smp.CodeCmd, string(smp.CmdSyntax)}, {smp.CodeCmd, string(smp.CmdProhibited)},
	{smp.CodeCmd, string(smp.CmdNoAuth)}, {smp.CodeCmd, string(smp.CmdHasAuth)}, {smp.CodeCmd, string(smp.CmdNoEntity)},
	{smp.CodeProxy, string(smp.ProxyProtocol)}, {smp.CodeProxy, string(smp.ProxyBroker)},
	{smp.CodeProxy, string(smp.ProxyBasicAuth)}, {smp.CodeProxy, string(smp.ProxyNoSession)},
	{smp.CodeName, string(smp.NameNoResolver)}, {smp.CodeName, string(smp.NameNotFound)}, {smp.CodeName, string(smp.NameResolver)},
}

// String is the beginning of the error on the wire.
func (k errorKind) String() string {
	if k.second == "" {
		return string(k.code)
	}
	return string(k.code) + " " + k.second
}

// kindOf is how an error is counted.
func kindOf(e *smp.Error) errorKind {
	k := errorKind{code: e.Code}
	switch {
	case e.Code == smp.CodeCmd:
		k.second = string(e.Cmd)
	case e.Code == smp.CodeProxy && e.Proxy != nil:
		k.second = string(e.Proxy.Code)
	case e.Code == smp.CodeName:
		k.second = string(e.Name)
	}
	return k
}

// Where the counters of commands and errors stand.
var (
	commandAt = indices(commandTags[:])
	errorAt   = indices(errorKinds[:])
)

func indices[K comparable](list []K) map[K]int {
	at := make(map[K]int, len(list))
	for i, k := range list {
		at[k] = i
	}
	return at
}

// counts are the counters of the connections that share them.
type counts struct {
	commands  [len(commandTags)]atomic.Uint64
	errors    [len(errorKinds)]atomic.Uint64
	blocksIn  atomic.Uint64
	blocksOut atomic.Uint64
	_         [64]byte // the next ones are on another cache line
}

// counters are what a relay counts. Connections take turns in sharing counts, so
// that they seldom wait for each other's processor.
type counters struct {
	shares [8]counts
	next   atomic.Uint32
}

// share returns the counts of a new connection.
func (c *counters) share() *counts {
	return &c.shares[c.next.Add(1)%uint32(len(c.shares))]
}

// command counts a command that was decoded.
func (c *counts) command(command smp.Command) {
	if i, ok := commandAt[command.Tag()]; ok {
		c.commands[i].Add(1)
	}
}

// response counts an answer if it is an error.
func (c *counts) response(response smp.Response) {
	failure, ok := response.(smp.ERR)
	if !ok || failure.Err == nil {
		return
	}
	if i, ok := errorAt[kindOf(failure.Err)]; ok {
		c.errors[i].Add(1)
	}
}

// total adds up one counter.
func (c *counters) total(of func(*counts) *atomic.Uint64) uint64 {
	var sum uint64
	for i := range c.shares {
		sum += of(&c.shares[i]).Load()
	}
	return sum
}

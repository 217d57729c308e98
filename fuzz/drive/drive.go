// Package drive runs programs against a relay: it keeps connections, keys and queues,
// sends what a program says, reads what comes, and tells a Judge about both as they
// happen.
//
// Nothing that a relay does can hang or balloon a run: each read and write has a deadline,
// and what is kept has a limit. The first time that a relay keeps the driver waiting in
// vain ends the program.
//
// What a program shows – its Pairs – is the same in each run, however slow the machine is.
// So the driver sends PINGs of its own: to find out whether a connection has survived what
// was sent on it, and whether the messages that an ACK is about have come. Answers that
// depend on what comes first on two connections are in no Pair, nor are those to mutations
// after which the bytes of ids and keys, which are new in each run, are read as lengths.
//
// A connection on which nothing means anything any more is left open and read no further,
// so that the relay has to bear it; the judge is told that it is closed, and its slot is
// opened anew by the next operation.
package drive

import (
	"context"
	"time"

	"smpcheck/conformance/trace"
	"smpcheck/fuzz/program"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// Config says against what and how programs run.
type Config struct {
	// Server is the relay, with its password if it has one.
	Server link.Server
	// Versions are those that the relay and the run have in common.
	Versions wire.VersionRange
	// TLS is the version of TLS that the relay speaks: "1.3" or "1.2".
	TLS string
	// Scale multiplies all deadlines; 0 is 1.
	Scale float64
	// Judge watches the run; nil for nobody.
	Judge Judge
	// Seed is the source of what is random in mutations, bodies and link data, so that the
	// same program with the same seed sends the same but for keys, ids and nonces.
	Seed uint64
	// Recorder keeps the conversation; nil for none.
	Recorder *trace.Recorder
	// Pace is called before each operation and may wait; nil for full speed.
	Pace func(context.Context) error
}

// Run runs a program and returns what came of it. It closes all its connections, and
// deletes its queues if cleanup can be done without a word to the judge. The error says
// that the relay could not be reached or ctx has ended; everything that a relay does
// wrong is in the Outcome.
func Run(ctx context.Context, cfg Config, p program.Program) (Outcome, error) {
	return run(ctx, cfg, p)
}

// Outcome is what came of a program.
type Outcome struct {
	// Ops is the number of operations that were carried out, each as often as it was.
	Ops int
	// Pairs is the feedback for the fuzzer: what was sent and what came of it, without
	// anything that differs between runs of the same program. Sorted, each once.
	Pairs []Pair
	// Breaches are what the driver itself saw and the judge said, in their order: the first
	// of each kind, rule and command.
	Breaches []Breach
	// Duration of the run.
	Duration time.Duration
}

// Pair is a unit of feedback: a command, the way in which it was changed and the state of
// its queue as the driver knows it, with its answer and what became of the connection.
type Pair struct {
	Command string // such as "SEND"
	How     string // such as "v18 sender secured field:body:truncate"
	Answer  string // such as "ERR CMD SYNTAX", "OK", "none"
	Ending  string // such as "open", "closed", "alert"
}

// Breach is something that the relay did wrong.
type Breach struct {
	// Kind is one of the kinds of findings that a run can show.
	Kind Kind
	// Rule is a short, stable name of what is broken, such as "unknown-tag" or
	// "message-lost"; it names no ids and no numbers.
	Rule string
	// Requirement is the id of the record in spec, empty for none.
	Requirement string
	// Op is the index of the operation that was last sent.
	Op int
	// Command is the tag of the command that it is about, empty for none.
	Command string
	// Expected and Actual are for people.
	Expected, Actual string
}

// Kind is a kind of breach.
type Kind string

// The kinds. The engine has more: those that only a process or a canary shows.
const (
	// Hang: an answer or a refusal is missing although the connection is open, or a block
	// does not become complete.
	Hang Kind = "hang"
	// Protocol: bytes outside the protocol.
	Protocol Kind = "protocol"
	// Accepted: what had to be refused was not.
	Accepted Kind = "accepted"
	// Violation: an answer or event that the model does not allow.
	Violation Kind = "violation"
)

// Judge watches a run. Its methods are called one at a time, in the order of what the
// driver sees: what was sent before what came. What it returns goes to the Outcome. The
// number of a connection is that of its slot; between Opened and Closed it is one
// connection. Of one whose hello the relay has to refuse the judge hears nothing, nor of
// the deletion of the queues after the end.
type Judge interface {
	// Opened says that the handshake on a connection is done.
	Opened(c Opened) []Breach
	// Sent says that a block has been written.
	Sent(b Block) []Breach
	// Received says that a transmission came.
	Received(r Received) []Breach
	// Missing says that the answers to these transmissions, all on an open connection, did
	// not come in time, or not before that to a later PING. They may have been executed, and
	// an answer may come later.
	Missing(conn int, correlations [][]byte) []Breach
	// Closed says that a connection has ended; how says by whom. By us it may be that the
	// relay does not know it yet, or that the connection was given up.
	Closed(conn int, how Ending) []Breach
	// Settled says that everything that was caused before has arrived on all connections:
	// what the judge still waits for has not come.
	Settled() []Breach
	// Finish ends the run: everything has settled if settled is true.
	Finish(settled bool) []Breach
}

// Opened is a connection after its handshake.
type Opened struct {
	Conn    int
	Version uint16
	// Encrypted says that blocks are encrypted inside TLS.
	Encrypted bool
	// Proxy says that the hello had the proxy flag.
	Proxy bool
	// KeyUnread says that the hello has something else in the place of its key.
	KeyUnread bool
}

// Ending says how a connection has ended.
type Ending string

// The endings.
const (
	ByUs     Ending = "by us"
	ByRelay  Ending = "closed"
	ByAlert  Ending = "alert"
	ByReset  Ending = "reset"
	ByGarble Ending = "unreadable"
)

// Block is what left on a connection, as the relay must see it: taken apart by the strict
// codec from the final bytes, after all mutations.
type Block struct {
	Conn int
	// Op is the index of the operation that it belongs to: the last, if it has several.
	Op int
	// Broken says that no block of transmissions can be read from it by anybody: cut
	// short, undecryptable, or damaged below the block. Then there are no Transmissions,
	// and the relay may answer ERR BLOCK, answer nothing or close the connection.
	Broken bool
	// Desynchronised says that the bytes in TLS are no whole number of blocks, or that a
	// record of TLS was damaged: nothing on this connection means anything any more, and
	// nothing more is sent on it. Transmissions that there are in spite of that may be
	// executed and answered, or not.
	Desynchronised bool
	// Malformed says that the block can be decrypted and that its content is malformed,
	// or longer than the block: the relay answers ERR BLOCK once, or closes the connection.
	Malformed bool
	// Transmissions in their order. If there is a Refusal ERR BLOCK among them the relay may
	// close the connection.
	Transmissions []Sent
}

// Sent is one transmission of a Block.
type Sent struct {
	// Raw is the transmission as it stands in the block.
	Raw []byte
	// Transmission is decoded from Raw; zero if Refusal is ERR BLOCK.
	smp.Transmission
	// Command is decoded; nil if it does not decode.
	Command smp.Command
	// Refusal is what the bytes alone demand, whatever the state of the relay: BLOCK,
	// SESSION, CMD UNKNOWN, CMD SYNTAX, CMD NO_AUTH, CMD HAS_AUTH, CMD NO_ENTITY. Nil if
	// there is nothing wrong with them.
	Refusal *smp.Error
	// Tag of the command as it was intended, before mutations; of one that is forwarded, as
	// it is.
	Tag string
	// Mutated says that this transmission, or its block, was changed.
	Mutated bool
	// Forwarded is what a PFWD or RFWD carries, as the destination has to read it: the
	// relay itself. Nil for other commands, and where it does not open or is not one
	// transmission: then nothing is executed.
	Forwarded *Sent
	// AuthorizedBy reports whether the authorization is by the given key, in this session.
	// An X25519 key that the driver has not made authorizes nothing.
	AuthorizedBy func(keys.PublicKey) bool
}

// Received is a transmission that came.
type Received struct {
	Conn int
	// Op is the index of the operation that was last sent.
	Op int
	// Transmission as decoded; Response is nil if the command in it does not decode, and
	// Err says why.
	smp.Transmission
	Response smp.Response
	Err      error
	// Message is what MSG carries, opened with the keys of the queue that has the entity
	// id; nil for other responses, for an unknown queue, and where OpenErr says why not.
	Message *smp.RcvMessage
	// Meta is what NMSG carries, in the same way.
	Meta *smp.NMsgMeta
	// Forwarded is what PRES or RRES carries, opened with the keys of what it answers.
	Forwarded *Received
	// OpenErr says why something could not be opened although its keys are known.
	OpenErr error
}

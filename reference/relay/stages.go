package relay

import (
	"context"
	"net"
	"reflect"
	"time"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// Request is one transmission of a client on its way through the pipeline.
type Request struct {
	// Transmission has the ids to answer with and the authorization. Where the
	// transmission could not be parsed it is empty.
	Transmission smp.Transmission
	// Command is nil if Err says that there is none.
	Command smp.Command
	// Err is the error that the command is answered with instead of being
	// executed. Decode and Authorise set it.
	Err *smp.Error
	// Queue is the queue that EntityID names for the party that may send
	// Command. Authorise sets it; nil for commands that need no queue.
	Queue *Queue

	commit *commit // that the answer has to wait for, nil for none
}

// IDKind says what an id is for.
type IDKind uint8

// The ids that a relay makes.
const (
	RecipientID IDKind = iota + 1
	SenderID
	MessageID
	LinkID
	NotifierID
)

// Stages is the pipeline of a relay: for each step a function that does it. The
// zero value of a field means that of DefaultStages. Functions are called from
// many goroutines at a time.
//
// To replace a step, keep the function of DefaultStages and call it for
// everything that is not to be different:
//
//	stages := relay.DefaultStages()
//	execute := stages.Execute
//	stages.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
//		if _, ok := r.Command.(smp.PING); ok {
//			return nil // PING is not answered
//		}
//		return execute(s, r)
//	}
//
// The order for a connection is Accept, Handshake, which uses Service; then for
// each block Read,
// Decode; for each transmission of the block Authorise, which uses Verify, and
// Execute, which uses NewID, Store, Announce, Head, Remove and Push; then, when
// the connection can be written to, Deliver or Notify, Encode, Write. Expire comes
// before every use of a queue, Leave when the connection is gone. Execute gives PRXY and
// PFWD to Proxy, which uses Connect and Forward, and RFWD to Forwarded, which uses
// OpenForward, the stages of a command, and SealForward.
// RSLV is given to Resolve.
type Stages struct {
	// Accept gets a new network connection and returns the one that is used
	// from there on. An error closes the connection.
	Accept func(net.Conn) (net.Conn, error)

	// Handshake does the handshakes of TLS and SMP: certificates, channel
	// binding, hellos, keys. ctx ends with the handshake timeout. An error
	// closes the connection.
	Handshake func(ctx context.Context, conn net.Conn, config transport.ServerConfig) (*transport.Conn, error)

	// Service decides about a client service, whose credentials are verified. It
	// returns the id of the service, or an error: a transport.Error is what the
	// service is told, any other one means BAD_SERVICE.
	Service func(ctx context.Context, r *Relay, s transport.Service, chain [][]byte) (id []byte, err error)

	// Read waits for the next block and returns its content, which nobody
	// else uses. After transport.ErrLargeMessage, a block that could not be
	// taken apart, the session goes on with ERR BLOCK; another error ends it.
	Read func(*Session) ([]byte, error)

	// Decode takes the content of a block apart. Every transmission gives a
	// request, in their order; Err is BLOCK, SESSION or CMD with UNKNOWN,
	// SYNTAX, NO_AUTH, HAS_AUTH or NO_ENTITY for those that are wrong in
	// themselves. A block that cannot be taken apart gives one request with
	// ERR BLOCK.
	Decode func(s *Session, content []byte) []Request

	// Authorise looks up the queue of a request, sets Queue if there is one,
	// and checks that the client may do what the command asks. It returns nil
	// or the answer, which is CMD PROHIBITED for a command that the role of a
	// service does not allow, SERVICE for what is wrong with the signature of a
	// service, and AUTH for everything else. A replacement that returns nil instead has to see that
	// there is a Queue.
	Authorise func(*Session, *Request) *smp.Error

	// Verify reports whether the authorization of a request was made with the
	// given key, in time that depends on the authorization alone. It is called
	// for every request that has an authorization and names a queue, also if
	// the answer is known to be no: then with the zero key, for which it does
	// the same work and is false.
	Verify func(*Session, *Request, keys.PublicKey) bool

	// Execute does what the command asks and returns the answer: one output,
	// except that a replacement may return none or more. The queue of the
	// request is locked until the answer is in the session's queue.
	//
	// RSLV is answered with CMD UNKNOWN below version 20. PRXY and PFWD are given to
	// Proxy, RSLV to Resolve, and answered later, RFWD is given to Forwarded; without
	// Config.Names, RSLV is answered with NAME NO_RESOLVER; without Config.Proxy, PRXY
	// is answered
	// with PROXY BASIC_AUTH, as by an official relay that forwards for nobody,
	// and PFWD with PROXY NO_SESSION.
	Execute func(*Session, *Request) []Output

	// Proxy does what PRXY or PFWD asks and returns the answer, nil for none. It
	// is called on a goroutine of its own, since it waits for another relay, by
	// means of Connect or Forward. ctx ends when the relay is closed.
	Proxy func(ctx context.Context, s *Session, r *Request) smp.Response

	// Connect connects to the relay at an address, host:port, whose identity has
	// the fingerprint keyHash, for all who want to forward to it. The connection
	// has to have a session key of both sides. ctx ends with the timeout. An
	// error is answered with PROXY BROKER.
	Connect func(ctx context.Context, r *Relay, address string, keyHash []byte) (*client.Client, error)

	// Forward sends what came in PFWD to its destination and returns what PRES
	// carries. ctx ends with the timeout. An error is answered with PROXY
	// PROTOCOL, if it has an *smp.Error in its chain, or PROXY BROKER.
	Forward func(ctx context.Context, destination *client.Client, command smp.ForwardedCommand) (body []byte, err error)

	// Forwarded does what RFWD, the request, asks and returns the answer, nil for
	// none. What OpenForward finds inside goes through Decode, Authorise and
	// Execute, with a session whose Version is that of the command, and the
	// answer through SealForward.
	Forwarded func(*Session, *Request) smp.Response

	// OpenForward takes both encryptions off an RFWD, or returns what the proxy
	// is answered.
	OpenForward func(*Session, *Request) (*Forward, *smp.Error)

	// SealForward encrypts the content of a block with the answer, for the client
	// and then for the proxy, and returns what the proxy is answered.
	SealForward func(s *Session, f *Forward, content []byte) smp.Response

	// Resolve looks a name up and returns RNAME or ERR NAME, nil for no answer.
	// It is called on a goroutine of its own. ctx ends with the timeout and when
	// the relay is closed. Without Config.Names it is not called.
	Resolve func(ctx context.Context, s *Session, c smp.RSLV) smp.Response

	// NewID makes an id for what a request creates.
	NewID func(*Session, *Request, IDKind) ([]byte, error)

	// Store stores a message and reports whether the queue took it. The queue
	// is locked.
	Store func(*Queue, *Message) bool

	// Announce keeps the notification of a message that the queue has just
	// stored, if the message has the flag for it and the queue a notifier. What
	// is kept is pushed when a session is subscribed to it. The queue is locked.
	Announce func(r *Relay, q *Queue, m *Message)

	// Head returns the message that is to be delivered next, nil if there is
	// none. The queue is locked.
	Head func(*Queue) *Message

	// Remove removes the message with the given id if it is the next one. The
	// queue is locked.
	Remove func(q *Queue, id []byte) bool

	// Push sends something that nobody asked for: a message to the subscriber, a
	// notification to that of the notifier, END to a session that is displaced,
	// DELD to one whose queue is gone. The queue is locked; Push must not wait for
	// the session. For ENDS and ALLS, which are about a service, q is nil.
	Push func(to *Session, q *Queue, out Output)

	// Expire removes what is too old at the given time from a queue, and
	// reports whether the queue itself is too old. The queue is locked.
	Expire func(r *Relay, q *Queue, now time.Time) bool

	// Leave ends what a session that is gone has with a queue. The queue is
	// locked.
	Leave func(*Session, *Queue)

	// Deliver makes the response that carries a message: the encryption
	// between relay and recipient. An error ends the session.
	Deliver func(*Session, Output) (smp.Response, error)

	// Notify makes the response that carries a notification: the encryption of
	// its metadata for the recipient. An error ends the session.
	Notify func(*Session, Output) (smp.Response, error)

	// Encode makes the contents of blocks of outputs, in the order in which
	// they are to be sent. All outputs have a response. An error ends the
	// session.
	Encode func(*Session, []Output) ([][]byte, error)

	// Write makes blocks of contents and sends them. An error ends the
	// session.
	Write func(s *Session, contents [][]byte) error
}

// DefaultStages returns the steps as the protocol wants them.
func DefaultStages() Stages {
	return Stages{
		Accept:    func(conn net.Conn) (net.Conn, error) { return conn, nil },
		Handshake: transport.Server,
		Service:   defaultService,
		Read:      func(s *Session) ([]byte, error) { return s.conn.ReadBlock() },
		Decode:    defaultDecode,
		Authorise: defaultAuthorise,
		Verify:    defaultVerify,
		Execute:   defaultExecute,
		Proxy:     defaultProxy,
		Connect:   defaultConnect,
		Forward:   defaultForward,
		Forwarded: defaultForwarded,

		OpenForward: defaultOpenForward,
		SealForward: defaultSealForward,
		Resolve:     defaultResolve,
		NewID:       defaultNewID,
		Store:       func(q *Queue, m *Message) bool { return q.Mailbox().Put(m) },
		Announce:    defaultAnnounce,
		Head:        func(q *Queue) *Message { return q.mailbox.Head() },
		Remove:      defaultRemove,
		Push:        defaultPush,
		Expire:      defaultExpire,
		Leave:       func(s *Session, q *Queue) { q.leave(s) },
		Deliver:     defaultDeliver,
		Notify:      defaultNotify,
		Encode:      defaultEncode,
		Write:       func(s *Session, contents [][]byte) error { return s.conn.WriteBlocks(contents...) },
	}
}

// withDefaults sets the fields that are nil.
func (st Stages) withDefaults() Stages {
	to, from := reflect.ValueOf(&st).Elem(), reflect.ValueOf(DefaultStages())
	for i := range to.NumField() {
		if to.Field(i).IsNil() {
			to.Field(i).Set(from.Field(i))
		}
	}
	return st
}

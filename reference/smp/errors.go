package smp

import "reflect"

// ErrorCode is the first word of a protocol error.
type ErrorCode string

// The codes of errors. SMP, "Error responses".
const (
	CodeBlock     ErrorCode = "BLOCK"      // block or transmission is malformed
	CodeSession   ErrorCode = "SESSION"    // session identifier is another one
	CodeCmd       ErrorCode = "CMD"        // command is wrong, see Error.Cmd
	CodeProxy     ErrorCode = "PROXY"      // forwarding failed, see Error.Proxy
	CodeAuth      ErrorCode = "AUTH"       // authorization or queue is wrong
	CodeBlocked   ErrorCode = "BLOCKED"    // entity is blocked, see Error.Blocking
	CodeService   ErrorCode = "SERVICE"    // service signature or session is wrong
	CodeCrypto    ErrorCode = "CRYPTO"     // forwarded content does not decrypt
	CodeQuota     ErrorCode = "QUOTA"      // queue is full
	CodeStore     ErrorCode = "STORE"      // storage failed, see Error.Text
	CodeExpired   ErrorCode = "EXPIRED"    // relay's key expired
	CodeNoMsg     ErrorCode = "NO_MSG"     // no such message to acknowledge
	CodeLargeMsg  ErrorCode = "LARGE_MSG"  // message is too large
	CodeInternal  ErrorCode = "INTERNAL"   // relay failed
	CodeName      ErrorCode = "NAME"       // name does not resolve, see Error.Name
	CodeDuplicate ErrorCode = "DUPLICATE_" // never sent
)

// CmdCode is the second word of CMD.
type CmdCode string

// The codes of CMD.
const (
	CmdUnknown    CmdCode = "UNKNOWN"    // unknown command
	CmdSyntax     CmdCode = "SYNTAX"     // malformed parameters
	CmdProhibited CmdCode = "PROHIBITED" // not allowed now or to this client
	CmdNoAuth     CmdCode = "NO_AUTH"    // authorization or entity id is missing
	CmdHasAuth    CmdCode = "HAS_AUTH"   // authorization or entity id must not be there
	CmdNoEntity   CmdCode = "NO_ENTITY"  // entity id is missing
)

// ProxyCode is the second word of PROXY.
type ProxyCode string

// The codes of PROXY.
const (
	ProxyProtocol  ProxyCode = "PROTOCOL"   // the destination answered with an error
	ProxyBroker    ProxyCode = "BROKER"     // no session with the destination
	ProxyBasicAuth ProxyCode = "BASIC_AUTH" // wrong password
	ProxyNoSession ProxyCode = "NO_SESSION" // no session with this id
)

// BrokerCode is the word after PROXY BROKER.
type BrokerCode string

// The codes of PROXY BROKER.
const (
	BrokerResponse   BrokerCode = "RESPONSE"   // malformed answer, see BrokerError.Text
	BrokerUnexpected BrokerCode = "UNEXPECTED" // unexpected answer, see BrokerError.Text
	BrokerNetwork    BrokerCode = "NETWORK"    // see BrokerError.Network
	BrokerTimeout    BrokerCode = "TIMEOUT"
	BrokerHost       BrokerCode = "HOST"       // no host that may be used
	BrokerNoService  BrokerCode = "NO_SERVICE" // service not available
	BrokerTransport  BrokerCode = "TRANSPORT"  // see BrokerError.Transport
)

// NetworkCode is the word after PROXY BROKER NETWORK.
type NetworkCode string

// The codes of PROXY BROKER NETWORK. They are read but never written: the
// official implementation sends NETWORK without a reason.
const (
	NetworkConnect   NetworkCode = "CONNECT" // see NetworkError.Text
	NetworkTLS       NetworkCode = "TLS"     // see NetworkError.Text
	NetworkUnknownCA NetworkCode = "UNKNOWNCA"
	NetworkFailed    NetworkCode = "FAILED" // also where no reason was sent
	NetworkTimeout   NetworkCode = "TIMEOUT"
	NetworkSubscribe NetworkCode = "SUBSCRIBE" // see NetworkError.Text
)

// TransportError is an error of the transport, in PROXY BROKER TRANSPORT and
// in the relay's answer to a service's hello.
type TransportError string

// The errors of the transport.
const (
	TransportBlock             TransportError = "BLOCK"
	TransportVersion           TransportError = "VERSION"
	TransportLargeMsg          TransportError = "LARGE_MSG"
	TransportSession           TransportError = "SESSION"
	TransportNoAuth            TransportError = "NO_AUTH" // the relay sent no key
	TransportHandshakeParse    TransportError = "HANDSHAKE PARSE"
	TransportHandshakeIdentity TransportError = "HANDSHAKE IDENTITY"
	TransportHandshakeBadAuth  TransportError = "HANDSHAKE BAD_AUTH"
	TransportHandshakeService  TransportError = "HANDSHAKE BAD_SERVICE"
)

// Error is the text of the error on the wire.
func (e TransportError) Error() string { return string(e) }

// NameCode is the second word of NAME.
type NameCode string

// The codes of NAME. SMP, "Resolve name command".
const (
	NameNoResolver NameCode = "NO_RESOLVER" // the relay does not resolve names
	NameNotFound   NameCode = "NOT_FOUND"   // no such name
	NameResolver   NameCode = "RESOLVER"    // the resolver failed, see Error.Text
)

// BlockingReason says why an entity is blocked.
type BlockingReason string

// The reasons of BLOCKED.
const (
	BlockedSpam    BlockingReason = "spam"
	BlockedContent BlockingReason = "content"
)

// Error is an error that a relay answers. Values are compared with Equal or
// errors.Is; those that are used often have names: ErrAuth, ErrCmdSyntax.
type Error struct {
	Code ErrorCode
	// Cmd is set for CMD.
	Cmd CmdCode
	// Proxy is set for PROXY.
	Proxy *ProxyError
	// Blocking is set for BLOCKED.
	Blocking *BlockingInfo
	// Name is set for NAME.
	Name NameCode
	// Text is free text of STORE and NAME RESOLVER.
	Text string
}

// ProxyError says why forwarding failed.
type ProxyError struct {
	Code ProxyCode
	// Protocol is the destination's error for PROTOCOL.
	Protocol *Error
	// Broker is set for BROKER.
	Broker BrokerError
}

// BrokerError says what is wrong between proxy and destination.
type BrokerError struct {
	Code BrokerCode
	// Text is set for RESPONSE and UNEXPECTED: at most 255 bytes.
	Text string
	// Network is set for NETWORK when it was read, and not written.
	Network NetworkError
	// Transport is set for TRANSPORT.
	Transport TransportError
}

// NetworkError says why a network connection failed.
type NetworkError struct {
	Code NetworkCode
	// Text is set for CONNECT, TLS and SUBSCRIBE.
	Text string
}

// BlockingInfo says why an entity is blocked.
type BlockingInfo struct {
	Reason BlockingReason
	// Notice is for the user, from version 18; nil for none.
	Notice *ClientNotice
}

// ClientNotice asks a client to show a notice.
type ClientNotice struct {
	// TTL is how long, in seconds; nil for no limit.
	TTL *int64 `json:"ttl,omitempty"`
}

// Errors without further content. They must not be changed.
var (
	ErrBlock     = &Error{Code: CodeBlock}
	ErrSession   = &Error{Code: CodeSession}
	ErrAuth      = &Error{Code: CodeAuth}
	ErrService   = &Error{Code: CodeService}
	ErrCrypto    = &Error{Code: CodeCrypto}
	ErrQuota     = &Error{Code: CodeQuota}
	ErrExpired   = &Error{Code: CodeExpired}
	ErrNoMsg     = &Error{Code: CodeNoMsg}
	ErrLargeMsg  = &Error{Code: CodeLargeMsg}
	ErrInternal  = &Error{Code: CodeInternal}
	ErrDuplicate = &Error{Code: CodeDuplicate}

	ErrCmdUnknown    = &Error{Code: CodeCmd, Cmd: CmdUnknown}
	ErrCmdSyntax     = &Error{Code: CodeCmd, Cmd: CmdSyntax}
	ErrCmdProhibited = &Error{Code: CodeCmd, Cmd: CmdProhibited}
	ErrCmdNoAuth     = &Error{Code: CodeCmd, Cmd: CmdNoAuth}
	ErrCmdHasAuth    = &Error{Code: CodeCmd, Cmd: CmdHasAuth}
	ErrCmdNoEntity   = &Error{Code: CodeCmd, Cmd: CmdNoEntity}

	ErrProxyBasicAuth = &Error{Code: CodeProxy, Proxy: &ProxyError{Code: ProxyBasicAuth}}
	ErrProxyNoSession = &Error{Code: CodeProxy, Proxy: &ProxyError{Code: ProxyNoSession}}

	ErrNameNoResolver = &Error{Code: CodeName, Name: NameNoResolver}
	ErrNameNotFound   = &Error{Code: CodeName, Name: NameNotFound}
)

// StoreError returns the error STORE with the given text.
func StoreError(text string) *Error { return &Error{Code: CodeStore, Text: text} }

// BlockedError returns the error BLOCKED; notice may be nil.
func BlockedError(reason BlockingReason, notice *ClientNotice) *Error {
	return &Error{Code: CodeBlocked, Blocking: &BlockingInfo{Reason: reason, Notice: notice}}
}

// ResolverError returns the error NAME RESOLVER with the given text.
func ResolverError(text string) *Error {
	return &Error{Code: CodeName, Name: NameResolver, Text: text}
}

// ProxyProtocolError returns the error by which a proxy passes on what the
// destination answered.
func ProxyProtocolError(err *Error) *Error {
	return &Error{Code: CodeProxy, Proxy: &ProxyError{Code: ProxyProtocol, Protocol: err}}
}

// ProxyBrokerError returns the error by which a proxy says what is wrong
// between it and the destination.
func ProxyBrokerError(b BrokerError) *Error {
	return &Error{Code: CodeProxy, Proxy: &ProxyError{Code: ProxyBroker, Broker: b}}
}

// Equal reports whether two errors are the same in all parts.
func (e *Error) Equal(o *Error) bool { return reflect.DeepEqual(e, o) }

// Is makes errors.Is compare errors by value.
func (e *Error) Is(target error) bool {
	o, ok := target.(*Error)
	return ok && e.Equal(o)
}

// Error is the text of the error on the wire at the newest version, such as
// "CMD SYNTAX".
func (e *Error) Error() string {
	if e == nil {
		return "no error"
	}
	return e.text()
}

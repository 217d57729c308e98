package smp

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"smpcheck/reference/wire"
)

// ErrUnknownCode: an error has a code that its level does not have.
var ErrUnknownCode = errors.New("unknown error code")

// The codes that stand alone, by level; all others are handled one by one.
var (
	plainCodes = map[ErrorCode]bool{CodeBlock: true, CodeSession: true, CodeAuth: true, CodeService: true,
		CodeCrypto: true, CodeQuota: true, CodeExpired: true, CodeNoMsg: true, CodeLargeMsg: true,
		CodeInternal: true, CodeDuplicate: true}
	cmdCodes = map[CmdCode]bool{CmdUnknown: true, CmdSyntax: true, CmdProhibited: true, CmdNoAuth: true,
		CmdHasAuth: true, CmdNoEntity: true}
	plainBrokerCodes = map[BrokerCode]bool{BrokerTimeout: true, BrokerHost: true, BrokerNoService: true}
	transportCodes   = map[TransportError]bool{TransportBlock: true, TransportVersion: true,
		TransportLargeMsg: true, TransportSession: true, TransportNoAuth: true, TransportHandshakeParse: true,
		TransportHandshakeIdentity: true, TransportHandshakeBadAuth: true, TransportHandshakeService: true}
	networkCodes = map[NetworkCode]bool{NetworkUnknownCA: true, NetworkFailed: true, NetworkTimeout: true}
)

// oldNoEntity is the name that NO_ENTITY had; it is still read.
const oldNoEntity CmdCode = "NO_QUEUE"

// at returns what is sent in place of e at version v. Errors inside of PROXY
// are sent as they came.
func (e *Error) at(v uint16) *Error {
	if e == nil || e.Code != CodeBlocked {
		return e
	}
	switch {
	case v < VersionBlocked:
		return ErrAuth
	case v < VersionNotices && e.Blocking != nil:
		return BlockedError(e.Blocking.Reason, nil)
	}
	return e
}

// An errorWriter writes errors for the wire, or for people, who need no
// lengths.
type errorWriter struct {
	*wire.Writer
	human bool
}

func (w errorWriter) text(s string) {
	if w.human {
		w.String(s)
	} else {
		w.Short([]byte(s))
	}
}

func (w errorWriter) unknown(level string, code any) {
	w.Fail(fmt.Errorf("%w: %s %q", ErrUnknownCode, level, code))
}

// putError writes an error without its version rules.
func putError(w *wire.Writer, e *Error) { errorWriter{w, false}.err(e) }

// text is the error for people.
func (e *Error) text() string {
	w := wire.NewWriter(nil)
	errorWriter{w, true}.err(e)
	b, err := w.Bytes()
	if err != nil {
		return fmt.Sprintf("malformed error %q", e.Code)
	}
	return string(b)
}

func (w errorWriter) err(e *Error) {
	if e == nil {
		w.unknown("error", "")
		return
	}
	w.String(string(e.Code))
	switch e.Code {
	case CodeCmd:
		if !cmdCodes[e.Cmd] {
			w.unknown("CMD", e.Cmd)
		}
		w.String(" " + string(e.Cmd))
	case CodeProxy:
		w.Byte(' ')
		w.proxy(e.Proxy)
	case CodeBlocked:
		w.Byte(' ')
		w.blocking(e.Blocking)
	case CodeStore:
		w.String(" " + e.Text)
	case CodeName:
		w.Byte(' ')
		w.name(e.Name, e.Text)
	default:
		if !plainCodes[e.Code] {
			w.unknown("error", e.Code)
		}
	}
}

func (w errorWriter) proxy(p *ProxyError) {
	if p == nil {
		w.unknown("PROXY", "")
		return
	}
	w.String(string(p.Code))
	switch p.Code {
	case ProxyProtocol:
		w.Byte(' ')
		w.err(p.Protocol)
	case ProxyBroker:
		w.Byte(' ')
		w.broker(p.Broker)
	case ProxyBasicAuth, ProxyNoSession:
	default:
		w.unknown("PROXY", p.Code)
	}
}

func (w errorWriter) broker(b BrokerError) {
	w.String(string(b.Code))
	switch b.Code {
	case BrokerResponse, BrokerUnexpected:
		w.Byte(' ')
		w.text(b.Text)
	case BrokerTransport:
		w.Byte(' ')
		b.Transport.Put(w.Writer)
	case BrokerNetwork: // always without its reason
	default:
		if !plainBrokerCodes[b.Code] {
			w.unknown("PROXY BROKER", b.Code)
		}
	}
}

func (w errorWriter) blocking(b *BlockingInfo) {
	if b == nil || b.Reason != BlockedSpam && b.Reason != BlockedContent {
		w.unknown("BLOCKED", b)
		return
	}
	w.String("reason=" + string(b.Reason))
	if b.Notice != nil {
		w.String(",notice=")
		putJSON(w.Writer, b.Notice)
	}
}

func (w errorWriter) name(code NameCode, text string) {
	w.String(string(code))
	switch code {
	case NameResolver:
		w.String(" " + text)
	case NameNoResolver, NameNotFound:
	default:
		w.unknown("NAME", code)
	}
}

// Put writes the error to w. It fails if e is none of the constants.
func (e TransportError) Put(w *wire.Writer) {
	if !transportCodes[e] {
		w.Fail(fmt.Errorf("%w: transport %q", ErrUnknownCode, string(e)))
	}
	w.String(string(e))
}

// ReadTransportError reads an error of the transport from r.
func ReadTransportError(r *wire.Reader) TransportError {
	code := readWord(r)
	if code == "HANDSHAKE" {
		params(r)
		code += " " + readWord(r)
	}
	if e := TransportError(code); transportCodes[e] {
		return e
	}
	unknownCode(r, "transport", code)
	return ""
}

// readWord reads up to the next space or the end.
func readWord(r *wire.Reader) string {
	var word []byte
	for {
		b, ok := r.Peek()
		if !ok || b == ' ' {
			return string(word)
		}
		word = append(word, r.Byte())
	}
}

func unknownCode(r *wire.Reader, level, code string) {
	r.Fail(fmt.Errorf("%w: %s %.32q", ErrUnknownCode, level, code))
}

func readError(r *wire.Reader) *Error {
	e := &Error{Code: ErrorCode(readWord(r))}
	switch e.Code {
	case CodeCmd:
		params(r)
		e.Cmd = readCmdCode(r)
	case CodeProxy:
		params(r)
		e.Proxy = readProxyError(r)
	case CodeBlocked:
		params(r)
		e.Blocking = readBlocking(r)
	case CodeStore:
		params(r)
		e.Text = readText(r)
	case CodeName:
		params(r)
		e.Name, e.Text = readNameCode(r)
	default:
		if !plainCodes[e.Code] {
			unknownCode(r, "error", string(e.Code))
		}
	}
	return e
}

func readCmdCode(r *wire.Reader) CmdCode {
	code := CmdCode(readWord(r))
	if code == oldNoEntity {
		code = CmdNoEntity
	}
	if !cmdCodes[code] {
		unknownCode(r, "CMD", string(code))
	}
	return code
}

func readProxyError(r *wire.Reader) *ProxyError {
	p := &ProxyError{Code: ProxyCode(readWord(r))}
	switch p.Code {
	case ProxyProtocol:
		params(r)
		p.Protocol = readError(r)
	case ProxyBroker:
		params(r)
		p.Broker = readBrokerError(r)
	case ProxyBasicAuth, ProxyNoSession:
	default:
		unknownCode(r, "PROXY", string(p.Code))
	}
	return p
}

func readBrokerError(r *wire.Reader) BrokerError {
	b := BrokerError{Code: BrokerCode(readWord(r))}
	switch b.Code {
	case BrokerResponse, BrokerUnexpected:
		params(r)
		b.Text = string(r.Short())
	case BrokerTransport:
		params(r)
		b.Transport = ReadTransportError(r)
	case BrokerNetwork:
		b.Network = readNetworkError(r)
	default:
		if !plainBrokerCodes[b.Code] {
			unknownCode(r, "PROXY BROKER", string(b.Code))
		}
	}
	return b
}

func readNetworkError(r *wire.Reader) NetworkError {
	if r.Len() == 0 {
		return NetworkError{Code: NetworkFailed}
	}
	params(r)
	n := NetworkError{Code: NetworkCode(readWord(r))}
	switch n.Code {
	case NetworkConnect, NetworkTLS, NetworkSubscribe:
		params(r)
		n.Text = string(r.Short())
	default:
		if !networkCodes[n.Code] {
			unknownCode(r, "PROXY BROKER NETWORK", string(n.Code))
		}
	}
	return n
}

func readBlocking(r *wire.Reader) *BlockingInfo {
	b := &BlockingInfo{}
	switch {
	case r.Literal("reason=spam"):
		b.Reason = BlockedSpam
	case r.Literal("reason=content"):
		b.Reason = BlockedContent
	default:
		unknownCode(r, "BLOCKED", string(r.Rest()))
	}
	if r.Literal(",notice=") {
		b.Notice = readNotice(r)
	}
	return b
}

func readNotice(r *wire.Reader) *ClientNotice {
	var n ClientNotice
	o := readObject(r)
	o.optionalInt("ttl", &n.TTL)
	o.report(r)
	return &n
}

func readNameCode(r *wire.Reader) (NameCode, string) {
	switch code := NameCode(readWord(r)); code {
	case NameResolver:
		params(r)
		return code, readText(r)
	case NameNoResolver, NameNotFound:
		return code, ""
	default:
		unknownCode(r, "NAME", string(code))
		return "", ""
	}
}

// readText reads the tail as UTF-8; like the official implementation it puts
// '?' in place of each byte that is not.
func readText(r *wire.Reader) string {
	b := r.Rest()
	if utf8.Valid(b) {
		return string(b)
	}
	var s strings.Builder
	for len(b) > 0 {
		c, n := utf8.DecodeRune(b)
		if c == utf8.RuneError && n == 1 {
			c = '?'
		}
		s.WriteRune(c)
		b = b[n:]
	}
	return s.String()
}

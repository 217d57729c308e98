package codec

import (
	"encoding/json"

	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

// The JSON forms of errors have a field "code" and, depending on it, others.

type errorForm struct {
	Code   smp.ErrorCode      `json:"code"`
	Cmd    smp.CmdCode        `json:"cmd,omitempty"`
	Reason smp.BlockingReason `json:"reason,omitempty"`
	Notice *noticeForm        `json:"notice,omitempty"`
	Name   smp.NameCode       `json:"name,omitempty"`
	Text   *string            `json:"text,omitempty"`
	Proxy  *proxyErrorForm    `json:"proxy,omitempty"`
}

// noticeForm is the notice of BLOCKED, or null: omitempty leaves out a nil pointer and
// keeps a form without notice.
type noticeForm struct{ *clientNoticeForm }

type clientNoticeForm struct {
	TTL *string `json:"ttl"`
}

// MarshalJSON writes the notice or null.
func (f noticeForm) MarshalJSON() ([]byte, error) { return json.Marshal(f.clientNoticeForm) }

// UnmarshalJSON reads the notice.
func (f *noticeForm) UnmarshalJSON(text []byte) error {
	return decodeObject(text, &f.clientNoticeForm)
}

type proxyErrorForm struct {
	Code     smp.ProxyCode    `json:"code"`
	Protocol *errorForm       `json:"protocol,omitempty"`
	Broker   *brokerErrorForm `json:"broker,omitempty"`
}

type brokerErrorForm struct {
	Code      smp.BrokerCode     `json:"code"`
	Text      *vectors.Hex       `json:"text,omitempty"`
	Network   *networkErrorForm  `json:"network,omitempty"`
	Transport smp.TransportError `json:"transport,omitempty"`
}

type networkErrorForm struct {
	Code smp.NetworkCode `json:"code"`
	Text *vectors.Hex    `json:"text,omitempty"`
}

func (p *formParser) smpError(text json.RawMessage) *smp.Error {
	var f errorForm
	if err := decodeObject(text, &f); err != nil {
		p.fail(badRequest("%w", err))
		return nil
	}
	return p.errorOf(f)
}

func (p *formParser) errorOf(f errorForm) *smp.Error {
	e := &smp.Error{Code: f.Code, Cmd: f.Cmd, Name: f.Name}
	if f.Text != nil {
		e.Text = *f.Text
	}
	if f.Code == smp.CodeBlocked {
		if f.Reason != smp.BlockedSpam && f.Reason != smp.BlockedContent {
			p.fail(badRequest("%q is no reason of BLOCKED", f.Reason))
		}
		e.Blocking = &smp.BlockingInfo{Reason: f.Reason}
		if f.Notice != nil && f.Notice.clientNoticeForm != nil {
			e.Blocking.Notice = p.notice(*f.Notice.clientNoticeForm)
		}
	}
	if f.Proxy != nil {
		e.Proxy = p.proxyError(*f.Proxy)
	}
	return e
}

func (p *formParser) notice(f clientNoticeForm) *smp.ClientNotice {
	if f.TTL == nil {
		return &smp.ClientNotice{}
	}
	ttl := p.int64(*f.TTL)
	return &smp.ClientNotice{TTL: &ttl}
}

func (p *formParser) proxyError(f proxyErrorForm) *smp.ProxyError {
	e := &smp.ProxyError{Code: f.Code}
	if f.Protocol != nil {
		e.Protocol = p.errorOf(*f.Protocol)
	}
	if b := f.Broker; b != nil {
		e.Broker = smp.BrokerError{Code: b.Code, Text: string(p.bytes(b.Text)), Transport: b.Transport}
		if n := b.Network; n != nil {
			e.Broker.Network = smp.NetworkError{Code: n.Code, Text: string(p.bytes(n.Text))}
		}
	}
	return e
}

// shownError returns the JSON form of an error.
func shownError(e *smp.Error) json.RawMessage {
	text, err := json.Marshal(errorFormOf(e))
	if err != nil {
		return nil // no value of these types fails
	}
	return text
}

func errorFormOf(e *smp.Error) *errorForm {
	f := &errorForm{Code: e.Code, Cmd: e.Cmd, Name: e.Name}
	if e.Code == smp.CodeStore || e.Name == smp.NameResolver {
		f.Text = &e.Text
	}
	if b := e.Blocking; b != nil {
		f.Reason, f.Notice = b.Reason, &noticeForm{}
		if b.Notice != nil {
			f.Notice.clientNoticeForm = &clientNoticeForm{}
			if b.Notice.TTL != nil {
				ttl := int64Text(*b.Notice.TTL)
				f.Notice.TTL = &ttl
			}
		}
	}
	if e.Proxy != nil {
		f.Proxy = proxyErrorFormOf(e.Proxy)
	}
	return f
}

func proxyErrorFormOf(e *smp.ProxyError) *proxyErrorForm {
	f := &proxyErrorForm{Code: e.Code}
	switch e.Code {
	case smp.ProxyProtocol:
		f.Protocol = errorFormOf(e.Protocol)
	case smp.ProxyBroker:
		b := e.Broker
		f.Broker = &brokerErrorForm{Code: b.Code, Transport: b.Transport}
		switch b.Code {
		case smp.BrokerResponse, smp.BrokerUnexpected:
			f.Broker.Text = textBytes(b.Text)
		case smp.BrokerNetwork:
			f.Broker.Network = &networkErrorForm{Code: b.Network.Code}
			switch b.Network.Code {
			case smp.NetworkConnect, smp.NetworkTLS, smp.NetworkSubscribe:
				f.Broker.Network.Text = textBytes(b.Network.Text)
			}
		}
	}
	return f
}

func textBytes(text string) *vectors.Hex {
	h := vectors.Hex(text)
	return &h
}

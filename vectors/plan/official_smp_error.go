package plan

import (
	"fmt"
	"strconv"
	"strings"

	"smpcheck/vectors"
)

// planDecodedError plans what the official decoder makes of an encoded error.
func planDecodedError(b builder, t *vectors.Test, versions []uint16, value any) ([]Call, error) {
	if t.Decode.Result != "ok" {
		return nil, fmt.Errorf("%w: decoding gives %q", errOfficial, t.Decode.Result)
	}
	shown, err := shownResponse(t.Decode.Decoded)
	if err != nil {
		return nil, err
	}
	c := collector{b: b}
	for _, version := range versions {
		c.expect("pass_response", fields{"version": version, "response": value,
			"equal": t.Decode.DecodedEqual, "reencoded": t.Decode.Reencoded})
		c.expect("decode_response", fields{"version": version, "encoded": t.Output, "response": shown})
	}
	return c.calls, c.err
}

func officialERR(in object) error {
	var words string
	if err := in.take("error", &words); err != nil {
		return err
	}
	e, err := namedError(words)
	if err != nil {
		return err
	}
	return in.set("error", e)
}

// namedError makes an error of the words that official files have for it.
func namedError(words string) (fields, error) {
	code, rest, _ := strings.Cut(words, " ")
	switch code {
	case "CMD":
		return fields{"code": code, "cmd": rest}, nil
	case "STORE":
		texts := map[string]string{"text": "some error", "empty": ""}
		text, ok := texts[rest]
		return fields{"code": code, "text": text}, known(ok, words)
	case "BLOCKED":
		reason, notice, _ := strings.Cut(rest, " ")
		notices := map[string]any{"": nil, "notice no ttl": fields{"ttl": nil}, "notice ttl": fields{"ttl": "86400"}}
		shown, ok := notices[notice]
		if reason == "" {
			reason = "spam"
		}
		return fields{"code": code, "reason": reason, "notice": shown}, known(ok, words)
	case "PROXY":
		proxy, err := namedProxyError(rest)
		return fields{"code": code, "proxy": proxy}, err
	}
	return fields{"code": code}, known(rest == "", words)
}

func known(ok bool, words string) error {
	if !ok {
		return fmt.Errorf("%w: no error %q is known", errOfficial, words)
	}
	return nil
}

func namedProxyError(words string) (fields, error) {
	code, rest, _ := strings.Cut(words, " ")
	switch code {
	case "PROTOCOL":
		e, err := namedError(rest)
		return fields{"code": code, "protocol": e}, err
	case "BROKER":
		broker, err := namedBrokerError(rest)
		return fields{"code": code, "broker": broker}, err
	}
	return fields{"code": code}, known(rest == "", words)
}

func namedBrokerError(words string) (fields, error) {
	code, rest, _ := strings.Cut(words, " ")
	switch code {
	case "RESPONSE", "UNEXPECTED":
		text := map[string]string{"RESPONSE": "bad response", "UNEXPECTED": "OK"}[code]
		return fields{"code": code, "text": vectors.Hex(text)}, known(rest == "text", words)
	case "NETWORK":
		network, err := shownNetworkError(rest)
		return fields{"code": code, "network": network}, err
	case "TRANSPORT":
		transport, err := shownTransportError(rest)
		return fields{"code": code, "transport": transport}, err
	}
	return fields{"code": code}, known(rest == "", words)
}

// unsentReason is the path of a reason with free text that is never sent.
func unsentReason(in object) []string {
	var words string
	if in.take("error", &words) == nil && strings.HasPrefix(words, "PROXY BROKER NETWORK ") {
		return []string{"inputs.error"}
	}
	return nil
}

// inner returns what a value of one field holds, as the official program prints it:
// NAME {FIELD = INNER}.
func inner(text, name, field string) (string, bool) {
	rest, ok := strings.CutPrefix(text, name+" {"+field+" = ")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, "}")
}

// shownResponse reads an error response as the official program prints it.
func shownResponse(text string) (fields, error) {
	rest, ok := strings.CutPrefix(text, "ERR ")
	if !ok {
		return nil, known(false, text)
	}
	if bracketed, ok := strings.CutPrefix(rest, "("); ok {
		if rest, ok = strings.CutSuffix(bracketed, ")"); !ok {
			return nil, known(false, text)
		}
	}
	e, err := shownError(rest)
	return fields{"response": "ERR", "error": e}, err
}

func shownError(text string) (fields, error) {
	if code, ok := inner(text, "CMD", "cmdErr"); ok {
		return fields{"code": "CMD", "cmd": code}, nil
	}
	if quoted, ok := inner(text, "STORE", "storeErr"); ok {
		s, err := strconv.Unquote(quoted)
		return fields{"code": "STORE", "text": s}, err
	}
	if info, ok := inner(text, "BLOCKED", "blockInfo"); ok {
		return shownBlocking(info)
	}
	if proxy, ok := inner(text, "PROXY", "proxyErr"); ok {
		p, err := shownProxyError(proxy)
		return fields{"code": "PROXY", "proxy": p}, err
	}
	return fields{"code": text}, nil
}

func shownBlocking(text string) (fields, error) {
	parts, ok := inner(text, "BlockingInfo", "reason")
	reason, notice, found := strings.Cut(parts, ", notice = ")
	reasons := map[string]string{"BRSpam": "spam", "BRContent": "content"}
	e := fields{"code": "BLOCKED", "reason": reasons[reason], "notice": nil}
	if !ok || !found || reasons[reason] == "" || notice == "Nothing" {
		return e, known(ok && found && reasons[reason] != "", text)
	}
	notice, ok = strings.CutPrefix(notice, "Just (")
	notice, found = strings.CutSuffix(notice, ")")
	ttl, shown := inner(notice, "ClientNotice", "ttl")
	if !ok || !found || !shown {
		return nil, known(false, text)
	}
	e["notice"] = fields{"ttl": nil}
	if seconds, ok := strings.CutPrefix(ttl, "Just "); ok {
		e["notice"] = fields{"ttl": seconds}
	} else if ttl != "Nothing" {
		return nil, known(false, text)
	}
	return e, nil
}

func shownProxyError(text string) (fields, error) {
	if protocol, ok := inner(text, "PROTOCOL", "protocolErr"); ok {
		e, err := shownError(protocol)
		return fields{"code": "PROTOCOL", "protocol": e}, err
	}
	if broker, ok := inner(text, "BROKER", "brokerErr"); ok {
		e, err := shownBrokerError(broker)
		return fields{"code": "BROKER", "broker": e}, err
	}
	return fields{"code": text}, nil
}

func shownBrokerError(text string) (fields, error) {
	for _, code := range []string{"RESPONSE", "UNEXPECTED"} {
		if quoted, ok := inner(text, code, "respErr"); ok {
			s, err := strconv.Unquote(quoted)
			return fields{"code": code, "text": vectors.Hex(s)}, err
		}
	}
	if network, ok := inner(text, "NETWORK", "networkError"); ok {
		e, err := shownNetworkError(network)
		return fields{"code": "NETWORK", "network": e}, err
	}
	if transport, ok := inner(text, "TRANSPORT", "transportErr"); ok {
		e, err := shownTransportError(transport)
		return fields{"code": "TRANSPORT", "transport": e}, err
	}
	return fields{"code": text}, nil
}

func shownTransportError(text string) (string, error) {
	if handshake, ok := inner(text, "TEHandshake", "handshakeErr"); ok {
		return "HANDSHAKE " + handshake, nil
	}
	names := map[string]string{"TEBadBlock": "BLOCK", "TEVersion": "VERSION", "TELargeMsg": "LARGE_MSG",
		"TEBadSession": "SESSION", "TENoServerAuth": "NO_AUTH"}
	name, ok := names[text]
	return name, known(ok, text)
}

func shownNetworkError(text string) (fields, error) {
	names := map[string]string{"NEUnknownCAError": "UNKNOWNCA", "NEFailedError": "FAILED", "NETimeoutError": "TIMEOUT"}
	if name, ok := names[text]; ok {
		return fields{"code": name}, nil
	}
	for _, e := range []struct{ name, field, code string }{
		{"NEConnectError", "connectError", "CONNECT"},
		{"NETLSError", "tlsError", "TLS"},
		{"NESubscribeError", "subscribeError", "SUBSCRIBE"},
	} {
		if quoted, ok := inner(text, e.name, e.field); ok {
			s, err := strconv.Unquote(quoted)
			return fields{"code": e.code, "text": vectors.Hex(s)}, err
		}
	}
	return nil, known(false, text)
}

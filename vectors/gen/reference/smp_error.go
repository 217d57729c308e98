package main

import (
	"fmt"
	"strings"

	"smpcheck/vectors/gen/build"
	"smpcheck/vectors/gen/layout"
)

// errorOf puts ERR with words together; fields follow the last one after a space.
func errorOf(words string, after ...layout.Field) layout.Message {
	m := layout.Message{Tag: "ERR", Doubled: "UnknownCode"}
	for i, word := range strings.Fields(words) {
		if i > 0 {
			m.Fields = append(m.Fields, layout.Space(fmt.Sprintf("space-%d", i), "UnknownCode"))
		}
		m.Fields = append(m.Fields, layout.Word(fmt.Sprintf("word-%d", i+1), word))
	}
	if len(after) > 0 {
		space := layout.Space("space", "")
		space.Faults = nil // what follows is no word
		m.Fields = append(append(m.Fields, space), after...)
	}
	return m
}

// plainErrors are the errors that are words alone.
var plainErrors = []string{"BLOCK", "SESSION", "AUTH", "SERVICE", "CRYPTO", "QUOTA", "EXPIRED", "NO_MSG", "LARGE_MSG", "INTERNAL", "DUPLICATE_",
	"CMD UNKNOWN", "CMD SYNTAX", "CMD PROHIBITED", "CMD NO_AUTH", "CMD HAS_AUTH", "CMD NO_ENTITY",
	"PROXY BASIC_AUTH", "PROXY NO_SESSION", "PROXY PROTOCOL AUTH", "PROXY PROTOCOL CMD SYNTAX", "PROXY PROTOCOL PROXY BROKER TIMEOUT",
	"PROXY BROKER TIMEOUT", "PROXY BROKER HOST", "PROXY BROKER NO_SERVICE", "PROXY BROKER NETWORK",
	"PROXY BROKER TRANSPORT BLOCK", "PROXY BROKER TRANSPORT VERSION", "PROXY BROKER TRANSPORT LARGE_MSG", "PROXY BROKER TRANSPORT SESSION",
	"PROXY BROKER TRANSPORT NO_AUTH", "PROXY BROKER TRANSPORT HANDSHAKE PARSE", "PROXY BROKER TRANSPORT HANDSHAKE IDENTITY",
	"PROXY BROKER TRANSPORT HANDSHAKE BAD_AUTH", "PROXY BROKER TRANSPORT HANDSHAKE BAD_SERVICE", "NAME NO_RESOLVER", "NAME NOT_FOUND"}

func errorResponses(f *smpFile) {
	g := f.group("ERR", "all errors")
	id := func(words string) string { return strings.ReplaceAll(strings.ToLower(words), " ", "-") }
	for _, words := range plainErrors {
		g.valid(id(words), "ERR "+words, errorOf(words), 6, 20)
	}
	for _, code := range []string{"RESPONSE", "UNEXPECTED"} {
		for _, text := range []string{"", "OK", "END of it", strings.Repeat("t", 255)} {
			g.valid(fmt.Sprintf("%s/%d", id(code), len(text)), fmt.Sprintf("%s with %d bytes of text", code, len(text)), errorOf("PROXY BROKER "+code, layout.Short("text", []byte(text))), 6, 20)
		}
	}
	for _, text := range []string{"", "no space left", "é – ж"} {
		g.valid(fmt.Sprintf("store/%d", len(text)), fmt.Sprintf("STORE with %d bytes of text", len(text)), errorOf("STORE", layout.Tail("text", []byte(text))), 6, 20)
		g.valid(fmt.Sprintf("resolver/%d", len(text)), fmt.Sprintf("NAME RESOLVER with %d bytes of text", len(text)), errorOf("NAME RESOLVER", layout.Tail("text", []byte(text))), 6, 20)
	}
	for _, reason := range []string{"spam", "content"} {
		g.valid("blocked/"+reason, "BLOCKED as "+reason, errorOf("BLOCKED", reasonField(reason)), 12, 20)
		for i, notice := range []string{"{}", `{"ttl":0}`, `{"ttl":86400}`, `{"ttl":-9223372036854775808}`} {
			g.valid(fmt.Sprintf("blocked/%s/notice-%d", reason, i+1), "a notice: "+notice,
				errorOf("BLOCKED", layout.Tail("information", []byte("reason="+reason+",notice="+notice))), 18, 20)
		}
	}
	errorFaults(g)
	unknownErrors(g)
	networkErrors(f)
	long := hexOf(make256('t'))
	for _, code := range []string{"RESPONSE", "UNEXPECTED"} {
		g.unencodable(id(code)+"-long", code+" with 256 bytes of text", 20, build.Fields{"response": "ERR", "error": build.Fields{"code": "PROXY",
			"proxy": build.Fields{"code": "BROKER", "broker": build.Fields{"code": code, "text": long}}}}, "TooLong", "TooLong")
	}
}

func reasonField(reason string) layout.Field {
	f := layout.Field{Name: "reason", Value: []byte("reason=" + reason), Cut: "UnknownCode"}
	for name, wrong := range inOrder(map[string]string{"capitals": "reason=" + strings.ToUpper(reason), "other": "reason=abuse", "none": "reason=",
		"name": "Reason=" + reason, "bare": reason, "space": "reason= " + reason, "quoted": `reason="` + reason + `"`, "notice": "notice={}"}) {
		f.Faults = append(f.Faults, layout.Fault{Name: name, What: wrong, Value: []byte(wrong), Class: "UnknownCode", Flag: "UnknownWord"})
	}
	return f
}

// errorFaults has faults in words and texts at each level of errors.
func errorFaults(g smpGroup) {
	g.faults("auth", 20, errorOf("AUTH"))
	g.faults("cmd", 20, errorOf("CMD SYNTAX"), "space-1", "word-2")
	g.faults("proxy", 20, errorOf("PROXY BASIC_AUTH"), "space-1", "word-2")
	g.faults("protocol", 20, errorOf("PROXY PROTOCOL QUOTA"), "space-2", "word-3")
	g.faults("broker", 20, errorOf("PROXY BROKER TIMEOUT"), "space-2", "word-3")
	g.faults("transport", 20, errorOf("PROXY BROKER TRANSPORT VERSION"), "space-3", "word-4")
	g.faults("handshake", 20, errorOf("PROXY BROKER TRANSPORT HANDSHAKE PARSE"), "space-4", "word-5")
	g.faults("response", 20, errorOf("PROXY BROKER RESPONSE", layout.Short("text", []byte("abc"))), "space", "text")
	g.faults("unexpected", 20, errorOf("PROXY BROKER UNEXPECTED", layout.Short("text", []byte("OK"))), "space", "text")
	g.faults("name", 20, errorOf("NAME NOT_FOUND"), "space-1", "word-2")
	g.faults("store", 20, errorOf("STORE", layout.Tail("text", nil)), "space")
	g.faults("resolver", 20, errorOf("NAME RESOLVER", layout.Tail("text", nil)), "space")
	g.faults("blocked", 20, errorOf("BLOCKED", reasonField("spam")), "space", "reason")
	for id, c := range inOrder(map[string]string{
		"response": "PROXY BROKER RESPONSE \x02OKx", "cmd": "CMD SYNTAX 1", "proxy": "PROXY NO_SESSION ", "handshake": "PROXY BROKER TRANSPORT HANDSHAKE PARSE x",
		"transport": "PROXY BROKER TRANSPORT BLOCK x", "broker": "PROXY BROKER HOST x", "name": "NAME NO_RESOLVER x", "quota": "QUOTA x",
		"blocked": "BLOCKED reason=spam,", "blocked-space": "BLOCKED reason=content, notice={}", "blocked-word": "BLOCKED reason=spammer",
		"blocked-json": "BLOCKED reason=spam{}",
	}) {
		g.refused("trailing/"+id, "bytes behind the error", 20, []byte("ERR "+c), "Trailing", "TrailingBytes")
	}
	for id, notice := range inOrder(map[string]string{"empty": "", "null": "null", "list": "[]", "text": `""`, "open": "{", "ttl-text": `{"ttl":"1"}`,
		"ttl-fraction": `{"ttl":1.5}`, "ttl-large": `{"ttl":9223372036854775808}`, "two": "{}{}", "comma": `{"ttl":1,}`, "utf-8": "{\"a\":\"\xff\"}", "ttl-boolean": `{"ttl":true}`,
	}) {
		g.refused("notice/"+id, "a malformed notice", 20, []byte("ERR BLOCKED reason=spam,notice="+notice), "MalformedJSON", "JSONForm")
	}
}

// unknownErrors have words that belong to other places.
func unknownErrors(g smpGroup) {
	for _, words := range []string{"OTHER", "SYNTAX", "TIMEOUT", "DUPLICATE", "BLOCKED_", "NO_ENTITY", "ERR AUTH", "OK", "CMD OTHER", "CMD AUTH", "CMD CMD SYNTAX", "CMD QUOTA",
		"PROXY OTHER", "PROXY TIMEOUT", "PROXY AUTH", "PROXY PROXY BASIC_AUTH", "PROXY PROTOCOL OTHER", "PROXY PROTOCOL ERR AUTH", "PROXY PROTOCOL BASIC_AUTH",
		"PROXY BROKER OTHER", "PROXY BROKER BASIC_AUTH", "PROXY BROKER BLOCK", "PROXY BROKER TRANSPORT OTHER", "PROXY BROKER TRANSPORT TIMEOUT", "PROXY BROKER TRANSPORT PARSE",
		"PROXY BROKER TRANSPORT HANDSHAKE OTHER", "PROXY BROKER TRANSPORT HANDSHAKE VERSION", "NAME OTHER", "NAME SYNTAX", "NAME AUTH"} {
		g.refused("unknown/"+strings.ReplaceAll(words, " ", "-"), "an error that does not exist", 20, []byte("ERR "+words), "UnknownCode", "UnknownWord")
	}
}

// networkErrors are the reasons of PROXY BROKER NETWORK, which are read and not written.
func networkErrors(f *smpFile) {
	g := smpGroup{f.Group("network", "reasons of network errors", "decode_response_throughout", "decode_response"), f}
	const network = "PROXY BROKER NETWORK"
	for _, reason := range []string{"UNKNOWNCA", "FAILED", "TIMEOUT"} {
		g.valid(reason, "the reason "+reason, errorOf(network+" "+reason), 6, 20, "ReadOnly")
	}
	for _, reason := range []string{"CONNECT", "TLS", "SUBSCRIBE"} {
		for _, text := range []string{"", "refused"} {
			g.valid(fmt.Sprintf("%s/%d", reason, len(text)), fmt.Sprintf("the reason %s with %d bytes of text", reason, len(text)),
				errorOf(network+" "+reason, layout.Short("text", []byte(text))), 6, 20, "ReadOnly")
		}
		g.faults(reason, 20, errorOf(network+" "+reason, layout.Short("text", []byte("refused"))), "word-4", "space", "text")
	}
	g.faults("TIMEOUT", 20, errorOf(network+" TIMEOUT"), "word-4")
	for _, reason := range []string{"OTHER", "HOST", "NETWORK", "PARSE"} {
		g.refused("unknown/"+reason, "a reason that does not exist", 20, []byte("ERR "+network+" "+reason), "UnknownCode", "UnknownWord")
	}
	g.refused("trailing", "a text behind a reason that has none", 20, []byte("ERR "+network+" FAILED \x01x"), "Trailing", "TrailingBytes")
}

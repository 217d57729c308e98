package model

import (
	"fmt"
	"slices"
	"strings"

	"smpcheck/reference/smp"
)

// want is an answer that is allowed.
type want struct {
	// tag of the response; empty for any at all.
	tag string
	// errs are the errors of an ERR; empty for any but trouble of the relay.
	errs []*smp.Error
	item item // of MSG
	link int  // of LNK
	info info // of INFO
	// why says for an ERR which rule another answer breaks.
	why *Rule
}

// info is what INFO says about a queue.
type info struct {
	secured, notifier bool
	least, most       int // messages
}

var (
	anything    = want{}
	anythingKey = anything.key()
)

// refusal is an answer with one of the errors.
func refusal(why *Rule, errs ...*smp.Error) want { return want{tag: "ERR", errs: errs, why: why} }

// success is an answer without content.
func success(tag string) want { return want{tag: tag} }

func (w want) key() string {
	if w.tag == "" || w.tag == "OK" || w.tag == "SOK" || w.tag == "NID" {
		return w.tag
	}
	return fmt.Sprintf("%s %v %d %d %v", w.tag, w.errs, w.item, w.link, w.info)
}

// String says what is wanted, for people.
func (w want) String() string {
	switch {
	case w.tag == "":
		return "any answer"
	case w.tag == "ERR" && len(w.errs) == 0:
		return "an error"
	case w.tag == "ERR":
		return anyOf(w.errs)
	case w.tag == "MSG" && w.item.isMarker():
		return "MSG with the marker of a full queue"
	case w.tag == "MSG":
		return "MSG with the next message"
	case w.tag == "INFO":
		return fmt.Sprintf("INFO of a queue with %d messages, sender key %v, notifier %v", w.info.most, w.info.secured, w.info.notifier)
	}
	return w.tag
}

// anyOf lists errors, each once.
func anyOf(errs []*smp.Error) string {
	var texts []string
	for _, e := range errs {
		t := "ERR " + string(e.Code)
		if e != anyProxyError && e != anyNameError {
			t = "ERR " + e.Error()
		}
		if !slices.Contains(texts, t) {
			texts = append(texts, t)
		}
	}
	return strings.Join(texts, " or ")
}

// fits reports whether an answer is of the kind that is wanted; what is in it is looked at
// elsewhere.
func (w want) fits(r smp.Response) bool {
	if w.tag == "" {
		return true
	}
	e, failed := r.(smp.ERR)
	if !failed {
		return r.Tag() == w.tag
	}
	if w.tag != "ERR" {
		return false
	}
	if len(w.errs) == 0 {
		return true
	}
	return slices.ContainsFunc(w.errs, func(x *smp.Error) bool { return sameKind(x, e.Err) })
}

// sameKind compares errors without their texts: of PROXY and NAME the first word counts.
func sameKind(a, b *smp.Error) bool {
	if a.Code != b.Code {
		return false
	}
	if a.Code == smp.CodeProxy {
		return a.Proxy.Code == "" || b.Proxy != nil && a.Proxy.Code == b.Proxy.Code
	}
	return a.Cmd == b.Cmd && (a.Name == "" || a.Name == b.Name)
}

// Errors of which only the first word is wanted.
var (
	anyProxyError = &smp.Error{Code: smp.CodeProxy, Proxy: &smp.ProxyError{}}
	anyNameError  = &smp.Error{Code: smp.CodeName}
)

// isTrouble reports whether an answer says that the relay has failed.
func isTrouble(r smp.Response) bool {
	e, ok := r.(smp.ERR)
	return ok && e.Err != nil && (e.Err.Code == smp.CodeInternal || e.Err.Code == smp.CodeStore)
}

// describe is a response for people: no ids, no keys, no bodies.
func describe(r smp.Response) string {
	switch r := r.(type) {
	case nil:
		return "nothing"
	case smp.ERR:
		return "ERR " + r.Err.Error()
	case smp.MSG:
		return fmt.Sprintf("MSG of %d bytes", len(r.Body))
	case smp.INFO:
		return fmt.Sprintf("INFO of a queue with %d messages, sender key %v, notifier %v", r.Queue.Size, r.Queue.Secured, r.Queue.Notifier)
	}
	return r.Tag()
}

// describeAll joins what is wanted in several states.
func describeAll(wants []want) string {
	var texts []string
	for _, w := range wants {
		if t := w.String(); !slices.Contains(texts, t) {
			texts = append(texts, t)
		}
	}
	return strings.Join(texts, ", or ")
}

package drive

import (
	"cmp"
	"fmt"
	"slices"

	"smpcheck/reference/smp"
)

// pair keeps a unit of feedback.
func (r *runner) pair(command, how, answer, ending string) {
	if !r.closing {
		r.pairs[Pair{command, how, answer, ending}] = true
	}
}

// versionClasses are the versions at which the form of something changed.
var versionClasses = []uint16{smp.VersionNames, smp.VersionServiceCounts, smp.VersionNotifierKeys, smp.VersionServices,
	smp.VersionShortLinks, smp.VersionBlockEncryption, smp.VersionSenderKeys, smp.VersionProxy, smp.VersionAuthenticators}

// versionClass names the versions that have the same form of everything.
func versionClass(v uint16) string {
	for _, since := range versionClasses {
		if v >= since {
			return fmt.Sprintf("v%d", since)
		}
	}
	return fmt.Sprintf("v%d", smp.MinVersion)
}

// fate says what became of a connection, in words that do not depend on the moment.
func (l *line) fate() string {
	switch {
	case l.lost:
		return "lost"
	case l.ending == "":
		return "open"
	}
	return string(settledEnding(l.ending))
}

// settledEnding is an ending in words that are the same in each run: whether a relay that
// closes a connection resets it depends on what was under way.
func settledEnding(e Ending) Ending {
	if e == ByReset {
		return ByRelay
	}
	return e
}

// endings keeps how the connections have ended.
func (r *runner) endings() {
	for _, l := range r.lines {
		if l != nil && !l.lost {
			r.pair("connection", "", "", l.fate())
		}
	}
}

// comparePairs orders pairs.
func comparePairs(a, b Pair) int {
	return cmp.Or(cmp.Compare(a.Command, b.Command), cmp.Compare(a.How, b.How), cmp.Compare(a.Answer, b.Answer), cmp.Compare(a.Ending, b.Ending))
}

func sortedPairs(set map[Pair]bool) []Pair {
	list := make([]Pair, 0, len(set))
	for p := range set {
		list = append(list, p)
	}
	slices.SortFunc(list, comparePairs)
	return list
}

// answerName is the answer for a Pair: its tag, and for errors what they are without the
// text for people.
func answerName(resp smp.Response, forwarded *Received) string {
	switch {
	case resp == nil:
		return "malformed"
	case forwarded != nil:
		return resp.Tag() + " " + answerName(forwarded.Response, nil)
	}
	if e, ok := resp.(smp.ERR); ok {
		return "ERR " + errorName(e.Err)
	}
	return resp.Tag()
}

func errorName(e *smp.Error) string {
	switch {
	case e.Proxy != nil && e.Proxy.Protocol != nil:
		return "PROXY PROTOCOL " + errorName(e.Proxy.Protocol)
	case e.Proxy != nil && e.Proxy.Code == smp.ProxyBroker:
		return "PROXY BROKER " + string(e.Proxy.Broker.Code)
	case e.Text != "":
		return string(e.Code) + " with text"
	}
	return e.Error()
}

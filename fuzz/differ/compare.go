package differ

import (
	"maps"
	"slices"
	"strings"
)

// Where two relays differ.
const (
	// inAnswer: they answer a command differently.
	inAnswer = "answer"
	// inDelivery: they deliver other messages.
	inDelivery = "delivery"
	// inConnection: a handshake succeeds with one of them.
	inConnection = "connection"
)

// difference is the first difference between two records that is none of the choices of a
// relay.
type difference struct {
	in string
	op int
	// command and sent are those of the exchange, empty in the other places.
	command, sent string
	// shown is what each relay has shown.
	shown [2]string
}

// same reports whether two differences are of the same kind, wherever they come up.
func (d difference) same(o difference) bool {
	return d.rule() == o.rule()
}

// compare returns the first difference between two runs of a program, nil for none. What
// follows a difference that the protocol allows is compared as long as both relays must be
// in the same state.
func compare(a, b *record) *difference {
	checkpoints := min(len(a.checkpoints), len(b.checkpoints))
	next := 0
	for i := range min(len(a.exchanges), len(b.exchanges)) {
		for ; next < checkpoints && a.checkpoints[next].after <= i; next++ {
			if d, on := compareDeliveries(a.checkpoints[next], b.checkpoints[next]); d != nil || !on {
				return d
			}
		}
		if d, on := compareExchanges(a.exchanges[i], b.exchanges[i]); d != nil || !on {
			return d
		}
	}
	for ; next < checkpoints; next++ {
		if d, on := compareDeliveries(a.checkpoints[next], b.checkpoints[next]); d != nil || !on {
			return d
		}
	}
	return compareOpenings(a, b)
}

// compareExchanges returns the difference between the answers to one transmission, and
// whether what follows can be compared.
func compareExchanges(a, b *exchange) (d *difference, on bool) {
	if a.op != b.op || a.place != b.place || a.command != b.command || a.sent != b.sent {
		return nil, false // what is sent depends on what came before
	}
	if a.void || b.void || a.answer == b.answer {
		return nil, true
	}
	if allowed(a, b) == nil {
		return &difference{in: inAnswer, op: a.op, command: a.command, sent: a.sent, shown: [2]string{a.answer, b.answer}}, false
	}
	return nil, sameState(a, b)
}

// sameState reports whether two relays with these answers to a command are in the same
// state: both have refused it, or both have carried it out.
func sameState(a, b *exchange) bool {
	if a.answer == closed || b.answer == closed {
		return false
	}
	refused := func(e *exchange) bool { return strings.HasPrefix(e.answer, "ERR ") || e.answer == nothing }
	return refused(a) == refused(b)
}

// compareDeliveries returns the difference between what was delivered until a checkpoint,
// and whether what follows can be compared.
func compareDeliveries(a, b checkpoint) (d *difference, on bool) {
	if a.after != b.after {
		return nil, false
	}
	places := slices.Sorted(maps.Keys(a.deliveries))
	for _, place := range slices.Sorted(maps.Keys(b.deliveries)) {
		if _, both := a.deliveries[place]; !both {
			places = append(places, place)
		}
	}
	for _, place := range places {
		first, second := delivered(a.deliveries[place]), delivered(b.deliveries[place])
		if slices.Equal(first, second) {
			continue
		}
		return &difference{in: inDelivery, op: a.op, shown: [2]string{place + ": " + list(first), place + ": " + list(second)}}, false
	}
	return nil, true
}

// delivered is what counts of deliveries: not what may come late, and each message once,
// since whether SUB on the same connection delivers again is left open.
func delivered(all []string) []string {
	var counted []string
	for _, what := range all {
		if !slices.Contains(late, what) && !slices.Contains(counted, what) {
			counted = append(counted, what)
		}
	}
	return counted
}

func list(what []string) string {
	if len(what) == 0 {
		return nothing
	}
	return strings.Join(what, "; ")
}

// compareOpenings returns the difference between the connections that came about.
func compareOpenings(a, b *record) *difference {
	if slices.Equal(a.openings, b.openings) {
		return nil
	}
	return &difference{in: inConnection, shown: [2]string{list(a.openings), list(b.openings)}}
}

// rule is a short, stable name of what differs; it names no ids and no numbers.
func (d difference) rule() string {
	switch d.in {
	case inAnswer:
		about := d.command
		if about == "" {
			about = d.sent
		} else if d.sent != "" {
			about += " (" + d.sent + ")"
		}
		return about + ": " + head(d.shown[0]) + " / " + head(d.shown[1])
	case inDelivery:
		return "deliveries differ"
	}
	return "connections differ"
}

// head is an answer without what it is about.
func head(answer string) string {
	for _, tag := range []string{"MSG", "INFO", "LNK", "RNAME"} {
		if strings.HasPrefix(answer, tag+" ") {
			return tag
		}
	}
	if rest, ok := strings.CutPrefix(answer, "PRES "); ok {
		return "PRES " + head(rest)
	}
	if strings.HasPrefix(answer, "bytes that do not decode") {
		return "bytes that do not decode"
	}
	return answer
}

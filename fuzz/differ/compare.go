package differ

import (
	"maps"
	"slices"
	"strings"

	"smpcheck/fuzz/drive"
)

// Where two relays differ.
const (
	// inAnswer: they answer a command differently.
	inAnswer = "answer"
	// inDelivery: they deliver other messages.
	inDelivery = "delivery"
	// inConnection: a handshake succeeds with one of them.
	inConnection = "connection"
	// inProcess: one of them ends.
	inProcess = "process"
)

// difference is the first difference between two records that is none of the choices of a
// relay.
type difference struct {
	in string
	op int
	// command and sent are those of the exchange; of a connection sent is how its
	// handshake was done.
	command, sent string
	// how says how deliveries differ.
	how string
	// shown is what each relay has shown.
	shown [2]string
}

// comparison is what came of comparing two runs of a program.
type comparison struct {
	// difference is the first one, nil for none.
	*difference
	// choices are those of the relay that were met before.
	choices []*allowance
}

// compareViews compares all that two relays have shown.
func compareViews(a, b view) comparison {
	c, on := compare(a.record, b.record)
	switch {
	case a.ended != "" || b.ended != "":
		c.difference = &difference{in: inProcess, shown: [2]string{a.process(), b.process()}}
	case c.difference == nil && on:
		c.difference = compareConnections(a.outcome.Pairs, b.outcome.Pairs)
	}
	return c
}

// process says what has become of the process of the relay.
func (v view) process() string {
	if v.ended == "" {
		return goesOn
	}
	return "the process has ended: " + v.ended
}

// goesOn is what a relay shows whose process has not ended.
const goesOn = "it goes on"

// compare returns the first difference between two runs of a program, and whether all of
// both could be compared. What follows a choice of the relays is compared as long as both
// must be in the same state.
func compare(a, b *record) (c comparison, whole bool) {
	checkpoints := min(len(a.checkpoints), len(b.checkpoints))
	next := 0
	until := func(exchanges int) (on bool) {
		for on = true; on && next < checkpoints && a.checkpoints[next].after <= exchanges; next++ {
			c.difference, on = compareDeliveries(a.checkpoints[next], b.checkpoints[next])
		}
		return on
	}
	exchanges := min(len(a.exchanges), len(b.exchanges))
	for i := range exchanges {
		if !until(i) || !c.exchange(a.exchanges[i], b.exchanges[i]) {
			return c, false
		}
	}
	return c, until(max(len(a.exchanges), len(b.exchanges)))
}

// exchange compares the answers to one transmission and reports whether what follows can be
// compared.
func (c *comparison) exchange(a, b *exchange) (on bool) {
	if a.op != b.op || a.place != b.place || a.command != b.command || a.sent != b.sent {
		return false // what is sent depends on what came before
	}
	if a.void || b.void || a.answer == b.answer {
		return true
	}
	choice := allowed(a, b)
	if choice == nil {
		c.difference = &difference{in: inAnswer, op: a.op, command: a.command, sent: a.sent, shown: [2]string{a.answer, b.answer}}
		return false
	}
	c.choices = append(c.choices, choice)
	return sameState(a, b)
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
		return &difference{in: inDelivery, op: a.op, how: howDeliveries(first, second), shown: [2]string{place + ": " + list(first), place + ": " + list(second)}}, false
	}
	return nil, true
}

// howDeliveries says how what A and B have delivered differs.
func howDeliveries(a, b []string) string {
	lacks := func(from, of []string) bool {
		return slices.ContainsFunc(of, func(what string) bool { return !slices.Contains(from, what) })
	}
	switch aLacks, bLacks := lacks(a, b), lacks(b, a); {
	case aLacks && bLacks:
		return "other messages"
	case aLacks:
		return "only B has some"
	case bLacks:
		return "only A has some"
	}
	return "another order"
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

// compareConnections returns the difference between what became of handshakes.
func compareConnections(a, b []drive.Pair) *difference {
	first, second := handshakes(a), handshakes(b)
	for _, how := range slices.Sorted(maps.Keys(first)) {
		ends, others := first[how], second[how]
		if len(ends) > 0 && len(others) > 0 && !slices.Equal(ends, others) {
			return &difference{in: inConnection, sent: how, shown: [2]string{list(ends), list(others)}}
		}
	}
	return nil
}

// handshakes are the ends of handshakes by what was sent, but those that nobody can
// compare.
func handshakes(pairs []drive.Pair) map[string][]string {
	ends := make(map[string][]string)
	for _, p := range pairs {
		if p.Command == connectCommand && p.Ending != lost && p.Answer != varies {
			ends[p.How] = append(ends[p.How], p.Answer+", "+p.Ending)
		}
	}
	return ends
}

// What package drive has in the pairs of handshakes: the command, and the answer and the
// ending of those of which the end depends on the moment, or means nothing.
const (
	connectCommand = "CONNECT"
	varies         = "varies"
	lost           = "lost"
)

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
		if head(d.shown[0]) == head(d.shown[1]) {
			return about + ": another " + head(d.shown[0])
		}
		return about + ": " + head(d.shown[0]) + " / " + head(d.shown[1])
	case inDelivery:
		return "deliveries: " + d.how
	case inProcess:
		if d.shown[0] == goesOn {
			return "B ends"
		}
		return "A ends"
	}
	return "handshake " + d.sent + ": " + d.shown[0] + " / " + d.shown[1]
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

package load

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Operation is something whose latency is measured.
type Operation string

// The operations that a Mix has. Spare queues are those that Create makes; they get no
// messages. If there is none, Create takes the place of Subscribe and Delete, and Delete
// that of Create if there are as many as there may be.
const (
	// Send is a message cycle.
	Send Operation = "send"
	// Proxy is a message cycle with SEND through the proxy.
	Proxy Operation = "proxy"
	// Create is NEW of a spare queue, with new keys.
	Create Operation = "create"
	// Subscribe is SUB of a spare queue.
	Subscribe Operation = "subscribe"
	// Delete is DEL of a spare queue.
	Delete Operation = "delete"
	// Connect makes and closes a connection.
	Connect Operation = "connect"
)

// The further operations of reports: parts of Send and Proxy, and KEY of the queues that
// get messages.
const (
	// Secure is KEY.
	Secure Operation = "secure"
	// Deliver is from the beginning of SEND to the arrival of MSG.
	Deliver Operation = "deliver"
	// Ack is ACK to its answer.
	Ack Operation = "ack"
	// Cycle is from the beginning of SEND to the answer to ACK.
	Cycle Operation = "cycle"
)

// chosen are the operations of a Mix, reported those of a Report, in the order in which
// they are written.
var (
	chosen   = []Operation{Send, Proxy, Create, Subscribe, Delete, Connect}
	reported = []Operation{Send, Proxy, Deliver, Ack, Cycle, Create, Subscribe, Delete, Connect}
)

// maxWeight is the largest weight of an operation.
const maxWeight = 1_000_000

// Mix says how often each operation is chosen: weights in the order of chosen.
type Mix struct{ weights []int }

// ErrMix: a text is no Mix.
var ErrMix = errors.New("mix of operations")

// ParseMix reads weights such as "send=90,create=5,delete=5". A name alone has the
// weight 1.
func ParseMix(text string) (Mix, error) {
	m := Mix{make([]int, len(chosen))}
	for item := range strings.SplitSeq(text, ",") {
		name, weight, weighted := strings.Cut(strings.TrimSpace(item), "=")
		i := slices.Index(chosen, Operation(name))
		switch {
		case name == string(Ack) || name == string(Deliver) || name == string(Cycle):
			return Mix{}, fmt.Errorf("%w: %s is a part of send and proxy", ErrMix, name)
		case i < 0:
			return Mix{}, fmt.Errorf("%w: %q, expected some of %v", ErrMix, name, chosen)
		case m.weights[i] > 0:
			return Mix{}, fmt.Errorf("%w: %s is named twice", ErrMix, name)
		}
		n := 1
		if weighted {
			var err error
			if n, err = strconv.Atoi(weight); err != nil || n < 1 || n > maxWeight {
				return Mix{}, fmt.Errorf("%w: weight %q of %s, expected 1 to %d", ErrMix, weight, name, maxWeight)
			}
		}
		m.weights[i] = n
	}
	return m, nil
}

// String is the text that ParseMix reads.
func (m Mix) String() string {
	var items []string
	for i, n := range m.weights {
		if n > 0 {
			items = append(items, fmt.Sprintf("%s=%d", chosen[i], n))
		}
	}
	return strings.Join(items, ",")
}

// Has reports whether the operation can be chosen.
func (m Mix) Has(o Operation) bool {
	i := slices.Index(chosen, o)
	return i >= 0 && i < len(m.weights) && m.weights[i] > 0
}

// choose returns an operation.
func (m Mix) choose(r *rand.Rand) Operation {
	total := 0
	for _, n := range m.weights {
		total += n
	}
	if total == 0 {
		return Send
	}
	at := r.IntN(total)
	for i, n := range m.weights {
		if at -= n; at < 0 {
			return chosen[i]
		}
	}
	panic("unreachable: the weights have a sum")
}

package relaycases

import (
	"context"
	"fmt"
	"slices"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/residue"
	"smpcheck/reference/smp"
)

// What a relay keeps of messages. SMP, "Router security requirements". Only a relay that
// smpcheck has started can be searched.
var privacyResidueCases = []conformance.Case{
	should(conformance.Case{
		ID:           "relay/privacy/disk-waiting",
		Title:        "A message that waits is in no file",
		Requirements: []string{"SMP-PRIVACY-MEMORY"},
		Edges:        true,
		Timeout:      residueTimeout,
		Run: func(t *T) {
			relay := started(t)
			p := newPost(t)
			relay.traffic(p)
			relay.expectNotFound("no file with bytes of a message", relay.inFiles(residue.Encoded(p.patterns())))
		},
	}),
	observed(conformance.Case{
		ID:           "relay/privacy/disk-acknowledged",
		Title:        "A message that was acknowledged is in no file",
		Requirements: []string{"SMP-PRIVACY-DISK-ACKNOWLEDGED", "SMP-PRIVACY-MEMORY-WIPED"},
		Edges:        true,
		Timeout:      residueTimeout,
		Run: func(t *T) {
			relay := started(t)
			p := newPost(t)
			p.receive()
			patterns := residue.Encoded(p.patterns())
			relay.expectForgotten(p, "no file with bytes of a message after ACK", func() []residue.Finding { return relay.inFiles(patterns) })
		},
	}),
	observed(conformance.Case{
		ID:           "relay/privacy/memory-acknowledged",
		Title:        "Messages that were acknowledged do not stay in the memory of the relay's process",
		Requirements: []string{"SMP-PRIVACY-MEMORY-ACKNOWLEDGED"},
		Edges:        true,
		Timeout:      residueTimeout,
		Run: func(t *T) {
			relay := started(t)
			p := newPost(t)
			p.receive()
			patterns := p.passMessages(t)
			relay.expectForgotten(p, "memory that is used again after ACK", func() []residue.Finding {
				findings := relay.found(residue.Memory, patterns)
				if namesIn(findings) <= passedMessages-leastForgotten {
					return nil // what a runtime has freed and not used again is no store of messages
				}
				return findings
			})
		},
	}),
}

const (
	// residueTimeout is the deadline of a case that searches a process.
	residueTimeout = 90 * time.Second
	// forgetTime is how long a relay may keep what it should have forgotten, at time
	// scale 1: until memory is used again, or a file is written anew.
	forgetTime = 10 * time.Second
	// trafficRounds is how often a round of other messages goes over the connections
	// between two looks: so much that a program which collects garbage does so.
	trafficRounds = 25
	// passedMessages is how many messages are looked for in memory, and leastForgotten how
	// many of them have to be gone.
	passedMessages, leastForgotten = 24, 3
	// residueLimit is how many bytes of memory, or of files, are searched at a time.
	residueLimit = 2 << 30
)

// keeper is a relay that can be searched.
type keeper struct {
	t   *T
	pid int
}

// started is the relay that smpcheck has started. If it has started none, or cannot look
// into it, the case is skipped.
func started(t *T) *keeper {
	process, ok := t.Target().(interface{ PID() int })
	if !ok {
		t.Skip("what a relay keeps can be searched only if smpcheck starts it: --exec, and --scan for its folder")
	}
	if err := residue.Readable(process.PID()); err != nil {
		t.Skip("the process of the relay cannot be searched: " + err.Error())
	}
	return &keeper{t, process.PID()}
}

// search is residue.Memory or residue.OpenFiles.
type search func(ctx context.Context, pids []int, patterns []residue.Pattern, limit int64) ([]residue.Finding, error)

// found searches the process of the relay and all that it has started.
func (k *keeper) found(in search, patterns []residue.Pattern) []residue.Finding {
	pids, err := residue.Tree(k.pid)
	var findings []residue.Finding
	if err == nil {
		findings, err = in(k.t.Context(), pids, patterns, residueLimit)
	}
	if err != nil {
		k.t.Skip("the process of the relay cannot be searched: " + err.Error())
	}
	return findings
}

// inFiles searches the files that the relay has open, and its folder if that is known.
func (k *keeper) inFiles(patterns []residue.Pattern) []residue.Finding {
	findings := k.found(residue.OpenFiles, patterns)
	if dir := k.t.Info().Files; dir != "" {
		more, err := residue.Folder(k.t.Context(), dir, patterns, residueLimit)
		if err != nil {
			k.t.Skip("the folder of the relay cannot be searched: " + err.Error())
		}
		findings = append(findings, more...)
	}
	return findings
}

func (k *keeper) expectNotFound(expected string, findings []residue.Finding) {
	if len(findings) > 0 {
		k.t.Fail(expected, residue.Describe(findings))
	}
}

// expectForgotten fails the case if something is still found when the relay had the time
// for it, and other messages to use the memory for.
func (k *keeper) expectForgotten(p *post, expected string, find func() []residue.Finding) {
	end := time.Now().Add(k.t.Timeout(forgetTime))
	for {
		k.traffic(p)
		late := time.Now().After(end)
		findings := find()
		if len(findings) == 0 {
			return
		}
		if late {
			k.expectNotFound(expected, findings)
		}
	}
}

// traffic has the relay do the same with other messages, over the same connections: what a
// program keeps in buffers and in free memory is overwritten.
func (k *keeper) traffic(p *post) {
	q := p.recipient.NewQueue()
	for range trafficRounds {
		for _, body := range bodiesOfAllSizes(k.t) {
			q.Fill(p.sender, body)
			q.Acknowledge(p.recipient, q.RequireMessage(p.recipient))
		}
	}
	p.sender.Ping()
	p.recipient.Ping()
}

// post are messages that were sent and wait.
type post struct {
	queue             *probe.Queue
	sender, recipient *probe.Conn
	sent, received    *probe.Tap
	bodies            [][]byte
	delivered         [][]byte
}

// newPost sends messages of several sizes to a queue to which nobody is subscribed.
func newPost(t *T) *post {
	p := &post{sender: probe.Dial(t), recipient: probe.Dial(t)}
	p.queue = probe.Dial(t).NewQueue(probe.OnlyCreate)
	p.sent, p.received = p.sender.Tap(), p.recipient.Tap()
	for _, size := range []int{2 * markSize, 4000, smp.MaxMessageLength(t.Version())} {
		p.bodies = append(p.bodies, t.Fresh().Bytes(size))
	}
	p.queue.Fill(p.sender, p.bodies...)
	return p
}

// receive has the messages delivered and acknowledged.
func (p *post) receive() {
	p.queue.Subscribe(p.recipient)
	for range p.bodies {
		d := p.queue.RequireMessage(p.recipient)
		p.delivered = append(p.delivered, d.Response.(smp.MSG).Body)
		p.queue.Acknowledge(p.recipient, d)
	}
}

// passMessages sends messages over queues of their own, each of which delivers it and gets ACK.
// It returns a part of each.
func (p *post) passMessages(t *T) (patterns []residue.Pattern) {
	for i := range passedMessages {
		q := p.recipient.NewQueue()
		body := t.Fresh().Bytes(len(p.bodies[i%len(p.bodies)]))
		q.Fill(p.sender, body)
		q.Acknowledge(p.recipient, q.RequireMessage(p.recipient))
		at := (len(body) - markSize) / 2
		patterns = append(patterns, residue.Pattern{Name: fmt.Sprintf("the body of message %d", i+1), Bytes: body[at : at+markSize]})
	}
	return patterns
}

// namesIn counts the patterns that were found, in whatever number of places.
func namesIn(findings []residue.Finding) int {
	names := make(map[string]bool)
	for _, f := range findings {
		names[f.Pattern] = true
	}
	return len(names)
}

// markSize is the length of what is looked for.
const markSize = 32

// patterns are parts of what the relay has seen of the messages until now: their bodies,
// from both ends and the middle, the same as it has encrypted them, and where blocks are
// encrypted what was inside TLS.
func (p *post) patterns() (patterns []residue.Pattern) {
	add := func(name string, text []byte, places ...int) {
		for _, at := range places {
			patterns = append(patterns, residue.Pattern{Name: name, Bytes: text[at : at+markSize]})
		}
	}
	for _, b := range p.bodies {
		add("the body of a message", b, slices.Compact([]int{0, (len(b) - markSize) / 2, len(b) - markSize})...)
	}
	for _, b := range p.delivered {
		add("the encrypted body of MSG", b, len(b)/2)
	}
	if p.sender.Encrypted() {
		for _, b := range p.sent.SealedSent {
			add("a block from the sender", b, len(b)/2)
		}
		for _, b := range p.received.SealedReceived {
			add("a block to the recipient", b, len(b)/2)
		}
	}
	return patterns
}

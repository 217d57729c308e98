package model

import (
	"crypto/rand"
	"time"

	"smpcheck/fuzz/drive"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
)

// Config says what is known about the relay.
type Config struct {
	// Password is the one that the relay asks for; empty if it asks for none or if that is
	// not known.
	Password string
	// Quota is how many messages a queue takes; 0 if that is not known.
	Quota int
	// Prompt says that events are there when everything has settled. Of another relay,
	// such as the official one, which sends END and NMSG from tasks that run every few
	// seconds, no event is missed.
	Prompt bool
	// Now is the clock, time.Now if it is nil.
	Now func() time.Time
}

// Model is a drive.Judge. It is for one run.
type Model struct {
	config Config
	began  time.Time
	op     int // of the program

	connections []*connection       // the first one is none
	slots       map[int]*connection // open ones, by the number that the driver has for them

	operations []*operation
	queues     []*queue
	ids        map[string]identity // of recipients, senders and notifiers
	linked     map[string][]*queue // queues that were given a link, by its id
	promised   map[string]bool     // ids that a NEW under way chose; true if they were used
	nameless   bool                // a queue may be there whose ids nobody has read
	created    bool                // a NEW was answered with IDS

	keys         []keys.PublicKey // the first one is none
	keyNumbers   map[keys.PublicKey]int
	lists        [][]int
	links        []linkVersion // the first one is none
	notifierKeys map[int]int   // by the operation that made the notifier
	messages     map[string]content
	announced    map[string]int64   // timestamps in notifications, by message id
	nonces       map[box.Nonce]bool // of notifications
	serverKeys   map[keys.PublicKey]bool
	sessions     map[string]bool // of PKEY
	agreement    keys.PrivateKey // to find weak keys with
	weak         map[keys.PublicKey]bool
}

// identity is what an id names.
type identity struct {
	queue *queue
	party party
	maker int // the operation that made a notifier
}

var _ drive.Judge = (*Model)(nil)

// New returns a model of a relay in which there is nothing yet.
func New(config Config) *Model {
	if config.Now == nil {
		config.Now = time.Now
	}
	agreement, err := keys.Generate(keys.X25519, rand.Reader)
	if err != nil {
		panic("making a key: " + err.Error()) // crypto/rand does not fail
	}
	return &Model{
		agreement:    agreement,
		weak:         make(map[keys.PublicKey]bool),
		config:       config,
		began:        config.Now(),
		connections:  []*connection{nil},
		slots:        make(map[int]*connection),
		ids:          make(map[string]identity),
		linked:       make(map[string][]*queue),
		promised:     make(map[string]bool),
		keys:         make([]keys.PublicKey, 1),
		keyNumbers:   make(map[keys.PublicKey]int),
		links:        make([]linkVersion, 1),
		notifierKeys: make(map[int]int),
		messages:     make(map[string]content),
		announced:    make(map[string]int64),
		nonces:       make(map[box.Nonce]bool),
		serverKeys:   make(map[keys.PublicKey]bool),
		sessions:     make(map[string]bool),
	}
}

// Opened is of drive.Judge.
func (m *Model) Opened(c drive.Opened) []drive.Breach {
	m.Closed(c.Conn, drive.ByUs) // what the driver had under this number is gone
	n := &connection{number: len(m.connections), version: c.Version, pending: make(map[string][]*operation)}
	m.connections = append(m.connections, n)
	m.slots[c.Conn] = n
	return nil
}

// Closed is of drive.Judge.
func (m *Model) Closed(conn int, how drive.Ending) []drive.Breach {
	c := m.slots[conn]
	if c == nil {
		return nil
	}
	delete(m.slots, conn)
	c.closed = true
	// That commands are under way which are right is for the driver to say.
	needless := how != drive.ByUs && !c.rude && !c.lost && (c.corrected || len(c.pending) == 0)
	for _, o := range c.underWay() {
		m.abandon(o)
	}
	for _, q := range m.queues {
		if !q.lost() {
			q.disconnect(c.number)
		}
	}
	if needless {
		return m.breach(connectionClosed, "", "an open connection", "a connection that is "+string(how))
	}
	return nil
}

// Missing is of drive.Judge. That an answer is missing is for the driver to say; the
// command may still be executed.
func (m *Model) Missing(int, [][]byte) []drive.Breach { return nil }

// Settled is of drive.Judge.
func (m *Model) Settled() []drive.Breach {
	if !m.config.Prompt {
		return nil
	}
	var breaches []drive.Breach
	for _, q := range m.queues {
		if e := q.settle(); e != nil {
			what := eventNames[e.kind]
			breaches = append(breaches, m.breach(e.missing(), "", what, "nothing after everything has settled")...)
		}
	}
	return breaches
}

// Finish is of drive.Judge.
func (m *Model) Finish(settled bool) []drive.Breach {
	if !settled {
		return nil
	}
	return m.Settled()
}

// Followed says how many queues the model judges to the end, of how many there are. The
// others were given up.
func (m *Model) Followed() (followed, all int) {
	for _, q := range m.queues {
		if !q.lost() {
			followed++
		}
	}
	return followed, len(m.queues)
}

// connection returns that with a number, nil for none.
func (m *Model) connection(number int) *connection { return m.connections[number] }

// breach makes one about a command, empty for an event.
func (m *Model) breach(r *Rule, command, expected, actual string) []drive.Breach {
	return []drive.Breach{{
		Kind:        r.Kind,
		Rule:        r.Name,
		Requirement: r.requirement(command),
		Op:          m.op,
		Command:     command,
		Expected:    expected,
		Actual:      actual,
	}}
}

package agent_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/agent/network"
	"smpcheck/reference/link"
)

// personTables are what the application of a person keeps: its connections, what it has
// sent with what became of it, what it has received, and all other events.
var personTables = []string{
	`CREATE TABLE IF NOT EXISTS app_connections (conn TEXT PRIMARY KEY, request INTEGER, link TEXT, connected INTEGER)`,
	`CREATE TABLE IF NOT EXISTS app_sent (number INTEGER, body TEXT, sent INTEGER, delivered INTEGER)`,
	`CREATE TABLE IF NOT EXISTS app_received (number INTEGER, body TEXT, verdict TEXT)`,
	`CREATE TABLE IF NOT EXISTS app_log (kind TEXT, detail TEXT)`,
}

// person is an application with an agent that may be killed at any time. It starts
// again then, and goes on by what its tables say.
type person struct {
	t       testing.TB
	name    string
	cfg     agent.Config
	changed chan struct{} // has an element when the tables may have changed
	done    sync.WaitGroup

	mu      sync.Mutex
	agent   *agent.Agent
	life    *life
	stopped bool
	ends    []*life // past lives
	// after is how many deeds the next life has, 0 for an endless one.
	after int
	// gate is closed when events may be answered; nil for at once.
	gate chan struct{}
	// closing is closed when the present process ends in an orderly way.
	closing chan struct{}
}

func newPerson(t testing.TB, name string, servers []link.Server, change ...func(*agent.Config)) *person {
	t.Helper()
	pause := network.Backoff{First: 5 * time.Millisecond, Max: 50 * time.Millisecond}
	p := &person{t: t, name: name, changed: make(chan struct{}, 1), cfg: agent.Config{
		Path: filepath.Join(t.TempDir(), name+".db"), Servers: servers, Tables: personTables,
		Network: network.Config{Backoff: pause}, Retry: pause,
	}}
	for _, f := range change {
		f(&p.cfg)
	}
	p.start()
	t.Cleanup(p.stop)
	return p
}

// start begins a life.
func (p *person) start() {
	l := newLife(p.after)
	p.after = 0
	cfg := p.cfg
	cfg.Between(func(f agent.File, r agent.Relays) (agent.File, agent.Relays) {
		return mortalFile{f, l}, mortalRelays{r, l}
	})
	a, err := agent.Open(p.t.Context(), cfg)
	for err != nil && !l.goesOn() { // killed while it was opening
		p.ends = append(p.ends, l)
		l = newLife(0)
		a, err = agent.Open(p.t.Context(), cfg)
	}
	if err != nil {
		p.t.Errorf("%s cannot start: %v", p.name, err)
		return
	}
	p.agent, p.life, p.closing = a, l, make(chan struct{})
	p.done.Go(func() { p.live(a, l) })
}

// live answers events until the life is over, and then begins the next one.
func (p *person) live(a *agent.Agent, l *life) {
	for running := true; running; {
		select {
		case e, ok := <-a.Events():
			running = ok
			if ok {
				p.answer(a, l, e)
			}
		case <-l.over:
			running = false
		}
	}
	_ = a.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return
	}
	p.ends = append(p.ends, l)
	p.start()
	p.notify()
}

func (p *person) notify() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// stop ends the person.
func (p *person) stop() {
	p.mu.Lock()
	p.stopped = true
	p.mu.Unlock()
	p.restart()
	p.done.Wait()
}

// restart ends the present process in an orderly way; the next one starts at once.
func (p *person) restart() {
	p.mu.Lock()
	a := p.agent
	select {
	case <-p.closing:
	default:
		close(p.closing)
	}
	p.mu.Unlock()
	_ = a.Close()
}

// pause makes the person answer no events until f is called.
func (p *person) pause() (f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	gate := make(chan struct{})
	p.gate = gate
	return func() { close(gate) }
}

// ready waits until an event may be answered, and is false if the process ends before.
func (p *person) ready(l *life) bool {
	p.mu.Lock()
	gate, closing := p.gate, p.closing
	p.mu.Unlock()
	if gate == nil {
		return true
	}
	select {
	case <-gate:
		return true
	case <-l.over:
	case <-closing:
	}
	return false
}

// mortal makes the present life end after some deeds.
func (p *person) mortal(deeds int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.life.limit(deeds)
}

// do runs f, again in the next life if this one has ended meanwhile. f begins with
// looking what was done already.
func (p *person) do(f func(*agent.Agent) error) error {
	for {
		p.mu.Lock()
		a := p.agent
		p.mu.Unlock()
		err := f(a)
		if err == nil {
			return nil
		}
		p.mu.Lock()
		same, alive := p.agent == a, p.life.goesOn() && !errors.Is(err, agent.ErrClosed) && !errors.Is(err, network.ErrClosed)
		p.mu.Unlock()
		if same && alive {
			return err
		}
		p.await(func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.agent != a
		})
	}
}

// await waits until something is so.
func (p *person) await(ok func() bool) {
	p.t.Helper()
	timer, ticker := time.NewTimer(patience), time.NewTicker(5*time.Millisecond)
	defer timer.Stop()
	defer ticker.Stop()
	for !ok() {
		select {
		case <-p.changed:
		case <-ticker.C: // not everything changes the tables
		case <-timer.C:
			require.FailNow(p.t, "waited in vain", "%s after %v:\n%s", p.name, patience, p.report())
		}
	}
	p.notify() // for others that wait
}

// report is what is known of the person, for a test that failed.
func (p *person) report() string {
	text := ""
	for _, l := range p.ends {
		deed, _ := l.end()
		text += fmt.Sprintf("ended %s\n", deed)
	}
	for _, table := range []string{"app_connections", "app_sent", "app_received", "app_log"} {
		text += fmt.Sprintf("%s: %v\n", table, p.strings(`SELECT * FROM `+table))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	all, err := p.agent.Connections(p.t.Context())
	return text + fmt.Sprintf("%+v %v", all, err)
}

// strings returns the rows of a query as text.
func (p *person) strings(query string, args ...any) (all []string) {
	p.t.Helper()
	err := p.do(func(a *agent.Agent) error {
		all = nil
		return a.Update(p.t.Context(), func(tx *sql.Tx) (err error) {
			all, err = texts(tx, query, args...)
			return err
		})
	})
	require.NoError(p.t, err)
	return all
}

func texts(tx *sql.Tx, query string, args ...any) (all []string, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		values := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		text := values[0].String
		for _, v := range values[1:] {
			text += " " + v.String
		}
		all = append(all, text)
	}
	return all, rows.Err()
}

// exec changes the tables of the application.
func exec(query string, args ...any) func(*sql.Tx) error {
	return func(tx *sql.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	}
}

// answer does what an event asks for and acknowledges it, unless the life ends.
func (p *person) answer(a *agent.Agent, l *life, e agent.Event) {
	defer p.notify()
	if !p.ready(l) {
		return
	}
	if err := p.handle(a, e); err != nil && l.goesOn() && !errors.Is(err, agent.ErrClosed) {
		p.t.Errorf("%s: %s: %v", p.name, e.Body.Kind(), err)
	}
}

func (p *person) handle(a *agent.Agent, e agent.Event) error {
	ctx := p.t.Context()
	o := agent.AckOptions{In: exec(`INSERT INTO app_log VALUES(?, '')`, e.Body.Kind())}
	switch body := e.Body.(type) {
	case agent.Confirmation:
		if err := a.Allow(ctx, e.Conn, []byte(p.name)); err != nil && !errors.Is(err, agent.ErrState) {
			return err
		}
	case agent.Request:
		if err := p.accept(a, body.RequestID); err != nil && !errors.Is(err, agent.ErrNotFound) {
			return err
		}
	case agent.Connected:
		o.In = exec(`UPDATE app_connections SET connected = connected + 1 WHERE conn = ?`, e.Conn)
	case agent.Received:
		o.Receipt = true
		o.In = exec(`INSERT INTO app_received VALUES(?, ?, ?)`, body.MessageID, string(body.Body), body.Integrity.Verdict.String())
	case agent.Sent:
		o.In = exec(`UPDATE app_sent SET sent = sent + 1 WHERE number = ?`, body.MessageID)
	case agent.Delivered:
		o.In = func(tx *sql.Tx) error {
			for _, r := range body.Receipts {
				if err := exec(`UPDATE app_sent SET delivered = delivered + ? WHERE number = ?`, r.Intact, r.MessageID)(tx); err != nil {
					return err
				}
			}
			return nil
		}
	case agent.Removed:
		o.In = exec(`DELETE FROM app_connections WHERE conn = ?`, e.Conn)
	case agent.Switching:
		o.In = exec(`INSERT INTO app_log VALUES(?, ?)`, e.Body.Kind(), fmt.Sprint(body.Phase, " ", body.Receiving))
	case agent.Synchronization:
		o.In = exec(`INSERT INTO app_log VALUES(?, ?)`, e.Body.Kind(), string(body.State)+" "+body.Reason)
	case agent.Problem:
		o.In = exec(`INSERT INTO app_log VALUES(?, ?)`, e.Body.Kind(), body.Reason)
	case agent.RelayUp, agent.RelayDown:
		return nil
	}
	return a.Ack(ctx, e, o)
}

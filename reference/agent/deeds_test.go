package agent_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/link"
)

// note makes a connection one of the application's.
func note(request int64) func(*sql.Tx, agent.ConnID) error {
	return func(tx *sql.Tx, c agent.ConnID) error {
		return exec(`INSERT INTO app_connections VALUES(?, ?, '', 0)`, c, request)(tx)
	}
}

// link makes an invitation or an address, and returns its link.
func (p *person) link(address, short bool) (text string) {
	p.t.Helper()
	ctx := p.t.Context()
	err := p.do(func(a *agent.Agent) error {
		if links := p.strings(`SELECT link FROM app_connections WHERE link <> ''`); len(links) > 0 {
			text = links[0]
			return nil
		}
		// A link that was made and not noted cannot be given to anyone.
		for _, c := range p.strings(`SELECT conn FROM app_connections`) {
			if err := a.Delete(ctx, agent.ConnID(c), false); err != nil && !errors.Is(err, agent.ErrNotFound) {
				return err
			}
		}
		create := a.CreateInvitation
		if address {
			create = a.CreateAddress
		}
		created, err := create(ctx, agent.CreateOptions{Short: short, In: note(0)})
		if err != nil {
			return err
		}
		if text = created.Link.Text(); short {
			text = created.Short.Text()
		}
		return a.Update(ctx, exec(`UPDATE app_connections SET link = ? WHERE conn = ?`, text, created.Conn))
	})
	require.NoError(p.t, err)
	return text
}

// join connects with a link.
func (p *person) join(text string) {
	p.t.Helper()
	ctx := p.t.Context()
	err := p.do(func(a *agent.Agent) error {
		if len(p.strings(`SELECT conn FROM app_connections`)) > 0 {
			return nil
		}
		l, err := link.ParseLink(text)
		if err != nil {
			return err
		}
		r, err := a.Resolve(ctx, l)
		if err != nil {
			return err
		}
		_, err = a.Join(ctx, r, agent.JoinOptions{Info: []byte(p.name), In: note(0)})
		return err
	})
	require.NoError(p.t, err)
}

// accept connects with someone who asks.
func (p *person) accept(a *agent.Agent, request int64) error {
	known := false
	err := a.Update(p.t.Context(), func(tx *sql.Tx) error {
		found, err := texts(tx, `SELECT conn FROM app_connections WHERE request = ?`, request)
		known = len(found) > 0
		return err
	})
	if err != nil || known {
		return err
	}
	_, err = a.Accept(p.t.Context(), request, agent.JoinOptions{Info: []byte(p.name), In: note(request)})
	return err
}

// connected waits for the connection and returns it.
func (p *person) connected() agent.ConnID {
	p.t.Helper()
	var found []string
	p.await(func() bool {
		found = p.strings(`SELECT conn FROM app_connections WHERE connected > 0`)
		return len(found) > 0
	})
	require.Len(p.t, found, 1)
	return agent.ConnID(found[0])
}

// say sends a message; each message of a person has another text.
func (p *person) say(c agent.ConnID, text string, o agent.SendOptions) {
	p.t.Helper()
	o.In = func(tx *sql.Tx, number int64) error {
		return exec(`INSERT INTO app_sent VALUES(?, ?, 0, 0)`, number, text)(tx)
	}
	err := p.do(func(a *agent.Agent) error {
		if len(p.strings(`SELECT 1 FROM app_sent WHERE body = ?`, text)) > 0 {
			return nil
		}
		_, err := a.Send(p.t.Context(), c, []byte(text), o)
		return err
	})
	require.NoError(p.t, err)
}

// talk makes two people send messages to each other.
func talk(first, second *person, n int) {
	a, b := first.connected(), second.connected()
	for range n {
		for _, p := range []struct {
			*person
			c agent.ConnID
		}{{first, a}, {second, b}} {
			p.say(p.c, p.name+" "+strconv.Itoa(len(p.strings(`SELECT 1 FROM app_sent`))), agent.SendOptions{})
		}
	}
}

// heard waits until everything that was said has arrived and was acknowledged, and
// checks that it arrived once, in order, with nothing missing.
func heard(first, second *person) {
	for _, w := range []struct{ from, to *person }{{first, second}, {second, first}} {
		w.from.t.Helper()
		said := w.from.strings(`SELECT body FROM app_sent ORDER BY rowid`)
		w.to.await(func() bool { return len(w.to.strings(`SELECT 1 FROM app_received`)) >= len(said) })
		w.from.await(func() bool { return len(w.from.strings(`SELECT 1 FROM app_sent WHERE sent = 0 OR delivered = 0`)) == 0 })
		for i := range said {
			said[i] += " ok"
		}
		require.Equal(w.to.t, said, w.to.strings(`SELECT body, verdict FROM app_received ORDER BY rowid`), "%s heard", w.to.name)
		require.Empty(w.from.t, w.from.strings(`SELECT * FROM app_sent WHERE sent <> 1`), "%s: Sent comes once", w.from.name)
	}
}

// state is what a person has, without what differs between two runs, and whether nothing
// is under way.
func (p *person) state() (all []string, settled bool) {
	p.t.Helper()
	err := p.do(func(a *agent.Agent) error {
		all, settled = nil, true
		infos, err := a.Connections(p.t.Context())
		for _, i := range infos {
			settled = settled && i.Pending == 0 && !i.Deleted && len(i.Receive) <= 1 && len(i.Send) <= 1
			text := fmt.Sprintf("address %v, ready %v, deleted %v, version %d, pq %v, %s, %d waiting, %d requests",
				i.Address, i.Ready, i.Deleted, i.AgentVersion, i.PQ, i.Sync, i.Pending, i.Requests)
			for _, q := range i.Receive {
				text += fmt.Sprintf(", receive %s %v", q.Status, q.Switching)
			}
			for _, q := range i.Send {
				text += fmt.Sprintf(", send %s %v", q.Status, q.Switching)
			}
			all = append(all, text)
		}
		return err
	})
	require.NoError(p.t, err)
	return all, settled
}
